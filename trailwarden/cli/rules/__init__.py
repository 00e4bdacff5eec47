"""`trailwarden rules`: what is done to rules before they go live, and while they are. One file a command."""

import click

from trailwarden.cli.lazy import LazyGroup

_FILES = {"import": "import_"}
_COMMANDS = (
    *("new", "check", "explain", "test", "backtest", "list", "coverage", "import", "compile"),
    *("publish", "status", "history", "rollback", "diff", "promote", "pull"),
)


@click.group(
    cls=LazyGroup,
    lazy={name: f"trailwarden.cli.rules.{_FILES.get(name, name)}:{name}_command" for name in _COMMANDS},
)
def rules() -> None:
    """Write, check, test and try out Sigma rules; publish them and undo it."""
