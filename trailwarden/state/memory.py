"""The state in memory: for tests and for one run on one machine."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import date, datetime

from trailwarden.alerts.model import Alert, AlertBatch, AlertMatch
from trailwarden.state.correlations import CorrelationEvent, CorrelationGroup
from trailwarden.state.protocol import (
    NOTHING_HIDDEN,
    STAGED_AT_MOST,
    FileOutcome,
    HiddenByDay,
    HiddenCount,
    alert_hour,
    hour_of,
)


class MemoryAlertStore:
    """A `RevisableAlertStore` and `StagedAlerts` that lives as long as the process."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.matches: dict[str, dict[str, AlertMatch]] = {}
        self._told: set[str] = set()

    def add(self, batches: Iterable[AlertBatch]) -> int:
        """Store the matches, then their alerts. Returns how many alerts are new."""
        opened = 0
        for batch in batches:
            known = self.matches.setdefault(batch.alert.alert_id, {})
            for match in batch.matches:
                known.setdefault(match.match_id, match)
            if batch.alert.alert_id not in self.alerts:
                self.alerts[batch.alert.alert_id] = batch.alert
                opened += 1
        return opened

    def told(self, alert_id: str) -> bool:
        """Whether the alert has been published."""
        return alert_id in self._told

    def mark_told(self, alert_id: str) -> None:
        """Remember that the alert has been published."""
        self._told.add(alert_id)

    def matches_of(self, alert_id: str) -> set[str]:
        """The ids of the matches that the alert counts."""
        return set(self.matches.get(alert_id, ()))

    def withdraw(self, alert_id: str, match_ids: Set[str]) -> None:
        """Remove matches from the alert."""
        known = self.matches.get(alert_id, {})
        for match_id in match_ids:
            known.pop(match_id, None)

    def of_rule(self, rule_id: str, since: datetime, *, limit: int = STAGED_AT_MOST) -> Iterator[Alert]:
        """The staged alerts of a rule, newest hour first."""
        staged = [alert for alert in self.alerts.values() if alert.staged and alert.rule_id == rule_id]
        recent = [alert for alert in staged if alert_hour(alert) >= hour_of(since)]
        recent.sort(key=lambda alert: (alert_hour(alert), alert.alert_id), reverse=True)
        yield from recent[:limit]

    def count_of_rule(self, rule_id: str, since: datetime) -> int:
        """How many staged alerts the rule has."""
        return sum(1 for _ in self.of_rule(rule_id, since, limit=len(self.alerts)))

    def standing(self) -> list[Alert]:
        """The alerts that count at least one match, each with the count and the times of all of them."""
        return [
            _counted(alert, self.matches[alert_id].values())
            for alert_id, alert in self.alerts.items()
            if self.matches[alert_id]
        ]


def _counted(alert: Alert, matches: Iterable[AlertMatch]) -> Alert:
    times = [match.event_time for match in matches]
    known = [time for time in times if time is not None]
    return replace(
        alert,
        count=len(times),
        first_event_time=min(known, default=None),
        last_event_time=max(known, default=None),
    )


class MemoryCorrelationStore:
    """A `CorrelationStore` that lives as long as the process.

    What lies beyond a stretch's limit is dropped at once, so no group fills the memory.
    """

    def __init__(self) -> None:
        self._stretches: dict[tuple[str, int], list[CorrelationEvent]] = {}

    def add(self, group: CorrelationGroup, events: Sequence[CorrelationEvent]) -> None:
        """Store events; one that is there already stays."""
        for event in events:
            known = self._stretches.setdefault((group.key, group.number(event.time)), [])
            place = bisect_left(known, event.rank, key=_rank)
            if place == len(known) or known[place].rank != event.rank:
                known.insert(place, event)
                del known[group.limit :]

    def read(self, group: CorrelationGroup, number: int) -> list[CorrelationEvent]:
        """The earliest events of a stretch, by time, then match id."""
        return list(self._stretches.get((group.key, number), ()))


def _rank(event: CorrelationEvent) -> tuple[str, str]:
    return event.rank


class MemoryFileLedger:
    """A `FileLedger` and `ExceptionCounts` that lives as long as the process."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[FileOutcome, str]] = {}
        self.hidden: Counter[tuple[str, str]] = Counter()

    def outcome(self, file_id: str) -> FileOutcome | None:
        """How the file ended, or None where it has not been dealt with."""
        entry = self.entries.get(file_id)
        return entry[0] if entry else None

    def record(
        self, file_id: str, outcome: FileOutcome, detail: str = "", hidden: HiddenByDay = NOTHING_HIDDEN
    ) -> None:
        """Remember how the file ended, and count what was hidden in it, the first time."""
        if file_id not in self.entries:
            self.hidden.update(hidden)
        self.entries[file_id] = (outcome, detail)

    def exception_counts(self, exception_ids: Collection[str], since: date) -> dict[str, HiddenCount]:
        """What each exception hid of events of `since` and after."""
        counts = dict.fromkeys(exception_ids, HiddenCount())
        for (exception_id, day), count in self.hidden.items():
            if exception_id in counts and day >= since.isoformat():
                counts[exception_id] = counts[exception_id].plus(count, date.fromisoformat(day))
        return counts
