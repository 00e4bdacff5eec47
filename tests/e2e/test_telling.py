"""Who is told of an alert, and that everybody is, once, whatever fails on the way."""

from datetime import UTC, datetime

from infra.names import WATCH_FUNCTION
from local.cloud import LocalCloud, wait_for
from local.deployment import AUDIT_ACCOUNT, MEMBER_ACCOUNT, SECURITY_ADDRESS
from local.emulator import Mail
from tests.e2e.conftest import Archive
from tests.e2e.intruders import alerts_about, key_disabled, stopped_trail
from tests.e2e.over_time import (
    DRILLS,
    DRILLS_ADDRESS,
    PAYMENTS,
    PAYMENTS_ADDRESS,
    a_week_ago,
    age,
    stream,
    topic_gone,
)
from tests.patience import SECONDS
from tests.samples import log_file
from trailwarden.delivery.records import Record
from trailwarden.state.weeks import week_of

DEAD_LETTERS = "trailwarden-notify-dead-letters"


def mails(cloud: LocalCloud, user: str, address: str = SECURITY_ADDRESS) -> list[Mail]:
    """What somebody was told of the user."""
    return [mail for mail in cloud.mails_to(address) if f"user {user} " in mail.subject]


def hand_in(archive: Archive, record: Record) -> str:
    """Put a file of one record, and wait for its alert; gives the alert's id."""
    archive.announce(archive.put(log_file([record]), account_id=record["recipientAccountId"]))
    user = record["userIdentity"]["userName"]

    def kept() -> list[str]:
        alerts = [item for item in archive.messages() if item["sk"]["S"] == "ALERT"]
        named = f'"{user}"'  # a rule's own text may hold the word
        return [item["pk"]["S"].removeprefix("ALERT#") for item in alerts if named in item["alert"]["S"]]

    (alert_id,) = wait_for(kept, SECONDS)
    return alert_id


def test_an_alert_goes_to_the_routes_that_take_it_at_the_level_of_its_account(brief: Archive) -> None:
    cloud = brief.cloud
    for user, account in (("at-home", MEMBER_ACCOUNT), ("at-payments", PAYMENTS), ("in-a-drill", DRILLS)):
        hand_in(brief, key_disabled(user, account))
    brief.settle()

    addresses = (SECURITY_ADDRESS, PAYMENTS_ADDRESS, DRILLS_ADDRESS)
    subjects = {
        user: [
            [mail.subject.partition("]")[0] for mail in mails(cloud, user, address)] for address in addresses
        ]
        for user in ("at-home", "at-payments", "in-a-drill")
    }
    assert subjects == {
        "at-home": [["[MEDIUM"], [], []],
        "at-payments": [["[CRITICAL"], ["[CRITICAL"], []],
        "in-a-drill": [[], [], ["[MEDIUM"]],
    }


def test_a_topic_that_fails_is_told_when_it_works_again_and_no_other_twice(brief: Archive) -> None:
    cloud, user = brief.cloud, "while-a-topic-fails"
    with topic_gone(cloud, "payments", PAYMENTS_ADDRESS):
        hand_in(brief, key_disabled(user, PAYMENTS))
        assert wait_for(lambda: mails(cloud, user), SECONDS), cloud.emulator.log
        assert not wait_for(lambda: mails(cloud, user, PAYMENTS_ADDRESS), 3)

    assert wait_for(lambda: mails(cloud, user, PAYMENTS_ADDRESS), SECONDS), cloud.emulator.log
    brief.settle()
    assert [len(mails(cloud, user, address)) for address in (SECURITY_ADDRESS, PAYMENTS_ADDRESS)] == [1, 1]
    assert brief.waiting(DEAD_LETTERS) == 0


