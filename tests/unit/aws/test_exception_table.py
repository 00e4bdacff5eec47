"""What exceptions hid, in DynamoDB and in memory: counted once a file, whatever is repeated or collides."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.dynamodb import FakeDynamoDB
from tests.turns import impatient
from trailwarden.aws.batches import StoreBusyError
from trailwarden.aws.exception_table import KEPT, SHARDS, ExceptionTable
from trailwarden.aws.ledger_table import LedgerTable
from trailwarden.state.ledger import FileEntry
from trailwarden.state.memory import MemoryFileLedger
from trailwarden.state.protocol import FileOutcome, HiddenByDay, HiddenCount

TABLE = "alerts"
SINCE = date(2026, 3, 1)
NOW = 1_772_366_700.0
Counts = Callable[..., dict[str, HiddenCount]]


class Collisions:
    """A DynamoDB client whose transactions are cancelled a few times, or end in doubt."""

    def __init__(self, client: Any, codes: list[list[str]]) -> None:
        self._client = client
        self.codes = codes
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        self.calls += 1
        if self.codes:
            reasons = [{"Code": code} for code in self.codes.pop(0)]
            error = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")
        return self._client.transact_write_items(**request)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("dynamodb", region_name="eu-west-1")
        create_alert_table(client, TABLE)
        yield client


def table(client: Any, pauses: list[int] | None = None) -> LedgerTable:
    waited = pauses if pauses is not None else []
    return LedgerTable(client, TABLE, retention=timedelta(days=30), now=lambda: NOW, pause=waited.append)


def outcome(ledger: Any, file_id: str) -> FileOutcome | None:
    entry = ledger.entry(file_id)
    return entry.outcome if entry else None


@pytest.fixture(params=["memory", "dynamodb"])
def state(request: pytest.FixtureRequest) -> tuple[Any, Counts]:
    """The ledger, and the reader of what it counted."""
    if request.param == "memory":
        ledger = MemoryFileLedger()
        return ledger, ledger.exception_counts
    client = request.getfixturevalue("dynamodb")
    reader = ExceptionTable(client, TABLE, pause=lambda _: None)
    return table(client), reader.exception_counts


def test_what_files_hid_adds_up_by_exception(state: tuple[Any, Counts]) -> None:
    ledger, counts = state
    ledger.write(
        "one", FileEntry(outcome=FileOutcome.READ), hidden={("a", "2026-03-01"): 3, ("b", "2026-03-02"): 1}
    )
    ledger.write(
        "two",
        FileEntry(outcome=FileOutcome.UNREADABLE, detail="why"),
        {("a", "2026-03-04"): 4, ("a", "2026-02-28"): 50},
    )
    ledger.write("three", FileEntry(outcome=FileOutcome.READ))

    assert counts(["a", "b", "quiet"], SINCE) == {
        "a": HiddenCount(7, date(2026, 3, 4)),
        "b": HiddenCount(1, date(2026, 3, 2)),
        "quiet": HiddenCount(0, None),
    }
    assert counts(["a"], date(2026, 2, 28)) == {"a": HiddenCount(57, date(2026, 3, 4))}
    assert counts([], SINCE) == {}
    outcomes = [outcome(ledger, file_id) for file_id in ("one", "two", "three", "four")]
    assert outcomes == [FileOutcome.READ, FileOutcome.UNREADABLE, FileOutcome.READ, None]


def test_a_file_that_is_recorded_again_adds_nothing(state: tuple[Any, Counts]) -> None:
    ledger, counts = state
    for _ in range(3):
        ledger.write("one", FileEntry(outcome=FileOutcome.READ), hidden={("a", "2026-03-01"): 3})

    assert counts(["a"], SINCE) == {"a": HiddenCount(3, date(2026, 3, 1))}


def test_more_than_one_transaction_holds_is_counted_once(state: tuple[Any, Counts]) -> None:
    ledger, counts = state
    hidden = {(f"exception {number:03}", "2026-03-01"): number + 1 for number in range(250)}

    for _ in range(2):
        ledger.write("one", FileEntry(outcome=FileOutcome.READ), hidden=hidden)

    found = counts([exception_id for exception_id, _ in hidden], SINCE)
    assert {(key, "2026-03-01"): value.count for key, value in found.items()} == hidden


def test_a_crash_between_two_transactions_counts_nothing_twice(dynamodb: Any) -> None:
    hidden = {(f"exception {number:03}", "2026-03-01"): 1 for number in range(150)}
    broken = Collisions(dynamodb, [])
    whole = broken.transact_write_items

    def die_at_the_second(**request: Any) -> Any:
        if broken.calls:
            raise ConnectionError
        return whole(**request)

    broken.transact_write_items = die_at_the_second  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        table(broken).write("one", FileEntry(outcome=FileOutcome.READ), hidden=hidden)
    assert outcome(table(dynamodb), "one") is None

    table(dynamodb).write("one", FileEntry(outcome=FileOutcome.READ), hidden=hidden)

    found = ExceptionTable(dynamodb, TABLE, pause=lambda _: None).exception_counts(
        [exception_id for exception_id, _ in hidden], SINCE
    )
    assert {value.count for value in found.values()} == {1}
    assert outcome(table(dynamodb), "one") is FileOutcome.READ


def test_what_is_read_is_bounded_however_many_files_there_were(dynamodb: Any) -> None:
    ledger = table(dynamodb)
    for number in range(60):
        ledger.write(f"file {number}", FileEntry(outcome=FileOutcome.READ), hidden={("a", "2026-03-01"): 1})

    keys = [item["pk"]["S"] for item in dynamodb.scan(TableName=TABLE)["Items"]]
    assert keys.count("EXCEPTION#a") == SHARDS
    found = ExceptionTable(dynamodb, TABLE, pause=lambda _: None).exception_counts(["a"], SINCE)
    assert found["a"].count == 60


def test_counters_outlive_what_they_are_asked_for(dynamodb: Any) -> None:
    table(dynamodb).write("one", FileEntry(outcome=FileOutcome.READ), hidden={("a", "2026-03-01"): 1})

    (counter,) = [i for i in dynamodb.scan(TableName=TABLE)["Items"] if i["pk"]["S"] == "EXCEPTION#a"]
    assert int(counter["expires_at"]["N"]) == int(NOW) + KEPT.total_seconds()


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_functions_that_collide_try_again(dynamodb: Any, code: str) -> None:
    client, pauses = Collisions(dynamodb, [["None", code], [code, "None"]]), list[int]()

    table(client, pauses).write("one", FileEntry(outcome=FileOutcome.READ), hidden={("a", "2026-03-01"): 2})

    assert pauses == [0, 1]
    found = ExceptionTable(dynamodb, TABLE, pause=lambda _: None).exception_counts(["a"], SINCE)
    assert found["a"].count == 2


def test_counters_that_stay_busy_bring_the_notice_back(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    client = Collisions(dynamodb, [["None", "TransactionConflict"]] * 20)

    with pytest.raises(StoreBusyError):
        table(client).write("one", FileEntry(outcome=FileOutcome.READ), hidden={("a", "2026-03-01"): 2})

    assert outcome(table(dynamodb), "one") is None


def test_what_cannot_pass_is_raised(dynamodb: Any) -> None:
    client = Collisions(dynamodb, [["None", "ValidationError"]])

    with pytest.raises(ClientError):
        table(client).write("one", FileEntry(outcome=FileOutcome.READ), hidden={("a", "2026-03-01"): 2})

    assert client.calls == 1


def test_two_functions_with_one_file_count_it_once() -> None:
    """Over the played table, which unlike moto's is made for threads."""
    database = FakeDynamoDB()
    hidden: HiddenByDay = {("a", "2026-03-01"): 5}

    with ThreadPoolExecutor(4) as threads:
        list(
            threads.map(
                lambda _: table(database).write("one", FileEntry(outcome=FileOutcome.READ), hidden=hidden),
                range(8),
            )
        )

    found = ExceptionTable(database, TABLE, pause=lambda _: None).exception_counts(["a"], SINCE)
    assert found["a"].count == 5


def test_an_id_of_any_length_makes_a_key(dynamodb: Any) -> None:
    long = "é" * 5000
    table(dynamodb).write("one", FileEntry(outcome=FileOutcome.READ), hidden={(long, "2026-03-01"): 1})

    found = ExceptionTable(dynamodb, TABLE, pause=lambda _: None).exception_counts([long], SINCE)
    assert found[long].count == 1
