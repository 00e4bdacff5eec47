"""Records, log files and rules of our own, small enough to read, for every tier of tests."""

import gzip
import json
from collections.abc import Iterable
from io import BytesIO
from typing import Any
from uuid import UUID

from trailwarden.delivery.keys import LogFileKey
from trailwarden.delivery.records import Record
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import Level, Rule, RuleSet

MEMBER = "444455556666"
BUCKET = "trailwarden-logs"
STOP_RULE = "6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b01"
CREATE_RULE = "6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b02"


def event_id(number: int) -> str:
    """A UUID made from a number."""
    return str(UUID(int=number + (0xA << 124)))


def record(number: int = 1, **fields: Any) -> Record:
    """A user's StopLogging call; `fields` replace or add what a test is about."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": f"arn:aws:iam::{MEMBER}:user/mallory",
            "accountId": MEMBER,
            "accessKeyId": "AKIAEXAMPLE",
            "userName": "mallory",
        },
        "eventTime": "2026-03-01T12:00:00Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": {"name": "main-trail"},
        "responseElements": None,
        "eventID": event_id(number),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": MEMBER,
        "eventCategory": "Management",
        **fields,
    }


def harmless(number: int) -> Record:
    """A record that no rule of these tests matches."""
    return record(number, eventName="DescribeTrails", readOnly=True)


def log_file(records: Iterable[Any]) -> bytes:
    """A log file as CloudTrail writes it."""
    return gzip.compress(json.dumps({"Records": list(records)}, separators=(",", ":")).encode(), mtime=0)


def log_key(unique: str = "AbCdEf0123456789", kind: str = "CloudTrail") -> str:
    """The key of a log file; `unique` tells two apart."""
    text = (
        f"AWSLogs/{MEMBER}/{kind}/eu-west-1/2026/03/01/"
        f"{MEMBER}_{kind}_eu-west-1_20260301T1205Z_{unique}.json.gz"
    )
    assert LogFileKey.parse(text) is not None
    return text


def notice(*keys: str, bucket: str = BUCKET) -> str:
    """CloudTrail's delivery notice, inside the SNS envelope that SQS receives."""
    message = json.dumps({"s3Bucket": bucket, "s3ObjectKey": list(keys)})
    return json.dumps({"Type": "Notification", "MessageId": "1", "Message": message})


def rule(rule_id: str, event_name: str, level: Level = Level.HIGH, **fields: Any) -> Rule:
    """A rule that matches one event name."""
    detection = ["field", "eventName", ["is", event_name.lower()]]
    return Rule(id=rule_id, title=f"{event_name} called", level=level, detection=detection, **fields)


def engine(*rules: Rule) -> Engine:
    """An engine of the given rules; of one that matches `record()` where none is given."""
    return Engine(RuleSet(rules=rules or (rule(STOP_RULE, "StopLogging"),)))


class Bytes(BytesIO):
    """A log file in memory, as `detect` meets one."""

    def __init__(self, data: bytes, *, address: str, file_id: str) -> None:
        super().__init__(data)
        self.address = address
        self.file_id = file_id
