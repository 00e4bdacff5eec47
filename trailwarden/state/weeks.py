"""What a week (ISO 8601, UTC) came to, for the heartbeat: figures for people; a crash may cost some."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of an account: log files, records, and the time of the newest event."""

    files: int = 0
    records: int = 0
    newest: str | None = None

    def plus(self, other: "Seen") -> "Seen":
        """With what else was read."""
        times = [time for time in (self.newest, other.newest) if time]
        return Seen(self.files + other.files, self.records + other.records, max(times, default=None))


@dataclass(frozen=True, slots=True)
class WeekFigures:
    """What was read by account, what was told by level, and how many alerts were only kept."""

    accounts: Mapping[str, Seen] = field(default_factory=dict)
    told: Mapping[str, int] = field(default_factory=dict)
    held: int = 0
    staged: int = 0


class Weeks(Protocol):
    """The figures of weeks; a week is `2026-W48`."""

    def add_seen(self, week: str, seen: Mapping[str, Seen]) -> None:
        """Count what was read, by account."""

    def add_staged(self, number: int) -> None:
        """Count alerts of this week that were told to nobody."""

    def figures(self, week: str) -> WeekFigures:
        """What the week came to."""

    def begin_heartbeat(self, week: str, name: str) -> int:
        """Take it on to tell the topic of that name of the week. Returns which attempt it is, from 1; 0 where
        that is done, is another's, or is the first week ever, of which there is nothing to tell."""

    def heartbeat_failed(self, week: str, name: str) -> None:
        """It could not be sent, and the function is well: the attempt does not count."""

    def heartbeat_told(self, week: str, name: str) -> None:
        """Remember that a topic was told of the week."""


def week_of(moment: datetime) -> str:
    """The ISO week of an aware time, in UTC."""
    year, week, _ = moment.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


def week_before(moment: datetime) -> str:
    """The week before the one that an aware time lies in."""
    return week_of(moment - timedelta(days=7))


def week_bounds(week: str) -> tuple[datetime, datetime]:
    """Its first moment, and the first of the next."""
    begins = datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=UTC)
    return begins, begins + timedelta(days=7)
