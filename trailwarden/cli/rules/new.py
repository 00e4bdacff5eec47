"""`trailwarden rules new`: the file of a new rule."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import click

from trailwarden.cli.arguments import FolderToWrite
from trailwarden.cli.exits import Exit
from trailwarden.cli.files import write_file
from trailwarden.cli.rules.records import record_at
from trailwarden.scaffold import propose, rule_text

_LONGEST_NAME = 80


@click.command("new")
@click.argument("title", required=False)
@click.option(
    "--dir",
    "folder",
    type=FolderToWrite(),
    default=Path(),
    help="The folder to write to, made if it is missing; the current one if left out.",
)
@click.option(
    "--from-record",
    "place",
    metavar="FILE:INDEX",
    help="Propose the selection from this record, and put it in as the first test.",
)
def new_command(title: str | None, folder: Path, place: str | None) -> None:
    """Write the file of a new rule, with a comment wherever you have a say, and with its first tests.

    INDEX is the record's place in the file's `Records`, from 0, as `scan --matches` prints it. FILE may be
    an s3:// address. With a record, TITLE may be left out. Nothing is overwritten.

    \b
    Examples:
      trailwarden rules new "Access Key Created At Night" --dir my-rules/persistence
      trailwarden rules new --from-record log.json.gz:17 --dir my-rules
    """
    try:
        proposal = propose(record_at(place)) if place else None
    except ValueError as error:
        _leave(f"{place}: {error}")
    if proposal is None and not (title or "").strip():
        _leave("say what the rule finds, as its title, or name a record with --from-record")
    title = (title or "").strip() or (proposal.title if proposal else "")
    file = folder / f"{_file_name(title)}.yml"
    if file.exists():
        _leave(f"{file} is there already: choose another title, or another --dir")
    folder.mkdir(parents=True, exist_ok=True)
    write_file(file, rule_text(title, str(uuid4()), datetime.now(UTC).date(), proposal))
    click.echo(f"Wrote {file.as_posix()}.")
    click.echo(f"Next: edit it, then `trailwarden rules check {file.as_posix()}` and `rules test`.")


def _file_name(title: str) -> str:
    """The title in small letters and underscores, safe as a file's name."""
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "_".join(words)[:_LONGEST_NAME].strip("_") or "rule"


def _leave(message: str) -> NoReturn:
    click.echo(f"trailwarden: {message}", err=True)
    sys.exit(Exit.USAGE)
