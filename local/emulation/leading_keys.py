"""The condition key `dynamodb:LeadingKeys` (which items a call names): the emulator's policies lack it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

LEADING_KEYS = "dynamodb:LeadingKeys"
PartitionKeyOf = Callable[[str], str | None]
"""A table's name → the attribute that is its partition key."""
_EQUALS = re.compile(r"(?P<name>[#\w.-]+)\s*=\s*(?P<value>:\w+)")


def know_leading_keys() -> None:
    """Have every DynamoDB call judged by the partition keys that it names, too."""
    context_of = iam_actions.dynamodb_service_context

    def context_with_leading_keys(body: bytes) -> dict[str, Any]:
        context: dict[str, Any] = context_of(body)
        keys = leading_keys(body, _partition_key)
        return context | {LEADING_KEYS: keys} if keys else context

    iam_actions.dynamodb_service_context = context_with_leading_keys
    _judge_transactions_by_item()


class _ItemOfTable(str):
    """A table's ARN as the resource of one item of a transaction, which is judged by these keys."""

    leading_keys: list[str]

    @classmethod
    def of(cls, arn: str, keys: list[str]) -> "_ItemOfTable":
        item = cls(arn)
        item.leading_keys = keys
        return item


def _judge_transactions_by_item() -> None:
    """A transaction's items are judged one by one, each by its own key, and again by the keys of all: how AWS
    reads it is not documented, so what is allowed here is allowed either way."""
    checks_of, enforce = iam_actions.dynamodb_transaction_checks, iam_evaluator.enforce

    def checks_with_keys(action: str, body: bytes, region: str, account_id: str) -> list[tuple[str, str]]:
        checks = checks_of(action, body, region, account_id)
        parts = list(_parts(json.loads(body))) if checks else []
        if len(parts) != len(checks):  # a request that names no table somewhere is refused as it is
            return list(checks)
        own = [sorted(set(_named(part, _partition_key(table) or ""))) for table, part in parts]
        everybodys = sorted({key for keys in own for key in keys})
        return [
            (item_action, _ItemOfTable.of(arn, keys))
            for (item_action, arn), its_own in zip(checks, own, strict=True)
            for keys in (its_own, everybodys)
        ]

    def enforce_by_item(*arguments: Any, **keywords: Any) -> Any:
        resource = keywords.get("resource_arn")
        if isinstance(resource, _ItemOfTable):
            context = {**(keywords.get("service_context") or {}), LEADING_KEYS: resource.leading_keys}
            keywords |= {"resource_arn": str(resource), "service_context": context}
        return enforce(*arguments, **keywords)

    iam_actions.dynamodb_transaction_checks = checks_with_keys
    iam_evaluator.enforce = enforce_by_item


def _partition_key(table: str) -> str | None:
    found = dynamodb._tables.get(table.rpartition("/")[2])  # noqa: SLF001 (its only register)
    return None if found is None else str(found["pk_name"])


def leading_keys(body: bytes, partition_key_of: PartitionKeyOf) -> list[str]:
    """The partition keys that a request names, sorted; none where it names none (a scan)."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    if not isinstance(request, dict):
        return []
    found: set[str] = set()
    for table, part in _parts(request):
        name = partition_key_of(table)
        if name is not None:
            found |= set(_named(part, name))
    return sorted(found)


def _parts(request: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """`(table, what is asked of it)`, one for each item of a batch or a transaction."""
    if "TableName" in request:
        yield request["TableName"], request
    for entry in request.get("TransactItems", []):
        for part in entry.values():
            yield part["TableName"], part
    for table, asked in request.get("RequestItems", {}).items():
        if isinstance(asked, Mapping):
            yield from ((table, {"Key": key}) for key in asked.get("Keys", []))
        else:
            yield from ((table, part) for write in asked for part in write.values())


def _named(part: Mapping[str, Any], name: str) -> Iterator[str]:
    for item in (part.get("Key"), part.get("Item")):
        if item and name in item:
            yield from map(str, item[name].values())
    names = part.get("ExpressionAttributeNames", {})
    values = part.get("ExpressionAttributeValues", {})
    for equals in _EQUALS.finditer(part.get("KeyConditionExpression", "")):
        if names.get(equals["name"], equals["name"]) == name and equals["value"] in values:
            yield from map(str, values[equals["value"]].values())
