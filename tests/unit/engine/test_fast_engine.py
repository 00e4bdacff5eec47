"""The fast way: on real records, with many patterns, with little memory, and where a rule raises."""

import json
import random
import sys
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.corpus import CORPUS, log_files, needs_corpus
from tests.samples import log_file, record, rule
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine import patterns
from trailwarden.engine.decision import Limits
from trailwarden.engine.engine import Engine
from trailwarden.engine.patterns import folded_globs, regexes
from trailwarden.engine.row import RowType, paths_in_row
from trailwarden.engine.text import compile_glob, compile_regex, fold
from trailwarden.engine.times import EventTimes
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import Level, Rule, RuleSet
from trailwarden.rules.shipped import shipped_rules_path

TINY = Limits(values=2, value_size=16, open_rules=40)


def rule_of(number: int, detection: list[Any]) -> Rule:
    return Rule(id=f"{number:06}", title=f"rule {number}", level=Level.LOW, detection=detection)


def scanned(engine: Engine, content: bytes) -> list[tuple[int, str]]:
    return [(match.record_index, match.rule.id) for match in engine.scan(LogFileReader(BytesIO(content)))]


def plainly(engine: Engine, content: bytes) -> list[tuple[int, str]]:
    records = LogFileReader(BytesIO(content)).records()
    return [(index, rule.id) for index, each in records for rule in engine.matches(each)]


@needs_corpus
@pytest.mark.parametrize("limits", [None, TINY])
def test_a_scan_equals_the_plain_way_on_every_log_file_of_the_corpus(limits: Limits | None) -> None:
    rule_set, _ = compile_usable(load_rules([CORPUS / "sigma_aws", shipped_rules_path()]))
    plain, fast = Engine(rule_set), Engine(rule_set, limits)

    found = 0
    for path in log_files():
        content = path.read_bytes()
        expected = plainly(plain, content)
        assert scanned(fast, content) == expected, path
        found += len(expected)
    assert found > 1000
    assert not fast.failures


def test_the_shipped_rules_find_the_same_in_the_sample_logs() -> None:
    rule_set, _ = compile_usable(load_rules([shipped_rules_path()]))
    samples = sorted((Path(__file__).parents[2] / "data" / "AWSLogs").rglob("*.json"))
    assert samples

    found = [scanned(Engine(rule_set), path.read_bytes()) for path in samples]

    assert found == [plainly(Engine(rule_set), path.read_bytes()) for path in samples]
    assert any(found)


def test_a_match_carries_its_whole_record() -> None:
    hit = record(1, requestParameters={"name": "trail", "deep": [{"x": None}]})

    (match,) = Engine(RuleSet(rules=(rule("a", "StopLogging"),))).scan(
        LogFileReader(BytesIO(log_file([record(2, eventName="Other"), hit])))
    )

    assert (match.record, match.record_index) == (hit, 1)
    assert match.event_time == "2026-03-01T12:00:00Z"


def test_a_rule_that_raises_is_named_and_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = (
        rule_of(1, ["field", "userAgent", ["re", "aws", ""]]),
        rule_of(2, ["field", "eventName", ["is", "StopLogging"]]),
    )
    engine = Engine(RuleSet(rules=rules))
    content = log_file([record(1), record(2)])
    assert scanned(engine, content) == [(0, "000001"), (0, "000002"), (1, "000001"), (1, "000002")]

    def raises(*_: Any) -> Any:
        raise RuntimeError("broken")

    broken = Engine(RuleSet(rules=rules))
    monkeypatch.setattr("trailwarden.engine.predicate_index.PredicateIndex.satisfied", raises)
    broken._evaluators = (
        broken._evaluators[0].__class__(rules[0], raises, None, None),
        broken._evaluators[1],
    )

    assert scanned(broken, content) == [(0, "000002"), (1, "000002")]
    (failure,) = broken.failures.values()
    assert (failure.rule_id, failure.count, failure.first_error) == ("000001", 2, "RuntimeError: broken")


@pytest.mark.parametrize(
    ("json_value", "expected"),
    [
        ("true", [1]),
        ("false", [2]),
        ("1", [3, 4]),
        ("1.0", [4, 5]),
        ("0", []),
        ('"1"', [3, 4]),
        ("null", [6]),
    ],
)
def test_truths_and_numbers_are_not_taken_for_each_other(json_value: str, expected: list[int]) -> None:
    """To Python, True, 1 and 1.0 are equal, and so the same key."""
    predicates = [["is", "true"], ["is", "false"], ["is", "1"], ["number", 1], ["is", "1.0"], ["null"]]
    for field in ("readOnly", "errorCode", "requestParameters.x"):
        rules = [
            rule_of(number, ["field", field, predicate]) for number, predicate in enumerate(predicates, 1)
        ]
        engine = Engine(RuleSet(rules=tuple(rules)))
        others = ("true", "1", "1.0", '"1"', "false", "0", "null", json_value)
        first, _, rest = field.partition(".")
        objects = [f'{{"{rest}":{other}}}' if rest else other for other in others]
        records = ",".join(f'{{"{first}":{each}}}' for each in objects)
        content = b'{"Records":[%b]}' % records.encode()

        found = [int(rule_id) for index, rule_id in scanned(engine, content) if index == len(others) - 1]

        assert found == expected, field


