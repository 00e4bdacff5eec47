"""The fast way decides by itself: whatever raises in it is decided by the plain way, which would hide a fault
in it behind right results that come late."""

from itertools import permutations
from typing import Any

import pytest

from tests.corpus import CORPUS, log_files, needs_corpus
from tests.samples import log_file, record
from tests.unit.engine.test_fast_engine import plainly, rule_of, scanned
from trailwarden.engine import patterns
from trailwarden.engine.engine import Engine
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.shipped import shipped_rules_path


def alone(monkeypatch: pytest.MonkeyPatch, rule_set: RuleSet, *contents: bytes) -> None:
    """Scans equal the plain way, which they must not ask."""
    plain = Engine(rule_set)
    expected = [plainly(plain, content) for content in contents]
    fast = Engine(rule_set)
    monkeypatch.setattr(fast, "matches", None)  # whoever calls it fails
    assert [scanned(fast, content) for content in contents] == expected
    assert any(expected)


@needs_corpus
def test_no_real_record_and_no_public_rule_needs_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    rule_set, _ = compile_usable(load_rules([CORPUS / "sigma_aws", shipped_rules_path()]))
    alone(monkeypatch, rule_set, *(path.read_bytes() for path in log_files()))


def many(field: str, kind: str, texts: list[str]) -> list[Any]:
    return ["or", *(["field", field, [kind, text, *([""] if kind == "re" else [])]] for text in texts)]


WORDS = [f"word{number}" for number in range(patterns.FEW * 3)]
DETECTIONS: list[list[Any]] = [
    ["field", "eventName", ["is", "StopLogging"]],
    ["field", "requestParameters.name", ["is", "main"]],
    ["field", "requestParameters.list", ["is", "b"]],
    ["keyword", ["like", "*needle*"]],
    ["not", ["keyword", ["like", "*needle*"]]],
    ["fieldref", "requestParameters.name", "requestParameters.other", "is"],
    ["and", ["field", "eventName", ["is", "StopLogging"]], ["field", "requestParameters.n", ["gt", 5]]],
    many("userAgent", "like", [f"*{word}*" for word in WORDS]),
    many("userAgent", "re", [f"{word}$" for word in WORDS]),
    many("requestParameters.name", "like", [f"{word}*" for word in WORDS]),
    many("requestParameters.list", "re", [f"^{word}" for word in WORDS]),
    ["field", "requestParameters.gone", ["null"]],
    ["field", "responseElements", ["exists"]],
    ["field", "readOnly", ["is", "true"]],
    ["field", "readOnly", ["number", 1]],
    ["field", "managementEvent", ["is", "false"]],
]
RECORDS = [
    record(1, requestParameters={"name": "main", "other": "MAIN", "n": 6, "list": ["a", "b"]}),
    record(2, requestParameters={"name": "word7 and more", "list": ["a", "word9"]}, readOnly=True),
    record(3, userAgent="a word11 in it", requestParameters={"deep": {"er": ["a needle here"]}}),
    record(4, userAgent="ends with word23", requestParameters=None, managementEvent=False),
    record(5, eventName="Other", requestParameters={"n": 9, "list": []}, responseElements={}),
    record(6, requestParameters={"list": [["b"], {"c": "b"}], "name": ["main", "x"]}, readOnly="true"),
]


def test_every_form_of_condition_is_decided_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    rule_set = RuleSet(tuple(rule_of(number, detection) for number, detection in enumerate(DETECTIONS)))
    alone(monkeypatch, rule_set, log_file(RECORDS), log_file(RECORDS[::-1]))


@pytest.mark.parametrize("values", list(permutations([True, 1, 1.0, "true"], 3)), ids=str)
@pytest.mark.parametrize("field", ["readOnly", "managementEvent", "sessionCredentialFromConsole"])
def test_what_python_calls_equal_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, field: str, values: tuple[Any, ...]
) -> None:
    """`True == 1 == 1.0` in Python, and in nobody's records: what was seen first must not decide the next."""
    conditions: list[list[Any]] = [["field", field, ["is", "true"]], ["field", field, ["number", 1]]]
    rule_set = RuleSet(tuple(rule_of(number, condition) for number, condition in enumerate(conditions)))
    seen = [*values, *(not value if value is True else value for value in values)]
    alone(monkeypatch, rule_set, log_file([record(at, **{field: value}) for at, value in enumerate(seen)]))
