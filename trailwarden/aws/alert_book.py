"""The alerts as people see them, and what they do to them, over the alert table.

A list reads alerts and the states of their groups a hundred at a time, and counts the events of those alone
that are shown: a count is a query, and what a state says was counted may be too high where events came again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Any

from trailwarden.alerts.acknowledging import Changes, changes_of, ends_at, keys_in, quiet_at
from trailwarden.alerts.group_state import Acknowledgement, Scope
from trailwarden.alerts.groups import (
    Counted,
    GroupState,
    Moved,
    Span,
    acknowledged,
)
from trailwarden.alerts.likeness import Keys, together
from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.alerts.placement import hour_of
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.alerts.terms import DEFAULT_TERMS, Terms, Who, acknowledgement_of
from trailwarden.aws.batches import Item, Pause, get_all, query
from trailwarden.aws.due_table import DueTable
from trailwarden.aws.group_table import GroupTable, alert_key, day_of, item_of
from trailwarden.aws.match_table import EXACT_AT_MOST
from trailwarden.aws.outbox_items import alert_of, outgoing_of
from trailwarden.messages.story import told_title
from trailwarden.state.alert_book import (
    LEAST_PREFIX,
    AlertEntry,
    AmbiguousAlertError,
    MessageEntry,
    Wanted,
    everything,
)
from trailwarden.state.groups import Groups

_ID = 32
_DAY = timedelta(days=1)
_PREFIX_DAYS = 45
_KEPT = timedelta(days=365)
"""How long a group that a person touched is kept from then on."""
_PAGE = 100
_BECAME_AT_MOST = 20
_THIS_AT_MOST = 20_000
"""How many matches are read for which of them act on one target."""


def open_alert_book(
    client: Any, table_name: str, *, now: Callable[[], float], pause: Pause
) -> "AlertTableBook":
    """The book over a deployment's table. `now` gives seconds since the epoch."""
    table = GroupTable(client, table_name, retention=_KEPT, now=now, pause=pause)
    groups = Groups(table, now=now, pause=pause)
    return AlertTableBook(client, table_name, table=table, groups=groups, now=now, pause=pause)


@dataclass(frozen=True, slots=True)
class _Standing:
    """An alert's item, and what its group's state says of it: no `span` where that is long over and
    forgotten, or where nothing is left of the alert."""

    alert: Alert
    item: Item
    state: GroupState | None
    span: Span | None

    def text(self, name: str) -> str:
        """An attribute of the item; empty where it has none."""
        return str(self.item[name]["S"]) if name in self.item else ""

    def moment(self, name: str) -> str | None:
        """The time that an attribute holds in seconds."""
        return _time(int(self.item[name]["N"])) if name in self.item else None


@dataclass(frozen=True, slots=True)
class _Unsent:
    """`Unsent` of the group of an alert. `shown` gives what the messages of an alert have shown."""

    table: GroupTable
    alert: Alert
    shown: Callable[[str], Keys]

    def count(self, span: Span) -> Counted:
        return self.table.count(self.alert.group_key, span.first, span.last)

    def changes(self, span: Span, known: Acknowledgement, before: Acknowledgement | None) -> Changes:
        matches = self.table.matches(self.alert.group_key, span.first, span.last, EXACT_AT_MOST)
        besides = [self.shown(span.alert_id), *([keys_in(before)] if before else [])]
        return changes_of(known, matches, self.alert, besides=besides)


