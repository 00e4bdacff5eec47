"""AWS as a function meets it in these tests: played in the function's own process, so small that the memory
that is measured is the function's."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.dynamodb import FakeDynamoDB, Item

REGION = "eu-west-1"
AUDIT = "111122223333"
TABLE = "trailwarden-alerts"
BUCKET = "trailwarden-logs"
RULES_BUCKET = "trailwarden-rules"
ALERTS_TOPIC = f"arn:aws:sns:{REGION}:{AUDIT}:alerts"
OPERATIONS_TOPIC = f"arn:aws:sns:{REGION}:{AUDIT}:operations"
AUTHORS_TOPIC = f"arn:aws:sns:{REGION}:{AUDIT}:authors"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "ALERT_TABLE_NAME": TABLE,
    "LOG_BUCKET_NAME": BUCKET,
    "RULES_BUCKET_NAME": RULES_BUCKET,
    "ALERT_RETENTION_DAYS": "400",
    "OPERATIONS_TOPIC_ARN": OPERATIONS_TOPIC,
    "RULE_AUTHORS_TOPIC_ARN": AUTHORS_TOPIC,
    "RESPONDERS_ROLE_ID": "AROARESPONDERS",
    "INGEST_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/{AUDIT}/trailwarden-ingest",
    "INGEST_DEAD_LETTER_QUEUE_URL": f"https://sqs.{REGION}.amazonaws.com/{AUDIT}/trailwarden-ingest-dead-letters",
    "POWERTOOLS_SERVICE_NAME": "tests",
    "POWERTOOLS_METRICS_NAMESPACE": "Trailwarden",
    "POWERTOOLS_LOG_LEVEL": "CRITICAL",
}
"""What the template gives the functions, all of them together."""
_PAGE = 1_000_000  # bytes: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html

Made = Callable[[int], Item]


class Table(FakeDynamoDB):
    """The alert table. Partitions in `endless` are made as they are read: so many items, each from its
    number, in the order of their keys."""

    def __init__(self) -> None:
        super().__init__()
        self.endless: dict[str, tuple[int, Made]] = {}
        self.stored = 0
        """Bytes of what was put, which is the test's memory and not the function's."""

    def _put(self, key: tuple[str, str], item: Item) -> None:
        self.stored += sum(len(str(value)) for value in item.values())
        super()._put(key, item)
        self.inserted.clear()

    def query(self, **request: Any) -> Item:
        values = {name: value.get("S", "") for name, value in request["ExpressionAttributeValues"].items()}
        if values[":pk"] not in self.endless:
            return super().query(**request)
        total, made = self.endless[values[":pk"]]
        numbers = range(total)
        low = bisect_left(numbers, values.get(":first", ""), key=lambda number: _sort_key(made(number)))
        high = bisect_right(numbers, values.get(":last", "~"), key=lambda number: _sort_key(made(number)))
        numbers = numbers[low:high]
        if request.get("ScanIndexForward") is False:
            numbers = numbers[::-1]
        if "ExclusiveStartKey" in request:
            numbers = numbers[numbers.index(int(request["ExclusiveStartKey"]["number"]["N"])) + 1 :]
        page = numbers[: min(request.get("Limit", total), _PAGE // len(json.dumps(made(0))))]
        more = {"LastEvaluatedKey": {"number": {"N": str(page[-1])}}} if len(page) < len(numbers) else {}
        if request.get("Select") == "COUNT":
            return {"Count": len(page), **more}
        return {"Items": list(map(made, page)), "Count": len(page), **more}


def _sort_key(item: Item) -> str:
    return str(item["sk"]["S"])


class Body:
    """What S3 answers with: read as it is asked for."""

    def __init__(self, file: Path) -> None:
        self._stream = file.open("rb")
        self.close = self._stream.close

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def __enter__(self) -> "Body":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Buckets:
    """S3, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _file(self, bucket: str, key: str) -> Path:
        return self._folder / bucket / key

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **_: Any) -> Item:  # noqa: N803
        file = self._file(Bucket, Key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(Body)
        return {"ETag": _etag(file)}

    def get_object(self, *, Bucket: str, Key: str, **_: Any) -> Item:  # noqa: N803
        file = self._file(Bucket, Key)
        if not file.is_file():
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": Body(file), "Metadata": {}, **self.head_object(Bucket=Bucket, Key=Key)}

    def head_object(self, *, Bucket: str, Key: str, **_: Any) -> Item:  # noqa: N803
        file = self._file(Bucket, Key)
        return {"ETag": _etag(file), "ContentLength": file.stat().st_size, "Metadata": {}}

    def delete_object(self, *, Bucket: str, Key: str, **_: Any) -> Item:  # noqa: N803
        self._file(Bucket, Key).unlink(missing_ok=True)
        return {}

    def list_objects_v2(self, *, Bucket: str, Prefix: str, **_: Any) -> Item:  # noqa: N803
        root = self._folder / Bucket
        files = [file for file in sorted(root.rglob("*")) if file.is_file()]
        found = [
            {
                "Key": file.relative_to(root).as_posix(),
                "ETag": _etag(file),
                "Size": file.stat().st_size,
                "LastModified": datetime(2026, 3, 1, tzinfo=UTC),
            }
            for file in files
            if file.relative_to(root).as_posix().startswith(Prefix)
        ]
        return {"Contents": found, "IsTruncated": False}


def _etag(file: Path) -> str:
    return f'"{md5(str((file, file.stat().st_size)).encode(), usedforsecurity=False).hexdigest()}"'


class Pages:
    """A paginator."""

    def __init__(self, pages: Callable[[], Iterator[Item]]) -> None:
        self._pages = pages

    def paginate(self, **_: Any) -> Iterator[Item]:
        return self._pages()


class Topics:
    """SNS."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str]] = []
        """Topics and subjects, in order."""
        self.pages: Callable[[], Iterator[Item]] = lambda: iter([{"Subscriptions": []}])

    def publish(self, *, TopicArn: str, Subject: str, Message: str, **_: Any) -> Item:  # noqa: N803
        assert len(Message.encode()) <= 262_144
        self.published.append((TopicArn, Subject))
        return {"MessageId": str(len(self.published))}

    def get_topic_attributes(self, **_: Any) -> Item:
        return {"Attributes": {"KmsMasterKeyId": "alias/trailwarden"}}

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "list_subscriptions_by_topic"
        return Pages(self.pages)


class Keys:
    """KMS: every key works."""

    def describe_key(self, **_: Any) -> Item:
        return {"KeyMetadata": {"KeyState": "Enabled"}}

    def generate_data_key(self, **_: Any) -> Item:
        raise ClientError({"Error": {"Code": "DryRunOperationException"}}, "GenerateDataKey")


class Queues:
    """SQS: what is taken out of a queue, kept from others for longer, or set aside."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def delete_message_batch(self, **_: Any) -> Item:
        return {"Successful": [], "Failed": []}

    def change_message_visibility(self, **_: Any) -> Item:
        return {}

    def send_message(self, *, MessageBody: str, **_: Any) -> Item:  # noqa: N803
        self.sent.append(MessageBody)
        return {"MessageId": str(len(self.sent))}


class Accounts:
    """Organizations."""

    def __init__(self) -> None:
        self.names: Sequence[str] = ()

    def get_paginator(self, operation: str) -> Pages:
        if operation == "list_tags_for_resource":
            return Pages(lambda: iter([{"Tags": [{"Key": "stage", "Value": "production"}]}]))
        accounts = [
            {"Id": f"{number:012}", "Name": name, "State": "ACTIVE"} for number, name in enumerate(self.names)
        ]
        return Pages(lambda: ({"Accounts": accounts[at : at + 20]} for at in range(0, len(accounts), 20)))


class World:
    """Everything around one function. A case fills it, and says what event the function gets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table = Table()
        self.s3 = Buckets(folder)
        self.topics = Topics()
        self.queues = Queues()
        self.accounts = Accounts()
        self.event: Any = {}

    def client(self, service: str) -> Any:
        """What the function gets for a boto3 client."""
        return {
            "dynamodb": self.table,
            "s3": self.s3,
            "sns": self.topics,
            "sqs": self.queues,
            "kms": Keys(),
            "organizations": self.accounts,
        }[service]

    def items(self, prefix: str, sort_key: str = "") -> list[Item]:
        """The items of the table whose keys begin so."""
        return [
            item
            for (pk, sk), item in self.table.items.items()
            if pk.startswith(prefix) and sk.startswith(sort_key)
        ]
