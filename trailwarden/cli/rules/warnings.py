"""What can be evaluated, but hardly means what it says, said on standard error."""

from collections.abc import Sequence

import click

from trailwarden.cli.rules.findings import told_in_lines
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.source import Source


def warn(sources: Sequence[Source]) -> None:
    """Name every warning with its place and cure, those that say the same together."""
    for text in told_in_lines(lint_rules(sources)):
        click.echo(text, err=True)
