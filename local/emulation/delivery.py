"""CloudTrail's delivery: records → log files in the trail's bucket → notices on its topic.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
The emulator's S3 and SNS are called in its own process: such calls are never recorded, so that the
delivery of a log file never makes the next one.
"""

import gzip
import json
import secrets
import string
import threading
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import s3, sns

from local.emulation.policies import lets_cloudtrail
from local.emulation.trails import Destination
from trailwarden.delivery.keys import LogFileKey, LogFileKind
from trailwarden.delivery.records import Record

UNIQUE_CHARACTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of one account and region that go into one log file."""

    destination: Destination
    account_id: str
    region: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A log file that was put and announced at `time`; `problem` says why it was not."""

    bucket: str
    key: str
    records: int
    time: datetime
    problem: str | None = None


class Delivery:
    """Collects records and, when told, delivers what it has. Threads may share it."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: defaultdict[Batch, list[Record]] = defaultdict(list)

    def add(self, record: Record, destinations: Collection[Destination]) -> None:
        with self._lock:
            for destination in destinations:
                batch = Batch(destination, record["recipientAccountId"], record["awsRegion"])
                self._waiting[batch].append(record)

    def take(self) -> dict[Batch, list[Record]]:
        """What waits, each batch for one log file; it waits no longer."""
        with self._lock:
            taken, self._waiting = self._waiting, defaultdict(list)
            return taken

    async def deliver(self, batch: Batch, records: list[Record]) -> Delivered:
        """Put one log file and announce it."""
        time = self._clock()
        key = str(log_file_key(batch, time))
        problem = await _put(batch.destination, key, log_file(records)) or _announce(batch.destination, key)
        return Delivered(batch.destination.bucket, key, len(records), self._clock(), problem)


def log_file(records: list[Record]) -> bytes:
    """The content of a log file, as CloudTrail writes it: compact JSON, gzipped."""
    return gzip.compress(json.dumps({"Records": records}, separators=(",", ":"), ensure_ascii=False).encode())


def log_file_key(batch: Batch, time: datetime) -> LogFileKey:
    return LogFileKey(
        prefix=batch.destination.prefix,
        account_id=batch.account_id,
        kind=LogFileKind.EVENTS,
        region=batch.region,
        time=time,
        unique="".join(secrets.choice(UNIQUE_CHARACTERS) for _ in range(16)),
    )


async def _put(destination: Destination, key: str, content: bytes) -> str | None:
    owner = s3._bucket_owner_account(destination.bucket)  # noqa: SLF001 (the emulator's index of buckets)
    if owner is None:
        return "NoSuchBucket"
    region = destination.trail_arn.split(":")[3]
    if not lets_cloudtrail(
        s3._bucket_policies.get_scoped(owner, None, destination.bucket),  # noqa: SLF001
        "s3:PutObject",
        f"arn:aws:s3:::{destination.bucket}/{key}",
        trail_arn=destination.trail_arn,
        region=region,
        context={"s3:x-amz-acl": "bucket-owner-full-control"},
    ):
        return "AccessDenied"
    headers = {
        "content-type": "application/json",
        "content-encoding": "gzip",
        "x-amz-acl": "bucket-owner-full-control",
    }
    with request_scope(owner, region):
        status, _, body = await s3.handle_request(
            "PUT",
            f"/{destination.bucket}/{key}",
            headers,
            content,
            {},
            enforce_bucket_region=False,
            internal=True,
        )
    return None if status == 200 else f"{status} {body[:200]!r}"


def _announce(destination: Destination, key: str) -> str | None:
    if destination.topic_arn is None:
        return None
    _, _, _, region, account_id, _ = destination.topic_arn.split(":", 5)
    policy, _ = sns.topic_policy_for_arn(destination.topic_arn) or ("", "")
    if not lets_cloudtrail(
        policy, "sns:Publish", destination.topic_arn, trail_arn=destination.trail_arn, region=region
    ):
        return "AuthorizationError"
    message: dict[str, Any] = {"s3Bucket": destination.bucket, "s3ObjectKey": [key]}
    with request_scope(account_id, region):
        published = sns.publish_internal(destination.topic_arn, json.dumps(message))
    return None if published is not None else "NotFound"
