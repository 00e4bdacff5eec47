"""What announces a change in the rules bucket: S3's events, in the bodies of SQS messages.

The shapes are those of `trailwarden.delivery.notices`; here removals count too, and who did it. The schedule
sends an EventBridge event of its own, or any object with `"source": "aws.scheduler"` or `"aws.events"`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from trailwarden.errors import NoticeError
from trailwarden.safety.text import one_line

_SCHEDULES = frozenset({"aws.events", "aws.scheduler"})
_EVENTBRIDGE_CHANGES = {"Object Created": False, "Object Deleted": True}
_UNKNOWN = "an unknown principal"
_NO_JSON = (msgspec.DecodeError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class FolderChange:
    """One object of the rules bucket was written or removed. `when` is as AWS wrote it, or empty."""

    bucket: str
    key: str
    version_id: str
    removed: bool
    who: str
    when: str


@dataclass(frozen=True, slots=True)
class PublishNotice:
    """What one message says: objects that changed, or that it is time for the scheduled run."""

    changes: tuple[FolderChange, ...] = ()
    scheduled: bool = False


def parse_publish_notice(body: str | bytes | Mapping[str, Any]) -> PublishNotice:
    """The notice in a message's body; one that only tries the line (`s3:TestEvent`) says nothing.

    Raises:
        NoticeError: the body is none of these.
    """
    message: object = body
    if isinstance(message, str | bytes):
        try:
            message = msgspec.json.decode(message)
        except _NO_JSON as error:
            raise NoticeError(f"no JSON: {error}") from error
    if not isinstance(message, Mapping):
        raise NoticeError("a notice is a JSON object")
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        return parse_publish_notice(_inner(message["Message"]))
    if message.get("Event") == "s3:TestEvent":
        return PublishNotice()
    if isinstance(message.get("Records"), list):
        return PublishNotice(tuple(filter(None, map(_s3_change, message["Records"]))))
    if message.get("source") in _SCHEDULES:
        return PublishNotice(scheduled=True)
    if message.get("source") == "aws.s3" and message.get("detail-type") in _EVENTBRIDGE_CHANGES:
        return PublishNotice((_eventbridge_change(message),))
    raise NoticeError(f"no event of S3 or of the schedule: {one_line(sorted(map(str, message)), 120)}")


def _inner(text: str) -> Mapping[str, Any]:
    """What SNS carries: one object, and no further envelope, so that nothing nests without end."""
    try:
        inner = msgspec.json.decode(text)
    except _NO_JSON as error:
        raise NoticeError(f"SNS carries no JSON: {error}") from error
    if not isinstance(inner, dict) or "Type" in inner:
        raise NoticeError("SNS carries no event")
    return inner


def _s3_change(record: object) -> FolderChange | None:
    """One record of an S3 event; None for events that change no object (tags, restores)."""
    event_name = _text(record, "eventName").removeprefix("s3:")
    removed = event_name.startswith(("ObjectRemoved:", "LifecycleExpiration:"))
    if not removed and not event_name.startswith("ObjectCreated:"):
        return None
    return FolderChange(
        _needed(record, "s3", "bucket", "name"),
        unquote_plus(_needed(record, "s3", "object", "key")),
        _text(record, "s3", "object", "versionId"),
        removed,
        one_line(_text(record, "userIdentity", "principalId") or _UNKNOWN),
        one_line(_text(record, "eventTime"), 40),
    )


def _eventbridge_change(message: Mapping[str, Any]) -> FolderChange:
    return FolderChange(
        _needed(message, "detail", "bucket", "name"),
        _needed(message, "detail", "object", "key"),
        _text(message, "detail", "object", "version-id"),
        _EVENTBRIDGE_CHANGES[message["detail-type"]],
        one_line(_text(message, "detail", "requester") or _UNKNOWN),
        one_line(_text(message, "time"), 40),
    )


def _text(value: object, *path: str) -> str:
    """The text at the end of a path, empty where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _needed(value: object, *path: str) -> str:
    text = _text(value, *path)
    if not text:
        raise NoticeError(f"an S3 event without `{'.'.join(path)}`")
    return text
