"""Who was given which temporary access key, in the alert table. docs/architecture.md lists the item.

One item a key. A key may be told of by two records (in the caller's account and in the role's): the one that
tells more stays, whichever came first.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from trailwarden.activity.sessions import Session

KEPT_AFTER_EXPIRY = timedelta(days=31)
"""CloudTrail tries for 30 days to deliver a log file: records of a session may come that late."""
_SORT_KEY = "SESSION"
_serialize = TypeSerializer().serialize
_decode = msgspec.json.Decoder(Session).decode


class SessionTable:
    """`SessionStore` over one DynamoDB table. `now` gives seconds since the epoch."""

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._table = table_name
        self._now = now

    def get(self, access_key_id: str) -> Session | None:
        """Who was given this access key; None where that is not known (yet)."""
        answer = self._client.get_item(TableName=self._table, Key=_key(access_key_id))
        item = answer.get("Item")
        return _decode(item["session"]["S"]) if item else None

    def put(self, session: Session) -> None:
        """Keep it until some days after it expires. Raises botocore's errors."""
        item = _key(session.access_key_id) | {
            "session": _serialize(msgspec.json.encode(session).decode()),
            "told_rank": _serialize(session.rank),
            "expires_at": _serialize(self._expires_at(session)),
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR told_rank < :rank",
                ExpressionAttributeValues={":rank": _serialize(session.rank)},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def _expires_at(self, session: Session) -> int:
        """Seconds since the epoch. A record says when its session expires; a wild claim is not believed."""
        latest = self._now() + timedelta(days=2).total_seconds()
        ends = latest
        if session.expires:
            ends = datetime.strptime(session.expires, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
        return int(min(max(ends, self._now()), latest) + KEPT_AFTER_EXPIRY.total_seconds())


def _key(access_key_id: str) -> dict[str, Any]:
    return {"pk": _serialize(f"SESSION#{access_key_id}"), "sk": _serialize(_SORT_KEY)}
