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

from tests.unit.messages.situations import Situation
from tests.unit.messages.situations_notices import Notice
from tests.unit.messages.test_approved import NOTICES, SITUATIONS
from trailwarden.messages.chat import chat_notification
from trailwarden.messages.message import AlertMessage, Bodies, Form
from trailwarden.messages.ocsf import VERSION
from trailwarden.messages.security_hub import SecurityHub
from trailwarden.messages.story import story_of

ROOT = Path(__file__).resolve().parents[3]


def schema(name: str) -> Any:
    return json.loads((ROOT / f"docs/schemas/{name}.schema.json").read_text(encoding="utf-8"))


SCHEMA = schema("alert")
HUB = SecurityHub("444455556666", "eu-west-1")
EVERYTHING = Bodies(https=Form.CHAT, queue=Form.OCSF, security_hub=HUB)
NOTICE_SCHEMAS = {"trailwarden.storm/1": schema("storm"), "trailwarden.heartbeat/1": schema("heartbeat")}
by_notice = pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.name)
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


@pytest.mark.parametrize("ours", [SCHEMA, *NOTICE_SCHEMAS.values()], ids=["alert", "storm", "heartbeat"])
def test_our_schemas_say_what_every_field_means(ours: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(ours)
    assert all(field.get("description") for field in ours["properties"].values())


@by_notice
def test_a_notice_is_as_its_schema_says(notice: Notice) -> None:
    if notice.name.startswith("hostile"):
        return  # levels and accounts in it are none
    payload = json.loads(notice.message().payload)
    expected = NOTICE_SCHEMAS[payload["schema"]]
    Draft202012Validator(expected).validate(payload)
    assert set(payload) == set(expected["properties"]) == set(expected["required"])


@by_notice
def test_a_notice_in_a_chat_marks_up_mentions_and_links_nothing(notice: Notice) -> None:
    bodies = json.loads(notice.message(EVERYTHING).body)
    note = json.loads(bodies["https"])
    text = "\n".join((note["content"]["title"], note["content"]["description"]))
    for mark in ("<", ">", "](", "`", "*", "~", "@", "http://", "https://"):
        assert mark not in text
    assert 0 < len(note["content"]["title"]) <= 250
    assert 0 < len(note["content"]["description"]) <= 2800
    assert all(isinstance(value, str) for value in note["metadata"]["additionalContext"].values())


@by_notice
def test_queues_that_take_ocsf_get_a_notice_as_json(notice: Notice) -> None:
    bodies = json.loads(notice.message(EVERYTHING).body)
    assert "sqs" not in bodies
    assert json.loads(bodies["default"])["schema"] in NOTICE_SCHEMAS


@by_name
def test_the_alert_is_as_our_schema_says(situation: Situation) -> None:
    payload = json.loads(rendered(situation).payload)
    Draft202012Validator(SCHEMA).validate(payload)
    assert set(payload) == set(SCHEMA["properties"]) == set(SCHEMA["required"])


@by_name
def test_the_ocsf_finding_is_as_the_published_schema_says(situation: Situation) -> None:
    finding = body(situation, "sqs")
    ocsf_schema().validate(finding)
    told_before = situation.follow_up is not None
    assert finding["type_uid"] == (200402 if told_before else 200401)
    assert finding["finding_info"]["uid"] == situation.alert.alert_id


@by_name
def test_the_finding_is_as_security_hub_takes_it(situation: Situation) -> None:
    model = botocore.session.get_session().get_service_model("securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    finding = rendered(situation).finding
    report = ParamValidator().validate({"Findings": [finding]}, shape)
    assert not report.has_errors(), report.generate_report()
    assert finding is not None
    # An update that names these itself would undo what Security Hub's users set.
    assert not {"Confidence", "Criticality", "RelatedFindings", "Severity", "Types"} & finding.keys()
    level = situation.alert.level
    assert finding["FindingProviderFields"]["Severity"] == {"Label": level.upper(), "Original": level}
    assert finding["FindingProviderFields"]["Types"]
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
    story = story_of(situation.alert, situation.now, situation.context, situation.follow_up)
    content = chat_notification(story)["content"]
    ours = [link for link in (story.links.event, story.links.resource, story.links.history) if link]
    text = content["title"] + "\n" + content["description"]
    for link in ours:
        text = text.replace(link, "")
    for mark in ("<", ">", "](", "```", "*", "@", "http://", "https://"):
        assert mark not in text


def situation_of(name: str) -> Situation:
    return next(found for found in SITUATIONS if found.name == name)


def test_what_follows_an_alert_shares_its_thread_and_finding() -> None:
    first, later = situation_of("keys-for-another-user"), situation_of("followed-quiet")
    assert first.alert.alert_id == later.alert.alert_id
    one, other = body(first, "https"), body(later, "https")
    assert one["metadata"]["threadId"] == other["metadata"]["threadId"] == first.alert.alert_id
    assert one["id"] != other["id"], "two of one id could be taken for one"
    assert rendered(first).finding["Id"] == rendered(later).finding["Id"]  # type: ignore[index]


def test_another_alert_begins_a_thread_of_its_own() -> None:
    """An answer in a thread is seen only by those who follow it."""
    one, other = situation_of("administrator-made"), situation_of("administrator-made-by-pipeline")
    assert one.alert.rule_id == other.alert.rule_id
    assert body(one, "https")["metadata"]["threadId"] != body(other, "https")["metadata"]["threadId"]


def test_a_follow_up_is_an_update_of_its_finding() -> None:
    finding = body(situation_of("changed-address"), "sqs")
    assert (finding["activity_name"], finding["count"], finding["status"]) == ("Update", 3, "In Progress")
    assert finding["unmapped"]["changes"] == ["address 198.51.100.24"]
    assert finding["finding_info"]["modified_time"] > finding["finding_info"]["last_seen_time"]
    assert "created_time" not in finding["finding_info"]


def test_security_hub_is_told_what_is_new() -> None:
    finding = rendered(situation_of("changed-address")).finding
    assert finding is not None
    assert finding["ProductFields"]["trailwarden/Count"] == "3"
    assert finding["ProductFields"]["trailwarden/Reason"] == "changed"
    assert finding["ProductFields"]["trailwarden/Changes"] == "address 198.51.100.24"
    assert finding["LastObservedAt"] == "2026-03-01T09:12:00.000Z"
    assert finding["UpdatedAt"] > finding["CreatedAt"]


def test_an_insight_is_told_with_its_rate_in_every_form() -> None:
    situation = situation_of("insight")
    note = body(situation, "https")["content"]["description"]
    assert "Rate: 1,664 calls a minute, usually 9.7" in note
    assert "unknown" not in note
    payload = json.loads(rendered(situation).payload)["insight"]
    assert (payload["rate"], payload["usual_rate"], payload["minutes"]) == (1664, 9.7, 5)
    finding = rendered(situation).finding
    assert finding is not None
    assert "minutes ago; 1,664 calls a minute, usually 9.7" in finding["Description"]
