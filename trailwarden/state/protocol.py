"""What must be remembered between two log files, and by whom.

Every call may be repeated: a second time changes nothing.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from trailwarden.alerts.model import Alert, AlertBatch

STAGED_AT_MOST = 1000
"""How many staged alerts of one rule are read, unless more are asked for."""
UNKNOWN_HOUR = "unknown"


def alert_hour(alert: Alert) -> str:
    """The UTC hour that an alert is of, as `2026-01-31T23`; `unknown` (which sorts last) where its events
    say no time. The last event that an alert counts lies in its hour, also where a correlation's window began
    before."""
    return alert.last_event_time[: len("2026-01-31T23")] if alert.last_event_time else UNKNOWN_HOUR


def hour_of(moment: datetime) -> str:
    """The UTC hour of an aware time, written as `alert_hour` writes it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H}"


class FileOutcome(StrEnum):
    """How the reading of a log file (or of a notice) ended for good."""

    READ = "read"
    UNREADABLE = "unreadable"


class AlertStore(Protocol):
    """Groups, the matches that they count, and what must be told of them."""

    def add(self, batches: Iterable[AlertBatch]) -> int:
        """Store the matches, then move their groups on (`alerts.groups`). Returns how many alerts are new.

        A match that is there already is not counted again. What must be told is written in the step that says
        so. Raises where not all of it could be stored.
        """


class RevisableAlertStore(AlertStore, Protocol):
    """An `AlertStore` in which correlations also see, and take back, what a group counts."""

    def matches_of(self, group_key: str, place: str) -> set[str]:
        """The ids of the group's matches that are placed there (`AlertMatch.placed`); read consistently."""

    def withdraw(self, group_key: str, place: str, match_ids: Set[str]) -> None:
        """Remove matches from the group. What was told stays told; an alert without matches is void."""


class StagedAlerts(Protocol):
    """What staged rules would have told."""

    def of_rule(self, rule_id: str, since: datetime, *, limit: int = STAGED_AT_MOST) -> Iterator[Alert]:
        """The staged alerts of a rule (or correlation), newest hour first, at most `limit`: those whose hour
        is that of `since` (aware) or later, or unknown. Each is as it was opened; its matches may be more by
        now."""

    def count_of_rule(self, rule_id: str, since: datetime) -> int:
        """How many there are, without reading them."""


@dataclass(frozen=True, slots=True)
class HiddenCount:
    """What an exception hid: how many matches, and the day (UTC, of the events) of the last of them; 0 and
    None where it hid nothing."""

    count: int = 0
    last_day: date | None = None

    def plus(self, count: int, day: date) -> "HiddenCount":
        """With so many more on a day."""
        return HiddenCount(self.count + count, max(day, self.last_day or day))


HiddenByDay = Mapping[tuple[str, str], int]
"""By exception id and day (YYYY-MM-DD), how many matches one file had that the exception hid."""
NOTHING_HIDDEN: HiddenByDay = MappingProxyType({})


class ExceptionCounts(Protocol):
    """What exceptions hid."""

    def exception_counts(self, exception_ids: Collection[str], since: date) -> dict[str, HiddenCount]:
        """What each exception hid of events of `since` and after; every id that was asked for is there."""
