"""`trailwarden rules`: what is done to rules before they go live, and while they are. One file a command."""

import click

from trailwarden.cli.rules.backtest import backtest_command
from trailwarden.cli.rules.check import check_command
from trailwarden.cli.rules.compile import compile_command
from trailwarden.cli.rules.coverage import coverage_command
from trailwarden.cli.rules.diff import diff_command
from trailwarden.cli.rules.explain import explain_command
from trailwarden.cli.rules.history import history_command
from trailwarden.cli.rules.import_ import import_command
from trailwarden.cli.rules.list import list_command
from trailwarden.cli.rules.new import new_command
from trailwarden.cli.rules.promote import promote_command
from trailwarden.cli.rules.publish import publish_command
from trailwarden.cli.rules.rollback import rollback_command
from trailwarden.cli.rules.status import status_command
from trailwarden.cli.rules.test import test_command


@click.group()
def rules() -> None:
    """Check, test, compile and publish Sigma rules."""


for _command in (
    new_command,
    check_command,
    explain_command,
    test_command,
    compile_command,
    backtest_command,
    list_command,
    coverage_command,
    import_command,
    publish_command,
    status_command,
    history_command,
    rollback_command,
    diff_command,
    promote_command,
):
    rules.add_command(_command)
