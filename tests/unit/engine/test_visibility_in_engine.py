"""A record whose contents were omitted raises a match of its own, on the plain way and on the fast one."""

import json
from io import BytesIO
from typing import Any

import pytest

from tests.samples import STOP_RULE, engine, log_file, record
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.visibility import OMISSIBLE
from trailwarden.rules.ruleset import VISIBILITY_RULE_ID, Level, Rule

LOOKS_INSIDE = Rule(
    id=STOP_RULE,
    title="Trail of a name",
    level=Level.HIGH,
    detection=[
        "and",
        ["field", "eventName", ["is", "stoplogging"]],
        ["field", "requestParameters.name", ["is", "main-trail"]],
    ],
)
OMITTED = {"omitted": True, "originalSize": 200_000, "reason": "Exceeded the maximum size"}


def scanned(*records: dict[str, Any]) -> list[tuple[int, str]]:
    reader = LogFileReader(BytesIO(log_file(records)))
    return [(match.record_index, match.rule.id) for match in engine(LOOKS_INSIDE).scan(reader)]


def test_both_ways_tell_which_rule_went_blind() -> None:
    blind = record(2, requestParameters=OMITTED)
    (told,) = engine(LOOKS_INSIDE).matches(blind)
    assert told.id == VISIBILITY_RULE_ID
    assert "Trail of a name" in told.alert_title
    assert scanned(record(1), blind, record(3)) == [
        (0, STOP_RULE),
        (1, VISIBILITY_RULE_ID),
        (2, STOP_RULE),
    ]


@pytest.mark.parametrize("field", OMISSIBLE)
def test_both_ways_see_every_field_that_can_be_omitted(field: str) -> None:
    detection = ["field", f"{field}.answer", ["is", "failure"]]
    looks = engine(Rule(id=STOP_RULE, title="Failed", level=Level.LOW, detection=detection))
    records = [record(1, **{field: OMITTED}), record(2, **{field: {"answer": "Failure"}}), record(3)]
    expected = [[VISIBILITY_RULE_ID], [STOP_RULE], []]
    assert [[found.id for found in looks.matches(each)] for each in records] == expected
    fast: list[list[str]] = [[] for _ in records]
    for match in looks.scan(LogFileReader(BytesIO(log_file(records)))):
        fast[match.record_index].append(match.rule.id)
    assert fast == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"eventName": "DescribeTrails", "requestParameters": OMITTED},
        {"responseElements": OMITTED},
        {"requestParameters": {"omitted": False, "name": "main-trail"}, "eventName": "x"},
        {"requestParameters": None, "eventName": "x"},
        {"requestParameters": ["omitted"], "eventName": "x"},
        {"requestParameters": "omitted", "eventName": "x"},
    ],
)
def test_what_blinds_no_rule_is_silent(fields: dict[str, Any]) -> None:
    quiet = record(1, **fields)
    assert VISIBILITY_RULE_ID not in [rule.id for rule in engine(LOOKS_INSIDE).matches(quiet)]
    assert VISIBILITY_RULE_ID not in [rule_id for _, rule_id in scanned(quiet)]


def test_an_escaped_mark_is_seen_too() -> None:
    text = json.dumps({"Records": [record(requestParameters=OMITTED)]})
    text = text.replace('"omitted"', '"\\u006fmitted"')
    found = list(engine(LOOKS_INSIDE).scan(LogFileReader(BytesIO(text.encode()))))
    assert [match.rule.id for match in found] == [VISIBILITY_RULE_ID]
