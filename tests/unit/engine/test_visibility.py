"""Records whose contents CloudTrail omitted: which rules go blind, and how that is told."""

from typing import Any

import pytest

from tests.samples import record
from tests.unit.rules.writing import RULE_ID, rule_text
from trailwarden.alerts.title import alert_title
from trailwarden.engine.evaluate import holds
from trailwarden.engine.visibility import MARKS, Visibility, blind_rules, omitted_fields, visibility_rule
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import VISIBILITY_RULE_ID, Level, Rule

OMITTED = {"omitted": True, "originalSize": 104_858, "reason": "requestParameters too large"}


def rule(detection: str) -> Rule:
    sources, problems = parse_rules("rule.yml", rule_text(detection).encode())
    assert not problems
    return compile_rules(sources).rules[0]


def big(**fields: Any) -> dict[str, Any]:
    return record(requestParameters=OMITTED, **fields)


NAME, CONTENT = "name: {eventName: StopLogging}", "content: {requestParameters.name: main}"
OTHER = "other: {eventName: CreateTrail}"


@pytest.mark.parametrize(
    ("detection", "is_blind"),
    [
        (f"{NAME}\ncondition: name", False),  # decided by what is there
        (f"{OTHER}\ncondition: other", False),
        (f"{CONTENT}\ncondition: content", True),
        (f"{NAME}\n{CONTENT}\ncondition: name and content", True),
        (f"{OTHER}\n{CONTENT}\ncondition: other and content", False),  # cannot match, whatever was omitted
        (f"{NAME}\n{CONTENT}\ncondition: name or content", False),  # matches, whatever was omitted
        (f"{OTHER}\n{CONTENT}\ncondition: other or content", True),
        (f"{NAME}\n{CONTENT}\ncondition: name and not content", True),
        (f"{NAME}\n{CONTENT}\ncondition: not name and not content", False),
        (f"{NAME}\n{CONTENT}\ncondition: not (name and content)", True),
        ("s: {requestParameters.name: null}\ncondition: s", True),  # missing here need not be missing there
        ("s: {requestParameters.name|exists: false}\ncondition: s", True),
        ("s: {responseElements.name: x}\ncondition: s", False),  # another field, which is there
        ("s: {eventName|fieldref: requestParameters.name}\ncondition: s", True),
        ("s: {requestParameters|contains: main}\ncondition: s", True),
        ("words: [no such word]\ncondition: words", True),
        ("words: [StopLogging]\ncondition: words", False),
        ("s: {requestParametersX: y}\ncondition: s", False),
    ],
)
def test_a_rule_is_blind_where_the_omitted_contents_decide(detection: str, is_blind: bool) -> None:
    seen = [each.id for each in blind_rules([rule(detection)], big())]

    assert seen == ([RULE_ID] if is_blind else [])


@pytest.mark.parametrize(
    "detection", [f"{CONTENT}\ncondition: content", "words: [nothing]\ncondition: words"]
)
def test_a_whole_record_blinds_no_rule(detection: str) -> None:
    assert blind_rules([rule(detection)], record()) == []
    assert Visibility([rule(detection)]).rule(record()) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (OMITTED, True),
        ({"omitted": True}, True),
        ({"omitted": "true"}, True),
        ({"omitted": False}, False),
        ({"omitted": ["true"]}, False),
        ({"omitted": 1}, False),
        ({"name": "omitted"}, False),
        ("omitted", False),
        (None, False),
    ],
)
@pytest.mark.parametrize(
    "field", ["requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"]
)
def test_what_says_that_it_was_omitted(field: str, value: Any, expected: bool) -> None:
    seen = record(**{"requestParameters": None, field: value})

    assert omitted_fields(seen) == ((field,) if expected else ())
    if expected:
        assert holds(MARKS, seen)  # an engine that picks records by rules picks this one


def test_the_rule_names_how_many_and_which_went_blind() -> None:
    named = [Rule(id=str(n), title=f"Rule {{n}} {n}", level=Level.LOW, detection=["null"]) for n in range(7)]

    told = visibility_rule(named, ["requestParameters", "responseElements"])

    assert (told.id, told.level) == (VISIBILITY_RULE_ID, Level.LOW)
    assert alert_title(told, record()) == (
        "user mallory called StopLogging; requestParameters and responseElements omitted by CloudTrail: "
        "7 rules blind (Rule (n) 0; Rule (n) 1; Rule (n) 2; Rule (n) 3; Rule (n) 4; and 2 more)"
    )
    assert "Rule {n} 6 (6)" in told.description
    assert "1 rule blind (Rule (n) 0)" in alert_title(visibility_rule(named[:1], ["x"]), record())


def test_thousands_of_blind_rules_make_no_endless_text() -> None:
    many = [Rule(id=str(n), title="t" * 100, level=Level.LOW, detection=["null"]) for n in range(10_000)]

    assert len(visibility_rule(many, ["requestParameters"]).description) < 10_000


def test_a_rule_set_that_looks_into_no_contents_needs_no_visibility() -> None:
    plain, deep = rule(f"{NAME}\ncondition: name"), rule(f"{CONTENT}\ncondition: content")

    assert not Visibility([plain]).needed
    assert Visibility([plain, deep]).needed
    told = Visibility([plain, deep]).rule(big())
    assert told is not None
    assert "1 rule blind" in told.alert_title


def test_what_is_still_there_is_judged() -> None:
    deep = rule("s: {requestParameters.name: x, responseElements.ok: true}\ncondition: s")

    assert blind_rules([deep], big(responseElements={"ok": True})) == [deep]
    assert blind_rules([deep], big(responseElements={"ok": False})) == []


@pytest.mark.parametrize(
    ("levels", "worst"),
    [
        ([("critical", ""), ("low", "stable")], Level.CRITICAL),
        ([("low", ""), ("high", "stable"), ("medium", "stable")], Level.HIGH),
        ([("informational", "stable")], Level.INFORMATIONAL),
        ([("critical", "test"), ("low", "stable")], Level.LOW),
        ([("critical", "experimental"), ("medium", "deprecated")], Level.CRITICAL),
    ],
)
def test_the_rule_is_as_grave_as_the_worst_that_went_blind(
    levels: list[tuple[str, str]], worst: Level
) -> None:
    """Omitting the request must not make a rule's alert milder."""
    blind = [
        Rule(
            id=str(n),
            title=f"{level} {status}",
            level=Level[level.upper()],
            status=status,
            detection=["null"],
        )
        for n, (level, status) in enumerate(levels)
    ]
    told = visibility_rule(blind, ["requestParameters"])

    assert told.level is worst
    assert alert_title(told, record()).split("blind (")[1].startswith(worst.name.lower())
