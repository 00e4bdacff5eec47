"""The e-mail: plain text, narrow enough for a phone, the important first, the record last.

Nothing of a record begins a line: labels stand at the left edge, values never do. So no value can forge one.
"""

import json
from collections.abc import Iterator

from trailwarden.activity.insight import Insight, a_minute
from trailwarden.activity.model import Action, Activity, Actor, ActorKind, Nature, Origin, Outcome
from trailwarden.activity.nature import ON_BEHALF
from trailwarden.activity.services import is_service
from trailwarden.alerts.attempts import outcome_word
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.messages.following import acknowledged, total_of
from trailwarden.messages.layout import counted, fact, more, wrapped
from trailwarden.messages.links import HIDDEN
from trailwarden.messages.overview import LISTED_LIMIT, all_failed, left_out, some_failed
from trailwarden.messages.story import RecordState, Story, who
from trailwarden.messages.when import ago, parsed, spoken
from trailwarden.safety.text import UNKNOWN, harmless, one_line, quoted, unlinked_json

_KINDS = {
    ActorKind.ROOT: "the root user, who may do almost anything",
    ActorKind.ASSUMED_ROOT: "a root session that someone assumed (sts:AssumeRoot), for one task of root's",
    ActorKind.IAM_USER: "an IAM user",
    ActorKind.ASSUMED_ROLE: "a role's session",
    ActorKind.FEDERATED_USER: "a federated user",
    ActorKind.SAML_USER: "a user of a SAML identity provider",
    ActorKind.WEB_IDENTITY: "a user of a web identity provider",
    ActorKind.IDENTITY_CENTER_USER: "a user of IAM Identity Center",
    ActorKind.DIRECTORY: "a directory service",
    ActorKind.ANONYMOUS: "a caller without credentials",
}
_ESCAPED = (
    r"In the record, \u002e is a dot and \u003a a colon, so that nothing becomes a link; copied, it is valid"
    " JSON."
)
_SHORT_ID = 12
"""How much of an alert's id names it where the line has to fit."""
_NATURES = {
    Nature.PERSON: "probably a person",
    Nature.AUTOMATION: "probably automation",
    Nature.AWS_SERVICE: "AWS itself",
}


def email_text(story: Story) -> str:
    """The body of the e-mail."""
    return "\n".join(_lines(story)) + "\n"


def _lines(story: Story) -> Iterator[str]:
    alert, follow_up = story.alert, story.follow_up
    yield from wrapped(f"{alert.level.upper()}: {one_line(story.sentence(), 1000)}.", "", "  ")
    yield ""
    if story.in_short:
        yield from wrapped(f"{story.in_short}.", "", "  ")
        yield ""
    if follow_up:
        yield from _what_is_new(story, follow_up)
    if story.activity and (follow_up or alert.count > 1):
        yield story.heading()
    if story.activity:
        yield from _who(story, story.activity)
        yield from _what(story.activity)
        if story.activity.insight:
            yield from _measured(story.activity.insight)
        yield from _where_from(story.activity.origin)
    if not follow_up:
        yield from fact("Account", _place(story))
        yield from fact("When", _when(story.shown_time, story))
        yield from fact("How many", _count(story))
        yield from _counted_by(story)
        yield from _different(story)
        yield from fact("Severity", alert.level)
    elif story.activity and alert.region != UNKNOWN:
        yield from fact("Region", harmless(alert.region))
    if story.activity or not follow_up:
        yield ""
    yield from _rule_says(story)
    yield from _changes(story)
    yield from _links(story)
    yield from _where_it_comes_from(story)
    yield from _commands(story)
    yield from _record(story)


def _what_is_new(story: Story, follow_up: FollowUp) -> Iterator[str]:
    """Of a follow-up: its numbers come first, as the first message told the rest."""
    for number, change in enumerate(follow_up.changes):
        yield from fact("New", harmless(change)) if number == 0 else more(harmless(change))
    known = acknowledged(follow_up)
    if known:
        yield from fact("Known", harmless(f"{known}, and kept quiet until now", 400))
    told = follow_up.total - follow_up.more
    before = f", {told:,} of them told before" if told > 0 else ""
    if follow_up.reason is Reason.RECOUNTED:
        before = ", after late records took some back"
    yield from fact("How many", f"{total_of(follow_up)} in all{before}")
    yield from _counted_by(story)
    yield from _different(story)
    yield from fact("First", _when(follow_up.first_event_time, story))
    yield from fact("Last", _when(follow_up.last_event_time, story))
    if not _several_accounts(story):
        yield from fact("Account", harmless(story.account()))
    yield from fact("Severity", story.alert.level)
    yield ""


