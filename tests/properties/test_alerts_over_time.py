"""Whatever the order of arrival, the split, the repeats, the crashes and the losses: the same alerts with the
same counts, each told at least once, and exactly once where nothing crashed."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerting_world import START, STOP, Event, World, seen_by
from trailwarden.alerts.grouping import group_of
from trailwarden.alerts.groups import Moved, acknowledge
from trailwarden.alerts.placement import alert_id, group_key, time_of
from trailwarden.alerts.telling import Reason
from trailwarden.state.outbox import Budgets

QUIET = 60  # minutes

events = st.lists(
    st.builds(
        lambda minute, user: (minute, user),
        st.integers(0, 400) | st.sampled_from([0, 59, 60, 61, 119, 120, 121, 181]),
        st.sampled_from(["alice", "bob"]),
    ),
    min_size=1,
    max_size=14,
).map(lambda found: [Event(number, minute, user) for number, (minute, user) in enumerate(found)])


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]], list[Any]]:
    """Events; files that hold each of them once or more, in any order; and what happens after each file."""
    all_events = draw(events)
    repeats = draw(st.lists(st.sampled_from(all_events), max_size=6))
    order = draw(st.permutations([*all_events, *repeats]))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=5)))
    files = [order[a:b] for a, b in pairwise([0, *cuts, len(order)])]
    between = draw(
        st.lists(
            st.tuples(st.integers(0, 90), st.sampled_from(["notify", "lose", "tend", "nothing"])),
            min_size=len(files),
            max_size=len(files),
        )
    )
    return all_events, files, between


def expected(all_events: list[Event]) -> dict[str, list[tuple[str, str, str, int]]]:
    """By group key: id, first and last time, count of each stretch without a gap of the quiet time."""
    found: dict[str, list[list[int]]] = {}
    groups = {}
    for event in sorted(all_events, key=lambda one: one.minute):
        group = group_of(event.match())
        key = group_key(STOP.id, group)
        groups[key] = group
        runs = found.setdefault(key, [])
        if runs and event.minute - runs[-1][1] <= QUIET:
            runs[-1][1] = event.minute
            runs[-1][2] += 1
        else:
            runs.append([event.minute, event.minute, 1])
    return {
        key: [
            (alert_id(STOP.id, groups[key], at(first)), at(first), at(last), count)
            for first, last, count in runs
        ]
        for key, runs in found.items()
    }


def at(minute: int) -> str:
    return time_of(START + 60 * minute)


def live(world: World, files: list[list[Event]], between: list[Any]) -> None:
    for file, (minutes, what) in zip(files, between, strict=True):
        world.deliver(file, drained=3)
        world.pass_time(minutes)
        if what == "notify":
            world.notify()
        elif what == "lose":
            world.notify(lose=True)
        elif what == "tend":
            world.tend()
    world.notify()
    world.settle()


def standing(world: World) -> dict[str, list[tuple[str, str, str, int]]]:
    return {
        key: [
            (span.alert_id, span.first, span.last, world.kept.count(key, span.first, span.last).total)
            for span in spans
        ]
        for key, spans in world.spans().items()
    }


def told_counts(world: World) -> Counter[str]:
    """How many events messages have counted, by the alert that they are of by now."""
    counts: Counter[str] = Counter()
    for alert, follow_up in world.topic.told:
        counts[world.became(alert.alert_id)] += follow_up.more if follow_up else alert.count
    return counts


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
@given(deliveries())
@settings(deadline=None)
def test_any_delivery_ends_in_the_same_alerts_and_each_message_is_told_once(
    in_table: bool, drawn: tuple[list[Event], list[list[Event]], list[Any]]
) -> None:
    all_events, files, between = drawn
    world = World(in_table=in_table)

    live(world, files, between)

    wanted = expected(all_events)
    assert standing(world) == wanted
    messages = Counter((alert.alert_id, follow_up) for alert, follow_up in world.topic.told)
    assert set(messages.values()) == {1}
    assert told_counts(world) == {
        identity: count for alerts in wanted.values() for identity, _, _, count in alerts
    }
    assert all(span.closed for spans in world.spans().values() for span in spans)
    assert list(world.due.due(int(world.now) + 10**9, 1000)) == []


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
@given(deliveries(), st.integers(1, 120))
@settings(deadline=None)
def test_a_crash_at_any_step_loses_nothing_and_tells_each_at_least_once(
    in_table: bool, drawn: tuple[list[Event], list[list[Event]], list[Any]], dying: int
) -> None:
    all_events, files, between = drawn
    world = World(in_table=in_table, dying=dying)

    live(world, files, between)

    wanted = expected(all_events)
    assert standing(world) == wanted
    told = told_counts(world)
    for alerts in wanted.values():
        for identity, _, _, count in alerts:
            assert told[identity] >= count
    # One crash repeats one message at most.
    messages = Counter((alert.alert_id, follow_up) for alert, follow_up in world.topic.told)
    assert sum(messages.values()) <= len(messages) + 1


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(list("abcdefgh"))), min_size=1, max_size=30),
    st.integers(1, 4),
    st.integers(1, 8),
)
@settings(deadline=None)
def test_a_budget_holds_and_what_it_holds_back_is_summed_up(
    in_table: bool, calls: list[tuple[int, str]], of_rule: int, overall: int
) -> None:
    world = World(in_table=in_table, budgets=Budgets(of_rule, overall))
    for number, (minute, user) in enumerate(calls):
        world.now = START + 60 * minute
        world.deliver([Event(number, minute, user)])
        world.notify()
        world.notify()  # the stream has nothing new: nothing changes

    before = list(world.topic.told)
    world.settle()

    hours = Counter(alert.rule_id for alert, _ in before)
    assert all(
        count <= min(of_rule, Budgets(of_rule, overall).overall_for("high")) for count in hours.values()
    )
    groups = {user for _, user in calls}
    told = {alert.group["actor"] for alert, follow_up in world.topic.told if follow_up is None}
    last: dict[str, Any] = {storm.hour: storm for storm in world.topic.storms}
    assert sum(storm.alerts for storm in last.values()) >= len(groups) - len(told)
    assert all(storm.final for storm in last.values())
    rows = {row.actor for storm in last.values() for row in storm.rows}
    assert told | rows == {f"user {user}" for user in groups}


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from("aaabc")), min_size=1, max_size=9),
    st.lists(st.integers(0, 9), max_size=4),
)
@settings(max_examples=40, deadline=None)
def test_whatever_comes_after_an_acknowledgement_the_alerts_are_the_same_and_what_is_new_is_sent(
    in_table: bool, calls: list[tuple[int, str]], cuts: list[int]
) -> None:
    """`a` was seen, `b` and `c` were not: in whatever order and files they come."""
    events = [
        Event(number, minute, target=target) for number, (minute, target) in enumerate([(0, "a"), *calls])
    ]
    world = World(in_table=in_table)
    world.deliver(events[:1])
    world.notify()
    (key,) = world.spans()
    known = seen_by("alice", events[0])
    world.groups.move(key, lambda state: Moved(acknowledge(state, known)) if state else None)
    edges = sorted({1, *(1 + cut for cut in cuts if cut < len(calls)), len(events)})
    for first, last in pairwise(edges):
        world.deliver(events[first:last], drained=3)
        world.notify()
    world.settle()

    assert standing(world) == expected(events)
    news = [more for _, more in world.topic.told if more is not None and more.reason is Reason.CHANGED]
    arrived = [target for _, target in calls]
    if {*arrived} == {"a"}:
        assert [more for _, more in world.topic.told] == [None], "nothing was new"
        return
    (changed,) = news
    new = {change.removeprefix("target trail ") for change in changed.changes}
    assert new
    assert new <= {"b", "c"}
    shown = [more.variety if more else alert.variety for alert, more in world.topic.told]
    sent = {name for variety in shown if variety is not None for name in variety.targets.first}
    assert {f"trail {target}" for target in arrived if target != "a"} <= sent, "every new target is named"
