"""`trailwarden rules compile`: rule files to one artefact."""

from pathlib import Path

import click

from trailwarden.cli.arguments import given_paths
from trailwarden.cli.files import write_file
from trailwarden.cli.rule_files import rules_alone, sound
from trailwarden.cli.rules.warnings import warn
from trailwarden.cli.tables import counted
from trailwarden.rules.ruleset import dump_rule_set


@click.command("compile")
@click.argument("paths", nargs=-1, metavar="[PATH...]", callback=given_paths)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the artefact.",
)
def compile_command(paths: tuple[str, ...], output: Path) -> None:
    """Compile rule files and folders (the shipped rules if none is named) to one artefact: these rules alone.

    \b
    Example:
      trailwarden rules compile my-rules/ --output ruleset.json
    """
    rules = sound(rules_alone(paths))
    rule_set = rules.rule_set
    warn(rules.sources)
    write_file(output, dump_rule_set(rule_set))
    count = counted(len(rule_set.rules) + len(rule_set.correlations), "rule")
    click.echo(f"{count}, version {rule_set.version}: {output}")
