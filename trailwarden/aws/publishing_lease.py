"""Who publishes right now, in the alert table: one run at a time, whatever starts it.

A function's reserved concurrency would do the same, but AWS keeps 100 executions of an account unreserved,
and a new account may have no more than 10 in all.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from trailwarden.aws.items import item_of

_KEY = item_of(pk="RULESET", sk="LEASE")


class PublishingLease:
    """`now` gives seconds since the epoch; `pause` waits a moment before the lease is asked for again."""

    def __init__(
        self, client: Any, table_name: str, *, now: Callable[[], float], pause: Callable[[], None]
    ) -> None:
        self._client = client
        self._table = table_name
        self._now = now
        self._pause = pause

    @contextmanager
    def held(self, *, until: float, patience: float) -> Iterator[bool]:
        """The lease for the `with` block; False if others still had it at the time `patience`.

        It ends by itself at `until`, when its holder is over at the latest: a holder that dies leaves it.
        All runs have the same time, so a run that gives up knows that the holder that it met first is over no
        later than itself, whatever that holder's clock says.
        """
        holder = uuid.uuid4().hex
        taken = self._take(holder, until)
        met = "" if taken else self._holder()
        while not taken and self._now() < patience:
            self._pause()
            taken = self._take(holder, until)
        if not taken:
            self._shorten(met, until)
        try:
            yield taken
        finally:
            if taken:
                self._release(holder)

    def _take(self, holder: str, until: float) -> bool:
        """A put that the client repeats after an answer that was lost finds itself as the holder."""
        values: dict[str, str | bool | int] = {":now": int(self._now()), ":holder": holder}
        return self._written(
            self._client.put_item,
            Item=_KEY | item_of(holder=holder, until=int(until) + 1),
            ConditionExpression="attribute_not_exists(pk) OR #until <= :now OR holder = :holder",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues=item_of(**values),
        )

    def _holder(self) -> str:
        found = self._client.get_item(TableName=self._table, Key=_KEY, ConsistentRead=True)
        return str(found.get("Item", {}).get("holder", {}).get("S", ""))

    def _shorten(self, holder: str, until: float) -> None:
        """A clock that is ahead must not keep everybody out for as long as it is ahead."""
        values: dict[str, str | bool | int] = {":holder": holder, ":until": int(until) + 1}
        self._written(
            self._client.update_item,
            Key=_KEY,
            UpdateExpression="SET #until = :until",
            ConditionExpression="holder = :holder AND #until > :until",
            ExpressionAttributeNames={"#until": "until"},
            ExpressionAttributeValues=item_of(**values),
        )

    def _release(self, holder: str) -> None:
        self._written(
            self._client.delete_item,
            Key=_KEY,
            ConditionExpression="holder = :holder",
            ExpressionAttributeValues=item_of(**{":holder": holder}),
        )

    def _written(self, call: Callable[..., Any], **arguments: Any) -> bool:
        try:
            call(TableName=self._table, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return False
        return True
