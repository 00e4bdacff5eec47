"""`trailwarden alerts ack`: somebody looks after it, so it need not be told again."""

import sys
from datetime import timedelta

import click

from trailwarden.alerts.acknowledging import LONGEST
from trailwarden.alerts.group_state import Scope
from trailwarden.alerts.terms import Terms, this_match, why_refused
from trailwarden.alerts.variety import Values, Variety
from trailwarden.cli.alerts.desk import Desk, on_alerts
from trailwarden.cli.alerts.moments import span
from trailwarden.cli.alerts.words import entry_text
from trailwarden.cli.exits import Exit
from trailwarden.messages.overview import named
from trailwarden.safety.text import defanged, harmless, one_line
from trailwarden.state.alert_book import AlertEntry
from trailwarden.state.requests import NOTE_AT_MOST

_READ = 1000
_NAMED = 5


@click.command("ack", short_help="Acknowledge alerts, each with its whole group.")
@click.argument("alert_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--note", default="", help=f"Why, for the others; {NOTE_AT_MOST} characters at most.")
@click.option("--this-target", "this_one", is_flag=True, help="Only for the target that the alert shows.")
@click.option("--any-target", "any_one", is_flag=True, help="For every target; refused for a protected rule.")
@click.option(
    "--for",
    "lasting",
    default="30d",
    show_default=True,
    metavar="TIME",
    callback=span,
    help="How long: 90m, 24h, 7d; 30d at most.",
)
@click.option("--undo", is_flag=True, help="Look after them no more: their groups notify again.")
@on_alerts
def ack_command(  # noqa: PLR0913, PLR0917 (its options)
    desk: Desk,
    alert_ids: tuple[str, ...],
    note: str,
    this_one: bool,
    any_one: bool,
    lasting: timedelta,
    undo: bool,
) -> None:
    """Acknowledge the alerts ID... (the first 8 characters will do), each with its whole group: the same rule
    for the same actor and account (or whatever the rule groups by) stays quiet, alerts to come included,
    until it shows a target, an account, a region, an actor, an address, an action or parameters of it that no
    message had named yet, or a worse level, or the time is over. A call that was denied does not cover its
    success.

    If one ID is not clear, nothing is done to any.

    \b
    Examples:
      trailwarden alerts ack f277584d --note "the migration" --for 5d
      trailwarden alerts ack f277584d --this-target
      trailwarden alerts ack f277584d --undo
    """
    if undo and (note or this_one or any_one):
        raise click.UsageError("--undo takes an acknowledgement back: leave the other options out")
    reason = one_line(note, len(note))
    if len(reason) > NOTE_AT_MOST:
        raise click.UsageError(f"--note has {len(reason)} characters; {NOTE_AT_MOST} are the most")
    terms = _terms(lasting, this_one=this_one, any_one=any_one)
    entries = desk.find(alert_ids)
    if not undo:
        _refuse(desk, entries, terms)
    for entry in entries:
        if undo:
            _take_back(desk, entry)
        else:
            _acknowledge(desk, entry, reason, terms)
    sys.exit(Exit.DONE)


def _terms(lasting: timedelta, *, this_one: bool, any_one: bool) -> Terms:
    if this_one and any_one:
        raise click.UsageError("--this-target and --any-target exclude each other: give one of them")
    seconds = int(lasting.total_seconds())
    if not 0 < seconds <= LONGEST:
        days = LONGEST // 86_400
        raise click.UsageError(
            f"an acknowledgement lasts {days} days at most: give --for {days}d or less, and acknowledge again"
            " when it ends"
        )
    return Terms(Scope.THIS if this_one else Scope.ANY if any_one else Scope.SEEN, seconds)


def _refuse(desk: Desk, entries: list[AlertEntry], terms: Terms) -> None:
    """Refuse all if one may not be acknowledged so: nothing is done by halves."""
    wrong = []
    for entry in entries:
        why = why_refused(entry.alert, terms)
        if not why and terms.targets is Scope.THIS and not _this(desk, entry):
            why = "it does not say which one thing was acted on; leave out --this-target"
        if why:
            wrong.append(f"{entry_text(entry)}\n  {harmless(why, 400)}")
    if wrong:
        raise click.UsageError("\n".join(wrong))


def _this(desk: Desk, entry: AlertEntry) -> str:
    this = this_match(entry.alert, list(desk.book.matches(entry.alert.alert_id, _READ)))
    return this.target if this is not None else ""


def _acknowledge(desk: Desk, entry: AlertEntry, note: str, terms: Terms) -> None:
    made = desk.answers.acknowledge(entry.alert.alert_id, desk.caller, note, terms)
    if not made.acknowledged_by:
        click.echo(f"Not quiet     {entry_text(made)}")
        click.echo("              What came since its last message shows something new: it is sent now, and")
        click.echo("              ends the acknowledgement. Acknowledge it again when you have read that.")
        return
    click.echo(f"Acknowledged  {entry_text(made)}")
    if made.acknowledged_by != desk.caller:
        by, at = one_line(made.acknowledged_by, 200), one_line(made.acknowledged_at, 40)
        click.echo(f"              (by {by} before, {at})")
    for line in _covered(desk, made):
        click.echo(f"              {line}")


def _covered(desk: Desk, made: AlertEntry) -> list[str]:
    """What the acknowledgement covers, a line each: of what its messages counted, what they named."""
    sent = [each.variety for each in desk.book.messages(made.alert.alert_id) if each.shown and each.variety]
    variety = sent[-1] if sent else Variety()
    until = one_line(made.acknowledged_until, 40).replace("T", " ").removesuffix("Z")
    targets = _listed(variety.targets, targets=True)
    if made.acknowledged_targets is Scope.ANY:
        targets = "any"
    elif made.acknowledged_targets is Scope.THIS:
        targets = f"{harmless(_this(desk, made), 160)} alone"
    lists = [
        ("targets", targets),
        ("addresses", _listed(variety.addresses)),
        ("actions", _listed(variety.actions)),
        ("accounts", _listed(variety.accounts)),
        ("level", f"{one_line(made.acknowledged_level, 20)} or below" if made.acknowledged_level else ""),
    ]
    return [
        f'Rule "{harmless(made.alert.rule_title, 120)}"',
        *[f"{one_line(name, 60)} {harmless(value, 100)}" for name, value in made.alert.group.items()],
        f"Quiet until {until} UTC, alerts to come included, for",
        *[f"  {name + ':':<10} {text}" for name, text in lists if text],
        "Anything else notifies, and ends the acknowledgement.",
    ]


def _listed(values: Values, *, targets: bool = False) -> str:
    """`203.0.113.7, 198.51.100.4 and 3 more`, which the message named; empty where none is known."""
    said = Values(values.first, len(values.first))
    return defanged(named(said, _NAMED, targets=targets)) if said.first else ""


def _take_back(desk: Desk, entry: AlertEntry) -> None:
    if not entry.acknowledged_by:
        click.echo(f"Unchanged     {entry_text(entry)}")
        click.echo("              It is not acknowledged: there is nothing to take back.")
        return
    made = desk.answers.unacknowledge(entry.alert.alert_id, desk.caller)
    click.echo(f"Taken back    {entry_text(made)}")
    click.echo("              What comes notifies as before.")
