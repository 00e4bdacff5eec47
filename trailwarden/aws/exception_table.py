"""What exceptions hid: one counter an exception, day and shard.

The counts of a part of a file are added in the transaction that enters the part into the ledger, on the
condition that nobody else wrote there: both happen or neither, so a notice that comes again, or two functions
with one file, add nothing.
A day's counter is split by the file into shards, for functions that read files at the same time would
otherwise wait for each other. What is read is bounded: exceptions × days × shards, whatever was hidden.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import hashlib
from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from trailwarden.aws.batches import Item, Pause, StoreBusyError, query
from trailwarden.state.protocol import HiddenByDay, HiddenCount
from trailwarden.state.retrying import PATIENT, Patience

KEPT = timedelta(days=90)
"""How long a counter is kept after it was last added to."""
SHARDS = 8
_AT_ONCE = 99  # a transaction has 100 items, and one is the file's
_ID_LIMIT = 400  # characters of an id that enter a key, which may have 2,048 bytes
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_serialize = TypeSerializer().serialize


def _addition(table: str, key: tuple[str, str], number: int, shard: int, expires_at: int) -> dict[str, Any]:
    exception_id, day = key
    return {
        "TableName": table,
        "Key": {"pk": _serialize(_partition(exception_id)), "sk": _serialize(f"DAY#{day}#{shard}")},
        "UpdateExpression": "ADD hidden_matches :number SET expires_at = :expires_at",
        "ExpressionAttributeValues": {":number": _serialize(number), ":expires_at": _serialize(expires_at)},
    }


class ExceptionTable:
    """`ExceptionCounts` over the alert table, and how what it reads is counted.

    `pause(attempt)` waits before counting is tried again.
    """

    def __init__(self, client: Any, table_name: str, *, pause: Pause, patience: Patience = PATIENT) -> None:
        self._client = client
        self._table = table_name
        self._pause = pause
        self._patience = patience

    def count(self, put: Item, hidden: HiddenByDay, now: int) -> bool:
        """Put the file's item on its condition, and with it add what was hidden in the file. False, and
        nothing is added, if the condition does not hold.

        More than one transaction holds goes in several; each but the last is entered by a mark of its own
        beside the file's item. `now` is in seconds since the epoch. Raises `StoreBusyError` where the
        counters stay busy, or botocore's errors.
        """
        item = put["Item"]
        shard = int(hashlib.sha256(item["pk"]["S"].encode()).hexdigest(), 16) % SHARDS
        expires_at = now + int(KEPT.total_seconds())
        updates = [
            {"Update": _addition(self._table, key, number, shard, expires_at)}
            for key, number in sorted(hidden.items())
        ]
        *parts, last = [updates[start : start + _AT_ONCE] for start in range(0, len(updates), _AT_ONCE)]
        for number, part in enumerate(parts):
            self._transact([{"Put": self._mark(item, number)}, *part])
        return self._transact([{"Put": put}, *last])

    def _mark(self, item: Item, number: int) -> Item:
        """What says that a part of what was hidden has been added, whatever becomes of the rest."""
        sort_key = _serialize(f"HIDDEN#{item['version']['N']}#{number}")
        kept = {"pk": item["pk"], "sk": sort_key, "expires_at": item["expires_at"]}
        return {"TableName": self._table, "Item": kept, "ConditionExpression": "attribute_not_exists(pk)"}

    def _transact(self, items: list[dict[str, Any]]) -> bool:
        """Write all of the items, or none if the first's condition does not hold; tries again what only
        collided."""
        for _ in self._patience.tries(self._pause):
            try:
                self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                reasons = [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]
                if reasons[:1] == ["ConditionalCheckFailed"]:
                    return False
                if not _PASSING.intersection(reasons):
                    raise
            else:
                return True
        raise StoreBusyError(f"{self._table} kept its counters of exceptions busy")

    def exception_counts(self, exception_ids: Collection[str], since: date) -> dict[str, HiddenCount]:
        """What each exception hid of events of `since` and after: one query an exception."""
        return {each: self._hidden(each, since) for each in exception_ids}

    def _hidden(self, exception_id: str, since: date) -> HiddenCount:
        found = query(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues={
                ":pk": _serialize(_partition(exception_id)),
                ":since": _serialize(f"DAY#{since.isoformat()}"),
            },
        )
        counted = HiddenCount()
        for item in found:
            _, day, _ = item["sk"]["S"].split("#")
            counted = counted.plus(int(item["hidden_matches"]["N"]), date.fromisoformat(day))
        return counted


def _partition(exception_id: str) -> str:
    return f"EXCEPTION#{exception_id[:_ID_LIMIT]}"
