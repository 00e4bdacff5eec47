"""Where groups are kept, and how they are moved on: read, ask what they become, write on one condition.

A store is a handful of small steps (`GroupStore`); `Groups` is what they make together, the same in memory
and in DynamoDB. Of functions that race on one group the later one is refused, reads again, and goes on from
there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from trailwarden.alerts.groups import Counted, GroupState, Moved, add, begun, withdrawn
from trailwarden.alerts.model import AlertBatch
from trailwarden.errors import TrailwardenError

_ATTEMPTS = 12


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
        """How many different matches are placed from `first` to `last`, both included."""

    def write(self, group_key: str, before: int, moved: Moved, *, done: Due | None = None) -> bool:
        """Write, in one step, the state and all that goes with it, and take `done` off the list of what must
        be looked at. False, and nothing is written, unless `before` is the number of the last write (0: there
        was none)."""

    def match_ids(self, group_key: str, place: str) -> set[str]:
        """The ids of the matches that are placed there."""

    def places(self, group_key: str, first: str, last: str) -> set[str]:
        """Where matches are placed, from `first` to `last`, both included."""

    def delete_matches(self, group_key: str, place: str, match_ids: Set[str]) -> None:
        """Delete matches; one that is gone is no error."""


class Groups:
    """`RevisableAlertStore` over a `GroupStore`.

    `now` gives seconds since 1970; `pause(attempt)` waits before a group is read again that somebody else
    moved on. `side_by_side`: how many groups are moved at once, since a storm may be of thousands, and each
    is mostly waiting.
    """

    def __init__(
        self,
        store: GroupStore,
        *,
        now: Callable[[], float],
        pause: Callable[[int], None],
        side_by_side: int = 1,
    ) -> None:
        self._store = store
        self._now = now
        self._pause = pause
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
        self._store.delete_matches(group_key, place, match_ids)
        self.move(group_key, lambda state: self._without(group_key, state))

    def _add(self, key: str, batches: Sequence[AlertBatch], known: KeptState | None) -> int:
        def moved(state: GroupState | None, batch: AlertBatch) -> Moved:
            return add(
                state or begun(batch.group),
                batch,
                now=int(self._now()),
                count=lambda first, last: self._store.count(key, first, last),
            )

        first, *others = batches
        new = self.move(key, partial(moved, batch=first), known=known or _NONE_YET).new
        return new + sum(self.move(key, partial(moved, batch=batch)).new for batch in others)

    def _without(self, key: str, state: GroupState | None) -> Moved | None:
        if state is None or not state.spans:
            return None
        places = self._store.places(key, state.spans[0].first, state.spans[-1].last)
        return withdrawn(state, places, now=int(self._now()))

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
        for attempt in range(_ATTEMPTS):
            kept = known if known is not None and not attempt else self._store.state(group_key) or _NONE_YET
            moved = becomes(kept.state if kept.version else None)
            if moved is None:
                return Moved(kept.state)
            if self._store.write(group_key, kept.version, moved, done=done):
                return moved
            self._pause(attempt)
        raise GroupBusyError(f"the group {group_key} is moved by others all the time")
