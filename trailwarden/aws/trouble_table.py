"""Rule sets that could not be loaded, in the alert table. docs/architecture.md lists the items."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from trailwarden.aws.group_table import item_of
from trailwarden.state.rule_sets import Trouble

_KEPT = int(timedelta(days=30).total_seconds())
_LONGEST_PAUSE = 2 * 3600
"""Seconds between two failures that still count as one trouble: a message that failed comes again after the
queue's visibility timeout, which is 90 minutes at most."""


class TroubleTable:
    """`LoadTroubles` over one DynamoDB table. `now` gives seconds since the epoch.

    Nothing is written on a condition: of functions that meet a trouble at once, each writes about the same.
    """

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._table = table_name
        self._now = now

    def met(self, version: str) -> Trouble:
        """The rule set could not be loaded just now."""
        now = int(self._now())
        known = self._get(version, "MET")
        since = now
        if known is not None and now - int(known["last"]["N"]) <= _LONGEST_PAUSE:
            since = min(now, int(known["since"]["N"]))
        self._put(version, "MET", since=since, last=now)
        return Trouble(now - since, self._get(version, "TOLD") is not None)

    def told(self, version: str) -> None:
        """People were told; they are not told again of this version."""
        self._put(version, "TOLD")

    def over(self, version: str) -> None:
        """The rule set could be loaded: what fails from now on is another trouble."""
        self._put(version, "MET", since=0, last=0)

    def _get(self, version: str, sort_key: str) -> dict[str, Any] | None:
        key = item_of(pk=f"TROUBLE#{version}", sk=sort_key)
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item

    def _put(self, version: str, sort_key: str, **attributes: int) -> None:
        expires_at = int(self._now()) + _KEPT
        item = item_of(pk=f"TROUBLE#{version}", sk=sort_key, expires_at=expires_at, **attributes)
        self._client.put_item(TableName=self._table, Item=item)
