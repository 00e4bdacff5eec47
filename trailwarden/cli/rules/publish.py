"""`trailwarden rules publish`: a folder of rules to the live rule set."""

import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from trailwarden.cli.deployment import Deployment, Sources, on_deployment
from trailwarden.cli.exits import Exit
from trailwarden.cli.rules.comparison import (
    Change,
    DocumentChange,
    StatusChange,
    compare,
    side_effects,
)
from trailwarden.cli.rules.folders import read_team_folder
from trailwarden.cli.rules.submitting import WAIT_SECONDS, below, confirm, submit
from trailwarden.cli.tables import counted
from trailwarden.errors import RuleError
from trailwarden.publishing.submission import FolderSubmission
from trailwarden.rules.folder import files_under
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.safety.text import one_line
from trailwarden.state.rule_sets import Publication

_HISTORY = 100
"""So many publications are looked through for promotions."""


@click.command("publish")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--note", default="", help="Why, for the history.")
@click.option("--base", type=int, metavar="N", help="Publish only if rule set N is still the live one.")
@click.option("--empty", is_flag=True, help="Take a folder without rules, which removes all of the team's.")
@click.option(
    "--undo-promotions", is_flag=True, help="Publish also what takes back a status that `rules promote` set."
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--wait", default=WAIT_SECONDS, show_default=True, help="Seconds to wait for the outcome.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@on_deployment
def publish_command(  # noqa: PLR0913, PLR0917 (its options)
    deployment: Deployment,
    folder: Path,
    note: str,
    base: int | None,
    empty: bool,
    undo_promotions: bool,
    yes: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Publish DIR: the whole of the team's folder, in the place of the one that is live.

    It is checked and tested here first, over the shipped rules of the deployment; then handed in, checked
    again there, and made live in one step. Ends with 0 when it is live, 1 when it was refused, 2 when the
    rules have mistakes, 3 when the outcome is not known.

    \b
    Examples:
      trailwarden rules publish my-rules/ --note "sign-ins from the new office"
      trailwarden rules publish my-rules/ --audit-account 111122223333 --region eu-central-1 --yes --json
    """
    files = read_team_folder(folder)
    if not files and not empty:
        click.echo(f"trailwarden: {folder} holds no rule; --empty removes all of the team's rules", err=True)
        sys.exit(Exit.USAGE)
    live = deployment.live()
    sequence = live.sequence if live else 0
    if base is not None and base != sequence:
        by = f", by {live.published_by}" if live else ""
        click.echo(
            f"trailwarden: rule set {sequence} is live{by}, not {base}; `trailwarden rules diff` shows it",
            err=True,
        )
        sys.exit(Exit.REFUSED)
    sources = deployment.sources(live)
    changes = _changes(sources.team, files, live)
    if not undo_promotions:
        _refuse_undoing(deployment, changes, folder)
    _check(files, sources, str(folder))
    shipped = sources.shipped or _shipped()
    effects = side_effects(changes, (shipped, sources.team), (shipped, files))
    _ask(changes, effects, yes=yes)
    submission = FolderSubmission(sequence, deployment.caller, note, files)
    submit(deployment, submission, wait=wait, as_json=as_json, folder=str(folder))


def _check(files: dict[str, bytes], sources: Sources, folder: str) -> None:
    """What the deployment will check, checked here; leaves with status 2 and every mistake."""
    # pySigma takes a while to load: not before AWS was asked who we are.
    from trailwarden.aws.api_models import BotocoreModels  # noqa: PLC0415
    from trailwarden.checking import check_rules  # noqa: PLC0415
    from trailwarden.publishing.build import build  # noqa: PLC0415

    today, check = datetime.now(UTC).date().isoformat(), partial(check_rules, api=BotocoreModels())
    try:
        build(sources.shipped or _shipped(), files, today=today, check=check)
    except RuleError as error:
        for problem in error.problems:
            click.echo(str(below(problem, folder)), err=True)
        mistakes = counted(len(error.problems), "mistake")
        click.echo(f"trailwarden: {mistakes}, named above; nothing was handed in", err=True)
        sys.exit(Exit.USAGE)


def _shipped() -> dict[str, bytes]:
    """The rules that ship with this Trailwarden: nothing published yet tells those of the deployment."""
    return dict(files_under(shipped_rules_path()))


def _changes(
    before: dict[str, bytes], files: dict[str, bytes], live: Publication | None
) -> Sequence[DocumentChange]:
    """What will be other; a folder that is live already is done with."""
    found = compare(before, files, ("live", "new"))
    if live and not found:
        click.echo(f"Rule set {live.sequence}, version {live.version}, is live and has exactly these files.")
        sys.exit(Exit.DONE)
    return found.documents


def _refuse_undoing(deployment: Deployment, changes: Sequence[DocumentChange], folder: Path) -> None:
    """Leave where the folder would take back a status that `rules promote` set in the live rules."""
    changed = [change for change in changes if change.status is not None]
    history = deployment.store.history(_HISTORY) if changed else ()
    undone = list(undone_promotions(changed, history))
    if not undone:
        return
    many = "a promotion" if len(undone) == 1 else f"{len(undone)} promotions"
    click.echo(f"trailwarden: {folder} would undo {many}:", err=True)
    by_status: dict[str, list[str]] = {}
    for change, status, by in undone:
        by_status.setdefault(status.before, []).append(shlex.quote(change.id or change.title))
        who = one_line(by.claimed_author or by.published_by, 100)
        told = f"set in publication {by.sequence} of {by.published_at}, by {who}"
        click.echo(f"  {change.title}: {status.before} → {status.after or 'none'} ({told})", err=True)
    for status_set, ids in by_status.items():
        to = "" if status_set == "stable" else f" --to {status_set}"
        command = f"trailwarden rules promote {' '.join(ids)}{to} --dir {shlex.quote(str(folder))}"
        click.echo(f"    fix: take it over with `{command}`", err=True)
    click.echo("    or publish with --undo-promotions; nothing was handed in", err=True)
    sys.exit(Exit.REFUSED)


def undone_promotions(
    changes: Iterable[DocumentChange], history: Sequence[Publication]
) -> Iterator[tuple[DocumentChange, StatusChange, Publication]]:
    """The changes that take back a status which `rules promote` set, with the publication that set it."""
    for change in changes:
        status = change.status
        if status is None:
            continue
        by = next((one for one in history if status.rule_id in one.promoted), None)
        if by is not None and by.promoted[status.rule_id] == status.before:
            yield change, status, by


def _ask(changes: Sequence[DocumentChange], effects: Sequence[str], *, yes: bool) -> None:
    """Show what will be other, and ask."""
    for line in (*changes, *effects):
        click.echo(str(line), err=True)
    removed = sum(change.change is Change.REMOVED for change in changes)
    statuses = sum(change.status is not None for change in changes)
    parts = [f"{removed} removed" if removed else "", f"{statuses} with another status" if statuses else ""]
    told = ", ".join(filter(None, parts))
    confirm(f"Publish {counted(len(changes), 'change')}{f' ({told})' if told else ''}?", yes=yes)
