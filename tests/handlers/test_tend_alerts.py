"""`tend_alerts` by the clock: what is quiet is closed, what nobody told is told, storms are summed up."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest

from tests.handlers.conftest import TABLE, Aws, LambdaContext
from tests.handlers.test_detect import run as run_detect
from tests.handlers.test_notify import lay_settings, stored_alerts, stream
from tests.handlers.test_notify import run as run_notify
from tests.samples import MEMBER, log_file, log_key, notice, record
from trailwarden.activity.model import AccountInfo
from trailwarden.alerting import MAIN, AccountName, Route
from trailwarden.aws.account_table import AccountTable, Source

Load = Callable[[str], ModuleType]
NOON = 1_772_452_800.0  # Monday 2026-03-02T12:00:00Z
OTHER = "BBBBBBBBBBBBBBBB"


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test sets by hand."""
    now = [NOON]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now


def tend(load: Load) -> dict[str, int]:
    answer: dict[str, int] = load("tend_alerts").handler({}, LambdaContext())
    return answer


def told(aws: Aws) -> list[dict[str, Any]]:
    """The messages that subscribers got since the last call, as JSON."""
    bodies = [json.loads(message["Body"]) for message in aws.messages(aws.alert_queue)]
    return [json.loads(body["Message"]) for body in bodies]


def items(aws: Aws, prefix: str) -> list[dict[str, Any]]:
    return [item for item in aws.items("ALERT#") if item["sk"]["S"].startswith(prefix)]


def test_nothing_to_do_is_no_error(aws: Aws, load: Load) -> None:
    assert set(tend(load).values()) == {0}


def test_the_names_of_the_settings_are_kept_for_the_commands(aws: Aws, load: Load, tmp_path: Path) -> None:
    """`alerts show` calls an account what the mail calls it, without a day's delay."""
    lay_settings(tmp_path, aws, accounts={MEMBER: AccountName(name="Payments", environment="production")})
    tend(load)
    book = AccountTable(boto3.client("dynamodb"), TABLE, now=lambda: NOON, source=Source.SETTINGS)
    assert book.accounts() == {MEMBER: AccountInfo("Payments", "production")}

    lay_settings(tmp_path, aws, accounts={MEMBER: AccountName(name="Billing")})
    tend(load)
    assert book.accounts() == {MEMBER: AccountInfo("Billing", None)}


def test_what_came_after_the_first_message_is_told_when_it_has_been_quiet(
    aws: Aws, load: Load, clock: list[float]
) -> None:
    run_notify(load("notify"), stored_alerts(aws, load, "alice"))
    more = [record(number, userIdentity={"type": "IAMUser", "userName": "alice"}) for number in (7, 8, 9)]
    aws.put(log_key(OTHER), log_file(more))
    run_detect(load("detect"), notice(log_key(OTHER)))
    assert [one["count"] for one in told(aws)] == [1]

    clock[0] = NOON + 3599
    tend(load)
    assert items(aws, "MORE#") == []
    clock[0] = NOON + 3601
    assert tend(load)["closed"] == 1

    run_notify(load("notify"), stream(*items(aws, "MORE#")))
    (message,) = told(aws)
    assert (message["reason"], message["count"], message["more"]) == ("quiet", 4, 3)
    for later in (4300, 9000):
        clock[0] = NOON + later
        tend(load)
    assert told(aws) == []
    assert aws.items("DUE#") == []


def test_an_alert_that_the_stream_lost_is_told_and_not_again_when_it_is_found(
    aws: Aws, load: Load, clock: list[float]
) -> None:
    records = stored_alerts(aws, load, "alice")
    clock[0] = NOON + 60
    tend(load)
    assert told(aws) == []

    clock[0] = NOON + 601
    assert tend(load)["told_late"] == 1
    assert [one["title"] for one in told(aws)] == ["user alice stopped the trail"]

    run_notify(load("notify"), records)
    clock[0] = NOON + 1300
    assert tend(load)["told_late"] == 0
    assert told(aws) == []


