"""Requests of responders in the alert table: handed in by them, taken and settled by `apply_requests`.

The partition of a request is its requester: IAM lets nobody write into another's (docs/architecture.md). What
the function counts and decides lies in a partition beside it, which no requester can write: an item of theirs
may hold anything, under any name.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from trailwarden.alerts.terms import DEFAULT_TERMS, Terms
from trailwarden.aws.batches import Item
from trailwarden.aws.group_table import item_of
from trailwarden.errors import TrailwardenError
from trailwarden.state.alert_book import AlertBook, AlertEntry
from trailwarden.state.requests import (
    TEXT_AT_MOST,
    HandedIn,
    Request,
    RequestAction,
    RequestOutcome,
    dump_request,
)

_ASKED = "REQUEST#"
_OUTCOMES = "OUTCOME#"
_EXPECTED = {"pk": "S", "sk": "S", "request": "S", "expires_at": "N"}
"""What `put` writes, and of which type."""
_KEPT = int(timedelta(days=30).total_seconds())
_PATIENCE = 30.0
_ASKED_EVERY = 0.5
_decode_outcome = msgspec.json.Decoder(RequestOutcome).decode


class RequestRefusedError(TrailwardenError):
    """A request was handed in and not done."""


class NotAnsweredError(TrailwardenError):
    """A request was handed in, and nobody said in time what became of it."""


def handed_in(image: Item, at: float) -> HandedIn:
    """The request in the `NewImage` of a stream record, whatever a requester put there."""
    text = image.get("request", {}).get("S", "")
    user_id = image["pk"]["S"].removeprefix(_ASKED)
    odd = any(list(value) != [_EXPECTED.get(name)] for name, value in image.items())
    return HandedIn(user_id, image["sk"]["S"], text, at, odd)


class RequestTable:
    """`RequestStore` over the alert table, and what a requester does. `now` gives seconds since 1970."""

    def __init__(self, client: Any, table_name: str, *, now: Callable[[], float]) -> None:
        self._client = client
        self._table = table_name
        self._now = now

    def put(self, user_id: str, request: Request) -> HandedIn:
        """Hand a request in, as the caller that AWS knows by `user_id`."""
        handed = HandedIn(user_id, uuid.uuid4().hex, dump_request(request), self._now())
        item = _key(_ASKED, handed) | item_of(request=handed.text, expires_at=int(handed.at) + _KEPT)
        self._client.put_item(TableName=self._table, Item=item)
        return handed

    def outcome(self, handed: HandedIn) -> RequestOutcome | None:
        """What became of it; None as long as nothing did."""
        answer = self._client.get_item(
            TableName=self._table, Key=_key(_OUTCOMES, handed), ConsistentRead=True
        )
        item = answer.get("Item", {})
        return _decode_outcome(item["outcome"]["S"]) if "outcome" in item else None

    def take(self, handed: HandedIn) -> int | None:
        """Count an attempt, and keep what was asked; None where there is an outcome."""
        expires_at = int(self._now()) + _KEPT
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(_OUTCOMES, handed),
                UpdateExpression="ADD attempts :one SET expires_at = :expires_at, asked = :asked",
                ConditionExpression="attribute_not_exists(outcome)",
                ExpressionAttributeValues=item_of(**{":one": 1, ":expires_at": expires_at})
                | item_of(**{":asked": handed.text[:TEXT_AT_MOST]}),
                ReturnValues="UPDATED_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return None
        return int(answer["Attributes"]["attempts"]["N"])

    def settle(self, handed: HandedIn, outcome: RequestOutcome) -> None:
        """Remember the outcome; the first one stays. The request is deleted first: its requester may have let
        it expire in the year 9999."""
        self._client.delete_item(TableName=self._table, Key=_key(_ASKED, handed))
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(_OUTCOMES, handed),
                UpdateExpression="SET outcome = :outcome",
                ConditionExpression="attribute_exists(pk) AND attribute_not_exists(outcome)",
                ExpressionAttributeValues=item_of(**{":outcome": msgspec.json.encode(outcome).decode()}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise


class RequestedAnswers:
    """What a responder does to alerts, by requests: each waits until it is applied, and gives the alert as it
    stands then. `by` is not used: the function names whom IAM let in.

    Raises `RequestRefusedError`, or `NotAnsweredError` where nothing came of it in half a minute.
    """

    def __init__(
        self,
        book: AlertBook,
        requests: RequestTable,
        *,
        user_id: str,
        now: Callable[[], float],
        wait: Callable[[float], None],
    ) -> None:
        self._book = book
        self._requests = requests
        self._user_id = user_id
        self._now = now
        self._wait = wait

    def acknowledge(
        self,
        alert_id: str,
        by: str,  # noqa: ARG002
        note: str,
        terms: Terms = DEFAULT_TERMS,
    ) -> AlertEntry:
        """Somebody looks after it."""
        asked = Request(RequestAction.ACKNOWLEDGE, alert_id, note, terms.targets, terms.seconds)
        return self._applied(asked)

    def unacknowledge(self, alert_id: str, by: str) -> AlertEntry:  # noqa: ARG002
        """Nobody does any more."""
        return self._applied(Request(RequestAction.UNACKNOWLEDGE, alert_id))

    def close(self, alert_id: str, by: str, note: str = "") -> AlertEntry:  # noqa: ARG002
        """It is dealt with."""
        return self._applied(Request(RequestAction.CLOSE, alert_id, note))

    def _applied(self, request: Request) -> AlertEntry:
        handed = self._requests.put(self._user_id, request)
        until = self._now() + _PATIENCE
        while (outcome := self._requests.outcome(handed)) is None:
            if self._now() >= until:
                raise NotAnsweredError(
                    f"nothing came of the request to {request.action} {request.alert_id} in"
                    f" {_PATIENCE:.0f} seconds; it may be applied yet: look with `trailwarden alerts show`,"
                    " and for the reason in the log of trailwarden-apply-requests"
                )
            self._wait(_ASKED_EVERY)
        entry = self._book.get(request.alert_id) if outcome.done else None
        if entry is None:
            why = outcome.message or "the alert is gone"
            raise RequestRefusedError(
                f"the request to {request.action} {request.alert_id} was refused: {why}"
            )
        return entry


def _key(partition: str, handed: HandedIn) -> Item:
    return item_of(pk=f"{partition}{handed.user_id}", sk=handed.number)
