"""Exceptions: what is told and what is hidden are together what the rules match without them."""

import json
from io import BytesIO
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.properties.test_engine import detections
from tests.properties.test_fast_engine import TINY, moved_selection, places, records, text_of
from tests.unit.rules.writing import RULE_ID
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.records import event_identity
from trailwarden.engine.engine import Engine
from trailwarden.engine.hidden import HiddenMatches
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import RuleSet, dump_rule_set, load_rule_set
from trailwarden.rules.source import Source

LOG_SOURCE = {"product": "aws", "service": "cloudtrail"}
Drawn = list[dict[str, Any]]


def documents(rules: Drawn, filters: Drawn, places: dict[str, str]) -> tuple[list[str], list[str]]:
    """The rules, and the filters (each over every rule), one JSON text each."""
    bodies = [
        {name: moved_selection(part, places) for name, part in detection.items()}
        for detection in [*rules, *filters]
    ]
    rule_texts = [
        {
            "title": "A rule",
            "id": f"{number:08x}{RULE_ID[8:]}",
            "level": "low",
            "logsource": LOG_SOURCE,
            "detection": body,
        }
        for number, body in enumerate(bodies[: len(rules)])
    ]
    filter_texts = [
        {"title": f"F{number}", "logsource": LOG_SOURCE, "filter": {"rules": "any", **body}}
        for number, body in enumerate(bodies[len(rules) :])
    ]
    return (
        [json.dumps(each, ensure_ascii=False) for each in rule_texts],
        [json.dumps(each, ensure_ascii=False) for each in filter_texts],
    )


def sound(texts: list[str], beside: str) -> list[str]:
    """The documents that can be read, each beside a rule that can."""
    return [text for text in texts if not parse_rules("one.yml", f"{text}\n---\n{beside}".encode())[1]]


def compiled(texts: list[str]) -> RuleSet:
    sources: list[Source] = parse_rules("rules.yml", "\n---\n".join(texts).encode())[0]
    return load_rule_set(dump_rule_set(compile_usable(sources)[0]))


ANY_RULE = json.dumps(
    {
        "title": "Any",
        "id": f"ffffffff{RULE_ID[8:]}",
        "level": "low",
        "logsource": LOG_SOURCE,
        "detection": {"sel": {"eventName": "a"}, "condition": "sel"},
    }
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(detections, min_size=1, max_size=3),
    st.lists(detections, min_size=1, max_size=3),
    st.lists(records, max_size=5),
    places,
    st.sampled_from([None, TINY]),
)
def test_told_and_hidden_together_are_what_matches_without_exceptions(
    rules: Drawn, filters: Drawn, seen: list[list[tuple[str, Any]]], places: dict[str, str], limits: Any
) -> None:
    rule_texts, filter_texts = documents(rules, filters, places)
    rule_texts, filter_texts = sound(rule_texts, ANY_RULE), sound(filter_texts, ANY_RULE)
    assume(filter_texts)
    bare, filtered = compiled([*rule_texts, ANY_RULE]), compiled([*rule_texts, ANY_RULE, *filter_texts])
    assume(filtered.exceptions)
    content = f'{{"Records":[{",".join(text_of(record, places) for record in seen)}]}}'.encode()
    everything, plain, fast = Engine(bare), Engine(filtered), Engine(filtered, limits)

    expected_hidden = set()
    expected_told = []
    for index, record in LogFileReader(BytesIO(content)).records():
        matched = {rule.id for rule in everything.matches(record)}
        told = [rule.id for rule in plain.matches(record)]
        hidden = plain.hidden(record)
        assert set(told) | {each.rule.id for each in hidden} == matched
        assert not set(told) & {each.rule.id for each in hidden}
        expected_told += [(index, rule_id) for rule_id in told]
        identity = event_identity(record)
        expected_hidden |= {(each.exception_id, each.rule.id, identity) for each in hidden}

    for _ in range(2):  # nothing is remembered, and then what the first time taught
        found = HiddenMatches()
        scanned = [
            (match.record_index, match.rule.id)
            for match in fast.scan(LogFileReader(BytesIO(content)), hidden=found)
        ]
        assert scanned == expected_told
        assert found.total == len(expected_hidden)
        by_exception = {each: 0 for each, _, _ in expected_hidden}
        for each, _, _ in expected_hidden:
            by_exception[each] += 1
        assert _summed(found.by_day("unknown")) == by_exception
    assert not fast.failures


def _summed(by_day: dict[tuple[str, str], int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (exception_id, _), count in by_day.items():
        sums[exception_id] = sums.get(exception_id, 0) + count
    return sums
