"""Records that somebody learns from beside the rules: the same on both ways, at no price for the others."""

import json
from io import BytesIO

import pytest

from tests.samples import STOP_RULE, harmless, record, rule
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.records import Record
from trailwarden.engine.decision import Decision
from trailwarden.engine.engine import Engine
from trailwarden.engine.hidden import HiddenMatches
from trailwarden.rules.ruleset import Node, Rule, RuleSet

LESSON: Node = ["field", "eventName", ["is", "AssumeRole", "StopLogging"]]
STOPPED = rule(STOP_RULE, "StopLogging")
EXCEPTED = Rule(
    id=STOP_RULE,
    title="Stopped",
    level=STOPPED.level,
    detection=["and", STOPPED.detection, ["not", ["field", "userIdentity.userName", ["is", "mallory"]]]],
    filters=("drill",),
)


class Pupil:
    """Remembers what it was taught."""

    def __init__(self) -> None:
        self.taught: list[Record] = []

    def scan(self, engine: Engine, *records: Record) -> tuple[list[int], HiddenMatches]:
        hidden = HiddenMatches()
        reader = LogFileReader(BytesIO(json.dumps({"Records": records}).encode()))
        found = engine.scan(reader, hidden=hidden, teach=self.taught.append)
        return [match.record_index for match in found], hidden


RECORDS = (record(1), harmless(2), record(3, eventName="AssumeRole"), harmless(4))


@pytest.mark.parametrize("rules", [(), (STOPPED,)], ids=["no rule", "a rule"])
def test_records_that_meet_the_lesson_are_given_whether_a_rule_matches_or_not(
    rules: tuple[Rule, ...],
) -> None:
    engine = Engine(RuleSet(rules=rules), lesson=LESSON)
    for _ in range(2):  # nothing is remembered, and then what the first time taught
        pupil = Pupil()
        matched, _ = pupil.scan(engine, *RECORDS)
        assert pupil.taught == [RECORDS[0], RECORDS[2]] == [each for each in RECORDS if engine.teaches(each)]
        assert matched == ([0] if rules else [])


def test_what_an_exception_hides_is_taught_and_counted() -> None:
    pupil = Pupil()
    matched, hidden = pupil.scan(Engine(RuleSet(rules=(EXCEPTED,)), lesson=LESSON), *RECORDS)
    assert (matched, hidden.total, len(pupil.taught)) == ([], 1, 2)


def test_a_scan_that_learns_nothing_finds_the_same() -> None:
    engine = Engine(RuleSet(rules=(STOPPED,)), lesson=LESSON)
    reader = LogFileReader(BytesIO(json.dumps({"Records": RECORDS}).encode()))
    assert [match.record_index for match in engine.scan(reader)] == [0]


def test_an_engine_without_a_lesson_decides_nothing_besides_its_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[int] = []

    class Spy(Decision):
        def __init__(self, detections: tuple[Node, ...], limits: None) -> None:
            given.append(len(detections))
            super().__init__(detections, limits)

    monkeypatch.setattr("trailwarden.engine.engine.Decision", Spy)
    pupil = Pupil()
    pupil.scan(Engine(RuleSet(rules=(STOPPED,))), *RECORDS)
    assert (given, pupil.taught) == ([1], [])


def test_where_the_fast_way_fails_the_plain_one_teaches(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[int]:
        raise RecursionError

    monkeypatch.setattr("trailwarden.engine.sieve.Sifted.rules", fail)
    pupil = Pupil()
    matched, hidden = pupil.scan(Engine(RuleSet(rules=(EXCEPTED,)), lesson=LESSON), *RECORDS)
    assert (matched, hidden.total, len(pupil.taught)) == ([], 1, 2)


def test_what_the_pupil_raises_ends_the_scan() -> None:
    def full(_: Record) -> None:
        raise OSError("full")

    reader = LogFileReader(BytesIO(json.dumps({"Records": RECORDS}).encode()))
    engine = Engine(RuleSet(rules=(STOPPED,)), lesson=LESSON)
    with pytest.raises(OSError, match="full"):
        list(engine.scan(reader, teach=full))


def test_a_lesson_that_the_engine_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown condition"):
        Engine(RuleSet(rules=()), lesson=["sometimes"])
