"""What ends its function stops only itself: in `notify`, in `tend_alerts`, in summaries and in heartbeats."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.alerting_world import CrashError, Event, Topic, World
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp, Heartbeat, StormSummary
from trailwarden.dispatch.notification import NotToldError, Telling
from trailwarden.errors import MessageRefusedError
from trailwarden.messages.envelope import AlertMessage
from trailwarden.state.groups import Due
from trailwarden.state.outbox import Budgets

BOTH = pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])


@dataclass
class Poisoned(Topic):
    """A topic for which describing some alerts ends the function: as a time limit does, without an exception
    that anybody could catch."""

    poison: set[str] = field(default_factory=set)
    even_short: set[str] = field(default_factory=set)
    deaths: int = 0
    storm_kills: bool = False
    heartbeat_kills: bool = False
    unrenderable: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    def render(self, alert: Alert, follow_up: FollowUp | None, *, short: bool = False) -> AlertMessage:
        actor = alert.group["actor"].removeprefix("user ")
        if actor in self.even_short or (actor in self.poison and not short):
            self.deaths += 1
            raise CrashError
        if actor in self.unrenderable and not short:
            raise RecursionError
        return super().render(alert, follow_up, short=short)

    def render_storm(self, summary: StormSummary) -> AlertMessage:
        if self.storm_kills and summary.rows:
            self.deaths += 1
            raise CrashError
        return super().render_storm(summary)

    def render_heartbeat(self, heartbeat: Heartbeat) -> AlertMessage:
        if self.heartbeat_kills and heartbeat.acknowledged:
            self.deaths += 1
            raise CrashError
        return super().render_heartbeat(heartbeat)

    def publish(self, message: AlertMessage) -> str:
        alert = self._rendered[0] if isinstance(self._rendered, tuple) else None
        if alert and alert.group["actor"].removeprefix("user ") in self.refused:
            self.refused.clear()
            raise MessageRefusedError("not like this")
        return super().publish(message)

    def users(self) -> list[str]:
        return sorted(alert.group["actor"].removeprefix("user ") for alert, _ in self.told)


def survive(step: Callable[[], Any]) -> Any:
    """One run of a function, which may die in it."""
    try:
        return step()
    except CrashError:
        return None


def stream(world: World, runs: int = 4) -> None:
    """The stream's batch again and again, as Lambda does while the function fails; each run begins with what
    is not done."""
    for _ in range(runs):
        for message in world.written():
            if survive(lambda message=message: world.notifier.tell(message, lease=62)) is None:  # type: ignore[misc]
                world.pass_time(1)  # the time limit
                break


@BOTH
def test_a_message_that_ends_notify_goes_out_in_short_and_stops_nothing_behind_it(in_table: bool) -> None:
    topic = Poisoned(poison={"b"})
    world = World(in_table=in_table, topics=[topic])
    world.deliver([Event(number, 0, user) for number, user in enumerate("abcd")])

    stream(world, runs=1)
    assert topic.deaths == 1
    stream(world, runs=1)  # the claim of the one that died still holds: the others go by
    assert set("acd") <= set(topic.users())
    world.pass_time(2)
    stream(world, runs=1)
    world.pass_time(2)
    stream(world, runs=1)

    assert topic.users() == list("abcd")
    assert (topic.deaths, topic.short) == (2, 1)
    world.settle()
    assert topic.users() == list("abcd"), "and nobody is told again"


@BOTH
def test_a_message_that_ends_tend_alerts_is_put_off_and_what_is_behind_it_is_sent(in_table: bool) -> None:
    topic = Poisoned(poison={"a", "c", "e"})
    world = World(in_table=in_table, topics=[topic])
    world.deliver([Event(number, 0, user) for number, user in enumerate("abcdef")])
    world.notify(lose=True)
    world.pass_time(11)
    for _ in range(8):
        survive(world.tender.tend)
        world.pass_time(1)
    assert set("bdf") <= set(topic.users()), "each run dies at most once, and the next begins behind it"

    for _ in range(90):
        world.pass_time(2)
        survive(world.tender.tend)

    assert topic.users() == list("abcdef")
    assert topic.short == 3
    assert all("sent in short (" in subject for subject, _ in world.operations.told)
    assert "".join(text for _, text in world.operations.told).count("account: 444455556666") == 3


@BOTH
def test_what_ends_the_function_even_in_short_is_set_aside_and_operations_knows_it(in_table: bool) -> None:
    topic = Poisoned(even_short={"b"})
    world = World(in_table=in_table, topics=[topic])
    world.deliver([Event(number, 0, user) for number, user in enumerate("abc")])
    for _ in range(12):
        stream(world, runs=1)
        world.pass_time(3)

    assert topic.users() == ["a", "c"]
    assert topic.deaths == 5, "it is not tried for ever"
    survive(world.tender.tend)
    world.settle()
    text = "".join(text for _, text in world.operations.told)
    assert "it was NOT sent" in text
    assert "level: high" in text
    assert world.operations.told[0][0] == "Trailwarden: 1 alert message NOT sent (high)"
    assert "it is sent in short" not in text
    assert len(world.operations.told) == 1
    (poison,) = [one for one in world.written() if world.outbox.progress(one).set_aside]
    assert poison.alert_id in text
    assert world.notifier.tell(poison) is Telling.SET_ASIDE


@BOTH
def test_looking_after_an_alert_that_ends_the_function_is_tried_ever_more_rarely(in_table: bool) -> None:
    world = World(in_table=in_table)
    world.deliver([Event(number, 0, user) for number, user in enumerate("abc")])
    world.notify()
    (poison, *_) = world.spans()
    count, deaths = world.kept.count, []

    def dying(group_key: str, first: str, last: str) -> Any:
        if group_key == poison:
            deaths.append(world.now)
            raise CrashError
        return count(group_key, first, last)

    world.kept.count = dying
    for _ in range(3000):
        world.pass_time(1)
        survive(world.tender.tend)

    assert len(deaths) < 12
    assert all(span.closed for key, spans in world.spans().items() if key != poison for span in spans)
    assert len(world.operations.told) == 1
    assert world.operations.told[0][0] == "Trailwarden: 1 alert looked after ever more rarely (high)"
    assert "looking after an alert did not end" in world.operations.told[0][1]
    world.kept.count = count
    world.pass_time(24 * 60)
    world.tend()
    assert all(span.closed for spans in world.spans().values() for span in spans), "it was never dropped"


@BOTH
def test_two_runs_at_once_do_not_work_on_one_thing(in_table: bool) -> None:
    world = World(in_table=in_table)
    world.deliver([Event(1, 0)])
    world.pass_time(11)
    (due,) = world.due.due(int(world.now))
    assert world.due.postpone(due, int(world.now) + 300) is not None
    assert world.due.postpone(due, int(world.now) + 300) is None
    (later,) = world.due.due(int(world.now) + 300)
    assert (later.at, later.attempts) == (int(world.now) + 300, 1)


@BOTH
def test_notify_and_tend_alerts_do_not_send_one_message_in_the_same_moment(in_table: bool) -> None:
    world = World(in_table=in_table)
    world.deliver([Event(1, 0)])
    world.pass_time(11)
    outcomes: list[Telling] = []
    publish = world.topic.publish

    def meanwhile(message: AlertMessage) -> str:
        outcomes.append(world.notifier.tell(world.written()[0]))
        return publish(message)

    world.topic.publish = meanwhile  # type: ignore[method-assign]
    world.tender.tend()
    assert outcomes == [Telling.BUSY]
    assert len(world.topic.told) == 1


@BOTH
@pytest.mark.parametrize("refusals", [1, 4, 6])
def test_a_mark_that_is_refused_is_set_later_and_nothing_is_sent_again(in_table: bool, refusals: int) -> None:
    world = World(in_table=in_table, topics=[Topic("one"), Topic("two")])
    world.deliver([Event(1, 0)])
    told, left = world.outbox.told, [refusals]

    def refusing(*arguments: Any) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise ConnectionError("throttled")
        told(*arguments)

    world.outbox.told = refusing
    assert world.notify() == [Telling.TOLD]
    world.settle()
    assert [len(topic.told) for topic in world.topics] == [1, 1]


@BOTH
def test_a_mark_that_stays_refused_is_remembered_by_the_function_and_only_set_when_it_comes_again(
    in_table: bool,
) -> None:
    world = World(in_table=in_table)
    world.deliver([Event(1, 0)])
    (message,) = world.written()
    told = world.outbox.told
    world.outbox.told = lambda *_: (_ for _ in ()).throw(ConnectionError("out of reach"))
    with pytest.raises(NotToldError, match="could not be noted"):
        world.notifier.tell(message)
    world.outbox.told = told
    assert world.notifier.tell(message) is Telling.TOLD
    assert world.notifier.tell(message) is Telling.TOLD_BEFORE
    assert len(world.topic.told) == 1


@BOTH
def test_an_outage_is_no_poison_and_ends_in_the_full_message(in_table: bool) -> None:
    topic = Poisoned()
    world = World(in_table=in_table, topics=[topic, Topic("sound")])
    world.deliver([Event(1, 0)])
    topic.broken = True
    for _ in range(30):
        with pytest.raises(NotToldError):
            world.notifier.tell(world.written()[0])
    topic.broken = False
    world.settle()
    assert (len(topic.told), topic.short, world.operations.told) == (1, 0, [])


@BOTH
def test_an_alert_that_cannot_be_described_goes_out_in_short_at_once(in_table: bool) -> None:
    topic, other = Poisoned(unrenderable={"mallory"}), Topic("other")
    world = World(in_table=in_table, topics=[topic, other])
    world.deliver([Event(1, 0)])
    assert world.notify() == [Telling.TOLD]
    assert (topic.short, other.short) == (1, 0)
    assert len(topic.told) == len(other.told) == 1


@BOTH
def test_a_message_that_sns_refuses_goes_out_in_short(in_table: bool) -> None:
    topic = Poisoned(refused={"mallory"})
    world = World(in_table=in_table, topics=[topic])
    world.deliver([Event(1, 0)])
    assert world.notify() == [Telling.TOLD]
    assert topic.short == 1


@BOTH
def test_what_is_held_back_is_no_poison_either(in_table: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(in_table=in_table, budgets=Budgets(1, 100))
    world.deliver([Event(number, 0, user) for number, user in enumerate("abc")])
    deaths = []

    def dying(alert: Alert, **_: Any) -> str:
        if alert.group["actor"] == "user b":
            deaths.append(alert)
            raise CrashError
        if alert.group["actor"] == "user c":
            raise MemoryError
        return alert.title

    monkeypatch.setattr("trailwarden.dispatch.notification.told_title", dying)
    for _ in range(6):
        stream(world, runs=1)
        world.pass_time(1.1)
    assert len(deaths) == 2
    world.tend()
    summary = world.topic.storms[-1]
    assert summary.messages == 2
    assert {row.actor for row in summary.rows} == {"user b", "user c"}


@BOTH
def test_a_summary_that_ends_the_function_comes_without_rows_and_stops_nothing(in_table: bool) -> None:
    topic = Poisoned(storm_kills=True)
    world = World(in_table=in_table, topics=[topic], budgets=Budgets(1, 100))
    world.deliver([Event(number, 0, user) for number, user in enumerate("abc")])
    world.notify()
    world.notify(lose=True)
    for _ in range(30):
        survive(world.tender.tend)
        world.pass_time(1)
    assert topic.deaths == 3
    (summary,) = topic.storms
    assert (summary.messages, summary.accounts, summary.rows) == (2, 1, ())
    assert summary.covered is not None
    assert summary.covered.accounts == ("444455556666",)
    assert "summing up" in world.operations.told[0][1]


def test_a_heartbeat_that_ends_the_function_comes_without_what_there_may_be_much_of() -> None:
    topic = Poisoned(heartbeat_kills=True)
    world = World(topics=[topic])
    world.tender._figures._acknowledged = _Much()
    world.tender.tend()
    world.pass_time(8 * 24 * 60)
    for _ in range(6):
        survive(world.tender.tend)
        world.pass_time(11)
    assert topic.deaths == 3
    assert len(topic.heartbeats) == 1


class _Much:
    def acknowledged(self) -> list[str]:
        return ["a group"]


def test_a_figure_that_cannot_be_read_costs_no_heartbeat_and_is_named() -> None:
    world = World(in_table=True)
    world.tender.tend()
    world.pass_time(7 * 24 * 60)
    world.tender._figures._acknowledged = replace_with_failure()
    world.tender.tend()
    (heartbeat,) = world.topic.heartbeats
    assert heartbeat.unknown == ("groups kept quiet",)


def replace_with_failure() -> Any:
    class Failing:
        def acknowledged(self) -> list[str]:
            raise KeyError("title")

    return Failing()


def test_when_it_is_enough_nothing_more_is_begun() -> None:
    world = World(in_table=True)
    world.deliver([Event(number, 0, f"user{number}") for number in range(30)])
    world.pass_time(11)
    calls = [0]

    def enough() -> bool:
        calls[0] += 1
        return calls[0] > 12

    tally = world.tender.tend(enough=enough)
    assert tally.left == 1
    assert 0 < len(world.topic.told) < 12
    world.settle()
    assert len(world.topic.told) == 30


def test_more_than_a_thousand_due_are_worked_on_earliest_first_whatever_stands_among_them() -> None:
    world = World(in_table=True)
    world.database.page = 7
    now = int(world.now)
    for number in range(1500):
        world.due.put(Due(now - 1500 + number, "00" * 16, f"{number:032x}"))
    for shard in range(8):
        world.database.items[f"DUE#{shard}", "0#garbage"] = {
            "pk": {"S": f"DUE#{shard}"},
            "sk": {"S": "0#garbage"},
        }
    assert [due.at for due in world.due.due(now)] == [now - 1500 + number for number in range(1500)]
    assert world.tender.tend().looked_at == 1500


def test_a_worn_alert_item_is_still_sent_with_what_is_known() -> None:
    world = World(in_table=True)
    world.deliver([Event(1, 0)])
    (key,) = [key for key in world.database.items if key[1] == "ALERT"]
    world.database.items[key]["alert"] = {"S": '{"alert_id": "x", "record": {"a'}
    message = world.written()[0]
    assert world.notifier.tell(replace(message)) is Telling.TOLD
    ((alert, _),) = world.topic.told
    assert (alert.level, alert.account, alert.alert_id) == ("high", "444455556666", message.alert_id)
