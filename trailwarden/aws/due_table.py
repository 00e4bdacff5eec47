"""What must be looked at again, and which groups are kept quiet, in the alert table.

docs/architecture.md lists the items.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from trailwarden.aws.batches import Item, query
from trailwarden.aws.group_table import DUE_SHARDS, due_item, due_key, item_of
from trailwarden.safety.text import one_line
from trailwarden.state.groups import Due

_ACKNOWLEDGED_AT_MOST = 200
_LAST = "999999999999"
_PAGE = 200  # items that are read at once, of each shard
_log = logging.getLogger(__name__)


class DueTable:
    """`DueList` and `Acknowledged` over one DynamoDB table."""

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._table = table_name
        self._now = now

    def due(self, now: int, limit: int | None = None) -> Iterator[Due]:
        """What is due, the earliest first, at most `limit`; read as it is asked for."""
        found = merge(*(self._shard(shard, f"{now:012}~") for shard in range(DUE_SHARDS)), key=_at)
        return islice(found, limit)

    def listed(self) -> Iterator[Due]:
        """All that is on the list, due or not: every alert that goes on is."""
        return merge(*(self._shard(shard, f"{_LAST}~") for shard in range(DUE_SHARDS)), key=_at)

    def put(self, due: Due) -> None:
        """Put something on the list."""
        self._client.put_item(TableName=self._table, Item=due_item(due))

    def postpone(self, due: Due, at: int) -> Due | None:
        """Move it to later, with an attempt more, in one step; None if it is not on the list any more: done,
        or another function is at it."""
        later = Due(at, due.group_key, due.alert_id, due.attempts + 1)
        moved = due_item(later) | item_of(attempts=later.attempts)
        here = {"ConditionExpression": "attribute_exists(pk)"}
        try:
            self._client.transact_write_items(
                TransactItems=[
                    {"Delete": {"TableName": self._table, "Key": due_key(due), **here}},
                    {"Put": {"TableName": self._table, "Item": moved}},
                ]
            )
        except ClientError as error:
            reasons = {reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])}
            if reasons & {"ConditionalCheckFailed", "TransactionConflict"}:
                return None
            raise
        return later

    def remove(self, due: Due) -> None:
        """Take something off the list."""
        self._client.delete_item(TableName=self._table, Key=due_key(due))

    def acknowledged(self) -> Sequence[str]:
        """A line for each group that is kept quiet: what, who said so, and until when."""
        found = query(
            self._client,
            limit=_ACKNOWLEDGED_AT_MOST,
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item_of(**{":pk": "ACKNOWLEDGED"}),
        )
        return [
            one_line(f"{item['title']['S']} ({item['by']['S']}, {_lasting(item)})", 400)
            for item in found
            if "expires_at" not in item or int(item["expires_at"]["N"]) > self._now()
        ]

    def _shard(self, shard: int, until: str) -> Iterator[Due]:
        found = query(
            self._client,
            page=_PAGE,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk <= :now",
            ExpressionAttributeValues=item_of(**{":pk": f"DUE#{shard}", ":now": until}),
        )
        return (due for item in found if (due := _due_of(item)) is not None)


def _lasting(item: Item) -> str:
    """`since 2026-03-01 until 2026-03-31`; an old item may not say until when."""
    since = f"since {item['at']['S'][:10]}"
    return f"{since} until {item['until']['S'][:10]}" if "until" in item else since


def _due_of(item: Item) -> Due | None:
    """None for an item that is none of ours: it stops nothing behind it."""
    try:
        at, group_key, alert_id = item["sk"]["S"].split("#")
        return Due(int(at), group_key, alert_id, int(item.get("attempts", {"N": "0"})["N"]))
    except ValueError:
        _log.error("%s / %s is no due item", item["pk"]["S"], item["sk"]["S"])
        return None


def _at(due: Due) -> int:
    return due.at
