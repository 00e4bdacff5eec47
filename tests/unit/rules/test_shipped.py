"""The shipped rules: each passes its own tests, and says what people need."""

import re
from pathlib import Path

import pytest

from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import Source, load_rules, parse_rules
from trailwarden.rules.ruleset import Correlation, Rule
from trailwarden.rules.shipped import shipped_rules_path

SOURCES = load_rules([shipped_rules_path()])
COMPILED = compile_rules(SOURCES)
TACTIC = re.compile(r"attack\.[a-z-]+")
TECHNIQUE = re.compile(r"attack\.t\d{4}(\.\d{3})?")


def test_there_are_rules() -> None:
    assert len(SOURCES) >= 10


def test_every_shipped_rule_passes_its_own_tests() -> None:
    assert run_rule_tests(SOURCES) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.title)
def test_every_shipped_rule_says_what_people_need(source: Source) -> None:
    compiled: dict[str, Rule | Correlation] = {rule.id: rule for rule in COMPILED.rules}
    compiled.update((one.id, one) for one in COMPILED.correlations)
    rule = compiled[source.id]

    assert "{" in rule.alert_title
    assert rule.runbook
    assert rule.owner
    assert rule.description
    assert rule.falsepositives
    assert rule.references
    assert rule.status == "stable"
    assert {test.must_match for test in source.block.tests} == {True, False}
    assert any(TECHNIQUE.fullmatch(tag) for tag in rule.tags)
    tactics = {tag.removeprefix("attack.").replace("-", "_") for tag in rule.tags if TACTIC.fullmatch(tag)}
    assert Path(source.path).parent.name in tactics


def test_a_failed_test_is_told_with_the_place_of_its_record() -> None:
    text = (shipped_rules_path() / "defense_evasion" / "trail_stopped_or_deleted.yml").read_text()
    sources, _ = parse_rules(
        "rule.yml", text.replace("eventName: StartLogging", "eventName: StopLogging").encode()
    )

    (failure,) = run_rule_tests(sources)

    line = text[: text.index("eventName: StartLogging")].count("\n")  # the record begins a line before
    assert (failure.path, failure.line) == ("rule.yml", line)
    assert "matches this record, and must not" in str(failure)
