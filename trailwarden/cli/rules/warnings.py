"""What can be evaluated, but hardly means what it says, said on standard error."""

from collections.abc import Sequence

import click

from trailwarden.rules.lint import lint_rules
from trailwarden.rules.source import Source


def warn(sources: Sequence[Source]) -> None:
    """Name every warning with its place and cure."""
    for warning in lint_rules(sources):
        click.echo(str(warning), err=True)
