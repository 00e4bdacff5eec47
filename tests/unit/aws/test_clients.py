"""DynamoDB's clients: a write that meets a transaction is made again, whichever table makes it."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.alert_table import create_alert_table
from trailwarden.aws.clients import client, retry_conflicts
from trailwarden.aws.due_table import DueTable
from trailwarden.aws.outbox_table import OutboxTable
from trailwarden.aws.request_table import RequestTable
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.aws.trouble_table import TroubleTable
from trailwarden.aws.week_table import WeekTable
from trailwarden.state.groups import Due
from trailwarden.state.outbox import Outgoing, SetAside, Storm
from trailwarden.state.requests import HandedIn, RequestOutcome
from trailwarden.state.retrying import Patience
from trailwarden.state.weeks import Seen

TABLE = "alerts"
NOW = 1_772_366_400.0
HANDED = HandedIn("AROA:alice", "1", "{}", NOW)
DUE = Due(int(NOW), "group", "alert")


class Clock:
    """Seconds, of which one passes at each look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


class _Empty:
    """The body of an answer."""

    def stream(self) -> Iterator[bytes]:
        return iter(())


class Transactions:
    """Answers `left` requests in moto's place, as DynamoDB does while a transaction writes the item."""

    def __init__(self, dynamodb: Any, code: str = "TransactionConflictException") -> None:
        self.left = 0
        self.met = 0
        self.code = code
        self._ask = dynamodb._endpoint._do_get_response
        dynamodb._endpoint._do_get_response = self._answer

    def _answer(self, request: Any, *rest: Any) -> Any:
        if not self.left:
            return self._ask(request, *rest)
        self.left -= 1
        self.met += 1
        parsed = {"Error": {"Code": self.code, "Message": "busy"}, "ResponseMetadata": {}}
        return (AWSResponse(request.url, 400, {}, _Empty()), parsed), None


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr("trailwarden.aws.clients.backoff", lambda *_: 0.0)
    with mock_aws():
        made = client("dynamodb")
        create_alert_table(made, TABLE)
        yield made


def outbox(dynamodb: Any) -> OutboxTable:
    return OutboxTable(dynamodb, TABLE, now=lambda: NOW, pause=lambda _: None)


def weeks(dynamodb: Any) -> WeekTable:
    return WeekTable(dynamodb, TABLE, now=lambda: NOW)


def requests(dynamodb: Any) -> RequestTable:
    return RequestTable(dynamodb, TABLE, now=lambda: NOW)


def rule_sets(dynamodb: Any) -> RuleSetTable:
    return RuleSetTable(dynamodb, TABLE, now=lambda: NOW)


MESSAGE = Outgoing("alert", "ALERT")
STORM = Storm("2026-03-01T12", 0)
WRITES: dict[str, Callable[[Any], Any]] = {
    "claim": lambda d: outbox(d).claim(MESSAGE, int(NOW) + 60),
    "told": lambda d: outbox(d).told(MESSAGE, "high"),
    "told_to": lambda d: outbox(d).told_to(MESSAGE, "main"),
    "begin_summary": lambda d: outbox(d).begin_summary(STORM),
    "summarised": lambda d: outbox(d).summarised(STORM),
    "set aside": lambda d: outbox(d).add(SetAside("key", "what")),
    "add_seen": lambda d: weeks(d).add_seen("2026-W09", {"111122223333": Seen(1, 2, "2026-03-01T12:00:00Z")}),
    "add_staged": lambda d: weeks(d).add_staged(3),
    "begin_heartbeat": lambda d: weeks(d).begin_heartbeat("2026-W09", "main"),
    "take": lambda d: requests(d).take(HANDED),
    "settle": lambda d: requests(d).settle(HANDED, RequestOutcome(done=True)),
    "due": lambda d: DueTable(d, TABLE).put(DUE),
    "not due": lambda d: DueTable(d, TABLE).remove(DUE),
    "mirrored": lambda d: rule_sets(d).mark_mirrored(1),
    "begin": lambda d: rule_sets(d).begin("step"),
    "end": lambda d: rule_sets(d).end("step"),
    "trouble": lambda d: TroubleTable(d, TABLE, now=lambda: NOW).met("v"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_that_meets_a_transaction_is_made_again(dynamodb: Any, write: Callable[[Any], Any]) -> None:
    expected = _outcome(dynamodb, write)
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key={name: item[name] for name in ("pk", "sk")})
    transactions = Transactions(dynamodb)
    transactions.left = 12  # more than botocore tries by itself
    assert _outcome(dynamodb, write) == expected
    assert transactions.met == 12


def _outcome(dynamodb: Any, write: Callable[[Any], Any]) -> tuple[Any, list[Any]]:
    """What it returns, or the table's refusal; and what is in the table then."""
    try:
        answer = write(dynamodb)
    except ClientError as error:
        answer = error.response["Error"]["Code"]
    return answer, dynamodb.scan(TableName=TABLE)["Items"]


def test_it_is_tried_for_a_time(dynamodb: Any) -> None:
    made = boto3.client("dynamodb")
    retry_conflicts(made, Patience(20, Clock()))
    transactions = Transactions(made)
    for _ in range(2):  # each request has its own time
        transactions.left, transactions.met = 1000, 0
        with pytest.raises(ClientError, match="TransactionConflict"):
            weeks(made).add_staged(1)
        assert transactions.met == 21


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "ValidationException", "Unheard"])
def test_nothing_else_is_tried_again(dynamodb: Any, code: str) -> None:
    transactions = Transactions(dynamodb, code)
    transactions.left = 5
    with pytest.raises(ClientError, match=code):
        weeks(dynamodb).add_staged(1)
    assert transactions.met == 1
