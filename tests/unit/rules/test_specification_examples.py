"""The specification's own example documents: each is evaluated, or refused by name for a stated reason."""

from pathlib import Path

import pytest

from tests.corpus import CORPUS, needs_corpus
from trailwarden.engine.evaluate import holds
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import RuleSet

EXAMPLES = CORPUS / "sigma_spec_examples"
RULES = sorted(EXAMPLES.glob("*__rules__*.yml"))
FILTERS = sorted(EXAMPLES.glob("*__filter__*.yml"))
NAMED = """
---
title: Named by the example
id: {id}
level: low
logsource: {{product: aws, service: cloudtrail}}
detection: {{sel: {{eventName: A}}, condition: sel}}
"""


def read(text: str) -> tuple[RuleSet, list[str]]:
    sources, problems = parse_rules("example.yml", text.encode())
    rule_set, refused = compile_usable(sources)
    return rule_set, [problem.message for problem in [*problems, *refused]]


def for_cloudtrail(text: str) -> str:
    """The example with a log source of ours in place of its own."""
    lines = text.splitlines()
    start = lines.index("logsource:")
    end = next(index for index in range(start + 1, len(lines)) if not lines[index].startswith(" "))
    return "\n".join([*lines[:start], "logsource: {product: aws, service: cloudtrail}", *lines[end:]])


@needs_corpus
@pytest.mark.parametrize("path", [*RULES, *FILTERS], ids=lambda path: path.stem)
def test_an_example_for_other_logs_is_refused_for_its_log_source_alone(path: Path) -> None:
    _, told = read(path.read_text())

    (log_source,) = told
    assert log_source.startswith("the log source (")


@needs_corpus
@pytest.mark.parametrize(
    ("name", "hit", "miss"),
    [
        ("rule_1", {"Provider_Name": "application error"}, {"Provider_Name": "Application"}),
        ("rule_ecs", {"dns": {"question": {"name": "SigmaHQ"}}}, {"dns": {"question": {"name": "x"}}}),
    ],
)
def test_an_example_rule_means_what_it_says(
    name: str, hit: dict[str, object], miss: dict[str, object]
) -> None:
    rule_set, told = read(for_cloudtrail((EXAMPLES / f"tests__schema__rules__{name}.yml").read_text()))

    assert told == []
    assert holds(rule_set.rules[0].detection, hit)
    assert not holds(rule_set.rules[0].detection, miss)


@needs_corpus
@pytest.mark.parametrize(
    ("name", "dropped"),
    [
        ("filter_1", {"User": "ADM_eve"}),
        ("filter_ecs", {"dns": {"question": {"name": "www.google.com"}}}),
    ],
)
def test_an_example_filter_drops_what_it_says_from_the_rules_it_names(
    name: str, dropped: dict[str, object]
) -> None:
    text = for_cloudtrail((EXAMPLES / f"tests__schema__filter__{name}.yml").read_text())
    ids = ["6f3e2987-db24-4c78-a860-b4f4095a7095", "df0841c0-9846-4e9f-ad8a-7df91571771b"]
    other = "00000000-db24-4c78-a860-b4f4095a7095"

    rule_set, told = read(text + "".join(NAMED.format(id=rule_id) for rule_id in [*ids, other]))

    assert told == []
    for rule in rule_set.rules:
        assert holds(rule.detection, {"eventName": "A"})
        assert holds(rule.detection, {"eventName": "A", **dropped}) is (rule.id == other)
        assert bool(rule.filters) is (rule.id != other)


@needs_corpus
def test_there_are_examples() -> None:
    assert len(RULES) == len(FILTERS) == 2
