"""What the daily check remembers, in the alert table: one item a topic. docs/architecture.md lists it."""

import logging
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer

from trailwarden.state.subscriptions import SeenTopic

_ITEM_LIMIT = 390 * 1024  # bytes; an item may have 400 kB
_KEPT_SECONDS = 400 * 86_400
_SORT_KEY = "SEEN"
_log = logging.getLogger(__name__)
_serialize = TypeSerializer().serialize
_decode = msgspec.json.Decoder(SeenTopic).decode


class SubscriptionTable:
    """`SubscriptionMemory` over the alert table. `now` gives seconds since the epoch.

    A topic may have millions of subscriptions, an item holds some thousands: more are forgotten, those first
    that the settings never asked for. What is forgotten may be told twice.
    """

    def __init__(
        self, client: Any, table_name: str, *, now: Callable[[], float], limit: int = _ITEM_LIMIT
    ) -> None:
        self._limit = limit
        self._client = client
        self._table = table_name
        self._now = now

    def seen(self, topic_arn: str) -> SeenTopic | None:
        """What the last check knew of the topic; None before the first, and where it cannot be read."""
        answer = self._client.get_item(TableName=self._table, Key=_key(topic_arn), ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return None
        try:
            return _decode(item["seen"]["S"])
        except msgspec.MsgspecError:
            _log.exception("what was remembered of %s cannot be read; the check begins anew", topic_arn)
            return None

    def remember(self, topic_arn: str, seen: SeenTopic) -> None:
        """Keep this instead."""
        now = int(self._now())
        self._client.put_item(
            TableName=self._table,
            Item={
                **_key(topic_arn),
                "topic_arn": _serialize(topic_arn),
                "checked_at": _serialize(now),
                "seen": _serialize(self._bounded(topic_arn, seen)),
                "expires_at": _serialize(now + _KEPT_SECONDS),
            },
        )

    def _bounded(self, topic_arn: str, seen: SeenTopic) -> str:
        for number, kept in enumerate(_shorter(seen)):
            text = msgspec.json.encode(kept)
            if len(text) <= self._limit:
                if number:
                    _log.warning("not all of %s can be remembered: it has too many subscriptions", topic_arn)
                return text.decode()
        return msgspec.json.encode(SeenTopic()).decode()


def _shorter(seen: SeenTopic) -> Iterator[SeenTopic]:
    """What is to be remembered, and less of it each time, until nothing is left."""
    yield seen
    subscriptions = {key: one for key, one in seen.subscriptions.items() if one.expected}
    told = dict(seen.told)
    while subscriptions or told:
        yield SeenTopic(subscriptions, told)
        subscriptions = dict(islice(subscriptions.items(), len(subscriptions) // 2))
        told = dict(islice(told.items(), len(told) // 2))


def _key(topic_arn: str) -> dict[str, Any]:
    name = topic_arn.rpartition(":")[2]
    return {"pk": _serialize(f"SUBSCRIPTIONS#{name}"), "sk": _serialize(_SORT_KEY)}
