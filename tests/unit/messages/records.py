"""Records of our own in the shapes that CloudTrail writes, for the alerts that are approved.

Account numbers, addresses (RFC 5737, RFC 3849) and names are those that documentation uses.
"""

from typing import Any

from tests.samples import event_id
from trailwarden.delivery.records import Record

ACCOUNT = "111122223333"
OUTSIDER = "999988887777"
CLI = "aws-cli/2.31.0 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.0 lang/python#3.13.7 md/installer#exe"
CONSOLE = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
TERRAFORM = "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) terraform-provider-aws/5.65.0"
BOTO = "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux#6.1.0 lang/python#3.12.3"

Identity = dict[str, Any]


def user(name: str, key: str = "AKIAIOSFODNN7EXAMPLE", **more: Any) -> Identity:
    """An IAM user with a key of their own."""
    return {
        "type": "IAMUser",
        "principalId": "AIDACKCEVSQ6C2EXAMPLE",
        "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
        "accountId": ACCOUNT,
        "accessKeyId": key,
        "userName": name,
        **more,
    }


def role(name: str, session: str, *, mfa: str = "false", partition: str = "aws", **context: Any) -> Identity:
    """A session of a role; `context` goes into its `sessionContext`."""
    return {
        "type": "AssumedRole",
        "principalId": f"AROACKCEVSQ6C2EXAMPLE:{session}",
        "arn": f"arn:{partition}:sts::{ACCOUNT}:assumed-role/{name}/{session}",
        "accountId": ACCOUNT,
        "accessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROACKCEVSQ6C2EXAMPLE",
                "arn": f"arn:{partition}:iam::{ACCOUNT}:role/{name}",
                "accountId": ACCOUNT,
                "userName": name,
            },
            "attributes": {"mfaAuthenticated": mfa, "creationDate": "2026-03-01T02:31:00Z"},
            **context,
        },
    }


def sso(person: str, permission_set: str = "AdministratorAccess") -> Identity:
    """Somebody who came through IAM Identity Center; the path of its roles is reserved to AWS."""
    name = f"AWSReservedSSO_{permission_set}_0123456789abcdef"
    identity = role(name, person)
    path = "aws-reserved/sso.amazonaws.com/eu-west-1"
    identity["sessionContext"]["sessionIssuer"]["arn"] = f"arn:aws:iam::{ACCOUNT}:role/{path}/{name}"
    return identity


def root(**more: Any) -> Identity:
    """The root user."""
    arn = f"arn:aws:iam::{ACCOUNT}:root"
    return {"type": "Root", "principalId": ACCOUNT, "arn": arn, "accountId": ACCOUNT, **more}


def service(name: str) -> Identity:
    """A service of AWS that acts by itself."""
    return {"type": "AWSService", "invokedBy": name}


def call(
    source: str,
    name: str,
    parameters: Any = None,
    *,
    who: Any = None,
    answer: Any = None,
    **fields: Any,
) -> Record:
    """A call at 03:00 UTC on 1 March 2026, from 203.0.113.7 with the AWS CLI; `fields` replace or add."""
    return {
        "eventVersion": "1.11",
        "userIdentity": user("mallory") if who is None else who,
        "eventTime": "2026-03-01T03:00:00Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": CLI,
        "requestParameters": parameters,
        "responseElements": answer,
        "requestID": "0c0ffee0-0000-4000-8000-000000000001",
        "eventID": event_id(7),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        **fields,
    }


def sign_in(who: Identity, answer: str = "Success", *, mfa: str = "No", **fields: Any) -> Record:
    """A sign-in to the console."""
    more = {"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": mfa}
    return call(
        "signin",
        "ConsoleLogin",
        who=who,
        answer={"ConsoleLogin": answer},
        eventType="AwsConsoleSignIn",
        awsRegion="us-east-1",
        userAgent=CONSOLE,
        additionalEventData=more,
        **fields,
    )
