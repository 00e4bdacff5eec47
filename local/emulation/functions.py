"""Functions as Lambda runs them: each with the credentials of its own role, throttled batches tried again."""

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import dynamodb, lambda_svc, sts

_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.2


def act_by_their_roles() -> None:
    """Have the emulator start functions with the credentials of `role_credentials`.

    It does so only where it enforces IAM; else functions act as the account's owner, and their calls could
    not be told from a person's.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
    """
    lambda_runtime.execution_credentials = role_credentials
    lambda_svc.execution_credentials = role_credentials


def role_credentials(configuration: Mapping[str, Any]) -> dict[str, str]:
    """The variables with a session of the function's role; the same session every time."""
    arn, role_arn, name = (configuration[key] for key in ("FunctionArn", "Role", "FunctionName"))
    account_id, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    digest = hashlib.sha256(f"{arn} {role_arn}".encode()).hexdigest().upper()
    access_key_id, secret, token = f"ASIA{digest[:16]}", digest[16:56], digest[:32].lower()
    sts.register_session(
        access_key_id,
        {
            "Arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{name}",
            "UserId": f"{role}:{name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
    }


def be_patient_with_throttled_batches() -> None:
    """Have a batch of messages that is throttled, since too much runs already, tried again.

    Lambda does so until the messages' visibility timeout is over; the emulator lets them wait for all of it.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    run_batch, execute = lambda_svc._run_sqs_batch, lambda_svc._execute_function  # noqa: SLF001
    feeding = threading.local()

    def run_batch_patiently(*arguments: Any) -> None:
        feeding.until = time.monotonic() + _PATIENCE_SECONDS
        try:
            run_batch(*arguments)
        finally:
            feeding.until = None

    def execute_patiently(function: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        until = getattr(feeding, "until", None)
        feeding.until = None  # what the emulator calls again under another account's scope waits once
        while True:
            result: dict[str, Any] = execute(function, event)
            if until is None or not result.get("throttle") or time.monotonic() > until:
                return result
            time.sleep(_PAUSE_SECONDS)

    lambda_svc._run_sqs_batch = run_batch_patiently  # noqa: SLF001
    lambda_svc._execute_function = execute_patiently  # noqa: SLF001


def come_again_from_the_record_that_failed() -> None:
    """Have a stream come again from the first record that a function reports as failed.

    The emulator takes such a batch for done.
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    execute = lambda_svc._execute_function  # noqa: SLF001 (where every event passes)

    def execute_and_go_back(function: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event)
        records = event.get("Records") or [{}]
        if result.get("error") or records[0].get("eventSource") != "aws:dynamodb":
            return result
        failed = _reported(result.get("body"))
        places = [place for place, record in enumerate(records) if _sequence_number(record) in failed]
        if not places:
            return result
        _go_back(function["config"]["FunctionName"], records[places[0]])
        del records[: places[0]]  # they are done; what is set aside begins with the one that failed
        return {**result, "error": True, "body": {"errorType": "BatchItemFailures"}}

    lambda_svc._execute_function = execute_and_go_back  # noqa: SLF001


def _reported(body: Any) -> set[str]:
    """The sequence numbers that a function's answer names."""
    answer = json.loads(body) if isinstance(body, str | bytes) else body
    failures = answer.get("batchItemFailures", []) if isinstance(answer, Mapping) else []
    return {str(failure["itemIdentifier"]) for failure in failures}


def _sequence_number(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _go_back(function_name: str, record: Mapping[str, Any]) -> None:
    stream = str(record["eventSourceARN"])
    table = stream.split("/stream/", maxsplit=1)[0].rpartition("/")[2]
    numbers = [_sequence_number(kept) for kept in dynamodb.stream_live_records(table)]
    position = dynamodb.stream_start_position(table) + numbers.index(_sequence_number(record))
    for _, _, mapping in lambda_svc._iter_all_esms():  # noqa: SLF001 (its only register)
        if (mapping["FunctionName"], mapping["EventSourceArn"]) == (function_name, stream):
            lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position  # noqa: SLF001
