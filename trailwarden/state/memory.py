"""The state in memory: for tests and for one run on one machine."""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import date, datetime

from trailwarden.alerts.groups import CARRIED_ON, Counted, Moved, Opened, Span, Telling
from trailwarden.alerts.model import Alert, AlertBatch, AlertMatch
from trailwarden.alerts.variety import variety_of
from trailwarden.state.correlations import CorrelationEvent, CorrelationGroup
from trailwarden.state.groups import Due, Groups, KeptState
from trailwarden.state.ledger import FileEntry
from trailwarden.state.protocol import (
    NOTHING_HIDDEN,
    STAGED_AT_MOST,
    HiddenByDay,
    HiddenCount,
    alert_hour,
    hour_of,
)


class MemoryGroupStore:
    """A `GroupStore` that lives as long as the process. What has been written is there to be looked at."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.alerts: dict[str, Alert] = {}
        self.silent: dict[str, str] = {}
        self.became: dict[str, str] = {}
        self.withdrawn: set[str] = set()
        """Ids of alerts of which no match is left."""
        self.stored: dict[str, dict[tuple[str, str], AlertMatch]] = {}
        self._states: dict[str, KeptState] = {}
        self._filed: dict[str, dict[str, Span]] = {}
        self.longest: int | None = None
        self.due: set[Due] = set()
        self.outbox: list[tuple[int, Opened | Telling]] = []
        """All that must be told, in the order in which it was written, and when that was."""

    def put_matches(self, batches: Sequence[AlertBatch]) -> None:
        """Put the matches; one that is there stays as it is."""
        for batch in batches:
            known = self.stored.setdefault(batch.group.key, {})
            for match in batch.matches:
                known.setdefault((match.placed or "", match.match_id), match)

    def state(self, group_key: str) -> KeptState | None:
        """The group's state; None where there is none yet."""
        return self._states.get(group_key)

    def states(self, group_keys: Set[str]) -> Mapping[str, KeptState]:
        """The states of many groups at once."""
        return {key: self._states[key] for key in group_keys if key in self._states}

    def every_state(self) -> Mapping[str, KeptState]:
        """The states of all groups, by their keys."""
        return self._states

    def count(self, group_key: str, first: str, last: str) -> Counted:
        """How many different matches are placed from `first` to `last`."""
        return counted(self.matches_at(group_key, [(first, last)]))

    def count_of(
        self, group_key: str, ranges: Iterable[tuple[str, str]], without: Set[tuple[str, str]]
    ) -> Counted:
        """The same of several ranges together, but for those matches."""
        found = self.matches_at(group_key, ranges)
        return counted(one for one in found if (one.placed or "", one.match_id) not in without)

    def matches_at(self, group_key: str, ranges: Iterable[tuple[str, str]]) -> list[AlertMatch]:
        """The group's matches that are placed in any of the ranges."""
        known, wanted = self.stored.get(group_key, {}), list(ranges)
        return [
            match
            for (place, _), match in known.items()
            if any(first <= place <= last for first, last in wanted)
        ]

    def matches(
        self, group_key: str, first: str, last: str, limit: int | None = None, *, latest: bool = False
    ) -> Sequence[AlertMatch]:
        """The matches placed from `first` to `last`, in the order of their places."""
        found = self.matches_at(group_key, [(first, last)])
        found.sort(key=lambda match: (match.placed or "", match.match_id), reverse=latest)
        return found[:limit]

    def alert(self, alert_id: str) -> Alert | None:
        """The alert of that id, if there is one."""
        return self.alerts.get(alert_id)

    def filed(self, group_key: str, first: str, last: str) -> Sequence[Span]:
        """The spans stored beside the group's state that touch a range."""
        known = self._filed.get(group_key, {})
        found = [span for span in known.values() if first <= span.last and span.first <= last]
        return sorted(found, key=lambda span: span.last)

    def filed_alert(self, group_key: str, alert_id: str) -> Span | None:
        """The span of an alert that is stored beside the group's state."""
        known = self._filed.get(group_key, {})
        return next((span for span in known.values() if span.alert_id == alert_id), None)

    def spans(self, group_key: str) -> list[Span]:
        """All spans of a group, the earliest first."""
        beside = self._filed.get(group_key, {}).values()
        return sorted((*beside, *self._states[group_key].state.spans), key=lambda span: span.last)

    def write(self, group_key: str, before: int, moved: Moved, *, done: Due | None = None) -> bool:
        """Write the state and all that goes with it."""
        kept = self._states.get(group_key)
        if (kept.version if kept else 0) != before:
            return False
        self._states[group_key] = KeptState(moved.state, before + 1)
        self._file(group_key, moved)
        for opened in moved.opened:
            identity = opened.alert.alert_id
            if identity not in self.alerts:
                self.outbox.append((int(self._now()), opened))
            elif opened.silent == CARRIED_ON:
                continue
            self.alerts[identity] = opened.alert
            self.silent[identity] = opened.silent
            self.became.pop(identity, None)
            self.withdrawn.discard(identity)
        for alert in moved.revised:
            self.alerts[alert.alert_id] = alert
            self.became.pop(alert.alert_id, None)
            self.withdrawn.discard(alert.alert_id)
        self.became |= dict(moved.became)
        self.withdrawn |= {*moved.withdrawn}
        self.outbox += [(int(self._now()), telling) for telling in moved.tellings]
        if done is not None:
            self.due.discard(done)
        new = {Due(at, group_key, identity) for at, identity in moved.due}
        self.due = (self.due - new) | new
        return True

    def _file(self, group_key: str, moved: Moved) -> None:
        """Delete what is withdrawn, and store spans that leave the state."""
        known = self.stored.get(group_key, {})
        for key in moved.deleted:
            known.pop(key, None)
        beside = self._filed.setdefault(group_key, {})
        for last in moved.unfiled:
            beside.pop(last, None)
        beside.update((span.last, span) for span in moved.filed)

    def match_ids(self, group_key: str, place: str) -> set[str]:
        """The ids of the matches that are placed there."""
        return {identity for at, identity in self.stored.get(group_key, {}) if at == place}


