"""The alert table as `infra/detection_state.py` makes it, for tests that play DynamoDB by moto."""

from typing import Any


def create_alert_table(dynamodb: Any, name: str) -> None:
    """Create the table: keys `pk` and `sk`."""
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
