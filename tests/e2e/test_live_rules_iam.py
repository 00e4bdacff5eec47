"""Live editing once more, with IAM enforced: writers reach the rules, and nothing else."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.names import ALERT_TABLE, Names
from local.cloud import LocalCloud, wait_for
from tests.e2e.authors import Author, act_until_told, broken, rule
from tests.e2e.conftest import Archive
from tests.e2e.test_iam import REFUSALS, user_of
from tests.patience import SECONDS

Key = dict[str, str]


def writers_key(cloud: LocalCloud, user: str = "engineer", session: str = "") -> Key:
    """The writers' role, taken by a user whom the settings name: under their own name, or another's."""
    sts = user_of(cloud, user)
    arn = cloud.names.rule_writers_role_arn
    found: Key = sts.assume_role(RoleArn=arn, RoleSessionName=session or user)["Credentials"]
    sts.close()
    return found


@pytest.fixture
def writer(strict_cloud: LocalCloud, tmp_path: Path) -> Iterator[Author]:
    key = writers_key(strict_cloud)
    environment = strict_cloud.emulator.environment(key["AccessKeyId"]) | {
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_SESSION_TOKEN": key["SessionToken"],
    }
    author = Author(strict_cloud, tmp_path / "rules", environment)
    yield author
    for path in author.team():
        author.remove(path)


def test_a_writer_takes_the_role_under_their_own_name_alone(strict_cloud: LocalCloud) -> None:
    with pytest.raises(ClientError) as refused:
        writers_key(strict_cloud, "mallory", "engineer")
    assert refused.value.response["Error"]["Code"] in REFUSALS


def test_a_writer_publishes_and_the_function_may_do_its_part(
    strict_cloud: LocalCloud, writer: Author
) -> None:
    writer.write(mallet=rule("mallet"))
    assert "is live" in writer.publish()
    act_until_told(Archive(strict_cloud), "mallet")
    status = json.loads(writer.must("status", "--json"))
    assert "engineer" in status["publication"]["published_by"]
    role = strict_cloud.names.rule_writers_role_arn.rpartition("/")[2]
    assert status["publication"]["claimed_author"] == f"assumed-role/{role}/engineer"
    assert "mallet" in writer.must("history", "--changes")
    assert wait_for(lambda: set(writer.team()) == {"mallet.yml"}, SECONDS)

    writer.upload("eve.yml", broken(rule("eve")))
    writer.told("did not go live", "eve.yml:11:")

    writer.remove("eve.yml")
    writer.write(mallet=rule("mallet", title="Another title"))
    writer.publish()
    writer.must("rollback", "--yes")
    assert wait_for(lambda: "Another title" not in writer.team()["mallet.yml"], SECONDS)


def rules_item(names: Names, key: str) -> dict[str, Any]:
    return {"TableName": ALERT_TABLE, "Key": {"pk": {"S": key}, "sk": {"S": "LIVE"}}}


@pytest.mark.parametrize(
    ("service", "call"),
    [
        (
            "s3",
            lambda s3, names: s3.put_object(Bucket=names.rules_bucket, Key="rule-sets/0.json", Body=b"{}"),
        ),
        ("s3", lambda s3, names: s3.put_object(Bucket=names.rules_bucket, Key="sources/0.zip", Body=b"")),
        ("s3", lambda s3, names: s3.delete_object(Bucket=names.rules_bucket, Key="rule-sets/0.json")),
        ("s3", lambda s3, names: s3.list_objects_v2(Bucket=names.rules_bucket)),
        ("s3", lambda s3, names: s3.list_objects_v2(Bucket=names.log_bucket)),
        ("s3", lambda s3, names: s3.get_object(Bucket=names.log_bucket, Key="AWSLogs/any")),
        (
            "s3",
            lambda s3, names: s3.put_bucket_versioning(Bucket=names.rules_bucket, VersioningConfiguration={}),
        ),
        ("dynamodb", lambda table, names: table.get_item(**rules_item(names, "ALERT#any"))),
        ("dynamodb", lambda table, names: table.delete_item(**rules_item(names, "RULESET"))),
        ("dynamodb", lambda table, names: table.scan(TableName=ALERT_TABLE)),
        ("sns", lambda sns, names: sns.publish(TopicArn=names.rule_authors_topic_arn, Message="x")),
        ("lambda", lambda functions, names: functions.invoke(FunctionName="trailwarden-publish-rules")),
        ("iam", lambda iam, names: iam.list_roles()),
    ],
)
def test_a_writer_is_refused_elsewhere(
    strict_cloud: LocalCloud, service: str, call: Callable[[Any, Names], Any]
) -> None:
    key = writers_key(strict_cloud)
    client = strict_cloud.emulator.client(
        service, key["AccessKeyId"], key["SecretAccessKey"], session_token=key["SessionToken"]
    )

    with pytest.raises(ClientError) as refused:
        call(client, strict_cloud.names)

    assert refused.value.response["Error"]["Code"] in REFUSALS


def test_a_writer_reads_the_pointer(strict_cloud: LocalCloud) -> None:
    """The same call as above, but for what it may see."""
    key = writers_key(strict_cloud)
    client = strict_cloud.emulator.client(
        "dynamodb", key["AccessKeyId"], key["SecretAccessKey"], session_token=key["SessionToken"]
    )
    assert "Item" in client.get_item(**rules_item(strict_cloud.names, "RULESET"))


def test_an_administrator_cannot_write_what_is_live(strict_cloud: LocalCloud) -> None:
    iam = strict_cloud.audit("iam")
    iam.create_user(UserName="administrator")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="administrator", PolicyName="everything", PolicyDocument=document)
    key = iam.create_access_key(UserName="administrator")["AccessKey"]
    s3 = strict_cloud.emulator.client("s3", key["AccessKeyId"], key["SecretAccessKey"])
    bucket = strict_cloud.names.rules_bucket
    s3.put_object(Bucket=bucket, Key="submissions/no-submission.txt", Body=b"")

    with pytest.raises(ClientError) as refused:
        s3.put_object(Bucket=bucket, Key="rule-sets/0.json", Body=b"{}")

    assert refused.value.response["Error"]["Code"] in REFUSALS
