"""DynamoDB's client as far as alerting asks for it: it keeps states and the keys of matches, and counts.

It answers what the table would, at next to no CPU of its own, so that what is measured is the product's. What
requests hold is weighed only where that is asked for, off the clock.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Item = dict[str, Any]

_WRITE_UNIT = 1024
_READ_UNIT = 4096
_TRANSACTED = 2  # a transaction's writes cost twice
_PAGE = 1024 * 1024  # a query's page holds so many bytes


@dataclass
class CountedTable:
    """One table. `requests` counts them by operation, `items` what was written by the kind of item; with
    `weigh`, units are what DynamoDB charges for: https://aws.amazon.com/dynamodb/pricing/on-demand/"""

    weigh: bool = False
    requests: Counter[str] = field(default_factory=Counter)
    items: Counter[str] = field(default_factory=Counter)
    write_units: Counter[str] = field(default_factory=Counter)
    read_units: float = 0.0
    keys_read: int = 0
    """How many keys of matches were read, to count them."""
    states: dict[str, Item] = field(default_factory=dict)
    matches: dict[str, dict[str, Item]] = field(default_factory=dict)

    def clear(self) -> None:
        """Nothing was written yet, nothing asked."""
        self.read_units, self.keys_read = 0.0, 0
        counters = (self.requests, self.items, self.write_units)
        for kept in (*counters, self.states, self.matches):
            kept.clear()

    def get_item(self, *, Key: Item, **_: Any) -> Item:  # noqa: N803
        """A group's state, or nothing."""
        self.requests["get_item"] += 1
        item = self.states.get(Key["pk"]["S"])
        if self.weigh:
            self.read_units += _units(_size(item or {}), _READ_UNIT)
        return {} if item is None else {"Item": item}

    def batch_get_item(self, *, RequestItems: dict[str, Item], **_: Any) -> Item:  # noqa: N803
        """The states of groups, as far as there are any."""
        self.requests["batch_get_item"] += 1
        ((table, asked),) = RequestItems.items()
        found = [self.states[key["pk"]["S"]] for key in asked["Keys"] if key["pk"]["S"] in self.states]
        if self.weigh:
            missing = len(asked["Keys"]) - len(found)
            self.read_units += missing + sum(_units(_size(item), _READ_UNIT) for item in found)
        return {"Responses": {table: found}}

    def put_item(self, *, Item: Item, **_: Any) -> Item:  # noqa: N803
        """Count it."""
        self.requests["put_item"] += 1
        self._wrote(Item)
        return {}

    def update_item(self, *, Key: Item, ExpressionAttributeValues: Item, **_: Any) -> Item:  # noqa: N803
        """Count it."""
        self.requests["update_item"] += 1
        self._wrote(Key | ExpressionAttributeValues)
        return {}

    def batch_write_item(self, *, RequestItems: dict[str, list[Item]], **_: Any) -> Item:  # noqa: N803
        """Keep the keys of matches."""
        self.requests["batch_write_item"] += 1
        for requests in RequestItems.values():
            for request in requests:
                item = request["PutRequest"]["Item"]
                if item["sk"]["S"].startswith("MATCH#"):
                    self.matches.setdefault(item["pk"]["S"], {})[item["sk"]["S"]] = item
                self._wrote(item)
        return {}

    def transact_write_items(self, *, TransactItems: list[Item], **_: Any) -> Item:  # noqa: N803
        """Keep the states."""
        self.requests["transact_write_items"] += 1
        for each in TransactItems:
            ((name, step),) = each.items()
            if name == "Put":
                item = step["Item"]
                if item["sk"]["S"] == "GROUP":
                    self.states[item["pk"]["S"]] = item
            else:
                item = step["Key"] | step.get("ExpressionAttributeValues", {})
            self._wrote(item, _TRANSACTED)
        return {}

    def query(self, *, ExpressionAttributeValues: Item, **_: Any) -> Item:  # noqa: N803
        """The keys of a group's matches, in one page; what more pages would have been is counted."""
        low, high = (ExpressionAttributeValues[name]["S"] for name in (":first", ":last"))
        known = self.matches.get(ExpressionAttributeValues[":pk"]["S"], {})
        found = [item for key, item in known.items() if low <= key <= high]
        self.keys_read += len(found)
        self.requests["query"] += 1
        if self.weigh:
            size = sum(map(_size, found))
            self.requests["query"] += size // _PAGE
            self.read_units += _units(size, _READ_UNIT)
        return {"Items": found}

    def _wrote(self, item: Item, times: int = 1) -> None:
        kind = _kind(item)
        self.items[kind] += 1
        if self.weigh:
            self.write_units[kind] += times * _units(_size(item), _WRITE_UNIT)


def _kind(item: Item) -> str:
    """`MATCH`, `GROUP`, `ALERT`, `MORE`; of others what their partition is called."""
    sort_key: str = item["sk"]["S"].partition("#")[0]
    partition: str = item["pk"]["S"].partition("#")[0]
    return sort_key if partition in {"GROUP", "ALERT"} else partition


def _units(size: int, unit: int) -> int:
    return max(1, -(-size // unit))


def _size(item: Item) -> int:
    """Names and values, as DynamoDB counts them.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    return sum(len(name.lstrip(":")) + _value_size(value) for name, value in item.items())


def _value_size(value: Item) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    return len(content) // 2 + 1 if kind == "N" else 1
