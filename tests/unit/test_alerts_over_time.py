"""Alerts from their first match to their last message: when people are told, and of how many."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import pytest

from tests.alerting_world import START, STOP, Event, Topic, World, seen_by
from trailwarden.alerts.group_state import Scope
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.groups import (
    Acknowledgement,
    GroupState,
    Moved,
    acknowledge,
    close,
)
from trailwarden.alerts.model import Alert, AlertBatch
from trailwarden.alerts.placement import alert_id, group_key, time_of
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.dispatch.notification import Telling
from trailwarden.rules.ruleset import Level
from trailwarden.state.outbox import Budgets, Outgoing

MALLORY = {"actor": "user mallory", "account": "444455556666"}
KEY = group_key(STOP.id, MALLORY)


@pytest.fixture(params=[False, True], ids=["memory", "DynamoDB"])
def world(request: pytest.FixtureRequest) -> World:
    return World(in_table=request.param)


def at(minute: int) -> str:
    return time_of(START + 60 * minute)


def calls(*minutes: int, start: int = 0, **fields: str) -> list[Event]:
    """One event a minute that is named; `start` tells their numbers from others'."""
    return [Event(start + number, minute, **fields) for number, minute in enumerate(minutes)]


def told(world: World) -> list[tuple[str, int, int]]:
    """Reason, total and how many more of each message since the last call."""
    messages = [
        ("opened", alert.count, alert.count)
        if follow_up is None
        else (follow_up.reason.value, follow_up.total, follow_up.more)
        for alert, follow_up in world.topic.told
    ]
    world.topic.told.clear()
    return messages


def change(world: World, becomes: Callable[[GroupState], GroupState]) -> None:
    """What a person does to the group of mallory."""
    world.groups.move(KEY, lambda state: Moved(becomes(state)) if state else None)


def known(*, by: str = "alice", actions: Sequence[str] = ("StopLogging",)) -> Acknowledgement:
    """What somebody acknowledges who has seen one such event of each call."""
    return seen_by(by, *(Event(0, 0, action=each) for each in actions))


def test_the_first_match_is_told_at_once_and_the_rest_when_it_has_been_quiet(world: World) -> None:
    world.deliver(calls(0))
    world.notify()
    assert told(world) == [("opened", 1, 1)]

    world.deliver(calls(5, 9, start=10))
    world.notify()
    world.pass_time(59)
    world.tend()
    assert told(world) == []

    world.pass_time(1)
    world.tend()
    assert told(world) == [("quiet", 3, 2)]
    world.settle()
    assert told(world) == []


def test_growth_is_told_tenfold_and_no_more_often(world: World) -> None:
    world.deliver(calls(0))
    for minute in range(1, 200):
        world.deliver([Event(minute, minute)])
    world.notify()
    assert told(world) == [("opened", 1, 1), ("grew", 10, 9), ("grew", 100, 90)]
    world.settle()
    assert told(world) == [("quiet", 200, 100)]


def test_repeats_are_no_growth(world: World) -> None:
    world.deliver(calls(0))
    for _ in range(50):
        world.deliver(calls(0))
    world.notify()
    world.settle()
    assert told(world) == [("opened", 1, 1)]


def test_who_comes_back_after_the_quiet_time_is_told_anew(world: World) -> None:
    world.deliver(calls(0))
    world.settle()
    world.notify()
    world.deliver(calls(61, start=5))
    world.notify()
    assert told(world) == [("opened", 1, 1), ("opened", 1, 1)]
    assert len(world.spans()[KEY]) == 2


def test_what_arrives_late_is_counted_where_it_belongs_and_told_as_more(world: World) -> None:
    world.deliver(calls(0, 30))
    world.notify()
    world.settle()
    assert told(world) == [("opened", 2, 2)]

    world.deliver(calls(10, start=9))  # a day later
    world.settle()

    assert told(world) == [("quiet", 3, 1)]
    assert [(span.first, span.last) for span in world.spans()[KEY]] == [(at(0), at(30))]


