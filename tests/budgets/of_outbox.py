"""What `notify` and `tend_alerts` are given: what is in the outbox, and what is due."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.budgets.case import TOKENS, Check, case, endless, stored, user
from tests.budgets.world import World
from tests.samples import record
from trailwarden.delivery.records import Record
from trailwarden.state.outbox import Held


def _stream(world: World) -> Callable[[int], Check]:
    """The event that the table's stream makes of all alerts; all are to be sent, or kept for a summary."""
    items = world.items("ALERT#", "ALERT")
    world.event = {
        "Records": [
            {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(at), "NewImage": dict(item)}}
            for at, item in enumerate(items)
        ]
    }

    def expecting(count: int) -> Check:
        def check(answer: Any) -> None:
            assert answer == {"batchItemFailures": []}, answer
            assert len(items) == count
            assert all("told_at" in item or "held_in" in item for item in world.items("ALERT#", "ALERT"))
            assert world.topics.published

        return check

    return expecting


@case("notify")
def a_batch_as_large_as_lambda_takes(world: World) -> Check:
    """Six megabytes: items of nearly 400 KB."""
    records = []
    for number in range(15):
        words = [f"word {n} of a long request, number {number}" for n in range(9_000)]
        records.append(record(number, userIdentity=user(number), requestParameters={"words": words}))
    stored(world, records)
    return _stream(world)(15)


@case("notify")
def a_batch_of_a_hundred_alerts(world: World) -> Check:
    stored(world, [record(number, userIdentity=user(number)) for number in range(100)])
    return _stream(world)(100)


def _poisoned() -> list[Record]:
    """What costs most to mask, describe and lay out, of 25 actors."""
    deep: Any = "bottom"
    for _ in range(300):
        deep = {"next": [deep]}
    requests: list[Any] = [
        {"source": {"buildspec": TOKENS}},
        {"script": TOKENS + "." + TOKENS + "."},
        {"statement": "IDENTIFIED BY " * 8_000},
        {"text": "password=" * 11_000},
        {"text": "a" * 100_000 + "=" + "b" * 100_000},
        {"document": json.dumps(json.dumps(json.dumps({"password": "x" * 30_000})))},
        {"deep": deep},
        {f"field{number}": "value" for number in range(12_000)},
        {"text": "AKIA" * 25_000},
        {"text": "\u202e\U0001f600" * 30_000},
        {"text": "-----BEGIN PRIVATE KEY-----" * 4_000},
        {"text": "https://user:" * 8_000},
    ]
    return [
        record(number, userIdentity=user(number), requestParameters=request)
        for number, request in enumerate(requests)
    ]


@case("notify", poison=True)
def what_costs_most_to_word(world: World) -> Check:
    records = _poisoned()
    stored(world, [*records, record(99)])
    return _stream(world)(len(records) + 1)


def _told(world: World) -> None:
    """As if `notify` had sent all that there is."""
    for item in world.items("ALERT#", "ALERT"):
        item["told_at"] = item["taken_at"] = {"N": str(int(time.time()))}


def _due(answer: Any) -> None:
    assert answer["failed"] == 0, answer


@case("tend_alerts", part=0.9)
def a_thousand_alerts_that_are_due(world: World) -> Check:
    stored(world, [record(n, userIdentity=user(n)) for n in range(1_000)], seconds_ago=7_200)
    _told(world)

    def check(answer: Any) -> None:
        _due(answer)
        assert answer["closed"] == 1_000 or answer["left"]

    return check


@case("tend_alerts")
def an_alert_of_millions_of_matches(world: World) -> Check:
    """One that is counted: before it ends, and so that another behind it is looked at too."""
    stored(world, [record(n, userIdentity=user(n)) for n in range(2)], seconds_ago=7_200)
    _told(world)
    endless(world, world.items("ALERT#", "ALERT")[0], 3_000_000)

    def check(answer: Any) -> None:
        _due(answer)
        assert answer["closed"] == 2

    return check


@case("tend_alerts")
def a_quarter_of_a_million_messages_held_back(world: World) -> Check:
    hour = f"{datetime.now(UTC) - timedelta(hours=2):%Y-%m-%dT%H}"
    fields = {"summaries": {"N": "0"}, "told": {"N": "0"}, "over": {"BOOL": False}}
    world.table.items["STORMS", hour] = {"pk": {"S": "STORMS"}, "sk": {"S": hour}, **fields}
    world.table.endless[f"HELD#{hour}"] = (250_000, lambda number: _held(hour, number))

    def check(answer: Any) -> None:
        _due(answer)
        assert answer["summaries"] == 1 or answer["left"]

    return check


def _held(hour: str, number: int) -> dict[str, Any]:
    held = Held(
        alert_id=f"{number:032x}",
        key="ALERT",
        rule_id=f"6f0a1f5e-3a43-4a4d-9b61-{number % 300:012}",
        rule_title=f"Rule number {number % 300}",
        level=("low", "medium", "high", "critical")[number % 4],
        account=f"{number % 10_000:012}",
        actor=f"user-{number}",
        title=f"user-{number} did something in account {number % 10_000:012}",
        first_event_time="2026-03-01T12:00:00Z",
        last_event_time="2026-03-01T12:00:00Z",
        channels=("alerts",),
        owner=f"team {number % 50}",
        tactics=("attack.defense-evasion",),
    )
    keys = {"pk": {"S": f"HELD#{hour}"}, "sk": {"S": f"{held.alert_id}#ALERT"}}
    return {**keys, "held": {"S": msgspec.json.encode(held).decode()}}


@case("tend_alerts", poison=True)
def what_costs_most_to_word_and_was_never_sent(world: World) -> Check:
    """The stream lost them: they are sent from here, and what is behind them is looked at too."""
    records = _poisoned()
    stored(world, records, seconds_ago=9_000)
    stored(world, [record(99)], seconds_ago=7_200)
    behind = {item["pk"]["S"] for item in world.items("ALERT#", "ALERT")}

    def check(answer: Any) -> None:
        _due(answer)
        sent = {
            item["pk"]["S"]
            for item in world.items("ALERT#", "ALERT")
            if "told_at" in item or "held_in" in item
        }
        assert sent == behind
        assert len(world.topics.published) >= 1

    return check
