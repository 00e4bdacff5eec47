"""The figures of weeks in the alert table. docs/architecture.md lists the items."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from trailwarden.aws.batches import Item, query
from trailwarden.aws.group_table import item_of
from trailwarden.state.weeks import Seen, WeekFigures, week_before, week_of

_KEPT = timedelta(days=60)
_LEASE = 600  # seconds for which a heartbeat is one function's alone
_HEARTBEAT = "HEARTBEAT"


def counted_in_week(table: str, now: int, name: str, number: int = 1) -> dict[str, Any]:
    """The update that counts messages of this week: `TOLD#<level>`, `HELD` or `STAGED`."""
    return _add(table, week_of(datetime.fromtimestamp(now, UTC)), name, {"messages": number}, now)


def _add(table: str, week: str, name: str, numbers: Mapping[str, int], now: int) -> dict[str, Any]:
    added = ", ".join(f"{number} :{number}" for number in numbers)
    values = {f":{number}": value for number, value in numbers.items()}
    return {
        "TableName": table,
        "Key": item_of(pk=f"WEEK#{week}", sk=name),
        "UpdateExpression": f"ADD {added} SET expires_at = :expires_at",
        "ExpressionAttributeValues": item_of(**values, **{":expires_at": now + int(_KEPT.total_seconds())}),
    }


class WeekTable:
    """`Weeks` over one DynamoDB table. `now` gives seconds since the epoch."""

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._table = table_name
        self._now = now

    def add_seen(self, week: str, seen: Mapping[str, Seen]) -> None:
        """Count what was read: an update an account, and another where a newer event had been read before."""
        for account, each in seen.items():
            numbers = {"files": each.files, "records": each.records}
            update = _add(self._table, week, f"ACCOUNT#{account}", numbers, int(self._now()))
            if not (each.newest and self._are_newest(update, each.newest)):
                self._client.update_item(**update)

    def _are_newest(self, update: dict[str, Any], newest: str) -> bool:
        """Make the update with the newest event, unless a newer one is known: then it is not made."""
        values = update["ExpressionAttributeValues"] | item_of(**{":newest": newest})
        try:
            self._client.update_item(
                **update
                | {
                    "UpdateExpression": f"{update['UpdateExpression']}, newest = :newest",
                    "ConditionExpression": "attribute_not_exists(newest) OR newest < :newest",
                    "ExpressionAttributeValues": values,
                }
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def figures(self, week: str) -> WeekFigures:
        """What the week came to."""
        items = list(
            query(
                self._client,
                TableName=self._table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=item_of(**{":pk": f"WEEK#{week}"}),
            )
        )
        return WeekFigures(
            accounts={name: _seen(item) for name, item in _named(items, "ACCOUNT#")},
            told={level: int(item["messages"]["N"]) for level, item in _named(items, "TOLD#")},
            held=sum(int(item["messages"]["N"]) for _, item in _named(items, "HELD")),
            staged=sum(int(item["messages"]["N"]) for _, item in _named(items, "STAGED")),
        )

    def add_staged(self, number: int) -> None:
        """Count alerts of this week that were told to nobody."""
        self._client.update_item(**counted_in_week(self._table, int(self._now()), "STAGED", number))

    def begin_heartbeat(self, week: str, name: str) -> int:
        """Take it on to tell a topic of the week; weeks from before the first call are passed over."""
        now = int(self._now())
        begun = item_of(pk=_HEARTBEAT, sk="FIRST", week=week_before(datetime.fromtimestamp(now, UTC)))
        try:
            self._client.put_item(
                TableName=self._table, Item=begun, ConditionExpression="attribute_not_exists(pk)"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
        else:
            return 0
        if self._first_week() >= week:
            return 0
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=item_of(pk=_HEARTBEAT, sk=f"{week}#{name}"),
                UpdateExpression="SET lease = :until, expires_at = :expires_at ADD attempts :one",
                ConditionExpression=(
                    "attribute_not_exists(told_at) AND (attribute_not_exists(lease) OR lease < :now)"
                ),
                ExpressionAttributeValues=item_of(
                    **{
                        ":until": now + _LEASE,
                        ":now": now,
                        ":expires_at": now + int(_KEPT.total_seconds()),
                        ":one": 1,
                    }
                ),
                ReturnValues="UPDATED_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return 0
        return int(answer["Attributes"]["attempts"]["N"])

    def _first_week(self) -> str:
        answer = self._client.get_item(TableName=self._table, Key=item_of(pk=_HEARTBEAT, sk="FIRST"))
        return str(answer["Item"]["week"]["S"]) if "Item" in answer else ""

    def heartbeat_failed(self, week: str, name: str) -> None:
        """Take the attempt back: the function is well. Until the lease is over nobody tries again."""
        self._client.update_item(
            TableName=self._table,
            Key=item_of(pk=_HEARTBEAT, sk=f"{week}#{name}"),
            UpdateExpression="ADD attempts :less",
            ExpressionAttributeValues=item_of(**{":less": -1}),
        )

    def heartbeat_told(self, week: str, name: str) -> None:
        """Remember that a topic was told of the week."""
        self._client.update_item(
            TableName=self._table,
            Key=item_of(pk=_HEARTBEAT, sk=f"{week}#{name}"),
            UpdateExpression="SET told_at = :now",
            ExpressionAttributeValues=item_of(**{":now": int(self._now())}),
        )


def _named(items: list[Item], prefix: str) -> list[tuple[str, Item]]:
    found = ((item["sk"]["S"], item) for item in items)
    return [(name.removeprefix(prefix), item) for name, item in found if name.startswith(prefix)]


def _seen(item: Item) -> Seen:
    newest = item["newest"]["S"] if "newest" in item else None
    return Seen(int(item["files"]["N"]), int(item["records"]["N"]), newest)