def test_an_earlier_match_may_change_the_id_and_nobody_is_told_twice(world: World) -> None:
    world.deliver(calls(5))
    world.notify()
    world.deliver(calls(-3, start=9))
    assert world.notify() == [Telling.SILENT]
    world.settle()

    before, after = (alert_id(STOP.id, MALLORY, at(minute)) for minute in (5, -3))
    assert before != after == world.became(before)
    assert [span.alert_id for span in world.spans()[KEY]] == [after]
    assert told(world) == [("opened", 1, 1), ("quiet", 2, 1)]


def test_two_alerts_with_the_gap_between_them_closed_are_one(world: World) -> None:
    world.deliver(calls(0))
    world.deliver(calls(90, start=5))
    world.notify()
    assert told(world) == [("opened", 1, 1), ("opened", 1, 1)]

    world.deliver(calls(45, start=9))
    world.settle()

    assert told(world) == [("quiet", 3, 1)]
    assert [(span.first, span.last) for span in world.spans()[KEY]] == [(at(0), at(90))]


def test_a_rule_has_a_quiet_time_of_its_own(world: World) -> None:
    brief = msgspec.structs.replace(STOP, quiet=300)
    world.deliver(calls(0, 4, 10), met=brief)
    world.notify()
    assert told(world) == [("opened", 2, 2), ("opened", 1, 1)]


def test_a_match_without_a_time_is_told_too(world: World) -> None:
    timeless = [replace(event, minute=0) for event in calls(0, 0, start=50)]
    matches = [msgspec.structs.replace(event.match(), event_time=None) for event in timeless]
    grouper = AlertGrouper("v1", keep_matches=True)
    for match in matches:
        grouper.add(match, "s3://bucket/key")
    world.groups.add(grouper.drain())
    world.deliver(calls(0))
    world.notify()
    world.settle()
    assert sorted(told(world)) == [("opened", 1, 1), ("opened", 2, 2)]


def test_an_acknowledged_group_is_quiet_while_it_stays_as_it_is(world: World) -> None:
    world.deliver(calls(0))
    world.notify()
    change(world, lambda state: acknowledge(state, known()))

    world.deliver(calls(*range(1, 40), start=10))
    world.settle()
    world.deliver(calls(900, start=99))  # a return later
    world.settle()
    world.notify()

    assert told(world) == [("opened", 1, 1)]
    assert sum(world.kept.count(KEY, span.first, span.last).total for span in world.spans()[KEY]) == 41


@pytest.mark.parametrize(
    ("fields", "change_told"),
    [
        ({"address": "198.51.100.9"}, "address 198.51.100.9"),
        ({"action": "DeleteTrail"}, "action DeleteTrail"),
        ({"target": "audit"}, "target trail audit"),
        ({"target": "main2"}, "target trail main2"),
    ],
)
def test_a_new_address_action_or_target_breaks_the_silence_and_ends_it(
    world: World, fields: dict[str, str], change_told: str
) -> None:
    world.deliver(calls(0))
    world.notify()
    change(world, lambda state: acknowledge(state, known()))
    world.deliver(calls(5, start=10))
    world.deliver(calls(6, start=20, **fields))
    world.notify()

    (_, (_, follow_up)) = world.topic.told
    assert follow_up is not None
    assert (follow_up.reason, follow_up.changes) == (Reason.CHANGED, (change_told,))
    assert (follow_up.total, follow_up.more, follow_up.acknowledged_by) == (3, 2, "alice")
    world.topic.told.clear()
    world.deliver(calls(7, start=30))
    world.settle()
    assert told(world) == [("quiet", 4, 1)]


OF_ACTOR = msgspec.structs.replace(STOP, group_by=("actor",))


def test_a_new_account_breaks_the_silence(world: World) -> None:
    world.deliver(calls(0), met=OF_ACTOR)
    world.notify()
    key = group_key(STOP.id, {"actor": "user mallory"})
    world.groups.move(key, lambda state: Moved(acknowledge(state, known())) if state else None)
    world.deliver(calls(5, start=10), met=OF_ACTOR)
    world.notify()
    assert told(world) == [("opened", 1, 1)]
    world.deliver(calls(6, start=20, account="777788889999"), met=OF_ACTOR)
    world.notify()
    ((_, follow_up),) = world.topic.told
    assert follow_up is not None
    assert follow_up.changes == ("account 777788889999",)
    assert follow_up.variety is not None
    assert follow_up.variety.accounts.first == ("444455556666", "777788889999")


