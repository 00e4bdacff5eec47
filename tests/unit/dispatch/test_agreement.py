"""What was put into the table by itself does not go out as ours, whatever id it bears."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.alerting_world import Event, World
from trailwarden.alerts.model import Alert
from trailwarden.alerts.placement import alert_id, group_key
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.aws.group_table import alert_key, item_of
from trailwarden.dispatch.notification import Telling


def opened(in_table: bool = True) -> tuple[World, Alert]:
    """A world in which an alert was sent, and that alert."""
    world = World(in_table=in_table)
    world.deliver([Event(1, 0)])
    assert world.notify() == [Telling.TOLD]
    (told,) = world.topic.told
    return world, told[0]


def plant(world: World, alert: Alert, *, under: str | None = None, **attributes: Any) -> None:
    item = alert_key(under or alert.alert_id) | item_of(
        alert=msgspec.json.encode(alert).decode(), opened_at=int(world.now), **attributes
    )
    world.database.put_item(TableName="alerts", Item=item)


def of_another(alert: Alert, **fields: Any) -> Alert:
    """An alert that is right in itself: its id and its group key are those of its rule and values."""
    changed = replace(alert, **fields)
    first = changed.first_event_time
    return replace(
        changed,
        alert_id=alert_id(changed.rule_id, changed.group, first, staged=changed.staged),
        group_key=group_key(changed.rule_id, changed.group, staged=changed.staged),
    )


FORGED: list[Callable[[Alert], Alert]] = [
    lambda alert: replace(alert, alert_id="f" * 32),
    lambda alert: replace(alert, alert_id="e" * 32, title="Click here"),
    lambda alert: of_another(alert, group={"actor": "user admin", "account": "444455556666"}),
    lambda alert: of_another(alert, rule_id="0" * 36),
    lambda alert: replace(of_another(alert, rule_id="0" * 36), group_key=alert.group_key),
    lambda alert: replace(of_another(alert, group={"actor": "x"}), group_key=alert.group_key),
    lambda alert: of_another(alert, first_event_time="2026-03-05T12:00:00Z"),
    lambda alert: of_another(alert, first_event_time=None),
]


@pytest.mark.parametrize("forge", FORGED)
def test_an_invented_alert_is_not_sent(forge: Callable[[Alert], Alert]) -> None:
    world, alert = opened()
    invented = forge(alert)
    plant(world, invented)
    assert world.notify() == [Telling.REJECTED]
    assert len(world.topic.told) == 1
    item = world.database.items[f"ALERT#{invented.alert_id}", "ALERT"]
    assert item["silent"]["S"].startswith("set aside: ")


def test_an_alert_under_anothers_id_is_not_sent() -> None:
    world, alert = opened()
    plant(world, alert, under="d" * 32)
    assert world.notify() == [Telling.REJECTED]


@pytest.mark.parametrize("in_table", [False, True])
def test_what_detect_stored_is_sent(in_table: bool) -> None:
    world, _ = opened(in_table)
    world.deliver([Event(each, each) for each in range(2, 30)])
    assert Telling.REJECTED not in world.notify()
    world.settle()
    assert len(world.topic.told) > 1


def test_an_alert_that_became_another_before_it_was_sent_is_sent() -> None:
    world = World(in_table=True)
    world.deliver([Event(1, 61)])
    world.deliver([Event(2, 58)])
    assert world.notify() == [Telling.TOLD, Telling.SILENT]


def test_a_follow_up_of_no_alert_is_not_sent() -> None:
    world, alert = opened()
    told = msgspec.json.encode(FollowUp(Reason.CHANGED, 50, 49, None, None, ("action Click",))).decode()
    invented = replace(alert, alert_id="c" * 32)
    plant(world, invented, under="c" * 32, silent="none")
    item = alert_key("c" * 32, "MORE#000000000050") | item_of(follow_up=told, written_at=int(world.now))
    world.database.put_item(TableName="alerts", Item=item)
    assert world.notify() == [Telling.SILENT, Telling.REJECTED]


def test_a_follow_up_under_the_key_of_another_is_not_sent() -> None:
    world, alert = opened()
    told = msgspec.json.encode(FollowUp(Reason.QUIET, 50, 49, None, None)).decode()
    item = alert_key(alert.alert_id, "MORE#000000000007") | item_of(follow_up=told, written_at=int(world.now))
    world.database.put_item(TableName="alerts", Item=item)
    assert world.notify() == [Telling.REJECTED]


def test_what_is_set_aside_is_not_tried_again() -> None:
    world, alert = opened()
    plant(world, replace(alert, alert_id="b" * 32))
    world.notify()
    world.database.items["DUE#0", f"{int(world.now):012}#{alert.group_key}#{'b' * 32}"] = item_of(
        pk="DUE#0", sk=f"{int(world.now):012}#{alert.group_key}#{'b' * 32}"
    )
    world.pass_time(20)
    world.tend()
    assert len(world.topic.told) == 1
