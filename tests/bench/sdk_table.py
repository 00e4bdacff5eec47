"""The counted table behind boto3's client, whose requests are answered before they are sent."""

import json
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.bench.counted_table import CountedTable

_OPERATIONS = {
    "BatchGetItem": "batch_get_item",
    "BatchWriteItem": "batch_write_item",
    "GetItem": "get_item",
    "PutItem": "put_item",
    "Query": "query",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
}


def sdk_client(table: CountedTable) -> Any:
    """A DynamoDB client that asks the table: requests are serialized and signed, answers parsed."""
    client = boto3.client(
        "dynamodb", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
    )

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        found = getattr(table, _OPERATIONS[operation])(**json.loads(request.body))
        return _Answer(json.dumps(found).encode())

    client.meta.events.register("before-send.dynamodb", answer)
    return client


class _Answer(AWSResponse):  # type: ignore[misc]  # botocore has no types
    """A response that came without a connection."""

    def __init__(self, content: bytes) -> None:
        super().__init__("https://dynamodb.eu-west-1.amazonaws.com", 200, {}, None)
        self._content = content
