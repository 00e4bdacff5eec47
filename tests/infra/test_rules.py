"""Where rules are edited: bucket, key, queue, authors' topic, writers' role."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.infra.conftest import Synthesized, sample, synthesize
from trailwarden.state.rules_folder import (
    RULE_SET_PREFIX,
    SOURCES_PREFIX,
    SUBMISSION_PREFIX,
    TEAM_PREFIX,
)

RULES = "TrailwardenRules"
AUDIT = "eu-central-1:111122223333"
BUCKET = "trailwarden-rules-111122223333-eu-central-1"
ARN = f"arn:aws:s3:::{BUCKET}"
WRITERS = ["arn:aws:iam::111122223333:role/detection-engineers", "arn:aws:iam::444455556666:user/ci"]


@pytest.fixture(scope="session")
def with_writers(tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    return synthesize(tmp_path_factory.mktemp("writers"), sample(rule_writers=WRITERS))


def writers_role(built: Synthesized) -> dict[str, Any]:
    return built.properties(RULES, "AWS::IAM::Role", RoleName="trailwarden-rule-writers-eu-central-1")


def test_the_rules_bucket_is_closed_versioned_encrypted_and_logged(deployment: Synthesized) -> None:
    bucket = deployment.properties(RULES, "AWS::S3::Bucket", BucketName=BUCKET)
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert encryption["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]["Fn::GetAtt"][0].startswith(
        "RulesKey"
    )
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert deployment.properties(RULES, "AWS::KMS::Key")["EnableKeyRotation"] is True
    logging = bucket["LoggingConfiguration"]
    assert logging["DestinationBucketName"] == deployment.settings.names.access_log_bucket
    (allowed,) = (
        statement
        for statement in deployment.statements(
            "TrailwardenLogArchive", "AWS::S3::BucketPolicy", "PolicyDocument"
        )
        if statement.get("Sid") == "LogRulesBucket"
    )
    assert allowed["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert allowed["Condition"]["ArnLike"] == {"aws:SourceArn": ARN}
    assert allowed["Resource"]["Fn::Join"][1][-1] == f"/{logging['LogFilePrefix']}*"


def test_old_versions_and_submissions_go_and_what_was_published_stays(deployment: Synthesized) -> None:
    bucket = deployment.properties(RULES, "AWS::S3::Bucket", BucketName=BUCKET)
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert {rule.get("Prefix"): rule.get("ExpirationInDays") for rule in rules} == {
        None: None,
        SUBMISSION_PREFIX: 30,
    }
    assert [r["NoncurrentVersionExpiration"] for r in rules if "Prefix" not in r] == [{"NoncurrentDays": 90}]


def test_plain_http_is_refused(deployment: Synthesized) -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    for kind, number in (
        ("AWS::S3::BucketPolicy", 1),
        ("AWS::SQS::QueuePolicy", 2),
        ("AWS::SNS::TopicPolicy", 1),
    ):
        denied = [
            statement
            for statement in deployment.statements(RULES, kind, "PolicyDocument")
            if statement["Effect"] == "Deny" and statement["Condition"] == insecure
        ]
        assert len(denied) == number, kind


WRITES = (
    "AbortMultipartUpload",
    "BypassGovernanceRetention",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "InitiateReplication",
    "ObjectOwnerOverrideToBucketOwner",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
    "RenameObject",
    "ReplicateDelete",
    "ReplicateObject",
    "ReplicateTags",
    "RestoreObject",
    "UpdateObjectEncryption",
)


def test_the_publishing_role_alone_writes_what_is_live(deployment: Synthesized) -> None:
    (statement,) = (
        one
        for one in deployment.statements(RULES, "AWS::S3::BucketPolicy", "PolicyDocument")
        if one.get("Sid") == "OnlyPublishRulesWritesWhatIsLive"
    )
    assert statement["Effect"] == "Deny"
    assert "Action" not in statement
    for action in WRITES:
        assert not any(fnmatchcase(f"s3:{action}", pattern) for pattern in statement["NotAction"]), action
    for action in ("GetObject", "GetObjectVersion", "GetObjectTagging"):
        assert any(fnmatchcase(f"s3:{action}", pattern) for pattern in statement["NotAction"]), action
    assert set(statement["Resource"]) == {f"{ARN}/{SOURCES_PREFIX}*", f"{ARN}/{RULE_SET_PREFIX}*"}
    role = deployment.properties("TrailwardenPublishing", "AWS::IAM::Role")
    writer = f"arn:aws:iam::111122223333:role/{role['RoleName']}"
    assert statement["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": writer}}


def test_every_edit_and_every_submission_is_announced(deployment: Synthesized) -> None:
    (resource,) = deployment.resources(RULES, "AWS::S3::Bucket").values()
    announced = set()
    for one in resource["Properties"]["NotificationConfiguration"]["QueueConfigurations"]:
        (rule,) = one["Filter"]["S3Key"]["Rules"]
        assert rule["Name"] == "prefix"
        assert one["Queue"]["Fn::GetAtt"][0].startswith("Publish")
        announced.add((one["Event"], rule["Value"]))
    assert announced == {
        (event, folder)
        for event in ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
        for folder in (TEAM_PREFIX, SUBMISSION_PREFIX)
    }
    # S3 asks whether it may send when the notification is set: the queue's policy comes first.
    assert set(resource["DependsOn"]) & set(deployment.resources(RULES, "AWS::SQS::QueuePolicy"))


def test_the_rules_bucket_alone_feeds_the_queue(deployment: Synthesized) -> None:
    (allowed,) = (
        statement
        for statement in deployment.statements(RULES, "AWS::SQS::QueuePolicy", "PolicyDocument")
        if statement["Effect"] == "Allow"
    )
    assert allowed["Principal"] == {"Service": "s3.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    assert allowed["Condition"] == {
        "ArnEquals": {"aws:SourceArn": ARN},
        "StringEquals": {"aws:SourceAccount": "111122223333"},
    }


def test_a_throttled_batch_has_the_time_of_six_runs_and_many_receives(deployment: Synthesized) -> None:
    queue = deployment.properties(RULES, "AWS::SQS::Queue", QueueName="trailwarden-publish")
    function = deployment.properties("TrailwardenPublishing", "AWS::Lambda::Function")
    feed = deployment.properties("TrailwardenPublishing", "AWS::Lambda::EventSourceMapping")
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"] + feed["MaximumBatchingWindowInSeconds"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 20
    assert queue["SqsManagedSseEnabled"] is True


def test_authors_are_told_over_an_encrypted_topic(deployment: Synthesized) -> None:
    topic = deployment.properties(RULES, "AWS::SNS::Topic")
    assert topic["TopicName"] == "trailwarden-rule-authors"
    assert topic["KmsMasterKeyId"]["Fn::GetAtt"][0].startswith("RulesKey")
    subscription = deployment.properties(RULES, "AWS::SNS::Subscription")
    assert subscription["Endpoint"] == "detection-engineers@example.com"
    assert "FilterPolicy" not in subscription


def test_there_is_no_writers_role_without_writers(deployment: Synthesized) -> None:
    assert not deployment.resources(RULES, "AWS::IAM::Role")
    assert "RuleWritersRoleArn" not in deployment.templates[RULES]["Outputs"]


def test_writers_may_edit_and_read_and_nothing_else(with_writers: Synthesized) -> None:
    role = writers_role(with_writers)
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    granted: dict[str, set[str]] = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        assert statement["Effect"] == "Allow"
        resources = statement["Resource"]
        actions = statement["Action"]
        for resource in resources if isinstance(resources, list) else [resources]:
            name = resource if isinstance(resource, str) else str(next(iter(resource.values())))
            granted.setdefault(name, set()).update([actions] if isinstance(actions, str) else actions)
    keys = {name: granted.pop(name) for name in list(granted) if not name.startswith("arn:")}
    edit = {"s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"}
    assert granted == {
        ARN: {"s3:ListBucket", "s3:ListBucketVersions"},
        f"{ARN}/{TEAM_PREFIX}*": edit,
        f"{ARN}/{SUBMISSION_PREFIX}*": edit,
        f"{ARN}/{SOURCES_PREFIX}*": {"s3:GetObject"},
        f"{ARN}/{RULE_SET_PREFIX}*": {"s3:GetObject"},
        f"arn:aws:dynamodb:{AUDIT}:table/trailwarden-alerts": {"dynamodb:GetItem", "dynamodb:Query"},
    }
    assert sorted(map(sorted, keys.values())) == [["kms:Decrypt"], ["kms:Decrypt", "kms:GenerateDataKey"]]


def test_what_writers_read_of_the_table_is_about_rules(with_writers: Synthesized) -> None:
    (policy,) = writers_role(with_writers)["Policies"]
    (statement,) = (one for one in policy["PolicyDocument"]["Statement"] if "dynamodb:Query" in one["Action"])
    keys = {"dynamodb:LeadingKeys": ["RULESET", "EXCEPTION#*", "STAGED#*"]}
    named = {"Null": {"dynamodb:LeadingKeys": "false"}}
    assert statement["Condition"] == {"ForAllValues:StringLike": keys, **named}
    assert statement["Action"] == ["dynamodb:GetItem", "dynamodb:Query"]


def test_what_holds_the_rules_outlives_the_stack(deployment: Synthesized) -> None:
    for kind in ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::KMS::Key"):
        for resource in deployment.resources(RULES, kind).values():
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_another_partition_has_its_own_arns(organization: Synthesized) -> None:
    (statement,) = (
        one
        for one in organization.statements(RULES, "AWS::S3::BucketPolicy", "PolicyDocument")
        if one.get("Sid") == "OnlyPublishRulesWritesWhatIsLive"
    )
    assert statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"].startswith("arn:aws-us-gov:iam::")
