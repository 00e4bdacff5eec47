"""The alert in a chat: the custom notification of Amazon Q Developer in chat applications (Slack, Teams).

https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
The text is read as the chat's own markdown. What comes from a record can neither format nor mention nor link:
Slack's `&`, `<` and `>` are escaped as Slack asks, and what marks up text is replaced by what looks like it.
"""

import re
from collections.abc import Sequence
from typing import Any

from trailwarden.alerts.attack import tactics
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.alerts.variety import Values
from trailwarden.messages.following import summed_up, total_of
from trailwarden.messages.overview import named
from trailwarden.messages.story import Story, who
from trailwarden.messages.when import ago, spoken
from trailwarden.safety.text import harmless, one_line, shorten

# A block of text in Slack takes 3,000 characters: https://api.slack.com/reference/block-kit/blocks#section
_DESCRIPTION_LIMIT = 2800
_TITLE_LIMIT = 250
_STEP_LIMIT = 400
_STEPS = 8
_MARKS = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "*": "\u2217",  # the operators that look like them
        "~": "\u223c",
        "`": "'",
        "[": "(",
        "]": ")",
    }
)
_UNDERLINE = re.compile(r"(?<![A-Za-z0-9])_+|_+(?![A-Za-z0-9])")
_SIGNS = {"critical": "\U0001f6a8", "high": "\U0001f534", "medium": "\U0001f7e0", "low": "\U0001f7e1"}


def chat_notification(story: Story) -> dict[str, Any]:
    """The notification. What is told of an alert later goes into its thread; another alert begins its own,
    for an answer in a thread is seen only by those who follow it."""
    alert, activity = story.alert, story.activity
    return notification(
        identity=_id(story),
        thread=alert.alert_id,
        level=alert.level,
        title=story.headline() if story.follow_up else story.sentence(),
        summary=story.headline(),
        lines=_lines(story),
        steps=[plain(step, _STEP_LIMIT) for step in alert.runbook],
        keywords=[alert.level, alert.account, *([story.environment] if story.environment else [])],
        kind="trailwarden-alert",
        resources=[plain(target) for target in activity.targets] if activity else [],
        known={
            "alert_id": alert.alert_id,
            "rule_id": alert.rule_id,
            "severity": alert.level,
            "reason": story.reason.value,
            "account": alert.account,
            "region": alert.region,
            "tactics": ", ".join(tactics(alert.tags)),
            "evidence": f"{alert.evidence.log_file}, record {alert.evidence.record_index}",
        },
    )


def notification(  # noqa: PLR0913 (the parts that Amazon Q takes)
    *,
    identity: str,
    thread: str,
    level: str,
    title: str,
    summary: str,
    lines: list[str],
    kind: str,
    known: dict[str, str],
    steps: Sequence[str] = (),
    keywords: Sequence[str] = (),
    resources: Sequence[str] = (),
) -> dict[str, Any]:
    """A notification. `lines` and `steps` are safe already (`plain`, or our own words); title and summary are
    made so."""
    sign = _SIGNS.get(level, "\U0001f535")
    return {
        "version": "1.0",
        "source": "custom",
        "id": identity,
        "content": {
            "textType": "client-markdown",
            "title": shorten(f"{sign} {level.upper()}: {plain(title, 220)}", _TITLE_LIMIT),
            "description": _fitting(lines),
            "nextSteps": [one_line(step, _STEP_LIMIT) for step in steps[:_STEPS]],
            "keywords": list(keywords),
        },
        "metadata": {
            "threadId": thread,
            "summary": plain(summary, 200),
            "eventType": kind,
            "relatedResources": list(resources),
            "additionalContext": known,
        },
    }


def _id(story: Story) -> str:
    """Another for each message: two of one id could be taken for one."""
    alert_id, told = story.alert.alert_id, story.follow_up
    return f"{alert_id}-{told.reason.value}-{told.total}" if told else alert_id


def plain(value: Any, limit: int = 200) -> str:
    """What a record says, for a chat: one line that marks up, mentions and links nothing."""
    text = harmless(value, limit).translate(_MARKS).replace("@", "(at)")
    return _UNDERLINE.sub("-", text)


def _fitting(lines: list[str]) -> str:
    """As many of the lines as there is room for: half a link would lead nowhere."""
    text = ""
    for line in lines:
        if len(text) + len(line) + 1 > _DESCRIPTION_LIMIT:
            break
        text += f"\n{line}" if text else line
    return text


def _lines(story: Story) -> list[str]:
    alert, activity, links = story.alert, story.activity, story.links
    lines = [f"{plain(story.in_short)}.", ""] if story.in_short else []
    lines += _what_is_new(story, story.follow_up) if story.follow_up else []
    if activity and (story.follow_up or alert.count > 1):
        lines.append(story.heading())
    if activity:
        actor, origin, insight = activity.actor, activity.origin, activity.insight
        tool = f" {plain(origin.by_tool())}" if origin.tool else ""
        lines += [
            "Who: anybody, all calls are counted" if insight else f"Who: {plain(who(actor))}",
            f"What: {plain(activity.told(), 400)}",
            f"Rate: {plain(insight)}" if insight else f"Where from: {plain(origin)}{tool}",
        ]
    lines += [
        f"Account: {plain(story.account())}, {plain(alert.region)}",
        f"When: {_when(story.shown_time, story)}",
        f"How many: {total_of(story.follow_up) if story.follow_up else f'{alert.count:,}'} so far",
        *_different(story),
    ]
    if alert.description and not story.in_short and story.reason in {Reason.OPENED, Reason.CHANGED}:
        lines += ["", plain(alert.description, 600)]
    named = (("Event", links.event), ("Resource", links.resource), ("Actor's history", links.history))
    shown = [f"{name}: {link}" for name, link in named if link]
    return [*lines, "", *shown] if shown else lines


def _different(story: Story) -> list[str]:
    """The first of the different targets, actions and addresses of all events, and how many there are."""
    variety = story.variety
    if variety is None or story.alert.count <= 1:
        return []
    lists: tuple[tuple[str, Values], ...] = (
        ("Targets", variety.targets),
        ("Actions", variety.actions),
        ("From", variety.addresses),
    )
    if variety.accounts.number > 1:
        lists += (("Accounts", variety.accounts),)
    texts = ((label, named(one, 5, targets=label == "Targets")) for label, one in lists if one.first)
    return [f"{label}: {plain(text, 400)}" for label, text in texts]


def _what_is_new(story: Story, follow_up: FollowUp) -> list[str]:
    """Of a follow-up: what came since, before what the first message had told already."""
    lines = [plain(f"{summed_up(follow_up, story.alert.quiet)}.", 400)]
    if follow_up.changes:
        lines.append(f"New: {', '.join(plain(change) for change in follow_up.changes)}")
    lines.append(f"Last: {_when(follow_up.last_event_time, story)}")
    return [*lines, ""]


def _when(time: str | None, story: Story) -> str:
    age = ago(time, story.now)
    return spoken(time) + (f" ({age})" if age else "")
