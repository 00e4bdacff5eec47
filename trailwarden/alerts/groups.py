"""The alerts of one group over time: which there are, and what must be told of them.

A group's alerts are stretches of its matches without a gap longer than its quiet time, in event time. So
they are a function of the set of its matches (and of the moments at which somebody closed one by hand),
whatever the order in which these arrive. What is told depends, besides, on what had arrived when it was told.

Nothing here reads or writes: a store reads the state, asks what it becomes, and writes that together with
what must be told, on the condition that nobody else moved the state meanwhile.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from trailwarden.alerts.model import Alert, AlertBatch, AlertMatch
from trailwarden.alerts.placement import alert_id, seconds_of, shifted
from trailwarden.alerts.telling import FollowUp, Reason

GROWTH = 10
"""An alert is told again when it counts so many times what was told."""
CHECK_AFTER = 600
"""How many seconds after an alert was opened somebody looks whether it was told."""
_KEPT = int(timedelta(days=45).total_seconds())
"""How long a span is remembered: CloudTrail tries for 30 days to deliver a file, and what could not be read
waits another 14 in a queue."""
_SPANS_AT_MOST = 500
_CUTS_AT_MOST = 50
_CHARACTER_AT_MOST = 500


@dataclass(frozen=True, slots=True)
class Counted:
    """How many different matches there are, and the times of their first and last event."""

    total: int
    first_event_time: str | None = None
    last_event_time: str | None = None


Count = Callable[[str, str], Counted]
"""Counts the group's matches that are placed from one time to another, both included."""


@dataclass(frozen=True, slots=True)
class Span:
    """One alert as a stretch of time: the placed times of its first and last match, empty where they have
    none."""

    first: str
    last: str
    alert_id: str
    counted: int
    """How many matches were handed in: never fewer than there are, and more where some came again."""
    told: int
    """How many of them messages have counted, those that are on their way included."""
    heard: int
    """When a match arrived last: seconds since 1970, by our own clock."""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has seen it: nothing is told of the group while its matches come from these origins, by these
    actions. `at` is RFC 3339, UTC."""

    by: str
    at: str
    note: str = ""
    origins: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupState:
    """What is remembered of a group. `spans` do not overlap, the earliest first; `cuts` are placed times
    after which somebody had the next match begin another alert."""

    rule_id: str
    group: dict[str, str]
    staged: bool = False
    quiet: int = 3600
    spans: tuple[Span, ...] = ()
    cuts: tuple[str, ...] = ()
    acknowledged: Acknowledgement | None = None

    def span(self, identity: str) -> Span | None:
        """The alert of that id."""
        return next((span for span in self.spans if span.alert_id == identity), None)

    def with_span(self, span: Span) -> "GroupState":
        """The state with the span of that id replaced."""
        spans = tuple(span if known.alert_id == span.alert_id else known for known in self.spans)
        return replace(self, spans=spans)


@dataclass(frozen=True, slots=True)
class Telling:
    """A follow-up to be told of an alert."""

    alert_id: str
    follow_up: FollowUp


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert that is new. `silent` says why nobody is told of it; empty where it is told."""

    alert: Alert
    silent: str = ""