class AlertTableBook:
    """`AlertBook` over one DynamoDB table. `now` gives seconds since the epoch."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        client: Any,
        table_name: str,
        *,
        table: GroupTable,
        groups: Groups,
        now: Callable[[], float],
        pause: Pause,
    ) -> None:
        self._client = client
        self._table_name = table_name
        self._table = table
        self._groups = groups
        self._due = DueTable(client, table_name, now=now)
        self._now = now
        self._pause = pause

    def list(
        self,
        since: datetime,
        until: datetime | None = None,
        *,
        limit: int,
        wanted: Wanted = everything,
        ongoing: bool = False,
    ) -> Iterator[AlertEntry]:
        """The alerts that came since, newest first; then, if `ongoing`, earlier ones that are not over."""
        given: set[str] = set()
        found = self._came(since, until, wanted, given)
        yield from islice(chain(found, self._ongoing(wanted, given)) if ongoing else found, limit)

    def _came(
        self, since: datetime, until: datetime | None, wanted: Wanted, given: set[str]
    ) -> Iterator[AlertEntry]:
        soon = datetime.fromtimestamp(self._now(), UTC) + _DAY
        for page in _paged(self._listed(since, min(until or soon, soon))):
            fresh = [each for each in page if each not in given]
            given.update(fresh)
            yield from self._shown(self._standing(fresh), wanted)

    def _ongoing(self, wanted: Wanted, given: set[str]) -> Iterator[AlertEntry]:
        """The alerts that are not over, without those that were `given`."""
        earlier = [due.alert_id for due in self._due.listed()]
        going_on = [
            standing
            for page in _paged(each for each in dict.fromkeys(earlier) if each not in given)
            for standing in self._standing(page)
            if not self._over(standing)
        ]
        going_on.sort(key=lambda standing: standing.moment("opened_at") or "", reverse=True)
        yield from self._shown(going_on, wanted)

    def _shown(self, found: Iterable[_Standing], wanted: Wanted) -> Iterator[AlertEntry]:
        for standing in found:
            rough = self._rough(standing)
            if rough.became is None and wanted(rough):
                entry = self._counted(standing)
                if entry.total:
                    yield entry

    def _listed(self, since: datetime, until: datetime) -> Iterator[str]:
        """The ids of the alerts that came then, the newest first; some of them became others, or come
        twice."""
        day = until.astimezone(UTC)
        while day_of(int(day.timestamp())) >= day_of(int(since.timestamp())):
            found = query(
                self._client,
                ScanIndexForward=False,
                TableName=self._table_name,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ProjectionExpression="sk",
                ExpressionAttributeValues=item_of(
                    **{
                        ":pk": f"ALERTS#{day_of(int(day.timestamp()))}",
                        ":first": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}#",
                        ":last": f"{until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}#",
                    }
                ),
            )
            yield from (item["sk"]["S"].rpartition("#")[2] for item in found)
            day -= _DAY

    def get(self, alert_id: str) -> AlertEntry | None:
        """The alert with this id, or the only one (of the last 45 days) that begins so, or what it became."""
        found = self._followed(alert_id)
        if found is not None:
            return self._counted(found)
        if not LEAST_PREFIX <= len(alert_id) < _ID:
            return None
        now = datetime.fromtimestamp(self._now(), UTC)
        listed = self._listed(now - _PREFIX_DAYS * _DAY, now + _DAY)
        ids = {each for each in listed if each.startswith(alert_id)}
        followed = {one.alert.alert_id: one for each in ids if (one := self._followed(each)) is not None}
        entries = [self._counted(one) for one in followed.values()]
        if len(entries) > 1:
            newest = sorted(entries, key=lambda each: (each.came_at, each.alert.alert_id), reverse=True)
            raise AmbiguousAlertError(alert_id, newest)
        return entries[0] if entries else None

    def messages(self, alert_id: str) -> Sequence[MessageEntry]:
        """What was told of the alert, or is to be."""
        return [_message_of(item) for item in self._items(alert_id)]

    def _items(self, alert_id: str) -> Iterator[Item]:
        return query(
            self._client,
            TableName=self._table_name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item_of(**{":pk": f"ALERT#{alert_id}"}),
        )

    def _sent_keys(self, alert_id: str) -> Iterator[Keys]:
        """What messages have shown of an alert, also under the ids that it had before."""
        waiting, read = [alert_id], set[str]()
        while waiting and len(read) < _BECAME_AT_MOST:
            identity = waiting.pop()
            if identity in read:
                continue
            read.add(identity)
            for item in self._items(identity):
                yield _message_of(item).keys
                waiting += item["was"]["S"].split() if "was" in item else []

    def matches(self, alert_id: str, limit: int) -> Iterator[AlertMatch]:
        """The matches that an alert counts, oldest first."""
        standing = self._known(alert_id)
        return self._table.matches(standing.alert.group_key, *self._places(standing), limit)

    def acknowledge(self, alert_id: str, by: str, note: str, terms: Terms = DEFAULT_TERMS) -> AlertEntry:
        """Somebody looks after it: the group is quiet until it changes character, or the time is over."""
        standing = self._known(alert_id)
        alert, now = standing.alert, int(self._now())
        this = terms.targets is Scope.THIS
        matches = list(self.matches(alert_id, _THIS_AT_MOST)) if this else []
        shown = together(self._sent_keys(alert.alert_id))
        known = acknowledgement_of(alert, shown, matches, Who(by, note), terms, now=now)
        unsent = _Unsent(self._table, alert, lambda identity: together(self._sent_keys(identity)))

        def becomes(state: GroupState | None) -> Moved | None:
            return (
                None
                if state is None
                else acknowledged(state, known, told_title(alert), now=now, unsent=unsent)
            )

        self._groups.move(alert.group_key, becomes)
        return self._counted(self._known(alert_id))

    def unacknowledge(self, alert_id: str, by: str) -> AlertEntry:  # noqa: ARG002 (nothing keeps who)
        """Nobody does any more: what comes is told as before."""

        def becomes(state: GroupState | None) -> Moved | None:
            if state is None or state.acknowledged is None:
                return None
            return Moved(replace(state, acknowledged=None), unacknowledged=True)

        self._groups.move(self._known(alert_id).alert.group_key, becomes)
        return self._counted(self._known(alert_id))

    def close(self, alert_id: str, by: str, note: str = "") -> AlertEntry:
        """It is dealt with. What comes after opens another alert."""
        standing = self._known(alert_id)
        for _ in range(_BECAME_AT_MOST):
            identity = standing.alert.alert_id
            self._groups.close(standing.alert.group_key, identity)
            standing = self._known(alert_id)
            if standing.alert.alert_id == identity:
                break  # it did not become another meanwhile
        self._client.update_item(
            TableName=self._table_name,
            Key=alert_key(standing.alert.alert_id),
            # The first who closes it stays, with the note.
            UpdateExpression=(
                "SET closed_by = if_not_exists(closed_by, :by), closed_at = if_not_exists(closed_at, :at),"
                " closing_note = if_not_exists(closing_note, :note)"
            ),
            ExpressionAttributeValues=item_of(**{":by": by, ":at": _time(self._now()), ":note": note}),
        )
        return self._counted(self._known(alert_id))

    def _known(self, alert_id: str) -> _Standing:
        standing = self._followed(alert_id)
        if standing is None:
            raise KeyError(alert_id)
        return standing

    def _followed(self, alert_id: str) -> _Standing | None:
        """The alert, or what it became."""
        standing = next(self._standing([alert_id]), None)
        for _ in range(_BECAME_AT_MOST):
            if standing is None or not standing.text("became"):
                break
            standing = next(self._standing([standing.text("became")]), standing)
        return standing

    def _standing(self, alert_ids: Sequence[str]) -> Iterator[_Standing]:
        """Those of the alerts that there are, in their order; at most a hundred."""
        keys = [alert_key(each) for each in alert_ids]
        found = get_all(self._client, self._table_name, keys, self._pause, consistent=True)
        items = {item["pk"]["S"].removeprefix("ALERT#"): item for item in found}
        alerts = {each: alert for each, item in items.items() if (alert := alert_of(item)) is not None}
        states = self._table.states({alert.group_key for alert in alerts.values()})
        for each in alert_ids:
            if each in alerts:
                kept = states.get(alerts[each].group_key)
                state = kept.state if kept else None
                span = None if state is None else state.span(each)
                if span is None and state is not None and state.filed is not None:
                    span = self._table.filed_alert(alerts[each].group_key, each)
                yield _Standing(alerts[each], items[each], state, span)

    def _over(self, standing: _Standing) -> bool:
        span, state = standing.span, standing.state
        return span is None or state is None or span.closed or span.heard + state.quiet <= self._now()

    def _rough(self, standing: _Standing) -> AlertEntry:
        """The alert as it stands, its events not counted."""
        alert, span = standing.alert, standing.span
        quiet = standing.state is not None and quiet_at(standing.state, int(self._now()))
        known = standing.state.acknowledged if quiet and standing.state else None
        return AlertEntry(
            alert=alert,
            total=span.counted if span else alert.count,
            first_event_time=alert.first_event_time,
            last_event_time=alert.last_event_time,
            came_at=standing.moment("opened_at") or "",
            told_at=standing.moment("told_at"),
            held="held_in" in standing.item,
            follow_up_held="follow_up_held_in" in standing.item,
            over=self._over(standing),
            acknowledged_by=known.by if known else "",
            acknowledged_at=known.at if known else "",
            note=known.note if known else "",
            acknowledged_until=_time(ends_at(known)) if known else "",
            acknowledged_targets=known.scope if known else None,
            acknowledged_level=known.level if known else "",
            closed="closed_by" in standing.item,
            closed_by=standing.text("closed_by"),
            closed_at=standing.text("closed_at"),
            closing_note=standing.text("closing_note"),
            became=standing.text("became") or None,
        )

    def _counted(self, standing: _Standing) -> AlertEntry:
        """The alert as it stands; its total is 0 where all that it counted was taken back."""
        rough, span = self._rough(standing), standing.span
        if span is not None and span.counted == standing.alert.count == 1:
            return rough  # there never are more than were handed in
        counted = (
            self._remembered(standing)
            if span is None
            else self._table.count(standing.alert.group_key, span.first, span.last)
        )
        return replace(
            rough,
            total=counted.total,
            at_least=counted.at_least,
            first_event_time=counted.first_event_time,
            last_event_time=counted.last_event_time,
            variety=counted.variety,
        )

    def _remembered(self, standing: _Standing) -> Counted:
        """What was told last of an alert that the state of its group does not know (any more)."""
        if "withdrawn_at" in standing.item:
            return Counted(0)
        left = self._table.matches(standing.alert.group_key, *self._places(standing), 1)
        if next(left, None) is None:
            return Counted(0)
        told = self._told_last(standing.alert)
        total = told.total if isinstance(told, FollowUp) else told.count
        at_least = isinstance(told, FollowUp) and told.at_least
        return Counted(total, told.first_event_time, told.last_event_time, at_least, told.variety)

    def _places(self, standing: _Standing) -> tuple[str, str]:
        """Where the first and the last match of the alert are placed."""
        if standing.span is not None:
            return standing.span.first, standing.span.last
        told = self._told_last(standing.alert)
        first, last = told.first_event_time or "", told.last_event_time or ""
        return hour_of(first) if first else "", last  # correlations are placed by the hour

    def _told_last(self, alert: Alert) -> Alert | FollowUp:
        found = query(
            self._client,
            limit=1,
            ScanIndexForward=False,
            TableName=self._table_name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item_of(**{":pk": f"ALERT#{alert.alert_id}"}),
        )
        last = next((outgoing_of(item).follow_up for item in found), None)
        return last or alert


def _message_of(item: Item) -> MessageEntry:
    message, alert = outgoing_of(item), alert_of(item)
    follow_up = message.follow_up
    total = follow_up.total if follow_up else alert.count if alert else 0
    return MessageEntry(
        reason=follow_up.reason if follow_up else Reason.OPENED,
        total=total,
        told_at=_time(int(item["told_at"]["N"])) if "told_at" in item else None,
        held_in=item["held_in"]["S"] if "held_in" in item else None,
        silent=message.silent,
        variety=follow_up.variety if follow_up else alert.variety if alert else None,
    )


def _paged(ids: Iterable[str]) -> Iterator[list[str]]:
    """The ids a page at a time, each once in its page."""
    rest = iter(ids)
    while page := list(islice(rest, _PAGE)):
        yield list(dict.fromkeys(page))


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
