"""`trailwarden rules pull`: the team's live folder, on disk."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from trailwarden.cli.arguments import FolderToWrite
from trailwarden.cli.deployment import Deployment, on_deployment
from trailwarden.cli.exits import Exit
from trailwarden.cli.files import write_file
from trailwarden.cli.rules.comparison import compare
from trailwarden.cli.rules.folders import read_team_folder
from trailwarden.cli.rules.submitting import confirm
from trailwarden.cli.tables import counted
from trailwarden.safety.text import one_line


@dataclass(frozen=True, slots=True)
class Pull:
    """What makes a folder show what is live. `refused` says why files are not written."""

    write: tuple[str, ...]
    overwrite: tuple[str, ...]
    remove: tuple[str, ...]
    left: tuple[str, ...]
    refused: tuple[str, ...]


@click.command("pull")
@click.argument("folder", metavar="DIR", type=FolderToWrite())
@click.option("--delete", is_flag=True, help="Remove the rule files of DIR that are not live.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@on_deployment
def pull_command(deployment: Deployment, folder: Path, delete: bool, yes: bool, as_json: bool) -> None:
    """Write the team's live folder to DIR, which is made if it is missing.

    Files that differ are named and asked about before they are replaced. Rule files that are not live stay,
    and are named, unless --delete is given; nothing else in DIR is touched.

    \b
    Examples:
      trailwarden rules pull my-rules/
      trailwarden rules pull my-rules/ --delete --yes
    """
    live = deployment.live()
    if live is None:
        click.echo("trailwarden: nothing was ever published; there is nothing to pull", err=True)
        sys.exit(Exit.USAGE)
    team = deployment.sources(live).team
    there = read_team_folder(folder) if folder.is_dir() else {}
    pull = planned(folder, there, team, delete=delete)
    for why in pull.refused:
        click.echo(f"trailwarden: {why}", err=True)
    _ask(pull, there, team, yes=yes)
    for path in (*pull.write, *pull.overwrite):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, team[path])
    for path in pull.remove:
        (folder / path).unlink()
    if as_json:
        found = {
            "sequence": live.sequence,
            "version": live.version,
            "written": [*pull.write, *pull.overwrite],
        }
        click.echo(json.dumps(found | {"removed": pull.remove, "left": pull.left, "refused": pull.refused}))
    else:
        for line in _lines(pull, folder, live.sequence, live.version):
            click.echo(line)
    sys.exit(Exit.INCOMPLETE if pull.refused else Exit.DONE)


def planned(folder: Path, there: Mapping[str, bytes], team: Mapping[str, bytes], *, delete: bool) -> Pull:
    """What is to do. Hidden files are never written: `.github` and the like are not rules, and what others
    may put there would be run."""
    refused = {path: why for path in team if (why := _unwritable(folder, path))}
    wanted = [path for path in sorted(team) if path not in refused]
    others = tuple(path for path in sorted(there) if path not in team)
    return Pull(
        write=tuple(path for path in wanted if path not in there),
        overwrite=tuple(path for path in wanted if path in there and there[path] != team[path]),
        remove=others if delete else (),
        left=() if delete else others,
        refused=tuple(refused.values()),
    )


def _unwritable(folder: Path, path: str) -> str:
    if any(part.startswith(".") for part in path.split("/")):
        return f"{one_line(path, 200)} is live, but hidden: it is not written"
    if not (folder / path).resolve().is_relative_to(folder.resolve()):
        return f"{folder / path} leads out of {folder} by a link: it is not written"
    return ""


def _ask(pull: Pull, there: Mapping[str, bytes], team: Mapping[str, bytes], *, yes: bool) -> None:
    """Name what would be lost, and ask."""
    lost = [*pull.overwrite, *pull.remove]
    if not lost:
        return
    before = {path: there[path] for path in lost}
    after = {path: team[path] for path in pull.overwrite}
    for change in compare(before, after, ("here", "live")).documents:
        click.echo(str(change), err=True)
    parts = [("Replace", pull.overwrite), ("Remove", pull.remove)]
    what = " and ".join(f"{verb} {counted(len(paths), 'file')}" for verb, paths in parts if paths)
    confirm(f"{what}?", yes=yes, nothing="Nothing was written.")


def _lines(pull: Pull, folder: Path, sequence: int, version: str) -> Iterator[str]:
    written = [*pull.write, *pull.overwrite]
    yield from _each("wrote", written)
    yield from _each("removed", pull.remove)
    yield from _each("not live, left (--delete removes it):", pull.left)
    done = f"{counted(len(written), 'file')} written" + (
        f", {len(pull.remove):,} removed" if pull.remove else ""
    )
    yield f"{folder} has rule set {sequence}, version {version}: {done}."


def _each(what: str, paths: Sequence[str]) -> Iterator[str]:
    yield from (f"{what} {one_line(path, 200)}" for path in paths)
