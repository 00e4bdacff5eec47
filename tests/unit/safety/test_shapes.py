"""A table of secrets by service: all but very few are masked, and all that is no secret stays readable."""

import json
from typing import Any

import pytest

from tests.sensitive_members import TARGET, generated
from tests.unit.messages.records import call
from tests.unit.safety.shapes import (
    BUILDING,
    COMPUTING,
    DATABASES,
    IDENTITY,
    INNOCENT,
    INNOCENT_TEXTS,
    NETWORKS,
    SECRET,
    STORAGE,
    TEXTS,
    TOKENS,
    Shape,
)
from trailwarden.safety.redact import redacted, redacted_record, redacted_text

SHAPES = [*DATABASES, *COMPUTING, *BUILDING, *IDENTITY, *NETWORKS, *STORAGE]


def named(shape: Shape) -> str:
    return f"{shape[0]}-{shape[1]}"


@pytest.mark.parametrize("where", ["requestParameters", "responseElements"])
@pytest.mark.parametrize("shape", SHAPES, ids=named)
def test_a_secret_of_a_service_is_masked(shape: Shape, where: str) -> None:
    source, name, parameters = shape
    record = call(source, name) | {where: parameters}
    safe = redacted_record(record)
    assert SECRET not in json.dumps(safe), safe[where]
    assert redacted_record(safe) == safe, "masking twice changes nothing"


def test_the_table_is_large_enough() -> None:
    assert len(SHAPES) >= 150
    assert len({source for source, _, _ in SHAPES}) >= 70


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "wrapped",
    [lambda text: text, lambda text: {"note": text}, lambda text: json.dumps({"a": [{"b": text}]})],
    ids=["text", "field", "json"],
)
def test_a_secret_in_a_text_is_masked(text: str, wrapped: Any) -> None:
    safe = redacted(wrapped(text))
    assert SECRET not in str(safe)
    assert "wJalrXUtnFEMI" not in str(safe)
    assert redacted(safe) == safe, "masking twice changes nothing"
    if "%" not in text and len(text) < 200 and text != safe:
        assert "***" in str(safe)


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("around", ["{}", "the token is {}, he said", "a/{}/b", '{{"x": "{}"}}'])
def test_the_token_of_a_vendor_is_masked(token: str, around: str) -> None:
    assert token not in redacted_text(around.format(token))


@pytest.mark.parametrize(
    ("source", "name", "member"),
    [
        ("sso", "CreateToken", "codeVerifier"),
        ("sso-oauth", "CreateTokenWithIAM", "assertion"),
        ("customer-profiles", "GetUploadJobPath", "url"),
        ("profile", "GetUploadJobPath", "url"),
        ("IoTSecuredTunneling", "OpenTunnel", "sourceAccessToken"),
        ("iot", "CreateKeysAndCertificate", "keyPair"),
        ("apigateway", "CreateApiKey20150709", "value"),
    ],
)
def test_members_are_found_however_the_event_source_is_written(source: str, name: str, member: str) -> None:
    record = call(source, name, {member: "abc-def-ghi"})
    assert "abc-def-ghi" not in json.dumps(redacted_record(record))


@pytest.mark.parametrize("shape", INNOCENT, ids=named)
def test_what_is_no_secret_stays(shape: Shape) -> None:
    source, name, parameters = shape
    record = call(source, name, parameters, answer=parameters)
    assert redacted_record(record) == record


@pytest.mark.parametrize("text", INNOCENT_TEXTS)
def test_text_that_holds_no_secret_stays(text: str) -> None:
    assert redacted_text(text) == text
    assert redacted({"note": json.dumps({"message": text})}) == {"note": json.dumps({"message": text})}


def test_the_members_that_models_mark_are_those_of_the_installed_botocore() -> None:
    assert TARGET.read_text(encoding="utf-8") == generated(), "run: python -m tests.sensitive_members"
