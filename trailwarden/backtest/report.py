"""What a backtest found. The names are those of `--json` (docs/backtest.md): fields stay, new ones may come.

Times are RFC 3339, UTC, to the second; days are `2026-01-31`; None where unknown. Texts that come from
records are on one line, bounded and free of what a terminal would obey; they are still an attacker's words.
"""

from dataclasses import asdict, dataclass
from typing import Any

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Share:
    """How many matches, and alerts, have one value."""

    value: str
    matches: int
    alerts: int


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) on which something was found."""

    day: str
    matches: int
    alerts: int


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule, or correlation, came to. `hidden`: matches that exceptions keep from it. One that does
    not `generate` only feeds correlations: its matches are told to nobody."""

    id: str
    title: str
    level: str
    status: str
    correlation: bool
    generates: bool
    matches: int
    hidden: int
    alerts: int
    days: tuple[Day, ...]

    @property
    def quiet(self) -> bool:
        """Whether nothing was found, nor hidden."""
        return not (self.matches or self.alerts or self.hidden)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of one rule (who, where), and how often people would be told of it."""

    rule_id: str
    rule_title: str
    level: str
    group: dict[str, str]
    title: str
    matches: int
    alerts: int
    first_event_time: str | None
    last_event_time: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One record that a rule matched. `log_file` and `record_index` say where it lies."""

    rule_id: str
    rule_title: str
    level: str
    event_time: str | None
    actor: str
    account: str
    region: str
    origin: str
    event: str
    outcome: str
    title: str
    log_file: str
    record_index: int


@dataclass(frozen=True, slots=True)
class ExceptionResult:
    """What one filter hides. `alerts`: how many alerts the hidden matches belong to; an alert that counts
    other matches as well is still told."""

    id: str
    title: str
    owner: str
    reason: str
    path: str
    line: int
    matches: int
    alerts: int
    rules: dict[str, int]
    first_event_time: str | None
    last_event_time: str | None
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """What was read. `days` counts those (UTC) on which the files hold records."""

    files: int = 0
    passed_over: int = 0
    records: int = 0
    first_event_time: str | None = None
    last_event_time: str | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """All of it. `hours[weekday][hour]` are matches, Monday first, hours of UTC; `faults` are the first of
    `fault_count`; `notes` say where a bound was met, so that numbers are not exact."""

    rule_set_version: str
    reach: Reach
    matches: int
    repeats: int
    hidden: int
    alerts: int
    rules: tuple[RuleResult, ...]
    accounts: tuple[Share, ...]
    actors: tuple[Share, ...]
    events: tuple[Share, ...]
    origins: tuple[Share, ...]
    hours: tuple[tuple[int, ...], ...]
    groups: tuple[Group, ...]
    samples: tuple[Sample, ...]
    exceptions: tuple[ExceptionResult, ...]
    fault_count: int
    faults: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def alerts_a_day(self) -> float:
        """Alerts over the days that have records."""
        return self.alerts / self.reach.days if self.reach.days else 0.0

    @property
    def found(self) -> tuple[RuleResult, ...]:
        """The rules that found anything."""
        return tuple(rule for rule in self.rules if not rule.quiet)

    @property
    def quiet(self) -> tuple[RuleResult, ...]:
        """The rules that found nothing."""
        return tuple(rule for rule in self.rules if rule.quiet)

    def days(self) -> tuple[Day, ...]:
        """All rules together, by day."""
        days: dict[str, list[int]] = {}
        for one in (day for rule in self.rules for day in rule.days):
            entry = days.setdefault(one.day, [0, 0])
            entry[0] += one.matches
            entry[1] += one.alerts
        return tuple(Day(day, *counts) for day, counts in sorted(days.items()))

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {**asdict(self), "alerts_a_day": round(self.alerts_a_day, 3)}