def test_an_alert_that_cannot_be_told_stays_on_the_list_until_it_can(
    aws: Aws, load: Load, tmp_path: Path, clock: list[float]
) -> None:
    stored_alerts(aws, load, "alice")
    topic = boto3.client("sns").create_topic(Name="late")["TopicArn"]
    lay_settings(tmp_path, aws, topics=(Route(MAIN, topic.replace("late", "gone")),))
    for minutes in (11, 22, 70, 130):
        clock[0] = NOON + 60 * minutes
        assert tend(load)["failed"] == 1
    lay_settings(tmp_path, aws)
    clock[0] = NOON + 60 * 141
    assert tend(load)["told_late"] == 1
    assert len(told(aws)) == 1


def test_a_storm_is_summed_up_at_once_and_at_the_hours_end(
    aws: Aws, load: Load, tmp_path: Path, clock: list[float]
) -> None:
    lay_settings(tmp_path, aws, rule_budget=3)
    users = [f"user{number:02}" for number in range(40)]
    records = stored_alerts(aws, load, *users)
    notify = load("notify")
    assert run_notify(notify, records[:20]) == []
    assert len(told(aws)) == 3

    assert tend(load)["summaries"] == 1
    (first,) = told(aws)
    assert (first["schema"], first["alerts"], first["final"]) == ("trailwarden.storm/1", 17, False)
    assert tend(load)["summaries"] == 0
    run_notify(notify, records[20:])
    assert tend(load)["summaries"] == 0, "not ten times as many"

    clock[0] = NOON + 3600 + 180
    assert tend(load)["summaries"] == 1
    (last,) = [one for one in told(aws) if one["schema"] == "trailwarden.storm/1"]
    assert (last["alerts"], last["messages"], last["final"]) == (37, 37, True)
    clock[0] = NOON + 7200
    assert tend(load)["summaries"] == 0
    assert [one for one in told(aws) if one["schema"] == "trailwarden.storm/1"] == []


def test_once_a_week_silence_is_explained(aws: Aws, load: Load, clock: list[float]) -> None:
    week = 7 * 86_400
    assert tend(load)["heartbeats"] == 0, "there was no week before the first"
    stored_alerts(aws, load, "alice")
    clock[0] = NOON + week - 5 * 3600 - 60  # Monday 06:59
    assert tend(load)["heartbeats"] == 0
    clock[0] = NOON + week - 5 * 3600  # Monday 07:00
    assert tend(load)["heartbeats"] == 1
    assert tend(load)["heartbeats"] == 0

    beats = [one for one in told(aws) if one["schema"] == "trailwarden.heartbeat/1"]
    assert [beat["week"] for beat in beats] == ["2026-W10"]
    assert beats[0]["records"] == 1


def test_an_account_that_is_not_read_is_reported_and_one_that_nobody_records_is_in_the_heartbeat(
    aws: Aws, load: Load, tmp_path: Path, clock: list[float]
) -> None:
    named = {"444455556666": AccountName(name="shop"), "111122223333": AccountName()}
    lay_settings(tmp_path, aws, accounts=named, unrecorded=("111122223333",))
    stored_alerts(aws, load, "alice")
    for hour in (0, 1, 25, 26):
        clock[0] = NOON + 3600 * hour
        tend(load)
    # The record is of the day before; what nothing was ever read of has a day to begin.
    letters = [json.loads(message["Body"]) for message in aws.messages(aws.operations_queue)]
    assert [one["Subject"] for one in letters] == ["Trailwarden: no record of any account for a day"] * 2
    assert "444455556666 (shop)\n    the last record is of Sun 1 March" in letters[0]["Message"]
    assert "111122223333\n    nothing was ever read of it" in letters[1]["Message"]

    clock[0] = NOON + 7 * 86_400
    tend(load)
    (beat,) = [one for one in told(aws) if one["schema"] == "trailwarden.heartbeat/1"]
    assert beat["unrecorded_accounts"] == ["111122223333"]


def test_one_that_is_broken_costs_no_other(aws: Aws, load: Load, clock: list[float]) -> None:
    stored_alerts(aws, load, "alice", "bob")
    key = {name: items(aws, "ALERT")[0][name] for name in ("pk", "sk")}
    aws.dynamodb.update_item(
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET alert = :broken",
        ExpressionAttributeValues={":broken": {"S": "{"}},
    )
    clock[0] = NOON + 700
    tally = tend(load)
    assert (tally["told_late"], tally["failed"]) == (2, 0)
    assert sorted(one["level"] for one in told(aws)) == ["high", "high"], "with what its item says besides"
