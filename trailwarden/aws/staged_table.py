"""What lists the alerts of staged rules: an item with nothing but its key, beside the alert.

The partition is the rule, the sort key the alert's hour and id, so repeated puts change nothing and what a
rule would have told since some hour is one query. It is put with the alert, in one transaction.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer

from trailwarden.alerts.model import Alert
from trailwarden.aws.batches import Item, Pause, get_all, query
from trailwarden.state.protocol import STAGED_AT_MOST, alert_hour, hour_of

_serialize = TypeSerializer().serialize
_decode_alert = msgspec.json.Decoder(Alert).decode


def entries(alerts: Iterable[Alert], expires_at: int) -> list[Item]:
    """The items that list those of the alerts that are staged, each once."""
    items = {
        alert.alert_id: {
            "pk": _serialize(_partition(alert.rule_id)),
            "sk": _serialize(f"{alert_hour(alert)}#{alert.alert_id}"),
            "expires_at": _serialize(expires_at),
        }
        for alert in alerts
        if alert.staged
    }
    return list(items.values())


class StagedTable:
    """`StagedAlerts` over the alert table: a query of small keys, and the alerts themselves by the hundred.

    `pause(attempt)` waits before the part of a batch that was handed back is asked for again.
    """

    def __init__(self, client: Any, table_name: str, *, pause: Pause) -> None:
        self._client = client
        self._table = table_name
        self._pause = pause

    def of_rule(self, rule_id: str, since: datetime, *, limit: int = STAGED_AT_MOST) -> Iterator[Alert]:
        """The staged alerts of a rule, newest hour first, at most `limit`."""
        found = query(self._client, limit=limit, ScanIndexForward=False, **self._since(rule_id, since))
        ids = [item["sk"]["S"].rpartition("#")[2] for item in found]
        keys = [{"pk": _serialize(f"ALERT#{each}"), "sk": _serialize("ALERT")} for each in ids]
        alerts = {
            item["pk"]["S"].removeprefix("ALERT#"): item["alert"]["S"]
            for item in get_all(self._client, self._table, keys, self._pause)
        }
        yield from (_decode_alert(alerts[each]) for each in ids if each in alerts)

    def count_of_rule(self, rule_id: str, since: datetime) -> int:
        """How many staged alerts the rule has."""
        return sum(1 for _ in query(self._client, **self._since(rule_id, since)))

    def _since(self, rule_id: str, since: datetime) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk >= :since",
            "ExpressionAttributeValues": {
                ":pk": _serialize(_partition(rule_id)),
                ":since": _serialize(hour_of(since)),
            },
            "ProjectionExpression": "sk",
        }


def _partition(rule_id: str) -> str:
    return f"STAGED#{rule_id}"
