"""Real API calls in the member account become log files of its deployed trail, and alerts."""

import gzip
import io
import json
import zipfile
from typing import Any

from local.actors import user_clients
from local.cloud import LocalCloud, wait_for
from local.deployment import AUDIT_ACCOUNT, MEMBER_ACCOUNT
from tests.e2e.conftest import Archive
from tests.e2e.intruders import alerts_about
from tests.patience import SECONDS
from trailwarden.delivery.keys import LogFileKey


def recorded(cloud: LocalCloud) -> list[dict[str, Any]]:
    """Every record that the local CloudTrail has delivered."""
    s3 = cloud.audit("s3")
    return [
        record
        for file in cloud.emulator.delivered
        for record in json.loads(
            gzip.decompress(s3.get_object(Bucket=file.bucket, Key=file.key)["Body"].read())
        )["Records"]
    ]


def named(cloud: LocalCloud, event_name: str, user: str) -> list[dict[str, Any]]:
    return [
        record
        for record in recorded(cloud)
        if record["eventName"] == event_name and record["userIdentity"].get("userName") == user
    ]


def test_the_last_call_before_the_trail_stops_is_the_last_that_is_told(
    cloud: LocalCloud, archive: Archive
) -> None:
    client = user_clients(cloud.emulator, MEMBER_ACCOUNT, "stopper")
    cloudtrail = client("cloudtrail")
    assert cloudtrail.get_trail_status(Name="trailwarden")["IsLogging"]

    cloudtrail.stop_logging(Name="trailwarden")
    client("iam").create_user(UserName="unseen")
    assert wait_for(lambda: alerts_about(cloud, "stopper"), SECONDS)
    cloudtrail.start_logging(Name="trailwarden")
    assert wait_for(lambda: named(cloud, "StartLogging", "stopper"), SECONDS)
    archive.settle()

    told = {alert.event_name for alert in alerts_about(cloud, "stopper")}
    assert "StopLogging" in told
    assert told <= {"StopLogging", "StartLogging"}
    assert named(cloud, "StopLogging", "stopper")
    assert not named(cloud, "CreateUser", "stopper")


def test_log_files_are_by_region_and_hold_no_data_events(cloud: LocalCloud) -> None:
    client = user_clients(cloud.emulator, MEMBER_ACCOUNT, "worker")
    s3 = client("s3")
    location = {"LocationConstraint": s3.meta.region_name}
    s3.create_bucket(Bucket="workers-bucket", CreateBucketConfiguration=location)
    s3.put_object(Bucket="workers-bucket", Key="note", Body=b"x")
    client("iam").list_users()

    assert wait_for(lambda: named(cloud, "ListUsers", "worker"), SECONDS)
    assert wait_for(lambda: named(cloud, "CreateBucket", "worker"), SECONDS)
    assert not named(cloud, "PutObject", "worker")
    for file in cloud.emulator.delivered:
        assert file.problem is None
        key = LogFileKey.parse(file.key)
        assert key is not None
        content = cloud.audit("s3").get_object(Bucket=file.bucket, Key=file.key)["Body"].read()
        regions = {record["awsRegion"] for record in json.loads(gzip.decompress(content))["Records"]}
        assert regions == {key.region}


def test_delivering_log_files_makes_no_log_files(cloud: LocalCloud) -> None:
    """The audit account is recorded as well, but nothing of what is done there to deliver and read."""
    records = recorded(cloud)
    assert {record["recipientAccountId"] for record in records} <= {MEMBER_ACCOUNT, AUDIT_ACCOUNT}
    assert not {record["eventName"] for record in records} & {"PutObject", "Publish", "SendMessage"}
    own = [
        record["userIdentity"].get("arn", "")
        for record in records
        if record["recipientAccountId"] == AUDIT_ACCOUNT
    ]
    assert not [arn for arn in own if "/trailwarden-" in arn], "a function's session"


def test_records_say_who_acted(cloud: LocalCloud) -> None:
    """An IAM user as itself, a role's session as the session, the emulator's owner as an administrator's."""
    iam = cloud.member("iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": MEMBER_ACCOUNT}, "Action": "sts:AssumeRole"}
    role = iam.create_role(
        RoleName="auditor",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]
    key = cloud.member("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="friday")["Credentials"]
    cloud.emulator.client(
        "iam", key["AccessKeyId"], key["SecretAccessKey"], session_token=key["SessionToken"]
    ).list_roles()
    user_clients(cloud.emulator, MEMBER_ACCOUNT, "named")("iam").list_groups()

    def identity(event_name: str) -> dict[str, Any] | None:
        found = [record for record in recorded(cloud) if record["eventName"] == event_name]
        return found[-1]["userIdentity"] if found else None

    session = wait_for(lambda: identity("ListRoles"), SECONDS)
    assert session is not None
    assert session["type"] == "AssumedRole"
    assert session["arn"] == f"arn:aws:sts::{MEMBER_ACCOUNT}:assumed-role/auditor/friday"
    assert session["principalId"] == f"{role['RoleId']}:friday"
    assert session["sessionContext"]["sessionIssuer"]["arn"] == role["Arn"]
    owner = wait_for(lambda: identity("CreateRole"), SECONDS)
    assert owner is not None
    assert owner["arn"] == f"arn:aws:sts::{MEMBER_ACCOUNT}:assumed-role/LocalAdministrator/operator"
    user = wait_for(lambda: identity("ListGroups"), SECONDS)
    assert user is not None
    assert (user["type"], user["userName"]) == ("IAMUser", "named")
    assert user["arn"] == f"arn:aws:iam::{MEMBER_ACCOUNT}:user/named"


def test_a_function_acts_as_a_session_of_its_role(cloud: LocalCloud) -> None:
    code = "import boto3\ndef handler(event, context):\n    boto3.client('iam').list_account_aliases()\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("handler.py", code)
    functions = cloud.member("lambda")
    functions.create_function(
        FunctionName="lister",
        Runtime="python3.13",
        Handler="handler.handler",
        Role=f"arn:aws:iam::{MEMBER_ACCOUNT}:role/lister-role",
        Code={"ZipFile": archive.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="lister")
    answer = functions.invoke(FunctionName="lister")
    assert "FunctionError" not in answer, answer["Payload"].read()

    def listed() -> list[dict[str, Any]]:
        return [record for record in recorded(cloud) if record["eventName"] == "ListAccountAliases"]

    assert wait_for(listed, SECONDS)
    arn = f"arn:aws:sts::{MEMBER_ACCOUNT}:assumed-role/lister-role/lister"
    assert [record["userIdentity"]["arn"] for record in listed()] == [arn]
