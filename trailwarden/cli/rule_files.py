"""The rules that a command works with: the ones named, else the shipped ones."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from trailwarden.cli.exits import Exit
from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_rule
from trailwarden.rules.load import RuleSource, read_rules
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.shipped import shipped_rules_path


def usable_rules(paths: Sequence[str]) -> tuple[RuleSet, list[RuleSource], bool]:
    """The rules below `paths` that can be used, their sources, and whether all can.

    A bad rule never costs the others: each is named on standard error with its place and cure. Leaves with
    status 2 where none can be used.
    """
    sources, problems = read_rules([Path(path) for path in paths] or [shipped_rules_path()])
    compiled = [(source, compile_rule(source, problems)) for source in sources]
    usable = [(source, rule) for source, rule in compiled if rule is not None]
    if problems:
        _name(problems)
        told = f"{len(problems)} mistakes in the rules, named above; {len(usable)} rules can be used"
        click.echo(f"trailwarden: {told}", err=True)
    if not usable:
        sys.exit(Exit.USAGE)
    return RuleSet(rules=tuple(rule for _, rule in usable)), [source for source, _ in usable], not problems


def sound_rules(paths: Sequence[str]) -> tuple[RuleSet, list[RuleSource]]:
    """All of the rules below `paths`; leaves with status 2 where a single one cannot be used."""
    rule_set, sources, sound = usable_rules(paths)
    if not sound:
        sys.exit(Exit.USAGE)
    return rule_set, sources


def _name(problems: Iterable[Problem]) -> None:
    for problem in sorted(problems):
        click.echo(str(problem), err=True)
