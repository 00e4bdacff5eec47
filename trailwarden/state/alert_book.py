"""Alerts as the people see them who act on them: what each counts by now, whether it was told, who has it.

A reader's view, and the three things that a person may do; how alerts come to be is another matter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.errors import TrailwardenError

LEAST_PREFIX = 8
"""How many characters of an alert's id name it, where no other begins so."""
AMBIGUOUS_AT_MOST = 10


class AmbiguousAlertError(TrailwardenError):
    """Several alerts begin with these characters. `entries` are some of them, newest first."""

    def __init__(self, prefix: str, entries: Sequence["AlertEntry"]) -> None:
        self.prefix = prefix
        self.entries = tuple(entries[:AMBIGUOUS_AT_MOST])
        super().__init__(f"several alerts begin with {prefix}")


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """One alert as it stands. `alert` is as it was opened; `total` and the times (RFC 3339, UTC; None where
    unknown) are of all events that it counts by now.

    `told_at` is None where nobody was told (yet); `held`: a budget was used up, only a summary told of it.
    `became` is the id of the alert that it is a part of by now. Names are those that AWS gives
    (`assumed-role/trailwarden-responders/alice`), empty where nobody did it.
    """

    alert: Alert
    total: int
    first_event_time: str | None
    last_event_time: str | None
    told_at: str | None = None
    held: bool = False
    acknowledged_by: str = ""
    acknowledged_at: str = ""
    note: str = ""
    closed: bool = False
    closed_by: str = ""
    closed_at: str = ""
    became: str | None = None


class AlertBook(Protocol):
    """The alerts, and what people do to them. Every call may be repeated: a second time changes nothing.

    Those that change take whole ids, follow `became`, and raise `KeyError` where there is no such alert; `by`
    is who does it.
    """

    def list(self, since: datetime, until: datetime | None = None, *, limit: int) -> Iterator[AlertEntry]:
        """At most `limit` alerts whose last event is of `since` or later and before `until` (aware times), or
        of no known time, newest first; none that became another."""

    def get(self, alert_id: str) -> AlertEntry | None:
        """The alert with this id, or the only one whose id begins so (`LEAST_PREFIX` characters at least),
        or what it became; None where there is none. Raises `AmbiguousAlertError`."""

    def matches(self, alert_id: str, limit: int) -> Iterator[AlertMatch]:
        """At most `limit` of the matches that an alert counts, oldest first."""

    def acknowledge(self, alert_id: str, by: str, note: str) -> AlertEntry:
        """Somebody looks after it: it is told again only where a new address or a new action shows. Who was
        first stays, unless the note is another."""

    def unacknowledge(self, alert_id: str, by: str) -> AlertEntry:
        """Nobody does any more: what comes is told as before."""

    def close(self, alert_id: str, by: str) -> AlertEntry:
        """It is dealt with. What comes after opens another alert."""
