"""Least privilege, proved: the whole way once more, with IAM enforced and over TLS.

The emulator checks the signature and the policies of every call then, those of the functions among them:
each runs as a session of its own role. What is not checked: which role a function may be given
(`iam:PassRole`), and calls that CloudFormation makes for a stack.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.names import ALERT_TABLE, DETECT_FUNCTION, NOTIFY_FUNCTION
from local.cloud import LocalCloud, wait_for
from local.deployment import AUDIT_ACCOUNT
from tests.e2e.conftest import SECONDS, Archive, impatient_queue
from tests.e2e.intruders import alerts_about, stopped_trail
from tests.samples import log_file

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
