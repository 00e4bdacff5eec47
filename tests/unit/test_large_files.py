"""A file that takes several runs ends in the state of one that is read in a single run, wherever runs end."""

import gzip
import json
from typing import Any

import msgspec
import pytest

from tests.ingest_world import VISIBILITY, World
from tests.samples import CREATE_RULE, MEMBER, STOP_RULE, harmless, log_file, notice, record, rule
from tests.unit.activity.credentials import ALICE, assumed
from tests.unit.activity.credentials import key as access_key
from tests.unit.test_detection_correlations import CORRELATION
from trailwarden.delivery.records import Record
from trailwarden.reading import PortionLimits
from trailwarden.rules.ruleset import Rule, RuleSet

ONE = "AAAAAAAAAAAAAAAA"
SMALL = PortionLimits(matches=30, size=40_000, sessions=20, hidden=50, records=150)
_DROPPED = ["field", "userIdentity.userName", ["is", "drill"]]
EXCEPTED: Rule = msgspec.structs.replace(
    rule(STOP_RULE, "StopLogging"),
    detection=["and", rule(STOP_RULE, "StopLogging").detection, ["not", _DROPPED]],
    filters=("drill",),
)
RULES = RuleSet((EXCEPTED,), (CORRELATION,))


def user(name: str) -> dict[str, Any]:
    arn = f"arn:aws:iam::{MEMBER}:user/{name}"
    return {"type": "IAMUser", "arn": arn, "accountId": MEMBER, "userName": name}


def mixed(number: int) -> Record | str:
    """Matches of many groups and of one, hidden ones, sessions, and what is no record."""
    minute = f"2026-03-01T{number // 60 % 24:02}:{number % 60:02}:00Z"
    match number % 11:
        case 0 | 1:
            return record(number, userIdentity=user(f"user{number % 97}"), eventTime=minute)
        case 2:
            return record(number, eventTime=minute)
        case 3:
            return record(number, userIdentity=user("drill"), eventTime=minute)
        case 4:
            return assumed(ALICE, access_key(f"k{number}"), number=number)
        case 5 if number % 33 == 5:
            return "no record"
        case _:
            return harmless(number)


MIXED = [mixed(number) for number in range(1200)]
FAULTS = MIXED.count("no record")
HIDDEN = sum(number % 11 == 3 for number in range(1200))
FILE = log_file(MIXED)
COUNTED_BY_PORTION = (
    "matches",
    "alerts",
    "hidden_matches",
    "sessions",
    "correlated",
    "ungrouped",
    "bytes",
    "rule_failures",
    "duplicates",
)


def world(**parts: Any) -> World:
    made = World(rules=RULES, limits=SMALL, seconds=0.01, **parts)
    made.send(notice(made.put(ONE, FILE)))
    return made


@pytest.fixture(scope="module")
def whole() -> World:
    """The file read in a single run."""
    made = world(timeout=1e9)
    made.settle()
    assert (made.runs, made.deaths) == (1, 0)
    return made


def assert_same(found: World, whole: World) -> None:
    """The same is stored, counted and told."""
    assert found.kept() == whole.kept()
    assert found.hidden("drill") == whole.hidden("drill") == HIDDEN
    assert found.told[-1:] == whole.told[-1:]
    assert found.tally.seen == whole.tally.seen
    assert (found.tally.files, found.tally.records, found.tally.defects) == (1, 1200 - FAULTS, FAULTS)


def test_the_file_is_what_the_test_says_it_is(whole: World) -> None:
    assert_same(whole, whole)
    tally = whole.tally
    assert tally.matches == sum(number % 11 < 3 for number in range(1200))
    assert tally.hidden_matches == HIDDEN
    assert tally.sessions == sum(number % 11 == 4 for number in range(1200))
    assert tally.correlated > 300
    ((subject, text),) = whole.told
    assert subject == "Trailwarden: a log file can be read only in part"
    assert f"and {FAULTS - 20} more" in text


@pytest.mark.parametrize("timeout", [15, 25, 40])
def test_a_file_that_takes_several_runs_ends_as_in_a_single_one(whole: World, timeout: int) -> None:
    found = world(timeout=timeout)
    found.seconds = 0.05
    found.settle()
    assert found.deaths == 0
    assert found.runs > 1
    assert_same(found, whole)
    figures = {name: getattr(found.tally, name) for name in COUNTED_BY_PORTION}
    assert figures == {name: getattr(whole.tally, name) for name in figures}
    assert found.time - 1_772_366_700.0 < VISIBILITY, "it went on at once"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.05, 0.13, 0.24, 0.37, 0.48, 0.61, 0.72, 0.86, 0.95, 0.9995])
def test_a_function_that_dies_at_any_call_of_the_table_costs_nothing(whole: World, share: float) -> None:
    found = world()
    found.die_at = int(whole.calls * share)
    found.settle()
    assert found.deaths == 1
    assert_same(found, whole)


