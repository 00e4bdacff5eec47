"""The state of correlations over DynamoDB: repeats, pages, busy tables, expiry, and functions that race."""

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.dynamodb import FakeDynamoDB
from tests.unit.correlation.naive import naive_outcome
from tests.unit.correlation.samples import World, correlation, dynamodb_world, match
from trailwarden.aws.batches import StoreBusyError
from trailwarden.correlation.correlator import UnsettledGroupError


@pytest.fixture
def moto_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(
            TableName="alerts",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.mark.parametrize("bounds", [(("gte", 3),), (("lt", 3),)], ids=["steady", "undone by more"])
def test_the_fake_and_moto_end_in_the_same(moto_client: Any, bounds: Any) -> None:
    rules = [correlation("event_count", bounds=bounds)]
    files = [[match(number, seconds) for number, seconds in enumerate(run)] for run in ([50, 0], [0, 50, 30])]
    files.append([match(7, 3700), match(7, 3700)])
    database = FakeDynamoDB()
    real, fake = dynamodb_world(rules, moto_client), dynamodb_world(rules, database)

    real.take(*files)
    fake.take(*files)

    assert real.outcome() == fake.outcome() != []
    kept = {(item["pk"]["S"], item["sk"]["S"]) for item in moto_client.scan(TableName="alerts")["Items"]}
    assert kept == database.items.keys()


def test_an_event_is_one_item_however_often_it_comes() -> None:
    database = FakeDynamoDB()
    world = dynamodb_world([correlation("event_count")], database)
    files = [[match(1, 0), match(1, 0), match(2, 1)], [match(2, 1), match(3, 2)]]
    world.take(*files)
    before = {key: dict(item) for key, item in database.items.items()}

    world.take(*files)

    kinds = {key[0].partition("#")[0] for key in before}
    assert kinds == {"CORRELATION", "GROUP", "ALERT", "ALERTS", "DUE"}
    assert sum(key[1].startswith("MATCH#") for key in before) == 3
    assert database.items.keys() == before.keys()
    assert sum(key[1].startswith("EVENT#") for key in before) == 3


def test_an_event_expires_after_its_window_and_the_longest_delay_of_delivery() -> None:
    database = FakeDynamoDB()
    dynamodb_world([correlation("event_count")], database).take([match(1, 0)])
    (item,) = database.items.values()
    assert int(item["expires_at"]["N"]) == 1000 + 60 + 31 * 86_400


@pytest.mark.parametrize("page", [1, 2, 3])
def test_a_query_of_many_pages_is_read_to_its_end(page: int) -> None:
    rules = [correlation("event_count", bounds=(("gte", 5),))]
    found = [match(number, number) for number in range(9)]
    world = dynamodb_world(rules, FakeDynamoDB(page=page))
    world.take(found[:5], found[5:])
    assert world.outcome() == naive_outcome(rules, found)


def test_what_is_handed_back_is_tried_again_and_a_busy_table_is_an_error() -> None:
    rules = [correlation("event_count")]
    found = [match(number, number) for number in range(10)]
    busy = dynamodb_world(rules, FakeDynamoDB(busy=5))
    busy.take(found)
    assert busy.outcome() == naive_outcome(rules, found)

    with pytest.raises(StoreBusyError):
        dynamodb_world(rules, FakeDynamoDB(busy=1000)).take(found)


@pytest.mark.parametrize("bounds", [(("gte", 3),), (("eq", 3),)], ids=["steady", "undone by more"])
@pytest.mark.parametrize("chained", [False, True], ids=["alone", "chained"])
def test_a_crash_at_any_call_and_a_repeat_end_in_the_same(bounds: Any, chained: bool) -> None:
    below = correlation("event_count", bounds=bounds, id="below")
    rules = [below]
    if chained and below.steady:
        rules.append(correlation("event_count", below, id="above", bounds=(("gte", 2),)))
    files = [[match(1, 0), match(3, 20)], [match(2, 10), match(4, 30)]]
    expected = naive_outcome(rules, [found for file in files for found in file])
    calls = 0

    def crash(_: str) -> None:
        nonlocal calls
        calls += 1
        if calls == dying:
            raise ConnectionError

    for dying in range(1, 150):
        calls = 0
        database = FakeDynamoDB()
        world = dynamodb_world(rules, database)
        database.before = crash
        for file in files:
            try:
                world.take(file)
            except ConnectionError:
                world.take(file)
        survived = calls < dying
        database.before = lambda _: None
        assert world.outcome() == expected, f"died at call {dying}"
        if survived:
            return
    pytest.fail("more calls than were tried")


@pytest.mark.parametrize("bounds", [(("gte", 12),), (("lt", 4),)], ids=["steady", "undone by more"])
def test_functions_that_race_on_one_group_miss_nothing(bounds: Any) -> None:
    """Eight threads, each a function with one file; every call to the table is a chance to be overtaken."""
    rules = [correlation("event_count", bounds=bounds)]
    found = [match(number, number) for number in range(16)]
    for _ in range(10):
        database = FakeDynamoDB()
        database.before = lambda _: time.sleep(random.random() / 2000)  # noqa: S311
        gate = threading.Barrier(8)
        worlds = [dynamodb_world(rules, database) for _ in range(8)]
        _race(worlds, [found[number::8] for number in range(8)], gate)
        assert worlds[0].outcome() == naive_outcome(rules, found)


def _race(worlds: list[World], files: list[list[Any]], gate: threading.Barrier) -> None:
    failures: list[BaseException] = []

    def run(world: World, file: list[Any]) -> None:
        gate.wait()
        for _ in range(20):  # SQS brings a notice that failed again
            try:
                world.take(file)
            except UnsettledGroupError:
                continue
            except BaseException as error:  # noqa: BLE001 (told below)
                failures.append(error)
            return

    threads = [
        threading.Thread(target=run, args=pair, daemon=True) for pair in zip(worlds, files, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures


def test_a_function_that_is_overtaken_judges_again() -> None:
    """Between what one read and what it wrote, another found that nothing holds any more."""
    rules = [correlation("event_count", bounds=(("eq", 1),))]
    database = FakeDynamoDB()
    slow, quick = dynamodb_world(rules, database), dynamodb_world(rules, database)
    writes, overtaken = 0, False

    def overtake(call: str) -> None:
        nonlocal writes, overtaken
        writes += call == "batch_write_item"
        if writes == 2 and not overtaken:  # the event is written, what was found of it is about to be
            overtaken = True
            quick.take([match(1, 0)])

    database.before = overtake
    slow.take([match(2, 0)])

    assert overtaken
    assert slow.outcome() == []
