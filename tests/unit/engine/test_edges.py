"""Edges of what predicates mean: where a number begins and a text ends."""

from typing import Any

import pytest

from tests.samples import record
from tests.unit.rules.writing import problems_of, rule_matches, rule_text
from trailwarden.engine.predicates import compile_predicate
from trailwarden.engine.text import compile_regex
from trailwarden.engine.values import compact_json, scalar_text
from trailwarden.engine.visibility import blind_rules, visibility_rule
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import parse_rules
from trailwarden.rules.modifiers import MAX_DASHES
from trailwarden.rules.ruleset import Level, Rule


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        ("f|gt: 2", "2.5", True),
        ("f|gt: 2.5", "2.5", False),
        ("f|gte: 1000", "1e3", True),
        ("f|gt: 1000", "1E3", False),
        ("f|lt: 1", "5e-1", True),
        ("f|gt: 9007199254740992", "9007199254740993", True),  # beyond what a float tells apart
        ("f|gt: 9007199254740992", "9007199254740992", False),
        ("f|gt: 0", "1" * 64, True),
        ("f|gt: 0", "1" * 65, False),  # a text that long is no number
        ("f|gt: 0", "0x10", False),
        ("f|gt: 0", "01", False),
    ],
)
def test_a_number_in_text(item: str, value: Any, expected: bool) -> None:
    assert rule_matches(f"sel:\n  {item}\ncondition: sel", {"f": value}) is expected


@pytest.mark.parametrize(
    ("scalar", "text"), [(True, "true"), (False, "false"), (1, "1"), (1.5, "1.5"), ("A", "A")]
)
def test_a_scalar_as_text(scalar: Any, text: str) -> None:
    assert scalar_text(scalar) == text


def test_an_object_as_text_is_compact_json_in_its_own_letters() -> None:
    value = {"name": "é漢", "list": [1, {"a": None}], "no": False}
    assert compact_json(value) == '{"name":"é漢","list":[1,{"a":null}],"no":false}'


@pytest.mark.parametrize("dashes", range(MAX_DASHES + 2))
def test_windash_takes_so_many_dashes_and_no_more(dashes: int) -> None:
    text = rule_text(f"sel:\n  f|windash: '{'-a ' * dashes}end of many words'\ncondition: sel")
    refused = [problem.message for problem in problems_of(text)]
    assert (refused == []) is (dashes <= MAX_DASHES)


@pytest.mark.parametrize(("kind", "value"), [("cidr", "10.0.0.0/8"), ("re", "a")])
def test_a_long_text_is_no_address_and_yet_searched(kind: str, value: str) -> None:
    record = {"f": "10.0.0.1" + " " * 60 + "a"}
    assert rule_matches(f"sel:\n  f|{kind}: '{value}'\ncondition: sel", record) is (kind == "re")


def test_an_expression_has_no_flags_of_its_own() -> None:
    assert not compile_regex("a.b")("A\nB")
    assert compile_regex("a.b", "is")("A\nB")


def test_text_that_is_no_unicode_is_searched_all_the_same() -> None:
    assert compile_regex("a.b")("a\ud800b")


def test_a_bad_expression_is_refused_in_silence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="missing"):
        compile_regex("(")
    assert capfd.readouterr() == ("", "")


def test_an_unknown_predicate_is_named() -> None:
    with pytest.raises(ValueError, match="'soundslike'"):
        compile_predicate(["soundslike", "x"])


def test_the_built_in_rule_word_for_word() -> None:
    blind = [
        Rule(id=f"id-{letter}", title=f"Rule {letter}", level=Level.LOW, detection=["null"])
        for letter in "ABCDE"
    ]
    told = visibility_rule(blind, ["requestParameters"])
    assert told.title == "Contents Omitted From A Record"
    assert told.alert_title == (
        "{actor} called {eventName}; requestParameters omitted by CloudTrail: "
        "5 rules blind (Rule A; Rule B; Rule C; Rule D; Rule E)"
    )
    assert told.description == (
        "CloudTrail omitted requestParameters for the size. By what that held, 5 rules could have matched "
        "this call: Rule A (id-A); Rule B (id-B); Rule C (id-C); Rule D (id-D); Rule E (id-E)."
    )
    assert told.status == "stable"
    assert told.tags == ("attack.defense-evasion", "attack.t1562.008")
    assert told.group_by == ("actor", "account", "eventSource", "eventName")
    assert [step[:14] for step in told.runbook] == ["Ask the caller", "Look at the re"]
    assert told.falsepositives[0].startswith("Calls that are large by nature")
    assert told.references[0].endswith("cloudtrail-event-reference-record-contents.html")
    assert told.generates


PARTS = """
name: {eventName: StopLogging}
other: {userIdentity.type: Root}
third: {userAgent: nobody}
words: [StopLogging]
content: {requestParameters.name: main}
"""


@pytest.mark.parametrize(
    ("condition", "is_blind"),
    [
        ("(name or other) and content", True),  # (true or false) and unknown
        ("(name and other) or content", True),  # (true and false) or unknown
        ("(other or third) and content", False),  # (false or false) and unknown
        ("(other or third) or content", True),
        ("(name and words) and content", True),
        ("not words and content", False),
        ("not (name and other) and content", True),
        ("not (name or other) or name", False),
        ("not (name and words) and content", False),
    ],
)
def test_what_is_decided_inside_a_group_leaves_the_rest_open(condition: str, is_blind: bool) -> None:
    """Kleene's logic, in parentheses: whatever stands in them, only what is unknown makes a rule blind."""
    sources, _ = parse_rules("rule.yml", rule_text(f"{PARTS}condition: {condition}").encode())
    found = record(requestParameters={"omitted": True})
    blind = blind_rules(compile_rules(sources).rules, found)
    assert [rule.title for rule in blind] == (["A rule"] if is_blind else [])
