"""The command `trailwarden`."""

import click

import trailwarden
from trailwarden.cli.ending import EndingGroup


@click.group(
    cls=EndingGroup,
    lazy={
        "scan": "trailwarden.cli.scan:scan",
        "rules": "trailwarden.cli.rules:rules",
        "alerts": "trailwarden.cli.alerts:alerts",
        "completion": "trailwarden.cli.completion:completion",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(trailwarden.__version__, prog_name="trailwarden")
def main() -> None:
    """Sigma rules on AWS CloudTrail records.

    \b
    Examples:
      trailwarden scan ./AWSLogs
      trailwarden scan --format jsonl --matches s3://my-log-bucket/AWSLogs/111122223333
      trailwarden rules new "Access Key Created At Night"
      trailwarden alerts list --since 7d --open
    """
