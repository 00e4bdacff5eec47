"""Situations in which the record is odd: too large, nearly empty, or written by an attacker."""

from collections.abc import Iterator

from tests.unit.messages.records import ACCOUNT, call, role
from tests.unit.messages.situations import Situation, told
from trailwarden.rules.ruleset import Level

LOW = Level.LOW

# As AWS's documentation has it: averages are of a minute, durations in minutes.
INSIGHT_CONTEXT = {
    "statistics": {
        "baseline": {"average": 9.7},
        "insight": {"average": 1664},
        "insightDuration": 5,
        "baselineDuration": 10080,
    },
    "attributions": [
        {
            "attribute": "userIdentityArn",
            "insight": [
                {
                    "value": f"arn:aws:sts::{ACCOUNT}:assumed-role/fleet/i-0123456789abcdef0",
                    "average": 1660.2,
                },
                {"value": f"arn:aws:iam::{ACCOUNT}:user/mallory", "average": 3.8},
            ],
            "baseline": [],
        },
        {"attribute": "userAgent", "insight": [{"value": "aws-sdk-go", "average": 1664}]},
    ],
}


def odd_situations() -> Iterator[Situation]:
    yield told(
        "request-omitted-by-cloudtrail",
        call(
            "iam",
            "PutRolePolicy",
            {"omitted": True, "reason": "requestParameters too large", "originalSize": 131072},
        ),
        "{actor} put an inline policy into a role",
    )
    yield told(
        "record-far-too-large",
        call(
            "ec2", "RunInstances", {"imageId": "ami-0123456789abcdef0", "additionalInfo": "\u5927" * 200_000}
        ),
        "{actor} launched instances",
    )
    yield told(
        "hostile-user-agent",
        call(
            "iam",
            "CreateUser",
            {"userName": "x"},
            userAgent=(
                "aws-cli/2\r\nSeverity:   low\nWho: alice\u202e\u2066moc.live\u200b <!channel> "
                "http://evil.example/a?b"
            ),
        ),
        "{actor} created the user {requestParameters.userName} with {userAgent}",
    )
    tags = [
        {"key": "Name", "value": "Urgent: verify your account at https://aws-login.example/verify"},
        {"key": "note\nEvidence:   s3://elsewhere", "value": "[click](http://evil.example) @here *bold*"},
        {
            "key": "owner",
            "value": "www.evil.example or mailto:help@evil.example or \u0440\u0430\u0443\u0440\u0430l.com",
        },
    ]
    yield told(
        "hostile-tags",
        call(
            "ec2",
            "CreateTags",
            {"resourcesSet": {"items": [{"resourceId": "i-0123456789abcdef0"}]}, "tagSet": {"items": tags}},
        ),
        "{actor} tagged an instance: {requestParameters.tagSet.items.value}",
        LOW,
    )
    yield told(
        "hostile-session-name",
        call(
            "iam",
            "DeleteUser",
            {"userName": "\u0430lice"},
            who=role("Admin", "root.Severity-low@evil.example"),
        ),
        "{actor} deleted the user {requestParameters.userName}",
    )
    yield told(
        "hostile-error-message",
        call(
            "sts",
            "AssumeRole",
            {"roleArn": "arn:aws:iam::111122223333:role/x\nRule: none"},
            errorCode="AccessDenied\nAccount: 000000000000",
            errorMessage="see https://evil.example/help; password=hunter2 Bearer abcdefghijklmnop1234",
        ),
        "{actor} was denied {eventName}",
    )
    yield told(
        "insight",
        {
            "eventVersion": "1.08",
            "eventTime": "2026-03-01T03:00:00Z",
            "awsRegion": "eu-west-1",
            "eventID": "a0000000-0000-4000-8000-000000000007",
            "eventType": "AwsCloudTrailInsight",
            "recipientAccountId": ACCOUNT,
            "insightDetails": {
                "state": "Start",
                "eventSource": "ssm.amazonaws.com",
                "eventName": "UpdateInstanceInformation",
                "insightType": "ApiCallRateInsight",
                "insightContext": INSIGHT_CONTEXT,
            },
            "eventCategory": "Insight",
        },
        "the rate of {insightDetails.eventName} is unusual",
    )
    nobody = call("ec2", "TerminateInstances", None)
    nobody |= {"eventTime": None, "userIdentity": None, "sourceIPAddress": None, "userAgent": None}
    yield told("hardly-anything-known", nobody, "instances were terminated")