def test_what_the_stream_gave_up_is_told_later(brief: Archive) -> None:
    """Lambda gives it up after an hour; here after a second."""
    cloud, user = brief.cloud, "given-up"
    soon, hour = {"MaximumRecordAgeInSeconds": 1}, {"MaximumRecordAgeInSeconds": 3600}
    with topic_gone(cloud, "payments", PAYMENTS_ADDRESS):
        with stream(cloud, soon, hour):
            alert_id = hand_in(brief, key_disabled(user, PAYMENTS))
            assert wait_for(lambda: brief.waiting(DEAD_LETTERS), SECONDS), cloud.emulator.log
        age(cloud, alert_id)
        assert cloud.tend()["failed"] == 1
    assert mails(cloud, user, PAYMENTS_ADDRESS) == []

    age(cloud, alert_id)
    assert cloud.tend()["told_late"] == 1

    brief.settle()
    assert cloud.tend()["told_late"] == 0
    assert [len(mails(cloud, user, address)) for address in (SECURITY_ADDRESS, PAYMENTS_ADDRESS)] == [1, 1]
    sqs = cloud.audit("sqs")
    sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName=DEAD_LETTERS)["QueueUrl"])


def test_what_the_stream_lost_is_told_all_the_same_and_not_again_when_it_comes_late(brief: Archive) -> None:
    cloud, user = brief.cloud, "lost"
    with stream(cloud, {"Enabled": False}, {"Enabled": True}):
        alert_id = hand_in(brief, stopped_trail(user))
        assert cloud.tend()["told_late"] == 0
        assert alerts_about(cloud, user) == []
        age(cloud, alert_id)

        assert cloud.tend()["told_late"] == 1
        assert wait_for(lambda: alerts_about(cloud, user), SECONDS)

    hand_in(brief, stopped_trail("after-the-lost"))
    brief.settle()
    assert len(alerts_about(cloud, "after-the-lost")) == 1
    assert len(alerts_about(cloud, user)) == 1


def test_a_subscriber_who_is_gone_is_missed(brief: Archive) -> None:
    cloud = brief.cloud
    watch, sns = cloud.audit("lambda"), cloud.audit("sns")
    arn = cloud.names.route_topic_arn("drills")
    assert "FunctionError" not in watch.invoke(FunctionName=WATCH_FUNCTION)
    seen = len(cloud.operations_mails())
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]

    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    try:
        assert "FunctionError" not in watch.invoke(FunctionName=WATCH_FUNCTION)
        assert wait_for(lambda: cloud.operations_mails()[seen:], SECONDS)
    finally:
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=DRILLS_ADDRESS)

    (mail,) = cloud.operations_mails()[seen:]
    assert "trailwarden-alerts-drills" in mail.subject
    assert DRILLS_ADDRESS in mail.body
    assert "aws sns subscribe" in mail.body


def test_once_a_week_a_heartbeat_says_what_was_read(brief: Archive) -> None:
    cloud = brief.cloud
    accounts = {AUDIT_ACCOUNT, MEMBER_ACCOUNT, PAYMENTS, DRILLS}
    for account in accounts:
        hand_in(brief, key_disabled(f"in-a-week-in-{account}", account))
    brief.settle()
    this = f"WEEK#{week_of(datetime.now(UTC))}"

    def read() -> set[str]:
        return {item["sk"]["S"].removeprefix("ACCOUNT#") for item in cloud.items(this, "ACCOUNT#")}

    assert wait_for(lambda: accounts <= read(), SECONDS), read()
    a_week_ago(cloud)

    def heartbeats(address: str) -> list[Mail]:
        return [mail for mail in cloud.summaries(address) if mail.subject.startswith("[HEARTBEAT]")]

    for _ in range(2):
        assert cloud.tend()["failed"] == 0
    for address in (SECURITY_ADDRESS, PAYMENTS_ADDRESS, DRILLS_ADDRESS):
        assert wait_for(lambda address=address: heartbeats(address), SECONDS)  # type: ignore[misc]
        (mail,) = heartbeats(address)
        assert "Trailwarden is at work" in mail.subject
        assert all(account in mail.body for account in accounts)
