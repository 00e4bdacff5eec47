"""Which events of a group satisfy a correlation, each judged by the window that ends with it.

The window of an event holds the events of its group from `timespan` before it up to its own second, both
included. So whether it holds depends on the set of events alone: CloudTrail's times are to the second, and
events of one second all see each other.
"""

# ruff: noqa: ARG002 (each measure takes what any of them needs)

import math
import operator
from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from trailwarden.alerts.placement import seconds_of
from trailwarden.rules.ruleset import Correlation, CorrelationType
from trailwarden.state.correlations import CorrelationEvent

DAY = 86_400
_LARGEST = 1e300
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}


@dataclass(frozen=True, slots=True)
class GroupEvent:
    """An event of a group: all of the rules that matched it, as places in the correlation's `rules`."""

    seconds: int
    event: CorrelationEvent
    rules: tuple[int, ...]
    value: str | None
    """What the correlation's `field` holds, or None where it holds nothing (or nothing that counts)."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """An event whose window, the events `first` to `last` (places, both included), satisfies."""

    first: int
    last: int
    place: int


class Measure(Protocol):
    """What is measured in a window, kept up as the window moves on."""

    def enter(self, events: Sequence[GroupEvent]) -> None:
        """The events of the next second come in."""

    def leave(self, event: GroupEvent) -> None:
        """The oldest event goes out."""

    def number(self, event: GroupEvent, opened: int) -> float | None:
        """What is compared, for the window that ends with `event` and began at `opened` (seconds)."""


def satisfied(correlation: Correlation, events: Sequence[GroupEvent]) -> Iterator[Anchor]:
    """The events, of those given in the order of their times, whose windows satisfy the correlation."""
    measure = _MEASURES[correlation.type](correlation)
    alone = correlation.type is CorrelationType.FIRST_SEEN  # what is new counts, not what it is new to
    first = 0
    for seconds, same_second in groupby(range(len(events)), key=lambda place: events[place].seconds):
        places = list(same_second)
        measure.enter([events[place] for place in places])
        opened = window_start(correlation, seconds)
        while events[first].seconds < opened:
            measure.leave(events[first])
            first += 1
        for place in places:
            number = measure.number(events[place], opened)
            if number is not None and _holds(correlation, number):
                yield Anchor(place, place, place) if alone else Anchor(first, places[-1], place)


def window_start(correlation: Correlation, seconds: int) -> int:
    """When the window of an event begins. That of `first_seen` begins with a day (UTC), so that of each day
    the earliest event of a value says all that need be known."""
    if correlation.type is CorrelationType.FIRST_SEEN:
        return seconds - seconds % DAY - correlation.timespan
    return seconds - correlation.timespan


def _holds(correlation: Correlation, number: float) -> bool:
    return all(_COMPARE[name](number, bound) for name, bound in correlation.bounds)


def group_events(correlation: Correlation, stored: Iterable[CorrelationEvent]) -> list[GroupEvent]:
    """Stored matches → events, in the order of time: an event that several rules matched is one event."""
    by_event: dict[tuple[str, str], list[CorrelationEvent]] = {}
    for item in stored:
        by_event.setdefault((item.time, item.event_id), []).append(item)
    places = {rule_id: place for place, rule_id in enumerate(correlation.rules)}
    events = []
    for items in by_event.values():
        items.sort(key=lambda item: (places.get(item.rule_id, len(places)), item.match_id))
        rules = tuple(places[item.rule_id] for item in items if item.rule_id in places)
        if rules:
            value = next((text for item in items if (text := value_of(correlation, item)) is not None), None)
            events.append(GroupEvent(seconds_of(items[0].time), items[0], rules, value))
    events.sort(key=lambda event: (event.seconds, event.event.event_id))
    return events


def field_path(correlation: Correlation, rule_id: str, name: str) -> str:
    """The field that a name in `group-by` or `field` means in the records of one rule."""
    return correlation.aliases.get(name, {}).get(rule_id, name)


def value_of(correlation: Correlation, item: CorrelationEvent) -> str | None:
    """What the correlation's `field` holds; of several fields, all must hold something."""
    texts = [item.fields.get(field_path(correlation, item.rule_id, name)) for name in correlation.field]
    known = [text for text in texts if text is not None]
    if not known or len(known) < len(texts):
        return None
    return known[0] if len(known) == 1 else "\n".join(known)


def number_in(text: str | None) -> float | None:
    """The number that a field's text is, or None; none is so large that sums of them overflow."""
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if abs(number) <= _LARGEST else None


class _EventCount:
    def __init__(self, correlation: Correlation) -> None:
        self._count = 0

    def enter(self, events: Sequence[GroupEvent]) -> None:
        self._count += len(events)

    def leave(self, event: GroupEvent) -> None:
        self._count -= 1

    def number(self, event: GroupEvent, opened: int) -> float | None:
        return self._count


