"""Alerts in the table that cannot be read: what is known of them is sent, within the same budgets."""

import pytest

from tests.alerting_world import STOP, World
from tests.unit.dispatch.test_reserves import PROTECTED, Call, noise_of_rules
from trailwarden.dispatch.notification import Telling
from trailwarden.state.outbox import Budgets

UNREADABLE = {
    "not JSON": "{",
    "empty": "",
    "of another shape": '{"alert_id": 7}',
    "cut": '{"alert_id": "1", "rule_id": "2"',
    "too deep": "[" * 100_000,
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
@pytest.mark.parametrize("known", [True, False], ids=["with the attribute", "stored before there was one"])
def test_an_unreadable_alert_of_a_protected_rule_has_the_reserve(text: str, known: bool) -> None:
    world = World(in_table=True, budgets=Budgets())
    noise_of_rules(world, 8)
    before = world.written()
    for number in range(4):
        world.deliver([Call(9000 + number, 1, f"real{number}")], met=PROTECTED)
    for message in world.written()[len(before) :]:
        item = world.database.items[f"ALERT#{message.alert_id}", "ALERT"]
        item["alert"] = {"S": text}
        if not known:
            del item["protected"]
    assert world.notify() == [Telling.TOLD] * 3 + [Telling.HELD]
    assert [alert.rule_id for alert, _ in world.topic.told[-3:]] == [PROTECTED.id] * 3
    (storm,) = [one for one in world.outbox.storms() if one.protected]
    assert storm.protected == 1


def test_an_unreadable_alert_of_another_rule_has_no_reserve() -> None:
    world = World(in_table=True, budgets=Budgets(1, 1))
    world.deliver([Call(one, 0, f"u{one}") for one in range(5)], met=STOP)
    for (pk, sk), item in world.database.items.items():
        if pk.startswith("ALERT#") and sk == "ALERT":
            item["alert"] = {"S": "{"}
    assert world.notify() == [Telling.TOLD] + [Telling.HELD] * 4
