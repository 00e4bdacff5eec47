"""Rules that nobody would write: refused with their places, never a crash, a hang or unbounded memory."""

import time
import tracemalloc
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.rules.writing import rule_text
from trailwarden.engine.engine import Engine
from trailwarden.engine.visibility import Visibility
from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.load import parse_rules
from trailwarden.rules.modifiers import MODIFIERS
from trailwarden.rules.ruleset import dump_rule_set, load_rule_set
from trailwarden.rules.shipped import shipped_rules_path

PATIENT = [HealthCheck.too_slow, HealthCheck.data_too_large]

LIST_AND_FILTER = """
---
name: admins
values: [alice, 'adm_*', 7]
---
title: Let the administrators pass
id: 3b3f2f43-6c19-4a54-9a36-5fb4d5d3a0c1
logsource: {product: aws, service: cloudtrail}
filter:
  rules: any
  selection: {userIdentity.userName|expand: '%admins%'}
  condition: selection
"""
SEEDS = [
    path.read_text() + LIST_AND_FILTER
    for path in sorted(shipped_rules_path().rglob("*.yml"))
    if path.stat().st_size < 4096
]
TOKENS = [
    *(f"|{name}" for name in sorted(MODIFIERS)),
    "*", "?", "\\", "%", "%admins%", "'", '"', ":", "- ", "[", "]", "{", "}", "&a ", "*a", "|", ">", "#",
    "!!str ", "null", "~", "true", "-1", "1e400", ".nan", ".inf", "0x1F", "2026-01-31", "\n", "\t", "  ",
    "---\n", "\x00", "\ufeff", "\u2028", "\ud7ff", "\U0001f600", "not ", "1 of them", "all of sel*", "(", ")",
    " and ", " or ", "any", "|all", "condition", "detection", "filter", "rules", "values", "name",
    "correlation", "trailwarden", "selection",
]  # fmt: skip


def survives(content: bytes) -> None:
    """Read, compile, warn of, write, read back and run; what is refused has a place."""
    sources, problems = parse_rules("rule.yml", content)
    rule_set, refused = compile_usable(sources)
    for problem in [*problems, *refused, *lint_rules(sources)]:
        assert isinstance(problem, Problem)
        assert problem.line >= 1
        assert problem.column >= 1
        assert len(str(problem)) < 5_000
    assert len(rule_set.rules) + len(rule_set.correlations) == len(sources) or refused
    loaded = load_rule_set(dump_rule_set(rule_set))
    engine, visibility = Engine(loaded), Visibility(loaded)
    for record in ({}, {"eventName": "StopLogging", "requestParameters": {"omitted": True}, "a": [{"b": 1}]}):
        engine.matches(record)
        visibility.rule(record)
    assert not engine.failures


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A shipped rule with a list and a filter: cut, spliced, and sprinkled with what means something."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        text = draw(
            st.sampled_from(
                [
                    text[:start] + draw(st.sampled_from(TOKENS)) + text[start:],
                    text[:start] + draw(st.sampled_from(TOKENS)) + text[end:],
                    text[:start] + text[end:],
                    text[:end] + text[start:],
                    text[:start] + draw(st.text(max_size=5)) + text[end:],
                ]
            )
        )
    content = text.encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        return content
    place = draw(st.integers(0, len(content)))
    return content[:place] + draw(st.binary(max_size=3)) + content[place + 1 :]


@settings(max_examples=400, deadline=None, suppress_health_check=PATIENT)
@given(mutated())
def test_a_mutated_rule_is_read_or_refused(content: bytes) -> None:
    survives(content)


