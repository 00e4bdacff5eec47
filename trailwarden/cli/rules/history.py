"""`trailwarden rules history`: who published what, and when."""

import json
import sys

import click
import msgspec

from trailwarden.cli.deployment import Deployment, on_deployment
from trailwarden.cli.exits import Exit
from trailwarden.cli.tables import say_indented
from trailwarden.safety.text import one_line
from trailwarden.state.rule_sets import Publication


@click.command("history")
@click.option(
    "--limit",
    "-n",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    help="List so many publications at most.",
)
@click.option(
    "--before", type=click.IntRange(min=1), metavar="N", help="List only those before publication N."
)
@click.option("--changes", "-c", is_flag=True, help="Also print what each changed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each publication.")
@on_deployment
def history_command(
    deployment: Deployment,
    limit: int,
    before: int | None,
    changes: bool,
    as_json: bool,
) -> None:
    """List what was published, newest first.

    \b
    Examples:
      trailwarden rules history --changes
      trailwarden rules history -n 100 --json
    """
    live = deployment.store.live()
    found = deployment.store.history(limit, before)
    if not found and not as_json:
        click.echo("Nothing was ever published: the rules that were deployed are at work.")
        sys.exit(Exit.DONE)
    for publication in found:
        if as_json:
            click.echo(json.dumps(msgspec.to_builtins(publication)))
            continue
        mark = "*" if live and publication.sequence == live.sequence else " "
        say_indented(f"{mark} {line_of(publication)}")
        if changes:
            for change in publication.changes:
                say_indented(f"      {one_line(change, 500)}")


def line_of(publication: Publication) -> str:
    """One publication on one line."""
    who = one_line(publication.published_by, 100)
    if publication.claimed_author:
        who += f" (as {one_line(publication.claimed_author, 100)})"
    note = f"  {one_line(publication.note, 400)!r}" if publication.note else ""
    return (
        f"{publication.sequence:>5}  {publication.published_at}  {publication.kind:<8}"
        f"  {publication.version}  {who}{note}"
    )