def test_a_function_that_dies_again_and_again_after_some_progress_gets_to_the_end(whole: World) -> None:
    found = world()

    def die_soon() -> Any:
        found.die_at = found.calls + 200
        return found.detector()

    found.settle(detector=die_soon)
    assert found.deaths > 1
    assert found.parked == []
    assert_same(found, whole)


def test_what_lies_behind_is_not_judged_again(whole: World) -> None:
    found = world(timeout=20)
    found.seconds = 0.05
    found.settle()
    matches = [one for one in found.table.inserted if one["sk"]["S"].startswith("MATCH#")]
    assert found.runs > 1
    assert found.table.writes < whole.table.writes + 6 * found.runs
    assert len(matches) == len({(one["pk"]["S"], one["sk"]["S"]) for one in matches})


def test_a_file_that_ends_its_function_far_behind_is_set_aside_with_what_was_found() -> None:
    found = World(limits=SMALL)
    key = found.put(ONE, FILE)
    found.send(notice(key))
    found.die_at = 150
    found.run(found.detector())
    found.time += VISIBILITY
    found.deadly.add(key)
    found.settle()
    ((_, text),) = found.told
    assert "It was read as far as record " in text
    assert "Its events from there on\nwere not evaluated." in text
    assert "tried once more, from where it stopped." in text
    assert any(sk.startswith("MATCH#") for _, sk in found.table.items)


class TestAnotherRuleSet:
    """The live rules change between two runs."""

    NEW = RuleSet((EXCEPTED, rule(CREATE_RULE, "DescribeTrails")), (CORRELATION,))

    def test_no_match_of_a_new_rule_is_missed_and_nothing_is_counted_twice(self, whole: World) -> None:
        alone = replace_rules(world(timeout=1e9), self.NEW)
        alone.settle()
        found = world(timeout=20)
        found.seconds = 0.05
        found.run(found.detector())
        assert not found.read()
        replace_rules(found, self.NEW)
        found.settle()
        assert {key for key in found.kept() if key[1].startswith("MATCH#")} == {
            key for key in alone.kept() if key[1].startswith("MATCH#")
        }
        assert found.hidden("drill") == whole.hidden("drill")
        assert found.tally.seen == whole.tally.seen

    def test_rules_that_change_with_every_run_do_not_hold_the_file_up(self) -> None:
        found = world(timeout=20)
        found.seconds = 0.05
        runs = iter(range(1000))

        def changed() -> Any:
            title = f"Version {next(runs)}"
            replace_rules(found, RuleSet((msgspec.structs.replace(EXCEPTED, title=title),), (CORRELATION,)))
            return found.detector()

        found.settle(detector=changed)
        assert found.read()
        assert found.hidden("drill") == HIDDEN


def replace_rules(found: World, rules: RuleSet) -> World:
    found.rules = rules
    return found


@pytest.mark.parametrize(("groups", "slowness"), [("one", 0.3), ("each its own", 0.02)])
def test_half_of_a_large_file_matching_ends_in_several_runs(groups: str, slowness: float) -> None:
    def matching(number: int) -> Record:
        name = "mallory" if groups == "one" else f"user{number}"
        return record(number, userIdentity=user(name)) if number % 2 else harmless(number)

    found = World(timeout=15, seconds=slowness, limits=PortionLimits(matches=100))
    found.send(notice(found.put(ONE, log_file(matching(number) for number in range(2000)))))
    found.settle()
    assert found.read()
    assert found.deaths == 0
    assert found.runs > 1
    assert sum(sk.startswith("MATCH#") for _, sk in found.table.items) == 1000
    expected = 1 if groups == "one" else 1000
    assert sum(sk == "ALERT" for _, sk in found.table.items) == expected


def test_faults_before_a_checkpoint_are_reported_with_those_behind_it() -> None:
    records: list[Any] = [record(number) for number in range(1500)]
    for place in (3, 700, 1490):
        records[place] = "no record"
    text = json.dumps({"Records": records}, separators=(",", ":")).encode()
    found = World(timeout=30, seconds=0.3, limits=SMALL)
    found.send(notice(found.put(ONE, gzip.compress(text)[:-6])))
    found.settle()
    assert found.runs > 1
    ((_, told),) = found.told
    for place in (3, 700, 1490):
        assert f"at record {place}:" in told
    assert told.count("truncated_gzip") == 1
    assert found.tally.defects == 4


def test_a_portion_that_takes_longer_than_a_function_has_gets_through_in_smaller_ones() -> None:
    found = World(timeout=30, seconds=0.1)
    records = [record(number, userIdentity=user(f"user{number}")) for number in range(600)]
    found.send(notice(found.put(ONE, log_file(records))))
    found.settle()
    assert found.deaths > 0
    assert found.read()
    assert found.parked == []
    assert sum(sk == "ALERT" for _, sk in found.table.items) == 600
