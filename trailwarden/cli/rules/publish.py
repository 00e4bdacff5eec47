"""`trailwarden rules publish`: a folder of rules to the live rule set."""

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from trailwarden.cli.deployment import Deployment, Sources, on_deployment
from trailwarden.cli.exits import Exit
from trailwarden.cli.rules.comparison import Change, compare
from trailwarden.cli.rules.folders import read_team_folder
from trailwarden.cli.rules.submitting import WAIT_SECONDS, below, confirm, submit
from trailwarden.cli.tables import counted
from trailwarden.errors import RuleError
from trailwarden.publishing.submission import FolderSubmission
from trailwarden.rules.folder import files_under
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.state.rule_sets import Publication


@click.command("publish")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--note", default="", help="Why, for the history.")
@click.option("--base", type=int, metavar="N", help="Publish only if rule set N is still the live one.")
@click.option("--empty", is_flag=True, help="Take a folder without rules, which removes all of the team's.")
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
    _check(files, sources, str(folder))
    _ask(sources.team, files, live, yes=yes)
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


def _ask(before: dict[str, bytes], files: dict[str, bytes], live: Publication | None, *, yes: bool) -> None:
    """Show what will be other, and ask on a terminal; a folder that is live already is done with."""
    found = compare(before, files, ("live", "new"))
    if live and not found:
        click.echo(f"Rule set {live.sequence}, version {live.version}, is live and has exactly these files.")
        sys.exit(Exit.DONE)
    for change in found.documents:
        click.echo(str(change), err=True)
    removed = sum(change.change is Change.REMOVED for change in found.documents)
    gone = f", {removed} of them removed" if removed else ""
    confirm(f"Publish {counted(len(found.documents), 'change')}{gone}?", yes=yes)
