"""Sigma filters: which rules they apply to, what they drop, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.rules.writing import RULE_ID, problems_of, rule_text
from trailwarden.engine.evaluate import holds
from trailwarden.errors import RuleError
from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules.compile import compile_rules, compile_usable
from trailwarden.rules.load import load_rules, parse_rules
from trailwarden.rules.ruleset import Rule, dump_rule_set, load_rule_set

OTHER_ID = "1c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"
RULE = rule_text("sel: {f: x}\ncondition: sel", extra="name: first")
OTHER = rule_text("sel: {f: x}\ncondition: sel", rule_id=OTHER_ID)
LOG_SOURCE = "{product: aws, service: cloudtrail}"


def filter_text(
    rules: str = "any",
    *,
    selections: str = "sel: {who: adm}",
    condition: str = "sel",
    log_source: str = LOG_SOURCE,
    extra: str = "",
) -> str:
    return (
        f"---\ntitle: Let it pass\n{extra}logsource: {log_source}\n"
        f"filter:\n  rules: {rules}\n  {selections}\n  condition: {condition}\n"
    )


def compiled(text: str) -> dict[str, Rule]:
    sources, problems = parse_rules("rule.yml", text.encode())
    assert not problems, problems
    rule_set = load_rule_set(dump_rule_set(compile_rules(sources)))
    return {rule.id: rule for rule in rule_set.rules}


def dropped(text: str, record: dict[str, Any]) -> list[bool]:
    """For each rule, in the order of ids, whether the filter drops the record, which the rule would match."""
    return [not holds(rule.detection, record) for rule in compiled(text).values()]


ADMIN, OTHERS = {"f": "x", "who": "adm"}, {"f": "x", "who": "eve"}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("any", [True, True]),
        ("ANY", [True, True]),
        (f"[{RULE_ID}]", [True, False]),
        (RULE_ID, [True, False]),
        (RULE_ID.upper(), [True, False]),
        ("[first]", [True, False]),
        (f"[{OTHER_ID}, first]", [True, True]),
    ],
)
def test_a_filter_applies_to_the_rules_it_names(rules: str, expected: list[bool]) -> None:
    text = f"{RULE}---\n{OTHER}{filter_text(rules)}"

    assert dropped(text, ADMIN) == expected
    assert dropped(text, OTHERS) == [False, False]


TWO = "a: {who: adm}\n  b: {from: [home, office]}"


@pytest.mark.parametrize(
    ("condition", "record", "expected"),
    [
        # the specification's way: the condition names what is dropped
        ("a", {"who": "adm"}, True),
        ("a", {"who": "eve"}, False),
        ("a or b", {"from": "home"}, True),
        ("a and b", {"who": "adm"}, False),
        ("a and not b", {"who": "adm"}, True),
        ("a and not b", {"who": "adm", "from": "home"}, False),
        ("a and not b", {"who": "eve"}, False),
        ("1 of them", {"from": "office"}, True),
        ("all of them", {"from": "office"}, False),
        # pySigma's way: the condition names what remains
        ("not a", {"who": "adm"}, True),
        ("not a", {"who": "eve"}, False),
        ("not a and not b", {"from": "home"}, True),
        ("not a and not b", {"who": "eve"}, False),
        ("not 1 of them", {"from": "home"}, True),
        ("not (a or b)", {"who": "adm"}, True),
        ("not a or not b", {"who": "adm"}, False),
        ("not all of them", {"who": "adm", "from": "home"}, True),
    ],
)
def test_what_a_filter_drops(condition: str, record: dict[str, Any], expected: bool) -> None:
    text = RULE + filter_text(selections=TWO, condition=condition)

    assert dropped(text, {"f": "x", **record}) == [expected]


def test_several_filters_on_one_rule_and_their_ids_in_the_artefact() -> None:
    second = filter_text(
        "[first]", selections="sel: {from: home}", extra="id: 9d1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10\n"
    )
    text = f"{RULE}---\n{OTHER}{filter_text()}{second}"

    rules = compiled(text)

    assert rules[RULE_ID].filters == ("9d1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10", "Let it pass")
    assert rules[OTHER_ID].filters == ("Let it pass",)
    assert not holds(rules[RULE_ID].detection, {"f": "x", "from": "home"})
    assert not holds(rules[RULE_ID].detection, ADMIN)
    assert holds(rules[RULE_ID].detection, OTHERS)
    assert holds(rules[OTHER_ID].detection, {"f": "x", "from": "home"})


def test_the_order_of_the_files_changes_nothing(tmp_path: Path) -> None:
    parts = [RULE, filter_text("[first]").removeprefix("---\n"), filter_text(extra="id: b\n")[4:]]
    artefacts = []
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        folder = tmp_path / "".join(map(str, order))
        folder.mkdir()
        for place, index in enumerate(order):
            (folder / f"{place}.yml").write_text(parts[index])
        artefacts.append(dump_rule_set(compile_rules(load_rules([folder]))))

    assert artefacts[0] == artefacts[1] == artefacts[2]


def test_a_filter_does_not_reach_into_the_rule_and_lists_fill_it() -> None:
    text = (
        rule_text("sel: {f: x}\nsel_2: {f: y}\ncondition: 1 of sel*")
        + filter_text(selections="sel_3: {who|expand: '%admins%'}", condition="1 of sel*")
        + "---\nname: admins\nvalues: [adm]\n"
    )

    assert dropped(text, ADMIN) == [True]
    assert dropped(text, OTHERS) == [False]


def test_a_list_of_conditions_in_the_rule_is_filtered_as_a_whole() -> None:
    text = rule_text("sel: {f: x}\nother: {g: y}\ncondition: [sel, other]") + filter_text()

    assert dropped(text, ADMIN) == [True]
    assert dropped(text, {"g": "y", "who": "adm"}) == [True]
    assert dropped(text, {"g": "y"}) == [False]


def test_a_rule_is_tested_without_its_filters() -> None:
    tests = "trailwarden:\n  tests:\n    match:\n      - {f: x, who: adm}\n"
    sources, _ = parse_rules("rule.yml", (RULE + tests + filter_text()).encode())

    assert run_rule_tests(sources) == []


REFUSED = [
    (filter_text("[nobody]"), 5, "there is no rule with the id or name `nobody`", "add the rule"),
    (filter_text("[firts]"), 5, "there is no rule with the id or name `firts`", "did you mean `first`?"),
    (filter_text("[]"), 5, "the filter does not name its rules", "any"),
    (filter_text("[1]"), 5, "the filter does not name its rules", "any"),
    (filter_text(log_source="{product: windows}"), 3, "the log source (product windows) fits no", "aws"),
    (
        filter_text(log_source="{category: dns, product: aws}"),
        3,
        "the log source (category dns, product aws) fits no",
        "",
    ),
    (filter_text(log_source="{}"), 3, "the filter has no `logsource` map", ""),
    (filter_text(selections="sel: {who|like: adm}"), 6, "the modifier `like` is unknown", ""),
    (filter_text(condition="nope"), 7, "the condition `nope`: there is no selection `nope`", ""),
    (filter_text(condition="[sel, sel]"), 7, "a filter has one condition", "or"),
    (filter_text(condition="''"), 7, "`filter` needs a `condition`, as text", ""),
    (filter_text(selections=""), 4, "`filter` selects nothing", "selection"),
    (filter_text(extra="id: 7\n"), 3, "`id` must be text", ""),
    (filter_text().replace("title: Let it pass\n", ""), 2, "the filter has no `title`", ""),
    (
        filter_text() + filter_text(),
        9,
        "the title 'Let it pass', which is the id of a filter without",
        "`id:`",
    ),
]


@pytest.mark.parametrize(("text", "line", "message", "cure"), REFUSED)
def test_a_filter_that_cannot_be_used(text: str, line: int, message: str, cure: str) -> None:
    (problem,) = problems_of(RULE + text)

    assert problem.line == RULE.count("\n") + line
    assert problem.message.startswith(message)
    assert problem.cure
    assert cure in problem.cure


@pytest.mark.parametrize("key", ["rules: any", "filter: [x]", "filter: x"])
def test_what_is_no_filter_is_told_as_one(key: str) -> None:
    problems = problems_of(f"title: x\nlogsource: {LOG_SOURCE}\nfilter: {{{key}}}\n")

    assert problems
    assert all(problem.cure for problem in problems)


def test_a_filter_of_a_broken_rule_is_not_blamed_and_one_of_a_correlation_is() -> None:
    broken = OTHER.replace("f: x", "f|nope: x")
    correlation = "---\ntitle: c\nid: c\ncorrelation: {type: event_count}\n"

    told = [
        problem.message for problem in problems_of(RULE + "---\n" + broken + filter_text(f"[{OTHER_ID}]"))
    ]
    assert told == ["the modifier `nope` is unknown"]

    told = [problem.message for problem in problems_of(RULE + correlation + filter_text("[c]"))]
    assert "`c` is a correlation, and filters apply to rules" in told


def test_a_refused_filter_costs_itself_alone_and_is_told_once() -> None:
    bad = filter_text(selections="sel: {who|expand: '%nobody%'}")
    sources, problems = parse_rules("rule.yml", f"{RULE}---\n{OTHER}{bad}".encode())

    rule_set, refused = compile_usable(sources)

    assert not problems
    assert [problem.message for problem in refused] == ["the placeholder %nobody% is not filled"]
    assert [rule.filters for rule in rule_set.rules] == [(), ()]
    with pytest.raises(RuleError, match="nobody"):
        compile_rules(sources)