@pytest.mark.parametrize("size", [1, 30, 400])
@pytest.mark.parametrize("nested", ["", '[{"a":1},{"eventVersion":2},{"eventVersion":3}]'])
def test_the_needed_records_of_a_block_are_the_right_ones(size: int, nested: str) -> None:
    """Wherever in its block one stands, whatever sizes the others have, and though a boundary is nested."""
    draw = random.Random(size)  # noqa: S311
    engine = Engine(RuleSet(rules=(rule("a", "StopLogging"),)))
    for _ in range(30):
        hits = set(draw.sample(range(size), draw.randint(1, min(size, 3))))
        records = [
            {
                "eventVersion": "1.11",
                "eventName": "StopLogging" if index in hits else "Other",
                "eventID": f"{index:08}-0000-4000-8000-000000000000",
                "requestParameters": {
                    "x": "x" * draw.choice([1, 10, 3000]),
                    "y": json.loads(nested) if nested and draw.random() < 0.3 else None,
                },
            }
            for index in range(size)
        ]
        text = json.dumps({"Records": records}, separators=(",", ":"))

        found = list(engine.scan(LogFileReader(BytesIO(text.encode()))))

        assert [match.record for match in found] == [records[index] for index in sorted(hits)]
        assert [match.record_index for match in found] == sorted(hits)


def hostile(count: int) -> Iterator[dict[str, Any]]:
    draw = random.Random(7)  # noqa: S311
    for number in range(count):
        size = draw.choice([10, 400, 600])
        yield record(
            number,
            userAgent=f"{number}" + "x" * size,
            sourceIPAddress=f"10.{number % 250}.{number // 250}.1",
            errorCode=f"E{draw.randrange(10**9)}",
            userIdentity={"type": "IAMUser", "arn": f"arn:aws:iam::1:user/{number}"},
        )


def test_what_attackers_choose_does_not_fill_memory() -> None:
    rules = [rule("a", "Nothing")] + [
        rule_of(number, ["field", name, ["like", pattern]])
        for number, (name, pattern) in enumerate(
            (name, f"*{digit}{digit}*")
            for name in ("userAgent", "sourceIPAddress", "errorCode", "userIdentity.arn")
            for digit in range(10)
        )
    ]
    limits = Limits(values=64, value_size=500, open_rules=3000)
    engine = Engine(RuleSet(rules=tuple(rules)), limits)
    records = hostile(4000)

    while block := list(islice(records, 500)):
        content = log_file(block)
        assert scanned(engine, content) == plainly(engine, content)

        decision = engine._decision
        largest = max(len(key) for field in decision._fields for key in field.memo if isinstance(key, str))
        assert largest <= limits.value_size
        assert all(len(field.memo) <= limits.values for field in decision._fields)
        assert all(len(field._classes) <= limits.values for field in decision._fields)
        assert all(len(root.known) <= limits.values for root in decision.roots)
        # A block may go beyond the bound by what its own records need.
        assert decision._weight <= limits.open_rules + 500 * 50 * len(rules)
    decision.keep_small()
    assert decision._weight <= limits.open_rules
    assert len(decision._nodes) <= limits.open_rules


def test_rules_that_need_different_fields_do_not_multiply() -> None:
    """Where each had the other's branches below it, two hundred of each would make forty thousand."""
    calls = [rule_of(number, ["field", "eventName", ["is", f"Call{number}"]]) for number in range(200)]
    agents = [
        rule_of(number + 500, ["field", "userAgent", ["like", f"*agent{number}-*"]]) for number in range(200)
    ]
    engine = Engine(RuleSet(rules=(*calls, *agents)))
    content = log_file(
        record(number, eventName=f"Call{number % 200}", userAgent=f"agent{number % 199}-")
        for number in range(2000)
    )

    assert scanned(engine, content) == plainly(engine, content)
    assert len(engine._decision._nodes) < 500


