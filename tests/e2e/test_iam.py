"""Least privilege, proved: the whole way once more, with IAM enforced and over TLS.

The emulator checks the signature and the policies of every call then, those of the functions among them:
each runs as a session of its own role. What is not checked: which role a function may be given
(`iam:PassRole`), and calls that CloudFormation makes for a stack.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.names import (
    ALERT_TABLE,
    APPLY_FUNCTION,
    DETECT_FUNCTION,
    NOTIFY_FUNCTION,
    TEND_FUNCTION,
    WATCH_FUNCTION,
)
from local.cloud import LocalCloud, wait_for
from local.deployment import AUDIT_ACCOUNT, SECURITY_ADDRESS
from tests.e2e.commands import alerts
from tests.e2e.conftest import Archive, impatient_queue
from tests.e2e.intruders import alerts_about, key_disabled, stopped_trail
from tests.e2e.over_time import (
    a_week_ago,
    age,
    last_heard_long_ago,
    restore_budgets,
    stop_the_clock,
    stream,
)
from tests.patience import SECONDS
from tests.samples import log_file
from trailwarden.delivery.records import Record

REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}


def role_of(cloud: LocalCloud, function: str) -> str:
    """The name of the function's role."""
    arn = cloud.audit("lambda").get_function_configuration(FunctionName=function)["Role"]
    return str(arn).rpartition("/")[2]


@contextmanager
def session_of(cloud: LocalCloud, role: str) -> Iterator[Callable[[str], Any]]:
    """Clients with the role's rights; meanwhile its trust policy names the account's owner, not Lambda."""
    iam, sts = cloud.audit("iam"), cloud.audit("sts")
    found = iam.get_role(RoleName=role)["Role"]
    owner = {"Effect": "Allow", "Principal": {"AWS": AUDIT_ACCOUNT}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [owner]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    try:
        key = sts.assume_role(RoleArn=found["Arn"], RoleSessionName="test")["Credentials"]
        yield lambda service: cloud.emulator.client(
            service, key["AccessKeyId"], key["SecretAccessKey"], session_token=key["SessionToken"]
        )
    finally:
        iam.update_assume_role_policy(
            RoleName=role, PolicyDocument=json.dumps(found["AssumeRolePolicyDocument"])
        )


def test_a_user_without_rights_is_refused(strict_cloud: LocalCloud) -> None:
    iam = strict_cloud.member("iam")
    iam.create_user(UserName="powerless")
    key = iam.create_access_key(UserName="powerless")["AccessKey"]
    powerless = strict_cloud.emulator.client("iam", key["AccessKeyId"], key["SecretAccessKey"])

    with pytest.raises(ClientError) as refused:
        powerless.list_users()

    assert refused.value.response["Error"]["Code"] in REFUSALS


def test_the_functions_have_the_rights_that_they_need(strict_cloud: LocalCloud) -> None:
    archive = Archive(strict_cloud)
    bad = archive.put(b"this is no log file")
    good = archive.put(log_file([stopped_trail("with-iam")]))

    archive.announce(bad, good)
    archive.settle()

    assert len(alerts_about(strict_cloud, "with-iam")) == 1
    assert len(strict_cloud.operations_mails()) == 1
    assert archive.waiting("trailwarden-ingest-dead-letters") == 0


def test_a_function_runs_with_its_own_role(strict_cloud: LocalCloud) -> None:
    """What the role may not do, the function cannot: until it may again, the notice waits."""
    archive = Archive(strict_cloud)
    iam, role = strict_cloud.audit("iam"), role_of(strict_cloud, DETECT_FUNCTION)
    no_reading = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [no_reading]})

    with impatient_queue(strict_cloud):
        iam.put_role_policy(RoleName=role, PolicyName="no-reading", PolicyDocument=document)
        archive.announce(archive.put(log_file([stopped_trail("while-denied")])))
        assert wait_for(lambda: "AccessDenied" in detect_log(strict_cloud), SECONDS)
        assert not alerts_about(strict_cloud, "while-denied")
        iam.delete_role_policy(RoleName=role, PolicyName="no-reading")
        archive.settle()

    assert len(alerts_about(strict_cloud, "while-denied")) == 1


