"""The alerts as people see them, and what they do to them, over the alert table."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trailwarden.alerts.groups import (
    Acknowledgement,
    Counted,
    GroupState,
    Moved,
    Span,
    acknowledge,
    close,
)
from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.alerts.story import told_title
from trailwarden.aws.batches import Item, query
from trailwarden.aws.due_table import DueTable
from trailwarden.aws.group_table import GroupTable, alert_key, day_of, item_of
from trailwarden.aws.outbox_table import alert_of
from trailwarden.state.alert_book import LEAST_PREFIX, AlertEntry, AmbiguousAlertError
from trailwarden.state.groups import Groups

_ID = 32
_DAY = timedelta(days=1)
_PREFIX_DAYS = 45
_KEPT = timedelta(days=365)
"""How long a group that a person touched is kept from then on."""
_BECAME_AT_MOST = 20
_CHARACTER_AT_MOST = 20_000
"""How many matches are read for what an acknowledged alert is known by."""


def open_alert_book(
    client: Any, table_name: str, *, now: Callable[[], float], pause: Callable[[int], None]
) -> "AlertTableBook":
    """The book over a deployment's table."""
    table = GroupTable(client, table_name, retention=_KEPT, now=now, pause=pause)
    groups = Groups(table, now=now, pause=pause)
    return AlertTableBook(client, table_name, table=table, groups=groups, now=now)


