"""`trailwarden alerts close`: it is dealt with."""

import sys

import click

from trailwarden.cli.alerts.desk import Desk, note_of, on_alerts
from trailwarden.cli.alerts.words import entry_text
from trailwarden.cli.exits import Exit
from trailwarden.safety.text import one_line
from trailwarden.state.requests import NOTE_AT_MOST


@click.command("close")
@click.argument("alert_ids", nargs=-1, required=True, metavar="ID...")
@click.option(
    "--note", default="", callback=note_of, help=f"What came of it; {NOTE_AT_MOST} characters at most."
)
@on_alerts
def close_command(desk: Desk, alert_ids: tuple[str, ...], note: str) -> None:
    """Close alerts that are dealt with: what comes after is a new alert. The first 8 characters of an ID
    will do.

    Where one ID is not clear, nothing is done to any.

    \b
    Examples:
      trailwarden alerts close f277584d 58041787
      trailwarden alerts close f277584d --note "a planned test, ticket 4711"
    """
    for entry in desk.find(alert_ids):
        if entry.closed:
            by = f", by {one_line(entry.closed_by, 200)}" if entry.closed_by else ""
            click.echo(f"Was closed  {entry_text(entry)}{by}")
            if note:
                click.echo("            The note was not kept: that of the first who closes an alert stays.")
            continue
        click.echo(f"Closed      {entry_text(desk.answers.close(entry.alert.alert_id, desk.caller, note))}")
    sys.exit(Exit.DONE)
