import json
from typing import Any

import pytest

from trailwarden.delivery.notices import Notice, NoticeKind, ObjectRef, parse_notice
from trailwarden.errors import NoticeError

BUCKET = "trail-logs"
KEYS = ["AWSLogs/1/a.json.gz", "AWSLogs/1/b+c %41.json.gz"]
CLOUDTRAIL = {"s3Bucket": BUCKET, "s3ObjectKey": KEYS}
VALIDATION = "CloudTrail validation message."


def s3_event(*events: tuple[str, str]) -> dict[str, Any]:
    """An S3 notification of (event name, key as S3 writes it)."""
    return {
        "Records": [
            {
                "eventVersion": "2.6",
                "eventSource": "aws:s3",
                "eventName": name,
                "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 1, "eTag": "e"}},
            }
            for name, key in events
        ]
    }


def eventbridge(key: str) -> dict[str, Any]:
    return {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}, "reason": "PutObject"},
    }


def in_sns(message: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    return {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:…", "Message": text}


@pytest.mark.parametrize("wrap", [lambda message: message, in_sns], ids=["raw", "in SNS"])
@pytest.mark.parametrize("encode", [dict, json.dumps, lambda body: json.dumps(body).encode()])
def test_every_shape_of_a_body_is_read(wrap: Any, encode: Any) -> None:
    notice = parse_notice(encode(wrap(CLOUDTRAIL)))

    assert notice == Notice(NoticeKind.CLOUDTRAIL, tuple(ObjectRef(BUCKET, key) for key in KEYS))


def test_one_key_need_not_stand_in_a_list() -> None:
    notice = parse_notice({"s3Bucket": BUCKET, "s3ObjectKey": KEYS[0]})

    assert notice.objects == (ObjectRef(BUCKET, KEYS[0]),)


@pytest.mark.parametrize("wrap", [lambda message: message, in_sns], ids=["raw", "in SNS"])
def test_s3_events_name_each_object_that_was_made_with_its_plain_key(wrap: Any) -> None:
    event = s3_event(
        ("ObjectCreated:Put", "AWSLogs/a%2Bb+c%C3%BC.json.gz"),
        ("ObjectRemoved:Delete", "AWSLogs/gone.json.gz"),
        ("ObjectCreated:CompleteMultipartUpload", "AWSLogs/big.json.gz"),
        ("s3:ObjectCreated:Copy", "AWSLogs/copy.json.gz"),
    )

    notice = parse_notice(json.dumps(wrap(event)))

    assert notice.kind is NoticeKind.S3_EVENT
    assert [ref.key for ref in notice.objects] == [
        "AWSLogs/a+b cü.json.gz",
        "AWSLogs/big.json.gz",
        "AWSLogs/copy.json.gz",
    ]


def test_an_event_of_removals_names_nothing() -> None:
    removed = s3_event(("ObjectRemoved:Delete", "k"), ("ObjectTagging:Put", "k"))

    assert parse_notice(removed) == Notice(NoticeKind.S3_EVENT, ())


def test_keys_from_eventbridge_are_not_url_encoded() -> None:
    notice = parse_notice(eventbridge("AWSLogs/a+b%41 c.json.gz"))

    assert notice == Notice(NoticeKind.EVENTBRIDGE, (ObjectRef(BUCKET, "AWSLogs/a+b%41 c.json.gz"),))


@pytest.mark.parametrize(
    "body",
    [
        VALIDATION,
        VALIDATION.encode(),
        f"{VALIDATION}\n",
        json.dumps(in_sns(VALIDATION)),
        in_sns(VALIDATION),
        json.dumps(VALIDATION),
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET},
        in_sns({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}),
    ],
)
def test_messages_that_only_try_the_line_are_notices_without_objects(body: Any) -> None:
    assert parse_notice(body) == Notice(NoticeKind.VALIDATION, ())


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "is JSON"),
        ("hello", "hello"),
        (b"\xff", "UTF-8"),
        ("[" * 100_000, "is JSON"),
        ("null", "missing or null"),
        ("[]", "an empty list"),
        ("[1]", "a list"),
        ("12", "12"),
        ('"text"', "is JSON"),
        ({}, "the keys []"),
        ({"hello": 1}, "'hello'"),
        ({"s3Bucket": BUCKET}, "s3ObjectKey is missing or null"),
        ({"s3Bucket": BUCKET, "s3ObjectKey": []}, "s3ObjectKey is an empty list"),
        ({"s3Bucket": BUCKET, "s3ObjectKey": ["k", 1]}, "s3ObjectKey is 1"),
        ({"s3Bucket": BUCKET, "s3ObjectKey": [""]}, "s3ObjectKey is ''"),
        ({"s3Bucket": None, "s3ObjectKey": ["k"]}, "s3Bucket is missing or null"),
        ({"Records": None}, "Records are missing or null"),
        ({"Records": []}, "Records are an empty list"),
        ({"Records": [1]}, "1 in its Records"),
        ({"Records": [{"s3": {}}]}, "an object in its Records"),
        ({"Records": [{"eventName": "ObjectCreated:Put"}]}, "bucket name is missing or null"),
        ({"Records": [{"eventName": "ObjectCreated:Put", "s3": []}]}, "bucket name is missing or null"),
        ({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}}}]}, "object key"),
        ({**eventbridge("k"), "detail-type": ["Object Created"]}, "a list"),
        ({**eventbridge("k"), "source": "aws.ec2"}, "aws.ec2"),
        ({**eventbridge("k"), "detail": None}, "bucket name"),
        ({"Type": "SubscriptionConfirmation", "Message": "You have chosen …"}, "SubscriptionConfirmation"),
        ({"Type": "Notification", "Message": {}}, "Message is an object"),
        (in_sns("hello"), "hello"),
        (in_sns(in_sns(in_sns(in_sns(CLOUDTRAIL)))), "more than 4 envelopes"),
    ],
)
def test_anything_else_is_refused_and_the_refusal_says_what_was_met(body: Any, told: str) -> None:
    with pytest.raises(NoticeError) as refusal:
        parse_notice(body)

    assert told in str(refusal.value)


def test_a_refusal_stays_short_and_printable_whatever_was_sent() -> None:
    with pytest.raises(NoticeError) as refusal:
        parse_notice("\x1b[31m\n" * 100_000)

    assert len(str(refusal.value)) < 400
    assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    "kind",
    [
        *("Object Deleted", "Object Restore Initiated", "Object Restore Completed", "Object Restore Expired"),
        *("Object Storage Class Changed", "Object Access Tier Changed", "Object ACL Updated"),
        *("Object Tags Added", "Object Tags Deleted"),
    ],
)
def test_what_else_s3_says_through_eventbridge_names_no_object(kind: str) -> None:
    body = {**eventbridge("k"), "detail-type": kind}
    assert parse_notice(body) == Notice(NoticeKind.EVENTBRIDGE, ())
    assert parse_notice(in_sns(body)) == Notice(NoticeKind.EVENTBRIDGE, ())
