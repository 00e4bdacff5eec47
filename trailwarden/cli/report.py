"""What a scan prints. The JSON lines are a contract (docs/scan.md); the rest is for reading."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from trailwarden.alerts.model import Alert
from trailwarden.cli.scanner import Totals
from trailwarden.cli.tables import Column, counted, level_text, print_rows, say
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import RuleSet
from trailwarden.safety.text import one_line

if TYPE_CHECKING:
    from trailwarden.cli.tables import Row

_COLUMNS = tuple(map(Column.of, ("Level", "First (UTC)", "Last", "Events:", "Account", "Region", "Alert")))


def match_line(match: Match, log_file: str, *, repeat: bool) -> dict[str, Any]:
    """One record that a rule matched, as `--matches --format jsonl` prints it."""
    return {
        "rule_id": match.rule.id,
        "rule_title": match.rule.title,
        "level": match.rule.level.name.lower(),
        "log_file": log_file,
        "record_index": match.record_index,
        "event_id": match.record.get("eventID", match.record.get("eventId")),
        "event_time": match.event_time,
        "repeat": repeat,
        "status": match.rule.status,
    }


def match_text(match: Match, log_file: str, *, repeat: bool) -> str:
    """One record that a rule matched, on one line for reading."""
    level, when = match.rule.level.name.lower(), match.event_time or "unknown time"
    place = f"{one_line(log_file, 1100)}:{match.record_index}"
    title = _marked(one_line(match.rule.title), match.rule.status, staged=match.rule.staged)
    return f"{level:<13} {when:<20} {title}  {place}{' (repeat)' if repeat else ''}"


def _marked(title: str, status: str, *, staged: bool) -> str:
    """The title, with the status of a rule whose alerts are told to nobody."""
    return f"{title} [{status}]" if staged else title


def alert_line(alert: Alert) -> dict[str, Any]:
    """One alert, as `--format jsonl` prints it."""
    return {
        "alert_id": alert.alert_id,
        "rule_id": alert.rule_id,
        "rule_title": alert.rule_title,
        "level": alert.level,
        "group": alert.group,
        "count": alert.count,
        "first_event_time": alert.first_event_time,
        "last_event_time": alert.last_event_time,
        "account": alert.account,
        "region": alert.region,
        "title": alert.title,
        "status": alert.status,
    }


def print_alerts(alerts: Callable[[], Iterator[Alert]]) -> None:
    """A table of alerts, in the order given; it is asked for them twice."""
    print_rows(_COLUMNS, lambda: map(_cells, alerts()))


def _cells(alert: Alert) -> "Row":
    first, last = alert.first_event_time or "unknown", alert.last_event_time or "unknown"
    return (
        level_text(alert.level),
        first.replace("T", " ").removesuffix("Z"),
        _last(first, last),
        f"{alert.count:,}",
        one_line(alert.account, 20),
        one_line(alert.region, 30),
        _marked(alert.title, alert.status, staged=alert.staged),
    )


def _last(first: str, last: str) -> str:
    """The time of the last event: empty if it is that of the first, without the day if that is the same."""
    if last == first:
        return ""
    day, _, time = last.removesuffix("Z").partition("T")
    return time if first.startswith(day) else f"{day} {time}"


def print_totals(totals: Totals, rule_set: RuleSet, alert_count: int) -> None:
    """What was read, and what came of it."""
    rate = totals.records / totals.seconds if totals.seconds else 0.0
    read = f"{counted(totals.records, 'record')} in {counted(totals.files, 'log file')}"
    rules = counted(len(rule_set.rules), "rule")
    if rule_set.correlations:
        rules += f" and {counted(len(rule_set.correlations), 'correlation')}"
    rules += f" (rule set {rule_set.version})"
    speed = f"in {totals.seconds:.2f} s, {counted(round(rate), 'record')} a second"
    say(f"\nRead {read} with {rules} {speed}.")
    matches = f"{counted(totals.matches, 'match', 'matches')} ({totals.repeats:,} of events met before)"
    say(f"{matches} made {counted(alert_count, 'alert')}.")
    if totals.passed_over:
        say(f"Passed over {counted(totals.passed_over, 'file')} of digests or Insights.")
    if totals.faults:
        say(f"{counted(totals.faults, 'fault')} in what was to be read, named on standard error.")
