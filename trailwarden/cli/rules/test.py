"""`trailwarden rules test`: the tests inside rule files."""

import sys

import click

from trailwarden.cli.exits import Exit
from trailwarden.cli.rule_files import sound_rules
from trailwarden.cli.rules.warnings import warn
from trailwarden.rule_tests import run_rule_tests


@click.command("test")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
def test_command(paths: tuple[str, ...]) -> None:
    """Run the tests inside rule files (the shipped rules if none is named).

    \b
    Example:
      trailwarden rules test my-rules/
    """
    _, sources = sound_rules(paths)
    warn(sources)
    failures = run_rule_tests(sources)
    for failure in failures:
        click.echo(str(failure), err=True)
    count = sum(len(source.block.tests) for source in sources)
    click.echo(f"{len(sources)} rules, {count} tests, {len(failures)} failed.")
    sys.exit(Exit.ALERTED if failures else Exit.DONE)
