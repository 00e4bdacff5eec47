"""The alerts of one group over time: which there are, and what must be told of them.

A group's alerts are stretches of its matches without a gap longer than its quiet time, in event time. So
they are a function of the set of its matches (and of the moments at which somebody closed one by hand),
whatever the order in which these arrive. What is told depends, besides, on what had arrived when it was told.

Nothing here reads or writes: a store reads the state, asks what it becomes, and writes that together with
what must be told, on the condition that nobody else moved the state meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from trailwarden.alerts.acknowledging import Changes, acknowledge, changes_of, quiet_at
from trailwarden.alerts.filing import is_filed
from trailwarden.alerts.group_state import (
    ACKNOWLEDGED,
    CARRIED_ON,
    Acknowledgement,
    Count,
    Counted,
    GroupState,
    Moved,
    Opened,
    Span,
    Stored,
    Telling,
    identity_of,
)
from trailwarden.alerts.model import Alert, AlertBatch, AlertGroup
from trailwarden.alerts.pieces import Piece, first_piece
from trailwarden.alerts.placement import seconds_of
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.alerts.variety import variety_of

__all__ = [
    "ACKNOWLEDGED",
    "CARRIED_ON",
    "CHECK_AFTER",
    "GROWTH",
    "Acknowledgement",
    "Count",
    "Counted",
    "GroupState",
    "Moved",
    "Opened",
    "Span",
    "Stored",
    "Telling",
    "Unsent",
    "acknowledge",
    "acknowledged",
    "add",
    "begun",
    "close",
    "follow_up_of",
    "look",
    "sending",
]

GROWTH = 10
"""An alert is told again when it counts so many times what was told."""
CHECK_AFTER = 600
"""How many seconds after an alert was opened somebody looks whether it was told."""
_CUTS_AT_MOST = 50


class Unsent(Protocol):
    """What is stored of a group that somebody acknowledges."""

    def count(self, span: Span) -> Counted:
        """How many different matches a span has."""

    def changes(self, span: Span, known: Acknowledgement, before: Acknowledgement | None) -> Changes:
        """What is new of a span's matches (`alerts.acknowledging.changes_of`), but for what its messages have
        shown, or an acknowledgement from before covers."""


def begun(group: AlertGroup) -> GroupState:
    """The state of a group of which nothing is known yet."""
    return GroupState(group.rule_id, group.values, group.staged, group.quiet)


def add(state: GroupState, batch: AlertBatch, *, now: int, stored: Stored) -> Moved:
    """The state after the matches of a batch, which are stored already: of its first piece, where it needs
    more than one move (`left` is the rest).

    `now` is in seconds since 1970. The batch may come again, and others may come before or after: the spans
    end the same.
    """
    if state.quiet != batch.group.quiet:
        state = replace(state, quiet=batch.group.quiet)
    piece, rest = first_piece(state, batch)
    left = replace(batch, matches=rest) if rest else None
    if batch.revisable and stored.earliest(piece.first, piece.last) is None:
        return Moved(state, left=left)  # they were withdrawn since
    return replace(_add_piece(state, batch, piece, now, stored), left=left)


def _add_piece(state: GroupState, batch: AlertBatch, piece: Piece, now: int, stored: Stored) -> Moved:
    joined = piece.joined
    first = min([piece.first, *(span.first for span in joined)])
    last = max([piece.last, *(span.last for span in joined)])
    identity = identity_of(state, first)
    known = {one.alert_id: one for one in joined}
    span = Span(
        first,
        last,
        identity,
        counted=sum(span.counted for span in joined) + len(piece.matches),
        told=_told_of(joined, batch, stored),
        heard=now,
        opened=min([now, *(span.opened or span.heard for span in joined)]),
        revised=any(span.revised for span in joined),
    )
    opened: tuple[Opened, ...] = ()
    revised: tuple[Alert, ...] = ()
    if identity not in known:
        shown = _opened(batch, piece, identity, stored) if not joined else None
        alert = shown or _under(batch.alert, identity)
        if batch.revisable and stored.alert(identity) is not None:
            # It was there before, and all of it withdrawn: a message says that it is back.
            revised, span = (alert,), replace(span, revised=True)
        else:
            opened = (Opened(alert, "" if shown else CARRIED_ON, first),)
            told = shown.count if shown else span.told
            span = replace(span, told=told, counted=max(span.counted, told))
    moved = Moved(
        state.with_spans((*(one for one in state.spans if one not in joined), span)),
        revised=revised,
        became=tuple((gone, identity) for gone in known if gone != identity),
        due=tuple(_looked_at(state, span, known, now)),
    )
    return _told(moved, span, opened, batch, piece, stored)


def _told_of(joined: Sequence[Span], batch: AlertBatch, stored: Stored) -> int:
    """How many matches of the spans together messages have counted. One event may stand at several places of
    a correlation's: of those that two spans counted, one is too many."""
    told = sum(span.told for span in joined)
    if batch.placed is None or len(joined) < 2:
        return told
    ranges = [(span.first, span.last) for span in joined]
    twice = sum(stored.count(*one).total for one in ranges) - stored.count_of(ranges).total
    return max(0, told - twice)


