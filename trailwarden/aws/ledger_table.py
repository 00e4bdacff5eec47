"""What is remembered of log files, in the alert table. docs/architecture.md lists the items.

What exceptions hid in a part of a file is added to counters in the transaction that says how far the file was
read, so that it is added once.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from trailwarden.aws.batches import Item, Pause
from trailwarden.aws.exception_table import ExceptionTable
from trailwarden.aws.group_table import item_of
from trailwarden.state.ledger import FileEntry, Progress
from trailwarden.state.protocol import NOTHING_HIDDEN, FileOutcome, HiddenByDay

_DETAIL_LIMIT = 2000
_decode_progress = msgspec.json.Decoder(Progress).decode


class LedgerTable:
    """`FileLedger` over one DynamoDB table.

    `now` gives seconds since the epoch; `pause(attempt)` waits before part of a batch is tried again.
    """

    def __init__(
        self,
        client: Any,
        table_name: str,
        *,
        retention: timedelta,
        now: Callable[[], float],
        pause: Pause,
    ) -> None:
        self._client = client
        self._table = table_name
        self._retention = int(retention.total_seconds())
        self._now = now
        self._pause = pause

    def entry(self, file_id: str) -> FileEntry | None:
        """The entry, or None if there is none; read consistently."""
        key = item_of(pk=f"FILE#{file_id}", sk="FILE")
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else _entry_of(item)

    def write(self, file_id: str, entry: FileEntry, hidden: HiddenByDay = NOTHING_HIDDEN) -> bool:
        """Write the entry and count what was hidden, if its version is that of the last write."""
        now = int(self._now())
        item = _item_of(file_id, entry, now) | item_of(expires_at=now + self._retention)
        put = {"TableName": self._table, "Item": item, **_condition(entry.version)}
        if hidden:
            return ExceptionTable(self._client, self._table, pause=self._pause).count(put, hidden, now)
        try:
            self._client.put_item(**put)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True


def _condition(version: int) -> dict[str, Any]:
    if not version:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "#version = :before",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": item_of(**{":before": version}),
    }


def _item_of(file_id: str, entry: FileEntry, now: int) -> Item:
    attributes: dict[str, str | int] = {
        "version": entry.version + 1,
        "attempts": entry.attempts,
        "held_until": int(entry.held_until * 1000),
        "progress": msgspec.json.encode(entry.progress).decode() if entry.progress else "",
        "outcome": entry.outcome.value if entry.outcome else "",
        "detail": entry.detail[:_DETAIL_LIMIT],
        "set_aside_at": int(entry.set_aside_at * 1000),
    }
    kept = {name: value for name, value in attributes.items() if value}
    return item_of(pk=f"FILE#{file_id}", sk="FILE", recorded_at=now, **kept)


def _entry_of(item: Item) -> FileEntry:
    """Entries of versions before this one have an outcome, a detail, and no version."""

    def number(name: str) -> int:
        return int(item[name]["N"]) if name in item else 0

    def text(name: str) -> str:
        return str(item[name]["S"]) if name in item else ""

    return FileEntry(
        version=number("version"),
        attempts=number("attempts"),
        held_until=number("held_until") / 1000,
        progress=_decode_progress(text("progress")) if "progress" in item else None,
        outcome=FileOutcome(text("outcome")) if "outcome" in item else None,
        detail=text("detail"),
        set_aside_at=number("set_aside_at") / 1000,
    )
