"""The engine: which rules match, what it gives for a log file, and what one bad rule costs."""

from io import BytesIO
from typing import Any

import pytest

from tests.samples import log_file
from tests.unit.rules.writing import RULE_ID, rule_text
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.records import Record
from trailwarden.engine.engine import Engine
from trailwarden.engine.match import Match
from trailwarden.engine.prefilter import needed_texts
from trailwarden.errors import RuleSetError
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import Level, Rule, RuleSet

OTHER_ID = "1c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"


def reader(*records: Record) -> LogFileReader:
    return LogFileReader(BytesIO(log_file(records)))


def engine_of(*detections: str) -> Engine:
    sources = []
    for index, detection in enumerate(detections):
        text = rule_text(detection, rule_id=f"{index}{RULE_ID[1:]}")
        found, problems = parse_rules("rule.yml", text.encode())
        assert not problems
        sources += found
    return Engine(compile_rules(sources))


def matched(engine: Engine, record: Record) -> list[int]:
    """The positions of the rules that match."""
    return [int(rule.id[0]) for rule in engine.matches(record)]


CALL = "sel: {{eventName: {name}, eventSource: iam.amazonaws.com}}\ncondition: sel"


def test_a_record_meets_the_rules_of_its_call_and_those_of_any_call() -> None:
    engine = engine_of(
        CALL.format(name="CreateUser"),
        CALL.format(name="DeleteUser"),
        "sel: {userAgent|contains: evil}\ncondition: sel",
        "sel: {eventSource: iam.amazonaws.com}\ncondition: sel",
        "sel: {eventName: CreateUser}\ncondition: not sel",
    )

    record = {"eventName": "createuser", "eventSource": "IAM.amazonaws.com", "userAgent": "Evil/1"}

    assert matched(engine, record) == [0, 2, 3]
    assert matched(engine, record | {"eventName": "DeleteUser"}) == [1, 2, 3, 4]
    assert matched(engine, record | {"eventSource": "s3.amazonaws.com"}) == [2]
    assert matched(engine, {"userAgent": "evil"}) == [2, 4]


@pytest.mark.parametrize("name", [["x", "CreateUser"], {"nested": "CreateUser"}])
def test_a_call_whose_name_is_no_text_still_meets_every_rule(name: Any) -> None:
    engine = engine_of(CALL.format(name="CreateUser"))

    assert matched(engine, {"eventName": name, "eventSource": "iam.amazonaws.com"}) == [0]


def test_many_different_calls_do_not_fill_memory() -> None:
    engine = engine_of(CALL.format(name="CreateUser"))

    for number in range(10_000):
        engine.matches({"eventName": f"Call{number}", "eventSource": "iam.amazonaws.com"})

    assert len(engine._by_call) <= 4096
    assert matched(engine, {"eventName": "CreateUser", "eventSource": "iam.amazonaws.com"}) == [0]


def test_a_scan_gives_each_match_with_its_place_identity_and_time() -> None:
    engine = engine_of(CALL.format(name="CreateUser"))
    event_id = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
    hit = {
        "eventName": "CreateUser",
        "eventSource": "iam.amazonaws.com",
        "eventID": event_id,
        "eventTime": "2026-01-02T03:04:05Z",
    }

    (match,) = engine.scan(reader({"eventName": "Other", "eventSource": "x"}, hit))

    assert (match.rule.title, match.record, match.record_index) == ("A rule", hit, 1)
    assert (match.event_id, match.event_time) == (event_id, "2026-01-02T03:04:05Z")


def test_a_match_is_known_by_its_rule_and_event_alone() -> None:
    rule, other = (
        Rule(id=each, title="t", level=Level.LOW, detection=["null"]) for each in (RULE_ID, OTHER_ID)
    )
    first = Match(rule, {"a": 1}, 0, "event", "2026-01-02T03:04:05Z")

    assert first.id == Match(rule, {"a": 2}, 7, "event", None).id
    assert first.id != Match(other, {"a": 1}, 0, "event", None).id
    assert first.id != Match(rule, {"a": 1}, 0, "another", None).id
    assert len(first.id) == 32
    assert int(first.id, 16) >= 0


def test_a_rule_that_raises_stops_neither_other_rules_nor_other_records() -> None:
    engine = engine_of(
        "sel: {f|contains: '{\"'}\ncondition: sel",
        "sel: {eventName: X}\ncondition: sel",
    )
    bottomless: dict[str, Any] = {}
    bottomless["f"] = {"g": object()}  # no JSON value: what no reader gives, and no rule foresees

    assert matched(engine, {"eventName": "X", **bottomless}) == [1]
    assert matched(engine, {"eventName": "X", **bottomless}) == [1]
    assert matched(engine, {"eventName": "X", "f": {"a": 1}}) == [0, 1]

    (failure,) = engine.failures.values()
    assert (failure.rule_id, failure.count) == (RULE_ID, 2)
    assert "TypeError" in failure.first_error


@pytest.mark.parametrize(
    "detection",
    [
        ["xor", ["field", "a", ["null"]]],
        ["field", "a", ["soundslike", "b"]],
        ["fieldref", "a", "b", "rhymes"],
        ["field", "a", ["re", "(?=b)", ""]],
        [],
    ],
)
def test_conditions_of_another_engine_are_refused_by_name(detection: list[Any]) -> None:
    rule = Rule(id=RULE_ID, title="From the future", level=Level.LOW, detection=detection)

    with pytest.raises(RuleSetError, match="From the future"):
        Engine(RuleSet(rules=(rule,)))


NAME_A, NAME_B = ["field", "n", ["is", "A", "B"]], ["field", "n", ["is_cased", "B", "C"]]


@pytest.mark.parametrize(
    ("node", "needed"),
    [
        (NAME_A, {"a", "b"}),
        (["and", NAME_A, ["keyword", ["like", "*x*"]]], {"a", "b"}),
        (["and", NAME_A, NAME_B], {"b"}),
        (["or", NAME_A, NAME_B], {"a", "b", "c"}),
        (["or", NAME_A, ["field", "m", ["null"]]], None),
        (["not", NAME_A], None),
        (["field", "n", ["like", "a*"]], None),
        (["field", "n", ["number", 1]], None),
        (["field", "m", ["is", "A"]], None),
    ],
)
def test_what_a_condition_needs_of_a_field(node: list[Any], needed: set[str] | None) -> None:
    assert needed_texts(node, "n") == needed
