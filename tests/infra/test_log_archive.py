"""The log archive's templates: who may write, how it is encrypted, what outlives the stack."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.accounts import MOST_ACCOUNTS
from infra.partitions import partitions_by_region
from local.emulation.policies import lets_cloudtrail
from tests.infra.conftest import ORGANIZATION, Synthesized, sample, synthesize

ARCHIVE = "TrailwardenLogArchive"
BUCKET = "trailwarden-logs-111122223333-eu-central-1"
TRAILS = [
    f"arn:aws:cloudtrail:eu-central-1:{account}:trail/trailwarden"
    for account in ("444455556666", "777788889999", "111122223333")
]
GOV_TRAIL = "arn:aws-us-gov:cloudtrail:us-gov-west-1:999900001111:trail/trailwarden"


def by_sid(statements: Any) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in statements if "Sid" in statement}


def bucket_statements(deployment: Synthesized) -> list[dict[str, Any]]:
    (policy,) = (
        resource["Properties"]["PolicyDocument"]["Statement"]
        for resource in deployment.resources(ARCHIVE, "AWS::S3::BucketPolicy").values()
        if resource["Properties"]["Bucket"]["Ref"].startswith("LogBucket")
    )
    statements: list[dict[str, Any]] = policy
    return statements


def test_each_account_may_put_into_its_own_folder_only(deployment: Synthesized) -> None:
    statements = by_sid(bucket_statements(deployment))
    for account, trail in zip(("444455556666", "777788889999", "111122223333"), TRAILS, strict=True):
        assert statements[f"Deliver{account}"] == {
            "Sid": f"Deliver{account}",
            "Effect": "Allow",
            "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/{account}/*",
            "Condition": {
                "StringEquals": {"aws:SourceArn": trail, "s3:x-amz-acl": "bucket-owner-full-control"}
            },
        }
    assert statements["CheckAcl"]["Action"] == "s3:GetBucketAcl"
    assert statements["CheckAcl"]["Condition"] == {"StringEquals": {"aws:SourceArn": TRAILS}}


def test_an_organization_may_put_into_its_two_folders(organization: Synthesized) -> None:
    statement = by_sid(bucket_statements(organization))["DeliverOrganization"]
    bucket = "arn:aws-us-gov:s3:::trailwarden-logs-111122223333-us-gov-west-1"
    assert statement["Resource"] == [f"{bucket}/AWSLogs/999900001111/*", f"{bucket}/AWSLogs/o-a1b2c3d4e5/*"]
    assert statement["Condition"]["StringEquals"] == {
        "aws:SourceArn": GOV_TRAIL,
        "s3:x-amz-acl": "bucket-owner-full-control",
    }


@pytest.mark.parametrize("variant", ["deployment", "organization"])
def test_whatever_cloudtrail_may_do_is_tied_to_our_trails(
    variant: str, request: pytest.FixtureRequest
) -> None:
    built: Synthesized = request.getfixturevalue(variant)
    ours = [built.settings.names.trail_arn(account) for account in built.settings.trail_accounts]
    found = 0
    for kind, key in (
        ("AWS::S3::BucketPolicy", "PolicyDocument"),
        ("AWS::KMS::Key", "KeyPolicy"),
        ("AWS::SNS::TopicPolicy", "PolicyDocument"),
    ):
        for statement in built.statements(ARCHIVE, kind, key):
            if statement["Principal"] != {"Service": "cloudtrail.amazonaws.com"}:
                continue
            found += 1
            condition = statement["Condition"]
            equal = condition.get("StringEqualsIfExists") or condition["StringEquals"]
            source = equal["aws:SourceArn"]
            assert set([source] if isinstance(source, str) else source) <= set(ours)
    assert found >= 6


def test_the_key_encrypts_for_our_trails_and_our_topic(deployment: Synthesized) -> None:
    statements = by_sid(deployment.statements(ARCHIVE, "AWS::KMS::Key", "KeyPolicy"))
    assert statements["EncryptLogFiles"]["Condition"]["StringLike"] == {
        "kms:EncryptionContext:aws:cloudtrail:arn": [
            "arn:aws:cloudtrail:*:444455556666:trail/*",
            "arn:aws:cloudtrail:*:777788889999:trail/*",
            "arn:aws:cloudtrail:*:111122223333:trail/*",
        ]
    }
    topic = "arn:aws:sns:eu-central-1:111122223333:trailwarden-delivery"
    condition = statements["EncryptNotices"]["Condition"]["StringEquals"]
    assert condition["kms:EncryptionContext:aws:sns:topicArn"] == topic
    assert deployment.properties(ARCHIVE, "AWS::KMS::Key")["EnableKeyRotation"] is True
    assert deployment.properties(ARCHIVE, "AWS::KMS::Alias")["AliasName"] == "alias/trailwarden-logs"


TOPIC = "arn:aws:sns:eu-central-1:111122223333:trailwarden-delivery"
OF_A_FILE = "kms:EncryptionContext:aws:cloudtrail:arn"
OF_THE_TOPIC = {"kms:EncryptionContext:aws:sns:topicArn": TOPIC}
OF_THE_BUCKET = {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}"}


def lets(built: Synthesized, action: str, source: str | None, context: dict[str, str]) -> bool:
    policy = built.properties(ARCHIVE, "AWS::KMS::Key")["KeyPolicy"]
    ours = [one for one in policy["Statement"] if one["Principal"] == {"Service": "cloudtrail.amazonaws.com"}]
    key = "arn:aws:kms:eu-central-1:111122223333:key/0a1b"
    return lets_cloudtrail(
        {**policy, "Statement": ours}, action, key, trail_arn=source, region="eu-central-1", context=context
    )


@pytest.mark.parametrize("source", [None, TRAILS[1]])
@pytest.mark.parametrize(
    ("action", "context"),
    [
        ("kms:GenerateDataKey", OF_THE_TOPIC),
        ("kms:GenerateDataKeyWithoutPlaintext", OF_THE_TOPIC),
        ("kms:Decrypt", OF_THE_TOPIC),
        ("kms:Decrypt", OF_THE_BUCKET),
        ("kms:Decrypt", {}),
        ("kms:DescribeKey", {}),
    ],
)
def test_other_services_use_the_key_for_cloudtrail_whether_they_name_the_trail_or_not(
    action: str, context: dict[str, str], source: str | None, deployment: Synthesized
) -> None:
    """AWS documents these without `aws:SourceArn`: a trail cannot be made where a policy counts on it."""
    assert lets(deployment, action, source, context)


def test_files_are_encrypted_for_our_trails_alone(deployment: Synthesized) -> None:
    stranger = TRAILS[0].replace("444455556666", "999988887777")
    other_region = TRAILS[0].replace("eu-central-1", "us-east-1")
    for trail in (TRAILS[0], other_region):  # a trail of all regions encrypts in each of them
        assert lets(deployment, "kms:GenerateDataKey", TRAILS[0], {OF_A_FILE: trail})
    refused: list[tuple[str | None, dict[str, str]]] = [
        (stranger, {OF_A_FILE: stranger}),
        (stranger, {OF_A_FILE: TRAILS[0]}),
        (TRAILS[0], {OF_A_FILE: stranger}),
        (None, {OF_A_FILE: TRAILS[0]}),
        (None, {}),
        (TRAILS[0], {}),
        (None, {"kms:EncryptionContext:aws:sns:topicArn": TOPIC.replace("delivery", "alerts")}),
    ]
    for source, context in refused:
        assert not lets(deployment, "kms:GenerateDataKey", source, context), (source, context)
    for context in (OF_THE_BUCKET, OF_THE_TOPIC, {}):
        assert not lets(deployment, "kms:Decrypt", stranger, context)
    assert not lets(deployment, "kms:DescribeKey", stranger, {})
    assert not lets(deployment, "kms:ScheduleKeyDeletion", TRAILS[0], {})


def test_the_log_bucket_is_closed_versioned_and_logged(deployment: Synthesized) -> None:
    bucket = deployment.properties(ARCHIVE, "AWS::S3::Bucket", BucketName=BUCKET)
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert encryption["BucketKeyEnabled"] is True
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert bucket["LoggingConfiguration"]["DestinationBucketName"]["Ref"].startswith("AccessLogBucket")
    assert "ObjectLockConfiguration" not in bucket


def test_both_buckets_refuse_plain_http(deployment: Synthesized) -> None:
    for policy in deployment.resources(ARCHIVE, "AWS::S3::BucketPolicy").values():
        (deny,) = (s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Deny")
        assert deny["Action"] == "s3:*"
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert len(deny["Resource"]) == 2


def test_log_files_are_kept_as_long_as_the_settings_say(
    deployment: Synthesized, organization: Synthesized
) -> None:
    rule = deployment.properties(ARCHIVE, "AWS::S3::Bucket", BucketName=BUCKET)["LifecycleConfiguration"][
        "Rules"
    ][0]
    assert rule["ExpirationInDays"] == 400
    assert "Transitions" not in rule
    name = "trailwarden-logs-111122223333-us-gov-west-1"
    other = organization.properties(ARCHIVE, "AWS::S3::Bucket", BucketName=name)
    moved = other["LifecycleConfiguration"]["Rules"][0]
    assert moved["ExpirationInDays"] == 30
    assert moved["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 14}]
    assert other["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Days": 30, "Mode": "COMPLIANCE"}


def test_the_topic_is_encrypted_and_takes_notices_over_tls_only(deployment: Synthesized) -> None:
    topic = deployment.properties(ARCHIVE, "AWS::SNS::Topic")
    assert topic["TopicName"] == "trailwarden-delivery"
    assert topic["KmsMasterKeyId"]["Fn::GetAtt"][0].startswith("LogKey")
    (deny,) = (
        statement
        for statement in deployment.statements(ARCHIVE, "AWS::SNS::TopicPolicy", "PolicyDocument")
        if statement["Effect"] == "Deny"
    )
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_evidence_outlives_the_stack(deployment: Synthesized) -> None:
    for kind in ("AWS::S3::Bucket", "AWS::KMS::Key"):
        for resource in deployment.resources(ARCHIVE, kind).values():
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_the_policies_of_as_many_accounts_as_the_settings_allow_fit(tmp_path: Path) -> None:
    accounts = [f"{100000000000 + number}" for number in range(MOST_ACCOUNTS)]
    region = max(partitions_by_region(), key=len)
    raw = sample(region=region, accounts=accounts, organization=ORGANIZATION, subscribers=[])
    built = synthesize(tmp_path, raw)
    # A Fn::GetAtt here takes about as many bytes as the ARN that it stands for.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html (20 KB)
    # https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html (32 KB)
    for kind, key, most in (
        ("AWS::S3::BucketPolicy", "PolicyDocument", 20 * 1024),
        ("AWS::SNS::TopicPolicy", "PolicyDocument", 30 * 1024),
        ("AWS::KMS::Key", "KeyPolicy", 32 * 1024),
    ):
        for resource in built.resources(ARCHIVE, kind).values():
            assert len(json.dumps(resource["Properties"][key], separators=(",", ":"))) < most
