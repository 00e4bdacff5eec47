"""`trailwarden rules promote`: a rule out of staging, or back into it."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from trailwarden.cli.deployment import Deployment, deployed, deployment_options
from trailwarden.cli.exits import Exit
from trailwarden.cli.files import write_file
from trailwarden.cli.rules.comparison import compare
from trailwarden.cli.rules.folders import read_team_folder
from trailwarden.cli.rules.status_edit import STATUSES, Edited, set_status
from trailwarden.cli.rules.submitting import WAIT_SECONDS, confirm, submit
from trailwarden.errors import RuleError
from trailwarden.publishing.submission import FolderSubmission
from trailwarden.safety.text import one_line


@click.command("promote")
@click.argument("rule")
@click.option(
    "--to",
    "status",
    type=click.Choice(STATUSES),
    default="stable",
    show_default=True,
    help="The status to set.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Edit the rule in this folder, and publish nothing.",
)
@click.option("--note", default="", help="Why, for the history.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--wait", default=WAIT_SECONDS, show_default=True, help="Seconds to wait for the outcome.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@deployment_options
def promote_command(  # noqa: PLR0913, PLR0917 (its options)
    rule: str,
    status: str,
    folder: Path | None,
    note: str,
    yes: bool,
    wait: float,
    as_json: bool,
    account: str | None,
    region: str | None,
) -> None:
    """Set the status of RULE (id, name or title). `stable` tells people; `test` and `experimental` do not.

    In the live rules, by a publication; or, with --dir, in a folder on disk. Comments and layout of its file
    stay as they are.

    \b
    Examples:
      trailwarden rules promote 5f0c52b1-95e2-4f1c-9a39-0f3b4a5f8d3e
      trailwarden rules promote root_sign_in --to test --dir my-rules/
    """
    if folder is not None:
        edited = _set(read_team_folder(folder), {}, rule, status, f"in {folder}")
        if edited.before != status:
            write_file(Path(folder, edited.path), edited.content)
        _tell_on_disk(edited, status, folder, as_json=as_json)
        return
    with deployed(account, region) as deployment:
        _promote_live(deployment, rule, status, note, wait, yes=yes, as_json=as_json)


def _promote_live(  # noqa: PLR0913 (its options)
    deployment: Deployment, rule: str, status: str, note: str, wait: float, *, yes: bool, as_json: bool
) -> None:
    live = deployment.live()
    sources = deployment.sources(live)
    edited = _set(sources.team, sources.shipped, rule, status, "among the team's live rules")
    if live is None or edited.before == status:
        click.echo(f"{one_line(edited.title)} is {status} already.", err=as_json)
        sys.exit(Exit.DONE)
    snapshot = deployment.folder.team()
    for problem in snapshot.problems:
        click.echo(f"not live, and replaced by this: {problem}", err=True)
    by_hand = compare(sources.team, snapshot.contents, ("live", "team"))
    for change in by_hand.documents:
        click.echo(f"not live, and replaced by this: {change}", err=True)
    what = f"{one_line(edited.title)!r} from {edited.before or 'no status'} to {status}"
    confirm(f"Set {what}, in {edited.path}?", yes=yes)
    files = {**sources.team, edited.path: edited.content}
    submission = FolderSubmission(live.sequence, deployment.caller, note or f"promote: {what}", files)
    submit(deployment, submission, wait=wait, as_json=as_json)


def _set(
    files: Mapping[str, bytes], shipped: Mapping[str, bytes], rule: str, status: str, where: str
) -> Edited:
    """The edit; leaves with status 2, and why, where there is none to make."""
    try:
        edited = set_status(files, rule, status)
        ships = edited is None and set_status(shipped, rule, status) is not None
    except RuleError as error:
        click.echo(str(error), err=True)
        sys.exit(Exit.USAGE)
    if edited is None:
        cure = "; it ships, and an override can switch it off or change its level" if ships else ""
        click.echo(f"trailwarden: no rule {rule!r} {where}{cure}", err=True)
        sys.exit(Exit.USAGE)
    return edited


def _tell_on_disk(edited: Edited, status: str, folder: Path, *, as_json: bool) -> None:
    file = Path(folder, edited.path)
    if as_json:
        found = {"rule": edited.title, "file": str(file), "before": edited.before, "status": status}
        click.echo(json.dumps(found))
    else:
        click.echo(f"{file}: {one_line(edited.title)}: {edited.before or 'no status'} → {status}")
