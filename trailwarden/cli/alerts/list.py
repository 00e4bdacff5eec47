"""`trailwarden alerts list`: which alerts there are, and how they stand."""

import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from trailwarden.activity.describe import describe
from trailwarden.activity.model import Context
from trailwarden.cli.alerts.desk import Desk, on_alerts
from trailwarden.cli.alerts.moments import moment
from trailwarden.cli.alerts.words import SHORT_ID, account_of, entry_line, state_of, title_of
from trailwarden.cli.exits import Exit
from trailwarden.cli.tables import counted, level_text, show, styled, table
from trailwarden.rules.ruleset import Level
from trailwarden.safety.text import defanged, one_line
from trailwarden.state.alert_book import AlertEntry

_LISTED_AT_MOST = 100_000
_NAMED_AT_MOST = 200  # alerts in a list that is for reading: each may cost a look at who stands behind it
_LEVELS = [level.name.lower() for level in reversed(Level)]
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)


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
    help="List alerts that came since then: 90m, 24h, 7d, 2026-03-01 or 2026-03-01T12:00 (UTC).",
)
@click.option("--until", metavar="TIME", callback=moment, help="List alerts that came before then.")
@click.option("--ongoing", is_flag=True, help="Also list alerts that came before --since and are not over.")
@click.option(
    "--level", "levels", multiple=True, type=click.Choice(_LEVELS), help="List alerts of this level."
)
@click.option(
    "--min-level",
    type=click.Choice(_LEVELS),
    default="informational",
    help="List alerts of this level or a worse one.",
)
@click.option(
    "--rule", default="", metavar="TEXT", help="List alerts of the rule whose id is, or title contains, TEXT."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="ID|NAME",
    help="List alerts of what happened in this account.",
)
@click.option(
    "--actor",
    default="",
    metavar="TEXT",
    help="List alerts whose actor has TEXT in the name, ARN, access key or person behind the session.",
)
@click.option(
    "--held",
    is_flag=True,
    help="List alerts with a message that was held back, ongoing ones included.",
)
@click.option("--open", "unhandled", is_flag=True, help="List alerts neither acknowledged nor closed.")
@click.option("--acknowledged", is_flag=True, help="List alerts that are acknowledged and not closed.")
@click.option("--staged", is_flag=True, help="Also list alerts of staged rules, which notify nobody.")
@click.option(
    "--limit",
    "-n",
    default=50,
    show_default=True,
    type=click.IntRange(1, _LISTED_AT_MOST),
    help="List so many alerts at most.",
)
@click.option("--json", "--jsonl", "as_json", is_flag=True, help="Print one JSON object for each alert.")
@on_alerts
def list_command(  # noqa: PLR0913, PLR0917 (its options)
    desk: Desk,
    since: datetime,
    until: datetime | None,
    ongoing: bool,
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
    """List the alerts that came lately, newest first. An option that is repeated means any of its values;
    different ones must all hold.

    \b
    Examples:
      trailwarden alerts list
      trailwarden alerts list --since 7d --min-level high --open
      trailwarden alerts list --account 444455556666 --actor mallory --json
    """
    ongoing = ongoing or held  # as the summary counts them that tells people to list them
    states = {"held": held, "open": unhandled, "acknowledged": acknowledged}
    wanted = Wanted(
        levels,
        Level[min_level.upper()],
        rule,
        _ids_of(accounts, desk),
        actor,
        [name for name, chosen in states.items() if chosen],
        staged,
    )
    found = list(desk.book.list(since, until, limit=limit, wanted=wanted, ongoing=ongoing or not until))
    earlier = [] if ongoing else [entry for entry in found if _came_before(entry, since)]
    shown = found[: len(found) - len(earlier)]
    if as_json:
        for entry in shown:
            click.echo(json.dumps(entry_line(entry)))
    elif shown:
        _print(shown, desk.context())
    else:
        click.echo(f"No such alert since {since:%Y-%m-%d %H:%M} UTC.")
    if len(shown) == limit:
        click.echo(f"trailwarden: the newest {counted(limit, 'alert')}; --limit shows more", err=True)
    if earlier:
        least = "at least " if len(found) == limit else ""
        are = "1 alert is" if len(earlier) == 1 else f"{len(earlier):,} alerts are"
        click.echo(f"trailwarden: {least}{are} from before and not over; --ongoing lists them too", err=True)
    sys.exit(Exit.DONE)


def _ids_of(accounts: Sequence[str], desk: Desk) -> list[str]:
    """The ids of accounts that are given by id or name. Raises `click.UsageError` for a name of none."""
    if all(map(_ACCOUNT.fullmatch, accounts)):
        return list(accounts)
    names = {each: (known.name or "").casefold() for each, known in desk.context().accounts.items()}
    ids: list[str] = []
    for account in accounts:
        called = [each for each, name in names.items() if name == account.casefold()]
        if not called and not _ACCOUNT.fullmatch(account):
            raise click.UsageError(f"no account is called {one_line(account, 60)!r}; give its 12 digits")
        ids += called or [account]
    return ids


def _came_before(entry: AlertEntry, since: datetime) -> bool:
    return bool(entry.came_at) and entry.came_at < f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _print(entries: Sequence[AlertEntry], context: Context) -> None:
    made = table("Level", "Last event (UTC)", "Events:", "Account", "State", "ID", "Alert")
    named = context if len(entries) <= _NAMED_AT_MOST else None
    for entry in entries:
        made.add_row(
            level_text(entry.alert.level),
            one_line(entry.last_event_time or "unknown", 30).replace("T", " ").removesuffix("Z"),
            f"{entry.total:,}{'+' if entry.at_least else ''}",
            account_of(entry.alert, context),
            state_of(entry),
            entry.alert.alert_id[:SHORT_ID],
            styled(title_of(entry, named), "dim" if entry.closed else ""),
        )
    show(made)
