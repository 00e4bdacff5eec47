"""`trailwarden rules rollback`: an earlier publication, live again."""

import sys

import click

from trailwarden.cli.deployment import Deployment, on_deployment
from trailwarden.cli.exits import Exit
from trailwarden.cli.rules.submitting import WAIT_SECONDS, confirm, submit
from trailwarden.publishing.submission import RollbackSubmission


@click.command("rollback")
@click.argument("sequence", required=False, type=click.IntRange(min=1), metavar="[SEQUENCE]")
@click.option("--note", default="", help="Why, for the history.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--wait", default=WAIT_SECONDS, show_default=True, help="Seconds to wait for the outcome.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
@on_deployment
def rollback_command(  # noqa: PLR0913, PLR0917 (its options)
    deployment: Deployment,
    sequence: int | None,
    note: str,
    yes: bool,
    wait: float,
    as_json: bool,
) -> None:
    """Make publication SEQUENCE live again: the one before the live one if none is named.

    It becomes a publication of its own, so that a rollback can be rolled back. Ends with 0 when it is live,
    1 when it was refused, 3 when the outcome is not known.

    \b
    Examples:
      trailwarden rules rollback
      trailwarden rules rollback 12 --note "the new rule is noisy"
    """
    live = deployment.live()
    if live is None:
        click.echo("trailwarden: nothing was ever published; there is nothing to go back to", err=True)
        sys.exit(Exit.USAGE)
    target = sequence or live.sequence - 1
    if target == 0:
        click.echo("trailwarden: the first publication is live; there is none before it", err=True)
        sys.exit(Exit.USAGE)
    if target == live.sequence:
        click.echo(f"Rule set {live.sequence}, version {live.version}, is live.")
        sys.exit(Exit.DONE)
    back = deployment.publication(target)
    if (back.version, back.sources) == (live.version, live.sources):
        click.echo(
            f"Rule set {live.sequence}, version {live.version}, is live and has exactly the rules and files "
            f"of rule set {target}: there is nothing to go back to."
        )
        sys.exit(Exit.DONE)
    made = f"{target}, version {back.version}, of {back.published_at} by {back.published_by}"
    confirm(f"Make publication {made}, live again?", yes=yes)
    submission = RollbackSubmission(live.sequence, deployment.caller, note, target)
    submit(deployment, submission, wait=wait, as_json=as_json)
