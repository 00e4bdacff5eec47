"""A stream whose batch failed in part comes again from where it failed, as Lambda has it."""

from typing import Any

import pytest
from ministack.services import dynamodb, lambda_svc

from local.emulation.functions import come_again_from_the_record_that_failed

STREAM = "arn:aws:dynamodb:eu-central-1:111122223333:table/alerts/stream/2026-03-01T12:00:00.000"
FUNCTION = {"config": {"FunctionName": "notify"}}
RECORDS: list[dict[str, Any]] = [
    {"eventSource": "aws:dynamodb", "eventSourceARN": STREAM, "dynamodb": {"SequenceNumber": str(number)}}
    for number in range(4)
]


def run(monkeypatch: pytest.MonkeyPatch, failed: list[str]) -> tuple[dict[str, Any], Any, Any]:
    """What the emulator gets of a function that reports these, what is left of the batch, and the position
    of the mapping then."""
    body = {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
    mapping = {"UUID": "mapping", "FunctionName": "notify", "EventSourceArn": STREAM}
    positions = {"mapping": 40}
    monkeypatch.setattr(lambda_svc, "_execute_function", lambda _function, _event: {"body": body})
    monkeypatch.setattr(lambda_svc, "_iter_all_esms", lambda: [("111122223333", "eu-central-1", mapping)])
    monkeypatch.setattr(lambda_svc, "_dynamodb_stream_positions", positions)
    monkeypatch.setattr(dynamodb, "stream_live_records", lambda _table: RECORDS)
    monkeypatch.setattr(dynamodb, "stream_start_position", lambda _table: 40)
    come_again_from_the_record_that_failed()
    event = {"Records": RECORDS[1:]}
    result: dict[str, Any] = lambda_svc._execute_function(FUNCTION, event)
    return result, event["Records"], positions["mapping"]


def test_what_came_before_the_failed_record_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    result, left, position = run(monkeypatch, ["3", "2"])
    assert result["error"]
    assert left == RECORDS[2:]
    assert position == 42


def test_a_batch_that_is_done_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    result, left, position = run(monkeypatch, [])
    assert not result.get("error")
    assert left == RECORDS[1:]
    assert position == 40
