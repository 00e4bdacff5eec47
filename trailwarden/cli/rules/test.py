"""`trailwarden rules test`: the tests inside rule files."""

import json
import sys
from dataclasses import asdict

import click

from trailwarden.cli.arguments import given_paths
from trailwarden.cli.completion import rules_or_paths
from trailwarden.cli.exits import Exit
from trailwarden.cli.rule_files import name_unpublishable, rules_named, sound
from trailwarden.cli.rules.warnings import warn
from trailwarden.cli.tables import counted
from trailwarden.rule_tests import run_rule_tests


@click.command("test")
@click.argument(
    "paths", nargs=-1, metavar="[PATH|RULE...]", callback=given_paths, shell_complete=rules_or_paths
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def test_command(paths: tuple[str, ...], *, as_json: bool) -> None:
    """Run the tests inside rule files (of the shipped rules if none is named).

    Correlations may refer to shipped rules. RULE is a shipped rule's id, name, title or file.

    \b
    Example:
      trailwarden rules test my-rules/
    """
    rules = sound(rules_named(paths))
    name_unpublishable(rules.folder)
    sources = rules.sources
    warn(sources)
    failures = run_rule_tests(sources, rules.folder.sources)
    count = sum(len(source.block.tests) for source in sources)
    if as_json:
        told = {"rules": len(sources), "tests": count, "failures": [asdict(failure) for failure in failures]}
        click.echo(json.dumps(told, indent=2))
    else:
        for failure in failures:
            click.echo(str(failure), err=True)
        click.echo(f"{counted(len(sources), 'rule')}, {counted(count, 'test')}, {len(failures):,} failed.")
    sys.exit(Exit.ALERTED if failures else Exit.DONE)
