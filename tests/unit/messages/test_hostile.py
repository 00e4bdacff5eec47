"""What an attacker writes neither forges a line of the mail, nor hides in it, nor plants a link.

Each hostile text is put into every place of a record that its writer chooses.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import STOP_RULE, record, rule
from tests.unit.messages.records import user
from trailwarden.activity.model import AccountInfo, Context
from trailwarden.activity.origins import origin_of
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp, Heartbeat, HeldRow, Reason, StormSummary, WatchedAccount
from trailwarden.alerts.variety import Values, Variety
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.messages.email import _where_from
from trailwarden.messages.heartbeat import heartbeat_message
from trailwarden.messages.message import MESSAGE_LIMIT, AlertMessage, Bodies, Form, render
from trailwarden.messages.security_hub import SecurityHub
from trailwarden.messages.storm import storm_message
from trailwarden.rules.ruleset import Level, Rule

LABELS = (
    "Who:", "What:", "On what:", "Where from:", "Account:", "When:", "How many:", "Severity:", "Rule:",
    "Owner:", "Alert:", "Evidence:", "The record:", "Why it matters", "Check first", "What was asked for",
    "Look at it", "To see how it stands:", "To read all of it, as it stands:",
    "To keep it quiet, as long as nothing new shows:", "New:", "Known:", "First:", "Last:",
    "One of these events:", "One of the events reported before:", "Targets:", "Actions:", "From:",
    "Accounts:", "Ended:",
    "Region:", "Rate:", "Usual:",
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
    "(http://evil.example)https://evil.example",
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


STORM = (
    "HIGH: ", "Nothing is lost: ", "All of it is ", "Look at the worst first: ", "The worst of them, ",
    "What was held back, ", "Why single mails stopped", "To read what was held back", "It lists each alert",
    "Only if the rule",
    "To put that to work:",
)  # fmt: skip
HEARTBEAT = (
    "NOTHING WAS READ", "Trailwarden is at work.", "Nothing was read from", "Check first", "Week:", "Read:",
    "Told:", "Held back:", "On trial:", "Kept quiet:", "Rule set:", "What was read",
    "This mail comes once a week.",
)  # fmt: skip
EVERYTHING = Bodies(https=Form.CHAT, queue=Form.OCSF, security_hub=SecurityHub("444455556666", "eu-west-1"))


def alert(text: str) -> Alert:
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
    (made,) = grouper.alerts()
    return made


def message(text: str) -> AlertMessage:
    return render(alert(text), bodies=EVERYTHING)


def variety(text: str) -> Variety:
    """Events of which two things differ everywhere."""
    values = Values((text, f"x {text}"), 7, at_least=True)
    return Variety(values, values, values, values, denied=3)


def several(text: str) -> AlertMessage:
    """A first message of several events."""
    return render(replace(alert(text), count=7, variety=variety(text)), bodies=EVERYTHING)


def follow_up(text: str) -> AlertMessage:
    """A follow-up, of which everything that is not a number is the text."""
    told = FollowUp(
        Reason.CHANGED,
        41,
        40,
        text,
        text,
        (f"address {text}", text),
        acknowledged_by=text,
        acknowledged_at=text,
        variety=variety(text),
    )
    return render(alert(text), follow_up=told, bodies=EVERYTHING, context=Context())


def storm(text: str) -> AlertMessage:
    row = HeldRow("9d2a1c0e", text, "high", text, text, 7, 9, text, text, owner=text, tactics=(text,))
    held = StormSummary(
        hour="2026-03-01T03",
        number=1,
        final=False,
        level="high",
        alerts=7,
        messages=9,
        rules=1,
        accounts=1,
        actors=1,
        rows=(row, replace(row, level=text, rule_id=text)),
        rows_left_out=0,
        titles=(text, text),
        rule_budget=20,
        overall_budget=100,
    )
    return storm_message(held, bodies=EVERYTHING, context=Context({text: AccountInfo(text, text)}))


def heartbeat(text: str) -> AlertMessage:
    beat = Heartbeat(
        week="2026-W09",
        since="2026-02-22T06:00:00Z",
        until="2026-03-01T06:00:00Z",
        log_files=1,
        records=1,
        accounts=(WatchedAccount(text, 1, text or "x"), WatchedAccount(text, 0, None)),
        told={"high": 1, text: 1},
        held=1,
        staged=1,
        acknowledged=(text, text),
        rule_set_version=text,
    )
    return heartbeat_message(beat, bodies=EVERYTHING, context=Context({text: AccountInfo(text, text)}))


def check_notice(rendered: AlertMessage, ours: tuple[str, ...]) -> None:
    for line in rendered.email.split("\n"):
        assert line == "" or line.startswith((" ", *ours)), line
        assert line.isprintable()
    check_texts(rendered)


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
        if "Long parts of the record" not in upper and "\\ud" not in below:  # half a character is replaced
            assert json.loads(below) == json.loads(rendered.payload)["record"], "it can be copied"
    check_texts(rendered)


def check_texts(rendered: AlertMessage) -> None:
    """Whatever was told: nothing to click on, a subject that SNS takes, no more than it takes."""
    assert rendered.size <= MESSAGE_LIMIT
    assert 0 < len(rendered.subject) < 100
    assert all(" " <= character <= "~" for character in rendered.subject)
    for text in (rendered.email, rendered.subject, json.loads(rendered.body)["sms"]):
        assert not re.search(r"https?://(?!\S+\.console\.aws\.amazon\.com/)", text)
        assert not re.search(r"(?i)www\.\w", text)
        assert "evil.example" not in text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    check(message(text))
    check(follow_up(text))
    check(several(text))
    check_notice(storm(text), STORM)
    check_notice(heartbeat(text), HEARTBEAT)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*LABELS, *HOSTILE[:23], "\n", " " * 40]), max_size=6).map("".join)
)
def test_no_value_begins_a_line_or_makes_a_link(text: str) -> None:
    check(message(text))
    check(follow_up(text))
    check(several(text))


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*STORM, *HEARTBEAT, *HOSTILE[:23], "\n", " " * 40]), max_size=6).map("".join)
)
def test_no_value_of_a_storm_or_heartbeat_begins_a_line_or_makes_a_link(text: str) -> None:
    check_notice(storm(text), STORM)
    check_notice(heartbeat(text), HEARTBEAT)


@pytest.mark.parametrize("text", HOSTILE[:22], ids=range(22))
def test_machines_get_the_value_as_it_was(text: str) -> None:
    if not any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        payload: dict[str, Any] = json.loads(message(text).payload)
        assert payload["record"]["userAgent"] == text
        assert payload["level"] == "high"


@pytest.mark.parametrize("tell", [message, several, follow_up, storm, heartbeat])
@pytest.mark.parametrize("text", HOSTILE[:22], ids=range(22))
def test_nothing_in_a_chat_mentions_or_marks_up(text: str, tell: Callable[[str], AlertMessage]) -> None:
    note = json.loads(json.loads(tell(text).body)["https"])
    said = note["content"]["title"] + note["content"]["description"] + note["metadata"]["summary"]
    for mark in ("<", ">", "](", "`", "*", "~", "@", "http://", "https://"):
        assert mark not in said
    assert note["content"]["title"].isprintable()


PHISHING = [
    "https://evil.example/phish",
    "http://evil.example",
    "www.evil.example",
    "evil.example",
    "evil.s3.amazonaws.com",
    "ftp://evil.example/x",
    "mailto:help@evil.example",
    "[Sign in to AWS](https://evil.example)",
    "<https://evil.example|AWS console>",
    "see(http://evil.example)https://evil.example",
    "HTTPS://EVIL.EXAMPLE",
]
LIVE = re.compile(
    r"(?i)\b(?:https?|ftp)://(?![\w-]+[.]console[.]aws[.]amazon[.]com/|console[.]aws[.]amazon[.]com/)"
    r"|\bmailto:|(?<![\w/])(?:www[.])?evil[.](?:example|s3[.]amazonaws)"
)


def of_rule(text: str) -> Alert:
    """An alert of a rule all of whose texts are `text`."""
    hostile = Rule(
        id=STOP_RULE,
        level=Level.HIGH,
        detection=["field", "eventName", ["is", "stoplogging"]],
        title=text,
        alert_title=f"{text}: {{actor}} stopped it",
        description=text,
        owner=text,
        runbook=(text, f"First open {text}"),
        references=(text,),
    )
    met = record(userIdentity=user("mallory"))
    grouper = AlertGrouper("v")
    grouper.add(Match(hostile, met, 0, event_identity(met), event_time(met)), "s3://bucket/key.json.gz")
    (made,) = grouper.alerts()
    return made


def live_links(message: AlertMessage) -> list[str]:
    """What could be clicked on, in any form of the message; the console's own links apart."""
    finding = {name: text for name, text in (message.finding or {}).items() if name != "SourceUrl"}
    texts = [message.subject, message.email, message.payload, message.body, json.dumps(finding)]
    return [found.group() for text in texts for found in LIVE.finditer(text)]


