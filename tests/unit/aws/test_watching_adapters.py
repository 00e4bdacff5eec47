"""SNS, KMS and the memory of the daily check, AWS played by moto."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from tests.alert_table import create_alert_table
from trailwarden.aws.subscription_table import SubscriptionTable
from trailwarden.aws.subscriptions import SnsTopics
from trailwarden.aws.topic_keys import KmsTopicKeys
from trailwarden.state.memory_subscriptions import MemorySubscriptions
from trailwarden.state.subscriptions import (
    KeyState,
    ListedSubscription,
    SeenSubscription,
    SeenTopic,
    Standing,
    SubscriptionMemory,
    ToldFinding,
)

REGION = "eu-west-1"
TABLE = "alerts"
ARN = f"arn:aws:sns:{REGION}:123456789012:alerts"
SEEN = SeenTopic(
    {"a1": SeenSubscription("email", "a@example.com", Standing.GONE, 1000, expected=True)},
    {"vanished/a1": ToldFinding("It is gone.", "2026-03-01", "2026-03-02")},
)


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


def refusing(client: Any, method: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise error

    monkeypatch.setattr(client, method, refuse)


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said"}}, "Operation")


def test_a_topic_is_read_with_its_key_and_every_page_of_subscriptions() -> None:
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="alerts", Attributes={"KmsMasterKeyId": "alias/state"})["TopicArn"]
    for number in range(120):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=f"{number}@example.com")
    view = SnsTopics(sns).look(topic)
    assert (view.key, view.missing, view.problem) == ("alias/state", False, "")
    assert len({one.endpoint for one in view.subscriptions}) == 120
    assert ListedSubscription("email", "7@example.com", Standing.CONFIRMED) in view.subscriptions


def test_pending_and_deleted_subscriptions_are_told_by_their_arn(monkeypatch: pytest.MonkeyPatch) -> None:
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    pages = [
        {
            "Subscriptions": [
                {"SubscriptionArn": arn, "Protocol": "email", "Endpoint": f"{arn}@example.com"}
                for arn in ("PendingConfirmation", "Deleted", f"{topic}:1")
            ]
        }
    ]

    class Pages:
        def paginate(self, **_: Any) -> list[dict[str, Any]]:
            return pages

    monkeypatch.setattr(sns, "get_paginator", lambda _name: Pages())
    standings = [one.standing for one in SnsTopics(sns).look(topic).subscriptions]
    assert standings == [Standing.PENDING, Standing.CONFIRMED]
    assert SnsTopics(sns).look(topic).key is None


def test_a_topic_that_is_gone_or_refused_is_an_answer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    sns = boto3.client("sns")
    assert SnsTopics(sns).look(ARN).missing
    refusing(sns, "get_topic_attributes", client_error("AuthorizationError"), monkeypatch)
    assert "AuthorizationError" in SnsTopics(sns).look(ARN).problem
    refusing(sns, "get_topic_attributes", EndpointConnectionError(endpoint_url="x"), monkeypatch)
    assert "Could not connect" in SnsTopics(sns).look(ARN).problem


def test_a_message_passes_every_filter_by_severity(monkeypatch: pytest.MonkeyPatch) -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="alerts")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = '{"severity": ["high", "critical"]}'
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": policy})
    SnsTopics(sns).tell(topic, "Subject\nwith a break", "text")
    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert '"Subject": "Subject with a break"' in message["Body"]


def test_a_key_is_judged_by_its_state() -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    keys = KmsTopicKeys(kms)
    assert keys.condition(key).state is KeyState.USABLE
    kms.disable_key(KeyId=key.rpartition("/")[2])
    assert (keys.condition(key).state, keys.condition(key).detail) == (KeyState.BROKEN, "Disabled")
    kms.schedule_key_deletion(KeyId=key.rpartition("/")[2])
    assert keys.condition(key).detail == "PendingDeletion"
    assert keys.condition("arn:aws:kms:eu-west-1:123456789012:key/none").state is KeyState.BROKEN


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("DryRunOperationException", KeyState.USABLE),
        ("AccessDeniedException", KeyState.REFUSED),
        ("KMSInvalidStateException", KeyState.BROKEN),
        ("ThrottlingException", KeyState.UNKNOWN),
    ],
)
def test_a_key_is_tried_without_using_it(code: str, state: KeyState, monkeypatch: pytest.MonkeyPatch) -> None:
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    refusing(kms, "generate_data_key", client_error(code), monkeypatch)
    assert KmsTopicKeys(kms).condition(key).state is state


def test_a_key_that_may_not_be_described_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    kms = boto3.client("kms")
    for error in (client_error("AccessDeniedException"), EndpointConnectionError(endpoint_url="x")):
        refusing(kms, "describe_key", error, monkeypatch)
        assert KmsTopicKeys(kms).condition("k").state is KeyState.UNKNOWN


def test_the_dry_run_is_one_that_kms_knows() -> None:
    operation = boto3.client("kms").meta.service_model.operation_model("GenerateDataKey")
    assert "DryRun" in operation.input_shape.members
    assert "DryRunOperationException" in {shape.name for shape in operation.error_shapes}


@pytest.fixture(params=["memory", "dynamodb"])
def memory(request: pytest.FixtureRequest) -> SubscriptionMemory:
    if request.param == "memory":
        return MemorySubscriptions()
    dynamodb = boto3.client("dynamodb")
    create_alert_table(dynamodb, TABLE)
    return SubscriptionTable(dynamodb, TABLE, now=lambda: 1000.0)


def test_what_a_check_saw_is_there_the_next_day(memory: SubscriptionMemory) -> None:
    assert memory.seen(ARN) is None
    memory.remember(ARN, SeenTopic())
    memory.remember(ARN, SEEN)
    assert memory.seen(ARN) == SEEN
    assert memory.seen(f"{ARN}-others") is None


def test_the_item_says_what_it_is_and_goes_some_day(caplog: pytest.LogCaptureFixture) -> None:
    dynamodb = boto3.client("dynamodb")
    create_alert_table(dynamodb, TABLE)
    table = SubscriptionTable(dynamodb, TABLE, now=lambda: 1000.0)
    table.remember(ARN, SEEN)
    (item,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert (item["pk"]["S"], item["sk"]["S"]) == ("SUBSCRIPTIONS#alerts", "SEEN")
    assert int(item["expires_at"]["N"]) > 1000
    item["seen"] = {"S": "{"}
    dynamodb.put_item(TableName=TABLE, Item=item)
    assert table.seen(ARN) is None
    assert "the check begins anew" in caplog.text


def test_more_than_an_item_holds_is_forgotten_those_first_that_nobody_asked_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    dynamodb = boto3.client("dynamodb")
    create_alert_table(dynamodb, TABLE)
    (one,) = SEEN.subscriptions.values()
    many = {f"{number:016}": replace(one, expected=number < 5) for number in range(100)}
    for limit, left in ((2000, 5), (400, 2), (10, 0)):
        table = SubscriptionTable(dynamodb, TABLE, now=lambda: 1000.0, limit=limit)
        table.remember(ARN, SeenTopic(many, {}))
        seen = table.seen(ARN)
        assert seen is not None
        assert len(seen.subscriptions) == left
    assert "not all of" in caplog.text


@pytest.mark.parametrize("slow", [0.0, 3.0], ids=["many", "slow"])
def test_a_topic_of_a_hundred_thousand_subscriptions_takes_no_more_time_or_memory_than_others(
    slow: float,
) -> None:
    read, clock = [0], [0.0]

    class Many:
        def get_topic_attributes(self, **_: Any) -> dict[str, Any]:
            return {"Attributes": {}}

        def get_paginator(self, _name: str) -> Any:
            return self

        def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
            for page in range(1000):
                read[0] += 1
                clock[0] += slow
                yield {
                    "Subscriptions": [
                        {"SubscriptionArn": f"{ARN}:{page}", "Protocol": "email", "Endpoint": f"{page}-{one}"}
                        for one in range(100)
                    ]
                }

    view = SnsTopics(Many(), now=lambda: clock[0]).look(ARN)
    assert view.partial
    assert 0 < len(view.subscriptions) <= 20_000
    assert read[0] <= (5 if slow else 201)