def _different(story: Story) -> Iterator[str]:
    """The first of the different targets, actions, addresses and accounts of all events, and how many more
    there are."""
    variety = story.variety
    if variety is None or story.alert.count <= 1:
        return
    lists = [("Targets", variety.targets), ("Actions", variety.actions), ("From", variety.addresses)]
    if _several_accounts(story):
        lists.append(("Accounts", variety.accounts))
    for label, values in lists:
        for number, text in enumerate(values.first):
            shown = harmless(text, LISTED_LIMIT)
            yield from fact(label, shown) if number == 0 else more(shown)
        left = left_out(values, len(values.first)) if values.first else ""
        if left:
            yield from more(f"and {left}")
    count = story.alert.count
    failed = all_failed(variety, count)
    ended = f"all {count:,} {failed}" if failed else some_failed(variety, count)
    if ended:
        yield from fact("Ended", ended)


def _several_accounts(story: Story) -> bool:
    return story.variety is not None and story.variety.accounts.number > 1


def _rule_says(story: Story) -> Iterator[str]:
    """Why it matters: once, and again where somebody had made their peace with it. What to do: always."""
    alert = story.alert
    if alert.description and not story.in_short and story.reason in {Reason.OPENED, Reason.CHANGED}:
        yield "Why it matters"
        yield from wrapped(one_line(alert.description, 4000), "  ", "  ")
        yield ""
    if alert.runbook:
        yield "Check first"
        for number, step in enumerate(alert.runbook, 1):
            yield from wrapped(one_line(step, 1000), f"  {number}. ", "     ")
        yield ""


def _who(story: Story, activity: Activity) -> Iterator[str]:
    actor = activity.actor
    if story.is_insight:
        yield from fact("Who", "anybody: CloudTrail Insights counts the calls of all")
        yield from _callers(activity.insight)
        return
    yield from fact("Who", harmless(who(actor)))
    yield from more(", ".join(_details(story, actor)))
    if actor.reason.endswith(ON_BEHALF):
        yield from more(f"not directly: {harmless(actor.reason)}")
    elif actor.delegate:
        yield from more(f"not that identity itself: {harmless(actor.reason)}")
    elif actor.nature in _NATURES:
        yield from more(f"{_NATURES[actor.nature]}: {harmless(actor.reason)}")
    if actor.is_session and not actor.behind and actor.nature is not Nature.AUTOMATION:
        yield from more("Who stands behind this session is not known.")


def _callers(insight: Insight | None) -> Iterator[str]:
    for number, (arn, rate) in enumerate(insight.callers if insight else ()):
        of_it = f", {a_minute(rate)}" if rate is not None else ""
        yield from more(f"{'and by' if number else 'most by'} {harmless(arn, 300)}{of_it}")


def _measured(insight: Insight) -> Iterator[str]:
    """The rate, and what is usual."""
    if insight.rate is not None:
        lasted = f", for {counted(insight.minutes, 'minute')} so far" if insight.minutes else ""
        yield from fact("Rate", f"{a_minute(insight.rate, insight.unit)}{lasted}")
    if insight.baseline is not None:
        days = (insight.baseline_minutes or 0) // (24 * 60)
        over = f" in the {counted(days, 'day')} before" if days else ""
        yield from fact("Usual", f"{a_minute(insight.baseline, insight.unit)}{over}")


def _details(story: Story, actor: Actor) -> Iterator[str]:
    if actor.name == HIDDEN:
        return
    if actor.kind is ActorKind.AWS_ACCOUNT:
        yield _of_an_account(story, actor)
    elif actor.kind in _KINDS:
        yield _KINDS[actor.kind]
        if actor.account_id and actor.account_id != story.alert.account:
            yield f"of account {harmless(actor.account_id)}"
    if actor.access_key_id:
        yield f"key {harmless(actor.access_key_id)}"
    # A session that was opened without MFA says nothing of the person, who may have used it to sign in.
    if actor.mfa:
        yield "with MFA"
    elif actor.mfa is False and actor.kind in {ActorKind.ROOT, ActorKind.IAM_USER}:
        yield "without MFA"


def _of_an_account(story: Story, actor: Actor) -> str:
    """CloudTrail names the account alone: of a caller from elsewhere, and of one who has no credentials."""
    if not (actor.account_id or "").isdecimal():
        return "without credentials"
    if actor.account_id == story.alert.account:
        return "somebody in this account, whom CloudTrail does not name here"
    return "somebody in another AWS account; only that account's own trail names them"


def _what(activity: Activity) -> Iterator[str]:
    action = activity.action
    done = action.outcome is Outcome.DONE
    yield from fact("What", harmless(action.phrase if done else f"{action.tried} {action.infinitive}"))
    if action.event_name != UNKNOWN:
        yield from more(f"{harmless(action.service)} {harmless(action.event_name)}")
    if not done:
        yield from more(_how_it_ended(action))
    if action.error_code or action.error_text:
        said = ": ".join(part for part in (action.error_code, action.error_text) if part)
        yield from more(f"AWS answered {quoted(said, 500)}")
    for number, target in enumerate(activity.targets):
        text = harmless(target)
        yield from fact("On what", text) if number == 0 else more(text)
    if activity.targets_left_out:
        yield from more(f"and {activity.targets_left_out:,} more")


def _how_it_ended(action: Action) -> str:
    if action.outcome is Outcome.DENIED:
        return "DENIED: " + (
            "nobody got in" if action.event_name == "ConsoleLogin" else "this call changed nothing"
        )
    if action.dry_run:
        return "DRY RUN: this call changed nothing; AWS would have allowed it"
    if action.unsure:
        return "FAILED inside AWS: look whether it changed something all the same"
    return "FAILED: this call changed nothing"