@pytest.mark.parametrize("text", PHISHING)
def test_what_a_rule_says_links_nowhere_in_any_form(text: str) -> None:
    alert = of_rule(text)
    assert live_links(render(alert, bodies=EVERYTHING)) == []
    told = FollowUp(Reason.CHANGED, 41, 40, None, None, ("action StopLogging",))
    assert live_links(render(alert, follow_up=told, bodies=EVERYTHING)) == []


@pytest.mark.parametrize("text", PHISHING)
def test_what_a_rule_says_links_nowhere_in_a_summary(text: str) -> None:
    row = HeldRow(STOP_RULE, text, "high", "444455556666", "mallory", 1, 1, None, None, owner=text)
    summary = StormSummary("2026-03-01T12", 1, False, "high", 1, 1, 1, 1, 1, (row,), 0, (text,), 20, 200)
    assert live_links(storm_message(summary, bodies=EVERYTHING)) == []


def test_the_links_into_the_console_stay() -> None:
    message = render(of_rule("https://evil.example"), bodies=EVERYTHING)
    assert "https://eu-west-1.console.aws.amazon.com/" in message.email


def test_what_a_rule_says_marks_up_nothing_in_a_chat() -> None:
    bodies = Bodies(https=Form.CHAT)
    body = json.loads(json.loads(render(of_rule("<!channel> *now* @here"), bodies=bodies).body)["https"])
    content = json.dumps(body["content"])
    assert "<!channel>" not in content
    assert "@here" not in content


@pytest.mark.parametrize("agent", ["AWS Internal/3", "AWS Internal", "ec2.amazonaws.com"])
def test_a_caller_who_calls_itself_a_service_is_none(agent: str) -> None:
    """CloudTrail writes the source address; the user agent is the caller's own."""
    own = "\n".join(_where_from(origin_of(record(userAgent=agent))))
    assert "203.0.113.7" in own
    assert "The tool calls itself" in own
    served = "\n".join(_where_from(origin_of(record(userAgent=agent, sourceIPAddress=agent))))
    assert "calls itself" not in served
