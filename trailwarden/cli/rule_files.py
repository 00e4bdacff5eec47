"""The rules that a command works with: the ones named, else the shipped ones."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from trailwarden.cli.exits import Exit
from trailwarden.cli.tables import counted
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import read_rules
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.rules.source import Source


def usable_rules(paths: Sequence[str]) -> tuple[RuleSet, list[Source], bool]:
    """The rules below `paths` that can be used, their sources, and whether all can.

    A bad rule never costs the others: each is named on standard error with its place and cure. Leaves with
    status 2 where none can be used.
    """
    sources, problems = read_rules([Path(path) for path in paths] or [shipped_rules_path()])
    rule_set, refused = compile_usable(sources)
    problems += refused
    for problem in sorted(problems):
        click.echo(str(problem), err=True)
    if problems:
        rules = counted(len(rule_set.rules), "rule")
        told = f"{counted(len(problems), 'mistake')} in the rules, named above; {rules} can be used"
        click.echo(f"trailwarden: {told}", err=True)
    if not rule_set.rules:
        sys.exit(Exit.USAGE)
    usable = {rule.id for rule in rule_set.rules} | {one.id for one in rule_set.correlations}
    return rule_set, [source for source in sources if source.id in usable], not problems


def sound_rules(paths: Sequence[str]) -> tuple[RuleSet, list[Source]]:
    """All of the rules below `paths`; leaves with status 2 where a single one cannot be used."""
    rule_set, sources, sound = usable_rules(paths)
    if not sound:
        sys.exit(Exit.USAGE)
    return rule_set, sources
