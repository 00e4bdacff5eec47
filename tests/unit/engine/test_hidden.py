"""What exceptions hide: found beside the matches, at no price where there are none."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest

from tests.corpus import CORPUS, needs_corpus
from tests.samples import harmless, record
from tests.unit.rules.test_filters import filter_text
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.records import Record
from trailwarden.engine.decision import Decision
from trailwarden.engine.engine import Engine
from trailwarden.engine.hidden import HiddenMatches
from trailwarden.engine.match import Match
from trailwarden.errors import RuleSetError
from trailwarden.rules.compile import compile_rules, compile_usable
from trailwarden.rules.load import parse_rules, read_rules
from trailwarden.rules.ruleset import VISIBILITY_RULE_ID, Level, Node, Rule, RuleSet

RULE = """title: Stopped
id: 6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b01
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  sel: {eventName: StopLogging}
  condition: sel
"""
MALLORY = filter_text(selections="sel: {userIdentity.userName: mallory}")
OFFICE = filter_text(selections="sel: {sourceIPAddress: 203.0.113.7}", extra="id: office\n")


def rule_set(text: str) -> RuleSet:
    sources, problems = parse_rules("rule.yml", text.encode())
    assert not problems, problems
    return compile_rules(sources)


def scanned(engine: Engine, records: list[Record]) -> tuple[list[int], HiddenMatches]:
    """The indexes of the records that match, and what was hidden."""
    hidden = HiddenMatches()
    reader = LogFileReader(BytesIO(json.dumps({"Records": records}).encode()))
    return [match.record_index for match in engine.scan(reader, hidden=hidden)], hidden


def eve(number: int, **fields: object) -> Record:
    return record(number, userIdentity={"type": "IAMUser", "userName": "eve"}, **fields)


def test_each_exception_counts_what_it_hides_by_day_of_the_event() -> None:
    records = [
        record(1),
        record(2, eventTime="2026-03-02T00:00:00Z"),
        harmless(3),
        eve(4),
        eve(5, sourceIPAddress="198.51.100.1"),
        record(6, eventTime="soon"),
    ]

    matched, hidden = scanned(Engine(rule_set(RULE + MALLORY + OFFICE)), records)

    assert matched == [4]
    assert hidden.total == 7
    assert hidden.by_day("2026-03-09") == {
        ("Let it pass", "2026-03-01"): 1,
        ("Let it pass", "2026-03-02"): 1,
        ("Let it pass", "2026-03-09"): 1,
        ("office", "2026-03-01"): 2,
        ("office", "2026-03-02"): 1,
        ("office", "2026-03-09"): 1,
    }


def test_an_event_that_stands_twice_in_a_file_is_hidden_once() -> None:
    _, hidden = scanned(Engine(rule_set(RULE + MALLORY)), [record(1), record(1), record(2)])

    assert hidden.by_day("") == {("Let it pass", "2026-03-01"): 2}


def test_a_scan_that_asks_for_nothing_hidden_tells_the_same() -> None:
    engine = Engine(rule_set(RULE + MALLORY))
    reader = LogFileReader(BytesIO(json.dumps({"Records": [record(1), eve(2)]}).encode()))

    assert [match.record_index for match in engine.scan(reader)] == [1]


def test_without_exceptions_nothing_is_decided_besides_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    class Spy(Decision):
        def __init__(self, rules: tuple[Node, ...], limits: None) -> None:
            given.append(len(rules))
            super().__init__(rules, limits)

    monkeypatch.setattr("trailwarden.engine.engine.Decision", Spy)
    matched, hidden = scanned(Engine(rule_set(RULE)), [record(1)])

    assert (given, matched, hidden.total) == ([1], [0], 0)


def test_where_the_fast_way_fails_the_plain_one_finds_what_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(rule_set(RULE + MALLORY))

    def fail(*_: object) -> list[int]:
        raise RecursionError

    monkeypatch.setattr("trailwarden.engine.sieve.Sifted.rules", fail)
    matched, hidden = scanned(engine, [record(1), eve(2)])

    assert (matched, hidden.by_day("")) == ([1], {("Let it pass", "2026-03-01"): 1})


def test_a_rule_set_whose_filters_are_not_told_apart_is_refused() -> None:
    rule = Rule(id="a", title="t", level=Level.LOW, detection=["field", "f", ["null"]], filters=("x",))

    with pytest.raises(RuleSetError, match="Compile it again"):
        Engine(RuleSet(rules=(rule,)))


@needs_corpus
def test_told_and_hidden_on_the_corpus_are_what_matches_without_exceptions(tmp_path: Path) -> None:
    (tmp_path / "exception.yml").write_text(
        filter_text(selections="sel: {userIdentity.type: [IAMUser, Root]}").removeprefix("---\n")
    )
    rules = CORPUS / "sigma_aws"
    everything = Engine(compile_usable(read_rules([rules])[0])[0])
    filtered = Engine(compile_usable(read_rules([rules, tmp_path])[0])[0])
    told = hidden = matched = 0
    for file in sorted((CORPUS / "AWSLogs").rglob("*.json.gz"))[::4]:
        found = HiddenMatches()
        with file.open("rb") as stream:
            told += _told(filtered.scan(LogFileReader(stream), hidden=found))
        with file.open("rb") as stream:
            matched += _told(everything.scan(LogFileReader(stream)))
        hidden += found.total

    assert told + hidden == matched
    assert told
    assert hidden


def _told(matches: Iterator[Match]) -> int:
    """Different matches, but for those of the built-in rule."""
    return len({match.id for match in matches if match.rule.id != VISIBILITY_RULE_ID})
