"""Which spans of a group stay in its state, and which are stored beside it.

The state is written at every move, so only the latest few spans stay in it. Every other span has an item of
its own, from which it is read again where a late match comes near, or somebody must look at it.
"""

from collections.abc import Iterable
from dataclasses import replace

from trailwarden.alerts.group_state import GroupState, Moved, Span
from trailwarden.alerts.model import AlertBatch
from trailwarden.alerts.pieces import range_of, reach

KEPT = 8
"""How many spans stay in the state."""
_FILED_AT_ONCE = 20
"""How many leave it in one move, at most: a state of old may hold hundreds."""


def wanted_from_file(state: GroupState, batch: AlertBatch) -> tuple[str, str] | None:
    """The range in which spans that are stored beside the state can meet a batch; None where none can."""
    if state.filed is None:
        return None
    first, last = reach(batch.group.quiet, *range_of(batch))
    return (first, last) if is_filed(state, first) else None


def is_filed(state: GroupState, place: str) -> bool:
    """Whether spans that end there, or earlier, are stored beside the state."""
    return state.filed is not None and place <= state.filed


def with_filed(state: GroupState, found: Iterable[Span]) -> GroupState:
    """The state with spans that were read from beside it."""
    return state.with_spans((*state.spans, *found))


def filed(moved: Moved, found: Iterable[Span]) -> Moved:
    """The move, of a state that held also the spans `found` beside it, with what must be stored there."""
    state, before = moved.state, list(found)
    beside = [span for span in state.spans if is_filed(state, span.last)]
    kept = list(state.spans[len(beside) :])
    leaving = kept[: max(0, len(kept) - KEPT)][:_FILED_AT_ONCE]
    if not leaving and not beside and not before:
        return moved
    after = [*beside, *leaving]
    return replace(
        moved,
        state=replace(
            state,
            spans=tuple(kept[len(leaving) :]),
            filed=leaving[-1].last if leaving else state.filed,
        ),
        filed=tuple(span for span in after if span not in before),
        unfiled=tuple(sorted({span.last for span in before} - {span.last for span in after})),
    )