words = st.sampled_from(
    ["", "a", "a*", "%admins%", "10.0.0.0/8", "^a", "-x", "sel", "any", "1 of them", "\\"]
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words, st.text(max_size=4))
keys = st.one_of(
    st.lists(st.sampled_from(sorted(MODIFIERS)), max_size=3).map(lambda names: "|".join(["f.g", *names])),
    st.lists(st.sampled_from(sorted(MODIFIERS)), min_size=1, max_size=2).map(lambda n: "|" + "|".join(n)),
    st.sampled_from(["condition", "sel", "sel_2", "rules", "name", "values", "timeframe", "a..b"]),
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)),
    max_leaves=10,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A rule, a filter or a list, each part of which may be anything at all."""
    document: dict[str, Any] = {
        "title": "t",
        "id": "0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10",
        "level": "low",
        "logsource": {"product": "aws", "service": "cloudtrail"},
    }
    body = draw(st.dictionaries(st.sampled_from(["sel", "sel_2", "_x"]), trees, max_size=3))
    body["condition"] = draw(st.one_of(words, trees, st.just("sel"), st.just("not sel and sel_2")))
    match draw(st.sampled_from(["rule", "filter", "list"])):
        case "rule":
            document["detection"] = draw(st.one_of(st.just(body), trees))
        case "filter":
            document["filter"] = body | {"rules": draw(trees)}
        case _:
            document = {"name": draw(scalars), "values": draw(trees)}
    for key in draw(st.lists(st.sampled_from([*document, "tags", "trailwarden", "date"]), max_size=1)):
        document[key] = draw(trees)
    return document


@settings(max_examples=300, deadline=None, suppress_health_check=PATIENT)
@given(st.lists(documents(), min_size=1, max_size=3))
def test_a_document_of_any_shape_is_read_or_refused(parts: list[dict[str, Any]]) -> None:
    text = yaml.safe_dump_all(parts, allow_unicode=True) + LIST_AND_FILTER
    survives(text.encode("utf-8", "surrogatepass"))


SEL = "sel: {f: x}\n"
DASHED = ", ".join(f"'-a{number}-b-c-d'" for number in range(4_000))
BOMBS = {
    "parentheses": rule_text(f"{SEL}condition: {'(' * 1000}sel{')' * 1000}"),
    "open parentheses": rule_text(f"{SEL}condition: {'(' * 1000}sel"),
    "nots": rule_text(f"{SEL}condition: {'not ' * 900}sel"),
    "nested": rule_text(f"{SEL}condition: {'(sel or not ' * 200}sel{')' * 200}"),
    "a long condition": rule_text(f"{SEL}condition: {'sel and ' * 20_000}sel"),
    "many conditions": rule_text(f"{SEL}condition: [{', '.join(['sel'] * 5_000)}]"),
    "selectors": rule_text(
        "".join(f"s{number}: {{f: x}}\n" for number in range(1_000))
        + f"condition: {' and '.join(['1 of them'] * 250)}"
    ),
    "a pattern of stars": rule_text(f"{'a' * 500}: {{f: x}}\ncondition: 1 of {'a*' * 1000}b"),
    "dashes": rule_text(f"sel: {{f|windash|windash: '{'-a' * 500}'}}\ncondition: sel"),
    "dashes and offsets": rule_text(
        f"sel: {{f|windash|base64offset|base64offset|contains: [{DASHED}]}}\ncondition: sel"
    ),
    "a list multiplied": rule_text("sel: {f|expand: '%l%%l%%l%%l%'}\ncondition: sel")
    + f"---\nname: l\nvalues: [{DASHED}]\n",
    "a list repeated": rule_text(f"sel: {{f|expand: [{', '.join(['%l%'] * 500)}]}}\ncondition: sel").replace(
        "%l%", "'%l%'"
    )
    + f"---\nname: l\nvalues: [{DASHED}]\n",
    "a large expression": rule_text("sel: {f|re: '((a{100}){100}){100}'}\ncondition: sel"),
    "a long expression": rule_text(f"sel: {{f|re: '{'(a|b)*' * 5_000}'}}\ncondition: sel"),
    "a long glob": rule_text(f"sel: {{f: '{'*a' * 20_000}?'}}\ncondition: sel"),
    "an endless number": rule_text(f"sel: {{f: {'9' * 4_000}, g|gt: 1e308}}\ncondition: sel"),
    "many rules under one filter": "---\n".join(
        rule_text(f"{SEL}condition: sel", rule_id=f"{number:08x}-6a0e-4e0e-9d5e-0a4b8c8f4a10")
        for number in range(200)
    )
    + LIST_AND_FILTER,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_neither_hangs_nor_fills_memory(name: str) -> None:
    tracemalloc.start()
    began = time.process_time()
    try:
        survives(BOMBS[name].encode())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert time.process_time() - began < 10
    assert peak < 64 * 1024 * 1024
