"""A rule's sentence, of a call that did not succeed."""

import re

import pytest

from tests.samples import STOP_RULE, record, rule
from tests.unit.messages.situations import shipped
from trailwarden.alerts.attempts import attempted, outcome_word
from trailwarden.alerts.title import alert_title


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{actor} stopped the trail {x}", "{actor} tried to stop the trail {x}: denied"),
        ("{actor} deleted or withdrew {x}", "{actor} tried to delete or withdraw {x}: denied"),
        (
            "{actor} made a snapshot, turned it into a disk and attached it",
            "{actor} tried to make a snapshot, turn it into a disk and attach it: denied",
        ),
        (
            "{actor} read the encrypted parameter {x}",
            "{actor} tried to read the encrypted parameter {x}: denied",
        ),
        ("{actor} switched off the trail ({y})", "{actor} tried to switch off the trail ({y}): denied"),
        ("{actor} {action} in {account}", "{actor} tried to {action.infinitive} in {account}: denied"),
        ("Someone opened a door", "Someone tried to open a door: denied"),
        (
            "The root user of account {account} used {y}",
            "The root user of account {account} tried to use {y}: denied",
        ),
        # What no table turns is told as an attempt all the same.
        ("instances were terminated", "Attempt (denied): instances were terminated"),
        ("{actor} was used from {origin}", "Attempt (denied): {actor} was used from {origin}"),
        ("{actor} frobnicated {x}", "Attempt (denied): {actor} frobnicated {x}"),
        # These say it themselves.
        ("{actor} was denied {y}", "{actor} was denied {y}"),
        ("{actor} read all of IAM: {outcome}", "{actor} read all of IAM: {outcome}"),
        ("{actor} called {y} ({errorCode})", "{actor} called {y} ({errorCode})"),
        ("{actor} tried to reach an instance", "{actor} tried to reach an instance"),
        ("Somebody tries names of buckets", "Somebody tries names of buckets"),
        ("{count} console sign-ins failed", "{count} console sign-ins failed"),
    ],
)
def test_a_sentence_is_turned_into_that_of_an_attempt(template: str, told: str) -> None:
    assert attempted(template, "denied") == told
    assert attempted(template, "") == template


@pytest.mark.parametrize("name", ["denied-trail", "tried", "a, deleted", "and stopped it, failed"])
def test_no_value_keeps_a_sentence_from_saying_that_it_failed(name: str) -> None:
    refused = record(1, errorCode="AccessDenied", requestParameters={"name": name})
    sentence = rule(
        STOP_RULE, "StopLogging", alert_title="{actor} stopped the trail {requestParameters.name}"
    )
    title = alert_title(sentence, refused, outcome=outcome_word(refused))
    assert title.endswith(": denied")
    assert " tried to stop the trail " in title
    assert name in title


def test_however_long_the_values_are_it_says_how_it_ended() -> None:
    refused = record(1, errorCode="AccessDenied", requestParameters=dict.fromkeys("abcdef", "x" * 500))
    names = " ".join(f"{{requestParameters.{name}}}" for name in "abcdef")
    title = alert_title(
        rule(STOP_RULE, "StopLogging", alert_title="{actor} stopped " + names), refused, outcome="denied"
    )
    assert len(title) <= 300
    assert title.endswith(": denied")


def test_most_shipped_sentences_can_be_turned_and_none_loses_a_placeholder() -> None:
    rules = shipped()
    found = [*(one.alert_title for one in rules.rules), *(one.alert_title for one in rules.correlations)]
    templates = {template for template in found if template}
    told = {template: attempted(template, "denied") for template in templates}
    for template, said in told.items():
        assert sorted(re.findall(r"\{[^{}]*\}", said)) == sorted(re.findall(r"\{[^{}]*\}", template))
    plain = [template for template, said in told.items() if said.startswith("Attempt")]
    assert len(plain) * 10 < len(templates), plain


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (None, ""),
        ("AccessDenied", "denied"),
        ("Client.UnauthorizedOperation", "denied"),
        ("NoSuchBucket", "failed"),
        ("ServiceUnavailable", "failed inside AWS"),
        ("Client.DryRunOperation", "dry run"),
    ],
)
def test_how_a_call_ended_is_one_word_or_two(code: str | None, word: str) -> None:
    assert outcome_word(record(1, errorCode=code)) == word
