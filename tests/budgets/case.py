"""The largest legal inputs of each function, and the poison: what an attacker, or bad luck, hands it.

A case fills the world, and returns what must hold after the function has run. `part` is how much of the
largest input it is (so that `make test` stays short): it gets as much of the function's time.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.budgets.world import BUCKET, TABLE, World
from tests.samples import STOP_RULE, log_key, record, rule
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import AlertBatch
from trailwarden.aws.group_table import GroupTable
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.safety.safe_record import SafeRecord
from trailwarden.state.groups import Groups

Check = Callable[[Any], None]
LARGEST = 256 * 1024  # bytes: the most that CloudTrail delivers
TOKENS = "eyJ-" * 25_000
"""Quadratic for a pattern that begins anew at each beginning of what it looks for."""


@dataclass(frozen=True)
class Case:
    """One input of a function."""

    function: str
    name: str
    fill: Callable[[World], Check]
    part: float = 1.0
    poison: bool = False


_LAMBDAS = Path(__file__).parents[2] / "lambdas"
CASES: list[Case] = []


def case(
    function: str, *, part: float = 1.0, poison: bool = False
) -> Callable[..., Callable[[World], Check]]:
    def added(fill: Callable[[World], Check]) -> Callable[[World], Check]:
        if (_LAMBDAS / function).is_dir():
            CASES.append(Case(function, fill.__name__, fill, part, poison))
        return fill

    return added


def user(number: int) -> dict[str, str]:
    return {"type": "IAMUser", "accountId": "444455556666", "userName": f"user-{number}"}


RULE = rule(STOP_RULE, "StopLogging", alert_title="{actor} stopped the trail")


def stored(world: World, records: Sequence[Record], *, seconds_ago: int = 0) -> None:
    """The alerts of these records, as `detect` writes them; their records as they are, none masked before."""
    grouper = AlertGrouper("v1", keep_matches=True)
    whole = {}
    for one in records:
        plain = {**one, "requestParameters": {"name": "main-trail"}}
        match = Match(RULE, plain, 0, event_identity(plain), event_time(plain))
        whole[match.event_id] = one
        grouper.add(match, f"s3://{BUCKET}/{log_key()}")

    def as_it_is(batch: AlertBatch) -> AlertBatch:
        shown = whole[batch.matches[0].event_id]
        return replace(batch, make=lambda: replace(batch.make(), record=SafeRecord(shown)))

    def now() -> float:
        return time.time() - seconds_ago

    table = GroupTable(world.table, TABLE, retention=timedelta(days=400), now=now, pause=lambda _: None)
    Groups(table, now=now, pause=lambda _: None).add(map(as_it_is, grouper.drain()))


def endless(world: World, alert: dict[str, Any], matches: int) -> None:
    """As many matches in the alert's group, all at one time."""
    group = alert["group_key"]["S"]
    place = event_time(record())
    item = {
        "rule_id": {"S": STOP_RULE},
        "event_id": {"S": "a0000000-0000-0000-0000-000000000066"},
        "log_file": {"S": f"s3://{BUCKET}/{log_key()}"},
        "record_index": {"N": "7"},
        "origin": {"S": "203.0.113.7"},
        "action": {"S": "StopLogging"},
    }

    def made(number: int) -> dict[str, Any]:
        return {**item, "pk": {"S": f"GROUP#{group}"}, "sk": {"S": f"MATCH#{place}#{number:032x}"}}

    world.table.endless[f"GROUP#{group}"] = (matches, made)
