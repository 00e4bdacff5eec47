"""What was acted on, from the request, the answer and `resources`."""

from typing import Any

import pytest

from tests.samples import MEMBER, record
from trailwarden.activity.model import TARGETS_AT_MOST
from trailwarden.activity.targets import acted_on, targets_of


def call(source: str, event_name: str, request: Any = None, **fields: Any) -> list[str]:
    """The targets of a call, in words."""
    source = f"{source}.amazonaws.com"
    targets, _ = targets_of(
        record(eventSource=source, eventName=event_name, requestParameters=request, **fields)
    )
    return [str(target) for target in targets]


@pytest.mark.parametrize(
    ("source", "event_name", "request_parameters", "expected"),
    [
        ("iam", "CreateUser", {"userName": "bob"}, ["user bob"]),
        ("iam", "AddUserToGroup", {"groupName": "admins", "userName": "bob"}, ["user bob", "group admins"]),
        ("s3", "PutBucketPolicy", {"bucketName": "data", "bucketPolicy": {}}, ["bucket data"]),
        ("s3", "GetObject", {"bucketName": "data", "key": "a/b.txt"}, ["object data/a/b.txt"]),
        ("ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-1"}, ["security group sg-1"]),
        ("ec2", "DeleteFlowLogs", {"DeleteFlowLogsRequest": {"FlowLogId": "fl-1"}}, ["flow log fl-1"]),
        (
            "ec2",
            "DeleteFlowLogs",
            {
                "DeleteFlowLogsRequest": {
                    "FlowLogId": [{"content": "fl-1", "tag": 1}, {"content": "fl-2", "tag": 2}]
                }
            },
            ["flow log fl-1", "flow log fl-2"],
        ),
        (
            "ec2",
            "RunInstances",
            {"instancesSet": {"items": [{"imageId": "ami-1", "maxCount": 8}]}},
            ["image ami-1"],
        ),
        ("ec2", "CreateTags", {"resourcesSet": {"items": [{"resourceId": "i-1"}]}}, ["resource i-1"]),
        ("ssm", "SendCommand", {"instanceIds": ["i-1"], "documentName": "D"}, ["instance i-1", "document D"]),
        (
            "rds",
            "CopyDBSnapshot",
            {"targetDBSnapshotIdentifier": "copy", "sourceDBSnapshotIdentifier": "customers"},
            ["DB snapshot customers", "DB snapshot copy"],
        ),
        ("ec2", "CopySnapshot", {"sourceSnapshotId": "snap-1"}, ["snapshot snap-1"]),
        ("ssm", "DeleteDocument", {"name": "runbook"}, ["document runbook"]),
        ("wafv2", "UpdateIPSet", {"name": "office"}, ["IP set office"]),
        ("wafv2", "DeleteWebACL", {"name": "site"}, ["web ACL site"]),
        ("guardduty", "CreateFilter", {"name": "hide", "detectorId": "d"}, ["filter hide", "detector d"]),
        ("cloudtrail", "CreateEventDataStore", {"name": "lake"}, ["event data store lake"]),
        (
            "eks",
            "DescribeAccessEntry",
            {"principalArn": "arn%3Aaws%3Aiam%3A%3A1%3Arole%2FA"},
            ["principal A"],
        ),
        ("ssm", "StartSession", {"target": "i-1"}, ["instance i-1"]),
        ("ssm", "GetParameter", {"name": "/db/password"}, ["parameter /db/password"]),
        (
            "sqs",
            "DeleteQueue",
            {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{MEMBER}/jobs"},
            ["queue jobs"],
        ),
        ("sts", "AssumeRole", {"roleArn": f"arn:aws:iam::{MEMBER}:role/ops/Admin"}, ["role Admin"]),
        ("kms", "DisableKey", {"keyId": "1234"}, ["KMS key 1234"]),
        ("rds", "DeleteDBInstance", {"dBInstanceIdentifier": "shop"}, ["DB instance shop"]),
        ("eks", "CreateCluster", {"name": "prod"}, ["cluster prod"]),
        ("iam", "CreateUser", None, []),
        ("iam", "CreateUser", "a string", []),
        ("iam", "CreateUser", {"userName": {"not": "text"}}, []),
        ("iam", "CreateUser", {"userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}, []),
    ],
)
def test_targets_of_a_request(
    source: str, event_name: str, request_parameters: Any, expected: list[str]
) -> None:
    assert call(source, event_name, request_parameters) == expected


def test_the_answer_tells_what_was_created() -> None:
    answer = {"accessKey": {"userName": "bob", "accessKeyId": "AKIANEW"}}
    assert call("iam", "CreateAccessKey", responseElements=answer) == ["user bob", "access key AKIANEW"]


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:secretsmanager:eu-west-1:1:secret:prod/database-AbCdEf", "prod/database-AbCdEf"),
        ("arn:aws:lambda:eu-west-1:1:function:billing:prod", "billing"),
        ("arn:aws:logs:eu-west-1:1:log-group:/aws/lambda/billing:*", "/aws/lambda/billing"),
        ("arn:aws:ecr:eu-west-1:1:repository/team/app", "team/app"),
        ("arn:aws:rds:eu-west-1:1:snapshot:rds:orders-2026", "rds:orders-2026"),
        ("arn:aws:iam::1:role/ops/Admin", "Admin"),
        ("arn:aws:kms:eu-west-1:1:key/1234", "1234"),
        ("arn:aws:sns:eu-west-1:1:alarms", "alarms"),
        ("arn:aws:secretsmanager:eu-west-1:1:secret:", "secret:"),
    ],
)
def test_an_arn_is_called_as_its_service_calls_it(arn: str, name: str) -> None:
    targets, _ = targets_of(record(eventName="Get", requestParameters=None, resources=[{"ARN": arn}]))
    assert [target.name for target in targets] == [name]


