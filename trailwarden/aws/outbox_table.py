"""The messages of alerts, the hour's budgets and what was held back, in the alert table.

docs/architecture.md lists the items. A message is taken from the budgets in one transaction with the mark
that it was: however often it is tried, it counts once.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from trailwarden.alerts.model import Alert
from trailwarden.aws.batches import Item, Pause, StoreBusyError, query
from trailwarden.aws.group_table import alert_key, item_of
from trailwarden.aws.outbox_items import HEARD, alert_of, outgoing_of, progress_of, set_aside_of, storm_of
from trailwarden.aws.week_table import counted_in_week
from trailwarden.state.outbox import Budgets, Heard, Held, Outgoing, Progress, SetAside, Storm, Use
from trailwarden.state.retrying import PATIENT

_KEPT = timedelta(days=35)
"""How long an hour's budgets, and what was held back in it, are kept."""
_LOOKED_BACK = timedelta(days=3)
_LATE = timedelta(hours=2)
_LEASE = 330  # seconds for which a summary is one function's alone: longer than tend_alerts may run
_SET_ASIDE = "SETASIDE"
_REPORTED_AT_ONCE = 100
_REMEMBERED_AT_MOST = 10_000
_REFUSED = "ConditionalCheckFailed"
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_log = logging.getLogger(__name__)
_serialize = TypeSerializer().serialize
_decode_held = msgspec.json.Decoder(Held).decode
_PROGRESS = "told_at, told_to, taken_at, held_in, attempts, set_aside_at"
_OPEN = (
    "attribute_not_exists(told_at) AND attribute_not_exists(held_in) AND attribute_not_exists(set_aside_at)"
)
_FREE = "(attribute_not_exists(lease) OR lease < :now)"


