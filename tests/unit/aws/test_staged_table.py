"""What staged rules would have told, from DynamoDB and from memory: newest first, bounded, repeatable."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.samples import STOP_RULE, record, rule
from tests.turns import impatient
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import AlertBatch
from trailwarden.aws.batches import StoreBusyError
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.outbox_items import alert_of
from trailwarden.aws.staged_table import StagedTable
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.state.groups import Groups
from trailwarden.state.memory import MemoryAlertStore
from trailwarden.state.protocol import StagedAlerts, alert_hour

TABLE = "alerts"
SINCE = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, TABLE)
        yield client


def table(client: Any) -> Groups:
    pause: Callable[[int], None] = lambda _: None  # noqa: E731
    kept = GroupTable(client, TABLE, retention=timedelta(days=1), now=lambda: 1000.0, pause=pause)
    return Groups(kept, now=lambda: 1000.0, pause=pause)


@pytest.fixture(params=["memory", "dynamodb"])
def state(request: pytest.FixtureRequest) -> tuple[Any, StagedAlerts]:
    """The store, and the reader of what is staged in it."""
    if request.param == "memory":
        store = MemoryAlertStore()
        return store, store
    client = request.getfixturevalue("dynamodb")
    return table(client), StagedTable(client, TABLE, pause=lambda _: None)


def batches(status: str, *times: str | None, rule_id: str = STOP_RULE) -> list[AlertBatch]:
    """The alerts of a rule for calls at those times."""
    grouper = AlertGrouper("v", keep_matches=True)
    for number, time in enumerate(times):
        met = record(number, eventTime=time)
        met_rule = rule(rule_id, "StopLogging", status=status)
        grouper.add(Match(met_rule, met, number, event_identity(met), event_time(met)), "s3://bucket/key")
    return list(grouper.drain())


def hours(staged: StagedAlerts, since: datetime = SINCE, **asked: Any) -> list[str]:
    return [alert_hour(alert) for alert in staged.of_rule(STOP_RULE, since, **asked)]


def test_what_a_staged_rule_would_have_told_stands_newest_first(state: tuple[Any, StagedAlerts]) -> None:
    store, staged = state
    times = ["2026-03-01T10:59:59Z", "2026-03-01T12:00:00Z", "2026-03-02T01:00:00Z", "2026-03-01T12:59:00Z"]
    store.add(batches("test", *times, None))
    store.add(batches("stable", *times, rule_id="told"))
    store.add(batches("experimental", *times, rule_id="another"))

    assert hours(staged) == ["unknown", "2026-03-02T01", "2026-03-01T12"]
    assert hours(staged, limit=2) == ["unknown", "2026-03-02T01"]
    assert hours(staged, SINCE.astimezone(timezone(timedelta(hours=5)))) == hours(staged)
    assert staged.count_of_rule(STOP_RULE, SINCE) == 3
    assert list(staged.of_rule("told", SINCE)) == []
    assert staged.count_of_rule("nothing", SINCE) == 0
    (alert,) = [one for one in staged.of_rule(STOP_RULE, SINCE) if alert_hour(one) == "2026-03-01T12"]
    assert (alert.staged, alert.status, alert.count) == (True, "test", 2)
    assert alert.record["eventName"] == "StopLogging"


def test_what_is_stored_again_is_listed_once(state: tuple[Any, StagedAlerts]) -> None:
    store, staged = state
    opened = [store.add(batches("test", "2026-03-01T12:00:00Z", "2026-03-01T14:00:00Z")) for _ in range(3)]

    assert opened == [2, 0, 0]
    assert hours(staged) == ["2026-03-01T14", "2026-03-01T12"]


def test_a_promoted_rule_opens_an_alert_of_its_own_beside_the_staged_one(
    state: tuple[Any, StagedAlerts],
) -> None:
    store, staged = state
    store.add(batches("test", "2026-03-01T12:00:00Z"))

    opened = store.add(batches("stable", "2026-03-01T12:00:00Z"))

    assert opened == 1
    assert hours(staged) == ["2026-03-01T12"]


def test_a_staged_alert_says_so_in_its_item_and_others_do_not(dynamodb: Any) -> None:
    table(dynamodb).add(batches("test", "2026-03-01T12:00:00Z"))
    table(dynamodb).add(batches("stable", "2026-03-01T12:00:00Z"))

    items = [item for item in dynamodb.scan(TableName=TABLE)["Items"] if item["sk"]["S"] == "ALERT"]

    assert sorted(item.get("staged") == {"BOOL": True} for item in items) == [False, True]
    for item in items:
        alert = alert_of(item)
        assert alert is not None
        assert alert.staged is ("staged" in item)


def test_a_crash_before_the_alert_leaves_nothing_to_list_and_the_repeat_mends_it(dynamodb: Any) -> None:
    store, staged = table(dynamodb), StagedTable(dynamodb, TABLE, pause=lambda _: None)
    kept = batches("test", "2026-03-01T12:00:00Z")

    class DiesAtTheAlert:
        def __getattr__(self, name: str) -> Any:
            if name == "transact_write_items":
                raise ConnectionError
            return getattr(dynamodb, name)

    with pytest.raises(ConnectionError):
        table(DiesAtTheAlert()).add(kept)
    assert hours(staged) == []
    assert staged.count_of_rule(STOP_RULE, SINCE) == 0

    assert store.add(kept) == 1
    assert hours(staged) == ["2026-03-01T12"]


def test_more_than_one_batch_of_alerts_is_read_whole_where_the_table_hands_back(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [f"2026-03-{day:02}T{hour:02}:00:00Z" for day in range(2, 14) for hour in range(0, 24, 2)]
    table(dynamodb).add(batches("test", *times))
    pauses: list[int] = []

    class HandsBack:
        busy = 3

        def __getattr__(self, name: str) -> Any:
            return getattr(dynamodb, name)

        def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            keys = RequestItems[TABLE]["Keys"]
            assert 0 < len(keys) <= 100
            if not self.busy:
                answer: dict[str, Any] = dynamodb.batch_get_item(RequestItems=RequestItems)
                return answer
            self.busy -= 1
            answer = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": keys[:1]}})
            return {**answer, "UnprocessedKeys": {TABLE: {"Keys": keys[1:]}}}

    client = HandsBack()
    assert len(hours(StagedTable(client, TABLE, pause=pauses.append))) == len(times) == 144
    assert pauses == [0, 1, 2]
    client.busy = 100
    impatient(monkeypatch)
    with pytest.raises(StoreBusyError):
        hours(StagedTable(client, TABLE, pause=pauses.append))
