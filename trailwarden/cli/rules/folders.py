"""A team's folder on disk, as the rules bucket would hold it."""

from pathlib import Path

import click

from trailwarden.cli.rule_files import name_not_read
from trailwarden.rules.folder import MAX_FILES, MAX_TOTAL, rule_files, unsafe_path


def read_team_folder(folder: Path) -> dict[str, bytes]:
    """The folder's YAML files by path below it, without hidden files and folders (`.git`, `.github`).

    Raises `click.ClickException` with every file that a deployment would not take.
    """
    name_not_read([folder])
    found: dict[str, bytes] = {}
    mistakes: list[str] = []
    total = 0
    for file in rule_files(folder, lambda place, why: mistakes.append(f"{place}: {why}")):
        path = file.relative_to(folder).as_posix()
        wrong = unsafe_path(path)
        if wrong:
            mistakes.append(f"{file}: {wrong}")
            continue
        try:
            found[path] = file.read_bytes()
        except OSError as error:
            mistakes.append(f"{file}: cannot be read: {error.strerror}")
            continue
        total += len(found[path])
    if len(found) > MAX_FILES:
        mistakes.append(f"{folder}: holds {len(found):,} files; {MAX_FILES:,} are the most")
    if total > MAX_TOTAL:
        mistakes.append(f"{folder}: holds {total:,} bytes; {MAX_TOTAL:,} are the most")
    if mistakes:
        raise click.ClickException("\n".join(mistakes))
    return found
