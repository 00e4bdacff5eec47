"""`trailwarden rules`: what is done to rules before they go live."""

import sys
from pathlib import Path

import click

from trailwarden.cli.exits import Exit
from trailwarden.cli.rule_files import sound_rules
from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.load import Source
from trailwarden.rules.ruleset import dump_rule_set


@click.group()
def rules() -> None:
    """Check, test and compile Sigma rules."""


@rules.command("compile")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the artefact.",
)
def compile_command(paths: tuple[str, ...], output: Path) -> None:
    """Compile rule files and folders (the shipped rules if none is named) to one artefact.

    \b
    Example:
      trailwarden rules compile my-rules/ --output ruleset.json
    """
    rule_set, sources = sound_rules(paths)
    _warn(sources)
    output.write_bytes(dump_rule_set(rule_set))
    click.echo(
        f"{len(rule_set.rules) + len(rule_set.correlations)} rules, version {rule_set.version}: {output}"
    )


@rules.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
def test_command(paths: tuple[str, ...]) -> None:
    """Run the tests inside rule files (the shipped rules if none is named).

    \b
    Example:
      trailwarden rules test my-rules/
    """
    _, sources = sound_rules(paths)
    _warn(sources)
    failures = run_rule_tests(sources)
    for failure in failures:
        click.echo(str(failure), err=True)
    count = sum(len(source.block.tests) for source in sources)
    click.echo(f"{len(sources)} rules, {count} tests, {len(failures)} failed.")
    sys.exit(Exit.ALERTED if failures else Exit.DONE)


def _warn(sources: list[Source]) -> None:
    """Say on standard error what can be evaluated, but hardly means what it says."""
    for warning in lint_rules(sources):
        click.echo(str(warning), err=True)
