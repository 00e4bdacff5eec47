"""`trailwarden rules import`: what of a third-party pack can be used, and why the rest cannot."""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from trailwarden.cli.arguments import FolderToWrite
from trailwarden.cli.exits import Exit
from trailwarden.cli.rule_files import name_not_read
from trailwarden.cli.tables import counted, say
from trailwarden.rules.load import read_rules
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.safety.text import one_line
from trailwarden.third_party import Imported, Verdict, judge_pack

_EPILOG = (
    "Exit status: 0 every CloudTrail rule was taken; 2 wrong usage, or some were refused; 3 none was "
    "refused, but some file could not be read."
)
_LINE_LIMIT = 1100
_COLOURS = {
    Verdict.TAKEN: "green",
    Verdict.WARNED: "yellow",
    Verdict.REFUSED: "red",
    Verdict.UNREADABLE: "red",
}


@click.command("import", epilog=_EPILOG)
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="DIR...",
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--into",
    type=FolderToWrite(),
    help="Copy the files whose rules were all taken into this folder, byte by byte. Nothing is overwritten.",
)
@click.option("--all", "every", is_flag=True, help="Name the rules for other logs too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_command(paths: tuple[Path, ...], into: Path | None, every: bool, as_json: bool) -> None:
    """Say of each rule of a third-party pack (such as SigmaHQ's folder, as it is) whether it can be used.

    A rule is taken, taken with a warning, or refused, and why. The pack's files are never changed. Rules for
    other logs (Windows, Linux, ...) are refused, and only counted.

    \b
    Examples:
      trailwarden rules import sigma/rules/cloud/aws
      trailwarden rules import sigma/rules --into team-rules/sigmahq
      trailwarden rules import sigma/rules --json
    """
    name_not_read(paths)
    shipped, _ = read_rules([shipped_rules_path()])
    entries = judge_pack(paths, shipped)
    copied, left = _copied(entries, paths, into) if into is not None else ([], [])
    if as_json:
        click.echo(json.dumps(_as_json(entries, copied, left), indent=2))
    else:
        _print(entries, every=every)
        if into is not None:
            click.echo(f"Copied {counted(len(copied), 'file')} into {into}.")
    for text in left:
        click.echo(f"trailwarden: {text}", err=True)
    sys.exit(_status(entries, left))


def _status(entries: Sequence[Imported], left: Sequence[str]) -> Exit:
    verdicts = {entry.verdict for entry in entries}
    if Verdict.REFUSED in verdicts or left or not verdicts:
        return Exit.USAGE
    return Exit.INCOMPLETE if Verdict.UNREADABLE in verdicts else Exit.DONE


def _copied(entries: Sequence[Imported], paths: Sequence[Path], into: Path) -> tuple[list[str], list[str]]:
    """Copy the files all of whose rules were taken, under their paths in the pack. Returns the copies, and
    what was left out though something in it was taken."""
    by_file: dict[str, list[Imported]] = {}
    for entry in entries:
        by_file.setdefault(entry.path, []).append(entry)
    copied, left = [], []
    for name, found in by_file.items():
        if not any(entry.taken for entry in found):
            continue
        if not all(entry.taken for entry in found):
            left.append(f"{name} was not copied: not all that is in it was taken")
            continue
        target = into / _relative(Path(name), paths)
        try:
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(name, target)
                copied.append(target.as_posix())
            elif target.read_bytes() != Path(name).read_bytes():
                left.append(f"{name} was not copied: {target} is there, and differs")
        except OSError as error:
            left.append(f"{name} was not copied to {target}: {error.strerror or error}")
    return copied, left


def _relative(file: Path, paths: Sequence[Path]) -> Path:
    folder = next((path for path in paths if path.is_dir() and file.is_relative_to(path)), file.parent)
    return file.relative_to(folder)


def _as_json(entries: Sequence[Imported], copied: list[str], left: list[str]) -> dict[str, Any]:
    """What `--json` prints; docs/backtest.md says what the fields mean."""
    counts = Counter(entry.verdict for entry in entries)
    return {
        "summary": {verdict.name.lower(): counts[verdict] for verdict in Verdict},
        "rules": [
            {
                "path": entry.path,
                "line": entry.line,
                "kind": entry.kind,
                "id": entry.id or None,
                "title": entry.title,
                "verdict": entry.verdict.name.lower(),
                "problems": [
                    {"line": one.line, "column": one.column, "message": one.message, "cure": one.cure}
                    for one in entry.problems
                ],
            }
            for entry in entries
        ],
        "copied": copied,
        "not_copied": left,
    }


def _print(entries: Sequence[Imported], *, every: bool) -> None:
    for line, style in _lines(entries, every=every):
        say(line, style)
    counts = Counter(entry.verdict for entry in entries)
    taken, warned = counts[Verdict.TAKEN], counts[Verdict.WARNED]
    refused, other = counts[Verdict.REFUSED], counts[Verdict.OTHER_LOGS]
    told = [
        f"{taken + warned:,} taken ({warned:,} with a warning)",
        f"{refused + other:,} refused ({other:,} for other logs)",
    ]
    if counts[Verdict.UNREADABLE]:
        told.append(f"{counted(counts[Verdict.UNREADABLE], 'unreadable file')}")
    read = len(entries) - counts[Verdict.UNREADABLE]
    click.echo(f"{counted(read, 'rule')}: {', '.join(told)}.")


def _lines(entries: Sequence[Imported], *, every: bool) -> Iterator[tuple[str, str]]:
    for entry in entries:
        if entry.verdict is Verdict.OTHER_LOGS and not every:
            continue
        place = one_line(f"{entry.path}:{entry.line}", _LINE_LIMIT)
        style = _COLOURS.get(entry.verdict, "")
        yield f"{entry.verdict:<20}  {place}  {one_line(entry.title)}", style
        for problem in entry.problems:
            cure = f" ({problem.cure})" if problem.cure else ""
            text = one_line(f"{problem.message.removeprefix('warning: ')}{cure}", _LINE_LIMIT)
            yield f"{'':<22}line {problem.line}: {text}", ""
