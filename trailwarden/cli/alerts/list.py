"""`trailwarden alerts list`: which alerts there are, and how they stand."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import click

from trailwarden.activity.describe import describe
from trailwarden.activity.model import Context
from trailwarden.cli.alerts.desk import Desk, on_alerts
from trailwarden.cli.alerts.moments import moment
from trailwarden.cli.alerts.words import SHORT_ID, entry_line, state_of, title_of
from trailwarden.cli.exits import Exit
from trailwarden.cli.tables import console, counted, level_text, styled, table
from trailwarden.rules.ruleset import Level
from trailwarden.safety.text import defanged, one_line
from trailwarden.state.alert_book import AlertEntry

_LISTED_AT_MOST = 100_000
_NAMED_AT_MOST = 200  # alerts in a list that is for reading: each may cost a look at who stands behind it
_LEVELS = [level.name.lower() for level in reversed(Level)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts: all that is named must hold, of several values any."""

    levels: Sequence[str]
    least: Level
    rule: str
    accounts: Sequence[str]
    actor: str
    states: Sequence[str]
    staged: bool

    def __call__(self, entry: AlertEntry) -> bool:
        """Whether the alert is one of them."""
        alert = entry.alert
        return (
            (self.staged or not alert.staged)
            and (not self.levels or alert.level in self.levels)
            and Level[alert.level.upper()] >= self.least
            and (not self.accounts or alert.account in self.accounts)
            and self._of_rule(entry)
            and all(_STATES[state](entry) for state in self.states)
            and (not self.actor or self._of_actor(entry))  # the dearest last: it reads the record
        )

    def _of_rule(self, entry: AlertEntry) -> bool:
        wanted = defanged(self.rule).casefold()
        return (
            wanted in defanged(entry.alert.rule_title).casefold() or wanted == entry.alert.rule_id.casefold()
        )

    def _of_actor(self, entry: AlertEntry) -> bool:
        named = [entry.alert.group.get("actor", "")]
        if entry.alert.record:
            actor = describe(entry.alert.record).actor
            named += [actor.name, actor.arn or "", actor.access_key_id or "", actor.behind or ""]
        # What is copied from a mail says `alice@example[.]com`.
        return any(defanged(self.actor).casefold() in defanged(name).casefold() for name in named)


_STATES: dict[str, Callable[[AlertEntry], bool]] = {
    "held": lambda entry: entry.held or entry.follow_up_held,
    "open": lambda entry: not entry.closed and not entry.acknowledged_by,
    "acknowledged": lambda entry: bool(entry.acknowledged_by) and not entry.closed,
}


@click.command("list")
@click.option(
    "--since",
    default="24h",
    show_default=True,
    metavar="TIME",
    callback=moment,
    help="That came since, or go on still: 24h, 7d, 2026-03-01.",
)
@click.option("--until", metavar="TIME", callback=moment, help="That came before; none that only go on.")
@click.option("--level", "levels", multiple=True, type=click.Choice(_LEVELS), help="Of this level.")
@click.option("--min-level", type=click.Choice(_LEVELS), default="informational", help="Or a worse one.")
@click.option("--rule", default="", metavar="TEXT", help="Of the rule with this id, or TEXT in its title.")
@click.option("--account", "accounts", multiple=True, metavar="ID", help="In this account.")
@click.option("--actor", default="", metavar="TEXT", help="By whose name, ARN or access key has TEXT in it.")
@click.option("--held", is_flag=True, help="Of which a message was held back: only a summary told of it.")
@click.option("--open", "unhandled", is_flag=True, help="Neither acknowledged nor closed.")
@click.option("--acknowledged", is_flag=True, help="Acknowledged and not closed.")
@click.option("--staged", is_flag=True, help="Also those of rules that tell nobody yet.")
@click.option("--limit", "-n", default=50, show_default=True, type=click.IntRange(1, _LISTED_AT_MOST))
@click.option("--json", "--jsonl", "as_json", is_flag=True, help="Print one JSON object an alert.")
@on_alerts
def list_command(  # noqa: PLR0913, PLR0917 (its options)
    desk: Desk,
    since: datetime,
    until: datetime | None,
    levels: tuple[str, ...],
    min_level: str,
    rule: str,
    accounts: tuple[str, ...],
    actor: str,
    held: bool,
    unhandled: bool,
    acknowledged: bool,
    staged: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List the alerts that came lately, newest first, then those from before that go on still. An option
    that is repeated means any of its values; different ones must all hold.

    \b
    Examples:
      trailwarden alerts list
      trailwarden alerts list --since 7d --min-level high --open
      trailwarden alerts list --account 444455556666 --actor mallory --json
    """
    states = {"held": held, "open": unhandled, "acknowledged": acknowledged}
    wanted = Wanted(
        levels,
        Level[min_level.upper()],
        rule,
        accounts,
        actor,
        [name for name, chosen in states.items() if chosen],
        staged,
    )
    found = list(desk.book.list(since, until, limit=limit, wanted=wanted))
    if as_json:
        for entry in found:
            click.echo(json.dumps(entry_line(entry)))
    elif found:
        _print(found, desk.context() if len(found) <= _NAMED_AT_MOST else None)
    else:
        click.echo(f"No such alert since {since:%Y-%m-%d %H:%M} UTC.")
    if len(found) == limit:
        click.echo(f"trailwarden: the newest {counted(limit, 'alert')}; --limit shows more", err=True)
    sys.exit(Exit.DONE)


def _print(entries: Sequence[AlertEntry], context: Context | None) -> None:
    made = table("Level", "Alert", "Account", "Events:", "Last event (UTC)", "State", "ID")
    for column in (4, 6):
        made.columns[column].no_wrap = True
    for entry in entries:
        made.add_row(
            level_text(entry.alert.level),
            styled(title_of(entry, context), "dim" if entry.closed else ""),
            one_line(entry.alert.account, 20),
            f"{entry.total:,}{'+' if entry.at_least else ''}",
            one_line(entry.last_event_time or "unknown", 30).replace("T", " ").removesuffix("Z"),
            state_of(entry),
            entry.alert.alert_id[:SHORT_ID],
        )
    console().print(made)