def test_what_kms_does_by_itself_names_its_key() -> None:
    assert call("kms", "RotateKey", serviceEventDetails={"keyId": "1234"}) == ["KMS key 1234"]


def test_resources_tell_account_and_region() -> None:
    arn = f"arn:aws:kms:eu-west-1:{MEMBER}:key/1234"
    targets, _ = targets_of(
        record(
            eventSource="kms.amazonaws.com",
            requestParameters=None,
            resources=[{"ARN": arn, "type": "AWS::KMS::Key"}],
        )
    )
    assert [(str(t), t.arn, t.account_id, t.region) for t in targets] == [
        ("KMS key 1234", arn, MEMBER, "eu-west-1")
    ]


def test_targets_are_bounded_and_the_rest_is_counted() -> None:
    ids = [f"i-{number}" for number in range(TARGETS_AT_MOST + 5)]
    targets, left_out = targets_of(
        record(eventSource="ssm.amazonaws.com", requestParameters={"instanceIds": ids})
    )
    assert (len(targets), left_out) == (TARGETS_AT_MOST, 5)


def test_a_hostile_name_stays_one_short_line() -> None:
    (target,), _ = targets_of(record(requestParameters={"name": "x\n\u202e" + "y" * 5000}))
    assert target.name.isprintable()
    assert len(target.name) <= 128


@pytest.mark.parametrize(
    ("source", "name", "request_", "answer", "said"),
    [
        ("iam", "CreateAccessKey", {"userName": "bob"}, {"accessKey": {"accessKeyId": "AKIAX"}}, "user bob"),
        (
            "iam",
            "CreateAccessKey",
            None,
            {"accessKey": {"userName": "me", "accessKeyId": "A"}},
            "user me (access key A)",
        ),
        (
            *("iam", "AttachUserPolicy", {"userName": "bob", "policyArn": "arn:aws:iam::aws:policy/Admin"}),
            *(None, "user bob (policy Admin)"),
        ),
        ("s3", "PutObject", {"bucketName": "b", "key": "k 1"}, None, 'object "b/k 1"'),
        ("ec2", "StopInstances", {"instanceIds": ["i-1", "i-2"]}, None, "instance i-1 (instance i-2)"),
        (
            *("ec2", "StopInstances", {"instanceIds": ["i-1", "i-2", "i-3", "i-4"]}, None),
            "instance i-1 (instance i-2, instance i-3)...",
        ),
        ("s3", "ListBuckets", None, None, ""),
        ("iam", "DeleteUser", {"userName": 'x" (user y)'}, None, 'user "x\' (user y)"'),
        ("iam", "DeleteUser", {"userName": "x\n\u202ey" * 200}, None, None),
    ],
)
def test_what_was_acted_on_is_one_text(
    source: str, name: str, request_: Any, answer: Any, said: str | None
) -> None:
    found, _ = acted_on(
        record(
            1,
            eventSource=f"{source}.amazonaws.com",
            eventName=name,
            requestParameters=request_,
            responseElements=answer,
        )
    )
    if said is not None:
        assert found == said
    else:
        assert len(found) <= 160
        assert found.isprintable()
