"""What a subscriber gets, within what SNS takes."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.samples import STOP_RULE, record, rule
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.message import MESSAGE_LIMIT, render
from trailwarden.alerts.model import Alert
from trailwarden.alerts.title import alert_title
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Level


def alert(**fields: Any) -> Alert:
    met = record(**fields)
    stop = rule(
        STOP_RULE,
        "StopLogging",
        Level.CRITICAL,
        alert_title="{actor} stopped the trail {requestParameters.name} in account {account}",
        description="Without the trail nobody sees what follows.",
        runbook=("Ask mallory.", "Start the trail again."),
    )
    grouper = AlertGrouper("0123456789abcdef")
    grouper.add(Match(stop, met, 7, event_identity(met), event_time(met)), "s3://bucket/key.json.gz")
    return grouper.alerts()[0]


def test_the_subject_says_how_bad_and_what() -> None:
    assert (
        render(alert()).subject
        == "[CRITICAL] user mallory stopped the trail main-trail in account 444455556666"
    )


def test_the_email_reads_from_the_sentence_to_the_record() -> None:
    email = render(alert()).email
    parts = [
        "user mallory stopped the trail main-trail",
        "Severity:   critical",
        "Who:        user mallory",
        "What:       StopLogging (cloudtrail.amazonaws.com), done",
        "Where from: 203.0.113.7, aws-cli/2.31.0",
        "When:       2026-03-01T12:00:00Z",
        "Why it matters",
        "1. Ask mallory.",
        "2. Start the trail again.",
        "Evidence:   s3://bucket/key.json.gz, record 7",
        '"eventName": "StopLogging"',
    ]
    places = [email.index(part) for part in parts]
    assert places == sorted(places)


def test_each_protocol_gets_its_own_body() -> None:
    bodies = json.loads(render(alert()).body)
    machine = json.loads(bodies["default"])
    assert set(bodies) == {"default", "email", "sms"}
    assert machine["schema"] == "trailwarden.alert/1"
    assert machine["record"]["eventName"] == "StopLogging"
    assert (machine["count"], machine["record_index"]) == (1, 7)
    assert len(bodies["sms"]) <= 140


def test_attributes_serve_filter_policies() -> None:
    assert render(alert()).attributes == {
        "severity": "critical",
        "rule_id": STOP_RULE,
        "account": "444455556666",
    }


def test_a_record_too_large_for_sns_is_left_out_with_a_note() -> None:
    message = render(alert(requestParameters={"name": "t", "x": 'é"\n' * 80_000}))
    assert len(message.body.encode()) <= MESSAGE_LIMIT
    assert "too large for this message" in message.email
    assert json.loads(message.payload)["record"] is None


def test_a_title_cannot_plant_placeholders_or_lines() -> None:
    hostile = alert(requestParameters={"name": "{userAgent}\nSeverity: low"})
    assert hostile.title == (
        "user mallory stopped the trail {userAgent} Severity: low in account 444455556666"
    )


def test_a_placeholder_may_name_several_fields_and_takes_the_first_that_is_there() -> None:
    both = "{requestParameters.roleName | requestParameters.name|eventName} and {nothing|neither}"
    named = rule(STOP_RULE, "StopLogging", alert_title=both)
    assert alert_title(named, record()) == "main-trail and unknown"


def test_a_rule_without_a_sentence_gets_one() -> None:
    plain = AlertGrouper("v")
    met = record()
    plain.add(Match(rule(STOP_RULE, "StopLogging"), met, 0, event_identity(met), event_time(met)), "f")
    assert plain.alerts()[0].title == "StopLogging called: user mallory in account 444455556666, eu-west-1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(sorted(record())), JSON))
def test_any_record_renders_within_the_limits(fields: dict[str, Any]) -> None:
    message = render(alert(**fields))
    assert 0 < len(message.subject) < 100
    assert all(" " <= character <= "~" for character in message.subject)
    assert json.loads(json.loads(message.body)["default"])["alert_id"]
    assert all(message.attributes.values())
    lines = message.email.partition("The record:")[0].splitlines()
    assert all(line.isprintable() for line in lines)


def test_an_alert_without_its_record_still_says_where_the_evidence_lies() -> None:
    message = render(replace(alert(), record={}, record_omitted=True))
    assert "s3://bucket/key.json.gz, record 7" in message.email
