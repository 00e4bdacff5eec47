"""Situations that the shipped rules tell of."""

from collections.abc import Iterator
from datetime import timedelta

from tests.unit.messages.records import (
    ACCOUNT,
    BOTO,
    CONSOLE,
    OUTSIDER,
    TERRAFORM,
    call,
    role,
    root,
    sign_in,
    sso,
    user,
)
from tests.unit.messages.situations import Situation, by_rule, correlated, repeated, various

TRAIL_GONE = "Trail Stopped Or Deleted"
TRAIL_LESS = "Trail Made To See Less"
DETECTOR = "GuardDuty, Config Or Security Hub Disabled"
OPENED = "Security Group Opened To The World"
SHARED = "Snapshot Or Image Shared Outside The Account"
ROOT = "Root User Used"
ADMINISTRATOR = "Administrator Policy Attached"
KEY = "Access Key Created For Another User"


def shipped_situations() -> Iterator[Situation]:
    yield from _defences_down()
    yield from _doors_opened()
    yield from _sign_ins()
    yield from _identities()


def _defences_down() -> Iterator[Situation]:
    trail = f"arn:aws:cloudtrail:eu-west-1:{ACCOUNT}:trail/main"
    yield by_rule("trail-stopped", TRAIL_GONE, call("cloudtrail", "StopLogging", {"name": trail}))
    yield by_rule(
        "trail-deleted-by-administrator",
        TRAIL_GONE,
        call("cloudtrail", "DeleteTrail", {"name": "main"}, who=sso("alice@example.com"), userAgent=CONSOLE),
    )
    selector = {
        "name": "objects only",
        "fieldSelectors": [
            {"field": "eventCategory", "equals": ["Data"]},
            {"field": "resources.type", "equals": ["AWS::S3::Object"]},
        ],
    }
    yield by_rule(
        "trail-narrowed",
        TRAIL_LESS,
        call("cloudtrail", "PutEventSelectors", {"trailName": "main", "advancedEventSelectors": [selector]}),
    )
    yield by_rule(
        "trail-sent-elsewhere",
        TRAIL_LESS,
        call("cloudtrail", "UpdateTrail", {"name": "main", "s3BucketName": "not-our-bucket"}),
    )
    yield by_rule(
        "guardduty-deleted",
        DETECTOR,
        call("guardduty", "DeleteDetector", {"detectorId": "12abc34d567e8fa901bc2d34e56789f0"}),
    )
    yield by_rule(
        "guardduty-suspended",
        DETECTOR,
        call(
            "guardduty",
            "UpdateDetector",
            {"detectorId": "12abc34d567e8fa901bc2d34e56789f0", "enable": False},
            who=role("Deploy", "ci-4711"),
            userAgent=TERRAFORM,
        ),
    )
    yield by_rule(
        "config-stopped",
        DETECTOR,
        call("config", "StopConfigurationRecorder", {"configurationRecorderName": "default"}),
    )
    yield by_rule("security-hub-disabled", DETECTOR, call("securityhub", "DisableSecurityHub"))


