"""What a rule set may cost for each byte of a record, whoever wrote it."""

import re
import string
from collections.abc import Iterable

import pytest

from tests.unit.rules.writing import problems_of, rule_text
from trailwarden.errors import Problem, RuleError
from trailwarden.publishing.build import build
from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules import cost, expressions, shipped_rules_path
from trailwarden.rules.automaton import is_small
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.cost import CostBudget
from trailwarden.rules.load import RuleFolder, read_contents, read_folder
from trailwarden.rules.ruleset import Node


def _id(number: int) -> str:
    return f"0c1f0a5e-6a0e-4e0e-9d5e-{number:012}"


def _rule(selection: str, number: int = 1, extra: str = "") -> bytes:
    return rule_text(f"sel:\n{selection}\ncondition: sel", extra, _id(number)).encode()


def _listed(field: str, values: Iterable[str]) -> str:
    return f"  {field}:\n" + "\n".join(f"  - '{value}'" for value in values)


def _folder(*rules: bytes) -> RuleFolder:
    folder = read_contents([(f"{number}.yml", rule) for number, rule in enumerate(rules)])
    assert not folder.problems, folder.problems
    return folder


def _refused(*rules: bytes) -> list[Problem]:
    return compile_usable(_folder(*rules).sources)[1]


_MIXED = [f"{first}{last}" for first in string.ascii_lowercase for last in string.ascii_lowercase]
_HOSTILE = {
    "a class repeated": _listed("requestParameters|re", ["[a-q][^u-z]{990}x0"]),
    "many shorter ones": _listed("requestParameters.a|re", [f"[a-q][^u-z]{{40}}x{n}" for n in range(20)]),
    "written out": _listed("userAgent|re", [f"[ab]{'[^x]' * 60}{n}" for n in range(12)]),
    "nested": _listed("requestParameters.a|re", ["([a-q][a-t]{8}){50}x(yy|z){900}"]),
    "any character": _listed("errorMessage|re", [f"(?s)a.{{300}}b{n}" for n in range(3)]),
    "letters of Unicode": _listed("errorMessage|re", ["\\pL{20}x"]),
    "spelled as words": _listed("errorMessage|re|i", [f"k[a-m]{{90}}s{n}" for n in range(40)]),
    "question marks": _listed("userAgent", [f"*a{'?' * 300}b{n}*" for n in range(3)]),
    "keywords": "\n".join(f"  - '|re': 'q[a-t]{{400}}x{n}'" for n in range(30)).replace("  - ", "- "),
    "small ones, many": _listed("requestParameters.a|re", [f"^{each}.x" for each in _MIXED]),
    "stars inside": _listed("requestParameters.a", [f"a{n}*b*c" for n in range(2_100)]),
    "numbers": _listed("requestParameters.size|gt", []) + "\n".join(f"\n  - {n}" for n in range(600)),
    "levels": "\n".join(f"  requestParameters.{'a.' * n}a|exists: true" for n in range(30)),
    "flags taken away": _listed("userAgent|re", [f"(?-m:^a{n})" for n in range(6)]),
    "literals in bulk": _listed("userAgent|re", [f"a\\Q{n}\\E" for n in range(6)]),
    "one field in another": "\n".join(
        f"  requestParameters.a.b{n}|fieldref|contains: requestParameters.a" for n in range(61)
    ),
    "fields": "\n".join(f"  requestParameters.f{n}: x" for n in range(200)),
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_a_rule_that_could_hold_up_every_record_is_refused_with_its_place_and_a_fix(name: str) -> None:
    (problem,) = _refused(_rule(_HOSTILE[name]))

    assert (problem.path, problem.line) == ("0.yml", 1)
    assert re.search(r"[\d,]+ (regular|texts|comparisons|searches|fields|steps)", problem.message), problem
    assert problem.cure


def test_what_no_rule_has_alone_is_refused_in_the_rule_that_goes_too_far() -> None:
    """Under the object, under its fields, and in keywords: a byte of a record meets them all."""
    places = ["requestParameters", "requestParameters.policy", "requestParameters.policy.statement"]
    rules = [
        _rule(_listed(f"{place}|re", [f"^{place[-1]}{each}.x" for each in _MIXED[:110]]), number)
        for number, place in enumerate(places)
    ]
    beside = _rule(_listed("requestParameters.name|re", [f"^{each}.y" for each in _MIXED[:110]]), 7)

    (problem,) = _refused(*rules)
    assert problem.path == "2.yml"
    assert "330" in problem.message
    assert not _refused(*rules[:2], beside)  # neither holds the other
    (upwards,) = _refused(*reversed(rules))
    assert upwards.path == "2.yml"


def test_the_instructions_of_all_rules_are_added_up() -> None:
    rules = [
        _rule(_listed(f"requestParameters.f{n}|re", [f"[a-q][^u-z]{{50}}x{n}"]), n) for n in range(1, 10)
    ]

    problems = _refused(*rules)

    assert 0 < len(problems) < 9
    assert {problem.path for problem in problems} == {f"{8 - n}.yml" for n in range(len(problems))}


def test_what_stands_in_several_rules_counts_once() -> None:
    assert not _refused(
        *(
            _rule(_listed("requestParameters.a|re", [f"^{each}.x" for each in _MIXED[:200]]), n)
            for n in (1, 2)
        )
    )


def test_a_costly_filter_is_refused_and_its_rules_are_not() -> None:
    costly = f"""\
title: Filter
id: {_id(99)}
logsource: {{product: aws, service: cloudtrail}}
filter:
  rules: any
  sel:
    userAgent|re: '[a-q][^u-z]{{990}}x'
  condition: sel
"""
    folder = _folder(_rule("  eventName: RunInstances"), costly.encode())
    rule_set, (problem,) = compile_usable(folder.sources)

    assert problem.path == "1.yml"
    assert [rule.filters for rule in rule_set.rules] == [()]


def test_the_tests_of_a_costly_rule_are_not_run() -> None:
    with pytest.raises(RuleError, match="steps"):
        run_rule_tests(_folder(_rule(_HOSTILE["a class repeated"])).sources)


_SHAPES = {
    "classes": "[a-q][^u-z]{{{0}}}x{0}",
    "letters of Unicode": "\\pL{{20}}x{0}",
    "alternatives": "([a-q][a-t]{{8}}){{24}}x(yy|z){{30}}{0}",
}


@pytest.mark.parametrize("shape", _SHAPES)
def test_hundreds_of_hostile_expressions_are_hardly_looked_at(
    shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is compiled once within little memory, and few automata are measured before it is clear."""
    measured: list[str] = []

    def measure(written: str) -> bool:
        measured.append(written)
        return False

    monkeypatch.setattr(cost, "is_small", measure)
    expressions._compiled.cache_clear()
    patterns = [_SHAPES[shape].format(number) for number in range(100, 300)]

    problems = _refused(
        *(
            _rule(_listed(f"requestParameters.f{number}|re", [pattern]), number)
            for number, pattern in enumerate(patterns)
        )
    )

    assert len(problems) > 190
    assert all(problem.path.endswith(".yml") and problem.cure for problem in problems)
    assert len(measured) <= 40
    assert expressions._compiled.cache_info().misses <= 2 * len(patterns)


def test_texts_with_question_marks_are_counted_before_they_are_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cost, "MAX_EXPRESSIONS", 20)
    compiled: list[str] = []

    def count(written: str) -> int:
        compiled.append(written)
        return 10

    monkeypatch.setattr(cost, "instructions", count)
    rules = [_rule(_listed(f"requestParameters.f{n}", [f"a?{n}b{m}" for m in range(8)]), n) for n in range(5)]

    problems = _refused(*rules)

    assert [problem.path for problem in problems] == ["2.yml", "3.yml", "4.yml"]
    assert "more than 20 regular expressions, and texts with `?`" in problems[0].message
    assert len(set(compiled)) <= 20


def test_an_expression_of_any_length_is_refused_where_it_stands_before_it_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = _rule("  userAgent|re: '" + "(a|b)*" * 2_000 + "'")
    monkeypatch.setattr("re2.compile", lambda *_: pytest.fail("it was compiled"))

    (problem,) = read_contents([("long.yml", text)]).problems

    assert (problem.path, problem.line) == ("long.yml", 9)
    assert "12,000 characters; 10,000 are the most" in problem.message
    assert "several expressions" in problem.cure


def test_more_expressions_than_a_folder_may_hold_are_refused_before_any_is_compiled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(expressions, "MAX_EXPRESSIONS", 5)
    monkeypatch.setattr("re2.compile", lambda *_: pytest.fail("one was compiled"))
    plain = _rule("  eventName: RunInstances", 1)
    listed = _rule(_listed("userAgent|re|i", [f"a{n}" for n in range(6)]), 2)
    nested = rule_text(
        "sel:\n- a|re: [b, c, d]\n- e|contains: f\n  g|re: [h, i, j]\ncondition: sel", "", _id(3)
    )

    folder = read_contents([("a.yml", plain), ("b.yml", listed), ("c.yml", nested.encode())])

    assert [(each.path, each.line) for each in folder.problems] == [("b.yml", 15), ("c.yml", 11)]
    assert "more than 5 regular expressions" in folder.problems[0].message
    assert [source.path for source in folder.sources] == ["a.yml"]


def test_lists_of_thousands_are_no_cost() -> None:
    values = _listed("requestParameters.name|contains", [f"zz{n}q" for n in range(9_000)])
    networks = _listed("sourceIPAddress|cidr", [f"10.{n >> 8}.{n & 255}.0/24" for n in range(2_000)])

    assert not _refused(_rule(values), _rule(networks, 2))


def test_the_shipped_rules_leave_most_of_it_to_the_team() -> None:
    rules = compile_usable(read_folder([shipped_rules_path()]).sources)[0].rules
    budget = CostBudget()

    assert not any(budget.add(rule.detection) for rule in rules)
    assert budget.share() < 1 / 3


def _ordinary(number: int) -> Node:
    """A rule of a large team: its call, and something within what was asked for."""
    parts: list[Node] = [
        ["field", "eventName", ["is", f"Do{number}"]],
        ["field", "requestParameters.name", ["like", f"*x{number}y*", f"p{number}*"]],
    ]
    if number % 100 == 0:
        expression = rf"^arn:aws:iam::\d{{12}}:role/.*admin{number}.*$"
        parts.append(["field", f"requestParameters.f{number // 100 % 9}", ["re", expression, ""]])
    return ["and", *parts]


def test_ten_thousand_ordinary_rules_are_taken() -> None:
    budget = CostBudget()

    assert not any(budget.add(_ordinary(number)) for number in range(10_000))


SMALL = [
    "abc.*def",
    "(?i)stop.*delete",
    r"^arn:aws:iam::\d{12}:role/.*x",
    "foo.{0,20}bar",
    "^[a-q][^u-z]{90}x",
]
LARGE = [
    "[a-q][^u-z]{15}x",
    "^.{15}[ab].*",  # small forwards, and RE2 reads backwards too
    "(?m)^[a-q\n][^u-z]{15}x",
    "(?:a|[b-q])[^u-z]{20}[xy]",
    r"\w\d?[\w.]{18}[^\s]",
    r"\pL{20}",
    "[[:alpha:]]{20}",
]


@pytest.mark.parametrize("pattern", SMALL)
def test_automata_that_are_small(pattern: str) -> None:
    assert is_small(pattern)


@pytest.mark.parametrize("pattern", LARGE)
def test_automata_that_are_not(pattern: str) -> None:
    assert not is_small(pattern)


def test_a_publication_with_a_costly_rule_is_refused() -> None:
    with pytest.raises(RuleError, match="steps"):
        build({}, {"a.yml": _rule(_HOSTILE["a class repeated"])}, today="2026-03-01")


def test_no_rule_groups_by_more_fields_than_anybody_needs() -> None:
    names = ", ".join(f"f{number}" for number in range(21))
    text = rule_text("sel:\n  eventName: a\ncondition: sel", f"trailwarden: {{group_by: [{names}]}}")

    messages = [problem.message for problem in problems_of(text)]

    assert messages == ["`group_by` names 21 fields; 20 are the most"]