@pytest.mark.parametrize(
    "layout", ['},{"eventVersion":', '}, {"eventVersion":', '},{"other":1,"eventVersion":']
)
def test_records_are_found_in_long_blocks_however_the_file_is_laid_out(layout: str) -> None:
    """Also where a nested list holds what stands between records."""
    nested = {"list": [{"eventVersion": "1"}, {"eventVersion": "2", "eventName": "StopLogging"}] * 40}
    records = [
        record(
            number,
            eventName="StopLogging" if number % 17 == 0 else "Other",
            requestParameters={"number": number, "padding": "x" * 700, **(nested if number % 5 == 0 else {})},
        )
        for number in range(300)
    ]
    text = json.dumps({"Records": records}, separators=(",", ":")).replace('},{"eventVersion":', layout)
    engine = Engine(RuleSet(rules=(rule("a", "StopLogging"),)))

    found = [
        (match.record_index, match.record["requestParameters"]["number"])
        for match in engine.scan(LogFileReader(BytesIO(text.encode())))
    ]

    assert found == [(number, number) for number in range(0, 300, 17)]


WORDS = ["alpha", "Beta", "gam?a", "*", "**", "", "?", "a*b", "*lpha", "be*", "*amm*", r"\*", "ß", "s", "a.b"]
TEXTS = ["alpha", "beta", "gamma", "", "a", "aXb", "ALPHA", "*", "ß", "ss", "a.b", "aab", "x\ny", "\x00"]


def test_many_globs_at_once_match_what_each_does() -> None:
    many = [(f"{word}{number or ''}", leaf) for leaf, word in enumerate(WORDS) for number in (0, 1, 2)]
    together = folded_globs(many)

    for text in map(fold, [*TEXTS, *(f"{text}1" for text in TEXTS)]):
        expected = {leaf for glob, leaf in many if compile_glob(fold(glob))(text)}
        assert set(together.leaves_in(text)) == expected, text


def test_many_expressions_at_once_match_what_each_does() -> None:
    many = [
        ((expression, flags), leaf)
        for leaf, expression in enumerate(["^a", "b$", "A+", "^b", "(a|b){2}", ".", "", r"\d", "x.y"])
        for flags in ("", "i", "m", "s", "ims")
    ]
    together = regexes([(pattern, number) for number, (pattern, _) in enumerate(many)])

    for text in [*TEXTS, "a\nb", "b\na", "7", "x\ny"]:
        expected = {number for number, (pattern, _) in enumerate(many) if compile_regex(*pattern)(text)}
        assert set(together.leaves_in(text)) == expected, text


def test_substrings_that_re2_has_no_memory_for_are_found_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Silent:
        """What RE2 does when it runs out of memory: nothing matches."""

        @staticmethod
        def Match(_text: str) -> list[int]:  # noqa: N802
            return []

    together = folded_globs([(f"*{number}*", number) for number in range(40)])
    monkeypatch.setattr(patterns.Substrings, "_compiled", lambda _self: Silent())

    assert set(together.leaves_in("x17x")) == {1, 7, 17}


def test_a_row_reads_what_the_record_holds() -> None:
    import msgspec

    paths = [("userIdentity", "type"), ("userIdentity", "sessionContext", "x"), ("eventName",)]
    row_type = RowType(paths_in_row([*paths, ("requestParameters", "x")]))
    assert set(row_type.getters) == {*paths, ("eventTime",)}

    row = msgspec.json.decode(
        json.dumps({"userIdentity": {"type": "Root"}, "eventName": None}), type=row_type.struct
    )

    assert [row_type.getters[path](row) for path in paths] == ["Root", msgspec.UNSET, None]
    text = msgspec.json.decode(b'{"userIdentity": "text"}', type=row_type.struct)
    assert row_type.find(text, paths[1]) is msgspec.UNSET


def test_a_field_that_is_tested_as_a_whole_is_not_taken_apart() -> None:
    inner, whole = ("userIdentity", "type"), ("userIdentity",)

    assert paths_in_row([inner, whole, ("eventName",)]) == [("eventName",)]
    wide = [("userIdentity", f"x{number}") for number in range(100)]
    assert paths_in_row([*wide, ("eventName",)]) == [("eventName",)]


def test_event_times_are_those_of_all_records() -> None:
    times = EventTimes()
    times.add(["2026-03-01T12:00:00Z", None, 7, "2026-03-01T11:00:00Z"])
    times.add(["no time", "2026-03-01T14:30:00+02:00", "2026-03-01T12:20:00Z"])
    times.add([])

    assert (times.oldest, times.newest) == ("2026-03-01T11:00:00Z", "2026-03-01T12:30:00Z")


def test_importing_the_engine_needs_no_pysigma() -> None:
    import subprocess

    code = "import sys, trailwarden.engine.engine; sys.exit('sigma' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
