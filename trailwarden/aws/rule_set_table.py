"""Pointer, history and refusals of rule sets in the alert table. docs/architecture.md lists the items.

The pointer moves, and its history grows, in one transaction whose condition is the number of the publication
that it replaces: of two that publish at once, one is refused.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from heapq import nlargest
from typing import Any, TypeVar

import msgspec
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from trailwarden.aws.batches import query
from trailwarden.state.rule_sets import LivePointer, Publication, Refusal

_PK = "RULESET"
_LIVE = "LIVE"
_PUBLICATION, _REFUSAL, _TOLD, _ATTEMPT = "PUBLICATION#", "REFUSAL#", "TOLD#", "ATTEMPT#"
_REFUSAL_DAYS = 30
_DAY = 86_400
_SORT_KEY_BYTES = 1024
"""What a sort key may have: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
# Bytes of the parts of an item that may grow; an item has 400 kB.
_LINES, _WARNINGS, _EXCEPTIONS, _OVERRIDES, _PROBLEMS = 60_000, 60_000, 75_000, 60_000, 300_000
_PROMOTED = 25_000
_OVERTAKEN = frozenset({"ConditionalCheckFailed", "TransactionConflict"})
_Kept = TypeVar("_Kept")
_serialize = TypeSerializer().serialize
_decode_publication = msgspec.json.Decoder(Publication).decode
_decode_refusal = msgspec.json.Decoder(Refusal).decode


class RuleSetTable:
    """`RuleSetStore` over one DynamoDB table. `now` gives seconds since the epoch."""

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._table = table_name
        self._now = now

    def live(self) -> LivePointer | None:
        """The pointer, or None where nothing was ever published; read consistently."""
        item = self._get(_LIVE)
        if item is None:
            return None
        return LivePointer(
            int(item["sequence"]["N"]),
            item["version"]["S"],
            item["mirrored"]["BOOL"],
            item["published_at"]["S"],
            item["published_by"]["S"],
        )

    def publish(self, publication: Publication, *, mirrored: bool) -> bool:
        """Move the pointer and write the history in one transaction; False where somebody else was first."""
        pointer = publication.pointer(mirrored=mirrored)
        live = _item(
            pk=_PK,
            sk=_LIVE,
            sequence=pointer.sequence,
            version=pointer.version,
            mirrored=pointer.mirrored,
            published_at=pointer.published_at,
            published_by=pointer.published_by,
        )
        history = _item(
            pk=_PK,
            sk=f"{_PUBLICATION}{publication.sequence:010}",
            version=publication.version,
            published_at=publication.published_at,
            publication=msgspec.json.encode(_bounded(publication)).decode(),
        )
        first = publication.sequence == 1
        condition: dict[str, Any] = {
            "ConditionExpression": "attribute_not_exists(pk)" if first else "#sequence = :before"
        }
        if not first:
            condition["ExpressionAttributeNames"] = {"#sequence": "sequence"}
            condition["ExpressionAttributeValues"] = _item(**{":before": publication.sequence - 1})
        puts = [
            {"Put": {"TableName": self._table, "Item": live, **condition}},
            {
                "Put": {
                    "TableName": self._table,
                    "Item": history,
                    "ConditionExpression": "attribute_not_exists(pk)",
                }
            },
        ]
        try:
            self._client.transact_write_items(TransactItems=puts)
        except ClientError as error:
            if _overtaken(error):
                # The transaction may be ours, repeated by botocore after an answer that was lost.
                return self.publication(publication.sequence) == _bounded(publication)
            raise
        return True

    def mark_mirrored(self, sequence: int) -> None:
        """Say that the team's folder shows the publication, if it is still live."""
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_item(pk=_PK, sk=_LIVE),
                UpdateExpression="SET mirrored = :true",
                ConditionExpression="#sequence = :sequence",
                ExpressionAttributeNames={"#sequence": "sequence"},
                ExpressionAttributeValues=_item(**{":true": True, ":sequence": sequence}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise

    def publication(self, sequence: int) -> Publication | None:
        """One publication; read consistently."""
        item = self._get(f"{_PUBLICATION}{sequence:010}")
        return _decode_publication(item["publication"]["S"]) if item else None

    def history(self, limit: int = 20, before: int | None = None) -> Sequence[Publication]:
        """The newest publications (older than the number `before`), newest first."""
        last = 10**10 - 1 if before is None else before - 1
        found = query(
            self._client,
            limit=limit,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
            ExpressionAttributeValues=_item(
                **{":pk": _PK, ":first": _PUBLICATION, ":last": f"{_PUBLICATION}{max(last, 0):010}"}
            ),
            ScanIndexForward=False,
        )
        return [_decode_publication(item["publication"]["S"]) for item in found]

    def refusal(self, origin: str) -> Refusal | None:
        """The last refusal of what was handed in as `origin`."""
        item = self._get(_sort_key(_REFUSAL, origin))
        return _decode_refusal(item["refusal"]["S"]) if item else None

    def refusals(self, of: str = "", limit: int = 20) -> Sequence[Refusal]:
        """The newest refusals of the last weeks, newest first. Each may have 300 kB, so only those are read
        whole."""
        found = query(
            self._client,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :refusal)",
            ExpressionAttributeValues=_item(**{":pk": _PK, ":refusal": _REFUSAL + of}),
            ProjectionExpression="sk, refused_at",
        )
        newest = nlargest(limit, found, key=lambda item: item["refused_at"]["S"])
        origins = [item["sk"]["S"].removeprefix(_REFUSAL) for item in newest]
        return [each for each in map(self.refusal, origins) if each is not None]

    def record_refusal(self, refusal: Refusal) -> None:
        """Remember a refusal, in place of an earlier one of the same origin."""
        kept = _within(refusal.problems, _PROBLEMS)
        more = len(refusal.problems) - len(kept)
        text = msgspec.json.encode(
            replace(refusal, problems=kept, more_problems=refusal.more_problems + more)
        ).decode()
        item = _item(
            pk=_PK,
            sk=_sort_key(_REFUSAL, refusal.origin),
            refused_at=refusal.refused_at,
            refusal=text,
            expires_at=self._in_days(_REFUSAL_DAYS),
        )
        self._client.put_item(TableName=self._table, Item=item)

    def clear_refusal(self, origin: str) -> None:
        """Forget the refusal of an origin that has been mended."""
        self._client.delete_item(TableName=self._table, Key=_item(pk=_PK, sk=_sort_key(_REFUSAL, origin)))

    def told(self, fact: str) -> bool:
        """Whether a fact has been told, and not longer ago than it is remembered; read consistently."""
        item = self._get(_sort_key(_TOLD, fact))
        return item is not None and int(item["expires_at"]["N"]) > self._now()

    def mark_told(self, fact: str, *, days: int = 400) -> None:
        """Remember that a fact has been told, for so many days."""
        item = _item(pk=_PK, sk=_sort_key(_TOLD, fact), expires_at=self._in_days(days))
        self._client.put_item(TableName=self._table, Item=item)

    def attempts(self, step: str) -> int:
        """How often a step was begun within a day, without an end; read consistently."""
        item = self._get(_sort_key(_ATTEMPT, step))
        if item is None or int(item["expires_at"]["N"]) <= self._now():
            return 0
        return int(item["attempts"]["N"])

    def begin(self, step: str) -> None:
        """Count that a step is begun. One run publishes at a time, so nobody else counts."""
        item = _item(
            pk=_PK,
            sk=_sort_key(_ATTEMPT, step),
            attempts=self.attempts(step) + 1,
            expires_at=self._in_days(1),
        )
        self._client.put_item(TableName=self._table, Item=item)

    def end(self, step: str) -> None:
        """A step has ended: it is counted anew."""
        self._client.delete_item(TableName=self._table, Key=_item(pk=_PK, sk=_sort_key(_ATTEMPT, step)))

    def _in_days(self, days: int) -> int:
        return int(self._now()) + days * _DAY

    def _get(self, sk: str) -> dict[str, Any] | None:
        answer = self._client.get_item(TableName=self._table, Key=_item(pk=_PK, sk=sk), ConsistentRead=True)
        item: dict[str, Any] | None = answer.get("Item")
        return item


