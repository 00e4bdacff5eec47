"""What a group becomes when matches of it are withdrawn: a late record has undone what a correlation found.

Matches are deleted in the transaction that moves the state, a few dozen at a time. So at every moment each
alert has matches, and `Span.told` is never more than messages have counted of those that are there.
"""

from collections.abc import Iterator, Set
from dataclasses import replace

from trailwarden.alerts.acknowledging import quiet_at
from trailwarden.alerts.group_state import (
    ACKNOWLEDGED,
    CARRIED_ON,
    Counted,
    GroupState,
    Moved,
    Opened,
    Range,
    Span,
    Stored,
    identity_of,
    near,
)
from trailwarden.alerts.groups import CHECK_AFTER, follow_up_of, sending
from trailwarden.alerts.model import Alert
from trailwarden.alerts.placement import shifted
from trailwarden.alerts.telling import Reason
from trailwarden.delivery.records import event_identity
from trailwarden.engine.match import match_id
from trailwarden.safety.safe_record import SafeRecord
from trailwarden.safety.text import one_line, visible

_DELETED_AT_ONCE = 40
_TITLE_LIMIT = 300


def withdrawn(
    state: GroupState, place: str, match_ids: Set[str], *, now: int, stored: Stored
) -> Moved | None:
    """The state after matches at a place are withdrawn, or as many of them as one transaction deletes; None
    if none of them is there (any more)."""
    there = stored.match_ids(place)
    taken = frozenset((place, each) for each in sorted(there & match_ids)[:_DELETED_AT_ONCE])
    if not taken:
        return None
    moved = Moved(replace(state, revisions=state.revisions + 1), deleted=tuple(sorted(taken)))
    span = next((span for span in state.spans if span.first <= place <= span.last), None)
    if span is None:
        return moved  # whoever stored them has not moved the group yet
    ranges = _ranges(state, span, place, emptied=len(taken) == len(there), stored=stored)
    before = stored.count(span.first, span.last)
    moved = replace(moved, state=moved.state.with_spans(one for one in state.spans if one != span))
    parts: list[str] = []
    for edges in ranges:
        counted = stored.count_of([edges], taken)
        part = _part(state, span, edges, before.total - counted.total, counted)
        moved = _with_part(moved, span, part, counted, taken, now=now, stored=stored)
        parts.append(part.alert_id)
    if not parts:
        return replace(moved, withdrawn=(span.alert_id,))
    return moved if span.alert_id in parts else replace(moved, became=((span.alert_id, parts[0]),))


def _ranges(state: GroupState, span: Span, place: str, *, emptied: bool, stored: Stored) -> Iterator[Range]:
    """What is left of a span: two ranges, where nothing is left between them."""
    if not emptied or not place:
        if not emptied:
            yield span.first, span.last
        return
    before = stored.latest(span.first, shifted(place, -1)) if span.first < place else None
    after = stored.earliest(shifted(place, 1), span.last) if place < span.last else None
    ends = before.placed if before is not None else None
    begins = after.placed if after is not None else None
    if ends and begins and near(state, ends, begins):
        yield span.first, span.last
        return
    if ends:
        yield span.first, ends
    if begins:
        yield begins, span.last


def _part(state: GroupState, span: Span, edges: Range, gone: int, counted: Counted) -> Span:
    """A part of a span, when so many of its matches are elsewhere or withdrawn. All of these may have been
    counted by messages, so of the part at least the rest was."""
    told = max(0, min(span.told - gone, counted.total))
    return replace(
        span,
        first=edges[0],
        last=edges[1],
        alert_id=identity_of(state, edges[0]),
        counted=counted.total,
        told=told,
        closed=span.closed and told >= counted.total,
        revised=span.revised or span.told > 0,
    )


def _with_part(  # noqa: PLR0913 (what becomes of a part)
    moved: Moved,
    span: Span,
    part: Span,
    counted: Counted,
    taken: Set[tuple[str, str]],
    *,
    now: int,
    stored: Stored,
) -> Moved:
    """The move with a part of a span that it has besides, and with what must be sent of it."""
    state = moved.state
    quiet = quiet_at(state, now)
    silent = state.staged or quiet
    if not silent and not part.closed and (span.closed or part.alert_id != span.alert_id):
        part = replace(part, heard=now)
        moved = replace(moved, due=(*moved.due, (now + min(state.quiet, CHECK_AFTER), part.alert_id)))
    moved = replace(moved, state=state.with_spans((*state.spans, part)))
    template = stored.alert(span.alert_id)
    shown = None if template is None else _shown(template, part, counted, taken, stored)
    if part.alert_id != span.alert_id and shown is not None and stored.alert(part.alert_id) is None:
        why = CARRIED_ON if part.told else ACKNOWLEDGED if quiet else ""
        if not part.told:
            moved = replace(
                moved, state=moved.state.with_span(replace(part, told=counted.total, revised=False))
            )
        return replace(moved, opened=(*moved.opened, Opened(shown, why, part.first)))
    if shown is not None and (part.alert_id != span.alert_id or shown != template):
        moved = replace(moved, revised=(*moved.revised, shown))
    if part.told or silent:
        return moved
    return sending(moved, part, follow_up_of(Reason.RECOUNTED, counted, 0), now)


def _shown(alert: Alert, part: Span, counted: Counted, taken: Set[tuple[str, str]], stored: Stored) -> Alert:
    """The alert as a part of it is shown: by the same record if that still counts, else by where the earliest
    match of the part lies, since records are not kept."""
    earliest = stored.earliest(part.first, part.last, taken)
    if part.alert_id == alert.alert_id and not alert.record_omitted and not _is_taken(alert, taken):
        return alert
    shown = replace(
        alert,
        alert_id=part.alert_id,
        count=max(1, counted.total),
        first_event_time=counted.first_event_time,
        last_event_time=counted.last_event_time,
        variety=counted.variety,
    )
    if earliest is None or (earliest.evidence == alert.evidence and not _is_taken(alert, taken)):
        return shown
    named = ", ".join(f"{name} {visible(text, 140)}" for name, text in alert.group.items())
    return replace(
        shown,
        title=one_line(f"{alert.rule_title}: {named}", _TITLE_LIMIT),
        evidence=earliest.evidence,
        record=SafeRecord({}),
        record_omitted=True,
    )


def _is_taken(alert: Alert, taken: Set[tuple[str, str]]) -> bool:
    """Whether the record that an alert shows is of a match that is withdrawn."""
    shown = match_id(alert.rule_id, event_identity(alert.record)) if alert.record else ""
    return any(shown == each for _, each in taken)
