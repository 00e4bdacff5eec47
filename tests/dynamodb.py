"""As much of DynamoDB as the state asks for, in memory: fast enough for properties, and strict.

tests/unit/correlation/test_tables.py and tests/unit/aws/test_group_table.py hold it against moto's.
"""

import re
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.alert_table import check_key

Item = dict[str, Any]
_Key = tuple[str, str]


class _Items(dict[_Key, Item]):
    """The items by key, and the sort keys of each partition in order, so that a query looks at its own range
    only, however large the table is."""

    def __init__(self) -> None:
        super().__init__()
        self._partitions: dict[str, list[str]] = {}
        self._unsorted: set[str] = set()

    def __setitem__(self, key: _Key, item: Item) -> None:
        if key not in self:
            self._partitions.setdefault(key[0], []).append(key[1])
            self._unsorted.add(key[0])
        super().__setitem__(key, item)

    def __delitem__(self, key: _Key) -> None:
        super().__delitem__(key)
        kept = self.in_order(key[0])
        del kept[bisect_left(kept, key[1])]

    def pop(self, key: _Key, *default: Any) -> Any:
        if key not in self:
            return super().pop(key, *default)
        item = self[key]
        del self[key]
        return item

    def in_order(self, pk: str) -> list[str]:
        """The sort keys of a partition, in order."""
        if pk in self._unsorted:
            self._partitions[pk].sort()
            self._unsorted.discard(pk)
        return self._partitions.get(pk, [])


class FakeDynamoDB:
    """One table with the keys `pk` and `sk`. `page` is how many items a query's page has.

    `busy` batches hand back all but their first item; `before` is called with the name of each call.
    """

    def __init__(self, *, page: int = 1000, busy: int = 0) -> None:
        self.items = _Items()
        self.page = page
        self.busy = busy
        self.writes = 0
        self.inserted: list[Item] = []
        """What the table's stream would tell of as new, in order."""
        self.before: Callable[[str], None] = lambda _: None
        self._lock = threading.Lock()

    def put_item(self, *, TableName: str, Item: Item, **condition: Any) -> Item:  # noqa: N803
        self.before("put_item")
        with self._lock:
            self._check("PutItem", _key(Item), condition)
            self._put(_key(Item), Item)
        return {}

    def get_item(self, *, TableName: str, Key: Item, **_: Any) -> Item:  # noqa: N803
        self.before("get_item")
        with self._lock:
            item = self.items.get(_key(Key))
        return {} if item is None else {"Item": dict(item)}

    def update_item(self, *, TableName: str, Key: Item, **update: Any) -> Item:  # noqa: N803
        self.before("update_item")
        with self._lock:
            self._check("UpdateItem", _key(Key), update)
            item = updated({**self.items.get(_key(Key), Key)}, update)
            self._put(_key(Key), item)
        return {"Attributes": dict(item)} if "ReturnValues" in update else {}

    def delete_item(self, *, TableName: str, Key: Item, **condition: Any) -> Item:  # noqa: N803
        self.before("delete_item")
        with self._lock:
            self._check("DeleteItem", _key(Key), condition)
            self.items.pop(_key(Key), None)
        return {}

    def transact_write_items(self, *, TransactItems: list[Item]) -> Item:  # noqa: N803
        self.before("transact_write_items")
        assert 0 < len(TransactItems) <= 100
        steps = [next(iter(one.items())) for one in TransactItems]
        keys = [_key(step.get("Item") or step["Key"]) for _, step in steps]
        assert len(set(keys)) == len(keys), "a transaction takes an item once"
        with self._lock:
            reasons = [
                {"Code": "None" if holds(self.items.get(key), step) else "ConditionalCheckFailed"}
                for key, (_, step) in zip(keys, steps, strict=True)
            ]
            if any(reason["Code"] != "None" for reason in reasons):
                error: Any = {
                    "Error": {"Code": "TransactionCanceledException"},
                    "CancellationReasons": reasons,
                }
                raise ClientError(error, "TransactWriteItems")
            for key, (name, step) in zip(keys, steps, strict=True):
                if name == "Put":
                    self._put(key, step["Item"])
                elif name == "Update":
                    self._put(key, updated({**self.items.get(key, step["Key"])}, step))
                else:
                    assert name == "Delete"
                    self.items.pop(key, None)
        return {}

    def _check(self, operation: str, key: _Key, condition: Item) -> None:
        if not holds(self.items.get(key), condition):
            raise ClientError({"Error": {"Code": "ConditionalCheckFailedException"}}, operation)

    def _put(self, key: _Key, item: Item) -> None:
        if key not in self.items:
            self.inserted.append(dict(item))
        self.items[key] = item
        self.writes += 1

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
                if "PutRequest" in request:
                    self._put(key, request["PutRequest"]["Item"])
                else:
                    self.items.pop(key, None)
        return {"UnprocessedItems": {table: requests[taken:]} if requests[taken:] else {}}

    def batch_get_item(self, *, RequestItems: dict[str, Item]) -> Item:  # noqa: N803
        self.before("batch_get_item")
        ((table, request),) = RequestItems.items()
        keys = request["Keys"]
        assert 0 < len(keys) <= 100, "BatchGetItem takes 1 to 100 keys"
        assert len({_key(key) for key in keys}) == len(keys), "BatchGetItem takes an item once"
        taken = len(keys)
        with self._lock:
            if self.busy:
                self.busy -= 1
                taken = 1
            items = [dict(self.items[_key(key)]) for key in keys[:taken] if _key(key) in self.items]
        left = {table: {**request, "Keys": keys[taken:]}} if keys[taken:] else {}
        return {"Responses": {table: items[::-1]}, "UnprocessedKeys": left}

    def query(self, **request: Any) -> Item:
        self.before("query")
        assert request["ConsistentRead"] is True
        values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
        pk = values[":pk"]
        first, last = _RANGES[request["KeyConditionExpression"]](values)
        backwards = request.get("ScanIndexForward") is False
        start = request.get("ExclusiveStartKey", {}).get("sk", {}).get("S")
        with self._lock:
            kept = self.items.in_order(pk)
            low = bisect_left(kept, first)
            high = len(kept) if last is None else bisect_right(kept, last)
            if start is not None and backwards:
                high = min(high, bisect_left(kept, start))
            elif start is not None:
                low = max(low, bisect_right(kept, start))
            size = max(0, min(self.page, request.get("Limit", self.page), high - low))
            page = kept[high - size : high][::-1] if backwards else kept[low : low + size]
            items = [dict(self.items[pk, sk]) for sk in page]
        more = {"LastEvaluatedKey": {"pk": {"S": pk}, "sk": items[-1]["sk"]}} if high - low > size else {}
        if request.get("Select") == "COUNT":
            return {"Count": len(items), **more}
        return {"Items": items, "Count": len(items), **more}

    def scan(self, **_: Any) -> Item:
        with self._lock:
            return {"Items": [dict(item) for item in self.items.values()]}


