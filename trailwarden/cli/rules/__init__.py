"""`trailwarden rules`: what is done to rules before they go live, and while they are. One file a command."""

import click

from trailwarden.cli.rules.compile import compile_command
from trailwarden.cli.rules.diff import diff_command
from trailwarden.cli.rules.history import history_command
from trailwarden.cli.rules.promote import promote_command
from trailwarden.cli.rules.publish import publish_command
from trailwarden.cli.rules.rollback import rollback_command
from trailwarden.cli.rules.status import status_command
from trailwarden.cli.rules.test import test_command


@click.group()
def rules() -> None:
    """Check, test, compile and publish Sigma rules."""


for _command in (
    test_command,
    compile_command,
    publish_command,
    status_command,
    history_command,
    rollback_command,
    diff_command,
    promote_command,
):
    rules.add_command(_command)