def _sort_key(prefix: str, text: str) -> str:
    """The key of something named by a text of any length: names of objects have up to 1,024 bytes by
    themselves, and DynamoDB refuses even to read an item whose key is longer."""
    key = prefix + text
    data = key.encode("utf-8", "surrogatepass")
    return key if len(data) <= _SORT_KEY_BYTES else prefix + hashlib.sha256(data).hexdigest()


def _overtaken(error: ClientError) -> bool:
    """Whether a transaction was refused by its condition, or met another one."""
    reasons = error.response.get("CancellationReasons", [])
    return error.response["Error"]["Code"] == "TransactionCanceledException" and any(
        reason.get("Code") in _OVERTAKEN for reason in reasons
    )


def _within(items: Iterable[_Kept], budget: int) -> tuple[_Kept, ...]:
    """As many of the items, from the first on, as have so many bytes together."""
    kept: list[_Kept] = []
    for item in items:
        budget -= len(msgspec.json.encode(item)) + 1
        if budget < 0:
            break
        kept.append(item)
    return tuple(kept)


def _lines(lines: Sequence[str], budget: int = _LINES) -> tuple[str, ...]:
    kept = _within(lines, budget)
    return kept if len(kept) == len(lines) else (*kept, f"and {len(lines) - len(kept)} more")


def _bounded(publication: Publication) -> Publication:
    """The publication within what an item may hold, told so where lines were left out. An exception that is
    left out counts as new next time: it is only reported as idle later."""
    return replace(
        publication,
        changes=_lines(publication.changes),
        silenced=_lines(publication.silenced),
        replaced=_lines(publication.replaced),
        overrides=_within(publication.overrides, _OVERRIDES),
        warnings=_within(publication.warnings, _WARNINGS),
        exceptions=dict(_within(sorted(publication.exceptions.items()), _EXCEPTIONS)),
        promoted=dict(_within(sorted(publication.promoted.items()), _PROMOTED)),
    )


def _item(**attributes: str | int | bool) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in attributes.items()}
