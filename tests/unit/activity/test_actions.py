"""What was done, in words, and how it ended."""

from typing import Any

import pytest

from tests.samples import record
from trailwarden.activity.actions import action_of
from trailwarden.activity.describe import describe
from trailwarden.activity.kinds import Outcome
from trailwarden.activity.phrases import PHRASES
from trailwarden.activity.wording import past_of

SIGN_IN = {"eventSource": "signin.amazonaws.com"}


@pytest.mark.parametrize(
    ("source", "event_name", "phrase"),
    [
        ("iam", "CreateAccessKey", "created an access key"),
        ("iam", "DeactivateMFADevice", "deactivated an MFA device"),
        ("cloudtrail", "StopLogging", "stopped the logging"),
        ("rds", "DescribeDBInstances", "listed DB instances"),
        ("rds", "ModifyDBInstance", "changed a DB instance"),
        ("ec2", "DescribeVpcs", "listed VPCs"),
        ("ec2", "CreateVpc", "created a VPC"),
        ("ec2", "DeleteNetworkAcl", "deleted a network ACL"),
        ("lambda", "ListFunctions20150331v2", "listed functions"),
        ("lambda", "UpdateFunctionCode20150331v2", "replaced the code"),
        ("cloudfront", "CreateDistribution2020_05_31", "created a distribution"),
        ("s3", "ListObjectsV2", "listed the objects"),
        (
            "elasticloadbalancing",
            "RegisterInstancesWithLoadBalancer",
            "registered instances with a load balancer",
        ),
        ("dynamodb", "BatchGetItem", "read an item in bulk"),
        ("wafv2", "GetIPSet", "read an IP set"),
        ("ssm", "PutParameter", "wrote a parameter"),
        ("iam", "ListGroupsForUser", "listed groups for a user"),
        ("rds", "ListTagsForResource", "listed tags for a resource"),
        ("route53", "ListHostedZonesByName", "listed hosted zones by name"),
        ("ec2", "GetEbsEncryptionByDefault", "read EBS encryption by default"),
        ("ec2", "ExportImageToS3", "exported an image to S3"),
        ("s3", "GetBucketCors", "read bucket CORS"),
        ("apigateway", "GetRestApis", "read REST APIs"),
        ("redshift", "DescribeStorage", "looked up storage"),
        ("kms", "CreateKey", "created a KMS key"),
        ("secretsmanager", "GetRandomPassword", "generated a random password"),
        ("guardduty", "DeleteDetector", "switched GuardDuty off by deleting a detector"),
        ("sts", "AssumeRoleWithSAML", "assumed a role"),
        ("example", "FrobnicateWidget", "called FrobnicateWidget"),
        ("example", "", "did something that the record does not name"),
    ],
)
def test_a_call_in_words(source: str, event_name: str, phrase: str) -> None:
    found = action_of(record(eventSource=f"{source}.amazonaws.com", eventName=event_name))
    assert found.phrase == phrase


@pytest.mark.parametrize(
    ("infinitive", "past"),
    [
        ("stop the logging", "stopped the logging"),
        ("deny a request", "denied a request"),
        ("deploy a stack", "deployed a stack"),
        ("run a command", "ran a command"),
        ("set a policy", "set a policy"),
        ("share", "shared"),
    ],
)
def test_the_past_of_a_phrase(infinitive: str, past: str) -> None:
    assert past_of(infinitive) == past


def test_every_phrase_of_the_table_is_one_infinitive() -> None:
    for call, (infinitive, preposition) in PHRASES.items():
        assert infinitive == infinitive.strip(), call
        assert not infinitive.split()[0].endswith("ed"), call
        assert preposition == "" or preposition.isalpha(), call


@pytest.mark.parametrize(
    ("fields", "outcome", "code"),
    [
        ({}, Outcome.DONE, None),
        ({"errorCode": "AccessDenied"}, Outcome.DENIED, "AccessDenied"),
        ({"errorCode": "AccessDeniedException"}, Outcome.DENIED, "AccessDeniedException"),
        ({"errorCode": "Client.UnauthorizedOperation"}, Outcome.DENIED, "Client.UnauthorizedOperation"),
        ({"errorCode": "NotAuthorized"}, Outcome.DENIED, "NotAuthorized"),
        ({"errorCode": "NoSuchBucket"}, Outcome.FAILED, "NoSuchBucket"),
        (
            {**SIGN_IN, "eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}},
            Outcome.DENIED,
            "Failure",
        ),
        (
            {**SIGN_IN, "eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Success"}},
            Outcome.DONE,
            None,
        ),
        ({**SIGN_IN, "eventName": "ConsoleLogin", "responseElements": "odd"}, Outcome.DONE, None),
    ],
)
def test_how_a_call_ended(fields: dict[str, Any], outcome: Outcome, code: str | None) -> None:
    action = action_of(record(**fields))
    assert (action.outcome, action.error_code) == (outcome, code)