class AlertTableBook:
    """`AlertBook` over one DynamoDB table. `now` gives seconds since the epoch."""

    def __init__(
        self, client: Any, table_name: str, *, table: GroupTable, groups: Groups, now: Callable[[], float]
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._table = table
        self._groups = groups
        self._due = DueTable(client, table_name)
        self._now = now

    def list(self, since: datetime, until: datetime | None = None, *, limit: int) -> Iterator[AlertEntry]:
        """The alerts that came since, newest first, then those that are open still; none that became
        another."""
        ends = until or datetime.fromtimestamp(self._now(), UTC) + _DAY
        given: set[str] = set()
        for alert_id in self._ids(since, ends, limit):
            if alert_id in given:
                continue
            given.add(alert_id)
            entry = self._entry(alert_id)
            if entry is None or entry.became is not None or entry.total == 0:
                continue
            yield entry
            limit -= 1
            if limit <= 0:
                return

    def _ids(self, since: datetime, until: datetime, limit: int) -> Iterator[str]:
        for item in self._listed(since, until):
            yield item["sk"]["S"].rpartition("#")[2]
        if until.timestamp() > self._now():
            yield from (due.alert_id for due in self._due.listed(limit))

    def _listed(self, since: datetime, until: datetime) -> Iterator[Item]:
        day = until.astimezone(UTC)
        while day_of(int(day.timestamp())) >= day_of(int(since.timestamp())):
            yield from query(
                self._client,
                ScanIndexForward=False,
                TableName=self._table_name,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues=item_of(
                    **{
                        ":pk": f"ALERTS#{day_of(int(day.timestamp()))}",
                        ":first": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}#",
                        ":last": f"{until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}#",
                    }
                ),
            )
            day -= _DAY

    def get(self, alert_id: str) -> AlertEntry | None:
        """The alert with this id, or the only one that begins so, or what it became."""
        found = self._followed(alert_id)
        if found is not None or not LEAST_PREFIX <= len(alert_id) < _ID:
            return found
        now = datetime.fromtimestamp(self._now(), UTC)
        ids = {
            item["sk"]["S"].rpartition("#")[2]
            for item in self._listed(now - _PREFIX_DAYS * _DAY, now + _DAY)
            if item["sk"]["S"].rpartition("#")[2].startswith(alert_id)
        }
        entries = {entry.alert.alert_id: entry for each in ids if (entry := self._followed(each))}
        if len(entries) > 1:
            newest = sorted(entries.values(), key=lambda each: each.last_event_time or "", reverse=True)
            raise AmbiguousAlertError(alert_id, newest)
        return next(iter(entries.values()), None)

    def matches(self, alert_id: str, limit: int) -> Iterator[AlertMatch]:
        """The matches that an alert counts, oldest first."""
        entry, span = self._known(alert_id)
        return self._table.matches(entry.alert.group_key, span.first, span.last, limit)

    def acknowledge(self, alert_id: str, by: str, note: str) -> AlertEntry:
        """Somebody looks after it: the group is quiet until it changes character."""
        entry, span = self._known(alert_id)
        alert = entry.alert
        matches = list(self._table.matches(alert.group_key, span.first, span.last, _CHARACTER_AT_MOST))
        known = Acknowledgement(
            by=by,
            at=self._time(),
            note=note,
            origins=tuple(sorted({match.origin for match in matches if match.origin})),
            actions=tuple(sorted({match.action for match in matches if match.action})),
        )

        def becomes(state: GroupState | None) -> Moved | None:
            if state is None or _the_same(state.acknowledged, known):
                return None
            return Moved(acknowledge(state, known))

        moved = self._groups.move(alert.group_key, becomes)
        said = moved.state.acknowledged or known
        self._client.put_item(
            TableName=self._table_name,
            Item=item_of(
                pk="ACKNOWLEDGED",
                sk=alert.group_key,
                title=told_title(alert),
                by=said.by,
                at=said.at,
                note=said.note,
            ),
        )
        return self._again(alert_id)

    def unacknowledge(self, alert_id: str, by: str) -> AlertEntry:  # noqa: ARG002 (nothing here keeps who)
        """Nobody does any more: what comes is told as before."""
        entry, _ = self._known(alert_id)

        def becomes(state: GroupState | None) -> Moved | None:
            if state is None or state.acknowledged is None:
                return None
            return Moved(replace(state, acknowledged=None), unacknowledged=True)

        self._groups.move(entry.alert.group_key, becomes)
        return self._again(alert_id)

    def close(self, alert_id: str, by: str) -> AlertEntry:
        """It is dealt with. What comes after opens another alert."""
        entry, _ = self._known(alert_id)
        identity = entry.alert.alert_id

        def becomes(state: GroupState | None) -> Moved | None:
            span = state.span(identity) if state is not None else None
            return None if state is None or span is None else Moved(close(state, identity))

        self._groups.move(entry.alert.group_key, becomes)
        self._client.update_item(
            TableName=self._table_name,
            Key=alert_key(identity),
            UpdateExpression=(
                "SET closed_by = if_not_exists(closed_by, :by), closed_at = if_not_exists(closed_at, :at)"
            ),
            ExpressionAttributeValues=item_of(**{":by": by, ":at": self._time()}),
        )
        return self._again(alert_id)

    def _followed(self, alert_id: str) -> AlertEntry | None:
        entry = self._entry(alert_id)
        for _ in range(_BECAME_AT_MOST):
            if entry is None or entry.became is None:
                break
            entry = self._entry(entry.became) or entry
        return entry

    def _known(self, alert_id: str) -> tuple[AlertEntry, Span]:
        entry = self._followed(alert_id)
        if entry is None:
            raise KeyError(alert_id)
        kept = self._table.state(entry.alert.group_key)
        span = kept.state.span(entry.alert.alert_id) if kept else None
        if span is None:
            raise KeyError(alert_id)
        return entry, span

    def _again(self, alert_id: str) -> AlertEntry:
        entry = self._followed(alert_id)
        if entry is None:
            raise KeyError(alert_id)
        return entry

    def _entry(self, alert_id: str) -> AlertEntry | None:
        answer = self._client.get_item(
            TableName=self._table_name, Key=alert_key(alert_id), ConsistentRead=True
        )
        item: Item | None = answer.get("Item")
        alert = alert_of(item) if item else None
        if item is None or alert is None:
            return None
        kept = self._table.state(alert.group_key)
        state = kept.state if kept else None
        span = state.span(alert_id) if state else None
        counted = self._table.count(alert.group_key, span.first, span.last) if span else Counted(0)
        known = state.acknowledged if state else None
        return _entry_of(alert, item, counted, known, closed=span is None or span.closed)

    def _time(self) -> str:
        return f"{datetime.fromtimestamp(self._now(), UTC):%Y-%m-%dT%H:%M:%SZ}"


def _entry_of(
    alert: Alert, item: Item, counted: Counted, known: Acknowledgement | None, *, closed: bool
) -> AlertEntry:
    def text(name: str) -> str:
        return str(item[name]["S"]) if name in item else ""

    told_at = int(item["told_at"]["N"]) if "told_at" in item else None
    return AlertEntry(
        alert=alert,
        total=counted.total,
        first_event_time=counted.first_event_time,
        last_event_time=counted.last_event_time,
        told_at=None if told_at is None else f"{datetime.fromtimestamp(told_at, UTC):%Y-%m-%dT%H:%M:%SZ}",
        held="held_in" in item,
        acknowledged_by=known.by if known else "",
        acknowledged_at=known.at if known else "",
        note=known.note if known else "",
        closed=closed,
        closed_by=text("closed_by"),
        closed_at=text("closed_at"),
        became=text("became") or None,
    )


def _the_same(before: Acknowledgement | None, now: Acknowledgement) -> bool:
    """Who was first stays, unless the note, or what the group is known by, is another."""
    return before is not None and replace(before, by="", at="") == replace(now, by="", at="")
