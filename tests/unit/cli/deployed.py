"""A deployment for tests of commands: AWS played by moto, the publishing function by the publisher itself."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from infra.names import ALERT_TABLE, Names
from tests.alert_table import create_alert_table
from trailwarden.aws.ledger_table import LedgerTable
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.cli import main
from trailwarden.cli.deployment import Deployment
from trailwarden.cli.rules import publish, submitting
from trailwarden.publishing.notices import FolderChange
from trailwarden.publishing.publisher import Publisher
from trailwarden.publishing.submission import Submission
from trailwarden.state.ledger import FileEntry
from trailwarden.state.protocol import FileOutcome

ACCOUNT = "123456789012"  # moto's
REGION = "eu-west-1"
NAMES = Names(ACCOUNT, REGION)
EDITOR = "AWS:AIDAEXAMPLE:somebody"


@dataclass
class Authors:
    """The authors' topic."""

    letters: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, subject: str, text: str) -> None:
        self.letters.append((subject, text))


class Deployed:
    """Bucket and table, and what the function does when something is put into the bucket."""

    def __init__(self) -> None:
        self.s3 = boto3.client("s3", region_name=REGION)
        self.dynamodb = boto3.client("dynamodb", region_name=REGION)
        where = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=NAMES.rules_bucket, CreateBucketConfiguration=where)
        versioned = {"Status": "Enabled"}
        self.s3.put_bucket_versioning(Bucket=NAMES.rules_bucket, VersioningConfiguration=versioned)
        create_alert_table(self.dynamodb, ALERT_TABLE)
        self.authors = Authors()
        self.store = RuleSetTable(self.dynamodb, ALERT_TABLE, now=time.time)
        self.works = True

    def publisher(self) -> Publisher:
        """As a fresh start of the function has it: nothing ships."""
        return Publisher(
            shipped={},
            folder=RulesBucket(self.s3, NAMES.rules_bucket),
            store=self.store,
            authors=self.authors,
            operations=self.authors,
            now=time.time,
        )

    def play_the_function(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever a command hands in is dealt with at once, unless the function does not work."""
        hand_in = submitting.hand_in

        def hand_in_and_publish(deployment: Deployment, submission: Submission) -> str:
            key = hand_in(deployment, submission)
            if self.works:
                version = self.s3.head_object(Bucket=NAMES.rules_bucket, Key=key)["VersionId"]
                self.publisher().submitted(self._change(key, version))
            return key

        monkeypatch.setattr(submitting, "hand_in", hand_in_and_publish)

    def edit(self, path: str, text: str) -> None:
        """Somebody uploads a file by hand."""
        key = f"team/{path}"
        answer: dict[str, Any] = self.s3.put_object(Bucket=NAMES.rules_bucket, Key=key, Body=text.encode())
        self.publisher().edited([self._change(key, answer["VersionId"])])

    def hide(self, count: int, exception_id: str, day: str) -> None:
        """A log file was read in which an exception hid matches."""
        table = LedgerTable(
            self.dynamodb, ALERT_TABLE, retention=timedelta(days=1), now=time.time, pause=lambda _: None
        )
        table.write(
            "bucket/key#etag", FileEntry(outcome=FileOutcome.READ), hidden={(exception_id, day): count}
        )

    def team(self) -> dict[str, str]:
        """The team's folder in the bucket."""
        contents = RulesBucket(self.s3, NAMES.rules_bucket).team().contents
        return {path: content.decode() for path, content in contents.items()}

    def _change(self, key: str, version: str) -> FolderChange:
        return FolderChange(NAMES.rules_bucket, key, version, False, EDITOR, "2026-01-31T12:00:00Z")


STOPPED = """\
# Who stops the trail hides something.
title: Trail stopped
id: 0b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10
name: trail_stopped
status: test  # for a week
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventSource: cloudtrail.amazonaws.com
    eventName: StopLogging
  condition: selection
"""
DELETED = """\
title: Trail deleted
id: 7a1f7c0e-6f0d-4a56-8a55-5d7cf2f2a111
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventSource: cloudtrail.amazonaws.com
    eventName: DeleteTrail
  condition: selection
"""


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", REGION),
    ):
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(publish, "_shipped", dict)
    with mock_aws():
        made = Deployed()
        made.play_the_function(monkeypatch)
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rules = tmp_path / "rules"
    (rules / "trails").mkdir(parents=True)
    (rules / "trails" / "stopped.yml").write_text(STOPPED)
    (rules / "README.md").write_text("no rule")
    (rules / ".github").mkdir()
    (rules / ".github" / "workflow.yml").write_text("on: push")
    return rules


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["rules", *arguments])


def published(folder: Path, *options: str) -> Result:
    result = run("publish", str(folder), "--yes", *options)
    assert result.exit_code == 0, result.output
    return result
