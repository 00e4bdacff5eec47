"""Groups, their matches and what must be told of them, in the alert table.

docs/architecture.md lists the items. A match is an item under its group, so the same match puts the same item
and a count is a query. The state, the alerts that it opens and the messages that it calls for are one
transaction, on the condition that the state is the one that was read: so an alert is opened, and a message
written, exactly once.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from trailwarden.alerts.grouping import without_record
from trailwarden.alerts.groups import (
    CARRIED_ON,
    Acknowledgement,
    Counted,
    GroupState,
    Moved,
    Opened,
    Telling,
)
from trailwarden.alerts.model import Alert, AlertBatch, AlertMatch, Evidence
from trailwarden.aws.batches import Item, Pause, delete_all, get_all, put_all, query
from trailwarden.aws.staged_table import entries
from trailwarden.state.groups import Due, KeptState

DUE_SHARDS = 8
_ITEM_LIMIT = 390 * 1024  # an item may have 400 KB
_AFTER = "~"  # sorts after every character of a match's id
_OVERTAKEN = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_decode_state = msgspec.json.Decoder(GroupState).decode


def item_of(**attributes: str | bool | int) -> Item:
    """An item (or a part of one) in DynamoDB's JSON, at a fraction of what boto3's serializer of everything
    takes."""
    return {name: _value(value) for name, value in attributes.items()}


def _value(value: str | bool | int) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    return {"BOOL": value} if isinstance(value, bool) else {"N": str(value)}


def alert_key(alert_id: str, sort_key: str = "ALERT") -> Item:
    """The key of an alert, or of a message of it."""
    return item_of(pk=f"ALERT#{alert_id}", sk=sort_key)


def message_key(telling: Telling) -> str:
    """The sort key of a follow-up: one for each number of events that was told."""
    return f"MORE#{telling.follow_up.total:012}"


def day_of(seconds: int) -> str:
    """The day (UTC) that a moment lies in."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


