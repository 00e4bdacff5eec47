"""Alerts in a line, in JSON, and their history: safe to print, whatever an attacker wrote into them."""

from collections.abc import Iterator, Sequence
from typing import Any

from trailwarden.activity.model import Context
from trailwarden.alerts.likeness import INCOMPARABLE
from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.alerts.telling import Reason
from trailwarden.cli.report import alert_line
from trailwarden.cli.tables import counted
from trailwarden.messages.story import told_title
from trailwarden.safety.text import harmless, one_line
from trailwarden.state.alert_book import AlertEntry, MessageEntry

SHORT_ID = 12
"""How many characters of an id are shown where there is little room: enough to name it."""
_TITLE = 300
_WHY = {
    Reason.OPENED: "it began",
    Reason.GREW: "it grew",
    Reason.QUIET: "it had been quiet",
    Reason.CHANGED: "it changed character",
    Reason.RECOUNTED: "late records took some back",
}


def title_of(entry: AlertEntry, context: Context | None = None) -> str:
    """The alert's sentence, marked where its rule tells nobody."""
    title = harmless(told_title(entry.now, context), _TITLE)
    return f"{title} [{one_line(entry.alert.status, 20)}]" if entry.alert.staged else title


def account_of(alert: Alert, context: Context) -> str:
    """`444455556666 (Payments)`, as far as the name is known."""
    known = context.accounts.get(alert.account)
    name = f" ({harmless(known.name, 60)})" if known and known.name else ""
    return one_line(alert.account, 20) + name


def entry_text(entry: AlertEntry) -> str:
    """One alert on one line."""
    when = entry.last_event_time or "unknown time"
    return f"{entry.alert.alert_id[:SHORT_ID]}  {entry.alert.level:<13} {when:<20}  {title_of(entry)}"


def state_of(entry: AlertEntry) -> str:
    """`held`, `told, ack alice`, `closed`: how the alert stands, in a few words."""
    if entry.closed:
        return "closed"
    told = "held" if entry.held else "told" if entry.told_at else "untold"
    return f"{told}, ack {_person(entry.acknowledged_by)}" if entry.acknowledged_by else told


def entry_line(entry: AlertEntry) -> dict[str, Any]:
    """One alert as `--json` prints it: what `scan` prints, and how it stands."""
    return {
        **alert_line(entry.alert),
        "title": told_title(entry.now),
        "count": entry.total,
        "count_is_at_least": entry.at_least,
        "first_event_time": entry.first_event_time,
        "last_event_time": entry.last_event_time,
        "staged": entry.alert.staged,
        **history(entry),
    }


def history(entry: AlertEntry) -> dict[str, Any]:
    """What became of the alert, for machines; null where it did not."""
    return {
        "came_at": entry.came_at or None,
        "told_at": entry.told_at,
        "held": entry.held,
        "follow_up_held": entry.follow_up_held,
        "over": entry.over,
        "acknowledged_by": entry.acknowledged_by or None,
        "acknowledged_at": entry.acknowledged_at or None,
        "acknowledged_until": entry.acknowledged_until or None,
        "acknowledged_targets": entry.acknowledged_targets,
        "note": entry.note or None,
        "closed": entry.closed,
        "closed_by": entry.closed_by or None,
        "closed_at": entry.closed_at or None,
        "closing_note": entry.closing_note or None,
    }


def match_line(match: AlertMatch) -> dict[str, Any]:
    """One event of an alert, for machines."""
    shown = match.character
    return {
        "event_time": match.event_time,
        "action": shown.action or None,
        "target": shown.target or None,
        "outcome": shown.outcome or "done",
        "account": shown.account or None,
        "actor": shown.principal if shown.principal not in {"", INCOMPARABLE} else None,
        "origin": shown.origin or None,
        "event_id": match.event_id,
        "log_file": match.evidence.log_file,
        "record_index": match.evidence.record_index,
    }


def message_line(message: MessageEntry) -> dict[str, Any]:
    """One message of an alert, for machines; null is what did not happen."""
    return {
        "reason": str(message.reason),
        "count": message.total,
        "told_at": message.told_at,
        "held_in": message.held_in,
        "silent": message.silent or None,
    }


def history_lines(entry: AlertEntry, messages: Sequence[MessageEntry]) -> Iterator[str]:
    """What became of the alert, for people."""
    if entry.alert.staged:
        yield f"Told:         never: its rule is {one_line(entry.alert.status, 20)}, and tells nobody"
    else:
        yield from (_told(message) for message in messages)
    if not entry.total:
        yield "Taken back:   nothing is left of what it counted"
    if entry.at_least:
        yield f"Counted:      more than {counted(entry.total, 'event')}"
    if entry.acknowledged_by:
        at = one_line(entry.acknowledged_at, 40)
        by, until = one_line(entry.acknowledged_by, 200), one_line(entry.acknowledged_until, 40)
        ends = f", until {until}" if until else ""
        yield f"Acknowledged: {at}, by {by}, with all alerts of its group{ends}"
        if entry.note:
            yield f"Note:         {harmless(entry.note, 500)}"
    if entry.closed:
        by = f", by {one_line(entry.closed_by, 200)}" if entry.closed_by else ""
        yield f"Closed:       {one_line(entry.closed_at, 40)}{by}"
        if entry.closing_note:
            yield f"Note:         {harmless(entry.closing_note, 500)}"


def _told(message: MessageEntry) -> str:
    """`Told:         2026-03-01T12:05:00Z, 10 events: it grew`."""
    why = f"{counted(message.total, 'event')}: {_WHY[message.reason]}"
    if message.told_at:
        return f"Told:         {one_line(message.told_at, 40)}, {why}"
    if message.held_in:
        return f"Held back:    in the hour from {message.held_in}:00Z, {why}; a summary told of it"
    if message.silent:
        return f"Not told:     {why}; {one_line(message.silent, 40)}"
    return f"Told:         not yet, {why}"


def _person(caller: str) -> str:
    """`alice`, of `assumed-role/trailwarden-responders/alice`."""
    return one_line(caller.rpartition("/")[2], 40)