@pytest.mark.parametrize(
    ("code", "dry_run", "unsure"),
    [
        ("Client.DryRunOperation", True, False),
        ("InternalFailure", False, True),
        ("InternalServerException", False, True),
        ("ServiceUnavailable", False, True),
        ("RequestTimeout", False, True),
        ("ValidationException", False, False),
    ],
)
def test_what_a_failure_says_of_what_was_changed(code: str, *, dry_run: bool, unsure: bool) -> None:
    action = action_of(record(errorCode=code))
    assert (action.outcome, action.dry_run, action.unsure) == (Outcome.FAILED, dry_run, unsure)


@pytest.mark.parametrize(
    ("details", "phrase"),
    [
        ({"insightType": "ApiCallRateInsight", "state": "Start"}, "called RunInstances at an unusual rate"),
        (
            {"insightType": "ApiErrorRateInsight", "state": "Start", "errorCode": "AccessDenied"},
            "failed at RunInstances with AccessDenied at an unusual rate",
        ),
        (
            {"insightType": "ApiCallRateInsight", "state": "End"},
            "called RunInstances at an unusual rate, which is over",
        ),
    ],
)
def test_an_insight_says_what_is_unusual(details: dict[str, str], phrase: str) -> None:
    insight = {
        "eventCategory": "Insight",
        "insightDetails": {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances", **details},
    }
    found = action_of(insight)
    assert (found.phrase, found.service, found.event_name) == (phrase, "EC2", "RunInstances")


def test_a_service_event_is_reported_not_called() -> None:
    found = action_of(record(eventType="AwsServiceEvent", eventName="SecretVersionDeletion"))
    assert found.phrase == "reported SecretVersionDeletion"


def test_an_error_message_carries_no_line_break() -> None:
    message = "no\nway https://b.s3.amazonaws.com/k"
    assert action_of(record(errorMessage=message)).error_text == "no way https://b.s3.amazonaws.com/k"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "stopped the logging of trail main-trail"),
        ({"errorCode": "AccessDenied"}, "tried to stop the logging of trail main-trail, and was denied"),
        ({"errorCode": "Oops"}, "tried to stop the logging of trail main-trail, which failed (Oops)"),
        ({"requestParameters": None}, "stopped the logging"),
        (
            {"errorCode": "Client.DryRunOperation"},
            "asked in a dry run to stop the logging of trail main-trail, which AWS would have allowed",
        ),
        (
            {
                "eventSource": "ec2.amazonaws.com",
                "eventName": "ModifyInstanceAttribute",
                "requestParameters": {"instanceId": "i-1", "userData": {}},
            },
            "changed what runs at the start of instance i-1",
        ),
        (
            {
                "eventSource": "ec2.amazonaws.com",
                "eventName": "AttachVolume",
                "requestParameters": {"instanceId": "i-1", "volumeId": "vol-1"},
            },
            "attached a volume to instance i-1 (volume vol-1)",
        ),
        ({"eventName": "DeleteTrail"}, "deleted trail main-trail"),
        (
            {
                "eventSource": "iam.amazonaws.com",
                "eventName": "AttachUserPolicy",
                "requestParameters": {
                    "userName": "bob",
                    "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
                },
            },
            "attached a policy to user bob (policy ReadOnlyAccess)",
        ),
        (
            {
                "eventSource": "ec2.amazonaws.com",
                "eventName": "StopInstances",
                "requestParameters": {
                    "instancesSet": {"items": [{"instanceId": f"i-{n}"} for n in range(14)]}
                },
            },
            "stopped instances (instance i-0, instance i-1 and 12 more)",
        ),
        (
            {
                "eventSource": "ec2.amazonaws.com",
                "eventName": "ModifySnapshotAttribute",
                "requestParameters": {"snapshotId": "snap-1", "createVolumePermission": {"add": {}}},
            },
            "changed who may use snapshot snap-1",
        ),
    ],
)
def test_the_deed_with_its_targets(fields: dict[str, Any], told: str) -> None:
    assert describe(record(**fields)).told() == told