class _ValueCount:
    def __init__(self, correlation: Correlation) -> None:
        self._values: Counter[str] = Counter()

    def enter(self, events: Sequence[GroupEvent]) -> None:
        self._values.update(event.value for event in events if event.value is not None)

    def leave(self, event: GroupEvent) -> None:
        if event.value is not None:
            self._values[event.value] -= 1
            if not self._values[event.value]:
                del self._values[event.value]

    def number(self, event: GroupEvent, opened: int) -> float | None:
        return len(self._values)


class _ValueShare(_ValueCount):
    """How many percent of the window's events with a value have this event's value."""

    def number(self, event: GroupEvent, opened: int) -> float | None:
        if event.value is None:
            return None
        return 100 * self._values[event.value] / self._values.total()


class _Temporal:
    """How many of the rules matched."""

    def __init__(self, correlation: Correlation) -> None:
        self._rules: Counter[int] = Counter()

    def enter(self, events: Sequence[GroupEvent]) -> None:
        for event in events:
            self._rules.update(event.rules)

    def leave(self, event: GroupEvent) -> None:
        self._rules.subtract(event.rules)

    def number(self, event: GroupEvent, opened: int) -> float | None:
        return sum(count > 0 for count in self._rules.values())


class _TemporalOrdered:
    """How many of the rules matched in the order of the rules: the longest such row.

    `_began[length][rule]` is the latest time at which a row of that length, ending in that rule, began;
    a row lies in the window when it began in it. Events of one second are in whatever order fits.
    """

    def __init__(self, correlation: Correlation) -> None:
        self._rules = len(correlation.rules)
        self._began = [[-math.inf] * self._rules for _ in range(self._rules + 1)]

    def enter(self, events: Sequence[GroupEvent]) -> None:
        began = self._began
        for rule in sorted({rule for event in events for rule in event.rules}):
            began[1][rule] = events[0].seconds
            for length in range(2, rule + 2):
                began[length][rule] = max(began[length][rule], *began[length - 1][:rule])

    def leave(self, event: GroupEvent) -> None:
        """Rows are told to be in the window by when they began."""

    def number(self, event: GroupEvent, opened: int) -> float | None:
        # The event's own rule is a row of one, so there always is one.
        return next(length for length in range(self._rules, 0, -1) if max(self._began[length]) >= opened)


class _Numbers:
    """The numbers of the window, in order; None for a window without any."""

    def __init__(self, correlation: Correlation) -> None:
        self._percentile = 50.0 if correlation.percentile is None else correlation.percentile
        self._sorted: list[float] = []

    def enter(self, events: Sequence[GroupEvent]) -> None:
        for event in events:
            number = number_in(event.value)
            if number is not None:
                insort(self._sorted, number)

    def leave(self, event: GroupEvent) -> None:
        number = number_in(event.value)
        if number is not None:
            del self._sorted[bisect_left(self._sorted, number)]

    def number(self, event: GroupEvent, opened: int) -> float | None:
        """The percentile, interpolated between the two numbers next to it."""
        if not self._sorted:
            return None
        place = (len(self._sorted) - 1) * self._percentile / 100
        below, above = self._sorted[math.floor(place)], self._sorted[math.ceil(place)]
        return below + (above - below) * (place - math.floor(place))


class _Sum(_Numbers):
    def number(self, event: GroupEvent, opened: int) -> float | None:
        return math.fsum(self._sorted) if self._sorted else None


class _Average(_Numbers):
    def number(self, event: GroupEvent, opened: int) -> float | None:
        return math.fsum(self._sorted) / len(self._sorted) if self._sorted else None


class _FirstSeen:
    """1 for the earliest event of its value, in a group that has been known for the warm-up; else 0."""

    def __init__(self, correlation: Correlation) -> None:
        self._warm_up = correlation.warm_up
        self._all: deque[GroupEvent] = deque()
        self._by_value: dict[str, deque[GroupEvent]] = {}

    def enter(self, events: Sequence[GroupEvent]) -> None:
        for event in events:
            self._all.append(event)
            if event.value is not None:
                self._by_value.setdefault(event.value, deque()).append(event)

    def leave(self, event: GroupEvent) -> None:
        self._all.popleft()
        if event.value is not None:
            same = self._by_value[event.value]
            same.popleft()
            if not same:
                del self._by_value[event.value]

    def number(self, event: GroupEvent, opened: int) -> float | None:
        if event.value is None:
            return None
        new = self._by_value[event.value][0] is event
        return int(new and event.seconds - self._all[0].seconds >= self._warm_up)


def _percentile(correlation: Correlation) -> Measure:
    return _ValueShare(correlation) if correlation.percentile is None else _Numbers(correlation)


_MEASURES: dict[CorrelationType, Callable[[Correlation], Measure]] = {
    CorrelationType.EVENT_COUNT: _EventCount,
    CorrelationType.VALUE_COUNT: _ValueCount,
    CorrelationType.TEMPORAL: _Temporal,
    CorrelationType.TEMPORAL_ORDERED: _TemporalOrdered,
    CorrelationType.VALUE_SUM: _Sum,
    CorrelationType.VALUE_AVG: _Average,
    CorrelationType.VALUE_MEDIAN: _Numbers,
    CorrelationType.VALUE_PERCENTILE: _percentile,
    CorrelationType.FIRST_SEEN: _FirstSeen,
}
