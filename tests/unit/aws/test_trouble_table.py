"""Rule sets that cannot be loaded: one trouble for all functions."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.dynamodb import FakeDynamoDB
from trailwarden.aws.trouble_table import TroubleTable
from trailwarden.state.rule_sets import Trouble

TABLE = "alerts"
HOUR = 3600


class Clock:
    def __init__(self) -> None:
        self.now = 1_772_366_400.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["fake", "moto"])
def client(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "fake":
        yield FakeDynamoDB()
        return
    with mock_aws():
        made = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(made, TABLE)
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def troubles(client: Any, clock: Clock) -> TroubleTable:
    return TroubleTable(client, TABLE, now=clock)


def test_a_trouble_lasts_for_as_long_as_functions_meet_it(troubles: TroubleTable, clock: Clock) -> None:
    assert troubles.met("v1") == Trouble(0, told=False)
    for hour in range(1, 6):
        clock.now += HOUR
        assert troubles.met("v1") == Trouble(hour * HOUR, told=False)


def test_functions_that_start_afresh_share_it(client: Any, clock: Clock) -> None:
    for age in range(0, 3 * HOUR, HOUR // 2):
        fresh = TroubleTable(client, TABLE, now=clock)
        assert fresh.met("v1").failing_for == age
        clock.now += HOUR // 2


@pytest.mark.parametrize(("pause", "failing_for"), [(2 * HOUR, 2 * HOUR), (2 * HOUR + 1, 0)])
def test_a_long_pause_ends_it(troubles: TroubleTable, clock: Clock, pause: int, failing_for: int) -> None:
    troubles.met("v1")
    clock.now += pause
    assert troubles.met("v1").failing_for == failing_for


def test_a_rule_set_that_was_loaded_begins_anew(troubles: TroubleTable, clock: Clock) -> None:
    troubles.met("v1")
    clock.now += HOUR
    troubles.over("v1")
    clock.now += 60
    assert troubles.met("v1").failing_for == 0


def test_rule_sets_fail_each_by_itself(troubles: TroubleTable, clock: Clock) -> None:
    troubles.met("v1")
    troubles.told("v1")
    clock.now += HOUR
    assert troubles.met("v2") == Trouble(0, told=False)
    troubles.over("v2")
    assert troubles.met("v1") == Trouble(HOUR, told=True)


def test_what_was_told_stays_told_for_other_functions_too(client: Any, clock: Clock) -> None:
    first = TroubleTable(client, TABLE, now=clock)
    first.met("v1")
    first.told("v1")
    first.over("v1")
    clock.now += 5 * HOUR
    assert TroubleTable(client, TABLE, now=clock).met("v1") == Trouble(0, told=True)


def test_a_clock_that_is_behind_another_functions_gives_no_negative_age(
    troubles: TroubleTable, clock: Clock
) -> None:
    troubles.met("v1")
    clock.now -= 90
    assert troubles.met("v1").failing_for == 0


def test_it_is_forgotten_after_a_month(client: Any, troubles: TroubleTable, clock: Clock) -> None:
    troubles.met("v1")
    troubles.told("v1")
    items = client.scan(TableName=TABLE)["Items"]
    assert [int(item["expires_at"]["N"]) - clock.now for item in items] == [30 * 24 * HOUR] * 2
