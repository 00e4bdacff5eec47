"""Silent accounts, in one item of the alert table. docs/architecture.md lists it."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from trailwarden.aws.group_table import item_of
from trailwarden.state.silence import Silence

_APART = 3540  # seconds: the clock that calls is not exact to the second
_KEPT = 400 * 86_400
_MOST = 4000  # accounts, of some 80 bytes each: an item may have 400 kB
_log = logging.getLogger(__name__)
_decode = msgspec.json.Decoder(dict[str, Silence]).decode


class SilenceTable:
    """`Silences` over the alert table. `now` gives seconds since the epoch."""

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._table = table_name
        self._now = now

    def begin(self) -> Mapping[str, Silence] | None:
        """What was kept last; None if somebody took it on within the hour. Raises botocore's errors."""
        now = int(self._now())
        try:
            answer = self._update(
                "SET checked_at = :now, expires_at = :expires_at",
                {":now": now, ":before": now - _APART},
                ConditionExpression="attribute_not_exists(checked_at) OR checked_at < :before",
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        try:
            return _decode(answer["Attributes"].get("silences", {"S": "{}"})["S"])
        except msgspec.MsgspecError:
            _log.exception("what was remembered of silent accounts cannot be read; it begins anew")
            return {}

    def keep(self, silences: Mapping[str, Silence]) -> None:
        """Keep these instead, those first that operations was notified of."""
        kept = sorted(silences.items(), key=lambda one: not one[1].reported_at)[:_MOST]
        text = msgspec.json.encode(dict(kept)).decode()
        self._update("SET silences = :silences, expires_at = :expires_at", {":silences": text})

    def _update(self, expression: str, values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        expires_at = int(self._now()) + _KEPT
        answer: dict[str, Any] = self._client.update_item(
            TableName=self._table,
            Key=item_of(pk="SILENCES", sk="SILENCES"),
            UpdateExpression=expression,
            ExpressionAttributeValues=item_of(**values, **{":expires_at": expires_at}),
            **more,
        )
        return answer
