"""Alerts as the people see them who act on them: what each counts by now, whether it was told, who has it.

A reader's view, and the three things that a person may do; how alerts come to be is another matter.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from trailwarden.alerts.group_state import Scope
from trailwarden.alerts.likeness import Keys
from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.alerts.telling import Reason
from trailwarden.alerts.terms import DEFAULT_TERMS, Terms
from trailwarden.alerts.variety import Variety
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
class MessageEntry:
    """One message of an alert: why, how many events it counts, and what became of it. `told_at` (RFC 3339,
    UTC) is None where it was not told (yet); `held_in` is the hour (`2026-03-01T12`, UTC) in which it was
    held back, None where it was not; `silent` says why nobody was to be told."""

    reason: Reason
    total: int
    told_at: str | None = None
    held_in: str | None = None
    silent: str = ""
    variety: Variety | None = None
    """What differs among the events that it counts; None if nobody looked."""

    @property
    def shown(self) -> bool:
        """Whether it was sent, or a summary reported it."""
        return bool(self.told_at or self.held_in) and not self.silent

    @property
    def keys(self) -> Keys:
        """What it has shown (`alerts.likeness`): nothing, if it was not sent, or not yet."""
        return self.variety.keys if self.shown and self.variety else {}


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """One alert as it stands. `alert` is as it was opened, which was at `came_at`; `total` and the times
    (RFC 3339, UTC; None where unknown) are of all events that it counts by now.

    `told_at` is None where nobody was told (yet); `held`: a budget was used up, only a summary told of it;
    `follow_up_held`: that happened to a later message of it. `over`: nothing more came for its
    quiet time; `closed`: somebody closed it. What is acknowledged is its whole group: alerts of it that come
    later too. `became` is the id of the alert that it is a part of now.
    Names are those that AWS gives (`assumed-role/trailwarden-responders/alice`), empty where nobody did it.
    """

    alert: Alert
    total: int
    first_event_time: str | None
    last_event_time: str | None
    came_at: str = ""
    told_at: str | None = None
    held: bool = False
    follow_up_held: bool = False
    over: bool = False
    acknowledged_by: str = ""
    acknowledged_at: str = ""
    note: str = ""
    closed: bool = False
    closed_by: str = ""
    closed_at: str = ""
    closing_note: str = ""
    became: str | None = None
    at_least: bool = False
    """There are more events than `total`, and nobody counts how many."""
    variety: Variety | None = None
    """What differs among all events; None where nobody looked."""
    acknowledged_until: str = ""
    acknowledged_targets: Scope | None = None
    """Which targets the acknowledgement covers; None where there is none."""
    acknowledged_level: str = ""
    """The worst level that it covers."""

    @property
    def now(self) -> Alert:
        """The alert with all that it counts by now."""
        same = self.total == self.alert.count and self.alert.variety is not None
        return replace(
            self.alert,
            count=self.total,
            first_event_time=self.first_event_time,
            last_event_time=self.last_event_time,
            variety=self.alert.variety if same else self.variety,
        )


Wanted = Callable[[AlertEntry], bool]
"""Whether an alert is to be listed. Its events may not be counted yet: `total` and the times are none to go
by."""


def everything(_: AlertEntry) -> bool:
    """Every alert is wanted."""
    return True


class AlertBook(Protocol):
    """The alerts, as people ask for them."""

    def list(
        self,
        since: datetime,
        until: datetime | None = None,
        *,
        limit: int,
        wanted: Wanted = everything,
        ongoing: bool = False,
    ) -> Iterator[AlertEntry]:
        """At most `limit` of the `wanted` alerts that came at `since` or later and before `until` (aware
        times), newest first; then, if `ongoing`, those from before `since` that are not over. None that
        became another, and none whose matches were all withdrawn."""

    def get(self, alert_id: str) -> AlertEntry | None:
        """The alert with this id, or the only one whose id begins so (`LEAST_PREFIX` characters at least),
        or what it became; None where there is none. Raises `AmbiguousAlertError`."""

    def messages(self, alert_id: str) -> Sequence[MessageEntry]:
        """What was told of the alert, or is to be: its first message, then its follow-ups."""

    def matches(self, alert_id: str, limit: int) -> Iterator[AlertMatch]:
        """At most `limit` of the matches that an alert counts, oldest first."""


class Answers(Protocol):
    """What people do to alerts. Every call may be repeated: a second time changes nothing.

    Each takes a whole id, follows `became`, and raises `KeyError` where there is no such alert; `by` is who
    does it.
    """

    def acknowledge(self, alert_id: str, by: str, note: str, terms: Terms = DEFAULT_TERMS) -> AlertEntry:
        """Somebody looks after its group, which is told again only if it shows what no message has shown, or
        a worse level, or the time is over: what came since the last message, too. Who was first stays, unless
        there is more to say: another note, other terms, or another alert of the group with others of these.

        Raises `AnswerRefusedError` where the alert may not be acknowledged so."""

    def unacknowledge(self, alert_id: str, by: str) -> AlertEntry:
        """Nobody does any more: what comes is told as before."""

    def close(self, alert_id: str, by: str, note: str = "") -> AlertEntry:
        """It is dealt with; `note` says how. What comes after opens another alert."""