ACKNOWLEDGED = "acknowledged"
CARRIED_ON = "carried on"
"""The alert had been told under another id, before an earlier match of it was known."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a state becomes, and what must be written with it."""

    state: GroupState
    opened: tuple[Opened, ...] = ()
    became: tuple[tuple[str, str], ...] = ()
    """Pairs of ids: an alert that there is no more, and the one that it is a part of now."""
    tellings: tuple[Telling, ...] = ()
    due: tuple[tuple[int, str], ...] = ()
    """When (seconds since 1970) somebody must look at an alert again."""
    unacknowledged: bool = False
    acknowledged_as: str = ""
    """Where somebody acknowledged the group: the title by which people are reminded of it."""

    @property
    def new(self) -> int:
        """How many alerts are new, to people."""
        return sum(opened.silent != CARRIED_ON for opened in self.opened)


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a batch that lies between two cuts."""

    first: str
    last: str
    matches: tuple[AlertMatch, ...]


def begun(alert: Alert) -> GroupState:
    """The state of a group of which nothing is known yet."""
    return GroupState(alert.rule_id, alert.group, alert.staged, alert.quiet)


def add(state: GroupState, batch: AlertBatch, *, now: int, count: Count) -> Moved:
    """The state after the matches of a batch, which are stored already.

    `now` is in seconds since 1970. The batch may come again, and others may come before or after: the spans
    end the same.
    """
    moved = Moved(replace(state, quiet=batch.alert.quiet))
    for piece in _pieces(batch, state.cuts):
        moved = _add_piece(moved, batch.alert, piece, now, count)
    return replace(moved, state=_pruned(moved.state, now))


def _add_piece(before: Moved, alert: Alert, piece: _Piece, now: int, count: Count) -> Moved:
    state = before.state
    reach = _reach(state, piece)
    joined = [span for span in state.spans if _joins(state, span, piece, reach)]
    others = [span for span in state.spans if span not in joined]
    first = min([piece.first, *(span.first for span in joined)])
    last = max([piece.last, *(span.last for span in joined)])
    identity = _identity(state, first)
    counted = sum(span.counted for span in joined) + len(piece.matches)
    told = sum(span.told for span in joined)
    span = Span(first, last, identity, counted, told, now)
    known = {one.alert_id: one for one in joined}
    opened: tuple[Opened, ...] = ()
    if not joined:
        shown = _opened(alert, piece, identity, count)
        span = replace(span, counted=shown.count, told=shown.count)
        opened = (Opened(shown),)
    elif identity not in known:
        opened = (Opened(replace(alert, alert_id=identity), CARRIED_ON),)
    spans = tuple(sorted([*others, span], key=lambda one: (one.first, one.last)))
    moved = replace(
        before,
        state=replace(state, spans=spans),
        became=(*before.became, *((gone, identity) for gone in known if gone != identity)),
        due=(*before.due, *_looked_at(state, span, known, now)),
    )
    return _told(moved, span, opened, piece, count)


def _opened(alert: Alert, piece: _Piece, identity: str, count: Count) -> Alert:
    """The alert as its first message tells it."""
    total = len(piece.matches)
    if total == alert.count:
        return replace(alert, alert_id=identity)
    counted = count(piece.first, piece.last)
    return replace(
        alert,
        alert_id=identity,
        count=max(1, counted.total),
        first_event_time=counted.first_event_time or alert.first_event_time,
        last_event_time=counted.last_event_time or alert.last_event_time,
    )


def _looked_at(state: GroupState, span: Span, known: dict[str, Span], now: int) -> Iterator[tuple[int, str]]:
    """An open alert is listed once; one that is new, or was closed, must be listed (again)."""
    before = known.get(span.alert_id)
    if not state.staged and (before is None or before.closed):
        yield now + min(state.quiet, CHECK_AFTER), span.alert_id


def _told(moved: Moved, span: Span, opened: tuple[Opened, ...], piece: _Piece, count: Count) -> Moved:
    """What must be told of a span that has got the matches of a piece."""
    state = moved.state
    if state.staged:
        return replace(moved, opened=(*moved.opened, *opened))
    known = state.acknowledged
    if known is not None:
        changes = _changes(known, piece.matches)
        quiet = tuple(replace(one, silent=one.silent or ACKNOWLEDGED) for one in opened)
        moved = replace(moved, opened=(*moved.opened, *quiet))
        if not changes:
            # Nothing is due to be told: what is counted now is known to whoever acknowledged it.
            return moved
        moved = replace(moved, state=replace(state, acknowledged=None), unacknowledged=True)
        counted = count(span.first, span.last)
        untold = counted.total if quiet and quiet[0].silent == ACKNOWLEDGED else counted.total - span.told
        follow_up = replace(
            _follow_up(Reason.CHANGED, counted, max(untold, 0)),
            changes=changes,
            acknowledged_by=known.by,
            acknowledged_at=known.at,
        )
        return _telling(moved, span, follow_up, span.heard)
    moved = replace(moved, opened=(*moved.opened, *opened))
    if span.counted >= GROWTH * span.told:
        counted = count(span.first, span.last)
        if counted.total < GROWTH * span.told:
            return replace(moved, state=state.with_span(replace(span, counted=counted.total)))
        return _telling(moved, span, _follow_up(Reason.GREW, counted, counted.total - span.told), span.heard)
    return moved


def _follow_up(reason: Reason, counted: Counted, more: int) -> FollowUp:
    return FollowUp(reason, counted.total, more, counted.first_event_time, counted.last_event_time)


def _telling(moved: Moved, span: Span, follow_up: FollowUp, now: int) -> Moved:
    """With a follow-up that tells all that the span counts; somebody must see that it went out."""
    told = replace(span, counted=follow_up.total, told=follow_up.total)
    return replace(
        moved,
        state=moved.state.with_span(told),
        tellings=(*moved.tellings, Telling(span.alert_id, follow_up)),
        due=(*moved.due, (now + CHECK_AFTER, span.alert_id)),
    )


def _changes(known: Acknowledgement, matches: Iterable[AlertMatch]) -> tuple[str, ...]:
    """What is new about the matches to whoever acknowledged the group, the most telling first."""
    origins = {match.origin for match in matches if match.origin} - {*known.origins}
    actions = {match.action for match in matches if match.action} - {*known.actions}
    found = [*(f"address {one}" for one in sorted(origins)), *(f"action {one}" for one in sorted(actions))]
    return tuple(found[:10])


def look(state: GroupState, identity: str, *, now: int, count: Count) -> Moved:
    """The state after a look at an alert that was due: closed, and the rest told, if nothing arrived for the
    quiet time; due again else."""
    span = state.span(identity)
    if span is None or span.closed:
        return Moved(state)
    ends = span.heard + state.quiet
    if now < ends:
        return Moved(state, due=((ends, identity),))
    counted = count(span.first, span.last)
    total = counted.total
    closed = replace(span, counted=total, told=max(total, span.told), closed=True)
    moved = Moved(state.with_span(closed))
    if total <= span.told or state.acknowledged is not None or state.staged:
        return moved
    return _telling(moved, closed, _follow_up(Reason.QUIET, counted, total - span.told), now)


def acknowledge(state: GroupState, known: Acknowledgement) -> GroupState:
    """The group, quiet until it changes character. What it was known by already stays; who was first stays
    too, unless there is more to say now: another note, or an origin or action that was not known."""
    before = state.acknowledged
    origins, actions, note = known.origins, known.actions, known.note
    if before is not None:
        origins, actions = _together(before.origins, origins), _together(before.actions, actions)
        note = note or before.note
    bounded = replace(
        known, note=note, origins=origins[:_CHARACTER_AT_MOST], actions=actions[:_CHARACTER_AT_MOST]
    )
    if before is not None and replace(bounded, by=before.by, at=before.at) == before:
        return state
    return replace(state, acknowledged=bounded)


def _together(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    return (*before, *(each for each in now if each not in before))


def close(state: GroupState, identity: str) -> GroupState:
    """The state after somebody closed an alert by hand: what has arrived of it is told no more, and the next
    match after its last, however soon, begins another."""
    span = state.span(identity)
    if span is None:
        return state
    told = replace(span, told=max(span.counted, span.told), closed=True)
    cuts = tuple(sorted({*state.cuts, span.last} - {""}))[-_CUTS_AT_MOST:]
    return replace(state.with_span(told), cuts=cuts)


def withdrawn(state: GroupState, places: Iterable[str], *, now: int) -> Moved:
    """The state after matches were taken back; `places` are the placed times of those that are left of the
    group, from the first to the last of its spans."""
    runs: list[tuple[str, str]] = []
    for place in sorted({*places}):
        if runs and _near(state, runs[-1][1], place):
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    spans, became = [], []
    for first, last in runs:
        inside = [span for span in state.spans if span.first <= last and first <= span.last]
        identity = _identity(state, first)
        told = max((span.told for span in inside), default=0)
        counted = max((span.counted for span in inside), default=0)
        heard = max((span.heard for span in inside), default=now)
        closed = bool(inside) and all(span.closed for span in inside)
        spans.append(Span(first, last, identity, counted, told, heard, closed))
        became += [(span.alert_id, identity) for span in inside if span.alert_id != identity]
    return Moved(replace(state, spans=tuple(spans)), became=tuple(became))


def _identity(state: GroupState, first: str) -> str:
    cut = max((cut for cut in state.cuts if cut < first), default=None)
    return alert_id(
        state.rule_id, state.group, first or None, quiet=state.quiet, staged=state.staged, cut=cut
    )


def _pieces(batch: AlertBatch, cuts: tuple[str, ...]) -> Iterator[_Piece]:
    """The batch between the cuts; one without matches is placed where it says."""
    if not batch.matches:
        place = batch.placed or ""
        yield _Piece(place, place, ())
        return
    matches = sorted(batch.matches, key=lambda match: match.placed or "")
    edges = [cut for cut in cuts if (matches[0].placed or "") <= cut < (matches[-1].placed or "")]
    for low, high in zip(["", *edges], [*edges, "~"], strict=True):
        inside = tuple(
            match
            for match in matches
            if low < (match.placed or "") <= high or (match.placed or "") == low == ""
        )
        if inside:
            yield _Piece(inside[0].placed or "", inside[-1].placed or "", inside)


def _reach(state: GroupState, piece: _Piece) -> tuple[str, str]:
    """Between which places a span must touch the piece to be one alert with it."""
    if not piece.first:
        return "", ""
    return shifted(piece.first, -state.quiet), shifted(piece.last, state.quiet)


def _joins(state: GroupState, span: Span, piece: _Piece, reach: tuple[str, str]) -> bool:
    if span.last < reach[0] or span.first > reach[1] or (not span.first) != (not piece.first):
        return False
    return not any(span.last <= cut < piece.first or piece.last <= cut < span.first for cut in state.cuts)


def _near(state: GroupState, earlier: str, later: str) -> bool:
    """Whether no longer gap than the quiet time, and no cut, lies between two places."""
    if not earlier or not later:
        return earlier == later
    if any(earlier <= cut < later for cut in state.cuts):
        return False
    return seconds_of(later) - seconds_of(earlier) <= state.quiet


def _pruned(state: GroupState, now: int) -> GroupState:
    """Without the spans that are over and so long ago that nothing late can belong to them."""
    kept = [span for span in state.spans if not span.closed or span.heard > now - _KEPT]
    cuts = tuple(cut for cut in state.cuts if seconds_of(cut) > now - 2 * _KEPT) if state.cuts else ()
    return replace(state, spans=tuple(kept[-_SPANS_AT_MOST:]), cuts=cuts)
