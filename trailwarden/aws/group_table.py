"""Groups and what must be told of them, in the alert table.

docs/architecture.md lists the items. The state, the alerts that it opens, the messages that it calls for and
the matches that are withdrawn are one transaction, on the condition that the state is the one that was read:
so an alert is opened, and a message written, exactly once.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from trailwarden.alerts.acknowledging import ends_at
from trailwarden.alerts.groups import (
    CARRIED_ON,
    Acknowledgement,
    GroupState,
    Moved,
    Opened,
    Span,
    Telling,
)
from trailwarden.alerts.model import Alert, without_record
from trailwarden.alerts.pieces import JOINED_AT_MOST
from trailwarden.alerts.placement import seconds_of, time_of
from trailwarden.aws.batches import Item, get_all, query
from trailwarden.aws.items import item_of
from trailwarden.aws.match_table import MatchTable, match_key
from trailwarden.aws.staged_table import entries
from trailwarden.state.groups import Due, KeptState

__all__ = ["DUE_SHARDS", "GroupTable", "alert_key", "day_of", "due_item", "due_key", "item_of"]

DUE_SHARDS = 8
LATEST = timedelta(days=45)
"""How late a record can come: CloudTrail tries for 30 days to deliver a file, and what could not be read
waits another 14 in a queue."""
_ITEM_LIMIT = 390 * 1024  # an item may have 400 KB
_FILED_AT_MOST = 4 * JOINED_AT_MOST
_OVERTAKEN = frozenset(
    {"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_decode_state = msgspec.json.Decoder(GroupState).decode
_decode_span = msgspec.json.Decoder(Span).decode
_decode_alert = msgspec.json.Decoder(Alert).decode


def alert_key(alert_id: str, sort_key: str = "ALERT") -> Item:
    """The key of an alert, or of a message of it."""
    return item_of(pk=f"ALERT#{alert_id}", sk=sort_key)


def day_of(seconds: int) -> str:
    """The day (UTC) that a moment lies in."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


