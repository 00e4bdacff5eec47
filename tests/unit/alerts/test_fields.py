"""The normalised fields, over the shapes of `userIdentity` that CloudTrail documents."""

from pathlib import Path
from typing import Any

import pytest

from tests.samples import MEMBER, record
from trailwarden.alerts.fields import NORMALISED, account, actor, field_text, outcome


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        ({"type": "Root", "accountId": MEMBER}, f"root of {MEMBER}"),
        ({"type": "IAMUser", "userName": "alice"}, "user alice"),
        ({"type": "IAMUser", "arn": f"arn:aws:iam::{MEMBER}:user/team/bob"}, "user bob"),
        (
            {"type": "AssumedRole", "arn": f"arn:aws:sts::{MEMBER}:assumed-role/Admin/alice"},
            "role Admin (session alice)",
        ),
        (
            {
                "type": "AssumedRole",
                "principalId": "AROAEXAMPLE:i-0abc",
                "sessionContext": {"sessionIssuer": {"userName": "web"}},
            },
            "role web (session i-0abc)",
        ),
        ({"type": "AssumedRole", "arn": None, "sessionContext": None, "principalId": "X"}, "X"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "AWS service ec2.amazonaws.com"),
        ({"type": "AWSAccount", "accountId": "999988887777"}, "account 999988887777"),
        ({"type": "FederatedUser", "userName": "carol"}, "federated user carol"),
        ({"type": "SAMLUser", "userName": "dave@example.com"}, "SAML user dave@example.com"),
        ({"type": "WebIdentityUser", "userName": "erin"}, "web identity erin"),
        ({"type": "IdentityCenterUser", "onBehalfOf": {"userId": "9067"}}, "Identity Center user 9067"),
        ({"type": "Unknown", "principalId": "p"}, "p"),
        ({}, "unknown"),
        (None, "unknown"),
        ("a string", "unknown"),
        ({"type": "IAMUser", "userName": "two\nlines"}, "user two lines"),
    ],
)
def test_actor(identity: Any, name: str) -> None:
    assert actor(record(userIdentity=identity)) == name


def test_the_account_is_the_one_that_the_record_was_delivered_to() -> None:
    assert account(record(recipientAccountId="999988887777")) == "999988887777"
    old = record()
    del old["recipientAccountId"]
    assert account(old) == MEMBER
    assert account({}) == "unknown"


def test_a_failed_call_is_another_outcome() -> None:
    assert outcome(record()) == "done"
    assert outcome(record(errorCode="AccessDenied")) == "failed: AccessDenied"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["b", "a", "b"], "b, a"),
        ([], "unknown"),
        (None, "unknown"),
        (True, "true"),
        (0, "0"),
        ({"items": [{"cidrIp": "0.0.0.0/0"}]}, '{"items":[{"cidrIp":"0.0.0.0/0"}]}'),
        ({"password": "p"}, '{"password":"***"}'),
    ],
)
def test_field_text_of_any_value(value: Any, text: str) -> None:
    assert field_text(record(requestParameters={"x": value}), "requestParameters.x") == text


SESSION = {"type": "AssumedRole", "arn": f"arn:aws:sts::{MEMBER}:assumed-role/Admin/bob", "accountId": MEMBER}


@pytest.mark.parametrize(
    ("name", "fields", "text"),
    [
        ("account", {}, MEMBER),
        ("action", {}, "stopped the logging"),
        ("action.infinitive", {}, "stop the logging"),
        ("action.outcome", {"errorCode": "AccessDenied"}, "denied"),
        ("action.service", {}, "CloudTrail"),
        ("actor", {}, "user mallory"),
        ("actor.account", {}, MEMBER),
        ("actor.issuer", {}, "unknown"),
        ("actor.kind", {}, "iam_user"),
        ("actor.mfa", {}, "unknown"),
        ("actor.name", {"userIdentity": SESSION}, "role Admin"),
        ("actor.nature", {"eventType": "AwsConsoleSignIn"}, "person"),
        ("actor.session", {"userIdentity": SESSION}, "bob"),
        (
            "actor.source_identity",
            {"userIdentity": {**SESSION, "sessionContext": {"sourceIdentity": "eve"}}},
            "eve",
        ),
        ("origin", {}, "203.0.113.7"),
        ("origin.attack_tool", {"userAgent": "Pacu"}, "true"),
        ("origin.service", {"sourceIPAddress": "config.amazonaws.com"}, "AWS Config"),
        ("origin.vpc_endpoint", {"vpcEndpointId": "vpce-1"}, "vpce-1"),
        ("outcome", {}, "done"),
        ("region", {}, "eu-west-1"),
        (
            "sentence",
            {},
            (
                f"mallory stopped the logging of trail main-trail in account {MEMBER}, eu-west-1, "
                "from 203.0.113.7 with AWS CLI 2.31.0"
            ),
        ),
        ("target", {}, "trail main-trail"),
        ("targets", {}, "trail main-trail"),
        ("tool", {}, "AWS CLI 2.31.0"),
    ],
)
def test_normalised_fields(name: str, fields: dict[str, Any], text: str) -> None:
    assert field_text(record(**fields), name) == text


def test_every_normalised_field_is_documented() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "fields.md").read_text()
    assert [name for name in NORMALISED if f"| `{name}` |" not in page] == []


def test_a_refused_sign_in_is_another_outcome() -> None:
    refused = record(
        eventSource="signin.amazonaws.com",
        eventName="ConsoleLogin",
        responseElements={"ConsoleLogin": "Failure"},
    )
    assert outcome(refused) == "failed: Failure"
