"""As much of DynamoDB as the state asks for, in memory: fast enough for properties, and strict.

tests/unit/correlation/test_tables.py holds it against moto's.
"""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]


class FakeDynamoDB:
    """One table with the keys `pk` and `sk`. `page` is how many items a query's page has.

    `busy` batches hand back all but their first item; `before` is called with the name of each call.
    """

    def __init__(self, *, page: int = 1000, busy: int = 0) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self.page = page
        self.busy = busy
        self.writes = 0
        self.before: Callable[[str], None] = lambda _: None
        self._lock = threading.Lock()

    def put_item(self, *, TableName: str, Item: Item, ConditionExpression: str = "") -> Item:  # noqa: N803
        self.before("put_item")
        with self._lock:
            if ConditionExpression:
                assert ConditionExpression == "attribute_not_exists(pk)"
                if _key(Item) in self.items:
                    error = {"Error": {"Code": "ConditionalCheckFailedException"}}
                    raise ClientError(error, "PutItem")
            self.items[_key(Item)] = Item
            self.writes += 1
        return {}

    def batch_write_item(self, *, RequestItems: dict[str, list[Item]]) -> Item:  # noqa: N803
        self.before("batch_write_item")
        ((table, requests),) = RequestItems.items()
        keys = [_key(one["PutRequest"]["Item"] if "PutRequest" in one else one["DeleteRequest"]["Key"])
                for one in requests]  # fmt: skip
        assert 0 < len(requests) <= 25, "BatchWriteItem takes 1 to 25 requests"
        assert len(set(keys)) == len(keys), "BatchWriteItem takes an item once"
        taken = len(requests)
        with self._lock:
            if self.busy:
                self.busy -= 1
                taken = 1
            for key, request in list(zip(keys, requests, strict=True))[:taken]:
                self.writes += 1
                if "PutRequest" in request:
                    self.items[key] = request["PutRequest"]["Item"]
                else:
                    self.items.pop(key, None)
        return {"UnprocessedItems": {table: requests[taken:]} if requests[taken:] else {}}

    def query(self, **request: Any) -> Item:
        self.before("query")
        assert request["ConsistentRead"] is True
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        pk = values[":pk"]
        if request["KeyConditionExpression"] == "pk = :pk AND sk BETWEEN :first AND :last":
            fits: Callable[[str], bool] = lambda sk: values[":first"] <= sk <= values[":last"]  # noqa: E731
        elif request["KeyConditionExpression"] == "pk = :pk":
            fits = lambda _: True  # noqa: E731
        else:
            assert request["KeyConditionExpression"] == "pk = :pk AND begins_with(sk, :match)"
            fits = lambda sk: sk.startswith(values[":match"])  # noqa: E731
        backwards = request.get("ScanIndexForward") is False
        start = request.get("ExclusiveStartKey", {}).get("sk", {}).get("S", "")
        assert not (start and backwards), "this one pages forwards only"
        with self._lock:
            found = sorted(
                (sk for (own, sk) in self.items if own == pk and fits(sk) and sk > start), reverse=backwards
            )
            size = min(self.page, request.get("Limit", self.page))
            items = [dict(self.items[pk, sk]) for sk in found[:size]]
        more = {"LastEvaluatedKey": {"pk": {"S": pk}, "sk": items[-1]["sk"]}} if found[size:] else {}
        return {"Items": items, **more}

    def scan(self, **_: Any) -> Item:
        with self._lock:
            return {"Items": [dict(item) for item in self.items.values()]}


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
