"""The DynamoDB state: repeats change nothing, what is too large is cut."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.samples import STOP_RULE, record, rule
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import AlertBatch
from trailwarden.aws.alert_table import AlertTable, StoreBusyError, alert_of_image
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.state.protocol import FileOutcome

TABLE = "alerts"


class Client:
    """A DynamoDB client that hands back all but the first item of a batch, `busy` times."""

    def __init__(self, client: Any, busy: int = 0) -> None:
        self._client = client
        self.busy = busy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803
        if not self.busy:
            answer: dict[str, Any] = self._client.batch_write_item(RequestItems=RequestItems)
            return answer
        self.busy -= 1
        items = RequestItems[TABLE]
        self._client.batch_write_item(RequestItems={TABLE: items[:1]})
        return {"UnprocessedItems": {TABLE: items[1:]} if len(items) > 1 else {}}


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, TABLE)
        yield client


def table(client: Any, pauses: list[int] | None = None) -> AlertTable:
    waited = pauses if pauses is not None else []
    return AlertTable(client, TABLE, retention=timedelta(days=1), now=lambda: 1000.0, pause=waited.append)


def batches(count: int, **fields: Any) -> list[AlertBatch]:
    grouper = AlertGrouper("v", keep_matches=True)
    for number in range(count):
        met = record(number, **fields)
        found = Match(rule(STOP_RULE, "StopLogging"), met, number, event_identity(met), event_time(met))
        grouper.add(found, "s3://bucket/key")
    return list(grouper.drain())


def sort_keys(client: Any) -> list[str]:
    pages = client.get_paginator("scan").paginate(TableName=TABLE)
    return sorted(item["sk"]["S"] for page in pages for item in page["Items"])


def test_matches_and_their_alert_are_stored_and_repeats_change_nothing(dynamodb: Any) -> None:
    state = table(dynamodb)
    assert state.add(batches(60)) == 1
    before = dynamodb.scan(TableName=TABLE)["Items"]
    assert state.add(batches(60)) == 0
    assert dynamodb.scan(TableName=TABLE)["Items"] == before
    assert [key[:5] for key in sort_keys(dynamodb)] == ["ALERT"] + ["MATCH"] * 60
    assert all(item["expires_at"]["N"] == str(1000 + 86_400) for item in before)


def test_the_alert_comes_back_from_the_stream_as_it_was(dynamodb: Any) -> None:
    (batch,) = batches(3)
    table(dynamodb).add([batch])
    image = dynamodb.get_item(
        TableName=TABLE, Key={"pk": {"S": f"ALERT#{batch.alert.alert_id}"}, "sk": {"S": "ALERT"}}
    )["Item"]
    assert alert_of_image(image) == batch.alert


def test_what_is_handed_back_unprocessed_is_tried_again(dynamodb: Any) -> None:
    pauses: list[int] = []
    table(Client(dynamodb, busy=3), pauses).add(batches(10))
    assert len(sort_keys(dynamodb)) == 11
    assert pauses == [0, 1, 2]


def test_a_table_that_stays_busy_is_an_error_and_the_alert_is_not_opened(dynamodb: Any) -> None:
    with pytest.raises(StoreBusyError):
        table(Client(dynamodb, busy=100)).add(batches(25))
    assert "ALERT" not in sort_keys(dynamodb)


def test_an_alert_too_large_for_an_item_is_kept_without_its_record(dynamodb: Any) -> None:
    (batch,) = batches(1, requestParameters={"x": "y" * 400_000})
    table(dynamodb).add([batch])
    (item,) = [item for item in dynamodb.scan(TableName=TABLE)["Items"] if item["sk"]["S"] == "ALERT"]
    kept = alert_of_image(item)
    assert (kept.record_omitted, kept.record, kept.title) == (True, {}, batch.alert.title)


def test_the_mark_and_the_ledger_remember(dynamodb: Any) -> None:
    state = table(dynamodb)
    (batch,) = batches(1)
    state.add([batch])
    assert state.told(batch.alert.alert_id) is False
    state.mark_told(batch.alert.alert_id)
    assert state.told(batch.alert.alert_id) is True
    assert state.told("no such alert") is False
    assert state.outcome("bucket/key#etag") is None
    state.record("bucket/key#etag", FileOutcome.UNREADABLE, "x" * 5000)
    assert state.outcome("bucket/key#etag") is FileOutcome.UNREADABLE
