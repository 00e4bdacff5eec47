"""The engine equals the naive evaluator on rules and records that nobody thought of."""

import json
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.engine.reference import reference
from tests.unit.rules.writing import RULE_ID
from trailwarden.engine.engine import Engine
from trailwarden.engine.text import compile_glob, escape_glob, fold
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import dump_rule_set, load_rule_set
from trailwarden.rules.source import RuleSource

WORDS = [
    "",
    "a",
    "A",
    "ab",
    "aab",
    "b",
    "Root",
    "null",
    "true",
    "1",
    "10",
    "1.5",
    "10.0.0.1",
    "::ffff:10.0.0.1",
    "2026-03-01T23:05:59Z",
    "2026-03-02",
    "a\0b\0",
    "YWI=",
    "\u2013a",
    "ß",
    "k\u212a",
    "a\nb",
    "denied",
    "person",
    "Terraform",
]
PATTERNS = [*WORDS, "*", "a*", "*b", "a*b", "a?b", "?", "*a*b*", "*a*a*", r"a\*", r"\\*", "**", "?*"]
NORMALISED = [
    "action.outcome",
    "actor",
    "actor.name",
    "actor.nature",
    "targets",
    "tool",
    "origin.attack_tool",
]
NAMES = ["eventName", "eventSource", "a", "a.b", "a.b.c", "d", *NORMALISED]