class OutboxTable:
    """`Outbox`, `Storms` and `SetAsides` over one DynamoDB table.

    `now` gives seconds since the epoch; `pause(attempt)` waits before counting is tried again.
    """

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float], pause: Pause) -> None:
        self._client = client
        self._table = table_name
        self._now = now
        self._pause = pause
        self._used_up: set[tuple[str, str, int | None]] = set()
        """Budgets of which nothing is left, by hour: nobody need ask again."""
        self._storms_known: set[str] = set()
        self._urgent_known: set[tuple[str, str]] = set()

    def alert(self, alert_id: str) -> Alert | None:
        """The alert as it was opened; read consistently."""
        item = self._get(alert_key(alert_id))
        return None if item is None else alert_of(item)

    def progress(self, message: Outgoing) -> Progress:
        """How far the message has got; read consistently."""
        item = self._get(alert_key(message.alert_id, message.key), _PROGRESS)
        return progress_of(item or {})

    def messages(self, alert_id: str) -> list[tuple[Outgoing, Progress]]:
        """All messages of an alert; read consistently."""
        found = query(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item_of(**{":pk": f"ALERT#{alert_id}"}),
            ProjectionExpression=f"pk, sk, follow_up, silent, written_at, opened_at, {_PROGRESS}",
        )
        return [(outgoing_of(item), progress_of(item)) for item in found]

    def claim(self, message: Outgoing, until: int) -> Progress | None:
        """Count an attempt to send the message, unless another function has it (None) or it is done."""
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=alert_key(message.alert_id, message.key),
                UpdateExpression="SET lease = :until ADD attempts :one",
                ConditionExpression=f"attribute_exists(pk) AND {_OPEN} AND {_FREE}",
                ExpressionAttributeValues=item_of(
                    **{":until": until, ":now": int(self._now()), ":one": 1},
                ),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            progress = self.progress(message)
            return progress if progress.done else None
        return progress_of(answer["Attributes"])

    def release(self, message: Outgoing) -> None:
        """Give a claim back, and its attempt."""
        self._update(
            alert_key(message.alert_id, message.key),
            "REMOVE lease ADD attempts :less",
            item_of(**{":less": -1}),
            condition="attribute_exists(pk)",
        )

    def take(self, message: Outgoing, alert: Alert, hour: str, budgets: Budgets) -> bool:
        """Count the message against the budgets of the hour; False if no way has enough left."""
        for way in budgets.ways(alert):
            if not self._used_up.isdisjoint((hour, *use) for use in way):
                continue
            taken = self._take(message, hour, way)
            if taken is not None:
                return taken
        return False

    def _take(self, message: Outgoing, hour: str, way: Sequence[Use]) -> bool | None:
        """Use that of the hour; None if a part of it is used up."""
        mark = {
            "Update": {
                "TableName": self._table,
                "Key": alert_key(message.alert_id, message.key),
                "UpdateExpression": "SET taken_at = :now",
                "ConditionExpression": "attribute_not_exists(taken_at) AND attribute_not_exists(held_in)",
                "ExpressionAttributeValues": item_of(**{":now": int(self._now())}),
            }
        }
        items = [mark, *(self._use(hour, name, most) for name, most in way)]
        for _ in PATIENT.tries(self._pause):
            try:
                self._client.transact_write_items(TransactItems=items)
            except ClientError as error:
                reasons = [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]
                if reasons[:1] == [_REFUSED]:
                    return not self.progress(message).held
                empty = [use for use, reason in zip(way, reasons[1:], strict=False) if reason == _REFUSED]
                if empty:
                    if len(self._used_up) > _REMEMBERED_AT_MOST:
                        self._used_up.clear()
                    self._used_up.update((hour, *use) for use in empty)
                    return None
                if not _PASSING.intersection(reasons):
                    raise
            else:
                return True
        raise StoreBusyError(f"{self._table} kept the budgets of {hour} busy")

    def silence(self, message: Outgoing, why: str) -> None:
        """Remember that nobody is to be told of it, and why."""
        key = alert_key(message.alert_id, message.key)
        self._update(key, "SET silent = :why", item_of(**{":why": why}), condition="attribute_exists(pk)")

    def became(self, alert_id: str) -> str | None:
        """The id of the alert that this one is a part of now, empty if nothing is left of it; read
        consistently."""
        item = self._get(alert_key(alert_id), "became, withdrawn_at") or {}
        if "became" in item:
            return str(item["became"]["S"])
        return "" if "withdrawn_at" in item else None

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
        storms = map(storm_of, found)
        return [storm for storm in storms if not storm.over or storm.hour >= f"{now - _LATE:%Y-%m-%dT%H}"]

    def held(self, hour: str) -> Iterator[Held]:
        """What was held back in the hour, in the order of the alerts' ids; read page by page."""
        for item in query(self._client, **self._held_in(hour), ProjectionExpression="held"):
            try:
                yield _decode_held(item["held"]["S"])
            except (KeyError, msgspec.MsgspecError):
                _log.exception("something that was held back in %s cannot be read", hour)

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

    def begin_summary(self, storm: Storm) -> Storm | None:
        """Take it on to sum up the hour: for some minutes it is the caller's alone."""
        now = int(self._now())
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=item_of(pk="STORMS", sk=storm.hour),
                UpdateExpression="SET lease = :until ADD attempts :one",
                ConditionExpression=f"summaries = :number AND {_FREE}",
                ExpressionAttributeValues=item_of(
                    **{":until": now + _LEASE, ":now": now, ":number": storm.number, ":one": 1}
                ),
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        return storm_of(answer["Attributes"])

    def summary_failed(self, storm: Storm) -> None:
        """Take the attempt back: the function is well. Until the lease is over nobody tries again."""
        self._update(item_of(pk="STORMS", sk=storm.hour), "ADD attempts :less", item_of(**{":less": -1}))

    def summary_told(self, storm: Storm, name: str, heard: Heard) -> None:
        """Remember what a topic has heard."""
        self._client.update_item(
            TableName=self._table,
            Key=item_of(pk="STORMS", sk=storm.hour),
            UpdateExpression="SET #heard = :heard",
            ExpressionAttributeNames={"#heard": f"{HEARD}{name}"},
            ExpressionAttributeValues=item_of(**{":heard": msgspec.json.encode(heard).decode()}),
        )

    def summarised(self, storm: Storm) -> None:
        """Let go of the hour, and remember whether it is over."""
        self._client.update_item(
            TableName=self._table,
            Key=item_of(pk="STORMS", sk=storm.hour),
            UpdateExpression="SET summaries = :number, #over = :over REMOVE lease, attempts",
            ExpressionAttributeNames={"#over": "over"},
            ExpressionAttributeValues=item_of(**{":number": storm.number + 1, ":over": storm.over}),
        )

    def hold(self, message: Outgoing, held: Held, hour: str) -> None:
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
                    "SET summaries = if_not_exists(summaries, :none), #over = if_not_exists(#over, :no), "
                    "expires_at = :expires_at"
                ),
                ExpressionAttributeNames={"#over": "over"},
                ExpressionAttributeValues=item_of(**{":none": 0, ":no": False, ":expires_at": expires_at}),
            )
            self._storms_known.add(hour)
        for name in held.urgent:
            self._count_urgent(hour, name)
        if held.protected:
            self._update(item_of(pk="STORMS", sk=hour), "ADD protected :one", item_of(**{":one": 1}))
        self._list_as_held(message, hour)
        self._mark(message, "held_in", hour, "HELD")

    def _list_as_held(self, message: Outgoing, hour: str) -> None:
        """Let the alert say that one of its follow-ups was held back: lists read the alert's item alone."""
        if message.follow_up is None:
            return
        try:
            self._update(
                alert_key(message.alert_id),
                "SET follow_up_held_in = :hour",
                item_of(**{":hour": hour}),
                condition="attribute_exists(pk)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def set_aside(self, message: Outgoing, why: SetAside, *, over: bool) -> None:
        """Keep what operations must know of it; if it is `over`, it is not tried again."""
        self.add(why)
        if over:
            self._update(
                alert_key(message.alert_id, message.key),
                "SET set_aside_at = :now",
                item_of(**{":now": int(self._now())}),
                condition="attribute_exists(pk)",
            )

    def add(self, why: SetAside) -> None:
        """Keep it, with when it was set aside; what is kept already stays as it is."""
        now = int(self._now())
        item = item_of(
            pk=_SET_ASIDE,
            sk=why.key,
            what=why.what,
            rule_id=why.rule_id,
            level=why.level,
            account=why.account,
            alert_id=why.alert_id,
            attempts=why.attempts,
            set_aside_at=now,
            expires_at=int(now + _KEPT.total_seconds()),
        )
        try:
            self._client.put_item(
                TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(pk)"
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def unreported(self) -> Sequence[SetAside]:
        """What operations has not been notified of, some of it where there is much."""
        found = query(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item_of(**{":pk": _SET_ASIDE}),
        )
        waiting = (set_aside_of(item) for item in found if "reported_at" not in item)
        return list(islice(waiting, _REPORTED_AT_ONCE))

    def reported(self, why: SetAside) -> None:
        """Remember that operations was notified."""
        self._update(
            item_of(pk=_SET_ASIDE, sk=why.key),
            "SET reported_at = :now",
            item_of(**{":now": int(self._now())}),
            condition="attribute_exists(pk)",
        )

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

    def _use(self, hour: str, name: str, most: int | None) -> dict[str, Any]:
        values = {":one": 1, ":expires_at": int(self._now() + _KEPT.total_seconds())}
        use = {
            "TableName": self._table,
            "Key": item_of(pk=f"BUDGET#{hour}", sk=name),
            "UpdateExpression": "ADD used :one SET expires_at = :expires_at",
        }
        if most is not None:
            use["ConditionExpression"] = "attribute_not_exists(used) OR used < :most"
            values[":most"] = most
        return {"Update": use | {"ExpressionAttributeValues": item_of(**values)}}

    def _count_urgent(self, hour: str, name: str) -> None:
        """Count in the hour what a summary must name at once, the first time that it is held back."""
        if (hour, name) in self._urgent_known:
            return
        first = self._use(hour, f"HELD#{name}", 1)
        storm = {
            "TableName": self._table,
            "Key": item_of(pk="STORMS", sk=hour),
            "UpdateExpression": "ADD urgent :one",
            "ExpressionAttributeValues": item_of(**{":one": 1}),
        }
        for _ in PATIENT.tries(self._pause):
            try:
                self._client.transact_write_items(TransactItems=[first, {"Update": storm}])
            except ClientError as error:
                reasons = [reason.get("Code", "") for reason in error.response.get("CancellationReasons", [])]
                if reasons[:1] == [_REFUSED]:
                    break
                if not _PASSING.intersection(reasons):
                    raise
            else:
                break
        else:
            raise StoreBusyError(f"{self._table} kept the storm of {hour} busy")
        if len(self._urgent_known) > _REMEMBERED_AT_MOST:
            self._urgent_known.clear()
        self._urgent_known.add((hour, name))

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
