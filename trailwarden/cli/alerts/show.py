"""`trailwarden alerts show`: one alert as its mail would read now, what became of it, and its events."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from trailwarden.activity.model import Context
from trailwarden.alerts.likeness import INCOMPARABLE
from trailwarden.alerts.model import AlertMatch
from trailwarden.cli.alerts.desk import Desk, on_alerts
from trailwarden.cli.alerts.words import history, history_lines, match_line, message_line
from trailwarden.cli.exits import Exit
from trailwarden.cli.tables import counted, show, table
from trailwarden.messages.message import AlertMessage, render
from trailwarden.safety.text import harmless, one_line
from trailwarden.state.alert_book import AlertEntry, MessageEntry


@click.command("show")
@click.argument("alert_id", metavar="ID")
@click.option("--matches", "with_matches", is_flag=True, help="Also its events, by their time.")
@click.option(
    "--limit", "-n", default=100, show_default=True, type=click.IntRange(1, 10_000), help="Events at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@on_alerts
def show_command(desk: Desk, alert_id: str, with_matches: bool, limit: int, as_json: bool) -> None:
    """Show the alert ID (the first 8 characters will do): the mail as it would read now, what was told of
    it and when, and who looks after it.

    \b
    Examples:
      trailwarden alerts show f277584d
      trailwarden alerts show f277584d --matches --json
    """
    (entry,) = desk.find([alert_id])
    message = rendered(entry, desk.context())
    messages = desk.book.messages(entry.alert.alert_id)
    matches = list(desk.book.matches(entry.alert.alert_id, limit)) if with_matches else []
    if as_json:
        click.echo(json.dumps(_json(entry, message, messages, matches if with_matches else None)))
        sys.exit(Exit.DONE)
    if not entry.alert.alert_id.startswith(alert_id.strip().lower()):
        click.echo(f"{one_line(alert_id, 40)} became {entry.alert.alert_id}.\n")
    click.echo(f"Subject: {message.subject}\n")
    click.echo(message.email)
    for line in history_lines(entry, messages):
        click.echo(line)
    if with_matches:
        _print_matches(matches, entry)
    sys.exit(Exit.DONE)


def rendered(entry: AlertEntry, context: Context) -> AlertMessage:
    """The alert's message, with all that it counts by now."""
    return render(entry.now, now=datetime.now(UTC), context=context)


def _json(
    entry: AlertEntry,
    message: AlertMessage,
    messages: Sequence[MessageEntry],
    matches: Sequence[AlertMatch] | None,
) -> dict[str, Any]:
    """`alert` is what queues are told (docs/alerts.md); `history` is that of `alerts list`, with messages."""
    listed = {} if matches is None else _listed(matches, entry.total)
    return {
        "alert": json.loads(message.payload),
        "history": {**history(entry), "messages": [message_line(one) for one in messages]},
        **listed,
    }


def _listed(matches: Sequence[AlertMatch], total: int) -> dict[str, Any]:
    left_out = max(0, total - len(matches))
    return {"matches": [match_line(match) for match in matches], "matches_left_out": left_out}


def _print_matches(matches: Sequence[AlertMatch], entry: AlertEntry) -> None:
    total = counted(entry.total, "event")
    title = f"more than {total}" if entry.at_least else total
    by_several = len({match.character.principal for match in matches}) > 1
    who = ("Who",) if by_several else ()
    made = table("Time (UTC)", *who, "Action", "Target", "From", "Evidence", title=title)
    for match in matches:
        shown = match.character
        made.add_row(
            one_line(match.event_time or "unknown", 30).replace("T", " ").removesuffix("Z"),
            *((_who(shown.principal),) if by_several else ()),
            harmless(shown.action or "unknown", 100) + (f" ({shown.outcome})" if shown.outcome else ""),
            harmless(shown.target or "-", 160),
            harmless(shown.origin or "unknown", 100),
            f"{one_line(match.evidence.log_file, 1100)}, record {match.evidence.record_index}",
        )
    show(made)
    if len(matches) < entry.total:
        click.echo(f"... the first {len(matches):,} of them; --limit shows more")


def _who(principal: str) -> str:
    """Who acted, in full; the record may not show it."""
    return "unknown" if principal in {"", INCOMPARABLE} else harmless(principal, 200)
