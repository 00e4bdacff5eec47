"""`trailwarden alerts`: what was told, and who looks after it. One file a command."""

import click

from trailwarden.cli.lazy import LazyGroup

_COMMANDS = ("list", "show", "ack", "close")


@click.group(
    cls=LazyGroup,
    lazy={name: f"trailwarden.cli.alerts.{name}:{name}_command" for name in _COMMANDS},
)
def alerts() -> None:
    """List and show a deployment's alerts, take them on, and close them."""
