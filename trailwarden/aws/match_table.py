"""The matches of groups in the alert table: put, counted in bounded memory and requests, read in their order.

docs/architecture.md lists the items. A match is an item under its group, so the same match puts the same
item and a count is a query.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import fields
from datetime import timedelta
from typing import Any

from trailwarden.alerts.groups import Counted
from trailwarden.alerts.likeness import Character, NamedKeys
from trailwarden.alerts.model import AlertBatch, AlertMatch, Evidence
from trailwarden.alerts.variety import VarietyTally
from trailwarden.aws.batches import Item, put_all, query
from trailwarden.aws.items import item_of
from trailwarden.state.retrying import PATIENT, Patience, Pause

EXACT_AT_MOST = 100_000
"""How many ids of matches a count remembers: as many events are counted once, wherever they stand."""
COUNTED_AT_MOST = 1_000_000
"""Where a count ends: some 350 requests."""
_AFTER = "~"  # sorts after every character of a match's id
_CHARACTER = tuple(each.name for each in fields(Character))
_COUNTED = ", ".join(["sk", "event_time", *(f"#{name}" for name in _CHARACTER)])
_NAMES = {"ExpressionAttributeNames": {f"#{name}": name for name in _CHARACTER}}  # some of them are reserved


class MatchTable:
    """The matches of groups over one DynamoDB table.

    `now` gives seconds since the epoch; `pause(attempt)` waits before part of a batch is tried again.
    """

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        client: Any,
        table_name: str,
        *,
        retention: timedelta,
        now: Callable[[], float],
        pause: Pause,
        patience: Patience = PATIENT,
    ) -> None:
        self._client = client
        self._table = table_name
        self._retention = int(retention.total_seconds())
        self._now = now
        self._pause = pause
        self._patience = patience

    def put_matches(self, batches: Sequence[AlertBatch]) -> None:
        """Put the matches. Raises `StoreBusyError`, or botocore's errors."""
        expires_at = self._expiry()
        items = {
            (batch.group.key, match.placed, match.match_id): _match_item(batch, match, expires_at)
            for batch in batches
            for match in batch.matches
        }
        put_all(self._client, self._table, list(items.values()), self._pause, self._patience)

    def count(self, group_key: str, first: str, last: str) -> Counted:
        """How many different matches are placed from `first` to `last`; read consistently."""
        return self.count_of(group_key, [(first, last)], frozenset())

    def count_of(
        self, group_key: str, ranges: Iterable[tuple[str, str]], without: Set[tuple[str, str]]
    ) -> Counted:
        """The same of several ranges together, but for those matches (place and id).

        Up to `EXACT_AT_MOST` the ids are compared. Beyond it, items are counted without being read, up to
        `COUNTED_AT_MOST`, where each event stands at one place, its own time; where events may stand at
        several (a correlation's), the count ends there.
        """
        tally = _Tally(without)
        for first, last in ranges:
            request = self._placed(group_key, first, last)
            while tally.goes_on:
                page = self._client.query(
                    **request, ProjectionExpression=_COUNTED, ConsistentRead=True, **_NAMES
                )
                tally.take(page["Items"])
                if "LastEvaluatedKey" not in page:
                    break
                request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            else:
                return self._without_reading(group_key, tally, request, last)
        return tally.counted()

    def _without_reading(
        self, group_key: str, tally: "_Tally", request: dict[str, Any], last: str
    ) -> Counted:
        """What is counted of very many, when the first of them were read."""
        for match in self.matches(group_key, "", last, 1, latest=True):
            tally.saw(match.event_time or "")
        if tally.stands_twice:
            return tally.counted(at_least=True)
        more, room = 0, COUNTED_AT_MOST - len(tally.ids)
        while more <= room:
            page = self._client.query(**request, Select="COUNT", ConsistentRead=True)
            more += int(page["Count"])
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return tally.counted(min(more, room), at_least=more > room)

    def match_ids(self, group_key: str, place: str) -> set[str]:
        """The ids of the matches that are placed there; read consistently."""
        found = query(self._client, **self._placed(group_key, place, place), ProjectionExpression="sk")
        return {item["sk"]["S"].rpartition("#")[2] for item in found}

    def matches(
        self, group_key: str, first: str, last: str, limit: int | None = None, *, latest: bool = False
    ) -> Iterator[AlertMatch]:
        """The matches that are placed from `first` to `last`, in the order of their places, or the `latest`
        first."""
        order = {"ScanIndexForward": False} if latest else {}
        for item in query(self._client, limit=limit, **self._placed(group_key, first, last), **order):
            yield _match_of(item)

    def _placed(self, group_key: str, first: str, last: str) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": item_of(
                **{
                    ":pk": f"GROUP#{group_key}",
                    ":first": f"MATCH#{first}#",
                    ":last": f"MATCH#{last}#{_AFTER}",
                }
            ),
        }

    def _expiry(self) -> int:
        return int(self._now()) + self._retention


class _Tally:
    """What has been read of matches."""

    def __init__(self, without: Set[tuple[str, str]]) -> None:
        self._without = without
        self.ids: set[str] = set()
        self._begins: str | None = None
        self._ends: str | None = None
        self._variety, self._keys = VarietyTally(), NamedKeys()
        self.stands_twice = False
        """Whether an event may stand at several places: a correlation's do."""

    @property
    def goes_on(self) -> bool:
        return len(self.ids) < EXACT_AT_MOST

    def take(self, items: Iterable[Item]) -> None:
        for item in items:
            _, place, match_id = item["sk"]["S"].split("#")
            if (place, match_id) in self._without:
                continue
            if match_id not in self.ids:
                self.ids.add(match_id)
                character = _character(item)
                self._variety.take(character)
                self._keys.take(character)
            own = "event_time" in item
            self.stands_twice = self.stands_twice or own
            self.saw(item["event_time"]["S"] if own else place)

    def saw(self, time: str) -> None:
        if time:
            self._begins = time if self._begins is None else min(self._begins, time)
            self._ends = time if self._ends is None else max(self._ends, time)

    def counted(self, more: int = 0, *, at_least: bool = False) -> Counted:
        variety = self._variety.made(whole=not more and not at_least, keys=self._keys.made())
        return Counted(len(self.ids) + more, self._begins, self._ends, at_least, variety)


def match_key(group_key: str, place: str, match_id: str) -> Item:
    """The key of a match."""
    return item_of(pk=f"GROUP#{group_key}", sk=f"MATCH#{place}#{match_id}")


def _match_item(batch: AlertBatch, match: AlertMatch, expires_at: int) -> Item:
    known: dict[str, str | bool | int] = {
        "rule_id": batch.group.rule_id,
        "event_id": match.event_id,
        "log_file": match.evidence.log_file,
        "record_index": match.evidence.record_index,
        "expires_at": expires_at,
    }
    known |= {name: text for name in _CHARACTER if (text := getattr(match.character, name))}
    if match.event_time is not None and match.event_time != match.placed:
        known["event_time"] = match.event_time
    return match_key(batch.group.key, match.placed or "", match.match_id) | item_of(**known)


def _match_of(item: Item) -> AlertMatch:
    _, place, match_id = item["sk"]["S"].split("#")
    time = item["event_time"]["S"] if "event_time" in item else place
    return AlertMatch(
        match_id=match_id,
        event_id=item["event_id"]["S"],
        event_time=time or None,
        evidence=Evidence(item["log_file"]["S"], int(item["record_index"]["N"])),
        placed=place or None,
        character=_character(item),
    )


def _character(item: Item) -> Character:
    """What the item has of a match's character."""
    return Character(**{name: item[name]["S"] for name in _CHARACTER if name in item})
