"""The e-mail: plain text, narrow enough for a phone, the important first, the record last.

Nothing of a record begins a line: labels stand at the left edge, values never do. So no value can forge one.
"""

import json
import textwrap
from collections.abc import Iterator

from trailwarden.alerts.story import RecordState, Story
from trailwarden.alerts.text import UNKNOWN, defanged, one_line, quoted
from trailwarden.alerts.when import ago, parsed, spoken

WIDTH = 64
_LABEL = 12
_KINDS = {
    "Root": "the root user: nothing limits it",
    "IAMUser": "an IAM user",
    "AssumedRole": "a role's session",
    "FederatedUser": "a federated user",
    "SAMLUser": "a user of a SAML identity provider",
    "WebIdentityUser": "a user of a web identity provider",
    "IdentityCenterUser": "a user of IAM Identity Center",
    "AWSService": "a service of AWS",
    "AWSAccount": "another AWS account",
    "Directory": "a directory service",
}


def email_text(story: Story) -> str:
    """The body of the e-mail."""
    return "\n".join(_lines(story)) + "\n"


def _lines(story: Story) -> Iterator[str]:
    alert = story.alert
    yield from _wrapped(f"{alert.level.upper()}: {one_line(story.sentence(), 500)}.", "", "  ")
    yield ""
    if alert.record or story.facts.action:
        yield from _who_and_what(story)
    yield from _fact("Account", _place(story))
    yield from _fact("When", _when(story))
    yield from _fact("How many", _count(story))
    yield from _fact("Severity", alert.level)
    yield ""
    if alert.description:
        yield "Why it matters"
        yield from _wrapped(one_line(alert.description, 4000), "  ", "  ")
        yield ""
    if alert.runbook:
        yield "Check first"
        for number, step in enumerate(alert.runbook, 1):
            yield from _wrapped(one_line(step, 1000), f"  {number}. ", "     ")
        yield ""
    yield from _changes(story)
    yield from _links(story)
    yield from _where_it_comes_from(story)
    yield from _record(story)


def _who_and_what(story: Story) -> Iterator[str]:
    facts = story.facts
    yield from _fact("Who", defanged(facts.actor))
    yield from _more(", ".join(_identity(story)))
    if facts.session_issuer:
        yield from _more(f"issued by {defanged(facts.session_issuer)}")
    done = "done" if facts.outcome == "done" else f"{facts.outcome}: nothing was changed by this call"
    yield from _fact("What", f"{defanged(facts.action)} ({defanged(facts.service)}), {done}")
    if facts.error_code or facts.error_message:
        said = ": ".join(part for part in (facts.error_code, facts.error_message) if part)
        yield from _more(f"AWS answered {quoted(said, 500)}")
    for number, target in enumerate(facts.targets):
        text = defanged(target)
        yield from _fact("On what", text) if number == 0 else _more(text)
    yield from _fact("Where from", defanged(facts.origin))
    if facts.user_agent:
        yield from _more(f"with a tool that calls itself {quoted(facts.user_agent)}")


def _identity(story: Story) -> Iterator[str]:
    facts = story.facts
    kind = _KINDS.get(facts.actor_type)
    if kind:
        yield kind
    if facts.actor_account and facts.actor_account != story.alert.account:
        yield f"of account {facts.actor_account}"
    if facts.access_key_id:
        yield f"key {facts.access_key_id}"
    if facts.mfa is not None:
        yield "with MFA" if facts.mfa else "without MFA"


def _place(story: Story) -> str:
    region = story.alert.region
    return story.account() + (f", {region}" if region != UNKNOWN else "")


def _when(story: Story) -> str:
    alert = story.alert
    age = ago(alert.first_event_time, story.now)
    return spoken(alert.first_event_time) + (f" ({age})" if age else "")


def _count(story: Story) -> str:
    """Groups are told once: the reader should know that silence afterwards does not mean that it stopped."""
    alert = story.alert
    if alert.count <= 1:
        return "once so far; more of it within the hour is counted, not told again"
    first, last = parsed(alert.first_event_time), parsed(alert.last_event_time)
    last_text = "" if first is None or last is None or first == last else f", the last at {last:%H:%M:%S} UTC"
    return f"{alert.count:,} times so far{last_text}; more of it within the hour is counted, not told again"


def _changes(story: Story) -> Iterator[str]:
    if not story.changes:
        return
    yield "What was asked for" if story.facts.outcome == "done" else "What was asked for, in vain"
    for line in story.changes:
        indent = "  " * (line.depth + 1)
        hanging = indent + ("  " if line.text.startswith("- ") else "    ")
        yield from _wrapped(line.text, indent, hanging)
    yield ""


def _links(story: Story) -> Iterator[str]:
    links = story.links
    named = (
        ("This event", links.event),
        ("What it was done to", links.resource),
        ("What the same actor did besides", links.history),
    )
    if not any(link for _, link in named):
        return
    yield "Look at it"
    yield from _wrapped(f"Sign in to account {story.alert.account} first.", "  ", "  ")
    for name, link in named:
        if link:
            yield f"  {name}:"
            yield f"  {link}"
    yield ""


def _where_it_comes_from(story: Story) -> Iterator[str]:
    alert = story.alert
    yield from _fact("Rule", f"{one_line(alert.rule_title, 300)} ({alert.rule_id})")
    if alert.owner:
        yield from _fact("Owner", one_line(alert.owner))
    yield from _fact("Alert", alert.alert_id)
    yield from _fact("Evidence", f"{alert.evidence.log_file}, record {alert.evidence.record_index}")
    yield ""


def _record(story: Story) -> Iterator[str]:
    if story.record_state is RecordState.OMITTED:
        yield "The record is too large for this message; read it at the evidence above."
        return
    # ASCII only: what is escaped here cannot hide, reorder or break a line.
    text = json.dumps(story.alert.record, indent=2, sort_keys=True, ensure_ascii=True)
    harmless = defanged(text)
    if story.record_state is RecordState.CUT:
        yield from _wrapped("Long parts of the record are cut; all of it is at the evidence above.", "", "  ")
    if harmless != text:
        yield from _wrapped("In the record, hxxp and [.] keep addresses from becoming links.", "", "  ")
    yield "The record:"
    yield harmless


def _fact(name: str, value: str) -> list[str]:
    return _wrapped(value, f"{name + ':':<{_LABEL}}", " " * _LABEL) or [f"{name}:"]


def _more(value: str) -> list[str]:
    return _wrapped(value, " " * _LABEL, " " * _LABEL)


def _wrapped(text: str, first: str, following: str) -> list[str]:
    # No hyphen or word of a value is broken: an ARN or a key must survive being copied.
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
