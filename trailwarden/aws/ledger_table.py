"""Which log files have been dealt with, in the alert table. docs/architecture.md lists the items.

What exceptions hid in a file is added to counters in the transaction that enters the file, so that it is
added once.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from trailwarden.aws.batches import Pause
from trailwarden.aws.exception_table import ExceptionTable
from trailwarden.aws.group_table import item_of
from trailwarden.state.protocol import NOTHING_HIDDEN, FileOutcome, HiddenByDay

_DETAIL_LIMIT = 2000


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

    def outcome(self, file_id: str) -> FileOutcome | None:
        """How the file ended, or None where it has not been dealt with; read consistently."""
        item = self._get(f"FILE#{file_id}", "FILE")
        return FileOutcome(item["outcome"]["S"]) if item else None

    def record(
        self, file_id: str, outcome: FileOutcome, detail: str = "", hidden: HiddenByDay = NOTHING_HIDDEN
    ) -> None:
        """Remember how the file ended, and count what was hidden in it, unless that was done before."""
        item = item_of(
            pk=f"FILE#{file_id}",
            sk="FILE",
            outcome=outcome.value,
            detail=detail[:_DETAIL_LIMIT],
            recorded_at=int(self._now()),
            expires_at=self._expiry(),
        )
        if hidden:
            counters = ExceptionTable(self._client, self._table, pause=self._pause)
            counters.count(item, hidden, int(self._now()))
        else:
            self._client.put_item(TableName=self._table, Item=item)

    def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=item_of(pk=pk, sk=sk), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _expiry(self) -> int:
        return int(self._now()) + self._retention
