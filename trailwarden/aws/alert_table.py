"""The state in one DynamoDB table. docs/architecture.md lists its items.

Every write may be repeated. Matches are put without a condition: the same match puts the same item. An
alert is put only where it does not exist, so that it enters the table's stream exactly once. What exceptions
hid in a file is added to counters in the transaction that enters the file, so that it is added once.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from datetime import timedelta
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from trailwarden.alerts.grouping import without_record
from trailwarden.alerts.model import Alert, AlertBatch
from trailwarden.aws.batches import Pause, StoreBusyError, delete_all, put_all, query
from trailwarden.aws.exception_table import ExceptionTable
from trailwarden.aws.staged_table import entries
from trailwarden.state.protocol import NOTHING_HIDDEN, FileOutcome, HiddenByDay

_ITEM_LIMIT = 390 * 1024  # an item may have 400 KB
_DETAIL_LIMIT = 2000
_ALERT = "ALERT"
__all__ = ["AlertTable", "StoreBusyError", "alert_of_image"]
_serialize = TypeSerializer().serialize
_decode_alert = msgspec.json.Decoder(Alert).decode


def alert_of_image(image: dict[str, Any]) -> Alert:
    """The alert in a stream record's `NewImage` (DynamoDB JSON)."""
    return _decode_alert(image["alert"]["S"])


class AlertTable:
    """`RevisableAlertStore` and `FileLedger` over one DynamoDB table.

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

    def add(self, batches: Iterable[AlertBatch]) -> int:
        """Store the matches (and what lists a staged alert), then their alerts. Returns how many alerts are
        new.

        In this order a crash in between leaves an alert that is told when the file comes again; the other way
        round it could tell an alert whose evidence was never kept.
        """
        kept = list(batches)
        items = [item for batch in kept for item in self._match_items(batch)]
        items += entries((batch.alert for batch in kept), self._expiry())
        put_all(self._client, self._table, items, self._pause)
        return sum(self._put_alert(batch.alert) for batch in kept)

    def told(self, alert_id: str) -> bool:
        """Whether the alert has been published; read consistently."""
        item = self._get(f"ALERT#{alert_id}", _ALERT)
        return item is not None and "told_at" in item

    def mark_told(self, alert_id: str) -> None:
        """Remember that the alert has been published; the first time stays."""
        self._client.update_item(
            TableName=self._table,
            Key=_item(pk=f"ALERT#{alert_id}", sk=_ALERT),
            UpdateExpression="SET told_at = if_not_exists(told_at, :now)",
            ExpressionAttributeValues={":now": _serialize(int(self._now()))},
        )

    def matches_of(self, alert_id: str) -> set[str]:
        """The ids of the matches that the alert counts; read consistently."""
        return {sort_key.rpartition("#")[2] for sort_key in self._match_keys(alert_id)}

    def withdraw(self, alert_id: str, match_ids: Set[str]) -> None:
        """Remove matches from the alert. The alert itself stays: it may have been told."""
        gone = [key for key in self._match_keys(alert_id) if key.rpartition("#")[2] in match_ids]
        keys = [_item(pk=f"ALERT#{alert_id}", sk=key) for key in gone]
        delete_all(self._client, self._table, keys, self._pause)

    def _match_keys(self, alert_id: str) -> list[str]:
        """The sort keys of the alert's matches, which end in the match's id."""
        found = query(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :match)",
            ExpressionAttributeValues=_item(**{":pk": f"ALERT#{alert_id}", ":match": "MATCH#"}),
            ProjectionExpression="sk",
        )
        return [item["sk"]["S"] for item in found]

    def outcome(self, file_id: str) -> FileOutcome | None:
        """How the file ended, or None where it has not been dealt with; read consistently."""
        item = self._get(f"FILE#{file_id}", "FILE")
        return FileOutcome(item["outcome"]["S"]) if item else None

    def record(
        self, file_id: str, outcome: FileOutcome, detail: str = "", hidden: HiddenByDay = NOTHING_HIDDEN
    ) -> None:
        """Remember how the file ended, and count what was hidden in it, unless that was done before."""
        item = _item(
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

    def _match_items(self, batch: AlertBatch) -> Iterator[dict[str, Any]]:
        alert = batch.alert
        for match in batch.matches:
            yield _item(
                pk=f"ALERT#{alert.alert_id}",
                sk=f"MATCH#{match.event_time or ''}#{match.match_id}",
                rule_id=alert.rule_id,
                event_id=match.event_id,
                log_file=match.evidence.log_file,
                record_index=match.evidence.record_index,
                expires_at=self._expiry(),
            )

    def _put_alert(self, alert: Alert) -> bool:
        text = msgspec.json.encode(alert)
        if len(text) > _ITEM_LIMIT:
            text = msgspec.json.encode(without_record(alert))
        item = _item(
            pk=f"ALERT#{alert.alert_id}",
            sk=_ALERT,
            rule_id=alert.rule_id,
            level=alert.level,
            account=alert.account,
            opened_at=int(self._now()),
            alert=text.decode(),
            expires_at=self._expiry(),
            **({"staged": True} if alert.staged else {}),
        )
        try:
            self._client.put_item(
                TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=_item(pk=pk, sk=sk), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _expiry(self) -> int:
        return int(self._now()) + self._retention


def _item(**attributes: str | bool | int) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in attributes.items()}
