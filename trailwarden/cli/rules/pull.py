"""`trailwarden rules pull`: the team's live folder, on disk."""

import json
import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

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

_LONGEST_NAME = 255  # bytes, in the usual file systems


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
    """What is to do, and what cannot be done, all of it before the first write. Hidden files are never
    written: `.github` and the like are not rules, and what others may put there would be run."""
    refused = {
        path: f"{one_line(path, 200)} {why}: it is not written"
        for path in sorted(team)
        if (why := _unfit(folder, path, team) or _unwritable(folder / path))
    }
    wanted = [path for path in sorted(team) if path not in refused]
    others = [path for path in sorted(there) if path not in team]
    kept = {path: why for path in others if delete and (why := _unchangeable((folder / path).parent))}
    return Pull(
        write=tuple(path for path in wanted if path not in there),
        overwrite=tuple(path for path in wanted if path in there and there[path] != team[path]),
        remove=tuple(path for path in others if path not in kept) if delete else (),
        left=() if delete else tuple(others),
        refused=(*refused.values(), *(f"{one_line(path, 200)} {kept[path]}: it stays" for path in kept)),
    )


def _unfit(folder: Path, path: str, team: Collection[str]) -> str:
    """Why the file has no place of its own in the folder; empty if it has."""
    if any(part.startswith(".") for part in path.split("/")):
        return "is live, but hidden"
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in path.split("/")):
        return "has a name that is too long for a file"
    above = next((str(each) for each in PurePosixPath(path).parents if str(each) in team), "")
    if above:
        return f"is live, and so is {one_line(above, 200)}, which cannot be a file and a folder"
    leads_to, root = (folder / path).resolve(), folder.resolve()
    if not leads_to.is_relative_to(root):
        return f"leads out of {folder} by a link"
    inside = leads_to.relative_to(root).as_posix()
    return "" if inside == path else f"leads to {one_line(inside, 200)} by a link"


def _unwritable(file: Path) -> str:
    """Why the file cannot be written; empty if it can."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return _unchangeable(next(each for each in file.parents if os.path.lexists(each)))
    except OSError as error:
        return f"cannot be written here ({error.strerror})"
    if file.is_dir():
        return "is a folder here"
    return "" if os.access(file, os.W_OK) else "is write-protected"


def _unchangeable(folder: Path) -> str:
    """Why nothing can be put into a folder, or taken out of it; empty if it can."""
    if not folder.is_dir():
        return f"would lie in {folder}, which is not a folder"
    return "" if os.access(folder, os.W_OK) else f"lies in {folder}, which is write-protected"


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