@pytest.mark.parametrize("scope", Scope)
def test_a_worse_level_breaks_the_silence_whatever_the_scope_and_is_sent_as_that(
    world: World, scope: Scope
) -> None:
    world.deliver(calls(0))
    world.notify()
    change(world, lambda state: acknowledge(state, replace(known(), scope=scope)))
    world.deliver(calls(1, start=5), met=msgspec.structs.replace(STOP, level=Level.MEDIUM))
    world.notify()
    assert told(world) == [("opened", 1, 1)]
    world.deliver(calls(5, start=10), met=msgspec.structs.replace(STOP, level=Level.CRITICAL))
    world.notify()
    ((alert, follow_up),) = world.topic.told
    assert follow_up is not None
    assert (alert.level, follow_up.changes) == ("critical", ("level critical",))


def test_any_target_is_quiet_but_for_a_protected_rule(world: World) -> None:
    everywhere = replace(known(), scope=Scope.ANY)
    world.deliver(calls(0))
    world.notify()
    change(world, lambda state: acknowledge(state, everywhere))
    world.deliver(calls(1, start=10, target="audit"))
    world.notify()
    assert told(world) == [("opened", 1, 1)]
    world.deliver(calls(2, start=20, target="another"), met=msgspec.structs.replace(STOP, protected=True))
    world.notify()
    ((_, follow_up),) = world.topic.told
    assert follow_up is not None
    assert follow_up.changes == ("target trail another",)


@pytest.mark.parametrize(("until", "ends"), [("", 30 * 1440), (at(600), 600), (at(90 * 1440), 30 * 1440)])
def test_an_acknowledgement_ends_after_thirty_days_at_most(world: World, until: str, ends: int) -> None:
    """Whatever the state says: what came while it held is known, what comes after it notifies."""
    world.deliver(calls(0))
    world.notify()
    change(world, lambda state: acknowledge(state, replace(known(), until=until)))
    world.pass_time(ends - 1)
    world.deliver(calls(ends - 1, start=10))
    world.pass_time(2)
    world.notify()
    assert told(world) == [("opened", 1, 1)]
    world.deliver(calls(ends + 200, start=20))
    world.settle()
    assert told(world) == [("opened", 1, 1)]


def test_a_return_with_a_new_address_is_told_once_and_says_so(world: World) -> None:
    world.deliver(calls(0))
    world.notify()
    change(world, lambda state: acknowledge(state, known()))
    world.deliver(calls(500, start=10, address="198.51.100.9"))
    world.notify()
    world.settle()
    assert told(world) == [("opened", 1, 1), ("changed", 1, 1)]


def test_what_was_closed_by_hand_tells_no_more_and_the_next_match_opens_another(world: World) -> None:
    world.deliver(calls(0, 1, 2))
    world.notify()
    world.deliver(calls(3, start=10))
    identity = world.spans()[KEY][0].alert_id
    change(world, lambda state: close(state, identity))
    world.deliver(calls(4, start=20))
    world.notify()
    world.deliver(calls(2, start=30))  # late: it belongs to the one that was closed
    world.settle()

    spans = world.spans()[KEY]
    assert [(span.first, span.last) for span in spans] == [(at(0), at(3)), (at(4), at(4))]
    assert len({span.alert_id for span in spans}) == 2
    assert told(world) == [("opened", 3, 3), ("opened", 1, 1), ("quiet", 5, 1)]


def test_a_publish_that_fails_is_tried_again_until_it_is_out(world: World) -> None:
    world.deliver(calls(0))
    world.topic.broken = True
    with pytest.raises(Exception, match="SNS is out of reach"):
        world.notify()
    for _ in range(5):
        world.pass_time(15)
        world.tend()
    world.topic.broken = False
    world.settle()
    assert told(world) == [("opened", 1, 1)]


