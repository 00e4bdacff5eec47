"""Batches of notices: none harms another, whatever one of their files does to the function."""

import json

import pytest

from tests.ingest_world import VISIBILITY, World
from tests.samples import BUCKET, harmless, log_file, log_key, notice, record
from trailwarden.state.ledger import ATTEMPTS


def unique(number: int) -> str:
    return f"{number:016}"


def put(world: World, numbers: range) -> list[str]:
    """A file for each number, with a match of its own."""
    return [world.put(unique(number), log_file([record(number), harmless(number)])) for number in numbers]


def send(world: World, keys: list[str]) -> None:
    for key in keys:
        world.send(notice(key))


def subjects(world: World) -> list[str]:
    return [subject for subject, _ in world.told]


@pytest.mark.parametrize("place", [0, 4, 9])
@pytest.mark.parametrize("how", ["deadly", "slow", "failing"])
def test_a_poison_is_set_aside_and_reported_once_and_its_neighbours_are_read(place: int, how: str) -> None:
    world = World()
    keys = put(world, range(10))
    poison = keys[place]
    if how == "slow":
        world.slow[poison] = 1000.0
    else:
        getattr(world, how).add(poison)
    send(world, keys)

    world.settle()

    assert world.read() == set(keys) - {poison}
    assert world.begun.count(poison) == ATTEMPTS
    assert all(world.begun.count(key) == 1 for key in keys if key != poison)
    assert world.deaths == (0 if how == "failing" else ATTEMPTS)
    ((subject, text),) = world.told
    assert subject == "Trailwarden: a log file was set aside"
    assert f"This log file was begun {ATTEMPTS} times" in text
    assert f"  s3://{BUCKET}/{poison}" in text.splitlines()
    assert "functions.detect_memory_mb" in text
    assert "functions.detect_timeout_seconds" in text
    assert "No part of it was finished: its events were not evaluated." in text
    assert "from there on" not in text
    assert "from its beginning" in text
    assert "--source-arn $queues:trailwarden-ingest-dead-letters \\\n" in text
    assert all(
        len(line) <= 64 or "s3://" in line or line.startswith("The last attempt")
        for line in text.splitlines()
    )
    assert ("ValueError: odd" in text) == (how == "failing")
    ((parked, _why),) = world.parked
    assert json.loads(parked) == {"s3Bucket": BUCKET, "s3ObjectKey": [poison]}
    assert (world.tally.files, world.tally.set_aside) == (9, 1)


def test_neighbours_of_a_suspect_are_done_with_before_it_is_begun() -> None:
    world = World()
    poison, *others = put(world, range(10))
    world.deadly.add(poison)
    send(world, [poison])
    assert world.run(world.detector())
    send(world, others)
    world.time += VISIBILITY

    assert world.run(world.detector())

    assert world.deaths == 2
    assert world.read() == set(others)
    assert [json.loads(json.loads(one.body)["Message"])["s3ObjectKey"] for one in world.queue.values()] == [
        [poison]
    ], "they were deleted although the function died"


def test_a_poison_within_a_notice_of_a_thousand_objects_costs_only_itself() -> None:
    world = World()
    keys = put(world, range(1000))
    world.deadly |= {keys[0], keys[500]}
    world.send(notice(*keys))

    world.settle()

    assert world.read() == set(keys) - world.deadly
    assert max(world.begun.count(key) for key in keys if key not in world.deadly) == 1
    assert {json.loads(parked)["s3ObjectKey"][0] for parked, _ in world.parked} == world.deadly
    assert len(world.told) == 2


def test_nothing_is_begun_without_time_left_for_it() -> None:
    world = World(timeout=120)
    keys = put(world, range(10))
    world.slow = dict.fromkeys(keys, 14.0)  # each is read in several calls
    send(world, keys)

    world.settle()

    assert world.read() == set(keys)
    assert (world.deaths, world.failures, world.parked) == (0, [], [])
    assert all(world.begun.count(key) == 1 for key in keys), "nothing was begun twice"
    assert world.time - 1_772_366_700.0 < VISIBILITY, "what was not begun came again at once"


def test_a_notice_of_many_slow_objects_goes_on_where_it_stopped() -> None:
    world = World(timeout=60)
    keys = put(world, range(50))
    world.slow = dict.fromkeys(keys, 3.0)
    world.send(notice(*keys))
    world.settle()
    assert world.read() == set(keys)
    assert len(world.begun) == 50
    assert world.deaths == 0
    assert world.runs < 20


def test_of_two_suspects_the_one_that_failed_less_often_is_begun_first() -> None:
    world = World()
    guilty, innocent = put(world, range(2))
    world.deadly.add(guilty)
    send(world, [guilty])
    for _ in range(2):
        world.run(world.detector())
        world.time += VISIBILITY
    world.failing.add(innocent)
    send(world, [innocent])
    world.time += VISIBILITY
    world.run(world.detector())
    world.failing.clear()
    world.settle()
    assert world.read() == {innocent}
    assert [json.loads(parked)["s3ObjectKey"] for parked, _ in world.parked] == [[guilty]]


