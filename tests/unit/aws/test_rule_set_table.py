"""Rule sets in DynamoDB: the same as in memory, and of two that publish at once one."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier, Lock
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.errors import Problem
from trailwarden.state.memory_rule_sets import MemoryRuleSetStore
from trailwarden.state.rule_sets import (
    LiveException,
    LivePointer,
    Publication,
    PublicationKind,
    Refusal,
    RuleSetStore,
)

NOON = 1_772_366_400.0
PUBLICATION = Publication(
    sequence=1,
    version="a" * 16,
    kind=PublicationKind.PUBLISH,
    published_at="2026-03-01T12:00:00Z",
    published_by="AWS:AIDAADA",
    sources="b" * 16,
    team="c" * 16,
    shipped="d" * 16,
    claimed_author="Åsa",
    note="quieter",
    origin="submissions/s1.zip@v1",
    changes=("added: rule 'One'",),
    warnings=(Problem("a.yml", 1, 2, "hardly", "mend"),),
    replaced=("b.yml (version v1)",),
    exceptions={"x": LiveException("X", "ada", "2026-03-01", "2026-12-31")},
    overrides=("root_used: switched off",),
)
REFUSAL = Refusal(
    id="1",
    origin="team",
    refused_at="2026-03-01T12:00:00Z",
    published_by="AWS:AIDABOB",
    reason="it has mistakes.",
    problems=(Problem("a.yml", 1, 2, "wrong", "mend"),),
)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, "alerts")
        yield client


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest, clock: Clock, dynamodb: Any) -> RuleSetStore:
    if request.param == "memory":
        return MemoryRuleSetStore(clock)
    return RuleSetTable(dynamodb, "alerts", now=clock)


def number(sequence: int, **other: Any) -> Publication:
    return replace(PUBLICATION, sequence=sequence, **other)


def test_a_publication_is_read_back_as_it_was(store: RuleSetStore) -> None:
    assert store.live() is None
    assert store.publish(PUBLICATION, mirrored=False)
    assert store.publication(1) == PUBLICATION
    assert store.live() == LivePointer(1, "a" * 16, False, "2026-03-01T12:00:00Z", "AWS:AIDAADA")


def test_the_pointer_moves_only_from_the_number_before(store: RuleSetStore) -> None:
    assert not store.publish(number(2), mirrored=True)
    assert store.publish(number(1), mirrored=True)
    assert not store.publish(number(1, version="f" * 16), mirrored=True)
    assert not store.publish(number(3), mirrored=True)
    assert store.publish(number(2, version="e" * 16), mirrored=True)
    live = store.live()
    assert live is not None
    assert (live.sequence, live.version) == (2, "e" * 16)
    assert store.publication(3) is None


def test_the_same_write_that_comes_again_succeeds(store: RuleSetStore) -> None:
    assert store.publish(number(1), mirrored=False)
    assert store.publish(number(1), mirrored=False)


def test_only_what_is_live_becomes_mirrored(store: RuleSetStore) -> None:
    store.publish(number(1), mirrored=False)
    store.publish(number(2), mirrored=False)
    store.mark_mirrored(1)
    assert store.live() == number(2).pointer(mirrored=False)
    store.mark_mirrored(2)
    assert store.live() == number(2).pointer(mirrored=True)


def test_history_is_newest_first_and_goes_on_from_a_number(store: RuleSetStore) -> None:
    for sequence in range(1, 13):
        store.publish(number(sequence), mirrored=True)
    assert [each.sequence for each in store.history(3)] == [12, 11, 10]
    assert [each.sequence for each in store.history(3, before=10)] == [9, 8, 7]
    assert store.history(3, before=1) == []


def test_refusals_are_kept_by_origin_and_the_newest_comes_first(store: RuleSetStore) -> None:
    later = replace(REFUSAL, origin="submissions/s1.zip@v1", refused_at="2026-03-01T13:00:00Z")
    store.record_refusal(REFUSAL)
    store.record_refusal(later)
    store.record_refusal(replace(REFUSAL, id="2"))
    assert list(store.refusals()) == [later, replace(REFUSAL, id="2")]
    assert store.refusal("team") == replace(REFUSAL, id="2")
    store.clear_refusal("team")
    store.clear_refusal("team")
    assert list(store.refusals()) == [later]


def test_of_many_large_refusals_the_newest_alone_are_read(store: RuleSetStore) -> None:
    problems = tuple(Problem("a.yml", line, 2, "wrong " * 20, "mend") for line in range(400))
    for number in range(60):
        at = f"2026-03-01T12:{number * 7 % 60:02}:00Z"
        origin = f"submissions/s{number:02}.zip@v1"
        store.record_refusal(replace(REFUSAL, origin=origin, refused_at=at, problems=problems))
    newest = store.refusals(limit=3)
    assert [each.refused_at[14:16] for each in newest] == ["59", "58", "57"]
    assert newest[0].problems == problems
    assert [each.origin for each in store.refusals("submissions/s17.zip")] == ["submissions/s17.zip@v1"]
    assert list(store.refusals("submissions/s99.zip")) == []
    assert len(store.refusals()) == 20


def test_a_fact_is_told_until_it_is_forgotten(store: RuleSetStore, clock: Clock) -> None:
    assert not store.told("fact")
    store.mark_told("fact", days=2)
    clock.time += 86_400
    assert store.told("fact")
    clock.time += 2 * 86_400
    assert not store.told("fact")


class Atomic:
    """moto checks conditions and writes in two steps; as in DynamoDB, nothing comes between them here."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._lock = Lock()

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            with self._lock:
                return getattr(self._dynamodb, name)(**request)

        return call


