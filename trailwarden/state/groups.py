"""Where groups are kept, and how they are moved on: read, ask what they become, write on one condition.

A store is a handful of small steps (`GroupStore`); `Groups` is what they make together, the same in memory
and in DynamoDB. Of functions that race on one group the later one is refused, reads again, and goes on from
there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from trailwarden.alerts.filing import filed, is_filed, wanted_from_file, with_filed
from trailwarden.alerts.groups import Counted, GroupState, Moved, Span, add, begun, close, look
from trailwarden.alerts.model import Alert, AlertBatch, AlertMatch
from trailwarden.alerts.revision import withdrawn
from trailwarden.errors import TrailwardenError
from trailwarden.state.retrying import PATIENT, Patience, Pause


class GroupBusyError(TrailwardenError):
    """Others moved a group each time that it was to be moved; that must be tried again later."""


@dataclass(frozen=True, slots=True)
class KeptState:
    """A group's state, and the number of the write that left it."""

    state: GroupState
    version: int


@dataclass(frozen=True, slots=True)
class Due:
    """Something that must be looked at: an alert of a group, from `at` (seconds since 1970) on."""

    at: int
    group_key: str
    alert_id: str
    attempts: int = field(default=0, compare=False)
    """How often somebody began to look at it and did not end."""


_NONE_YET = KeptState(GroupState("", {}), 0)


class GroupStore(Protocol):
    """The steps. Every read is consistent: it sees all that was written before it began."""

    def put_matches(self, batches: Sequence[AlertBatch]) -> None:
        """Put the matches, each under its group and place; one that is there stays as it is."""

    def state(self, group_key: str) -> KeptState | None:
        """The group's state; None where there is none yet."""

    def states(self, group_keys: Set[str]) -> Mapping[str, KeptState]:
        """The states of many groups at once; those that there are none of are left out."""

    def count(self, group_key: str, first: str, last: str) -> Counted:
        """How many different matches are placed from `first` to `last`, both included. In bounded memory and
        requests: of very many it says `at_least`."""

    def count_of(
        self, group_key: str, ranges: Iterable[tuple[str, str]], without: Set[tuple[str, str]]
    ) -> Counted:
        """The same of several ranges together, but for those matches (place and id)."""

    def write(self, group_key: str, before: int, moved: Moved, *, done: Due | None = None) -> bool:
        """Write, in one step, the state and all that goes with it, and take `done` off the list of what must
        be looked at. False, and nothing is written, unless `before` is the number of the last write (0: there
        was none)."""

    def match_ids(self, group_key: str, place: str) -> set[str]:
        """The ids of the matches that are placed there."""

    def matches(
        self, group_key: str, first: str, last: str, limit: int | None = None, *, latest: bool = False
    ) -> Iterable[AlertMatch]:
        """The matches placed from `first` to `last`, in the order of their places, or the `latest` first."""

    def alert(self, alert_id: str) -> Alert | None:
        """The alert of that id, if there is one."""

    def filed(self, group_key: str, first: str, last: str) -> Sequence[Span]:
        """The spans, of those that are stored beside the group's state, that touch a range: the earliest,
        where there are very many."""

    def filed_alert(self, group_key: str, alert_id: str) -> Span | None:
        """The span of an alert, of those that are stored beside the group's state."""

    @property
    def longest(self) -> int | None:
        """For how many seconds an alert may go on, since what it counts is not kept for ever."""


class _OneGroup:
    """`Stored` of one group."""

    def __init__(self, store: GroupStore, group_key: str) -> None:
        self._store = store
        self._key = group_key

    def count(self, first: str, last: str) -> Counted:
        return self._store.count(self._key, first, last)

    def count_of(
        self, ranges: Iterable[tuple[str, str]], without: Set[tuple[str, str]] = frozenset()
    ) -> Counted:
        return self._store.count_of(self._key, ranges, without)

    def match_ids(self, place: str) -> set[str]:
        return self._store.match_ids(self._key, place)

    def earliest(
        self, first: str, last: str, without: Set[tuple[str, str]] = frozenset()
    ) -> AlertMatch | None:
        found = self._store.matches(self._key, first, last, len(without) + 1)
        return next((one for one in found if (one.placed or "", one.match_id) not in without), None)

    def latest(self, first: str, last: str) -> AlertMatch | None:
        return next(iter(self._store.matches(self._key, first, last, 1, latest=True)), None)

    def alert(self, alert_id: str) -> Alert | None:
        return self._store.alert(alert_id)


