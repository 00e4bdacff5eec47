"""DynamoDB in bulk: batches whose unprocessed part is tried again, queries page by page."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from trailwarden.errors import TrailwardenError

_BATCH = 25  # BatchWriteItem takes no more
_GET_BATCH = 100  # nor BatchGetItem
_ATTEMPTS = 8

Item = dict[str, Any]
Pause = Callable[[int], None]
"""`pause(attempt)` waits before the part of a batch that was handed back is tried again."""


def jitter(shortest: float) -> Pause:
    """Waits up to `shortest` seconds, and up to twice as long at each further attempt: full jitter, so that
    functions which collided do not collide again.
    https://docs.aws.amazon.com/prescriptive-guidance/latest/cloud-design-patterns/retry-backoff.html"""

    def pause(attempt: int) -> None:
        time.sleep(random.uniform(0, shortest * 2**attempt))  # noqa: S311 (no secret)

    return pause


class StoreBusyError(TrailwardenError):
    """The table took, or gave, only a part of what it was asked; that must be tried again later."""


def put_all(client: Any, table: str, items: Sequence[Item], pause: Pause) -> None:
    """Put every item, unconditionally. Raises `StoreBusyError` where the table stays busy."""
    _write_all(client, table, [{"PutRequest": {"Item": item}} for item in items], pause)


def delete_all(client: Any, table: str, keys: Sequence[Item], pause: Pause) -> None:
    """Delete the items; one that is gone is no error."""
    _write_all(client, table, [{"DeleteRequest": {"Key": key}} for key in keys], pause)


def _write_all(client: Any, table: str, requests: list[Item], pause: Pause) -> None:
    for start in range(0, len(requests), _BATCH):
        left = requests[start : start + _BATCH]
        for attempt in range(_ATTEMPTS):
            answer = client.batch_write_item(RequestItems={table: left})
            left = answer.get("UnprocessedItems", {}).get(table, [])
            if not left:
                break
            pause(attempt)
        else:
            raise StoreBusyError(f"{table} took all but {len(left)} of a batch")


def get_all(
    client: Any, table: str, keys: Sequence[Item], pause: Pause, *, consistent: bool = False
) -> Iterator[Item]:
    """The items of those keys that are there, in no order; each key must be named once."""
    how = {"ConsistentRead": True} if consistent else {}
    for start in range(0, len(keys), _GET_BATCH):
        left = list(keys[start : start + _GET_BATCH])
        for attempt in range(_ATTEMPTS):
            answer = client.batch_get_item(RequestItems={table: {"Keys": left, **how}})
            yield from answer["Responses"].get(table, [])
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if not left:
                break
            pause(attempt)
        else:
            raise StoreBusyError(f"{table} gave all but {len(left)} of a batch")


def query(
    client: Any, *, limit: int | None = None, page: int | None = None, **request: Any
) -> Iterator[Item]:
    """The items of a query, read consistently, at most `limit`; `page` is how many are read at once."""
    left = limit
    while left is None or left > 0:
        size = min(each for each in (left, page, 10**9) if each is not None)
        bound = {} if left is None and page is None else {"Limit": size}
        answer = client.query(**request, ConsistentRead=True, **bound)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        left = None if left is None else left - len(answer["Items"])
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