def _under(alert: Alert, identity: str) -> Alert:
    return alert if alert.alert_id == identity else replace(alert, alert_id=identity)


def _opened(batch: AlertBatch, piece: Piece, identity: str, stored: Stored) -> Alert:
    """The alert as its first message tells it."""
    alert = batch.alert
    if len(piece.matches) == alert.count and not batch.revisable:
        shown = replace(alert, alert_id=identity, variety=variety_of(piece.matches))
    else:
        counted = stored.count(piece.first, piece.last)
        shown = replace(
            alert,
            alert_id=identity,
            count=max(1, counted.total),
            first_event_time=counted.first_event_time or alert.first_event_time,
            last_event_time=counted.last_event_time or alert.last_event_time,
            variety=counted.variety,
        )
    if batch.placed is not None and shown.count == alert.count and shown.variety is not None:
        # The sentence of a correlation is made of all of its events.
        return replace(shown, variety=replace(shown.variety, alike=True))
    return shown


def _looked_at(state: GroupState, span: Span, known: dict[str, Span], now: int) -> Iterator[tuple[int, str]]:
    """An open alert is listed once; one that is new, or was closed, must be listed (again)."""
    before = known.get(span.alert_id)
    if not state.staged and (before is None or before.closed):
        yield now + min(state.quiet, CHECK_AFTER), span.alert_id


def _told(  # noqa: PLR0913, PLR0917 (what there is to tell of)
    moved: Moved, span: Span, opened: tuple[Opened, ...], batch: AlertBatch, piece: Piece, stored: Stored
) -> Moved:
    """What must be told of a span that has got the matches of a piece."""
    state = moved.state
    if state.staged:
        return replace(moved, opened=(*moved.opened, *opened))
    if state.acknowledged is not None:
        if quiet_at(state, span.heard):
            return _told_quietly(moved, state.acknowledged, span, opened, batch, piece, stored)
        state = replace(state, acknowledged=None)
        moved = replace(moved, state=state, unacknowledged=True)
    moved = replace(moved, opened=(*moved.opened, *opened))
    if span.counted >= GROWTH * span.told:
        counted = stored.count(span.first, span.last)
        if counted.total < GROWTH * span.told:
            return replace(moved, state=state.with_span(replace(span, counted=counted.total)))
        return sending(moved, span, follow_up_of(_reason(span, Reason.GREW), counted, span.told), span.heard)
    return moved


def _told_quietly(  # noqa: PLR0913, PLR0917 (what there is to tell of)
    moved: Moved,
    known: Acknowledgement,
    span: Span,
    opened: tuple[Opened, ...],
    batch: AlertBatch,
    piece: Piece,
    stored: Stored,
) -> Moved:
    """What must be told of a span of an acknowledged group: what is new, which ends the acknowledgement."""
    alert = opened[0].alert if opened else batch.alert
    changes = changes_of(known, piece.matches, alert)
    quiet = tuple(replace(one, silent=one.silent or ACKNOWLEDGED) for one in opened)
    moved = replace(moved, opened=(*moved.opened, *quiet))
    if not changes.named:
        # Nothing is due to be told: what is counted now is known to whoever acknowledged it.
        return moved
    moved = replace(moved, state=replace(moved.state, acknowledged=None), unacknowledged=True)
    before = (
        stored.alert(span.alert_id) if not opened and changes.named[0] == f"level {alert.level}" else None
    )
    if before is not None:
        moved = replace(moved, revised=(*moved.revised, replace(before, level=alert.level)))
    counted = stored.count(span.first, span.last)
    opened_now = bool(quiet) and quiet[0].silent == ACKNOWLEDGED
    follow_up = replace(
        changes.shown_by(follow_up_of(Reason.CHANGED, counted, 0 if opened_now else span.told)),
        acknowledged_by=known.by,
        acknowledged_at=known.at,
    )
    return sending(moved, span, follow_up, span.heard)


