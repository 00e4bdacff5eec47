"""Items in DynamoDB's JSON, at a fraction of what boto3's serializer of everything takes."""

from typing import Any

from trailwarden.aws.batches import Item


def item_of(**attributes: str | bool | int) -> Item:
    """An item, or a part of one."""
    return {name: _value(value) for name, value in attributes.items()}


def _value(value: str | bool | int) -> dict[str, Any]:
    if isinstance(value, str):
        return {"S": value}
    return {"BOOL": value} if isinstance(value, bool) else {"N": str(value)}