class MemoryAlertStore(Groups):
    """A `RevisableAlertStore` and `StagedAlerts` that lives as long as the process."""

    def __init__(self, *, now: Callable[[], float] = time.time, kept: MemoryGroupStore | None = None) -> None:
        self.kept = kept or MemoryGroupStore(now=now)
        super().__init__(self.kept, now=now, pause=lambda _attempt: None)

    def of_rule(self, rule_id: str, since: datetime, *, limit: int = STAGED_AT_MOST) -> Iterator[Alert]:
        """The staged alerts of a rule, newest hour first."""
        staged = [alert for alert in self.kept.alerts.values() if alert.staged and alert.rule_id == rule_id]
        recent = [alert for alert in staged if alert_hour(alert) >= hour_of(since)]
        recent.sort(key=lambda alert: (alert_hour(alert), alert.alert_id), reverse=True)
        yield from recent[:limit]

    def count_of_rule(self, rule_id: str, since: datetime) -> int:
        """How many staged alerts the rule has."""
        return sum(1 for _ in self.of_rule(rule_id, since, limit=len(self.kept.alerts)))

    def standing(self) -> list[Alert]:
        """The alerts that count at least one match, each with the count and the times of all of them."""
        return list(self._standing())

    def _standing(self) -> Iterator[Alert]:
        for key in self.kept.every_state():
            for span in self.kept.spans(key):
                found, alert = self.kept.count(key, span.first, span.last), self.kept.alerts[span.alert_id]
                yield replace(
                    alert,
                    count=found.total,
                    variety=alert.variety if found.total == alert.count else found.variety,
                    first_event_time=found.first_event_time,
                    last_event_time=found.last_event_time,
                )


def counted(matches: Iterable[AlertMatch]) -> Counted:
    """How many different matches there are, and when."""
    kept = list(matches)
    found = {match.match_id: match.event_time for match in kept}
    known = [time for time in found.values() if time is not None]
    return Counted(len(found), min(known, default=None), max(known, default=None), variety=variety_of(kept))


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
        self.entries: dict[str, FileEntry] = {}
        self.hidden: Counter[tuple[str, str]] = Counter()

    def entry(self, file_id: str) -> FileEntry | None:
        """What is remembered of the file."""
        return self.entries.get(file_id)

    def write(self, file_id: str, entry: FileEntry, hidden: HiddenByDay = NOTHING_HIDDEN) -> bool:
        """Write the entry and count what was hidden, unless somebody else has written meanwhile."""
        known = self.entries.get(file_id)
        if entry.version != (known.version if known else 0):
            return False
        self.entries[file_id] = replace(entry, version=entry.version + 1)
        self.hidden.update(hidden)
        return True

    def exception_counts(self, exception_ids: Collection[str], since: date) -> dict[str, HiddenCount]:
        """What each exception hid of events of `since` and after."""
        counts = dict.fromkeys(exception_ids, HiddenCount())
        for (exception_id, day), count in self.hidden.items():
            if exception_id in counts and day >= since.isoformat():
                counts[exception_id] = counts[exception_id].plus(count, date.fromisoformat(day))
        return counts