def _doors_opened() -> Iterator[Situation]:
    ssh = {"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "groups": {}, "prefixListIds": {}}
    world = {"ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "temporary"}]}, "ipv6Ranges": {}}
    yield by_rule(
        "ssh-opened",
        OPENED,
        call(
            "ec2",
            "AuthorizeSecurityGroupIngress",
            {"groupId": "sg-0123456789abcdef0", "ipPermissions": {"items": [{**ssh, **world}]}},
        ),
    )
    everything = {"ipProtocol": "-1", "ipRanges": {}, "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}}
    yield by_rule(
        "everything-opened-ipv6",
        OPENED,
        call(
            "ec2",
            "AuthorizeSecurityGroupIngress",
            {"groupId": "sg-0123456789abcdef0", "ipPermissions": {"items": [everything]}},
            who=role("Deploy", "ci-4711"),
            userAgent=TERRAFORM,
            sourceIPAddress="2001:db8::7",
        ),
    )
    remote = {"CidrIpv4": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389}
    change = {"SecurityGroupRuleId": "sgr-0123456789abcdef0", "SecurityGroupRule": remote}
    request = {"GroupId": "sg-0123456789abcdef0", "SecurityGroupRule": change}
    yield by_rule(
        "remote-desktop-opened",
        OPENED,
        call("ec2", "ModifySecurityGroupRules", {"ModifySecurityGroupRulesRequest": request}),
    )
    volume = {"add": {"items": [{"userId": OUTSIDER}]}}
    yield by_rule(
        "snapshot-shared",
        SHARED,
        call(
            "ec2",
            "ModifySnapshotAttribute",
            {
                "snapshotId": "snap-0123456789abcdef0",
                "createVolumePermission": volume,
                "attributeType": "CREATE_VOLUME_PERMISSION",
            },
            userAgent=BOTO,
        ),
    )
    yield by_rule(
        "image-made-public",
        SHARED,
        call(
            "ec2",
            "ModifyImageAttribute",
            {
                "imageId": "ami-0123456789abcdef0",
                "launchPermission": {"add": {"items": [{"group": "all"}]}},
                "attributeType": "launchPermission",
            },
        ),
    )
    yield by_rule(
        "database-snapshot-shared",
        SHARED,
        call(
            "rds",
            "ModifyDBSnapshotAttribute",
            {
                "dBSnapshotIdentifier": "customers-2026-03-01",
                "attributeName": "restore",
                "valuesToAdd": [OUTSIDER],
            },
        ),
    )


def _sign_ins() -> Iterator[Situation]:
    alice = user("alice")
    del alice["accessKeyId"]
    yield by_rule("console-without-mfa", "Console Sign-in Without MFA", sign_in(alice))
    yield by_rule("root-signed-in", "Root User Signed In Or Used Its Access Key", sign_in(root(), mfa="Yes"))
    yield by_rule(
        "root-made-a-key",
        ROOT,
        call(
            "iam",
            "CreateAccessKey",
            who=root(accessKeyId="ASIAIOSFODNN7EXAMPLE"),
            answer={"accessKey": {"accessKeyId": "AKIAI44QH8DHBEXAMPLE", "status": "Active"}},
            userAgent=CONSOLE,
            awsRegion="us-east-1",
        ),
    )
    hidden = {
        "type": "IAMUser",
        "accountId": ACCOUNT,
        "accessKeyId": "",
        "userName": "HIDDEN_DUE_TO_SECURITY_REASONS",
    }
    yield correlated(
        "passwords-guessed",
        "Console Passwords Guessed",
        sign_in(hidden, "Failure", errorMessage="No username found in supplied account"),
        {"account": ACCOUNT, "origin": "203.0.113.7"},
        23,
        various(actions=["ConsoleLogin"], alike=True, denied=23),
    )


def _identities() -> Iterator[Situation]:
    made = {"accessKey": {"userName": "alice", "accessKeyId": "AKIAI44QH8DHBEXAMPLE", "status": "Active"}}
    key = call("iam", "CreateAccessKey", {"userName": "alice"}, answer=made, awsRegion="us-east-1")
    yield by_rule("key-for-another-user", KEY, key)
    lasting = timedelta(minutes=44, seconds=9)
    same = various(["user alice"], ["CreateAccessKey"], alike=True)
    yield repeated(by_rule("keys-for-another-user", KEY, key), 1204, lasting, same)
    several = various(["user alice", "user bob", "user breakglass-admin"], ["CreateAccessKey"])
    yield repeated(by_rule("keys-for-several-users", KEY, key), 3, timedelta(minutes=2), several)
    yield by_rule(
        "password-for-another-user",
        "Console Password Set For Another User",
        call(
            "iam",
            "CreateLoginProfile",
            {"userName": "backup-service", "passwordResetRequired": False},
            awsRegion="us-east-1",
        ),
    )
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    yield by_rule(
        "administrator-made",
        ADMINISTRATOR,
        call("iam", "AttachUserPolicy", {"userName": "mallory", "policyArn": administrator}),
    )
    github = {
        "federatedProvider": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com",
        "attributes": {},
    }
    yield by_rule(
        "administrator-made-by-pipeline",
        ADMINISTRATOR,
        call(
            "iam",
            "AttachRolePolicy",
            {"roleName": "deploy", "policyArn": administrator},
            who=role("github-actions", "GitHubActions", webIdFederationData=github),
        ),
    )
    yield by_rule(
        "administrator-made-through-chain",
        ADMINISTRATOR,
        call(
            "iam",
            "AttachGroupPolicy",
            {"groupName": "support", "policyArn": administrator},
            who=role("Operations", "botocore-session-1772333460", sourceIdentity="alice@example.com"),
            userAgent=BOTO,
        ),
    )
    yield by_rule(
        "administrator-made-in-china",
        ADMINISTRATOR,
        call(
            "iam",
            "AttachRolePolicy",
            {"roleName": "deploy", "policyArn": administrator.replace("arn:aws:", "arn:aws-cn:")},
            who=role("Admin", "li", partition="aws-cn"),
            awsRegion="cn-north-1",
        ),
    )
    yield by_rule(
        "trail-stopped-in-govcloud",
        TRAIL_GONE,
        call("cloudtrail", "StopLogging", {"name": "main"}, awsRegion="us-gov-west-1"),
    )
