"""One alert, ready to be told: its secrets masked, its facts found, as long as the message may be.

The bodies (`email`, `payload`, `chat`, `ocsf`, `security_hub`) are written from this alone.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from trailwarden.alerts.changes import Line, laid_out
from trailwarden.alerts.facts import Facts, facts_of
from trailwarden.alerts.links import Links, links_of
from trailwarden.alerts.model import Alert
from trailwarden.alerts.redact import MASK, is_secret, redacted, redacted_text
from trailwarden.alerts.text import UNKNOWN, defanged, shorten
from trailwarden.alerts.when import ago


@dataclass(frozen=True, slots=True)
class _Room:
    """The most characters of each text, and the most of each list, that are sent of a rule."""

    title: int
    description: int
    name: int
    steps: int
    step: int
    tags: int
    references: int
    reference: int
    groups: int


_PLENTY = _Room(400, 4000, 300, 20, 1000, 64, 32, 500, 32)
_LITTLE = _Room(300, 500, 100, 5, 300, 20, 5, 200, 8)
_TAG_LIMIT = 100
_VALUE_LIMIT = 200


class RecordState(StrEnum):
    """How much of the record a message holds."""

    WHOLE = "whole"
    CUT = "cut"
    """Its long texts and lists are cut, and say so where they are."""
    OMITTED = "omitted"


@dataclass(frozen=True, slots=True)
class Cut:
    """How much of an alert there is room for; `strings` and `items` bound the record's, None keeps all."""

    strings: int | None = None
    items: int | None = None
    record: bool = True
    short: bool = False


CUTS = (
    Cut(),
    Cut(strings=4000, items=100),
    Cut(strings=1000, items=30),
    Cut(strings=200, items=10),
    Cut(record=False),
    Cut(record=False, short=True),
)
"""From everything to the least that is sent: the message is cut until it fits, never dropped."""


@dataclass(frozen=True, slots=True)
class Story:
    """An alert and what is told of it. `now` is when it is told; None leaves out how long ago things were."""

    alert: Alert
    facts: Facts
    links: Links
    changes: tuple[Line, ...]
    now: datetime | None
    record_state: RecordState

    def sentence(self) -> str:
        """The rule's own sentence, then where and how long ago, unless it says so itself."""
        alert = self.alert
        place = (
            ""
            if alert.account in alert.title or alert.account == UNKNOWN
            else f", in account {self.account()}"
        )
        age = ago(alert.last_event_time or alert.first_event_time, self.now)
        return defanged(f"{alert.title}{place}{f', {age}' if age else ''}")

    def account(self) -> str:
        """`444455556666`, with its name and environment where they are known."""
        known = ", ".join(part for part in (self.facts.account_name, self.facts.environment) if part)
        return f"{self.alert.account} ({known})" if known else self.alert.account


def story_of(alert: Alert, now: datetime | None = None) -> Story:
    """Everything that can be told of an alert."""
    masked = replace(
        alert,
        title=redacted_text(alert.title),
        group={name: _masked(name, value) for name, value in alert.group.items()},
        record=redacted(alert.record),
    )
    return Story(
        alert=_bounded(masked, _PLENTY),
        facts=facts_of(masked.record),
        links=links_of(masked.record),
        changes=tuple(laid_out(masked.record.get("requestParameters"))),
        now=now,
        record_state=RecordState.OMITTED if alert.record_omitted else RecordState.WHOLE,
    )


def shortened(story: Story, cut: Cut) -> Story:
    """The story as long as `cut` allows."""
    alert = story.alert
    if cut.short:
        alert = _bounded(alert, _LITTLE)
        story = replace(story, changes=())
    if story.record_state is RecordState.OMITTED or cut == CUTS[0]:
        return replace(story, alert=alert)
    if not cut.record:
        return replace(story, alert=replace(alert, record={}), record_state=RecordState.OMITTED)
    record = _pruned(alert.record, cut)
    state = RecordState.WHOLE if record == alert.record else RecordState.CUT
    return replace(story, alert=replace(alert, record=record), record_state=state)


def _masked(name: str, value: str) -> str:
    return MASK if is_secret(name) and value != UNKNOWN else redacted_text(value)


def _bounded(alert: Alert, room: _Room) -> Alert:
    """Rules are the team's own, but no text of theirs may cost them an alert."""
    groups = list(alert.group.items())[: room.groups]
    return replace(
        alert,
        title=shorten(alert.title, room.title),
        rule_title=shorten(alert.rule_title, room.name),
        description=shorten(alert.description, room.description),
        owner=shorten(alert.owner, room.name),
        runbook=tuple(shorten(step, room.step) for step in alert.runbook[: room.steps]),
        tags=tuple(shorten(tag, _TAG_LIMIT) for tag in alert.tags[: room.tags]),
        references=tuple(shorten(text, room.reference) for text in alert.references[: room.references]),
        group={shorten(name, _VALUE_LIMIT): shorten(value, _VALUE_LIMIT) for name, value in groups},
    )


def _pruned(value: Any, cut: Cut) -> Any:
    """A copy of a record, at most as deep as `redacted` leaves it: long texts and lists cut, and saying so."""
    strings, items = cut.strings or 0, cut.items or 0
    if isinstance(value, str):
        return (
            value
            if len(value) <= strings
            else f"{value[:strings]}... (cut: {len(value):,} characters in all)"
        )
    if isinstance(value, list):
        kept = [_pruned(item, cut) for item in value[:items]]
        return kept if len(value) <= items else [*kept, f"(cut: {len(value):,} elements in all)"]
    if isinstance(value, dict):
        most = items * 4
        pruned = {_pruned(name, cut): _pruned(item, cut) for name, item in list(value.items())[:most]}
        if len(value) > most:
            pruned["(cut)"] = f"{len(value):,} entries in all"
        return pruned
    return value
