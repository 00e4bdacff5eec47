"""The forms for machines hold what their schemas ask for, in every situation."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchema, OcsfJsonSchemaEmbedded, get_ocsf_schema

from tests.unit.alerts.situations import Situation
from tests.unit.alerts.test_approved import SITUATIONS
from trailwarden.alerts.chat import chat_notification
from trailwarden.alerts.message import AlertMessage, Bodies, Form
from trailwarden.alerts.ocsf import VERSION
from trailwarden.alerts.security_hub import SecurityHub
from trailwarden.alerts.story import story_of

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "docs/schemas/alert.schema.json").read_text(encoding="utf-8"))
HUB = SecurityHub("444455556666", "eu-west-1")
EVERYTHING = Bodies(https=Form.CHAT, queue=Form.OCSF, security_hub=HUB)
by_name = pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)


def rendered(situation: Situation) -> AlertMessage:
    return situation.message(EVERYTHING)


def body(situation: Situation, protocol: str) -> Any:
    return json.loads(json.loads(rendered(situation).body)[protocol])


@cache
def ocsf_schema() -> Draft202012Validator:
    """The schema that the OCSF project publishes, as JSON Schema; unknown attributes are refused."""
    published = OcsfJsonSchemaEmbedded(OcsfJsonSchema(get_ocsf_schema(VERSION)))
    return Draft202012Validator(published.get_class_schema("detection_finding", ["cloud"]))


def test_our_schema_is_one_and_says_what_every_field_means() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert all(field.get("description") for field in SCHEMA["properties"].values())


@by_name
def test_the_alert_is_as_our_schema_says(situation: Situation) -> None:
    payload = json.loads(rendered(situation).payload)
    Draft202012Validator(SCHEMA).validate(payload)
    assert set(payload) == set(SCHEMA["properties"]) == set(SCHEMA["required"])


@by_name
def test_the_ocsf_finding_is_as_the_published_schema_says(situation: Situation) -> None:
    finding = body(situation, "sqs")
    ocsf_schema().validate(finding)
    assert (finding["type_uid"], finding["finding_info"]["uid"]) == (200401, situation.alert.alert_id)


@by_name
def test_the_finding_is_as_security_hub_takes_it(situation: Situation) -> None:
    model = botocore.session.get_session().get_service_model("securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    finding = rendered(situation).finding
    report = ParamValidator().validate({"Findings": [finding]}, shape)
    assert not report.has_errors(), report.generate_report()
    assert finding is not None
    assert len(finding["Title"]) <= 256
    assert len(finding["Description"]) <= 1024
    assert len(finding.get("Remediation", {}).get("Recommendation", {}).get("Text", "")) <= 512
    assert len(finding["ProductFields"]) <= 50


@by_name
def test_the_chat_notification_is_as_amazon_q_takes_it(situation: Situation) -> None:
    note = body(situation, "https")
    assert (note["version"], note["source"]) == ("1.0", "custom")
    content = note["content"]
    assert content["textType"] == "client-markdown"
    assert 0 < len(content["title"]) <= 250
    assert 0 < len(content["description"]) <= 2800
    texts = [note["metadata"]["threadId"], *content["keywords"], *content["nextSteps"]]
    assert all(isinstance(text, str) and text for text in texts)
    assert all(isinstance(value, str) for value in note["metadata"]["additionalContext"].values())


def test_severity_and_attack_are_said_in_ocsfs_words() -> None:
    situation = next(found for found in SITUATIONS if found.name == "trail-stopped")
    finding = body(situation, "sqs")
    assert (finding["severity_id"], finding["severity"]) == (5, "Critical")
    attacks = finding["finding_info"]["attacks"]
    assert attacks[0]["tactic"] == {"uid": "TA0005", "name": "Defense Evasion"}
    assert (attacks[1]["technique"]["uid"], attacks[1]["sub_technique"]["uid"]) == ("T1562", "T1562.008")
    assert finding["evidences"][0]["api"]["operation"] == "StopLogging"
    assert finding["evidences"][0]["src_endpoint"] == {"ip": "203.0.113.7"}


@by_name
def test_nothing_in_a_chat_marks_up_mentions_or_links(situation: Situation) -> None:
    story = story_of(situation.alert, situation.now)
    content = chat_notification(story)["content"]
    ours = [link for link in (story.links.event, story.links.resource, story.links.history) if link]
    text = content["title"] + "\n" + content["description"]
    for link in ours:
        text = text.replace(link, "")
    for mark in ("<", ">", "](", "```", "*", "@", "http://", "https://"):
        assert mark not in text


def test_alerts_of_one_rule_and_account_share_a_thread() -> None:
    one, other = (found for found in SITUATIONS if found.name.startswith(("key-for-", "keys-for-")))
    assert body(one, "https")["metadata"]["threadId"] == body(other, "https")["metadata"]["threadId"]
