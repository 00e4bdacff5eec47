"""The events of correlations' groups, in the alert table. docs/architecture.md lists the items.

One item an event: the same match puts the same item, so nothing is counted twice however often it is put.
A group is a partition, its events sorted by time.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer

from trailwarden.aws.batches import Item, Pause, put_all, query
from trailwarden.state.correlations import CorrelationEvent, CorrelationGroup

LATENESS = timedelta(days=31)
"""CloudTrail tries for 30 days to deliver a log file; events wait that long for late ones."""

_AFTER_HASH = "$"  # the character after "#": ends the range of the keys of one second
_serialize = TypeSerializer().serialize
_decode_fields = msgspec.json.Decoder(dict[str, str]).decode


class CorrelationTable:
    """`CorrelationStore` over one DynamoDB table.

    `now` gives seconds since the epoch; `pause(attempt)` waits before part of a batch is tried again.
    """

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float], pause: Pause) -> None:
        self._client = client
        self._table = table_name
        self._now = now
        self._pause = pause

    def add(self, group: CorrelationGroup, events: Sequence[CorrelationEvent]) -> None:
        """Put one item an event. Raises `StoreBusyError`, or botocore's errors."""
        expires_at = int(self._now()) + group.timespan + int(LATENESS.total_seconds())
        # A batch must not name one item twice.
        items = {event.rank: _item_of(group, event, expires_at) for event in events}
        put_all(self._client, self._table, list(items.values()), self._pause)

    def read(self, group: CorrelationGroup, number: int) -> list[CorrelationEvent]:
        """The earliest events of a stretch, by time, then match id; read consistently."""
        first, last = group.edges(number)
        found = query(
            self._client,
            limit=group.limit,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues={
                ":pk": _serialize(_partition(group)),
                ":first": _serialize(f"EVENT#{first}#"),
                ":last": _serialize(f"EVENT#{last}{_AFTER_HASH}"),
            },
        )
        return [_event_of(item) for item in found]


def _partition(group: CorrelationGroup) -> str:
    return f"CORRELATION#{group.key}"


def _item_of(group: CorrelationGroup, event: CorrelationEvent, expires_at: int) -> Item:
    return {
        name: _serialize(value)
        for name, value in {
            "pk": _partition(group),
            "sk": f"EVENT#{event.time}#{event.match_id}",
            "event_id": event.event_id,
            "rule_id": event.rule_id,
            "log_file": event.log_file,
            "record_index": event.record_index,
            "fields": msgspec.json.encode(event.fields).decode(),
            "character": msgspec.json.encode(event.character).decode(),
            "expires_at": expires_at,
        }.items()
    }


def _event_of(item: Item) -> CorrelationEvent:
    _, time, match_id = item["sk"]["S"].split("#")
    return CorrelationEvent(
        time=time,
        match_id=match_id,
        event_id=item["event_id"]["S"],
        rule_id=item["rule_id"]["S"],
        log_file=item["log_file"]["S"],
        record_index=int(item["record_index"]["N"]),
        fields=_decode_fields(item["fields"]["S"]),
        character=_decode_fields(item["character"]["S"]) if "character" in item else {},
    )
