"""A group store that somebody looks on: which matches each message counted when it was written."""

import threading
from collections.abc import Iterable, Sequence, Set
from typing import Any

from trailwarden.alerts.groups import Counted, Moved
from trailwarden.alerts.model import AlertBatch
from trailwarden.state.groups import Due

Ids = frozenset[str]


class Watched:
    """Hands everything on to a store. `covers` says of each message, by alert and key, which matches it
    counted; `written` in which order they were written, and of which group."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self._mine = threading.local()
        self.covers: dict[tuple[str, str], Ids] = {}
        self.written: list[tuple[str, str, str, Any]] = []
        self.withdrawn = 0
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def put_matches(self, batches: Sequence[AlertBatch]) -> None:
        self._mine.handed = [match for batch in batches for match in batch.matches]
        self._inner.put_matches(batches)

    def count(self, group_key: str, first: str, last: str) -> Counted:
        return self.count_of(group_key, [(first, last)], frozenset())

    def count_of(
        self, group_key: str, ranges: Iterable[tuple[str, str]], without: Set[tuple[str, str]]
    ) -> Counted:
        wanted = list(ranges)
        counted: Counted = self._inner.count_of(group_key, wanted, without)
        found = {
            match.match_id
            for first, last in wanted
            for match in self._inner.matches(group_key, first, last)
            if (match.placed or "", match.match_id) not in without
        }
        assert counted.total == len(found)
        reads = self._mine.__dict__.setdefault("reads", [])
        reads.append((counted, frozenset(found)))
        return counted

    def write(self, group_key: str, before: int, moved: Moved, *, done: Due | None = None) -> bool:
        assert len({*moved.deleted}) == len(moved.deleted)
        written: bool = self._inner.write(group_key, before, moved, done=done)
        self.refused += not written
        if written:
            self.withdrawn += len(moved.deleted)
            for opened in moved.opened:
                alert = opened.alert
                if not opened.silent:
                    times = alert.first_event_time, alert.last_event_time
                    self._note(group_key, (alert.alert_id, "ALERT"), self._counted(alert.count, times), None)
            for telling in moved.tellings:
                more = telling.follow_up
                times = more.first_event_time, more.last_event_time
                self._note(group_key, (telling.alert_id, telling.key), self._counted(more.total, times), more)
            self._mine.reads = []
        return written

    def _note(self, group_key: str, message: tuple[str, str], ids: Ids, follow_up: Any) -> None:
        assert message not in self.covers, "a message is written once"
        self.covers[message] = ids
        self.written.append((group_key, *message, follow_up))

    def _counted(self, total: int, times: tuple[str | None, str | None]) -> Ids:
        """What was read when so many were counted; where nothing was, what the function had in hand."""
        for counted, ids in reversed(self._mine.__dict__.get("reads", [])):
            if counted.total == total and (counted.first_event_time, counted.last_event_time) == times:
                return ids  # type: ignore[no-any-return]
        handed = self._mine.__dict__.get("handed", [])
        inside = [
            match for match in handed if (times[0] or "") <= (match.event_time or "") <= (times[1] or "")
        ]
        return frozenset(match.match_id for match in inside)