def test_a_topic_that_fails_has_the_others_told_once() -> None:
    world = World(topics=[Topic("one"), Topic("two", broken=True)])
    world.deliver(calls(0))
    with pytest.raises(Exception, match="not told everywhere"):
        world.notify()
    world.topics[1].broken = False
    world.settle()
    assert [len(topic.told) for topic in world.topics] == [1, 1]


def test_noise_of_a_mild_level_leaves_room_for_what_is_worse(world: World) -> None:
    world.notifier._budgets = Budgets(rule=100, overall=10)
    mild = msgspec.structs.replace(STOP, id="mild", level=type(STOP.level).LOW)
    for number in range(20):
        world.deliver([Event(number, 0, f"user{number}")], met=mild)
    world.deliver(calls(0, start=90))
    outcomes = world.notify()
    assert outcomes.count(Telling.TOLD) == 6
    assert outcomes[-1] is Telling.TOLD, "the high one has its place"


def test_a_storm_of_one_actor_costs_a_handful(world: World) -> None:
    events = [Event(number, number // 400) for number in range(4000)]
    for start in range(0, 4000, 400):
        world.deliver(events[start : start + 400])
    world.notify()
    world.settle()
    assert told(world) == [("opened", 400, 400), ("grew", 4000, 3600)]


def test_a_message_of_an_alert_that_is_gone_is_an_error_that_names_it(world: World) -> None:
    with pytest.raises(Exception, match="no such alert"):
        world.notifier.tell(Outgoing("no such alert"))


def test_told_times_are_those_of_the_events(world: World) -> None:
    world.deliver(calls(3))
    world.deliver(calls(7, start=9))
    world.deliver(calls(1, start=19))
    world.settle()
    world.notify()
    pairs: list[tuple[Alert, FollowUp | None]] = world.topic.told
    follow_up = pairs[-1][1]
    assert follow_up is not None
    assert (follow_up.first_event_time, follow_up.last_event_time) == (at(1), at(7))


def test_two_that_become_one_have_grown_by_what_both_count(world: World) -> None:
    world.deliver(calls(*range(1)))
    world.deliver(calls(*range(1, 9), start=10))
    world.deliver(calls(100, start=30))
    world.deliver(calls(*range(101, 109), start=40))
    world.notify()
    assert told(world) == [("opened", 1, 1), ("opened", 1, 1)], "nine each: not yet tenfold"

    world.deliver(calls(60, 61, start=60))
    world.notify()

    assert told(world) == [("grew", 20, 18)]


def test_a_file_that_spans_a_closing_is_counted_on_both_sides_of_it(world: World) -> None:
    world.deliver(calls(0, 3))
    world.notify()
    identity = world.spans()[KEY][0].alert_id
    change(world, lambda state: close(state, identity))

    world.deliver(calls(3, 4, start=10))
    world.settle()
    world.notify()

    spans = world.spans()[KEY]
    assert [(span.first, span.last) for span in spans] == [(at(0), at(3)), (at(4), at(4))]
    assert sorted(told(world)) == [("opened", 1, 1), ("opened", 2, 2), ("quiet", 3, 1)]


def test_nobody_looks_after_what_is_told_to_nobody(world: World) -> None:
    world.deliver(calls(0), met=msgspec.structs.replace(STOP, status="test"))
    assert list(world.due.due(int(world.now) + 10**9, 10)) == []
    assert world.notify() == [Telling.STAGED]


def test_an_alert_whose_matches_were_stored_before_counts_them_when_it_is_opened(world: World) -> None:
    """As a correlation hands it over whose function had died between the matches and their group."""
    (batch,) = _batches_of(calls(0, 1, 2))
    world.kept.put_matches([batch])
    world.groups.add([replace(batch, matches=(), placed=at(0)), replace(batch, matches=(), placed=at(2))])
    world.notify()
    world.settle()
    assert sum(more for _, _, more in told(world)) == 3
    ((span,),) = world.spans().values()
    assert (span.first, span.last, span.told) == (at(0), at(2), 3)


def _batches_of(events: Sequence[Event]) -> list[AlertBatch]:
    grouper = AlertGrouper("v1", keep_matches=True)
    for event in events:
        grouper.add(event.match(), "s3://bucket/key")
    return list(grouper.drain())
