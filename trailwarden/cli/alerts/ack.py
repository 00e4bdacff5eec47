"""`trailwarden alerts ack`: somebody looks after it, so it need not be told again."""

import sys
from collections.abc import Iterable

import click

from trailwarden.cli.alerts.desk import Desk, on_alerts
from trailwarden.cli.alerts.words import entry_text
from trailwarden.cli.exits import Exit
from trailwarden.safety.text import harmless, one_line
from trailwarden.state.alert_book import AlertEntry
from trailwarden.state.requests import NOTE_AT_MOST

_READ = 1000
_NAMED = 5


@click.command("ack", short_help="Acknowledge alerts, each with its whole group.")
@click.argument("alert_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--note", default="", help=f"Why, for the others; {NOTE_AT_MOST} characters at most.")
@click.option("--undo", is_flag=True, help="Look after them no more: their groups are told again.")
@on_alerts
def ack_command(desk: Desk, alert_ids: tuple[str, ...], note: str, undo: bool) -> None:
    """Acknowledge the alerts ID... (the first 8 characters will do), each with its whole group: the same rule
    for the same actor and account (or whatever the rule groups by) stays quiet, alerts to come included,
    until it changes character by a new address or a new action.

    Where one ID is not clear, nothing is done to any.

    \b
    Examples:
      trailwarden alerts ack f277584d --note "the migration, until Friday"
      trailwarden alerts ack f277584d --undo
    """
    if undo and note:
        raise click.UsageError("--note says why alerts are acknowledged; --undo takes that back")
    reason = one_line(note, len(note))
    if len(reason) > NOTE_AT_MOST:
        raise click.UsageError(f"--note has {len(reason)} characters; {NOTE_AT_MOST} are the most")
    for entry in desk.find(alert_ids):
        if undo:
            _take_back(desk, entry)
        else:
            _acknowledge(desk, entry, reason)
    sys.exit(Exit.DONE)


def _acknowledge(desk: Desk, entry: AlertEntry, note: str) -> None:
    made = desk.answers.acknowledge(entry.alert.alert_id, desk.caller, note)
    click.echo(f"Acknowledged  {entry_text(made)}")
    if made.acknowledged_by != desk.caller:
        by, at = one_line(made.acknowledged_by, 200), one_line(made.acknowledged_at, 40)
        click.echo(f"              (by {by} before, {at})")
    matches = list(desk.book.matches(entry.alert.alert_id, _READ))
    addresses = _known(match.origin for match in matches)
    actions = _known(match.action for match in matches)
    click.echo(f"              {_group_of(made)}: quiet, alerts to come included,")
    click.echo(f"              until a new address{addresses} or a new action{actions} shows.")


def _take_back(desk: Desk, entry: AlertEntry) -> None:
    if not entry.acknowledged_by:
        click.echo(f"Nobody had    {entry_text(entry)}")
        return
    made = desk.answers.unacknowledge(entry.alert.alert_id, desk.caller)
    click.echo(f"Taken back    {entry_text(made)}")
    click.echo("              What comes is told as before.")


def _group_of(entry: AlertEntry) -> str:
    """`Rule "Trail stopped", actor user mallory, account 444455556666`."""
    group = [f"{one_line(name, 60)} {harmless(value, 100)}" for name, value in entry.alert.group.items()]
    return ", ".join([f'Rule "{harmless(entry.alert.rule_title, 120)}"', *group])


def _known(values: Iterable[str]) -> str:
    """` (so far 203.0.113.7, 198.51.100.4 and 3 more)`, of those that are known; empty where none is."""
    found = sorted({value for value in values if value})
    if not found:
        return ""
    named = ", ".join(harmless(value, 60) for value in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return f" (so far {named}{more})"
