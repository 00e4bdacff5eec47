"""The command `trailwarden`."""

import click

import trailwarden
from trailwarden.cli.completion import completion
from trailwarden.cli.rules import rules
from trailwarden.cli.scan import scan


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(trailwarden.__version__, prog_name="trailwarden")
def main() -> None:
    """Sigma rules on AWS CloudTrail records.

    \b
    Examples:
      trailwarden scan ./AWSLogs
      trailwarden scan --format jsonl --matches s3://my-log-bucket/AWSLogs/111122223333
      trailwarden rules test
    """


main.add_command(scan)
main.add_command(rules)
main.add_command(completion)