def detect_log(cloud: LocalCloud) -> str:
    events = cloud.audit("logs").filter_log_events(logGroupName=f"/aws/lambda/{DETECT_FUNCTION}")
    return "\n".join(event["message"] for event in events["events"])


def test_what_tends_alerts_has_the_rights_that_it_needs(strict_cloud: LocalCloud) -> None:
    """Whatever it may have to do: close, tell what nobody told, sum up, report the week."""
    cloud, archive = strict_cloud, Archive(strict_cloud)
    stop_the_clock(cloud)
    restore_budgets(cloud)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"

    def hand_in(*records: Record) -> None:
        archive.announce(archive.put(log_file(records)))

    hand_in(stopped_trail("tended", eventTime=now))
    archive.settle()
    (told,) = alerts_about(cloud, "tended")
    hand_in(*(stopped_trail("tended", eventTime=now) for _ in range(3)))
    hand_in(*(key_disabled(f"one-of-many-{number}") for number in range(11)))
    archive.settle()
    with stream(cloud, {"Enabled": False}, {"Enabled": True}):
        restore_budgets(cloud)
        hand_in(stopped_trail("told-late"))
        (late,) = wait_for(lambda: unmarked(archive), SECONDS)
        age(cloud, late)
        a_week_ago(cloud)
        last_heard_long_ago(cloud, told.alert_id)
        age(cloud, told.alert_id)
        tally = cloud.tend()
    archive.settle()

    assert tally["failed"] == 0, cloud.emulator.log
    done = [tally[name] for name in ("closed", "told_late", "summaries", "heartbeats")]
    assert done == [1, 1, 1, 1]
    assert [mail.total - (mail.told_before or 0) for mail in cloud.alert_mails() if mail.told_before] == [3]
    assert len(alerts_about(cloud, "told-late")) == 1


def unmarked(archive: Archive) -> list[str]:
    """The alerts that nobody was told of yet."""
    return [
        item["pk"]["S"].removeprefix("ALERT#")
        for item in archive.messages()
        if not item.keys() & {"told_at", "held_in", "silent", "staged"}
    ]


def test_the_daily_check_has_the_rights_that_it_needs(strict_cloud: LocalCloud) -> None:
    sns, arn = strict_cloud.audit("sns"), strict_cloud.names.alert_topic_arn
    seen = len(strict_cloud.operations_mails())
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    try:
        answer = strict_cloud.audit("lambda").invoke(FunctionName=WATCH_FUNCTION)
    finally:
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=SECURITY_ADDRESS)

    assert "FunctionError" not in answer, answer["Payload"].read()
    assert wait_for(lambda: strict_cloud.operations_mails()[seen:], SECONDS)
    (mail,) = strict_cloud.operations_mails()[seen:]
    assert "nobody hears a topic" in mail.subject
    assert SECURITY_ADDRESS in mail.body


