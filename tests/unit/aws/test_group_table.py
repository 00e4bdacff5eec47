"""Groups over DynamoDB: repeats change nothing, what is too large is cut, races end in one alert."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.dynamodb import FakeDynamoDB
from tests.samples import STOP_RULE, record, rule
from tests.turns import ENDLESS, Turns
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import Alert, AlertBatch
from trailwarden.alerts.variety import variety_of
from trailwarden.aws.batches import StoreBusyError
from trailwarden.aws.group_table import GroupTable, alert_key
from trailwarden.aws.ledger_table import LedgerTable
from trailwarden.aws.outbox_items import alert_of, outgoing_of
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.state.groups import GroupBusyError, Groups
from trailwarden.state.ledger import FileEntry
from trailwarden.state.protocol import FileOutcome
from trailwarden.state.retrying import Patience

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


def table(client: Any, pauses: list[int] | None = None) -> Groups:
    pause: Callable[[int], None] = pauses.append if pauses is not None else lambda _: None
    patience = Patience(10, clock=count().__next__)  # a second passes with each try
    kept = GroupTable(
        client, TABLE, retention=timedelta(days=1), now=lambda: 1000.0, pause=pause, patience=patience
    )
    return Groups(kept, now=lambda: 1000.0, pause=pause, patience=patience)


def alert_item(client: Any) -> dict[str, Any]:
    """The one alert's item."""
    (item,) = [item for item in client.scan(TableName=TABLE)["Items"] if item["sk"]["S"] == "ALERT"]
    return dict(item)


def batches(count: int, start: int = 0, **fields: Any) -> list[AlertBatch]:
    grouper = AlertGrouper("v", keep_matches=True)
    for number in range(start, start + count):
        met = record(number, **fields)
        found = Match(rule(STOP_RULE, "StopLogging"), met, number, event_identity(met), event_time(met))
        grouper.add(found, "s3://bucket/key")
    return list(grouper.drain())


def sort_keys(client: Any) -> list[str]:
    pages = client.get_paginator("scan").paginate(TableName=TABLE)
    return sorted(item["sk"]["S"] for page in pages for item in page["Items"])


def test_matches_and_their_alert_are_stored_and_repeats_open_nothing(dynamodb: Any) -> None:
    groups = table(dynamodb)
    assert groups.add(batches(60)) == 1
    before = sort_keys(dynamodb)
    assert groups.add(batches(60)) == 0
    assert sort_keys(dynamodb) == before
    assert [key for key in before if not key.startswith("MATCH#")][-2:] == ["ALERT", "GROUP"]
    assert sum(key.startswith("MATCH#2026-03-01T12:00:00Z#") for key in before) == 60
    items = [item for item in dynamodb.scan(TableName=TABLE)["Items"] if item["pk"]["S"][:3] != "DUE"]
    assert all(item["expires_at"]["N"] == str(1000 + 86_400) for item in items)


def as_opened(batch: AlertBatch) -> Alert:
    """The alert of a batch, with what differs among its events."""
    return replace(batch.alert, variety=variety_of(batch.matches))


def test_the_alert_comes_back_from_the_stream_as_it_was(dynamodb: Any) -> None:
    (batch,) = batches(3)
    table(dynamodb).add([batch])
    image = alert_item(dynamodb)
    assert alert_of(image) == as_opened(batch)
    assert (outgoing_of(image).alert_id, outgoing_of(image).key) == (batch.alert.alert_id, "ALERT")


def test_what_is_handed_back_unprocessed_is_tried_again(dynamodb: Any) -> None:
    pauses: list[int] = []
    table(Client(dynamodb, busy=3), pauses).add(batches(10))
    assert sum(key.startswith("MATCH#") for key in sort_keys(dynamodb)) == 10
    assert pauses == [0, 1, 2]


def test_a_table_that_stays_busy_is_an_error_and_the_alert_is_not_opened(dynamodb: Any) -> None:
    with pytest.raises(StoreBusyError):
        table(Client(dynamodb, busy=100)).add(batches(25))
    assert "ALERT" not in sort_keys(dynamodb)


def test_an_alert_that_is_there_is_not_told_again_though_its_group_was_forgotten(dynamodb: Any) -> None:
    groups = table(dynamodb)
    groups.add(batches(2))
    key = {"pk": {"S": f"GROUP#{batches(1)[0].alert.group_key}"}, "sk": {"S": "GROUP"}}
    dynamodb.delete_item(TableName=TABLE, Key=key)
    dynamodb.update_item(
        TableName=TABLE,
        Key=alert_key(batches(2)[0].alert.alert_id),
        UpdateExpression="SET told_at = :at",
        ExpressionAttributeValues={":at": {"N": "7"}},
    )
    before = alert_item(dynamodb)

    groups.add(batches(3))

    after = alert_item(dynamodb)
    assert {name: after[name] for name in ("told_at", "opened_at")} == {
        name: before[name] for name in ("told_at", "opened_at")
    }


