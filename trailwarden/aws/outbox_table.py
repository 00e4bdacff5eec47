"""The messages of alerts, the hour's budgets and what was held back, in the alert table.

docs/architecture.md lists the items. A message is taken from the budgets in one transaction with the mark
that it was: however often it is tried, it counts once.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp
from trailwarden.aws.batches import Item, Pause, StoreBusyError, query
from trailwarden.aws.group_table import alert_key, item_of
from trailwarden.aws.week_table import counted_in_week
from trailwarden.state.outbox import Budgets, Held, Outgoing, Progress, Storm

_ATTEMPTS = 8
_KEPT = timedelta(days=35)
"""How long an hour's budgets, and what was held back in it, are kept."""
_LOOKED_BACK = timedelta(days=3)
_LATE = timedelta(hours=2)
_LEASE = 300  # seconds for which a summary is one function's alone
_REFUSED = "ConditionalCheckFailed"
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_serialize = TypeSerializer().serialize
_decode_alert = msgspec.json.Decoder(Alert).decode
_decode_follow_up = msgspec.json.Decoder(FollowUp).decode
_decode_held = msgspec.json.Decoder(Held).decode


def outgoing_of(item: Item) -> Outgoing:
    """The message that an item of the table (or the `NewImage` of a stream record) is."""
    key = item["sk"]["S"]
    follow_up = _decode_follow_up(item["follow_up"]["S"]) if "follow_up" in item else None
    written = item.get("written_at") or item.get("opened_at") or {"N": "0"}
    return Outgoing(
        item["pk"]["S"].removeprefix("ALERT#"),
        key,
        follow_up,
        item["silent"]["S"] if "silent" in item else "",
        int(written["N"]),
    )


def alert_of(item: Item) -> Alert | None:
    """The alert in an alert's item; None in that of a follow-up."""
    return _decode_alert(item["alert"]["S"]) if "alert" in item else None


