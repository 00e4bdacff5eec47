"""DynamoDB in bulk: batches whose unprocessed part is tried again, queries page by page."""

from collections.abc import Iterator, Sequence
from typing import Any

from trailwarden.errors import TrailwardenError
from trailwarden.state.retrying import PATIENT, Patience, Pause, jitter

__all__ = ["Item", "Pause", "StoreBusyError", "get_all", "jitter", "put_all", "query"]

_BATCH = 25  # BatchWriteItem takes no more
_GET_BATCH = 100  # nor BatchGetItem

Item = dict[str, Any]


class StoreBusyError(TrailwardenError):
    """The table took, or gave, only a part of what it was asked; that must be tried again later."""


def put_all(
    client: Any, table: str, items: Sequence[Item], pause: Pause, patience: Patience = PATIENT
) -> None:
    """Put every item, unconditionally. Raises `StoreBusyError` where the table stays busy."""
    requests = [{"PutRequest": {"Item": item}} for item in items]
    for start in range(0, len(requests), _BATCH):
        left = requests[start : start + _BATCH]
        for _ in patience.tries(pause):
            answer = client.batch_write_item(RequestItems={table: left})
            left = answer.get("UnprocessedItems", {}).get(table, [])
            if not left:
                break
        else:
            raise StoreBusyError(f"{table} took all but {len(left)} of a batch")


def get_all(  # noqa: PLR0913 (a request, and how long to try)
    client: Any,
    table: str,
    keys: Sequence[Item],
    pause: Pause,
    patience: Patience = PATIENT,
    *,
    consistent: bool = False,
) -> Iterator[Item]:
    """The items of those keys that are there, in no order; each key must be named once."""
    how = {"ConsistentRead": True} if consistent else {}
    for start in range(0, len(keys), _GET_BATCH):
        left = list(keys[start : start + _GET_BATCH])
        for _ in patience.tries(pause):
            answer = client.batch_get_item(RequestItems={table: {"Keys": left, **how}})
            yield from answer["Responses"].get(table, [])
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if not left:
                break
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
