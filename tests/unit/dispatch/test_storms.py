"""What was held back, summed up: by `storms.summary_of`, and told by `tend_alerts`."""

from dataclasses import replace

import pytest

from tests.alerting_world import Event, Topic, World
from tests.unit.cli.alert_desk import alert
from trailwarden.dispatch.notification import held_of
from trailwarden.dispatch.storms import summary_of
from trailwarden.state.outbox import Budgets, Outgoing, Storm


def test_a_row_says_whose_rule_it_is_and_which_tactics_it_names() -> None:
    owned = replace(
        alert(), owner="network team", tags=("attack.defense-evasion", "attack.t1562.008", "attack.impact")
    )
    held = [held_of(Outgoing(owned.alert_id), owned, ("main",)), held_of(Outgoing("2"), owned, ("main",))]
    assert (held[0].owner, held[0].tactics) == ("network team", ("defense-evasion", "impact"))

    (row,) = summary_of(Storm("2026-03-02T12", 1), held, Budgets()).rows

    assert (row.owner, row.tactics, row.messages) == ("network team", ("defense-evasion", "impact"), 2)


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
def test_a_topic_that_fails_has_nobody_else_told_again(in_table: bool) -> None:
    broken, sound = Topic("broken"), Topic("sound")
    world = World(in_table=in_table, topics=[broken, sound], budgets=Budgets(1, 100))
    world.deliver([Event(number, 0, f"user{number}") for number in range(3)])
    world.notify()
    broken.broken = True
    for _ in range(5):
        world.tend()
        world.pass_time(6)  # the lease is over
    assert [storm.messages for storm in sound.storms] == [2]

    world.deliver([Event(10, 20, "late")])
    broken.broken = False
    world.notify()
    world.tend()
    assert [storm.messages for storm in broken.storms] == [3]
    assert len(sound.storms) == 1
    world.pass_time(60)
    world.tend()

    # Who missed something by that is told of it at the hour's end.
    assert [(storm.messages, storm.final) for storm in sound.storms] == [(2, False), (3, True)]