def _key(item: Item) -> _Key:
    check_key(item)
    return item["pk"]["S"], item["sk"]["S"]


_Range = tuple[str, str | None]
_RANGES: dict[str, Callable[[dict[str, str]], _Range]] = {
    "pk = :pk": lambda _: ("", None),
    "pk = :pk AND sk BETWEEN :first AND :last": lambda v: (v[":first"], v[":last"]),
    "pk = :pk AND sk >= :since": lambda v: (v[":since"], None),
    "pk = :pk AND sk <= :now": lambda v: ("", v[":now"]),
    "pk = :pk AND begins_with(sk, :match)": lambda v: (v[":match"], v[":match"] + chr(0x10FFFF)),
}
"""The first and the last sort key of what a condition asks for."""


def holds(item: Item | None, request: Item) -> bool:
    """Whether a condition holds: `AND` and `OR` of comparisons and of what is not there, as the state writes
    them."""
    expression = request.get("ConditionExpression", "")
    if not expression:
        return True
    return all(
        any(_term_holds(item or {}, term.strip(" ()") + (")" if "(" in term.strip(" (") else ""), request)
            for term in part.split(" OR "))
        for part in expression.split(" AND ")
    )  # fmt: skip


def _term_holds(item: Item, term: str, request: Item) -> bool:
    if found := re.fullmatch(r"attribute_not_exists\((\S+?)\)", term):
        return _named(found[1], request) not in item
    if found := re.fullmatch(r"attribute_exists\((\S+?)\)", term):
        return _named(found[1], request) in item
    found = re.fullmatch(r"(\S+) (=|<|<=) (:\w+)", term)
    assert found, f"the fake knows no condition {term!r}"
    name, value = _named(found[1], request), request["ExpressionAttributeValues"][found[3]]
    if name not in item:
        return False
    ours, theirs = _plain(item[name]), _plain(value)
    return bool((ours == theirs and "=" in found[2]) or (ours < theirs and "<" in found[2]))


def updated(item: Item, request: Item) -> Item:
    """The item after an update: `SET`, `ADD` and `REMOVE`, as the state writes them."""
    clauses = re.split(r"\b(SET|ADD|REMOVE) ", request["UpdateExpression"])[1:]
    values = request.get("ExpressionAttributeValues", {})
    for clause, text in zip(clauses[::2], clauses[1::2], strict=True):
        for action in re.split(r",\s*(?![^(]*\))", text.strip()):
            if clause == "REMOVE":
                item.pop(_named(action, request), None)
            elif clause == "ADD":
                name, value = action.split()
                _add(item, _named(name, request), values[value])
            else:
                name, value = action.split(" = ")
                kept = re.fullmatch(r"if_not_exists\((\S+), (:\w+)\)", value)
                key = _named(name, request)
                if kept is None:
                    item[key] = values[value]
                else:
                    item.setdefault(key, values[kept[2]])
    return item


def _add(item: Item, name: str, value: Item) -> None:
    if "SS" in value:
        item[name] = {"SS": sorted({*item.get(name, {"SS": []})["SS"], *value["SS"]})}
    else:
        item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(value["N"]))}


def _named(name: str, request: Item) -> str:
    return str(request["ExpressionAttributeNames"][name]) if name.startswith("#") else name


def _plain(value: Item) -> Any:
    return int(value["N"]) if "N" in value else next(iter(value.values()))
