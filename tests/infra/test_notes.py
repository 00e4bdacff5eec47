"""What `synth` says of settings that are valid and still worth a thought."""

import json
from typing import Any

import pytest

from infra.alerting import alerting
from infra.endpoints import sns_principal
from infra.notes import notes
from infra.settings import parse_settings
from tests.infra.conftest import ORGANIZATION, Synthesized, sample
from trailwarden.errors import SettingsError

UNRECORDED, COPY = "Trailwarden:AuditAccountNotRecorded", "Trailwarden:SecondCopy"
TWO, SMALL = "Trailwarden:TwoTrails", "Trailwarden:SmallFiles"
UNPROTECTED, SANDBOX = "Trailwarden:NotProtected", "Trailwarden:SmsSandbox"
OPT_IN = "Trailwarden:OptInRegions"
FAR = {"protocol": "sqs", "endpoint": "arn:aws:sqs:eu-south-2:444455556666:siem"}
NEAR = {"protocol": "sqs", "endpoint": "arn:aws:sqs:us-east-1:444455556666:siem"}
SMS = {"protocol": "sms", "endpoint": "+4930123456"}
ARCHIVE = {"archive_after_days": 90}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, set()),
        ({"audit_account_trail": True}, set()),
        ({"audit_account_trail": False}, {UNRECORDED}),
        ({"organization": ORGANIZATION, "accounts": []}, {COPY}),
        ({"organization": ORGANIZATION}, {COPY, TWO}),
        ({"retention": ARCHIVE}, {SMALL}),
        ({"audit_account_trail": False, "retention": ARCHIVE}, {UNRECORDED, SMALL}),
        ({"accounts": ["111122223333"]}, set()),
        ({"rule_authors": [SMS]}, {SANDBOX}),
        ({"routes": [{"name": "own", "subscribers": [SMS]}]}, {SANDBOX}),
        ({"rule_authors": [NEAR]}, set()),
        ({"rule_authors": [FAR, NEAR]}, {OPT_IN}),
        ({"routes": [{"name": "own", "subscribers": [FAR]}]}, {OPT_IN}),
    ],
)
def test_each_is_said_where_it_applies(changes: dict[str, Any], said: set[str]) -> None:
    quiet = {"subscribers": [], "operations_subscribers": [], "rule_authors": [], **changes}
    assert {note.id for note in notes(parse_settings(sample(protect=True, **quiet)))} == said
    assert {note.id for note in notes(parse_settings(sample(**quiet)))} == said | {UNPROTECTED}


@pytest.mark.parametrize(
    ("region", "other", "principal"),
    [
        ("eu-central-1", "us-east-1", "sns.amazonaws.com"),
        ("me-south-1", "me-south-1", "sns.amazonaws.com"),
        ("me-south-1", "us-west-2", "sns.me-south-1.amazonaws.com"),
        ("eu-west-3", "il-central-1", "sns.il-central-1.amazonaws.com"),
        ("ap-southeast-5", "ca-west-1", "sns.ca-west-1.amazonaws.com"),
        ("us-gov-west-1", "us-gov-east-1", "sns.amazonaws.com"),
        ("cn-north-1", "cn-northwest-1", "sns.amazonaws.com"),
    ],
)
def test_sns_has_another_name_between_opt_in_regions(region: str, other: str, principal: str) -> None:
    assert sns_principal(region, other) == principal


def test_the_note_names_whom_to_let_in() -> None:
    settings = parse_settings(sample(subscribers=[{**FAR, "severities": ["high"]}]))
    (note,) = (note for note in notes(settings) if note.id == OPT_IN)
    assert f"sns.eu-south-2.amazonaws.com to {FAR['endpoint']}" in note.text


def test_an_audit_account_that_is_left_out_stands_in_the_heartbeats_settings() -> None:
    settings = parse_settings(sample(audit_account_trail=False))
    assert alerting(settings).unrecorded == ("111122223333",)
    assert "111122223333" not in settings.trail_accounts
    assert "111122223333" in alerting(parse_settings(sample())).accounts


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (
            {"organization": ORGANIZATION, "accounts": []},
            "the organization's trail records the audit account",
        ),
        ({"accounts": ["111122223333"]}, "accounts lists the audit account"),
    ],
)
def test_leaving_it_out_beside_what_records_it_is_a_mistake(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        parse_settings(sample(audit_account_trail=False, **changes))


def test_a_route_may_name_the_audit_account() -> None:
    route = {"name": "own", "accounts": ["111122223333"], "subscribers": []}
    assert parse_settings(sample(routes=[route])).alerts.routes


def test_synth_shows_them(organization: Synthesized, deployment: Synthesized) -> None:
    assert "$2.00 per 100,000" in annotations(organization)
    assert "Trailwarden:SecondCopy" not in annotations(deployment)
    assert '"protect": true' in annotations(deployment).replace("\\", "")


def annotations(synthesized: Synthesized) -> str:
    """What the CDK's command line prints besides: in the manifest, or a file beside it."""
    texts = [file.read_text(encoding="utf-8") for file in synthesized.folder.glob("*.json")]
    found = [text for text in texts if '"aws:cdk:info"' in text or '"aws:cdk:warning"' in text]
    return json.dumps(found)