class Groups:
    """`RevisableAlertStore` over a `GroupStore`.

    `now` gives seconds since 1970; `pause(attempt)` waits before a group is read again that somebody else
    moved on, which is done with `patience`. `side_by_side`: how many groups are moved at once, since a storm
    may be of thousands, and each is mostly waiting.
    """

    def __init__(
        self,
        store: GroupStore,
        *,
        now: Callable[[], float],
        pause: Pause,
        patience: Patience = PATIENT,
        side_by_side: int = 1,
    ) -> None:
        self._store = store
        self._now = now
        self._pause = pause
        self._patience = patience
        self._pool = ThreadPoolExecutor(side_by_side) if side_by_side > 1 else None

    def add(self, batches: Iterable[AlertBatch]) -> int:
        """Store the matches, then move their groups on. Returns how many alerts are new."""
        kept = list(batches)
        self._store.put_matches(kept)
        by_group: dict[str, list[AlertBatch]] = {}
        for batch in kept:
            by_group.setdefault(batch.group.key, []).append(batch)
        states = self._store.states(by_group.keys())
        move = self._pool.map if self._pool is not None and len(by_group) > 1 else map
        return sum(move(lambda key: self._add(key, by_group[key], states.get(key)), by_group))

    def matches_of(self, group_key: str, place: str) -> set[str]:
        """The ids of the group's matches that are placed there."""
        return self._store.match_ids(group_key, place)

    def withdraw(self, group_key: str, place: str, match_ids: Set[str]) -> None:
        """Remove matches from the group, and its alerts where nothing is left of them."""
        stored = _OneGroup(self._store, group_key)

        def becomes(state: GroupState | None) -> Moved | None:
            if state is None:
                return None
            found = self._store.filed(group_key, place, place) if is_filed(state, place) else ()
            moved = withdrawn(with_filed(state, found), place, match_ids, now=int(self._now()), stored=stored)
            return None if moved is None else filed(moved, found)

        while self.move(group_key, becomes).deleted:
            pass

    def look(self, due: Due, *, again_at: int | None = None) -> Moved:
        """Look at an alert that is due (`alerts.groups.look`), and take it off the list; `again_at`: when
        somebody must look at it again, whatever else it waits for."""

        def becomes(state: GroupState | None) -> Moved | None:
            if state is None:
                return None
            found = self._found(due.group_key, state, due.alert_id)
            moved = look(
                with_filed(state, found),
                due.alert_id,
                now=int(self._now()),
                count=_OneGroup(self._store, due.group_key).count,
                longest=self._store.longest,
            )
            moved = filed(moved, found)
            return moved if again_at is None else replace(moved, due=((again_at, due.alert_id),))

        return self.move(due.group_key, becomes, done=due)

    def close(self, group_key: str, alert_id: str) -> None:
        """Close an alert by hand (`alerts.groups.close`)."""

        def becomes(state: GroupState | None) -> Moved | None:
            if state is None:
                return None
            found = self._found(group_key, state, alert_id)
            state = with_filed(state, found)
            span = state.span(alert_id)
            if span is None:
                return None
            total = self._store.count(group_key, span.first, span.last).total
            after = close(state, alert_id, total)
            return None if after == state else filed(Moved(after), found)

        self.move(group_key, becomes)

    def _found(self, group_key: str, state: GroupState, alert_id: str) -> Sequence[Span]:
        """The span of an alert that is stored beside the state."""
        if state.filed is None or state.span(alert_id) is not None:
            return ()
        span = self._store.filed_alert(group_key, alert_id)
        return () if span is None else (span,)

    def _add(self, key: str, batches: Sequence[AlertBatch], known: KeptState | None) -> int:
        stored = _OneGroup(self._store, key)

        def moved(state: GroupState | None, batch: AlertBatch) -> Moved:
            state = state or begun(batch.group)
            wanted = wanted_from_file(state, batch)
            found = () if wanted is None else self._store.filed(key, *wanted)
            return filed(add(with_filed(state, found), batch, now=int(self._now()), stored=stored), found)

        new = 0
        kept: KeptState | None = known or _NONE_YET
        for batch in batches:
            left: AlertBatch | None = batch
            while left is not None:
                after = self.move(key, partial(moved, batch=left), known=kept)
                left, kept, new = after.left, None, new + after.new
        return new

    def move(
        self,
        group_key: str,
        becomes: Callable[[GroupState | None], Moved | None],
        *,
        done: Due | None = None,
        known: KeptState | None = None,
    ) -> Moved:
        """Move a group on; `becomes` may be asked several times, and says None where nothing changes. `known`
        is the state, where the caller has read it. Raises `GroupBusyError`, and whatever the store raises."""
        for attempt in self._patience.tries(self._pause):
            kept = known if known is not None and not attempt else self._store.state(group_key) or _NONE_YET
            moved = becomes(kept.state if kept.version else None)
            if moved is None:
                return Moved(kept.state)
            if self._store.write(group_key, kept.version, moved, done=done):
                return moved
        raise GroupBusyError(f"the group {group_key} is moved by others all the time")
