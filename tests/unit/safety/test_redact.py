"""Secrets are masked, whatever they are wrapped in; identifiers are not."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.samples import STOP_RULE, rule
from tests.unit.messages.records import call, role
from trailwarden.activity.learning import learn
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.correlation.plan import kept_fields
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.messages.message import Bodies, Form, render
from trailwarden.messages.security_hub import SecurityHub
from trailwarden.safety.names import is_secret
from trailwarden.safety.redact import (
    MASK,
    TOO_DEEP,
    redacted,
    redacted_record,
    redacted_text,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"credentials": {"sessionToken": "FwoG"}}, {"credentials": {"sessionToken": MASK}}),
        ({"Password": "hunter2"}, {"Password": MASK}),
        ({"password": None}, {"password": None}),
        ({"secretString": ["a", "b"]}, {"secretString": [MASK, MASK]}),
        ({"accessKeyId": "ASIAEXAMPLE", "accountId": "1"}, {"accessKeyId": "ASIAEXAMPLE", "accountId": "1"}),
        (
            {"url": "https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA%2Fx&X-Amz-Signature=abc&x=1"},
            {"url": f"https://b.s3.amazonaws.com/k?X-Amz-Credential={MASK}&X-Amz-Signature={MASK}&x=1"},
        ),
    ],
)
def test_redacted(value: Any, expected: Any) -> None:
    assert redacted(value) == expected


def test_the_value_given_stays_as_it_was() -> None:
    value = {"password": "x"}
    redacted(value)
    assert value == {"password": "x"}


def test_what_nests_absurdly_deep_is_cut_off() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert TOO_DEEP in str(redacted({"requestParameters": deep}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"userData": {"value": "IyEv"}}, {"userData": {"value": MASK}}),
        ({"x-amz-security-token": "t"}, {"x-amz-security-token": MASK}),
        (
            {"client_secret": "s", "MasterUserPassword": "p"},
            {"client_secret": MASK, "MasterUserPassword": MASK},
        ),
        (
            {"environment": {"variables": {"DB": "x", "EMPTY": ""}}},
            {"environment": {"variables": {"DB": MASK, "EMPTY": ""}}},
        ),
        ({"environment": {"STAGE": "x"}}, {"environment": {"STAGE": MASK}}),
        (
            {"containerDefinitions": [{"environment": [{"name": "KEY", "value": "v"}]}]},
            {"containerDefinitions": [{"environment": [{"name": "KEY", "value": MASK}]}]},
        ),
        (
            {"environmentVariables": [{"name": "KEY", "type": "PLAINTEXT", "value": "v"}]},
            {"environmentVariables": [{"name": "KEY", "type": "PLAINTEXT", "value": MASK}]},
        ),
        # What is no secret, though it sounds like one.
        ({"nextToken": "t", "clientToken": "c"}, {"nextToken": "t", "clientToken": "c"}),
        (
            {"secretId": "prod/db", "passwordResetRequired": True},
            {"secretId": "prod/db", "passwordResetRequired": True},
        ),
        (
            {"keyId": "1234", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
            {"keyId": "1234", "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        ),
    ],
)
def test_secrets_are_known_by_their_fields(value: Any, expected: Any) -> None:
    assert redacted(value) == expected
    assert redacted(redacted(value)) == expected, "masking twice changes nothing"


def test_a_parameter_of_systems_manager_is_a_secret_by_its_call() -> None:
    parameters = {"name": "/prod/host", "value": "s3cr3t"}
    put = redacted_record(call("ssm", "PutParameter", parameters))
    assert put["requestParameters"] == {"name": "/prod/host", "value": MASK}
    assert redacted_record(call("ssm", "Other", parameters))["requestParameters"] == parameters


# Made up here, in parts, so that no scanner of secrets takes them for real ones.
_LONG = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password=hunter2&x=1", f"password={MASK}&x=1"),
        ("Password: hunter2, then", f"Password: {MASK}, then"),
        ('{"password": "hunter2", "a": 1}', '{"password": "***", "a": 1}'),
        ('"{\\"secret_access_key\\":\\"abc\\"}"', '"{\\"secret_access_key\\":\\"***\\"}"'),
        ("mysql -u root --password hunter2; ls", f"mysql -u root --password {MASK}; ls"),
        ("export AWS_SESSION_TOKEN=IQoJabc", f"export AWS_SESSION_TOKEN={MASK}"),
        ("postgres://app:hunter2@db:5432/x", f"postgres://app:{MASK}@db:5432/x"),
        ("Authorization: Bearer " + _LONG, f"Authorization: Bearer {MASK}"),
        ("Basic " + "YWxpY2U6aHVudGVyMg==", f"Basic {MASK}"),
        ("token is ghp" + "_" + _LONG, f"token is {MASK}"),
        ("xoxb" + "-1234567890-abcdef", MASK),
        ("FwoG" + _LONG * 2, MASK),
        ("eyJ" + _LONG + ".eyJ" + _LONG + "." + _LONG, MASK),
        (
            "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY----- after",
            f"-----BEGIN RSA PRIVATE KEY-----{MASK}-----END RSA PRIVATE KEY----- after",
        ),
        ("-----BEGIN " + "PRIVATE KEY-----\nMIIE cut off", f"-----BEGIN PRIVATE KEY-----{MASK}"),
        # What is no secret.
        (
            "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db",
            "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db",
        ),
        (
            "The security token included in the request is invalid",
            "The security token included in the request is invalid",
        ),
        ("account 111122223333, key AKIAIOSFODNN7EXAMPLE", "account 111122223333, key AKIAIOSFODNN7EXAMPLE"),
        ("basic auth is off", "basic auth is off"),
        ("https://example.com:8080/path@x", "https://example.com:8080/path@x"),
    ],
)
def test_secrets_are_known_in_free_text(text: str, masked: str) -> None:
    assert redacted_text(text) == masked
    assert redacted_text(masked) == masked, "masking twice changes nothing"


def test_a_fields_name_may_be_dotted() -> None:
    assert is_secret("requestParameters.masterUserPassword")
    assert not is_secret("requestParameters.secretId")


def test_no_secret_is_in_anything_that_is_published() -> None:
    secrets = {
        "password": "hunter2-one",
        "note": "--password hunter2-two postgres://app:hunter2-three@db",
        "policy": '{"secretString": "hunter2-four", "clientSecret": "hunter2-five"}',
        "environment": {"variables": {"A": "hunter2-six"}},
        "tags": [{"key": "k", "value": "Bearer hunter2-seven-and-more"}],
        "userData": {"value": "hunter2-eight"},
    }
    met = call(
        "lambda",
        "CreateFunction",
        secrets,
        userAgent="curl password=hunter2-nine",
        errorCode="Oops",
        errorMessage="api_key=hunter2-ten is wrong",
        answer={"credentials": {"sessionToken": "hunter2-eleven"}},
    )
    title = (
        "{userAgent} {requestParameters} {requestParameters.password} {requestParameters.note} {errorMessage}"
    )
    by = ("requestParameters.password", "requestParameters.note")
    careless = rule(STOP_RULE, "CreateFunction", alert_title=title, group_by=by)
    grouper = AlertGrouper("v")
    grouper.add(Match(careless, met, 0, event_identity(met), event_time(met)), "s3://bucket/key.json.gz")
    hub = SecurityHub("111122223333", "eu-west-1")
    message = render(grouper.alerts()[0], bodies=Bodies(https=Form.CHAT, queue=Form.OCSF, security_hub=hub))
    published = f"{message.subject} {message.body} {message.finding} {message.attributes}"
    assert re.findall(r"hunter2-\w+", published) == []


def test_no_secret_is_in_anything_that_is_kept_beside_the_alert() -> None:
    """Groups, matches and what correlations and sessions remember are written as well as sent."""
    met = call(
        "lambda",
        "Invoke --password hunter2-one",
        {"functionName": "a password=hunter2-two", "masterUserPassword": "hunter2-three"},
        who=role("Deploy", "token=hunter2-four"),
        sourceIPAddress="password=hunter2-five",
    )
    by = ("actor", "requestParameters.functionName", "requestParameters.masterUserPassword")
    grouper = AlertGrouper("v", keep_matches=True)
    grouper.add(
        Match(rule(STOP_RULE, "Invoke", group_by=by), met, 0, event_identity(met), event_time(met)),
        "s3://b/k",
    )
    (batch,) = grouper.drain()
    paths = (*by, "sourceIPAddress", "eventName", "userIdentity.arn")
    remembered = kept_fields(met, paths)
    issued = {**met, "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole"}
    issued["responseElements"] = {"credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPL2"}}
    kept = f"{batch.group} {batch.matches} {batch.alert} {remembered} {learn(issued)}"
    assert re.findall(r"hunter2-\w+", kept) == []
    assert learn(issued) is not None


def test_only_masking_makes_a_record_that_an_alert_can_hold() -> None:
    """mypy holds the type to it; this, that nobody casts."""
    root = Path(__file__).parents[3] / "trailwarden"
    makers = {
        path.name for path in root.rglob("*.py") if re.search(r"SafeRecord\((?!\{\})", path.read_text())
    }
    assert makers == {"redact.py"}