class GroupTable(MatchTable):
    """`GroupStore` over one DynamoDB table."""

    @property
    def longest(self) -> int:
        """For how many seconds an alert may go on: what it counts must be there still when the latest record
        comes."""
        return max(self._retention - int(LATEST.total_seconds()), self._retention // 4)

    def state(self, group_key: str) -> KeptState | None:
        """The group's state; read consistently."""
        answer = self._client.get_item(TableName=self._table, Key=_state_key(group_key), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else _state_of(item)

    def states(self, group_keys: Set[str]) -> Mapping[str, KeptState]:
        """The states of many groups, by the hundred; read consistently."""
        keys = [_state_key(key) for key in group_keys]
        found = get_all(self._client, self._table, keys, self._pause, self._patience, consistent=True)
        return {item["pk"]["S"].removeprefix("GROUP#"): _state_of(item) for item in found}

    def alert(self, alert_id: str) -> Alert | None:
        """The alert of that id; read consistently."""
        item = self._get(alert_key(alert_id), "alert")
        return _decode_alert(item["alert"]["S"]) if item is not None and "alert" in item else None

    def filed(self, group_key: str, first: str, last: str) -> Sequence[Span]:
        """The spans that are stored beside the state and touch a range, at most 80; read consistently."""
        found = query(self._client, limit=_FILED_AT_MOST, **self._filed_from(group_key, first))
        spans = (_decode_span(item["span"]["S"]) for item in found)
        return [span for span in spans if span.first <= last]

    def filed_alert(self, group_key: str, alert_id: str) -> Span | None:
        """The span of an alert that is stored beside the state: it begins in the stretch of the clock, as
        long as the quiet time, that its id is made from."""
        item = self._get(alert_key(alert_id), "stretch")
        if item is None:
            return None
        begins = item["stretch"]["S"] if "stretch" in item else ""
        found = query(self._client, **self._filed_from(group_key, begins))
        spans = (_decode_span(each["span"]["S"]) for each in islice(found, 3 * _FILED_AT_MOST))
        return next((span for span in spans if span.alert_id == alert_id), None)

    def _filed_from(self, group_key: str, place: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": item_of(
                **{":pk": f"GROUP#{group_key}", ":first": f"SPAN#{place}", ":last": "SPAN#~"}
            ),
        }

    def _get(self, key: Item, projection: str) -> Item | None:
        answer = self._client.get_item(
            TableName=self._table, Key=key, ConsistentRead=True, ProjectionExpression=projection
        )
        item: Item | None = answer.get("Item")
        return item

    def write(self, group_key: str, before: int, moved: Moved, *, done: Due | None = None) -> bool:
        """Everything in one transaction; False where the state is another than that of write `before`."""
        try:
            self._client.transact_write_items(TransactItems=list(self._items(group_key, before, moved, done)))
        except ClientError as error:
            reasons = {reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])}
            if error.response["Error"]["Code"] == "TransactionConflictException" or reasons & _OVERTAKEN:
                return False
            raise
        return True

    def _items(self, group_key: str, before: int, moved: Moved, done: Due | None) -> Iterator[dict[str, Any]]:
        """What a transaction writes; at most 100 items, and there are hardly ever ten."""
        yield {"Put": self._state_put(group_key, before, moved.state)}
        yield from self._filing(group_key, moved)
        for opened in moved.opened:
            was = [old for old, new in moved.became if new == opened.alert.alert_id]
            yield {"Update": self._alert_upsert(opened, was)}
            yield {"Put": self._put(self._listing(opened.alert, opened.silent))}
            if opened.silent != CARRIED_ON:
                yield from ({"Put": self._put(item)} for item in entries([opened.alert], self._expiry()))
        for alert in moved.revised:
            yield {"Update": self._revise(alert)}
        for old, new in moved.became:
            yield {"Update": self._became(old, new)}
        for each in moved.withdrawn:
            yield {"Update": self._withdraw(each)}
        for telling in moved.tellings:
            yield {"Put": self._put(self._message(telling))}
        for at, identity in dict.fromkeys(moved.due):
            yield {"Put": self._put(due_item(Due(at, group_key, identity)))}
        known = moved.state.acknowledged
        if moved.acknowledged_as and known is not None:
            yield {"Put": self._put(_reminder(group_key, moved.acknowledged_as, known))}
        if moved.unacknowledged:
            yield {"Delete": {"TableName": self._table, "Key": item_of(pk="ACKNOWLEDGED", sk=group_key)}}
        if done is not None and (done.at, done.alert_id) not in moved.due:
            yield {"Delete": {"TableName": self._table, "Key": due_key(done)}}

    def _put(self, item: Item) -> dict[str, Any]:
        return {"TableName": self._table, "Item": item}

    def _state_put(self, group_key: str, before: int, state: GroupState) -> dict[str, Any]:
        item = _state_key(group_key) | item_of(
            rule_id=state.rule_id,
            state=msgspec.json.encode(state).decode(),
            version=before + 1,
            expires_at=self._expiry(),
        )
        put = self._put(item)
        if not before:
            return put | {"ConditionExpression": "attribute_not_exists(pk)"}
        return put | {
            "ConditionExpression": "#version = :before",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": item_of(**{":before": before}),
        }

    def _alert_upsert(self, opened: Opened, was: Sequence[str]) -> dict[str, Any]:
        """The alert; if it is there, what has become of it stays, and it is not told again.

        What it says, and whether anyone is told, is as it was opened now, whoever put the item there before:
        ids can be worked out. Only one that is carried on, and so has been told, leaves what is there. `was`:
        the ids under which messages have shown it before.
        """
        alert, text, carried_on = opened.alert, _text_of(opened.alert), opened.silent == CARRIED_ON
        attributes: dict[str, str | bool | int] = {
            "rule_id": alert.rule_id,
            "level": alert.level,
            "account": alert.account,
            "group_key": alert.group_key,
            "protected": alert.protected,
            "opened_at": int(self._now()),
            "alert": text,
            "stretch": time_of(seconds_of(opened.first) // alert.quiet * alert.quiet) if opened.first else "",
            "expires_at": self._expiry(),
        }
        if alert.staged:
            attributes["staged"] = True
        if opened.silent:
            attributes["silent"] = opened.silent
        if was:
            attributes["was"] = " ".join(was)
        kept = attributes.keys() if carried_on else {"opened_at"}
        clauses = (f"#{n} = if_not_exists(#{n}, :{n})" if n in kept else f"#{n} = :{n}" for n in attributes)
        absent = (
            []
            if carried_on
            else [name for name in ("staged", "silent", "became", "withdrawn_at") if name not in attributes]
        )
        removed = " REMOVE " + ", ".join(f"#{name}" for name in absent) if absent else ""
        return {
            "TableName": self._table,
            "Key": alert_key(alert.alert_id),
            "UpdateExpression": "SET " + ", ".join(clauses) + removed,
            "ExpressionAttributeNames": {f"#{name}": name for name in (*attributes, *absent)},
            "ExpressionAttributeValues": item_of(**{f":{n}": value for n, value in attributes.items()}),
        }

    def _revise(self, alert: Alert) -> dict[str, Any]:
        """The alert as it is to be shown from now on: it is a part of no other."""
        return {
            "TableName": self._table,
            "Key": alert_key(alert.alert_id),
            "UpdateExpression": (
                "SET alert = :alert, #level = :level, expires_at = :expires REMOVE became, withdrawn_at"
            ),
            "ExpressionAttributeNames": {"#level": "level"},
            "ExpressionAttributeValues": item_of(**{":alert": _text_of(alert), ":level": alert.level})
            | item_of(**{":expires": self._expiry()}),
        }

    def _withdraw(self, alert_id: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": alert_key(alert_id),
            "UpdateExpression": "SET withdrawn_at = :now",
            "ExpressionAttributeValues": item_of(**{":now": int(self._now())}),
        }

    def _filing(self, group_key: str, moved: Moved) -> Iterator[dict[str, Any]]:
        """What becomes of items beside the state: spans, and matches that are withdrawn."""
        for span in moved.filed:
            text = msgspec.json.encode(span).decode()
            item = _span_key(group_key, span.last) | item_of(span=text, expires_at=self._expiry())
            yield {"Put": self._put(item)}
        for last in moved.unfiled:
            yield {"Delete": {"TableName": self._table, "Key": _span_key(group_key, last)}}
        for place, match_id in moved.deleted:
            yield {"Delete": {"TableName": self._table, "Key": match_key(group_key, place, match_id)}}

    def _listing(self, alert: Alert, silent: str) -> Item:
        """What lists the alert by the day on which it came."""
        now = int(self._now())
        at = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"
        return item_of(
            pk=f"ALERTS#{day_of(now)}",
            sk=f"{at}#{alert.alert_id}",
            group_key=alert.group_key,
            rule_id=alert.rule_id,
            level=alert.level,
            account=alert.account,
            expires_at=self._expiry(),
            **({"staged": True} if alert.staged else {}),
            **({"silent": silent} if silent else {}),
        )

    def _became(self, old: str, new: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": alert_key(old),
            "UpdateExpression": "SET became = :new",
            "ExpressionAttributeValues": item_of(**{":new": new}),
        }

    def _message(self, telling: Telling) -> Item:
        return alert_key(telling.alert_id, telling.key) | item_of(
            alert_id=telling.alert_id,
            follow_up=msgspec.json.encode(telling.follow_up).decode(),
            written_at=int(self._now()),
            expires_at=self._expiry(),
        )


def due_key(due: Due) -> Item:
    """The key of something that must be looked at; spread over partitions, in each the earliest first."""
    shard = int(hashlib.sha256(due.alert_id.encode()).hexdigest(), 16) % DUE_SHARDS
    return item_of(pk=f"DUE#{shard}", sk=f"{due.at:012}#{due.group_key}#{due.alert_id}")


def due_item(due: Due) -> Item:
    """The item, which does not expire: somebody takes it off the list."""
    return due_key(due)


def _state_of(item: Item) -> KeptState:
    return KeptState(_decode_state(item["state"]["S"]), int(item["version"]["N"]))


def _state_key(group_key: str) -> Item:
    return item_of(pk=f"GROUP#{group_key}", sk="GROUP")


def _span_key(group_key: str, last: str) -> Item:
    return item_of(pk=f"GROUP#{group_key}", sk=f"SPAN#{last}")


def _text_of(alert: Alert) -> str:
    text = msgspec.json.encode(alert)
    if len(text) > _ITEM_LIMIT:
        text = msgspec.json.encode(without_record(alert))
    return text.decode()


def _reminder(group_key: str, title: str, known: Acknowledgement) -> Item:
    """What reminds people of a group that is kept quiet, for as long as it is."""
    ends = ends_at(known)
    return item_of(
        pk="ACKNOWLEDGED",
        sk=group_key,
        title=title,
        by=known.by,
        at=known.at,
        note=known.note,
        until=time_of(ends),
        expires_at=ends,
    )
