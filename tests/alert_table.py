"""The alert table as `infra/detection_state.py` makes it, for tests that play DynamoDB by moto."""

from typing import Any

from botocore.exceptions import ClientError

_BYTES = {"pk": 2048, "sk": 1024}


def create_alert_table(dynamodb: Any, name: str) -> None:
    """Create the table: keys `pk` and `sk`. The client refuses longer keys than AWS takes; moto would not."""
    dynamodb.meta.events.register("provide-client-params.dynamodb", _refuse_long_keys)
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )


def check_key(item: dict[str, Any]) -> None:
    """Raises what DynamoDB answers to a key that is empty or too long, to reads as well.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html"""
    for name, most in _BYTES.items():
        if name in item and not 0 < len(item[name]["S"].encode()) <= most:
            message = f"the {name} has more than {most} bytes, or none: {item[name]['S'][:100]}"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "any")


def _refuse_long_keys(params: Any, **_: Any) -> None:
    """Checks every key in a request, wherever it stands."""
    if isinstance(params, dict):
        if isinstance(params.get("pk"), dict) and "S" in params["pk"]:
            check_key(params)
        for value in params.values():
            _refuse_long_keys(value)
    elif isinstance(params, list):
        for value in params:
            _refuse_long_keys(value)
