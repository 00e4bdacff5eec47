"""What correlations must remember: the events of each group, cut into stretches of time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trailwarden.alerts.placement import seconds_of, time_of


@dataclass(frozen=True, slots=True)
class CorrelationEvent:
    """One event of one group of a correlation. `time` is RFC 3339, UTC, to the second.

    `match_id` is made from the rule that matched and the event, so the same match is the same item.
    `fields` are the texts of the record's fields that the correlation, and those built on it, look at.
    """

    time: str
    match_id: str
    event_id: str
    rule_id: str
    log_file: str
    record_index: int
    fields: dict[str, str]
    character: dict[str, str] = field(default_factory=dict)
    """What alerts know it by again (`alerts.grouping.character`)."""

    @property
    def rank(self) -> tuple[str, str]:
        """What events are ordered by."""
        return self.time, self.match_id


@dataclass(frozen=True, slots=True)
class CorrelationGroup:
    """Where the events of one group lie. `key` is hex digits; `timespan` and `stretch` are seconds.

    Time is cut into stretches, on the clock; of each only the earliest `limit` events count. So what is
    read for one decision is bounded, and which events those are does not depend on the order of arrival.
    """

    key: str
    timespan: int
    stretch: int
    limit: int

    def number(self, time: str) -> int:
        """The stretch that a time lies in, counted from 1970."""
        return seconds_of(time) // self.stretch

    def edges(self, number: int) -> tuple[str, str]:
        """The first and the last second of a stretch."""
        return time_of(number * self.stretch), time_of((number + 1) * self.stretch - 1)


class CorrelationStore(Protocol):
    """The events of correlations' groups. Every call may be repeated: a second time changes nothing."""

    def add(self, group: CorrelationGroup, events: Sequence[CorrelationEvent]) -> None:
        """Store events; one that is there already stays. Raises where not all of them could be stored."""

    def read(self, group: CorrelationGroup, number: int) -> list[CorrelationEvent]:
        """The earliest `limit` events of a stretch, by time, then match id.

        Sees everything whose `add` returned before this call began, whoever called it.
        """
