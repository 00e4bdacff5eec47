"""`watch_alerting` day after day: what is told, when, and that a part that fails stops only itself."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto.core.exceptions import JsonRESTError

from tests.handlers.conftest import TABLE, Aws, LambdaContext, alarm_counts

Load = Callable[[str], ModuleType]
ACCOUNT = "123456789012"  # moto's
OPERATIONS = f"arn:aws:sns:eu-west-1:{ACCOUNT}:operations"
NOON = 1_772_366_400.0  # 2026-03-01T12:00:00Z
DAY = 86_400.0
SECURITY = "security@example.com"


class Daily:
    """The function, its clock, and how SNS stands from day to day."""

    def __init__(self, aws: Aws, load: Load, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aws = aws
        self.sns = boto3.client("sns")
        self.kms = boto3.client("kms")
        self.now = NOON
        self._load = load
        self._folder = folder
        self._pending: set[str] = set()
        monkeypatch.setattr("time.time", lambda: self.now)
        self.settings(SECURITY)

    def settings(self, *mails: str, organization: bool = False) -> None:
        """Deploy: whom the settings ask for."""
        expected = [
            {"topic_arn": self.aws.alert_topic, "protocol": "email", "endpoint": one} for one in mails
        ]
        document = {
            "account": ACCOUNT,
            "region": "eu-west-1",
            "topics": [{"name": "alerts", "topic_arn": self.aws.alert_topic}],
            "subscriptions": expected,
            "accounts": {},
            "organization": organization,
            "environment_tag": "environment",
        }
        (self._folder / "alerting.json").write_text(json.dumps(document))

    def subscribe(self, mail: str) -> str:
        """Somebody subscribes and confirms (moto needs no confirmation)."""
        answer = self.sns.subscribe(TopicArn=self.aws.alert_topic, Protocol="email", Endpoint=mail)
        return str(answer["SubscriptionArn"])

    def leave_unconfirmed(self, mail: str) -> None:
        """Somebody subscribed and did not confirm."""
        self.subscribe(mail)
        self._pending.add(mail)

    def run(self, *, days: float = 0) -> None:
        """A new execution environment runs once, so many days later."""
        self.now += days * DAY
        module = self._load("watch_alerting")
        look = module.watch._topics._client.get_paginator

        def paginator(name: str) -> Any:
            pages = look(name)

            class Pages:
                def paginate(_self, **request: Any) -> Iterator[Any]:  # noqa: N805
                    for page in pages.paginate(**request):
                        for each in page["Subscriptions"]:
                            if each["Endpoint"] in self._pending:
                                each["SubscriptionArn"] = "PendingConfirmation"
                        yield page

            return Pages()

        module.watch._topics._client.get_paginator = paginator
        module.handler({"detail-type": "Scheduled Event"}, LambdaContext())

    def told(self, queue: str | None = None) -> list[tuple[str, str]]:
        """Subjects and texts that operations were told since the last call."""
        bodies = [json.loads(one["Body"]) for one in self.aws.messages(queue or self.aws.operations_queue)]
        return [(body["Subject"], body["Message"]) for body in bodies]


@pytest.fixture
def daily(aws: Aws, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Daily:
    return Daily(aws, load, tmp_path, monkeypatch)


def unsubscribe_the_queue(daily: Daily, topic: str) -> None:
    for one in daily.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]:
        daily.sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


def test_where_all_is_well_nobody_is_told_and_no_alarm_counts(
    daily: Daily, capsys: pytest.CaptureFixture[str]
) -> None:
    daily.subscribe(SECURITY)
    capsys.readouterr()
    daily.run()
    assert alarm_counts(capsys.readouterr().out) == {}
    assert daily.told() == []
    assert {item["pk"]["S"] for item in daily.aws.items("SUBSCRIPTIONS#")} == {
        "SUBSCRIPTIONS#alerts",
        "SUBSCRIPTIONS#operations",
    }


def test_a_topic_that_nobody_hears_is_told_every_day_and_counted(
    daily: Daily, capsys: pytest.CaptureFixture[str]
) -> None:
    unsubscribe_the_queue(daily, daily.aws.alert_topic)
    daily.leave_unconfirmed(SECURITY)
    capsys.readouterr()
    daily.run()
    assert alarm_counts(capsys.readouterr().out) == {"DeafTopics": 1}
    ((subject, text),) = daily.told()
    assert subject == "Trailwarden: nobody hears a topic, alerts, and 1 more finding"
    assert "security@example.com (email) has not confirmed the subscription to alerts" in text
    daily.run(days=0.1)  # the same day
    assert daily.told() == []
    daily.run(days=1)
    ((_, text),) = daily.told()
    assert "first seen so on 2026-03-01" in text


def test_a_subscription_that_vanished_is_told_and_its_return_too(daily: Daily) -> None:
    arn = daily.subscribe(SECURITY)
    daily.run()
    daily.sns.unsubscribe(SubscriptionArn=arn)
    daily.run(days=1)
    ((subject, text),) = daily.told()
    assert subject == "Trailwarden: a subscriber is gone, alerts"
    assert "--notification-endpoint security@example.com" in text
    daily.subscribe(SECURITY)
    daily.run(days=1)
    ((subject, text),) = daily.told()
    assert subject == "Trailwarden: the delivery of alerts is well again"
    assert "security@example.com (email) was subscribed to alerts and is gone" in text
    daily.run(days=1)
    assert daily.told() == []


def test_a_deaf_operations_topic_is_told_through_the_alert_topic(daily: Daily) -> None:
    daily.subscribe(SECURITY)
    unsubscribe_the_queue(daily, OPERATIONS)
    daily.run()
    ((subject, _),) = daily.told(daily.aws.alert_queue)
    assert subject == "Trailwarden: nobody hears a topic, operations"


def test_where_everything_is_deaf_the_run_fails_for_an_alarm_to_see(
    daily: Daily, capsys: pytest.CaptureFixture[str]
) -> None:
    unsubscribe_the_queue(daily, OPERATIONS)
    unsubscribe_the_queue(daily, daily.aws.alert_topic)
    capsys.readouterr()
    with pytest.raises(RuntimeError, match="failed: delivery"):
        daily.run()
    assert alarm_counts(capsys.readouterr().out) == {"DeafTopics": 2}


def test_a_disabled_key_is_told_on_a_topic_that_has_another(daily: Daily) -> None:
    daily.subscribe(SECURITY)
    key = daily.kms.create_key()["KeyMetadata"]
    daily.sns.set_topic_attributes(
        TopicArn=daily.aws.alert_topic, AttributeName="KmsMasterKeyId", AttributeValue=key["Arn"]
    )
    daily.run()
    assert daily.told() == []
    daily.kms.disable_key(KeyId=key["KeyId"])
    daily.run(days=1)
    ((subject, text),) = daily.told()
    assert subject == "Trailwarden: a topic's key does not work, alerts"
    assert f"aws kms enable-key --key-id {key['Arn']}" in text


def test_organizations_names_are_kept_and_never_fail_the_check(
    daily: Daily, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily.subscribe(SECURITY)
    daily.settings(SECURITY, organization=True)
    boto3.client("organizations").create_organization(FeatureSet="ALL")
    daily.run()
    key = {"pk": {"S": "ACCOUNTS"}, "sk": {"S": "ACCOUNTS"}}
    before = daily.aws.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]
    assert json.loads(before["accounts"]["S"]) == {ACCOUNT: ["master", None]}

    def refuse(*_: Any, **__: Any) -> None:
        raise JsonRESTError("AccessDeniedException", "no")

    with monkeypatch.context() as denied:
        denied.setattr("moto.organizations.models.OrganizationsBackend.list_accounts", refuse)
        daily.run(days=1)
    assert daily.aws.dynamodb.get_item(TableName=TABLE, Key=key)["Item"] == before


def test_a_check_that_fails_does_not_keep_organizations_from_being_asked(
    daily: Daily, monkeypatch: pytest.MonkeyPatch
) -> None:
    daily.settings(SECURITY, organization=True)
    boto3.client("organizations").create_organization(FeatureSet="ALL")
    monkeypatch.setattr(
        "trailwarden.aws.subscription_table.SubscriptionTable.remember",
        lambda *_: (_ for _ in ()).throw(ConnectionError("out of reach")),
    )
    with pytest.raises(RuntimeError, match="failed: delivery;"):
        daily.run()
    assert daily.aws.items("ACCOUNTS")
