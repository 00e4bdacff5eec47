"""The functions as Lambda runs them: `handler.py` beside its artefact, AWS played by moto."""

import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.samples import BUCKET, STOP_RULE, rule
from trailwarden.alerting import MAIN, Alerting, Route, dump_alerting
from trailwarden.rules.ruleset import RuleSet, dump_rule_set

REGION = "eu-west-1"
TABLE = "trailwarden-alerts"
RULES_BUCKET = "trailwarden-rules"
LAMBDAS = Path(__file__).resolve().parents[2] / "lambdas"


@dataclass(frozen=True)
class LambdaContext:
    """What Powertools' Logger reads of a Lambda context."""

    function_name: str = "trailwarden"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:111122223333:function:trailwarden"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"
    left: float = 120.0
    """Seconds that the function has left."""

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * self.left)


def tally_of(log: pytest.LogCaptureFixture) -> dict[str, Any]:
    """What the only run since the log was cleared came to, as its line says."""
    (tally,) = (vars(line)["tally"] for line in log.records if "tally" in vars(line))
    assert isinstance(tally, dict)
    return tally


def alarm_counts(text: str) -> dict[str, float]:
    """The metrics that a run sent, all for its own service."""
    counts: dict[str, float] = {}
    for line in text.splitlines():
        if '"_aws"' in line:
            document = json.loads(line)
            (directive,) = document["_aws"]["CloudWatchMetrics"]
            assert (directive["Namespace"], directive["Dimensions"]) == ("Trailwarden", [["service"]])
            counts |= {one["Name"]: sum(document[one["Name"]]) for one in directive["Metrics"]}
    return counts


@dataclass(frozen=True)
class Aws:
    """moto's AWS, with what the stacks would have made."""

    s3: Any
    dynamodb: Any
    sqs: Any
    alert_topic: str
    alert_queue: str
    operations_queue: str
    authors_queue: str
    ingest: str = ""
    dead_letters: str = ""

    def put(self, key: str, data: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=data)

    def items(self, kind: str) -> list[dict[str, Any]]:
        """The table's items whose partition key begins with `kind`."""
        found = self.dynamodb.scan(TableName=TABLE, ConsistentRead=True)["Items"]
        return [item for item in found if item["pk"]["S"].startswith(kind)]

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """Everything that waits in a queue, taken out of it."""
        taken: list[dict[str, Any]] = []
        while batch := self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", []):
            taken += batch
            for message in batch:
                self.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return taken


class OneAtATime:
    """A pool that does things one after the other."""

    def __init__(self, _workers: int) -> None:
        self.map = map


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "ALERT_TABLE_NAME": TABLE,
        "LOG_BUCKET_NAME": BUCKET,
        "RULES_BUCKET_NAME": RULES_BUCKET,
        "ALERT_RETENTION_DAYS": "30",
        "RESPONDERS_ROLE_ID": "AROARESPONDERS",
        "POWERTOOLS_SERVICE_NAME": "tests",
        "POWERTOOLS_METRICS_NAMESPACE": "Trailwarden",
    }.items():
        monkeypatch.setenv(name, value)
    # moto is not made for threads; tests/unit/aws/test_group_table.py has groups moved side by side.
    monkeypatch.setattr("trailwarden.state.groups.ThreadPoolExecutor", OneAtATime)
    with mock_aws():
        s3, sns = boto3.client("s3"), boto3.client("sns")
        sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
        for bucket in (BUCKET, RULES_BUCKET):
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=RULES_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        create_alert_table(dynamodb, TABLE)
        topics, queues = [], []
        for name in ("alerts", "operations", "authors"):
            topic = sns.create_topic(Name=name)["TopicArn"]
            queue = sqs.create_queue(QueueName=name)["QueueUrl"]
            arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
                "QueueArn"
            ]
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
            topics.append(topic)
            queues.append(queue)
        monkeypatch.setenv("OPERATIONS_TOPIC_ARN", topics[1])
        monkeypatch.setenv("RULE_AUTHORS_TOPIC_ARN", topics[2])
        feeding = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("ingest", "ingest-dead-letters")]
        monkeypatch.setenv("INGEST_QUEUE_URL", feeding[0])
        monkeypatch.setenv("INGEST_DEAD_LETTER_QUEUE_URL", feeding[1])
        yield Aws(s3, dynamodb, sqs, topics[0], *queues, *feeding)


@pytest.fixture
def load(aws: Aws, tmp_path: Path) -> Callable[[str], ModuleType]:
    """Start a function's code afresh, as a new execution environment does."""

    def start(function: str) -> ModuleType:
        code = tmp_path / "handler.py"
        shutil.copyfile(LAMBDAS / function / "handler.py", code)
        rules = RuleSet(rules=(rule(STOP_RULE, "StopLogging", alert_title="{actor} stopped the trail"),))
        code.with_name("ruleset.json").write_bytes(dump_rule_set(rules))
        settings = code.with_name("alerting.json")
        if not settings.exists():  # a test may have laid its own there
            settings.write_bytes(dump_alerting(Alerting(topics=(Route(MAIN, aws.alert_topic),))))
        spec = importlib.util.spec_from_file_location(f"{function}_handler", code)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return start