def _where_from(origin: Origin) -> Iterator[str]:
    if origin == Origin(region=origin.region):
        return
    yield from fact("Where from", harmless(origin))
    if origin.vpc_endpoint:
        yield from more(f"through VPC endpoint {harmless(origin.vpc_endpoint)}")
    if origin.attack_tool:
        yield from more("THE TOOL IS KNOWN FROM ATTACKS")
    if origin.tool:
        yield from more(harmless(origin.by_tool()))
    by_service = origin.aws_service and is_service(origin.user_agent or "")  # alone, anybody may write that
    if origin.user_agent and not by_service and (origin.attack_tool or not origin.tool):
        yield from more(f"The tool calls itself {quoted(origin.user_agent, 150)}.")


def _place(story: Story) -> str:
    region = story.alert.region
    return harmless(story.account() + (f", {region}" if region != UNKNOWN else ""))


def _when(time: str | None, story: Story) -> str:
    age = ago(time, story.now)
    return spoken(time) + (f" ({age})" if age else "")


def _count(story: Story) -> str:
    alert = story.alert
    if alert.count <= 1:
        return "once so far"
    first, last = parsed(alert.first_event_time), parsed(alert.last_event_time)
    lasting = "" if first is None or last is None or first == last else f", the last at {last:%H:%M:%S} UTC"
    if first is not None and story.shown_time != alert.first_event_time:
        lasting = f", the first at {first:%H:%M:%S}{lasting or ' UTC'}"
    return f"{alert.count:,} times so far{lasting}"


def _counted_by(story: Story) -> Iterator[str]:
    alert = story.alert
    if alert.count > 1 and alert.group:
        shared = ", ".join(f"{name} {value}" for name, value in alert.group.items())
        yield from more(f"all with {harmless(shared, 400)}")


def _changes(story: Story) -> Iterator[str]:
    if not story.changes or story.reason not in {Reason.OPENED, Reason.CHANGED}:
        return
    yield f"What was asked for{_in_which_event(story)}"
    for line in story.changes:
        indent = "  " * (line.depth + 1)
        hanging = indent + ("  " if line.text.startswith("- ") else "    ")
        yield from wrapped(line.text, indent, hanging)
    yield ""


def _in_which_event(story: Story) -> str:
    """What the heading adds: that a follow-up shows one call of several, and how it ended."""
    when = ", in the event above" if story.follow_up else ""
    outcome = outcome_word(story.alert.record) if story.alert.record else ""
    return f"{when} ({outcome})" if outcome else when


def _links(story: Story) -> Iterator[str]:
    links = story.links
    named = (
        ("The event shown above" if story.follow_up or story.alert.count > 1 else "This event", links.event),
        ("What it was done to", links.resource),
        ("What the same actor did besides", links.history),
    )
    if not any(link for _, link in named):
        return
    yield "Look at it"
    yield from wrapped(f"Sign in to account {harmless(story.alert.account)} first.", "  ", "  ")
    for name, link in named:
        if link:
            yield f"  {name}:"
            yield f"  {link}"
    yield ""


def _where_it_comes_from(story: Story) -> Iterator[str]:
    alert = story.alert
    yield from fact("Rule", f"{one_line(alert.rule_title, 300)} ({alert.rule_id})")
    if alert.owner:
        yield from fact("Owner", one_line(alert.owner))
    yield from fact("Alert", alert.alert_id)
    yield from fact(
        "Evidence", f"{one_line(alert.evidence.log_file, 1200)}, record {alert.evidence.record_index}"
    )
    yield ""


def _commands(story: Story) -> Iterator[str]:
    """What the receiver can run; the id is ours alone."""
    alert_id = one_line(story.alert.alert_id, 64)
    yield "To read all of it, as it stands:" if story.follow_up else "To see how it stands:"
    several = story.alert.count > 1
    yield f"  trailwarden alerts show {alert_id[:_SHORT_ID] + ' --matches' if several else alert_id}"
    yield "To keep it quiet, as long as nothing new shows:"
    yield f"  trailwarden alerts ack {alert_id}"
    yield ""


def _record(story: Story) -> Iterator[str]:
    if story.in_short:
        yield from wrapped("The record is not shown here; read it at the evidence above.", "", "  ")
        return
    if story.record_state is RecordState.OMITTED:
        said = "The record is too large for this message; read it at the evidence above."
        yield from wrapped(said, "", "  ")
        return
    # ASCII only: what is escaped here cannot hide, reorder or break a line.
    text = json.dumps(story.alert.record, indent=2, sort_keys=True, ensure_ascii=True)
    harmless = unlinked_json(text)
    if story.record_state is RecordState.CUT:
        yield from wrapped("Long parts of the record are cut; all of it is at the evidence above.", "", "  ")
    if harmless != text:
        yield from wrapped(_ESCAPED, "", "  ")
    yield "The record:"
    yield harmless
