"""What exceptions hide: matches that a rule would have had, told to nobody but counted.

Every exception that is met counts, also where two of them hide the same event from one rule.
"""

from collections import Counter

from trailwarden.delivery.records import Record, event_identity
from trailwarden.rules.ruleset import Hidden

_DAY = len("2026-01-31")


class HiddenMatches:
    """Takes what was hidden in a log file, or in a part of one; an event that stands there twice counts once.

    Memory: the names of exception, rule and event for each match that was hidden.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[str, str, str]] = set()
        self._by_day: Counter[tuple[str, str | None]] = Counter()

    def add(self, hidden: Hidden, record: Record, time: str | None) -> None:
        """Count what hid a record whose event is of `time` (RFC 3339, UTC), where that is known."""
        key = (hidden.exception_id, hidden.rule.id, event_identity(record))
        if key not in self._seen:
            self._seen.add(key)
            self._by_day[hidden.exception_id, time[:_DAY] if time else None] += 1

    @property
    def pending(self) -> int:
        """How many names are held, as many as matches were hidden."""
        return len(self._seen)

    @property
    def total(self) -> int:
        """How many matches were hidden."""
        return self._by_day.total()

    def by_day(self, unknown: str) -> dict[tuple[str, str], int]:
        """How many, by exception and day of the events; `unknown` stands in for days that records lack."""
        counts: Counter[tuple[str, str]] = Counter()
        for (exception_id, day), count in self._by_day.items():
            counts[exception_id, unknown if day is None else day] += count
        return dict(counts)

    def drain(self, unknown: str) -> dict[tuple[str, str], int]:
        """`by_day` of what was hidden since the last time, which is then forgotten."""
        counts = self.by_day(unknown)
        self._seen.clear()
        self._by_day.clear()
        return counts
