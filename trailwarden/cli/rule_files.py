"""The rules that a command works with: the ones named, else the shipped ones."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from trailwarden.cli.exits import Exit
from trailwarden.errors import RuleError
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import RuleSource, load_rules
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.shipped import shipped_rules_path


def loaded_rules(paths: Sequence[str]) -> list[RuleSource]:
    """The rules below `paths`; prints every problem and leaves with status 2 where they cannot be used."""
    try:
        return load_rules([Path(path) for path in paths] or [shipped_rules_path()])
    except RuleError as error:
        refuse(error)


def compiled_rules(paths: Sequence[str]) -> RuleSet:
    """The rule set below `paths`, compiled; prints every problem and leaves with status 2."""
    try:
        return compile_rules(loaded_rules(paths))
    except RuleError as error:
        refuse(error)


def refuse(error: RuleError) -> NoReturn:
    """Name every problem on standard error and leave with status 2."""
    for problem in error.problems:
        click.echo(str(problem), err=True)
    click.echo(f"trailwarden: rules refused, {len(error.problems)} to mend; nothing was done.", err=True)
    sys.exit(Exit.USAGE)
