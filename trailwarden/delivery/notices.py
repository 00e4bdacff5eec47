"""Delivery notices: the messages that name new log files, out of whatever envelope carries them.

Shapes, all of which arrive as the body of an SQS message:

- CloudTrail's own: `{"s3Bucket": …, "s3ObjectKey": [one or more]}`, and the text "CloudTrail validation
  message." when a trail is created ("Configuring Amazon SNS notifications for CloudTrail");
- S3 event notifications: `{"Records": [{"eventName": "ObjectCreated:Put", "s3": …}]}`, keys URL-encoded,
  and `s3:TestEvent` when they are switched on ("Event message structure" in the S3 guide);
- EventBridge's events from S3, of which "Object Created" names an object, keys as they are ("Using
  EventBridge" in the S3 guide);
- each of these inside SNS's `{"Type": "Notification", "Message": …}`, unless delivery is raw.

Whoever may write to the queue or the topic writes these: nothing here trusts their shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from trailwarden.errors import NoticeError

_VALIDATION_TEXT = "CloudTrail validation message."
_MOST_TEXT_TOLD = 120  # characters of an unknown message that an error repeats
_MOST_ENVELOPES = 4  # SNS in SNS is no shape of AWS's; a few levels cost nothing, an endless nest would


class NoticeKind(StrEnum):
    """Who wrote the notice."""

    CLOUDTRAIL = "cloudtrail"
    S3_EVENT = "s3_event"
    EVENTBRIDGE = "eventbridge"
    VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One object in a bucket; `key` is plain, never URL-encoded."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What one message says: who wrote it, and the objects that it names, in its order."""

    kind: NoticeKind
    objects: tuple[ObjectRef, ...]


def parse_notice(body: str | bytes | Mapping[str, Any]) -> Notice:
    """The notice in a message's body.

    A message that AWS sends only to try the line (CloudTrail's validation message, `s3:TestEvent`) is a
    notice without objects, and so is an S3 event that creates none, whoever brings it.

    Raises:
        NoticeError: the body is no notice; the message says what it was instead.
    """
    message: object = body
    for _ in range(_MOST_ENVELOPES):
        if isinstance(message, str | bytes):
            text = _text(message)
            if text.strip() == _VALIDATION_TEXT:
                return Notice(NoticeKind.VALIDATION, ())
            message = _json(text)
            if isinstance(message, str):  # JSON text in JSON text
                continue
        if not isinstance(message, Mapping):
            raise NoticeError(f"a notice is a JSON object, this is {_told(message)}")
        if not ("Message" in message and "Type" in message):
            return _parse_message(message)
        message = _unwrapped(message)
    raise NoticeError(f"more than {_MOST_ENVELOPES} envelopes around one another")


def _unwrapped(envelope: Mapping[str, Any]) -> str:
    """What SNS carries; its other messages (`SubscriptionConfirmation`) are no notices."""
    if envelope["Type"] != "Notification":
        raise NoticeError(f"an SNS message of type {_told(envelope['Type'])}, not a Notification")
    if not isinstance(envelope["Message"], str):
        raise NoticeError(f"an SNS envelope whose Message is {_told(envelope['Message'])}, not text")
    return envelope["Message"]


def _parse_message(message: Mapping[str, Any]) -> Notice:
    if "s3Bucket" in message or "s3ObjectKey" in message:
        return _parse_cloudtrail(message)
    if message.get("Event") == "s3:TestEvent":
        return Notice(NoticeKind.VALIDATION, ())
    if "Records" in message:
        return _parse_s3_event(message["Records"])
    if "detail-type" in message:
        return _parse_eventbridge(message)
    keys = ", ".join(_told(key) for key in sorted(map(str, message))[:8])
    raise NoticeError(f"no notice of CloudTrail, S3 or EventBridge: an object with the keys [{keys}]")


def _parse_cloudtrail(message: Mapping[str, Any]) -> Notice:
    keys = message.get("s3ObjectKey")
    keys = [keys] if isinstance(keys, str) else keys
    if not isinstance(keys, list) or not keys:
        raise NoticeError(f"a CloudTrail notice whose s3ObjectKey is {_told(keys)}, not a list of keys")
    bucket = _name(message.get("s3Bucket"), "a CloudTrail notice whose s3Bucket")
    objects = tuple(ObjectRef(bucket, _name(key, "a CloudTrail notice whose s3ObjectKey")) for key in keys)
    return Notice(NoticeKind.CLOUDTRAIL, objects)


def _parse_s3_event(records: object) -> Notice:
    if not isinstance(records, list) or not records:
        raise NoticeError(f"an S3 event whose Records are {_told(records)}, not a list of events")
    objects = []
    for record in records:
        if not isinstance(record, Mapping) or not isinstance(record.get("eventName"), str):
            raise NoticeError(f"an S3 event with {_told(record)} in its Records")
        # "ObjectCreated:Put" in notifications; other services that pass them on write "s3:ObjectCreated:Put".
        if not record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
            continue
        bucket = _name(_at(record, "s3", "bucket", "name"), "an S3 event whose bucket name")
        key = _name(_at(record, "s3", "object", "key"), "an S3 event whose object key")
        objects.append(ObjectRef(bucket, unquote_plus(key)))
    return Notice(NoticeKind.S3_EVENT, tuple(objects))


def _parse_eventbridge(message: Mapping[str, Any]) -> Notice:
    kind = message["detail-type"]
    if message.get("source") != "aws.s3" or not isinstance(kind, str):
        what = f"{_told(kind)} from {_told(message.get('source'))}"
        raise NoticeError(f'an EventBridge event {what}, not "Object Created" from "aws.s3"')
    if kind != "Object Created":  # "Object Deleted", "Object Tags Added", …: no log file to read
        return Notice(NoticeKind.EVENTBRIDGE, ())
    bucket = _name(_at(message, "detail", "bucket", "name"), "an EventBridge event whose bucket name")
    key = _name(_at(message, "detail", "object", "key"), "an EventBridge event whose object key")
    return Notice(NoticeKind.EVENTBRIDGE, (ObjectRef(bucket, key),))


def _at(value: object, *path: str) -> object:
    """What lies at the end of `path`; None where the path breaks off."""
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _name(value: object, what: str) -> str:
    if not isinstance(value, str) or not value:
        raise NoticeError(f"{what} is {_told(value)}, not a name")
    return value


def _text(body: str | bytes) -> str:
    if isinstance(body, str):
        return body
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise NoticeError(f"a notice is UTF-8 text, this is not: {error}") from None


def _json(text: str) -> object:
    try:
        decoded: object = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise NoticeError(f"a notice is JSON, this is not ({error}): {_told(text)}") from None
    return decoded


def _told(value: object) -> str:
    """An unknown value for a person: its kind, and for short values the value, printable and cut short."""
    if value is None:
        return "missing or null"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "an empty list" if not value else "a list"
    text = ascii(value[: _MOST_TEXT_TOLD + 1] if isinstance(value, str) else value)
    return text if len(text) <= _MOST_TEXT_TOLD else f"{text[:_MOST_TEXT_TOLD]}…"