def test_of_two_that_publish_at_once_one_is_first(dynamodb: Any, clock: Clock) -> None:
    """Threads on one table, many times: pointer and history always name the same winner."""
    store = RuleSetTable(Atomic(dynamodb), "alerts", now=clock)
    with ThreadPoolExecutor(4) as pool:
        for sequence in range(1, 11):
            barrier = Barrier(4)

            def attempt(who: int, sequence: int = sequence, barrier: Barrier = barrier) -> bool:
                barrier.wait()
                return store.publish(number(sequence, published_by=f"AWS:{who}"), mirrored=True)

            won = list(pool.map(attempt, range(4)))
            live, publication = store.live(), store.publication(sequence)
            assert live is not None
            assert publication is not None
            assert sum(won) == 1
            assert live.published_by == publication.published_by == f"AWS:{won.index(True)}"


def test_a_publication_and_a_refusal_of_any_size_fit_an_item(dynamodb: Any, clock: Clock) -> None:
    store = RuleSetTable(dynamodb, "alerts", now=clock)
    lines = tuple(f"changed: {n} {'x' * 290}" for n in range(5000))
    problems = tuple(Problem(f"{n}.yml", n, 1, "m" * 900, "c" * 400) for n in range(5000))
    exceptions = {f"e{n}" * 9: PUBLICATION.exceptions["x"] for n in range(500)}
    large = number(1, changes=lines, replaced=lines, warnings=problems, exceptions=exceptions)
    assert store.publish(large, mirrored=True)
    assert store.publish(large, mirrored=True)
    kept = store.publication(1)
    assert kept is not None
    assert kept.changes[-1].startswith("and ")
    store.record_refusal(replace(REFUSAL, problems=problems))
    refusal = store.refusal("team")
    assert refusal is not None
    assert len(refusal.problems) + refusal.more_problems == 5000


def test_other_errors_of_the_table_are_no_defeat(dynamodb: Any, clock: Clock) -> None:
    store = RuleSetTable(dynamodb, "gone", now=clock)
    calls: list[Callable[[], object]] = [
        lambda: store.publish(PUBLICATION, mirrored=True),
        lambda: store.mark_mirrored(1),
    ]
    for call in calls:
        with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
            call()


def test_a_step_that_is_begun_without_an_end_is_counted(store: RuleSetStore) -> None:
    assert store.attempts("team") == 0
    for times in (1, 2, 3):
        store.begin("team")
        assert store.attempts("team") == times
    store.end("team")
    assert store.attempts("team") == 0
    store.begin("team")
    assert store.attempts("team") == 1


def test_steps_are_counted_each_by_itself(store: RuleSetStore) -> None:
    store.begin("team")
    store.begin("team")
    store.begin("submissions/s1.zip@v1")
    store.end("schedule")
    assert (store.attempts("team"), store.attempts("submissions/s1.zip@v1")) == (2, 1)
    store.end("submissions/s1.zip@v1")
    assert (store.attempts("team"), store.attempts("submissions/s1.zip@v1")) == (2, 0)


def test_a_step_is_counted_anew_a_day_after_it_was_begun_last(store: RuleSetStore, clock: Clock) -> None:
    store.begin("team")
    clock.time += 86_399
    store.begin("team")
    clock.time += 86_399
    assert store.attempts("team") == 2
    clock.time += 1
    assert store.attempts("team") == 0, "whether DynamoDB has deleted the item or not"
    store.begin("team")
    assert store.attempts("team") == 1


def test_attempts_are_no_publications_nor_refusals(store: RuleSetStore) -> None:
    store.begin("team")
    store.begin("PUBLICATION#0000000001")
    assert store.live() is None
    assert (list(store.history()), list(store.refusals())) == ([], [])
    assert not store.told("team")