# What normalised fields are read from.
IDENTITIES: list[Any] = [
    {"type": "IAMUser", "userName": "a"},
    {"type": "IAMUser", "userName": "unknown"},
    {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/ab/Root"},
    {"type": "SAMLUser", "userName": "b"},
    {"type": "Root", "accountId": "1"},
    {},
    "Root",
    None,
]
AGENTS = ["Terraform/1.9.5", "Pacu", "aws-cli/2.31.0", "a", "", None, 1]

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 12), st.sampled_from([0.5, 1.0, 1.5]), st.sampled_from(WORDS)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["b", "c", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
records = st.fixed_dictionaries(
    {},
    optional={
        "eventName": st.one_of(st.sampled_from(["a", "A", "ab", "Root"]), values),
        "eventSource": st.one_of(st.sampled_from(["a", "b", "Root"]), values),
        "a": values,
        "d": values,
        "userIdentity": st.sampled_from(IDENTITIES),
        "userAgent": st.sampled_from(AGENTS),
        "errorCode": st.sampled_from(["AccessDenied", "a", None, 7]),
        "requestParameters": st.sampled_from([{"userName": "a"}, {"bucketName": ["a", "ab"]}, "a", None]),
    },
)

texts = st.sampled_from(PATTERNS)
some = st.one_of(texts, st.lists(texts, min_size=1, max_size=3))
plain = st.one_of(texts, scalars)
items = st.one_of(
    st.tuples(st.just(""), st.one_of(plain, st.lists(plain, min_size=1, max_size=3))),
    st.tuples(
        st.sampled_from(
            [
                "|contains",
                "|startswith",
                "|endswith",
                "|cased",
                "|contains|cased",
                "|neq",
                "|contains|all",
                "|all",
            ]
        ),
        some,
    ),
    st.tuples(
        st.sampled_from(
            [
                "|windash",
                "|windash|contains",
                "|wide",
                "|utf16be",
                "|utf16|base64",
                "|base64",
                "|base64offset|contains",
            ]
        ),
        st.sampled_from([*WORDS, "-a", "/a"]),
    ),
    st.tuples(
        st.sampled_from(["|re", "|re|i", "|re|s", "|re|m"]),
        st.sampled_from(["a", "^a", "a.b", "^b", "A+", "[0-9]{2}"]),
    ),
    st.tuples(st.sampled_from(["|lt", "|lte", "|gt", "|gte", "|gt|neq"]), st.sampled_from([0, 1, 1.5, 10])),
    st.tuples(st.just("|exists"), st.booleans()),
    st.tuples(
        st.sampled_from(["|cidr", "|cidr|neq"]),
        st.sampled_from(["10.0.0.0/8", "10.0.0.1/32", "::/0", "::ffff:10.0.0.0/104"]),
    ),
    st.tuples(
        st.sampled_from(["|hour", "|hour|gte", "|day", "|day|neq", "|week", "|month|lt", "|minute", "|year"]),
        st.sampled_from([1, 2, 3, 5, 9, 10, 23]),
    ),
    st.tuples(
        st.sampled_from(["|expand", "|expand|contains", "|expand|neq", "|expand|all", "|expand|cased"]),
        st.sampled_from(
            ["%words%", "a%words%", ["%words%", "b"], "%words%%numbers%", r"\%words%", "%numbers%"]
        ),
    ),
    st.tuples(
        st.sampled_from(["|expand|re", "|expand|re|i"]),
        st.sampled_from(["^%words%", "%words%$", "%numbers%"]),
    ),
    st.tuples(
        st.sampled_from(["|fieldref", "|fieldref|startswith", "|fieldref|contains", "|fieldref|neq"]),
        st.sampled_from(NAMES),
    ),
)
fields = st.tuples(st.sampled_from(NAMES), items).map(lambda drawn: (drawn[0] + drawn[1][0], drawn[1][1]))
maps = st.lists(fields, min_size=1, max_size=3).map(dict)
keywords = st.lists(st.sampled_from([word for word in PATTERNS if word]), min_size=1, max_size=2)
selections = st.one_of(maps, st.lists(maps, min_size=1, max_size=2), keywords)
conditions = st.recursive(
    st.sampled_from(["s1", "s2", "f1", "1 of s*", "all of s*", "1 of them", "all of them"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda drawn: f"({''.join(drawn)})"),
        inner.map(lambda text: f"not {text}"),
    ),
    max_leaves=5,
)
detections = st.fixed_dictionaries(
    {"s1": selections, "s2": selections, "f1": selections, "condition": conditions}
)


PROBES: list[Any] = [
    *WORDS,
    None,
    True,
    False,
    0,
    1,
    1.5,
    10,
    [],
    {},
    ["b", "A"],
    {"b": "a"},
    [None, {"b": ["AB"]}],
]
POOL = (
    [
        {"a": probe, "d": PROBES[index - 3], "eventName": PROBES[index - 5], "eventSource": PROBES[index - 7]}
        for index, probe in enumerate(PROBES)
    ]
    + [
        {"eventName": name, "eventSource": source}
        for name in ("a", "A", "ab", "1")
        for source in ("a", "b", "Root")
    ]
    + [
        {"eventName": name, "userIdentity": identity, "userAgent": agent, "errorCode": code}
        for name, code in (("a", "AccessDenied"), ("DeleteUser", None))
        for identity in IDENTITIES
        for agent in AGENTS[:3]
    ]
)


LISTS = b"""
---
name: words
values: [a, 'a*', Root, 'b?']
---
name: numbers
values: [1, 10, true]
"""


def check_against_reference(
    detection: dict[str, Any], seen: list[dict[str, Any]], filtering: dict[str, Any] | None = None
) -> None:
    content = rule_file(detection) + LISTS
    if filtering is not None:
        content += b"---\n" + filter_file(filtering)
    sources, problems = parse_rules("rule.yml", content)
    assume(not problems)
    rule_set, refused = compile_usable(sources)
    assume(not refused)

    engine = Engine(load_rule_set(dump_rule_set(rule_set)))
    (source,) = (each for each in sources if isinstance(each, RuleSource))
    assume(not any(each.says_what_remains for each in source.filters))
    holds = reference(source.rule, *(each.detections for each in source.filters))

    for record in seen:
        assert bool(engine.matches(record)) is holds(record), (rule_set.rules[0].detection, record)
    assert not engine.failures


def rule_file(detection: dict[str, Any]) -> bytes:
    """JSON is YAML."""
    rule = {
        "title": "A rule",
        "id": RULE_ID,
        "level": "low",
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": detection,
    }
    return json.dumps(rule, ensure_ascii=False).encode()


def filter_file(detection: dict[str, Any]) -> bytes:
    """A filter of every rule."""
    body = {"title": "A filter", "logsource": {"product": "aws"}, "filter": {"rules": "any", **detection}}
    return json.dumps(body, ensure_ascii=False).encode()


@settings(max_examples=200, deadline=None)
@given(detections, detections, st.lists(records, max_size=2))
def test_the_engine_equals_the_naive_evaluator_under_a_filter(
    detection: dict[str, Any], filtering: dict[str, Any], seen: list[dict[str, Any]]
) -> None:
    check_against_reference(detection, [*seen, *POOL], filtering)


@settings(max_examples=300, deadline=None)
@given(detections, st.lists(records, max_size=4))
def test_the_engine_equals_the_naive_evaluator(detection: dict[str, Any], seen: list[dict[str, Any]]) -> None:
    check_against_reference(detection, [*seen, *POOL])


@settings(max_examples=400, deadline=None)
@given(items, values)
def test_one_item_equals_the_naive_evaluator_on_every_kind_of_value(
    item: tuple[str, Any], value: Any
) -> None:
    detection = {"s": {f"a{item[0]}": item[1]}, "condition": "s"}

    check_against_reference(
        detection, [{}, {"a": value, "d": "a"}, *({"a": probe, "d": "b"} for probe in PROBES)]
    )


calls = st.tuples(
    st.sampled_from(["eventName", "eventSource"]),
    st.lists(st.sampled_from(["a", "A", "b", "ab", "Root", "a*"]), min_size=1, max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(calls, min_size=1, max_size=2).map(dict), min_size=3, max_size=3), conditions)
def test_the_index_of_calls_leaves_no_match_out(parts: list[dict[str, Any]], condition: str) -> None:
    detection = dict(zip(["s1", "s2", "f1"], parts, strict=True)) | {"condition": condition}

    check_against_reference(detection, POOL)


@given(st.text(max_size=20), st.text(max_size=20))
def test_folding_keeps_length_and_a_literal_globs_itself_alone(text: str, other: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)
    matches = compile_glob(escape_glob(text))
    assert matches(text)
    assert matches(other) is (text == other)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reading_of_rules(content: bytes) -> None:
    sources, problems = parse_rules("rule.yml", content)

    assert sources or problems


yaml_like = st.recursive(
    st.one_of(scalars, st.sampled_from(PATTERNS), st.integers(), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["a", "a|re", "b|contains|all", "|all", "c|cidr", "condition", "x|y"]), inner
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "detection",
                "title",
                "id",
                "level",
                "tags",
                "status",
                "trailwarden",
                "logsource",
                "references",
                "date",
                "related",
            ]
        ),
        yaml_like,
    ),
    st.booleans(),
)
def test_no_rule_however_odd_crashes_the_compiler(odd: dict[str, Any], framed: bool) -> None:
    frame = json.loads(rule_file({"s": {"a": "b"}, "condition": "s"})) if framed else {}
    sources, problems = parse_rules("rule.yml", json.dumps(frame | odd).encode())

    assert sources or problems
    rule_set, refused = compile_usable(sources)
    assert len(rule_set.rules) == len(sources) or refused
