"""`trailwarden rules diff`: what is other on disk, in the bucket, or in another publication."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from trailwarden.cli.deployment import Deployment, on_deployment
from trailwarden.cli.exits import Exit
from trailwarden.cli.rules.comparison import Comparison, Files, compare, side_effects
from trailwarden.cli.rules.folders import read_team_folder

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@click.command("diff")
@click.argument(
    "folder",
    metavar="[DIR]",
    required=False,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@click.option(
    "--from",
    "start",
    type=click.IntRange(min=1),
    metavar="N",
    help="Compare publication N, not the live one.",
)
@click.option(
    "--to",
    "end",
    type=click.IntRange(min=1),
    metavar="M",
    help="Compare with publication M, not with a folder.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 1 if there is a difference.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@on_deployment
def diff_command(  # noqa: PLR0913, PLR0917 (its options)
    deployment: Deployment,
    folder: Path | None,
    start: int | None,
    end: int | None,
    exit_code: bool,
    as_json: bool,
) -> None:
    """Compare the live rules with DIR, or with the folder in the rules bucket if none is named.

    The rules that would come, go or be other, then the lines. Between two publications the shipped rules
    are compared too.

    \b
    Examples:
      trailwarden rules diff my-rules/
      trailwarden rules diff                   # changes by hand that are not live
      trailwarden rules diff --from 11 --to 12
    """
    if folder is not None and end is not None:
        raise click.UsageError("give DIR or --to, not both")
    live = deployment.live()
    publication = deployment.publication(start) if start else live
    before = deployment.sources(publication)
    left = f"{publication.sequence}" if publication else "nothing"
    shipped = before.shipped
    if folder is not None:
        team: Files = read_team_folder(folder)
        found = compare(before.team, team, (left, folder.as_posix().rstrip("/")))
    elif start or end:
        other = deployment.publication(end) if end else live
        after = deployment.sources(other)
        shipped, team = after.shipped, after.team
        found = compare(
            _layers(before.shipped, before.team),
            _layers(shipped, team),
            (left, f"{other.sequence}" if other else "nothing"),
        )
    else:
        snapshot = deployment.folder.team()
        for problem in snapshot.problems:
            click.echo(str(problem), err=True)
        team = snapshot.contents
        found = compare(before.team, team, (left, "team"))
    effects = side_effects(found.documents, (before.shipped, before.team), (shipped, team))
    click.echo(json.dumps(_as_json(found, effects))) if as_json else _tell(found, effects)
    sys.exit(Exit.REFUSED if found and exit_code else Exit.DONE)


def _layers(shipped: Files, team: Files) -> dict[str, bytes]:
    # pySigma, which this module needs, takes a while to load.
    from trailwarden.publishing.build import SHIPPED  # noqa: PLC0415

    return {**{SHIPPED + path: content for path, content in shipped.items()}, **team}


def _as_json(found: Comparison, effects: Sequence[str]) -> dict[str, Any]:
    documents: list[Any] = msgspec.to_builtins(found.documents)
    return {"documents": documents, "effects": effects, "diff": "\n".join(found.diff)}


def _tell(found: Comparison, effects: Sequence[str]) -> None:
    if not found:
        click.echo("No difference.")
        return
    for line in (*found.documents, *effects):
        click.echo(str(line))
    click.echo()
    for line in found.diff:
        # click leaves colours out where nobody would see them.
        click.echo(click.style(line, fg=_STYLES.get(line[:1])) if line else line)
