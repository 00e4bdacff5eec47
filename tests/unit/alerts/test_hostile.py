"""What an attacker writes neither forges a line of the mail, nor hides in it, nor plants a link.

Each hostile text is put into every place of a record that its writer chooses.
"""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import STOP_RULE, record, rule
from tests.unit.alerts.records import user
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.message import AlertMessage, Bodies, Form, render
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match

LABELS = (
    "Who:", "What:", "On what:", "Where from:", "Account:", "When:", "How many:", "Severity:", "Rule:",
    "Owner:", "Alert:", "Evidence:", "The record:", "Why it matters", "Check first", "What was asked for",
    "Look at it",
)  # fmt: skip
HOSTILE = [
    "x\nSeverity:   low",
    "x\r\n\r\nEvidence:   s3://elsewhere/key.json.gz, record 0",
    "x\u2028The record:\u2029{}",
    "x\x0bWho:\x0calice\x85Rule: none",
    " " * 300 + "Severity:   low",
    "a " * 40 + "Severity:   low",
    "padding to the end of a line, and then Severity: informational Who: nobody at all Rule: none",
    "\u202eexe.gpj\u202c\u2066\u2069",
    "ad\u200bmin\u00ad\ufeff",
    "\u0430dmin",
    "https://evil.example/phish?x=1",
    "www.evil.example",
    "mailto:help@evil.example",
    "[click here](http://evil.example)",
    "<a href='http://evil.example'>click</a>",
    "<!channel> <@U012AB3CD> <http://evil.example|AWS console> @here",
    "*bold* _italic_ ~struck~ `code` ```block```",
    "{actor} {userAgent} {requestParameters.name}",
    "%s %d {0} ${jndi:ldap://evil.example/a}",
    '"}, "level": "low", "x": {"y": "',
    "\x00\x1b[2J\x07",
    "\ud800",
    "x" * 5000,
    "\u5927" * 5000,
]
TITLE = "{actor} called {eventName} with {userAgent} on {requestParameters.name} and was told {errorMessage}"


def message(text: str) -> AlertMessage:
    met = record(
        eventName=text,
        userAgent=text,
        sourceIPAddress=text,
        errorCode=text,
        errorMessage=text,
        awsRegion=text,
        userIdentity={**user(text), "accessKeyId": text},
        requestParameters={
            "name": text,
            text or "x": [{"key": text, "value": text}],
            "list": [text, {"a": text}],
        },
        resources=[{"ARN": f"arn:aws:s3:::{text}", "type": text}],
        eventID=text,
    )
    hostile = rule(STOP_RULE, "StopLogging", alert_title=TITLE, owner="security team", description="Why.")
    grouper = AlertGrouper("v")
    grouper.add(Match(hostile, met, 0, event_identity(met), event_time(met)), "s3://bucket/key.json.gz")
    (alert,) = grouper.alerts()
    return render(alert, bodies=Bodies(https=Form.CHAT, queue=Form.OCSF))


def check(rendered: AlertMessage) -> None:
    upper, _, below = rendered.email.partition("\nThe record:\n")
    lines = upper.split("\n")
    for label in LABELS[:-1]:
        assert sum(line.startswith(label) for line in lines) <= 1, f"{label} stands twice"
    # Besides our own labels and notes nothing begins at the left edge.
    ours = (*LABELS, "HIGH: ", "In the record, ", "Long parts of the record ")
    for line in lines:
        assert line == "" or line.startswith((" ", *ours)), line
        assert line.isprintable()
    if below:
        assert below.isascii()
        json.loads(below)
    for text in (rendered.email, rendered.subject, json.loads(rendered.body)["sms"]):
        assert not re.search(r"https?://(?!\S+\.console\.aws\.amazon\.com/)", text)
        assert not re.search(r"(?i)www\.\w", text)
        assert "evil.example" not in text
    assert "\n" not in rendered.subject


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    check(message(text))


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*LABELS, *HOSTILE[:22], "\n", " " * 40]), max_size=6).map("".join)
)
def test_no_value_begins_a_line_or_makes_a_link(text: str) -> None:
    check(message(text))


@pytest.mark.parametrize("text", HOSTILE[:21], ids=range(21))
def test_machines_get_the_value_as_it_was(text: str) -> None:
    if not any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        payload: dict[str, Any] = json.loads(message(text).payload)
        assert payload["record"]["userAgent"] == text
        assert payload["level"] == "high"


@pytest.mark.parametrize("text", HOSTILE[:21], ids=range(21))
def test_nothing_in_a_chat_mentions_or_marks_up(text: str) -> None:
    content = json.loads(json.loads(message(text).body)["https"])["content"]
    said = content["title"] + content["description"]
    for mark in ("<", ">", "](", "`", "*", "~", "@", "http://", "https://"):
        assert mark not in said