class OutboxTable:
    """`Outbox` and `Storms` over one DynamoDB table.

    `now` gives seconds since the epoch; `pause(attempt)` waits before counting is tried again.
    """

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float], pause: Pause) -> None:
        self._client = client
        self._table = table_name
        self._now = now
        self._pause = pause
        self._used_up: set[tuple[str, str]] = set()
        """Budgets of which nothing is left, by hour: nobody need ask again."""
        self._storms_known: set[str] = set()

    def alert(self, alert_id: str) -> Alert | None:
        """The alert as it was opened; read consistently."""
        item = self._get(alert_key(alert_id))
        return None if item is None else alert_of(item)

    def progress(self, message: Outgoing) -> Progress:
        """How far the message has got; read consistently."""
        item = self._get(alert_key(message.alert_id, message.key), "told_at, told_to, taken_at, held_in")
        return _progress(item or {})

    def messages(self, alert_id: str) -> list[tuple[Outgoing, Progress]]:
        """All messages of an alert; read consistently."""
        found = query(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item_of(**{":pk": f"ALERT#{alert_id}"}),
            ProjectionExpression=(
                "pk, sk, follow_up, silent, written_at, opened_at, told_at, told_to, taken_at, held_in"
            ),
        )
        return [(outgoing_of(item), _progress(item)) for item in found]

    def take(self, message: Outgoing, held: Held, hour: str, budgets: Budgets) -> bool:
        """Count the message against the budgets of the hour; where one is used up, keep it as held back."""
        whole = f"ALL {held.level}"
        if {(hour, held.rule_id), (hour, whole)} & self._used_up:
            return self._hold(message, held, hour)
        key = alert_key(message.alert_id, message.key)
        items = [
            self._use(hour, f"RULE#{held.rule_id}", budgets.rule),
            self._use(hour, "ALL", budgets.overall_for(held.level)),
            {
                "Update": {
                    "TableName": self._table,
                    "Key": key,
                    "UpdateExpression": "SET taken_at = :now",
                    "ConditionExpression": "attribute_not_exists(taken_at) AND attribute_not_exists(held_in)",
                    "ExpressionAttributeValues": item_of(**{":now": int(self._now())}),
                }
            },
        ]
        for attempt in range(_ATTEMPTS):
            try:
                self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                reasons = [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]
                if reasons[2:] == [_REFUSED]:
                    return not self.progress(message).held
                if reasons and reasons[0] == _REFUSED:
                    self._used_up.add((hour, held.rule_id))
                    return self._hold(message, held, hour)
                if reasons[1:2] == [_REFUSED]:
                    self._used_up.add((hour, whole))
                    return self._hold(message, held, hour)
                if not _PASSING.intersection(reasons):
                    raise
                self._pause(attempt)
            else:
                return True
        raise StoreBusyError(f"{self._table} kept the budgets of {hour} busy")

    def silence(self, message: Outgoing, why: str) -> None:
        """Remember that nobody is to be told of it, and why."""
        key = alert_key(message.alert_id, message.key)
        self._update(key, "SET silent = :why", item_of(**{":why": why}), condition="attribute_exists(pk)")

    def became(self, alert_id: str) -> str | None:
        """The id of the alert that this one is a part of now; read consistently."""
        item = self._get(alert_key(alert_id), "became") or {}
        return item["became"]["S"] if "became" in item else None

    def told_to(self, message: Outgoing, name: str) -> None:
        """Remember that one of several topics has it."""
        self._update(
            alert_key(message.alert_id, message.key), "ADD told_to :name", {":name": _serialize({name})}
        )

    def told(self, message: Outgoing, level: str) -> None:
        """Remember that all have it; the first time stays, and is counted."""
        self._mark(message, "told_at", int(self._now()), f"TOLD#{level}")

    def storms(self) -> Sequence[Storm]:
        """The hours of the last three days of which something may not have been summed up."""
        now = datetime.fromtimestamp(self._now(), UTC)
        found = query(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk >= :since",
            ExpressionAttributeValues=item_of(
                **{":pk": "STORMS", ":since": f"{now - _LOOKED_BACK:%Y-%m-%dT%H}"}
            ),
        )
        storms = map(_storm_of, found)
        return [storm for storm in storms if not storm.over or storm.hour >= f"{now - _LATE:%Y-%m-%dT%H}"]

    def held(self, hour: str) -> Iterator[Held]:
        """What was held back in the hour."""
        for item in query(self._client, **self._held_in(hour), ProjectionExpression="held"):
            yield _decode_held(item["held"]["S"])

    def count_held(self, hour: str) -> int:
        """How many messages were held back in the hour; counted without reading them."""
        request = self._held_in(hour)
        total = 0
        while True:
            page = self._client.query(**request, Select="COUNT", ConsistentRead=True)
            total += int(page["Count"])
            if "LastEvaluatedKey" not in page:
                return total
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def begin_summary(self, storm: Storm) -> bool:
        """Take it on to sum up the hour: for five minutes it is the caller's alone."""
        now = int(self._now())
        try:
            self._update(
                item_of(pk="STORMS", sk=storm.hour),
                "SET lease = :until",
                item_of(**{":until": now + _LEASE, ":now": now, ":number": storm.number}),
                condition="summaries = :number AND (attribute_not_exists(lease) OR lease < :now)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True

    def summary_told(self, storm: Storm, name: str) -> None:
        """Remember that one of several topics has the summary."""
        self._update(
            item_of(pk="STORMS", sk=storm.hour),
            "ADD told_to :name SET telling = :telling",
            {":name": _serialize({name}), ":telling": _serialize(storm.telling)},
        )

    def summarised(self, storm: Storm) -> None:
        """Remember what has been summed up, and let go of the hour."""
        self._client.update_item(
            TableName=self._table,
            Key=item_of(pk="STORMS", sk=storm.hour),
            UpdateExpression=(
                "SET summaries = :number, told = :told, #over = :over REMOVE lease, told_to, telling"
            ),
            ExpressionAttributeNames={"#over": "over"},
            ExpressionAttributeValues=item_of(
                **{":number": storm.number, ":told": storm.told, ":over": storm.over}
            ),
        )

    def _hold(self, message: Outgoing, held: Held, hour: str) -> bool:
        """Keep what a summary will tell, then list the hour, then mark the message: a crash in between is
        mended by whoever tries again."""
        expires_at = int(self._now() + _KEPT.total_seconds())
        self._client.put_item(
            TableName=self._table,
            Item=item_of(
                pk=f"HELD#{hour}",
                sk=f"{message.alert_id}#{message.key}",
                held=msgspec.json.encode(held).decode(),
                expires_at=expires_at,
            ),
        )
        if hour not in self._storms_known:
            self._client.update_item(
                TableName=self._table,
                Key=item_of(pk="STORMS", sk=hour),
                UpdateExpression=(
                    "SET summaries = if_not_exists(summaries, :none), told = if_not_exists(told, :none), "
                    "#over = if_not_exists(#over, :no), expires_at = :expires_at"
                ),
                ExpressionAttributeNames={"#over": "over"},
                ExpressionAttributeValues=item_of(**{":none": 0, ":no": False, ":expires_at": expires_at}),
            )
            self._storms_known.add(hour)
        self._mark(message, "held_in", hour, "HELD")
        return False

    def _mark(self, message: Outgoing, name: str, value: str | int, counted_as: str) -> None:
        """Mark the message, where it is not, and count it among the week's, where it is news."""
        try:
            self._update(
                alert_key(message.alert_id, message.key),
                f"SET {name} = :value",
                item_of(**{":value": value}),
                condition=f"attribute_not_exists({name})",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return
        if message.is_news:
            self._client.update_item(**counted_in_week(self._table, int(self._now()), counted_as))

    def _use(self, hour: str, name: str, most: int) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": self._table,
                "Key": item_of(pk=f"BUDGET#{hour}", sk=name),
                "UpdateExpression": "ADD used :one SET expires_at = :expires_at",
                "ConditionExpression": "attribute_not_exists(used) OR used < :most",
                "ExpressionAttributeValues": item_of(
                    **{
                        ":one": 1,
                        ":most": most,
                        ":expires_at": int(self._now() + _KEPT.total_seconds()),
                    }
                ),
            }
        }

    def _held_in(self, hour: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": item_of(**{":pk": f"HELD#{hour}"}),
        }

    def _update(self, key: Item, expression: str, values: Item, *, condition: str | None = None) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=key,
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            **({"ConditionExpression": condition} if condition else {}),
        )

    def _get(self, key: Item, projection: str | None = None) -> Item | None:
        answer = self._client.get_item(
            TableName=self._table,
            Key=key,
            ConsistentRead=True,
            **({"ProjectionExpression": projection} if projection else {}),
        )
        item: Item | None = answer.get("Item")
        return item


def _storm_of(item: Item) -> Storm:
    return Storm(
        item["sk"]["S"],
        int(item["summaries"]["N"]),
        int(item["told"]["N"]),
        item["over"]["BOOL"],
        frozenset(item["told_to"]["SS"]) if "told_to" in item else frozenset(),
        int(item["telling"]["N"]) if "telling" in item else 0,
    )


def _progress(item: Item) -> Progress:
    return Progress(
        told="told_at" in item,
        told_to=frozenset(item["told_to"]["SS"]) if "told_to" in item else frozenset(),
        taken="taken_at" in item,
        held="held_in" in item,
    )
