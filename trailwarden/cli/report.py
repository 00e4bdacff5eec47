"""What a scan prints. The JSON lines are a contract (docs/scan.md); the rest is for reading."""

import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from trailwarden.alerts.model import Alert
from trailwarden.cli.scanner import Totals
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import RuleSet
from trailwarden.safety.text import one_line

if TYPE_CHECKING:
    from rich.table import Table

_STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "yellow", "low": "cyan"}
_WIDTH_OF_A_FILE = 160
_ROWS_AT_ONCE = 200
_COLUMNS: tuple[str, ...] = ("Level", "Alert", "Events", "First event (UTC)", "Last")

Row = tuple[str, ...]


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
        "title": alert.title,
        "status": alert.status,
    }


def print_alerts(alerts: Callable[[], Iterator[Alert]]) -> None:
    """A table of alerts, in the order given; it is asked for them twice, since a column is as wide as its
    widest cell, and printed in parts."""
    # rich takes 50 ms to load: only what is for reading pays for it.
    from rich.cells import cell_len  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.segment import SegmentLines  # noqa: PLC0415

    widest = _COLUMNS
    for alert in alerts():
        pairs = zip(widest, _cells(alert), strict=True)
        widest = tuple(max(pair, key=cell_len) for pair in pairs)
    if widest is _COLUMNS:
        return
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE, highlight=False)
    # Each part holds the widest cells, so that all have the same columns; they are cut out again.
    # `pad`: what is no wider than its columns need not end in spaces up to the console's width.
    extra = len(console.render_lines(_table([widest]), pad=False))
    header = console.render_lines(_table([widest], show_header=True), pad=False)[:-extra]
    console.print(SegmentLines(header, new_lines=True), end="")
    rows = map(_cells, alerts())
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        lines = console.render_lines(_table([widest, *part]), pad=False)[extra:]
        console.print(SegmentLines(lines, new_lines=True), end="")


def _cells(alert: Alert) -> Row:
    first, last = alert.first_event_time or "unknown", alert.last_event_time or "unknown"
    return (
        alert.level,
        _marked(alert.title, alert.status, staged=alert.staged),
        f"{alert.count:,}",
        first.replace("T", " ").removesuffix("Z"),
        "" if last == first else last[11:].removesuffix("Z"),
    )


def _table(rows: Iterable[Row], *, show_header: bool = False) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_header=show_header)
    level, title, events, first, last = _COLUMNS
    table.add_column(level)
    table.add_column(title, ratio=1, overflow="fold")
    table.add_column(events, justify="right")
    table.add_column(first, no_wrap=True)
    table.add_column(last, no_wrap=True)
    for row in rows:
        table.add_row(Text(row[0], _STYLES.get(row[0], "")), *map(Text, row[1:]))
    return table


def print_totals(totals: Totals, rule_set: RuleSet, alert_count: int) -> None:
    """What was read, and what came of it."""
    rate = totals.records / totals.seconds if totals.seconds else 0.0
    read = f"{_count(totals.records, 'record')} in {_count(totals.files, 'log file')}"
    rules = _count(len(rule_set.rules), "rule")
    if rule_set.correlations:
        rules += f" and {_count(len(rule_set.correlations), 'correlation')}"
    rules += f" (rule set {rule_set.version})"
    print(f"\nRead {read} with {rules} in {totals.seconds:.2f} s, {rate:,.0f} records a second.")
    matches = f"{_count(totals.matches, 'match', 'matches')} ({totals.repeats:,} of events met before)"
    print(f"{matches} made {_count(alert_count, 'alert')}.")
    if totals.passed_over:
        print(f"Passed over {_count(totals.passed_over, 'file')} of digests or Insights.")
    if totals.faults:
        print(f"{_count(totals.faults, 'fault')} in what was to be read, named on standard error.")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
