"""A batch of matches, cut into pieces that each join a group as one stretch, in one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass

from trailwarden.alerts.group_state import GroupState, Range, Span
from trailwarden.alerts.model import AlertBatch, AlertMatch
from trailwarden.alerts.placement import shifted

JOINED_AT_MOST = 20
"""How many spans one move joins: a transaction takes 100 items, and each span that is joined needs two."""
_LAST = "~"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a batch that lies between two cuts, and joins a bounded number of spans."""

    first: str
    last: str
    matches: tuple[AlertMatch, ...]
    joined: tuple[Span, ...]
    """The spans that are one alert with it, the earliest first."""


def first_piece(state: GroupState, batch: AlertBatch) -> tuple[Piece, tuple[AlertMatch, ...]]:
    """The first piece of a batch, and the matches that are left for others. A batch without matches is one
    piece, placed where it says.

    What is left may be added by itself, as though another file had brought it.
    """
    if not batch.matches:
        place = batch.placed or ""
        return Piece(place, place, (), tuple(joined_by(state, place, place))), ()
    matches = sorted(batch.matches, key=_place)
    first, last = _place(matches[0]), _place(matches[-1])
    ends = min((cut for cut in state.cuts if first <= cut < last), default=_LAST)
    inside = tuple(matches if ends == _LAST else (match for match in matches if _place(match) <= ends))
    last = _place(inside[-1])
    joined = tuple(joined_by(state, first, last))
    if len(joined) > JOINED_AT_MOST:
        ends = joined[JOINED_AT_MOST - 1].last
        inside = tuple(match for match in inside if _place(match) <= ends)
        last = _place(inside[-1])
        joined = tuple(joined_by(state, first, last))
    return Piece(first, last, inside, joined), tuple(matches[len(inside) :])


def joined_by(state: GroupState, first: str, last: str) -> Iterator[Span]:
    """The spans that are one alert with matches placed from `first` to `last`, the earliest first."""
    if not state.spans:
        return
    begins, ends = reach(state.quiet, first, last)
    for span in state.spans:
        if span.last < begins or span.first > ends or (not span.first) != (not first):
            continue
        if not any(span.last <= cut < first or last <= cut < span.first for cut in state.cuts):
            yield span


def reach(quiet: int, first: str, last: str) -> Range:
    """Between which places a span must touch the matches placed from `first` to `last` to be one alert with
    them."""
    if not first:
        return "", ""
    return shifted(first, -quiet), shifted(last, quiet)


def range_of(batch: AlertBatch) -> Range:
    """The places of the first and the last match of a batch."""
    if not batch.matches:
        return batch.placed or "", batch.placed or ""
    places = [_place(match) for match in batch.matches]
    return min(places), max(places)


def _place(match: AlertMatch) -> str:
    return match.placed or ""