def test_what_was_received_before_comes_last() -> None:
    world = World()
    keys = put(world, range(3))
    send(world, keys)
    for message, receives in zip(world.queue.values(), (4, 2, 0), strict=True):
        message.receives = receives
    world.run(world.detector())
    assert world.begun == [keys[2], keys[1], keys[0]]


def test_a_suspect_waits_for_a_function_with_time_for_it() -> None:
    world = World(timeout=120)
    slow, *others = put(world, range(4))
    world.failing.add(slow)
    send(world, [slow])
    world.run(world.detector())
    world.failing.clear()
    world.slow = dict.fromkeys(others, 13.0) | {slow: 20.0}
    world.time += VISIBILITY
    send(world, others)

    world.settle()

    assert world.read() == {slow, *others}
    assert world.deaths == 0


def test_a_redriven_notice_is_one_more_attempt() -> None:
    world = World()
    (key,) = put(world, range(1))
    world.deadly.add(key)
    send(world, [key])
    world.settle()
    ((parked, _),) = world.parked

    world.send(notice(key))  # a copy of the old notice is passed over if it was sent before
    next(iter(world.queue.values())).sent_at = 0
    world.settle()
    assert world.deaths == ATTEMPTS

    world.time += 1
    world.send(parked)
    world.settle()
    assert (world.deaths, len(world.parked), len(world.told)) == (ATTEMPTS + 1, 2, 2)

    world.deadly.clear()
    world.time += 1
    world.send(parked)
    world.settle()
    assert world.read() == {key}


def test_a_file_out_of_reach_is_set_aside_without_a_message_of_its_own() -> None:
    """The alarm of the dead-letter queue tells people, once for all files of a bucket out of reach."""
    world = World()
    good, gone = put(world, range(1))[0], log_key(unique(1))
    send(world, [gone, good])
    world.settle()
    assert world.read() == {good}
    ((parked, why),) = world.parked
    assert json.loads(parked)["s3ObjectKey"] == [gone]
    assert "gone" in why
    assert world.told == []
    assert len(world.failures) == ATTEMPTS - 1

    world.time += 1
    world.send(parked)
    put(world, range(1, 2))
    world.settle()
    assert world.read() == {good, gone}


@pytest.mark.parametrize("copies", [2, ATTEMPTS, 3 * ATTEMPTS])
@pytest.mark.parametrize("apart", [True, False])
def test_copies_of_a_notice_are_one_attempt_at_a_file_out_of_reach(copies: int, apart: bool) -> None:
    world = World()
    key = log_key(unique(1))
    for keys in [[key]] * copies if apart else [[key] * copies]:
        send(world, keys)
    for _ in range(ATTEMPTS - 2):
        world.run(world.detector())
        world.time += VISIBILITY
    put(world, range(1, 2))
    world.settle()
    assert world.read() == {key}
    assert world.parked == []


def test_two_functions_with_one_file_do_not_count_each_other_as_failures() -> None:
    world = World()
    (key,) = put(world, range(1))
    world.deadly.add(key)
    send(world, [key, key])
    world.run(world.detector(), size=1)  # dies after a moment; for all we know it works on
    world.deadly.clear()
    assert world.run(world.detector(), size=1)
    assert world.begun == [key], "held by the other function"
    world.settle()
    assert world.read() == {key}


def test_a_table_that_is_out_of_reach_counts_no_attempt() -> None:
    world = World()
    keys = put(world, range(3))
    send(world, keys)

    def refuse(_: str) -> None:
        raise ConnectionError

    healthy = world.table.before
    for _ in range(3 * ATTEMPTS):
        world.table.before = refuse
        world.run(world.detector())
        world.time += VISIBILITY
    world.table.before = healthy
    world.settle()
    assert world.read() == set(keys)
    assert (world.parked, world.told) == ([], [])


def test_a_queue_that_refuses_costs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(timeout=60)

    def refuse(*_: object) -> None:
        raise ConnectionError

    keys = put(world, range(12))
    world.slow = dict.fromkeys(keys, 5.0)
    send(world, keys)
    with monkeypatch.context() as broken:
        broken.setattr(world, "postpone", refuse)
        world.run(world.detector())
    assert world.failures
    world.settle()
    assert world.read() == set(keys)


def test_a_notice_that_is_none_is_told_and_done_with() -> None:
    world = World()
    (key,) = put(world, range(1))
    world.send("<xml>")
    send(world, [key])
    world.settle()
    assert world.read() >= {key}
    assert subjects(world) == ["Trailwarden: a delivery notice cannot be read"]
    _, _, steps = world.told[0][1].partition("\n\n  <xml>\n\nWhat to do:\n")
    assert "Find out who sent it" in steps
    assert '{"s3Bucket": "BUCKET", "s3ObjectKey": ["KEY"]}' in steps