def user_of(cloud: LocalCloud, name: str) -> Any:
    """STS as an IAM user who may take any role asks it."""
    iam = cloud.audit("iam")
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    if name not in {user["UserName"] for user in iam.list_users()["Users"]}:
        iam.create_user(UserName=name)
        document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        iam.put_user_policy(UserName=name, PolicyName="take-roles", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return cloud.emulator.client("sts", key["AccessKeyId"], key["SecretAccessKey"])


def responders_key(cloud: LocalCloud, user: str = "alice", session: str = "") -> dict[str, str]:
    arn = cloud.names.responders_role_arn
    asking = user_of(cloud, user)
    found: dict[str, str] = asking.assume_role(RoleArn=arn, RoleSessionName=session or user)["Credentials"]
    asking.close()
    return found


def responder(cloud: LocalCloud, service: str, user: str = "alice") -> Any:
    key = responders_key(cloud, user)
    return cloud.emulator.client(
        service, key["AccessKeyId"], key["SecretAccessKey"], session_token=key["SessionToken"]
    )


def test_a_responder_takes_the_role_under_their_own_name_alone(strict_cloud: LocalCloud) -> None:
    with pytest.raises(ClientError) as refused:
        responders_key(strict_cloud, "mallory", "alice")
    assert refused.value.response["Error"]["Code"] in REFUSALS


def test_a_responder_asks_in_their_own_name_alone(strict_cloud: LocalCloud) -> None:
    own = responder(strict_cloud, "sts").get_caller_identity()["UserId"]
    role_id = own.partition(":")[0]
    table = responder(strict_cloud, "dynamodb")
    table.put_item(TableName=ALERT_TABLE, Item=key_of(f"REQUEST#{own}", "mine"))
    for name in (f"{role_id}:bob", f"{role_id}:", "AIDAEXAMPLE", "", "*", f"{own}*"):
        with pytest.raises(ClientError) as refused:
            table.put_item(TableName=ALERT_TABLE, Item=key_of(f"REQUEST#{name}", "forged"))
        assert refused.value.response["Error"]["Code"] in REFUSALS, name
    with pytest.raises(ClientError) as refused:
        table.put_item(TableName=ALERT_TABLE, Item=key_of(f"OUTCOME#{own}", "mine"))
    assert refused.value.response["Error"]["Code"] in REFUSALS


def test_a_responder_lists_shows_acknowledges_and_closes(strict_cloud: LocalCloud) -> None:
    restore_budgets(strict_cloud)
    archive = Archive(strict_cloud)
    archive.announce(archive.put(log_file([stopped_trail("responded-to")])))
    archive.settle()
    (alert,) = alerts_about(strict_cloud, "responded-to")
    key = responders_key(strict_cloud)
    environment = strict_cloud.emulator.environment(key["AccessKeyId"]) | {
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_SESSION_TOKEN": key["SessionToken"],
    }

    for command in (
        ("list", "--held"),
        ("show", alert.alert_id[:8], "--matches"),
        ("ack", alert.alert_id),
        ("ack", alert.alert_id, "--undo"),
        ("ack", alert.alert_id, "--note", "mine"),
        ("close", alert.alert_id),
    ):
        alerts(strict_cloud, *command, environment=environment)

    said = alerts(strict_cloud, "show", alert.alert_id, environment=environment)
    assert "by assumed-role/trailwarden-responders/alice" in said


def closed_by_hand(table: Any) -> None:
    table.update_item(
        TableName=ALERT_TABLE,
        Key=key_of("ALERT#1", "ALERT"),
        UpdateExpression="SET closed_by = :by",
        ExpressionAttributeValues={":by": {"S": "bob"}},
    )


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("dynamodb", lambda table: table.scan(TableName=ALERT_TABLE)),
        ("dynamodb", lambda table: table.get_item(TableName=ALERT_TABLE, Key=key_of("RULESET", "LIVE"))),
        ("dynamodb", lambda table: table.get_item(TableName=ALERT_TABLE, Key=key_of("FILE#a", "FILE"))),
        ("dynamodb", lambda table: table.delete_item(TableName=ALERT_TABLE, Key=key_of("ALERT#1", "ALERT"))),
        ("dynamodb", lambda table: table.put_item(TableName=ALERT_TABLE, Item=key_of("ALERT#1", "ALERT"))),
        ("dynamodb", lambda table: table.put_item(TableName=ALERT_TABLE, Item=key_of("GROUP#1", "GROUP"))),
        ("dynamodb", lambda table: table.put_item(TableName=ALERT_TABLE, Item=key_of("ACKNOWLEDGED", "1"))),
        ("dynamodb", lambda table: table.put_item(TableName=ALERT_TABLE, Item=key_of("FILE#a", "FILE"))),
        ("dynamodb", lambda table: table.put_item(TableName=ALERT_TABLE, Item=key_of("DUE#1", "1"))),
        ("dynamodb", closed_by_hand),
        ("dynamodb", lambda table: table.delete_item(TableName=ALERT_TABLE, Key=key_of("ACKNOWLEDGED", "1"))),
        (
            "dynamodb",
            lambda table: table.batch_write_item(
                RequestItems={ALERT_TABLE: [{"PutRequest": {"Item": key_of("ALERT#1", "ALERT")}}]}
            ),
        ),
        (
            "dynamodb",
            lambda table: table.transact_write_items(
                TransactItems=[{"Put": {"TableName": ALERT_TABLE, "Item": key_of("GROUP#1", "GROUP")}}]
            ),
        ),
        (
            "dynamodb",
            lambda table: table.execute_statement(
                Statement=f"INSERT INTO \"{ALERT_TABLE}\" VALUE {{'pk': 'ALERT#1', 'sk': 'ALERT'}}"
            ),
        ),
        ("lambda", lambda functions: functions.invoke(FunctionName=APPLY_FUNCTION)),
        ("lambda", lambda functions: functions.invoke(FunctionName=TEND_FUNCTION)),
    ],
)
def test_a_responder_is_refused_elsewhere(
    strict_cloud: LocalCloud, service: str, call: Callable[[Any], Any]
) -> None:
    client = responder(strict_cloud, service)

    with pytest.raises(ClientError) as refused:
        call(client)

    assert refused.value.response["Error"]["Code"] in REFUSALS


