"""What a batch of matches says of itself: how much waits, what was counted, what was skipped, what is new."""

from collections import Counter

import pytest

from tests.unit.correlation.samples import A, B, World, correlation, match
from trailwarden.correlation.correlator import UnsettledGroupError
from trailwarden.correlation.windows import group_events, satisfied, value_of
from trailwarden.state.correlations import CorrelationEvent, CorrelationGroup
from trailwarden.state.memory import MemoryCorrelationStore
from trailwarden.state.retrying import Patience


def test_what_waits_is_counted_until_it_is_stored() -> None:
    batch = World([correlation("event_count")]).batch()
    assert batch.pending == 0
    for number in range(4):
        batch.add(match(number, number), "file")
        batch.add(match(number, number), "file")  # the same event again
    assert (batch.pending, batch.tally.events) == (4, 4)

    assert batch.flush() == 1
    assert batch.pending == 0
    batch.add(match(9, 9), "file")
    assert (batch.pending, batch.tally.events) == (1, 5)


def test_of_a_value_and_day_first_seen_keeps_the_earliest_alone() -> None:
    batch = World([correlation("first_seen", field=("what",), bounds=(("gte", 1),))]).batch()
    for seconds in (50, 30, 70):
        batch.add(match(seconds, seconds, what="new"), "file")
    batch.add(match(1, 40, what="other"), "file")
    assert (batch.pending, batch.tally.events) == (2, 4)
    batch.flush()

    batch.add(match(71, 71, what="new"), "file")  # says nothing new: later on the day
    batch.add(match(31, 30, what="new"), "file")  # of the same second: by its id
    batch.add(match(20, 20, what="new"), "file")
    assert batch.pending == 1
    assert batch.tally.events == 7


def test_alerts_and_skipped_matches_add_up_over_flushes() -> None:
    world = World([correlation("event_count", bounds=(("gte", 2),))])
    batch = world.batch()
    opened = []
    for who in ("ann", "bob"):
        batch.add(match(1, 0, who=who), who)
        batch.add(match(2, 1, who=who), who)
        batch.add(match(3, 1, who=who + "2"), who)
        batch.add(match(4, 2, who=who + "2"), who)
        batch.add(match(5, 0, who=None), who)
        batch.add(match(6, None, who=who), who)
        opened.append(batch.flush())
    assert opened == [2, 2]
    assert batch.tally.alerts == 4
    assert (batch.tally.missing_group, batch.tally.missing_time) == (2, 2)


def test_a_match_without_time_is_skipped_by_each_correlation_that_it_feeds() -> None:
    world = World([correlation("event_count", id="one"), correlation("event_count", id="two")])
    batch = world.batch()
    batch.add(match(1, None), "file")
    assert batch.tally.missing_time == 2


def test_a_run_that_is_longer_than_the_timespan_opens_all_of_its_alerts() -> None:
    """Three hours apart: three runs, three alerts, all of them new."""
    batch = World([correlation("event_count", bounds=(("gte", 1),))]).batch()
    for number in range(3):
        batch.add(match(number, number * 3 * 3600), "file")
    assert batch.flush() == 3


def test_aliases_name_a_field_of_each_rule() -> None:
    one = correlation(
        "value_count",
        A,
        B,
        group_by=("user",),
        field=("target",),
        bounds=(("gte", 2),),
        aliases={
            "user": {A.id: "who", B.id: "by"},
            "target": {A.id: "what", B.id: "name"},
        },
    )
    world = World([one])
    world.take(
        [
            match(1, 0, A, who="ann", what="x"),
            match(2, 1, B, who=None, by="ann", name="y"),
            match(3, 2, B, who="ann", by="eve", name="z"),  # another user, for B calls them `by`
        ]
    )
    ((_, group, *_, count),) = world.outcome()
    assert (group, count) == (("ann",), 2)


def event(rule_id: str, number: int, **fields: str) -> CorrelationEvent:
    return CorrelationEvent("2026-03-01T12:00:00Z", f"match-{number}", "event", rule_id, "f", 0, fields)


def test_the_value_of_an_event_is_that_of_its_first_rule() -> None:
    """One event that two rules matched, whose aliases name different fields, in whatever order they came."""
    one = correlation("value_count", A, B, field=("v",), aliases={"v": {A.id: "a", B.id: "b"}})
    fields = {"a": "by the first", "b": "by the second"}
    matches = [event(B.id, 1, **fields), event(A.id, 2, **fields), event("stranger", 0, **fields)]
    for order in (matches, matches[::-1]):
        (judged,) = group_events(one, order)
        assert judged.value == "by the first"
        assert judged.rules == (0, 1)


def test_a_combination_of_fields_is_one_value() -> None:
    one = correlation("value_count", field=("a", "b"))
    assert value_of(one, event(A.id, 1, a="x", b="y")) == "x\ny"
    assert value_of(one, event(A.id, 1, a="x")) is None
    assert list(satisfied(one, [])) == []


class _Restless(MemoryCorrelationStore):
    """Always one more event: somebody else keeps writing."""

    def read(self, group: CorrelationGroup, number: int) -> list[CorrelationEvent]:
        found = super().read(group, number)
        if found:
            more = match(1000 + len(found), 1)
            assert more.event_time is not None
            late = CorrelationEvent(more.event_time, more.id, more.event_id, A.id, "f", 0, {})
            self.add(group, [late])
        return found


def test_a_group_that_never_settles_is_named() -> None:
    rules = [correlation("event_count", bounds=(("lt", 9),))]
    world = World(rules, events=_Restless(), patience=Patience(0))
    batch = world.batch()
    batch.add(match(1, 0), "file")
    with pytest.raises(UnsettledGroupError, match="Together: its events change faster"):
        batch.flush()


class _OnceMore(MemoryCorrelationStore):
    """Somebody else writes once, between the judgement and its confirmation."""

    def __init__(self) -> None:
        super().__init__()
        self._reads: Counter[int] = Counter()

    def read(self, group: CorrelationGroup, number: int) -> list[CorrelationEvent]:
        late = match(1000, 1)
        self._reads[number] += 1
        if late.event_time and number == group.number(late.event_time) and self._reads[number] == 2:
            self.add(group, [CorrelationEvent(late.event_time, late.id, late.event_id, A.id, "f", 0, {})])
        return super().read(group, number)


def test_an_alert_that_is_judged_twice_is_new_once() -> None:
    world = World([correlation("event_count", bounds=(("lt", 9),))], events=_OnceMore())
    batch = world.batch()
    batch.add(match(1, 0), "file")
    assert batch.flush() == 1
    assert batch.tally.alerts == 1