def _reason(span: Span, reason: Reason) -> Reason:
    """Why a follow-up is sent that also says that some of its matches were withdrawn, if they were."""
    return Reason.RECOUNTED if span.revised else reason


def follow_up_of(reason: Reason, counted: Counted, told: int) -> FollowUp:
    """What is sent of an alert that counts so much, of which so much was sent."""
    return FollowUp(
        reason,
        counted.total,
        max(0, counted.total - told),
        counted.first_event_time,
        counted.last_event_time,
        at_least=counted.at_least,
        variety=counted.variety,
    )


def sending(moved: Moved, span: Span, follow_up: FollowUp, now: int) -> Moved:
    """With a follow-up that tells all that the span counts; somebody must see that it went out."""
    told = replace(span, counted=follow_up.total, told=follow_up.total, revised=False)
    return replace(
        moved,
        state=moved.state.with_span(told),
        tellings=(*moved.tellings, Telling(span.alert_id, follow_up, moved.state.revisions)),
        due=(*moved.due, (now + CHECK_AFTER, span.alert_id)),
    )


def look(state: GroupState, identity: str, *, now: int, count: Count, longest: int | None = None) -> Moved:
    """The state after a look at an alert that was due: closed, and the rest told, if nothing arrived for the
    quiet time; due again else.

    `longest`: how many seconds an alert may go on. One that goes on for longer is closed too, and the next
    match begins another: what it counts is not kept for ever.
    """
    span = state.span(identity)
    if span is None or span.closed:
        return Moved(state)
    ends = span.heard + state.quiet
    too_long = longest is not None and now - (span.opened or span.heard) >= longest
    if now < ends and not too_long:
        return Moved(state, due=((ends, identity),))
    counted = count(span.first, span.last)
    total = counted.total
    closed = replace(span, counted=total, told=max(total, span.told), closed=True)
    after = state.with_span(closed)
    if now < ends:
        after = _cut(after, span.last)
    moved = Moved(after, closed=True)
    if total <= span.told or _kept_quiet(state, span) or state.staged:
        return moved
    reason = _reason(span, Reason.GREW if now < ends else Reason.QUIET)
    return sending(moved, closed, follow_up_of(reason, counted, span.told), now)


def _kept_quiet(state: GroupState, span: Span) -> bool:
    """Whether an acknowledgement covers what is unsent of a span. It does not if nobody compared that: the
    acknowledgement came after all of it, and the span was stored beside the state."""
    if state.acknowledged is None or not quiet_at(state, span.heard):
        return False
    return span.heard >= seconds_of(state.acknowledged.at) or not is_filed(state, span.last)


def acknowledged(
    state: GroupState, known: Acknowledgement, title: str, *, now: int, unsent: Unsent
) -> Moved | None:
    """The move by which somebody acknowledges a group; None if it changes nothing.

    They had seen what messages showed. What came since, and no message counts, is compared as though it came
    now: what is new is sent, and the group is not acknowledged; what is too much to be compared is sent, too.
    """
    after = acknowledge(state, known)
    agreed = after.acknowledged
    if agreed is None or after == state:
        return None
    moved = Moved(after, acknowledged_as=title)
    for span in after.spans:
        if span.closed or span.counted <= span.told:
            continue
        counted = unsent.count(span)
        if counted.total <= span.told:
            continue
        changes = unsent.changes(span, agreed, state.acknowledged)
        if changes.named:
            refused = Moved(replace(after, acknowledged=state.acknowledged))
            follow_up = replace(
                changes.shown_by(follow_up_of(Reason.CHANGED, counted, span.told)),
                acknowledged_by=known.by,
                acknowledged_at=known.at,
            )
            return sending(refused, span, follow_up, now)
        if counted.variety is None or not counted.variety.whole:
            moved = sending(moved, span, follow_up_of(_reason(span, Reason.GREW), counted, span.told), now)
    return moved


def close(state: GroupState, identity: str, total: int | None = None) -> GroupState:
    """The state after somebody closed an alert by hand: what has arrived of it, `total` matches, is told no
    more, and the next match after its last, however soon, begins another."""
    span = state.span(identity)
    if span is None:
        return state
    told = max(span.counted if total is None else total, span.told)
    return _cut(state.with_span(replace(span, told=told, closed=True)), span.last)


def _cut(state: GroupState, last: str) -> GroupState:
    """The state of which the next match after a place begins another alert."""
    return replace(state, cuts=tuple(sorted({*state.cuts, last} - {""}))[-_CUTS_AT_MOST:])
