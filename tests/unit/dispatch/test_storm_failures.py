"""A topic, or a part, that fails midway: nothing is lost by it, and nothing is repeated for ever."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import pytest

from tests.alerting_world import STOP, CrashError, Topic, World
from tests.unit.dispatch.test_storms import Placed
from trailwarden.alerts.telling import StormSummary
from trailwarden.messages.envelope import AlertMessage
from trailwarden.rules.ruleset import Level
from trailwarden.state.outbox import Budgets

pytestmark = pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
ACCOUNTS = [f"{number:012}" for number in range(1, 4)]
CRITICAL = msgspec.structs.replace(STOP, level=Level.CRITICAL)


@dataclass
class Failing(Topic):
    """While it is `failing`, it fails for summaries that cover an account, or for all; each account is a
    part."""

    failing: Callable[[], BaseException] | None = None
    fails_for: str = ""
    writes: bool = True

    def environment(self, account: str) -> str:
        return "production" if account == ACCOUNTS[0] else ""

    def _fails(self, told: object) -> bool:
        return (
            self.failing is not None
            and isinstance(told, StormSummary)
            and self.fails_for in {"", *(row.account for row in told.account_rows)}
        )

    def render_storm(self, summary: StormSummary) -> AlertMessage:
        if not self.writes and not summary.brief and self._fails(summary):
            raise RecursionError("cannot be written")
        return super().render_storm(summary)

    def publish(self, message: AlertMessage) -> str:
        if self.writes and self.failing and self._fails(self._rendered):
            raise self.failing()
        return super().publish(message)


def world_of(topics: Sequence[Topic], *, in_table: bool) -> World:
    world = World(in_table=in_table, topics=topics, budgets=Budgets(1, 1))
    world.deliver([Placed(1, 0, "first")])
    for number, account in enumerate(ACCOUNTS[:2], 2):
        world.deliver([Placed(10 * number + one, 0, f"u{one}", account=account) for one in range(3)])
    world.notify()
    return world


def run(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.tend()
        world.pass_time(1)


def covered(topic: Topic) -> Counter[str]:
    return Counter(row.account for storm in topic.storms for row in storm.account_rows)


@pytest.mark.parametrize("account", ACCOUNTS[:2], ids=["the first part", "the second part"])
def test_the_part_that_fails_comes_later_and_the_others_once(in_table: bool, account: str) -> None:
    topic = Failing(fails_for=account)
    topic.failing = lambda: ConnectionError("SNS is out of reach")
    world = world_of([topic], in_table=in_table)
    run(world, 20)
    assert {*covered(topic).values()} == {1}
    assert account not in covered(topic)

    topic.failing = None
    run(world, 16)
    assert covered(topic) == Counter(ACCOUNTS[:2])
    run(world, 120)
    assert covered(topic) == Counter(ACCOUNTS[:2]), "nothing more was held back"
    assert all(storm.over for storm in world.outbox.storms())


def test_parts_are_not_repeated_while_more_is_held_back(in_table: bool) -> None:
    topic = Failing(fails_for=ACCOUNTS[1])
    topic.failing = lambda: TimeoutError("slow")
    world = world_of([topic], in_table=in_table)
    for minute in range(30):
        world.deliver([Placed(1000 + minute, minute, f"late{minute}", account=ACCOUNTS[0])])
        world.notify()
        run(world, 1)
    assert covered(topic) == Counter(ACCOUNTS[:1])
    topic.failing = None
    run(world, 100)
    final = [storm for storm in topic.storms if storm.final]
    assert sum(storm.messages for storm in final) == 6 + 30, "all of it is told in the end"
    assert covered(topic) == Counter(ACCOUNTS[:2] * 2)


def test_a_topic_that_is_gone_keeps_no_other_from_what_comes_later(in_table: bool) -> None:
    gone, sound = Failing("gone"), Topic("sound")
    gone.failing = lambda: LookupError("NotFound")
    world = world_of([gone, sound], in_table=in_table)
    run(world, 3)
    assert len(sound.storms) == 1
    world.deliver([Placed(500, 3, "urgent", account=ACCOUNTS[2])], met=CRITICAL)
    world.notify()
    run(world, 2)
    assert ACCOUNTS[2] in covered(sound), "an account that no summary named"
    world.deliver([Placed(501, 5, "later", account=ACCOUNTS[0])])
    world.notify()
    run(world, 90)
    assert [(storm.messages, storm.final) for storm in sound.storms] == [(6, False), (7, False), (8, True)]
    gone.failing = None
    run(world, 20)
    assert sum(storm.messages for storm in gone.storms) == 8
    assert len(sound.storms) == 3


def test_a_part_that_cannot_be_written_goes_out_brief_and_costs_no_other(in_table: bool) -> None:
    topic, sound = Failing("odd", fails_for=ACCOUNTS[0]), Topic("sound")
    topic.writes, topic.failing = False, RuntimeError
    world = world_of([topic, sound], in_table=in_table)
    run(world, 100)
    assert covered(topic) == Counter(ACCOUNTS[:2])
    assert {storm.brief for storm in topic.storms} == {True, False}
    assert len(sound.storms) == 1
    assert len(world.operations.told) == 1


def test_a_function_that_dies_between_two_parts_goes_on_with_the_second(in_table: bool) -> None:
    topic = Failing(fails_for=ACCOUNTS[1])
    topic.failing = CrashError
    world = world_of([topic], in_table=in_table)
    for _ in range(2):
        with pytest.raises(CrashError):
            world.tender.tend()
        world.pass_time(6)
    first = covered(topic)
    topic.failing = None
    run(world, 10)
    assert covered(topic) == Counter(ACCOUNTS[:2])
    assert {*first.values()} <= {1}


def test_nothing_of_a_topic_that_never_works_is_tried_more_than_rarely(in_table: bool) -> None:
    tried: list[float] = []
    topic = Failing(fails_for=ACCOUNTS[0])
    world = world_of([topic], in_table=in_table)

    def failing() -> BaseException:
        tried.append(world.now)
        return ConnectionError("never")

    topic.failing = failing
    run(world, 240)
    assert 4 <= len(tried) <= 20
    assert covered(topic) == Counter(ACCOUNTS[1:2])
