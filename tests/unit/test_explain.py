"""Explanations: they say what the engine says, and name the parts that decided."""

from dataclasses import replace
from typing import Any

from tests.corpus import CORPUS, corpus_records, needs_corpus
from tests.unit.rules.writing import rule_text
from trailwarden.engine.engine import Engine
from trailwarden.explain import CorrelationExplanation, Explanation, explain, explain_rule
from trailwarden.rules.compile import compile_rule, compile_usable
from trailwarden.rules.load import load_rules, parse_rules, read_rules
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.rules.source import RuleSource

DETECTION = """
    selection:
      eventSource: iam.amazonaws.com
      eventName|startswith: [Create, Delete]
    failed:
      errorCode: null
    filter_own:
      userIdentity.userName|fieldref: requestParameters.userName
    condition: selection and failed and not filter_own
"""
FILTER = """---
title: Drill
logsource: {product: aws}
filter: {rules: any, drill: {userIdentity.userName: driller}, condition: drill}
"""
RECORD: dict[str, Any] = {
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "userIdentity": {"userName": "mallory"},
    "requestParameters": {"userName": "alice"},
}


def explained(record: dict[str, Any], extra: str = "") -> Explanation:
    sources, problems = parse_rules("rule.yml", (rule_text(DETECTION) + extra).encode())
    assert not problems
    (source,) = sources
    assert isinstance(source, RuleSource)
    found = explain_rule(source, record)
    assert found is not None
    return found


def test_a_rule_that_fires_shows_what_each_line_met() -> None:
    found = explained(RECORD)

    assert found.fired
    lines = {part.field: part for part in found.decisive()}
    assert lines["eventName"].met == ("CreateUser",)
    assert lines["eventName"].wanted == ("Create", "Delete")
    assert lines["eventName"].modifiers == ("startswith",)
    assert lines["errorCode"].met == ()
    assert lines["userIdentity.userName"].met == ("mallory",)
    assert lines["userIdentity.userName"].against == ("alice",)


def test_a_rule_that_does_not_fire_names_the_line_that_failed() -> None:
    found = explained({**RECORD, "errorCode": "AccessDenied"})

    assert not found.fired
    (line,) = found.decisive()
    assert (line.field, line.met, line.line) == ("errorCode", ("AccessDenied",), 12)


def test_a_rule_whose_exception_holds_names_the_exception() -> None:
    found = explained({**RECORD, "requestParameters": {"userName": "mallory"}})

    assert not found.fired
    assert [part.field for part in found.decisive()] == ["userIdentity.userName"]


def test_a_filter_that_hides_a_match_is_named() -> None:
    found = explained({**RECORD, "userIdentity": {"userName": "driller"}}, FILTER)

    assert found.found
    assert not found.fired
    assert [each.title for each in found.hidden_by] == ["Drill"]
    assert explained(RECORD, FILTER).fired


def test_secrets_are_masked() -> None:
    text = rule_text("sel: {requestParameters.masterUserPassword|exists: true}\ncondition: sel")
    sources, _ = parse_rules("rule.yml", text.encode())
    found = explain(sources[0], sources, {"requestParameters": {"masterUserPassword": "hunter2"}})
    assert isinstance(found, Explanation)
    assert found.condition.parts[0].met == ("***",)


def test_a_correlation_is_explained_by_its_rules() -> None:
    sources = load_rules([shipped_rules_path()])
    guessed = next(source for source in sources if source.title == "Console Passwords Guessed")
    record = {
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "responseElements": {"ConsoleLogin": "Failure"},
    }

    found = explain(guessed, sources, record)

    assert isinstance(found, CorrelationExplanation)
    assert [each.title for each in found.rules] == ["Console Sign-In Failed"]
    assert found.fired
    other = explain(guessed, sources, {**record, "eventName": "Other"})
    assert other is not None
    assert not other.fired


def test_the_rules_own_tests_are_explained_as_they_say() -> None:
    for source in load_rules([shipped_rules_path()]):
        for test in source.block.tests if isinstance(source, RuleSource) else ():
            found = explain(source, [source], test.record)
            assert found is not None
            assert found.fired is test.must_match


@needs_corpus
def test_explanations_agree_with_the_engine_on_real_records() -> None:
    read, _ = read_rules([shipped_rules_path(), CORPUS / "sigma_aws"])
    usable = {rule.id for rule in compile_usable(read)[0].rules}
    sources = [each for each in read if isinstance(each, RuleSource) and each.id in usable]
    engine = Engine(compile_usable(sources)[0])
    fired = 0
    for _, _, record in corpus_records()[::40]:
        matched = {rule.id for rule in engine.matches(record)}
        for source in sources:
            found = explain_rule(source, record)
            assert found is not None
            assert found.fired is (source.id in matched), (source.title, record)
            fired += found.fired
    assert fired


def test_filters_agree_with_the_engine() -> None:
    sources, _ = parse_rules("rule.yml", (rule_text(DETECTION) + FILTER).encode())
    (source,) = sources
    assert isinstance(source, RuleSource)
    for each in (source, replace(source, filters=())):
        rule = compile_rule(each, [])
        assert rule is not None
        engine = Engine(RuleSet((rule,)))
        for name in ("mallory", "driller", "alice"):
            record = {**RECORD, "userIdentity": {"userName": name}}
            found = explain_rule(each, record)
            assert found is not None
            assert found.fired is bool(engine.matches(record))


def test_a_normalised_field_shows_what_the_record_comes_to() -> None:
    text = rule_text(
        "\n    s: {eventName: CreateUser, tool|startswith: Terraform, actor.nature: person, "
        "requestParameters.userName|fieldref: actor.name}\n    condition: s\n"
    )
    (source,) = parse_rules("rule.yml", text.encode())[0]
    assert isinstance(source, RuleSource)
    found = explain_rule(source, {**RECORD, "userAgent": "Terraform/1.9.5"})
    assert found is not None
    lines = {each.field: each for each in found.condition.parts[0].parts}
    assert (lines["tool"].held, lines["tool"].met) == (True, ("Terraform 1.9.5",))
    assert (lines["actor.nature"].held, lines["actor.nature"].met) == (False, ())
    compared = lines["requestParameters.userName"]
    assert (compared.held, compared.met, compared.against) == (False, ("alice",), ("mallory",))
    assert not found.fired
