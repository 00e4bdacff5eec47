"""Once a week, all is well: what `tend_alerts` does about it."""

from datetime import UTC, datetime

import pytest

from tests.alerting_world import Event, Topic, World

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


def living(*topics: Topic, in_table: bool = True) -> World:
    """A world that has been there for a week: the week before was its first."""
    world = World(in_table=in_table, topics=list(topics) or [Topic()])
    at(world, datetime(2026, 3, 2, 7, tzinfo=UTC))
    world.tend()
    assert world.topic.heartbeats == []
    return world


def at(world: World, moment: datetime) -> None:
    world.now = moment.timestamp()


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
def test_it_is_sent_on_monday_at_seven_once(in_table: bool) -> None:
    world = living(in_table=in_table)
    at(world, MONDAY.replace(hour=6, minute=59))
    assert world.tend().heartbeats == 0
    assert world.topic.heartbeats == []
    at(world, MONDAY.replace(hour=7))
    assert world.tend().heartbeats == 1
    world.tend()
    at(world, MONDAY.replace(hour=9))
    world.tend()
    (heartbeat,) = world.topic.heartbeats
    assert (heartbeat.week, heartbeat.since, heartbeat.rule_set_version) == (
        "2026-W10",
        "2026-03-02T00:00:00Z",
        "v1",
    )
    assert heartbeat.until.startswith("2026-03-0")


def test_a_week_that_was_missed_on_monday_is_sent_when_the_clock_runs_again() -> None:
    world = living()
    at(world, MONDAY.replace(day=11))
    world.tend()
    assert [one.week for one in world.topic.heartbeats] == ["2026-W10"]


def test_it_says_what_was_told_and_what_is_kept_quiet() -> None:
    world = living()
    at(world, datetime(2026, 3, 2, 12, tzinfo=UTC))
    world.deliver([Event(1, 0)])
    world.notify()
    world.weeks.add_staged(2)
    at(world, MONDAY.replace(hour=7))
    world.tend()
    (heartbeat,) = world.topic.heartbeats
    assert (heartbeat.told, heartbeat.staged, heartbeat.held) == ({"high": 1}, 2, 0)


def test_a_topic_that_fails_costs_the_others_nothing_and_all_are_told_in_the_end() -> None:
    broken, sound = Topic("broken", broken=True), Topic("sound")
    world = living(broken, sound)
    at(world, MONDAY.replace(hour=7))
    tally = world.tend()
    assert tally.failed == 1
    assert len(sound.heartbeats) == 1
    world.pass_time(11)  # the lease is over
    assert world.tend().failed == 1
    broken.broken = False
    world.pass_time(11)
    world.tend()
    assert (len(broken.heartbeats), len(sound.heartbeats)) == (1, 1)