@pytest.mark.parametrize(
    "planted",
    [
        {"silent": {"S": "acknowledged"}},
        {"silent": {"S": ""}},
        {"staged": {"BOOL": True}},
        {"became": {"S": "f" * 32}},
        {"level": {"S": "informational"}, "alert": {"S": "{}"}},
        {"expires_at": {"N": "1"}, "silent": {"S": "carried on"}, "staged": {"BOOL": True}},
    ],
)
def test_what_lay_there_before_an_alert_neither_silences_nor_words_it(
    dynamodb: Any, planted: dict[str, Any]
) -> None:
    """Ids are made from content: anyone who may write alerts can work them out before the alert begins."""
    made = batches(2)[0]
    dynamodb.put_item(TableName=TABLE, Item=alert_key(made.alert.alert_id) | planted)

    table(dynamodb).add(batches(2))

    item = alert_item(dynamodb)
    assert alert_of(item) == as_opened(made)
    assert outgoing_of(item).silent == ""
    assert not item.keys() & {"staged", "became"}
    assert item["level"]["S"] == made.alert.level
    assert int(item["expires_at"]["N"]) > 1


def test_whoever_is_overtaken_goes_on_from_there_and_gives_up_in_the_end() -> None:
    database = FakeDynamoDB()
    groups, pauses = table(database), list[int]()
    groups.add(batches(1))
    ((key, _),) = [(key, item) for key, item in database.items.items() if key[1] == "GROUP"]

    def overtake(call: str) -> None:
        if call == "transact_write_items":
            version = int(database.items[key]["version"]["N"])
            database.items[key] = {**database.items[key], "version": {"N": str(version + 1)}}

    database.before = overtake
    with pytest.raises(GroupBusyError):
        table(database, pauses).add(batches(2))
    assert pauses == list(range(9))


def test_the_groups_of_a_storm_are_moved_side_by_side_and_each_once() -> None:
    database = FakeDynamoDB()
    kept = GroupTable(database, TABLE, retention=timedelta(days=1), now=lambda: 1000.0, pause=lambda _: None)
    groups = Groups(kept, now=lambda: 1000.0, pause=lambda _: None, side_by_side=8)
    storm = [
        batch
        for number in range(300)
        for batch in batches(2, 2 * number, userIdentity={"type": "IAMUser", "userName": f"user{number}"})
    ]
    calls: list[str] = []
    database.before = calls.append

    assert groups.add(storm) == 300
    assert (calls.count("batch_get_item"), calls.count("get_item")) == (3, 0)
    assert calls.count("transact_write_items") == 300
    assert groups.add(storm) == 0


@pytest.mark.parametrize("seed", range(3))
def test_functions_that_race_open_one_alert_and_count_all(seed: int) -> None:
    """Eight functions, each with matches of its own and of its neighbour, in turn at every call."""
    database = FakeDynamoDB()
    kept = [batches(12, eventTime=f"2026-03-01T12:{minute:02}:00Z", start=10 * minute) for minute in range(8)]
    kept_table = GroupTable(
        database, TABLE, retention=timedelta(days=1), now=lambda: 1000.0, pause=lambda _: None
    )
    groups = Groups(kept_table, now=lambda: 1000.0, pause=lambda _: None, patience=ENDLESS)
    turns = Turns(seed)
    database.before = lambda _: turns.pass_on()

    turns.run([partial(groups.add, own) for own in kept])

    inserted = [outgoing_of(item) for item in database.inserted if item["pk"]["S"].startswith("ALERT#")]
    assert [message.key for message in inserted if message.key == "ALERT" and not message.silent] == ["ALERT"]
    key = kept[0][0].alert.group_key
    state = kept_table.state(key)
    assert state is not None
    (span,) = state.state.spans
    counted = kept_table.count(key, span.first, span.last)
    assert counted.total == len({match.match_id for own in kept for match in own[0].matches})
    assert counted.first_event_time == "2026-03-01T12:00:00Z"


def test_an_alert_too_large_for_an_item_is_kept_without_its_record(dynamodb: Any) -> None:
    (batch,) = batches(1, requestParameters={"x": "y" * 400_000})
    table(dynamodb).add([batch])
    kept = alert_of(alert_item(dynamodb))
    assert kept is not None
    assert (kept.record_omitted, kept.record, kept.title) == (True, {}, batch.alert.title)


def test_the_ledger_remembers(dynamodb: Any) -> None:
    ledger = LedgerTable(
        dynamodb, TABLE, retention=timedelta(days=1), now=lambda: 1000.0, pause=lambda _: None
    )
    assert ledger.entry("bucket/key#etag") is None
    ledger.write("bucket/key#etag", FileEntry(outcome=FileOutcome.UNREADABLE, detail="x" * 5000))
    kept = FileEntry(version=1, outcome=FileOutcome.UNREADABLE, detail="x" * 2000)
    assert ledger.entry("bucket/key#etag") == kept
