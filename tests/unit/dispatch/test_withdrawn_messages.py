"""What is ours is sent, whatever becomes of its alert before: other ids, withdrawal, return."""

from typing import Any

import pytest

from tests.alerting_world import Event, World
from tests.soak.orders import DAY, HOUR, Order, play_order
from tests.unit.correlation.samples import A, correlation, match
from trailwarden.dispatch.notification import Telling


@pytest.mark.parametrize("in_table", [False, True])
def test_an_alert_that_got_thirty_other_ids_before_it_was_sent_is_sent(in_table: bool) -> None:
    world = World(in_table=in_table)
    for number in range(31):
        world.deliver([Event(number, -59 * number)])
    outcomes = world.notify()
    assert outcomes[0] is Telling.TOLD
    assert Telling.REJECTED not in outcomes


def test_an_alert_that_moves_while_it_is_looked_for_is_sent() -> None:
    """It was beside the state; a late match takes it into another, between the reads."""
    world = World(in_table=True)
    for number in range(12):
        world.deliver([Event(number, 100 * number)])
    real: Any = world.kept.filed_alert
    moved: list[str] = []

    def filed_alert(group_key: str, alert_id: str) -> Any:
        if not moved:
            moved.append(alert_id)
            world.deliver([Event(99, -59)])
        return real(group_key, alert_id)

    world.kept.filed_alert = filed_alert
    outcomes = world.notify()
    assert moved
    assert Telling.REJECTED not in outcomes


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
@pytest.mark.parametrize("end", ["notify", "tend", "lose"])
def test_what_a_withdrawn_alert_leaves_behind_is_sent(in_table: bool, end: str) -> None:
    rule = correlation("first_seen", A, field=("what",), bounds=(("gte", 1),), timespan=2 * DAY)
    seen = [match(n, n * HOUR, A, what=what) for n, what in enumerate("xyz")]
    late = [match(10 + n, n * HOUR - DAY, A, what=what) for n, what in enumerate("xy")]
    for number, order in enumerate(([1, 0], [0, 1])):
        steps = [([seen], "nothing", 0), *(([[late[each]]], "nothing", 0) for each in order), ([], end, 61)]
        play_order(Order(number, in_table, [rule], [*seen, *late], steps, 0))
