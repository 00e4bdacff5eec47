"""Scanning equals the plain way, each rule on each record, whatever the rules, records and memory are."""

import json
from io import BytesIO
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.properties.test_engine import AGENTS, IDENTITIES, PROBES, detections, values
from tests.unit.rules.writing import RULE_ID
from trailwarden.delivery.logfile import DefectReason, LogFileReader
from trailwarden.engine.decision import Limits
from trailwarden.engine.engine import Engine
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import RuleSet

TINY = Limits(values=2, value_size=2, open_rules=6)

# The fields `a` and `d` of the drawn rules and records stand for fields of a row, and for others.
places = st.fixed_dictionaries(
    {
        "a": st.sampled_from(["userIdentity", "requestParameters", "tlsDetails"]),
        "d": st.sampled_from(["readOnly", "errorCode", "userIdentity", "resources"]),
    }
)
names = st.one_of(st.sampled_from(["a", "A", "ab", "Root"]), values)
members = st.one_of(
    st.tuples(st.sampled_from(["eventName", "eventSource", "a", "d", "eventID"]), names),
    st.tuples(st.just("userIdentity"), st.sampled_from(IDENTITIES)),
    st.tuples(st.just("userAgent"), st.sampled_from(AGENTS)),
    st.tuples(st.just("errorCode"), st.sampled_from(["AccessDenied", "a", None])),
    st.tuples(st.just("requestParameters"), st.just({"userName": "a", "b": "ab"})),
)
# Members as a list: a key may stand twice.
records = st.lists(members, max_size=6)


def moved(name: str, places: dict[str, str]) -> str:
    """A field, or a rule's `field|modifiers` key, with its first step replaced."""
    path, bar, modifiers = name.partition("|")
    first, dot, rest = path.partition(".")
    return f"{places.get(first, first)}{dot}{rest}{bar}{modifiers}"


def moved_selection(selection: Any, places: dict[str, str]) -> Any:
    if isinstance(selection, dict):
        return {
            moved(name, places): moved(value, places) if "fieldref" in name else value
            for name, value in selection.items()
        }
    if isinstance(selection, list):
        return [moved_selection(part, places) for part in selection]
    return selection


def rule_set_of(drawn: list[dict[str, Any]], places: dict[str, str]) -> RuleSet:
    sources = []
    for number, detection in enumerate(drawn):
        rule = {
            "title": "A rule",
            "id": f"{number:08x}{RULE_ID[8:]}",
            "level": "low",
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {name: moved_selection(part, places) for name, part in detection.items()},
        }
        found, problems = parse_rules("rule.yml", json.dumps(rule, ensure_ascii=False).encode())
        sources += [] if problems else found
    return compile_usable(sources)[0]


def text_of(record: list[tuple[str, Any]], places: dict[str, str]) -> str:
    return f"{{{','.join(f'{json.dumps(places.get(k, k))}:{json.dumps(v)}' for k, v in record)}}}"


def check_scan(rule_set: RuleSet, content: bytes, limits: Limits | None) -> None:
    plain, fast = Engine(rule_set), Engine(rule_set, limits)
    reader = LogFileReader(BytesIO(content))
    expected = [
        (index, record, rule.id) for index, record in reader.records() for rule in plain.matches(record)
    ]

    for _ in range(2):  # nothing is remembered, and then what the first time taught
        scanned = LogFileReader(BytesIO(content))
        found = [(match.record_index, match.record, match.rule.id) for match in fast.scan(scanned)]

        assert found == expected
        assert scanned.record_count == reader.record_count
        # A number that no float holds goes unnoticed in a field that nobody looks at.
        assert scanned.defect_counts <= reader.defect_counts
        mended = {DefectReason.MENDED_RECORD}
        assert set(reader.defect_counts - scanned.defect_counts) <= mended
    assert not fast.failures


probes = [
    [("a", probe), ("eventName", "a"), ("d", PROBES[number - 3])] for number, probe in enumerate(PROBES)
]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(detections, min_size=1, max_size=4),
    st.lists(records, max_size=5),
    places,
    st.sampled_from([None, TINY]),
)
def test_a_scan_finds_what_each_rule_finds_on_each_record(
    drawn: list[dict[str, Any]],
    seen: list[list[tuple[str, Any]]],
    places: dict[str, str],
    limits: Limits | None,
) -> None:
    rule_set = rule_set_of(drawn, places)
    assume(rule_set.rules)
    content = ",".join(text_of(record, places) for record in [*seen, *probes])

    check_scan(rule_set, b'{"Records":[%b]}' % content.encode(), limits)


oddities = st.sampled_from(
    [
        b'{"eventName":"a","userIdentity":{"b":"\xff"}}',
        b'{"eventName":"a\\ud800"}',
        b'{"eventName":"a","x":"\xff"}',
        b'{"userIdentity":"text","eventName":"a"}',
        b'{"userIdentity":null,"eventName":"a"}',
        b'{"userIdentity":{"b":null},"eventName":"a"}',
        b'{"userIdentity":[{"b":"a"},{"b":{"c":"a"}}],"eventName":"a"}',
        b'{"userIdentity":{"b":{"c":["a",1]}},"eventName":"a"}',
        b'{"event\\u004eame":"a","userIdentity":{"\\u0062":"a"}}',
        b'{"userIdentity.b":"a","userIdentity":{"b.c":"a"}}',
        b'{"userIdentity":1,"userIdentity":{"b":"a"}}',
        b'{"eventName":1e999}',
        b'{"eventName":123456789012345678901234567890}',
        b'{"eventName":"A\n"}',
        b'{"eventName":tru}',
        b"7",
        b'"a"',
        b"[]",
        b'{"eventName":"a","x":[{"eventVersion":1},{"eventVersion":2}]}',
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(detections, min_size=1, max_size=3), st.lists(oddities, max_size=6), st.booleans())
def test_records_that_are_no_records_cost_the_others_nothing(
    drawn: list[dict[str, Any]], odd: list[bytes], tiny: bool
) -> None:
    rule_set = rule_set_of(drawn, {"a": "userIdentity", "d": "readOnly"})
    assume(rule_set.rules)
    whole = b'{"eventVersion":"1.11","eventName":"ab","userIdentity":{"b":"Root"},"readOnly":true}'
    content = b'{"Records":[' + b",".join([whole, *odd, whole]) + b"]}"

    check_scan(rule_set, content, TINY if tiny else None)
