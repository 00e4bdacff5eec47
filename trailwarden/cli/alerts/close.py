"""`trailwarden alerts close`: it is dealt with."""

import sys

import click

from trailwarden.cli.alerts.desk import Desk, on_alerts
from trailwarden.cli.alerts.words import entry_text
from trailwarden.cli.exits import Exit
from trailwarden.safety.text import one_line


@click.command("close")
@click.argument("alert_ids", nargs=-1, required=True, metavar="ID...")
@on_alerts
def close_command(desk: Desk, alert_ids: tuple[str, ...]) -> None:
    """Close the alerts ID... (the first 8 characters will do): they are dealt with, and what comes after is
    told as a new alert.

    Where one ID is not clear, nothing is done to any.

    \b
    Examples:
      trailwarden alerts close f277584d 58041787
    """
    for entry in desk.find(alert_ids):
        if entry.closed:
            by = f", by {one_line(entry.closed_by, 200)}" if entry.closed_by else ""
            click.echo(f"Was closed  {entry_text(entry)}{by}")
            continue
        click.echo(f"Closed      {entry_text(desk.answers.close(entry.alert.alert_id, desk.caller))}")
    sys.exit(Exit.DONE)
