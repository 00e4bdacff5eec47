"""What a subscriber gets, within what SNS takes."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import STOP_RULE, record, rule
from trailwarden.activity.model import AccountInfo, Context
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.alerts.title import alert_title
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.messages.message import MESSAGE_LIMIT, AlertMessage, Bodies, Form, render
from trailwarden.messages.security_hub import SecurityHub
from trailwarden.rules.ruleset import Level
from trailwarden.safety.safe_record import SafeRecord

NOW = datetime(2026, 3, 1, 12, 5, 30, tzinfo=UTC)


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


@pytest.mark.parametrize("outcome", [": {outcome}", " ({outcome})", " (StopLogging, {outcome})"])
def test_that_a_call_was_done_goes_without_saying_and_that_it_was_not_is_said(outcome: str) -> None:
    stop = rule(STOP_RULE, "StopLogging", alert_title=f"{{actor}} stopped the trail{outcome}")

    def subject(**fields: Any) -> str:
        met = record(1, **fields)
        grouper = AlertGrouper("v")
        grouper.add(Match(stop, met, 1, event_identity(met), event_time(met)), "f")
        return render(grouper.alerts()[0]).subject

    assert "done" not in subject()
    assert subject().startswith("[HIGH] user mallory stopped the trail")
    assert "failed: AccessDenied" in subject(errorCode="AccessDenied")


def test_the_email_reads_from_the_sentence_to_the_record() -> None:
    email = render(alert(), now=NOW).email
    parts = [
        "CRITICAL: user mallory stopped the trail main-trail",
        "444455556666, 5 minutes ago.",
        "Who:        mallory",
        "What:       stopped the logging",
        "On what:    trail main-trail",
        "Where from: 203.0.113.7",
        "Account:    444455556666, eu-west-1",
        "When:       Sun 1 March 2026, 12:00:00 UTC (5 minutes ago)",
        "How many:   once so far",
        "Why it matters",
        "1. Ask mallory.",
        "2. Start the trail again.",
        "What was asked for",
        "  name: main-trail",
        "https://eu-west-1.console.aws.amazon.com/cloudtrailv2/home?region=eu-west-1#/events/",
        "Evidence:   s3://bucket/key.json.gz, record 7",
        '"eventName": "StopLogging"',
    ]
    places = [email.index(part) for part in parts]
    assert places == sorted(places)


def test_without_a_clock_nothing_is_said_to_be_ago() -> None:
    assert " ago" not in render(alert()).email


def test_how_many_and_until_when() -> None:
    again = replace(alert(), count=1204, last_event_time="2026-03-01T12:44:09Z")
    email = render(again, now=datetime(2026, 3, 1, 12, 50, tzinfo=UTC)).email
    assert "How many:   1,204 times so far, the last at 12:44:09 UTC" in email


def test_each_protocol_gets_its_own_body() -> None:
    bodies = json.loads(render(alert()).body)
    machine = json.loads(bodies["default"])
    assert set(bodies) == {"default", "email", "sms"}
    assert machine["schema"] == "trailwarden.alert/1"
    assert machine["record"]["eventName"] == "StopLogging"
    assert (machine["count"], machine["record_index"]) == (1, 7)
    assert len(bodies["sms"]) <= 140


def test_queues_and_web_hooks_can_be_given_another_form() -> None:
    message = render(alert(), bodies=Bodies(https=Form.CHAT, queue=Form.OCSF))
    bodies = json.loads(message.body)
    assert set(bodies) == {"default", "email", "sms", "http", "https", "sqs", "lambda", "firehose"}
    assert json.loads(bodies["https"])["source"] == "custom"
    assert json.loads(bodies["sqs"])["class_uid"] == 2004
    assert json.loads(bodies["default"])["schema"] == "trailwarden.alert/1"


def test_attributes_serve_filter_policies() -> None:
    context = Context(accounts={"444455556666": AccountInfo(name="shop", environment="production")})
    tagged = replace(alert(), tags=("attack.defense-evasion", "attack.t1562.008", "cis.v6"), owner="security")
    assert render(tagged, context=context).attributes == {
        "severity": "critical",
        "reason": "opened",
        "rule_id": STOP_RULE,
        "account": "444455556666",
        "region": "eu-west-1",
        "environment": "production",
        "owner": "security",
        "tactic": ("defense-evasion",),
    }


def test_an_account_is_named_where_its_name_is_known() -> None:
    context = Context(accounts={"444455556666": AccountInfo(name="shop", environment="production")})
    assert "Account:    444455556666 (shop, production), eu-west-1" in render(alert(), context=context).email


@pytest.mark.parametrize("filler", ["x", '"', "\\", "\n", "é", "大", "😀"])
@pytest.mark.parametrize("size", [20_000, 60_000, 130_000, 400_000])
def test_however_large_and_of_what_characters_the_message_fits(filler: str, size: int) -> None:
    everything = Bodies(https=Form.CHAT, queue=Form.OCSF)
    message = render(alert(requestParameters={"name": "t", "x": filler * size}), bodies=everything)
    assert message.size <= MESSAGE_LIMIT
    payload = json.loads(message.payload)
    assert payload["record"]["eventName"] == "StopLogging", "the rest of the record stays"
    if payload["record_state"] == "cut":
        assert f"(cut: {size:,} characters in all)" in payload["record"]["requestParameters"]["x"]
        assert "Long parts of the record are cut" in message.email


def test_at_the_boundary_nothing_is_cut_until_it_must_be() -> None:
    """The bodies hold the record twice: the size at which it no longer fits is found by halving."""

    def state(size: int) -> str:
        message = render(alert(requestParameters={"name": "t", "x": "é" * size}))
        assert message.size <= MESSAGE_LIMIT
        return str(json.loads(message.payload)["record_state"])

    whole, cut = 1, 200_000
    assert (state(whole), state(cut)) == ("whole", "cut")
    while cut - whole > 1:
        middle = (whole + cut) // 2
        whole, cut = (middle, cut) if state(middle) == "whole" else (whole, middle)
    fitting = render(alert(requestParameters={"name": "t", "x": "é" * whole}))
    assert MESSAGE_LIMIT - 16 <= fitting.size <= MESSAGE_LIMIT, "the last that fits fills the message"


def test_a_record_of_endless_small_parts_is_left_out_with_a_note() -> None:
    nested: Any = {str(number): {str(inner): "大" * 199 for inner in range(40)} for number in range(40)}
    message = render(alert(requestParameters={"name": "t", "a": nested}))
    assert message.size <= MESSAGE_LIMIT
    assert "too large for this message" in message.email
    assert json.loads(message.payload)["record"] is None


def test_no_text_of_a_rule_costs_an_alert() -> None:
    endless = replace(
        alert(),
        description="大" * 100_000,
        runbook=("\x01" * 50_000,) * 50,
        tags=("x" * 10_000,) * 500,
        references=("https://example.com/" + "y" * 50_000,) * 50,
        owner="z" * 50_000,
    )
    message = render(endless, bodies=Bodies(https=Form.CHAT, queue=Form.OCSF))
    assert message.size <= MESSAGE_LIMIT
    assert json.loads(message.payload)["alert_id"] == endless.alert_id


def test_a_title_cannot_plant_placeholders_or_lines() -> None:
    hostile = alert(requestParameters={"name": "{userAgent}\nSeverity: low"})
    assert hostile.title == (
        'user mallory stopped the trail "{userAgent} Severity: low" in account 444455556666'
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
    everything = Bodies(
        https=Form.CHAT, queue=Form.OCSF, security_hub=SecurityHub("111122223333", "eu-west-1")
    )
    for follow_up in (None, FollowUp(Reason.GREW, 10, 9, None, None)):
        _check(render(alert(**fields), follow_up=follow_up, now=NOW, bodies=everything))


def _check(message: AlertMessage) -> None:
    assert 0 < len(message.subject) < 100
    assert all(" " <= character <= "~" for character in message.subject)
    assert json.loads(json.loads(message.body)["default"])["alert_id"]
    assert all(message.attributes.values())
    lines = message.email.partition("The record:")[0].splitlines()
    assert all(line.isprintable() for line in lines)


def test_an_alert_without_its_record_still_says_where_the_evidence_lies() -> None:
    message = render(replace(alert(), record=SafeRecord({}), record_omitted=True))
    assert "s3://bucket/key.json.gz, record 7" in message.email
