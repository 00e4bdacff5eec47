"""The figures of weeks and what is due, over a table that is played, and over moto's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.dynamodb import FakeDynamoDB
from trailwarden.aws.due_table import DueTable
from trailwarden.aws.week_table import WeekTable
from trailwarden.state.groups import Due
from trailwarden.state.weeks import Seen, WeekFigures, week_bounds, week_of

TABLE = "alerts"
MONDAY = datetime(2026, 3, 9, 7, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = MONDAY.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["fake", "moto"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "fake":
        yield FakeDynamoDB(page=3)
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        made = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(made, TABLE)
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def weeks(client: Any, clock: Clock) -> WeekTable:
    return WeekTable(client, TABLE, now=clock)


def test_what_was_read_adds_up_by_account_and_the_newest_event_stays(weeks: WeekTable) -> None:
    weeks.add_seen("2026-W11", {"1": Seen(1, 10, "2026-03-09T05:00:00Z"), "2": Seen(1, 0)})
    weeks.add_seen("2026-W11", {"1": Seen(2, 5, "2026-03-09T04:00:00Z")})
    weeks.add_seen("2026-W12", {"1": Seen(9, 9, "2026-03-16T04:00:00Z")})

    assert weeks.figures("2026-W11") == WeekFigures(
        accounts={"1": Seen(3, 15, "2026-03-09T05:00:00Z"), "2": Seen(1, 0, None)}
    )


def test_what_was_only_kept_is_counted_in_the_week_of_the_clock(weeks: WeekTable, clock: Clock) -> None:
    weeks.add_staged(3)
    weeks.add_staged(1)
    clock.now += 7 * 86_400
    weeks.add_staged(5)

    assert [weeks.figures(week).staged for week in ("2026-W11", "2026-W12", "2026-W13")] == [4, 5, 0]


def test_the_first_week_ever_is_passed_over_for_good(weeks: WeekTable) -> None:
    assert not weeks.begin_heartbeat("2026-W10", "main")
    assert not weeks.begin_heartbeat("2026-W10", "main")
    assert not weeks.begin_heartbeat("2026-W09", "main")
    assert weeks.begin_heartbeat("2026-W11", "main")


def test_a_week_is_one_functions_alone_until_its_lease_ends(weeks: WeekTable, clock: Clock) -> None:
    weeks.begin_heartbeat("2026-W10", "main")
    assert weeks.begin_heartbeat("2026-W11", "main")
    assert not weeks.begin_heartbeat("2026-W11", "main")
    clock.now += 601
    assert weeks.begin_heartbeat("2026-W11", "main")


def test_a_week_that_was_told_is_told_no_more(weeks: WeekTable, clock: Clock) -> None:
    weeks.begin_heartbeat("2026-W10", "main")
    weeks.begin_heartbeat("2026-W11", "main")
    weeks.heartbeat_told("2026-W11", "main")
    clock.now += 3600
    assert weeks.begin_heartbeat("2026-W11", "other topic")
    assert not weeks.begin_heartbeat("2026-W11", "main")


@pytest.mark.parametrize(
    ("day", "week"),
    [("2026-01-01", "2026-W01"), ("2027-01-03", "2026-W53"), ("2027-01-04", "2027-W01")],
)
def test_weeks_are_those_of_iso_8601(day: str, week: str) -> None:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert week_of(moment) == week
    begins, ends = week_bounds(week)
    assert begins <= moment < ends
    assert (begins.weekday(), ends.weekday()) == (0, 0)


def test_what_is_due_comes_earliest_first_whatever_its_shard(client: Any) -> None:
    table = DueTable(client, TABLE)
    all_due = [Due(1000 + 7 * number % 50, f"group{number}", f"alert{number}") for number in range(40)]
    for due in all_due:
        table.put(due)
        table.put(due)

    in_order = sorted(all_due, key=lambda due: due.at)
    assert [due.at for due in table.due(1020, 100)] == [due.at for due in in_order if due.at <= 1020]
    assert [due.at for due in table.due(2000, 5)] == [due.at for due in in_order[:5]]
    assert set(table.listed()) == set(all_due)
    table.remove(in_order[0])
    table.remove(in_order[0])
    assert set(table.listed()) == set(in_order[1:])