def key_of(partition: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


@pytest.mark.parametrize(
    ("function", "service", "call"),
    [
        (DETECT_FUNCTION, "s3", lambda s3, names: s3.delete_object(Bucket=names.log_bucket, Key="any")),
        (DETECT_FUNCTION, "s3", lambda s3, names: s3.put_object(Bucket=names.log_bucket, Key="any")),
        (DETECT_FUNCTION, "sns", lambda sns, names: sns.publish(TopicArn=names.alert_topic_arn, Message="x")),
        (DETECT_FUNCTION, "dynamodb", lambda table, names: table.delete_table(TableName=ALERT_TABLE)),
        (NOTIFY_FUNCTION, "s3", lambda s3, names: s3.get_object(Bucket=names.log_bucket, Key="any")),
        (NOTIFY_FUNCTION, "dynamodb", lambda table, names: table.scan(TableName=ALERT_TABLE)),
        (NOTIFY_FUNCTION, "iam", lambda iam, names: iam.list_users()),
        (
            NOTIFY_FUNCTION,
            "dynamodb",
            lambda table, names: table.put_item(TableName=ALERT_TABLE, Item=key_of("RULESET", "LIVE")),
        ),
        (
            TEND_FUNCTION,
            "dynamodb",
            lambda table, names: table.put_item(TableName=ALERT_TABLE, Item=key_of("RULESET", "LIVE")),
        ),
        (TEND_FUNCTION, "dynamodb", lambda table, names: table.scan(TableName=ALERT_TABLE)),
        (TEND_FUNCTION, "s3", lambda s3, names: s3.get_object(Bucket=names.log_bucket, Key="any")),
        (
            TEND_FUNCTION,
            "sns",
            lambda sns, names: sns.publish(TopicArn=names.rule_authors_topic_arn, Message="x"),
        ),
        (
            WATCH_FUNCTION,
            "dynamodb",
            lambda table, names: table.get_item(TableName=ALERT_TABLE, Key=key_of("ALERT#1", "ALERT")),
        ),
        (WATCH_FUNCTION, "sns", lambda sns, names: sns.delete_topic(TopicArn=names.alert_topic_arn)),
    ],
)
def test_a_function_has_no_other_rights(
    strict_cloud: LocalCloud, function: str, service: str, call: Callable[[Any, Any], Any]
) -> None:
    role = role_of(strict_cloud, function)

    with session_of(strict_cloud, role) as client, pytest.raises(ClientError) as refused:
        call(client(service), strict_cloud.names)

    assert refused.value.response["Error"]["Code"] in REFUSALS


def test_the_log_bucket_is_closed_to_the_member_account(strict_cloud: LocalCloud) -> None:
    with pytest.raises(ClientError) as refused:
        strict_cloud.member("s3").list_objects_v2(Bucket=strict_cloud.names.log_bucket)

    assert refused.value.response["Error"]["Code"] in REFUSALS
