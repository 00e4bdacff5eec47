"""One local cloud for the session, deployed once, and the way to put log files into it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.names import DETECT_FUNCTION
from local.cloud import AlertMail, LocalCloud, local_cloud, wait_for
from local.deployment import CDK, Assembly, synthesize
from tests.e2e.over_time import brief_settings, restore_budgets, stop_the_clock
from tests.patience import SECONDS
from tests.samples import notice
from trailwarden.delivery.keys import LogFileKey, LogFileKind


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    missing = pytest.mark.skipif(not CDK.exists(), reason="the CDK command line is missing: make setup")
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(missing)


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The stacks, synthesized once for every local cloud."""
    return synthesize(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="session")
def cloud(assembly: Assembly) -> Iterator[LocalCloud]:
    with local_cloud(assembly=assembly) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def strict_cloud(assembly: Assembly) -> Iterator[LocalCloud]:
    """Another one, with IAM enforced, and over TLS."""
    with local_cloud(enforce_iam=True, assembly=assembly) as deployed:
        yield deployed


@pytest.fixture(scope="session")
def brief_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One with settings of its own, in which alerts are over after seconds, and nothing is tended unasked."""
    assembly = synthesize(tmp_path_factory.mktemp("brief"), settings=brief_settings())
    with local_cloud(assembly=assembly) as deployed:
        stop_the_clock(deployed)
        yield deployed


@pytest.fixture
def brief(brief_cloud: LocalCloud) -> "Archive":
    """Its archive, for a test to which all of the hour's budgets are left."""
    restore_budgets(brief_cloud)
    return Archive(brief_cloud)


class Archive:
    """The log bucket and the delivery topic, as CloudTrail uses them."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.bucket = cloud.names.log_bucket
        self._since = datetime.now(UTC) - timedelta(seconds=1)

    def put(self, content: bytes, *, account_id: str = "444455556666") -> str:
        """Put a log file; gives its key, one that was never used before."""
        key = str(
            LogFileKey(
                account_id=account_id,
                kind=LogFileKind.EVENTS,
                region=self.cloud.names.region,
                time=datetime.now(UTC),
                unique=uuid4().hex[:16],
            )
        )
        self.cloud.audit("s3").put_object(Bucket=self.bucket, Key=key, Body=content)
        return key

    def announce(self, *keys: str) -> None:
        """Send CloudTrail's delivery notice."""
        message = json.dumps({"s3Bucket": self.bucket, "s3ObjectKey": list(keys)})
        self.cloud.audit("sns").publish(TopicArn=self.cloud.names.delivery_topic_arn, Message=message)

    def detect(self, key: str) -> None:
        """Run `detect` on the notice of one file, as SQS would: again while another function has the file."""
        message = {
            "messageId": str(uuid4()),
            "receiptHandle": "handle",
            "body": notice(key, bucket=self.bucket),
            "attributes": {},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": self.cloud.names.ingest_queue_arn,
            "awsRegion": self.cloud.names.region,
        }

        def done() -> bool:
            answer = self.cloud.audit("lambda").invoke(
                FunctionName=DETECT_FUNCTION, Payload=json.dumps({"Records": [message]})
            )
            return bool(json.loads(answer["Payload"].read()) == {"batchItemFailures": []})

        assert wait_for(done, SECONDS), self.cloud.emulator.log

    def settle(self) -> None:
        """Until no notice waits or is at work, and all messages of alerts that came since this was made have
        been told or held back."""

        def quiet() -> bool:
            if self.waiting("trailwarden-ingest"):
                return False
            cloud = self.cloud
            wanted = [item for item in self.messages() if not item.keys() & {"staged", "silent"}]
            told = {
                (
                    f"ALERT#{alert.alert_id}",
                    "ALERT" if alert.told_before is None else f"MORE#{alert.total:012}",
                )
                for alert in map(AlertMail.parse, filter(AlertMail.is_one, cloud.emulator.mails))
            }
            return all(
                "held_in" in item or ("told_at" in item and (item["pk"]["S"], item["sk"]["S"]) in told)
                for item in wanted
            )

        assert wait_for(quiet, SECONDS), self.cloud.emulator.log

    def messages(self) -> list[dict[str, Any]]:
        """The items of the messages of all alerts that came since this was made."""
        return self.cloud.messages(self._since)

    def waiting(self, queue: str) -> int:
        """The messages of a queue, those at work included."""
        return waiting(self.cloud, queue)


def waiting(cloud: LocalCloud, queue: str) -> int:
    """The messages of a queue, those at work included."""
    sqs = cloud.audit("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


@pytest.fixture
def archive(cloud: LocalCloud) -> Archive:
    restore_budgets(cloud)
    return Archive(cloud)


@contextmanager
def impatient_queue(cloud: LocalCloud) -> Iterator[None]:
    """The ingest queue gives a message again after a second, not after minutes."""
    sqs = cloud.audit("sqs")
    url = sqs.get_queue_url(QueueName="trailwarden-ingest")["QueueUrl"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)