class GroupTable:
    """`GroupStore` over one DynamoDB table.

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

    def put_matches(self, batches: Sequence[AlertBatch]) -> None:
        """Put the matches. Raises `StoreBusyError`, or botocore's errors."""
        expires_at = self._expiry()
        items = {
            (batch.group.key, match.placed, match.match_id): _match_item(batch, match, expires_at)
            for batch in batches
            for match in batch.matches
        }
        put_all(self._client, self._table, list(items.values()), self._pause)

    def state(self, group_key: str) -> KeptState | None:
        """The group's state; read consistently."""
        answer = self._client.get_item(TableName=self._table, Key=_state_key(group_key), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else _state_of(item)

    def states(self, group_keys: Set[str]) -> Mapping[str, KeptState]:
        """The states of many groups, by the hundred; read consistently."""
        keys = [_state_key(key) for key in group_keys]
        found = get_all(self._client, self._table, keys, self._pause, consistent=True)
        return {item["pk"]["S"].removeprefix("GROUP#"): _state_of(item) for item in found}

    def count(self, group_key: str, first: str, last: str) -> Counted:
        """How many different matches are placed from `first` to `last`; read consistently."""
        found: set[str] = set()
        begins: str | None = None
        ends: str | None = None
        for item in self._matches(group_key, first, last, "sk, event_time"):
            _, place, match_id = item["sk"]["S"].split("#")
            found.add(match_id)
            time = item["event_time"]["S"] if "event_time" in item else place
            if time:
                begins = time if begins is None else min(begins, time)
                ends = time if ends is None else max(ends, time)
        return Counted(len(found), begins, ends)

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

    def match_ids(self, group_key: str, place: str) -> set[str]:
        """The ids of the matches that are placed there; read consistently."""
        found = self._matches(group_key, place, place, "sk")
        return {item["sk"]["S"].rpartition("#")[2] for item in found}

    def places(self, group_key: str, first: str, last: str) -> set[str]:
        """Where matches are placed, from `first` to `last`; read consistently."""
        return {item["sk"]["S"].split("#")[1] for item in self._matches(group_key, first, last, "sk")}

    def delete_matches(self, group_key: str, place: str, match_ids: Set[str]) -> None:
        """Delete matches; one that is gone is no error."""
        keys = [item_of(pk=f"GROUP#{group_key}", sk=f"MATCH#{place}#{match_id}") for match_id in match_ids]
        delete_all(self._client, self._table, keys, self._pause)

    def matches(
        self, group_key: str, first: str, last: str, limit: int | None = None
    ) -> Iterator[AlertMatch]:
        """The matches that are placed from `first` to `last`, in the order of their places."""
        for item in self._matches(group_key, first, last, None, limit=limit):
            yield _match_of(item)

    def _matches(
        self, group_key: str, first: str, last: str, projection: str | None, *, limit: int | None = None
    ) -> Iterator[Item]:
        return query(
            self._client,
            limit=limit,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=item_of(
                **{
                    ":pk": f"GROUP#{group_key}",
                    ":first": f"MATCH#{first}#",
                    ":last": f"MATCH#{last}#{_AFTER}",
                }
            ),
            **({"ProjectionExpression": projection} if projection else {}),
        )

    def _items(self, group_key: str, before: int, moved: Moved, done: Due | None) -> Iterator[dict[str, Any]]:
        """What a transaction writes; at most 100 items, and there are hardly ever ten."""
        yield {"Put": self._state_put(group_key, before, moved.state)}
        for opened in moved.opened:
            yield {"Update": self._alert_upsert(opened)}
            yield {"Put": self._put(self._listing(opened.alert, opened.silent))}
            if opened.silent != CARRIED_ON:
                yield from ({"Put": self._put(item)} for item in entries([opened.alert], self._expiry()))
        for old, new in moved.became:
            yield {"Update": self._became(old, new)}
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

    def _alert_upsert(self, opened: Opened) -> dict[str, Any]:
        """The alert; if it is there, what has become of it stays, and it is not told again.

        What it says, and whether anyone is told, is as it was opened now, whoever put the item there before:
        ids can be worked out. Only one that is carried on, and so has been told, leaves what is there.
        """
        alert, carried_on = opened.alert, opened.silent == CARRIED_ON
        text = msgspec.json.encode(alert)
        if len(text) > _ITEM_LIMIT:
            text = msgspec.json.encode(without_record(alert))
        attributes: dict[str, str | bool | int] = {
            "rule_id": alert.rule_id,
            "level": alert.level,
            "account": alert.account,
            "group_key": alert.group_key,
            "opened_at": int(self._now()),
            "alert": text.decode(),
            "expires_at": self._expiry(),
        }
        if alert.staged:
            attributes["staged"] = True
        if opened.silent:
            attributes["silent"] = opened.silent
        kept = attributes.keys() if carried_on else {"opened_at"}
        clauses = (f"#{n} = if_not_exists(#{n}, :{n})" if n in kept else f"#{n} = :{n}" for n in attributes)
        absent = (
            [] if carried_on else [name for name in ("staged", "silent", "became") if name not in attributes]
        )
        removed = " REMOVE " + ", ".join(f"#{name}" for name in absent) if absent else ""
        return {
            "TableName": self._table,
            "Key": alert_key(alert.alert_id),
            "UpdateExpression": "SET " + ", ".join(clauses) + removed,
            "ExpressionAttributeNames": {f"#{name}": name for name in (*attributes, *absent)},
            "ExpressionAttributeValues": item_of(**{f":{n}": value for n, value in attributes.items()}),
        }

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
        return alert_key(telling.alert_id, message_key(telling)) | item_of(
            alert_id=telling.alert_id,
            follow_up=msgspec.json.encode(telling.follow_up).decode(),
            written_at=int(self._now()),
            expires_at=self._expiry(),
        )

    def _expiry(self) -> int:
        return int(self._now()) + self._retention


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


def _reminder(group_key: str, title: str, known: Acknowledgement) -> Item:
    """What reminds people of a group that is kept quiet; it does not expire."""
    return item_of(pk="ACKNOWLEDGED", sk=group_key, title=title, by=known.by, at=known.at, note=known.note)


def _match_item(batch: AlertBatch, match: AlertMatch, expires_at: int) -> Item:
    known: dict[str, str | bool | int] = {
        "rule_id": batch.group.rule_id,
        "event_id": match.event_id,
        "log_file": match.evidence.log_file,
        "record_index": match.evidence.record_index,
        "origin": match.origin,
        "action": match.action,
        "expires_at": expires_at,
    }
    if match.event_time is not None and match.event_time != match.placed:
        known["event_time"] = match.event_time
    key = item_of(pk=f"GROUP#{batch.group.key}", sk=f"MATCH#{match.placed or ''}#{match.match_id}")
    return key | item_of(**known)


def _match_of(item: Item) -> AlertMatch:
    _, place, match_id = item["sk"]["S"].split("#")
    time = item["event_time"]["S"] if "event_time" in item else place
    return AlertMatch(
        match_id=match_id,
        event_id=item["event_id"]["S"],
        event_time=time or None,
        evidence=Evidence(item["log_file"]["S"], int(item["record_index"]["N"])),
        placed=place or None,
        origin=item["origin"]["S"],
        action=item["action"]["S"],
    )
