"""The alert book in memory: for tests."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from trailwarden.alerts.likeness import together
from trailwarden.alerts.model import AlertMatch
from trailwarden.alerts.telling import Reason
from trailwarden.alerts.terms import DEFAULT_TERMS, Terms, Who, acknowledgement_of
from trailwarden.alerts.variety import variety_of
from trailwarden.state.alert_book import (
    LEAST_PREFIX,
    AlertEntry,
    AmbiguousAlertError,
    MessageEntry,
    Wanted,
    everything,
)


class MemoryAlertBook:
    """An `AlertBook` that lives as long as the process. `now` gives an aware time."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.entries: dict[str, AlertEntry] = {}
        self._matches: dict[str, list[AlertMatch]] = {}
        self._messages: dict[str, Sequence[MessageEntry]] = {}
        self._now = now

    def add(
        self,
        entry: AlertEntry,
        matches: Iterable[AlertMatch] = (),
        messages: Sequence[MessageEntry] | None = None,
    ) -> None:
        """Put an alert into the book, or another state of it; its first message, unless others are given."""
        self.entries[entry.alert.alert_id] = entry
        kept = sorted(matches, key=lambda match: match.event_time or "")
        self._matches[entry.alert.alert_id] = kept
        self._messages[entry.alert.alert_id] = messages or [_first_of(entry, kept)]

    def list(
        self,
        since: datetime,
        until: datetime | None = None,
        *,
        limit: int,
        wanted: Wanted = everything,
        ongoing: bool = False,
    ) -> Iterator[AlertEntry]:
        """The alerts that came since, newest first; then, if `ongoing`, earlier ones that are not over."""
        begins, ends = _written(since), _written(until) if until else "~"
        there = [entry for entry in self.entries.values() if entry.became is None and entry.total]
        there.sort(key=_newest, reverse=True)
        came = [entry for entry in there if begins <= entry.came_at < ends]
        earlier = [entry for entry in there if entry.came_at < begins and not entry.over]
        found = [*came, *earlier] if ongoing else came
        yield from [entry for entry in found if wanted(entry)][:limit]

    def get(self, alert_id: str) -> AlertEntry | None:
        """The alert with this id, or the only one whose id begins so."""
        if alert_id in self.entries:
            return self._followed(alert_id)
        if len(alert_id) < LEAST_PREFIX:
            return None
        found = {
            entry.alert.alert_id: entry
            for entry in map(self._followed, [each for each in self.entries if each.startswith(alert_id)])
        }
        if len(found) > 1:
            raise AmbiguousAlertError(alert_id, sorted(found.values(), key=_newest, reverse=True))
        return next(iter(found.values()), None)

    def messages(self, alert_id: str) -> Sequence[MessageEntry]:
        """What was told of the alert."""
        return self._messages.get(alert_id, ())

    def matches(self, alert_id: str, limit: int) -> Iterator[AlertMatch]:
        """The alert's matches, oldest first."""
        yield from self._matches.get(alert_id, [])[:limit]

    def acknowledge(self, alert_id: str, by: str, note: str, terms: Terms = DEFAULT_TERMS) -> AlertEntry:
        """Somebody looks after it."""
        entry = self._followed(alert_id)
        matches, now = self._matches.get(entry.alert.alert_id, []), int(self._now().timestamp())
        shown = together(each.keys for each in self.messages(entry.alert.alert_id))
        made = acknowledgement_of(entry.alert, shown, matches, Who(by, note), terms, now=now)
        if entry.acknowledged_by and note in {"", entry.note} and terms == DEFAULT_TERMS:
            return entry
        return self._put(
            replace(
                entry,
                acknowledged_by=by,
                acknowledged_at=made.at,
                note=note,
                acknowledged_until=made.until,
                acknowledged_targets=made.scope,
                acknowledged_level=made.level,
            )
        )

    def unacknowledge(self, alert_id: str, by: str) -> AlertEntry:  # noqa: ARG002 (nothing here keeps who)
        """Nobody does any more."""
        return self._put(replace(self._followed(alert_id), acknowledged_by="", acknowledged_at="", note=""))

    def close(self, alert_id: str, by: str, note: str = "") -> AlertEntry:
        """It is dealt with."""
        entry = self._followed(alert_id)
        if entry.closed:
            return entry
        at = _written(self._now())
        closed = replace(entry, over=True, closed=True, closed_by=by, closed_at=at, closing_note=note)
        return self._put(closed)

    def _put(self, entry: AlertEntry) -> AlertEntry:
        self.entries[entry.alert.alert_id] = entry
        return entry

    def _followed(self, alert_id: str) -> AlertEntry:
        entry = self.entries[alert_id]
        return self._followed(entry.became) if entry.became else entry


def _first_of(entry: AlertEntry, matches: Iterable[AlertMatch]) -> MessageEntry:
    held_in = entry.came_at[:13] if entry.held else None
    return MessageEntry(
        Reason.OPENED,
        entry.alert.count,
        None if entry.held else entry.told_at,
        held_in,
        variety=variety_of(matches),
    )


def _newest(entry: AlertEntry) -> tuple[str, str]:
    return entry.came_at, entry.alert.alert_id


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
