"""boto3 clients as Trailwarden wants them: botocore's own retries, and one of ours; bounded waits."""

from typing import Any

import boto3
from botocore.config import Config

from trailwarden.state.retrying import PATIENT, Patience, backoff

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=30,
    user_agent_extra="trailwarden",
)
_SHORTEST = 0.05  # seconds; a transaction takes some hundredths


def client(service: str) -> Any:
    """A client for `service` in the environment's account and region. Make it once, when the module loads."""
    made = boto3.client(service, config=_CONFIG)
    if service == "dynamodb":
        retry_conflicts(made)
    return made


def retry_conflicts(dynamodb: Any, patience: Patience = PATIENT) -> None:
    """Have a client try a write of one item again for a time, if it met a transaction that writes the item.

    DynamoDB rejects such a write with `TransactionConflictException`, and has then written nothing; botocore
    tries again after what it calls throttling, and not after this. What cancels a transaction is left to
    whoever wrote it, who may have to read again.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """

    def needs_retry(*, response: Any, attempts: int, request_dict: dict[str, Any], **_: Any) -> float | None:
        parsed = response[1] if response is not None else {}
        if parsed.get("Error", {}).get("Code") != "TransactionConflictException":
            return None
        now = patience.clock()
        ends = request_dict["context"].setdefault("trailwarden_ends", now + patience.seconds)
        return backoff(_SHORTEST, attempts - 1) if now < ends else None

    dynamodb.meta.events.register("needs-retry.dynamodb", needs_retry, unique_id="trailwarden-conflicts")
