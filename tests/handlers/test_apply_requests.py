"""`apply_requests` as Lambda runs it: stream records in, alerts changed, outcomes in the table."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.handlers.conftest import TABLE, Aws, LambdaContext, alarm_counts
from tests.handlers.test_notify import stored_alerts

Load = Callable[[str], ModuleType]
ALICE = "AROARESPONDERS:alice"


def request(aws: Aws, text: Any, number: int = 1, user_id: str = ALICE, **more: Any) -> dict[str, Any]:
    """A request as the stream shows it."""
    key = {"pk": {"S": f"REQUEST#{user_id}"}, "sk": {"S": f"{number:032}"}}
    item = key | {"request": {"S": text if isinstance(text, str) else json.dumps(text)}} | more
    aws.dynamodb.put_item(TableName=TABLE, Item=item)
    return {
        "eventName": "INSERT",
        "dynamodb": {
            "ApproximateCreationDateTime": 4102444800.0,
            "Keys": key,
            "NewImage": item,
            "SequenceNumber": str(number),
        },
    }


def run(function: ModuleType, *records: dict[str, Any], left: float = 60.0) -> list[str]:
    """The sequence numbers that are to come again."""
    answer = function.handler({"Records": list(records)}, LambdaContext(left=left))
    return [one["itemIdentifier"] for one in answer["batchItemFailures"]]


def outcomes(aws: Aws) -> list[dict[str, Any]]:
    return [json.loads(item["outcome"]["S"]) for item in aws.items("OUTCOME#") if "outcome" in item]


@pytest.fixture
def alert_id(aws: Aws, load: Load) -> str:
    stored_alerts(aws, load, "mallory")
    (item,) = [item for item in aws.items("ALERT#") if item["sk"]["S"] == "ALERT"]
    return str(item["pk"]["S"].removeprefix("ALERT#"))


def test_a_request_is_applied_and_answered(aws: Aws, load: Load, alert_id: str) -> None:
    asked = request(aws, {"action": "close", "alert_id": alert_id})
    assert run(load("apply_requests"), asked) == []
    (item,) = [item for item in aws.items("ALERT#") if item["sk"]["S"] == "ALERT"]
    assert item["closed_by"]["S"] == "assumed-role/trailwarden-responders/alice"
    assert outcomes(aws) == [{"done": True, "message": ""}]


def test_what_is_no_request_costs_its_neighbours_nothing(aws: Aws, load: Load, alert_id: str) -> None:
    odd = [request(aws, text, number) for number, text in enumerate(("", "{}", "[[[", '{"action": 1}'), 2)]
    asked = request(aws, {"action": "acknowledge", "alert_id": alert_id}, 9)
    assert run(load("apply_requests"), *odd, asked) == []
    assert [one["done"] for one in outcomes(aws)].count(True) == 1
    assert len(outcomes(aws)) == 5
    assert len(aws.items("ACKNOWLEDGED")) == 1


def test_a_request_that_ends_the_function_is_given_up(
    aws: Aws, load: Load, alert_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    poison = request(aws, {"action": "acknowledge", "alert_id": alert_id})
    asked = request(aws, {"action": "close", "alert_id": alert_id}, 2)

    def dies(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr("trailwarden.aws.alert_book.AlertTableBook.acknowledge", dies)
        for _ in range(3):
            with pytest.raises(SystemExit):
                run(load("apply_requests"), poison, asked)
        assert run(load("apply_requests"), poison, asked) == []
    assert sorted(one["done"] for one in outcomes(aws)) == [False, True]
    assert alarm_counts(capsys.readouterr().out)["RequestsSetAside"] == 1


def test_nothing_is_begun_without_time_left_for_it(aws: Aws, load: Load, alert_id: str) -> None:
    asked = [request(aws, {"action": "close", "alert_id": alert_id}, number) for number in (1, 2)]
    assert run(load("apply_requests"), *asked, left=5.0) == ["1"]
    assert outcomes(aws) == []


def test_a_table_that_fails_is_tried_again(
    aws: Aws, load: Load, alert_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(aws, {"action": "close", "alert_id": alert_id})

    def busy(*_: Any) -> None:
        raise TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr("trailwarden.aws.alert_book.AlertTableBook.close", busy)
        assert run(load("apply_requests"), asked) == ["1"]
    assert run(load("apply_requests"), asked) == []
    assert outcomes(aws) == [{"done": True, "message": ""}]


VALUES: list[dict[str, Any]] = [{"S": "x"}, {"L": []}, {"SS": ["x"]}, {"N": "1E125"}, {"N": "-5"}]


@pytest.mark.parametrize(
    "more", [{name: value} for name in ("attempts", "outcome", "request") for value in VALUES], ids=str
)
def test_no_item_holds_up_the_requests_of_others(
    aws: Aws, load: Load, alert_id: str, more: dict[str, Any]
) -> None:
    poison = request(aws, {"action": "close", "alert_id": alert_id}, 1, "AROARESPONDERS:eve", **more)
    asked = request(aws, {"action": "acknowledge", "alert_id": alert_id}, 2)
    assert run(load("apply_requests"), poison, asked) == []
    assert not any("given up" in one["message"] for one in outcomes(aws))
    assert len(outcomes(aws)) == 2
    assert len(aws.items("ACKNOWLEDGED")) == 1
    assert aws.items("REQUEST#") == []
