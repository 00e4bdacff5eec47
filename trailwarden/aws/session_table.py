"""Who was given which temporary access key, in the alert table. docs/architecture.md lists the item.

A key is a partition, with an item for each session that records told of it: two at most, as a rule, from
the caller's account and from the role's. Items are put without a condition, so they go in batches, in any
order and any number of times; the sort key is the session's rank, so the one that tells most is the last.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer

from trailwarden.activity.sessions import Session
from trailwarden.aws.batches import Item, Pause, put_all, query

KEPT_AFTER_EXPIRY = timedelta(days=31)
"""CloudTrail tries for 30 days to deliver a log file: records of a session may come that late."""
_REMEMBERED = 1000
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_serialize = TypeSerializer().serialize
_decode = msgspec.json.Decoder(Session).decode


class SessionTable:
    """`SessionStore` over one DynamoDB table.

    `now` gives seconds since the epoch; `pause(attempt)` waits before part of a batch is tried again. What
    the caller's own record vouches for is remembered, so that alerts of one session, and what their chains
    have in common, are asked for once; what is not known yet is asked for again.
    """

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float], pause: Pause) -> None:
        self._client = client
        self._table = table_name
        self._now = now
        self._pause = pause
        self._remembered: dict[str, Session] = {}

    def get(self, access_key_id: str) -> Session | None:
        """Who was given this access key; None where that is not known (yet). One consistent read of an
        item."""
        known = self._remembered.get(access_key_id)
        if known is not None:
            return known
        found = query(
            self._client,
            limit=1,
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": _serialize(_partition(access_key_id))},
            ScanIndexForward=False,
        )
        session = next((_decode(item["session"]["S"]) for item in found), None)
        if session is not None and session.vouched:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[access_key_id] = session
        return session

    def put(self, session: Session) -> None:
        """Keep it, as `put_all` does."""
        self.put_all([session])

    def put_all(self, sessions: Iterable[Session]) -> None:
        """Keep them until some days after they expire. Raises `StoreBusyError`, or botocore's errors."""
        # A batch must not name one item twice.
        items = {(each.access_key_id, each.rank): each for each in sessions}
        for access_key_id, _ in items:
            self._remembered.pop(access_key_id, None)
        put_all(self._client, self._table, [self._item_of(each) for each in items.values()], self._pause)

    def _item_of(self, session: Session) -> Item:
        return {
            "pk": _serialize(_partition(session.access_key_id)),
            "sk": _serialize(f"SESSION#{session.rank}"),
            "session": _serialize(msgspec.json.encode(session).decode()),
            "expires_at": _serialize(self._expires_at(session)),
        }

    def _expires_at(self, session: Session) -> int:
        """Seconds since the epoch. A record says when its session expires; a wild claim is not believed."""
        latest = ends = self._now() + timedelta(days=2).total_seconds()
        with suppress(ValueError):  # one odd record must not keep its file from being done with
            if session.expires:
                ends = datetime.strptime(session.expires, _TIME).replace(tzinfo=UTC).timestamp()
        return int(min(max(ends, self._now()), latest) + KEPT_AFTER_EXPIRY.total_seconds())


def _partition(access_key_id: str) -> str:
    return f"SESSION#{access_key_id}"
