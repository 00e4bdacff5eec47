"""What announces a change in the rules bucket, in every envelope; and what does not."""

import json
from typing import Any

import pytest

from trailwarden.errors import NoticeError
from trailwarden.publishing.notices import FolderChange, PublishNotice, parse_publish_notice

S3_RECORD: dict[str, Any] = {
    "eventName": "ObjectCreated:Put",
    "eventTime": "2026-03-01T12:00:00.000Z",
    "userIdentity": {"principalId": "AWS:AIDAADA"},
    "s3": {"bucket": {"name": "rules"}, "object": {"key": "team/a+b%2B.yml", "versionId": "v1"}},
}
CHANGE = FolderChange("rules", "team/a b+.yml", "v1", False, "AWS:AIDAADA", "2026-03-01T12:00:00.000Z")
EVENTBRIDGE: dict[str, Any] = {
    "source": "aws.s3",
    "detail-type": "Object Deleted",
    "time": "2026-03-01T12:00:00Z",
    "detail": {
        "bucket": {"name": "rules"},
        "object": {"key": "team/a b+.yml", "version-id": "v1"},
        "requester": "444455556666",
    },
}


def s3_event(*records: Any) -> dict[str, Any]:
    return {"Records": list(records)}


def test_an_s3_event_says_who_did_what() -> None:
    assert parse_publish_notice(json.dumps(s3_event(S3_RECORD))) == PublishNotice((CHANGE,))


def test_a_removal_counts_too_and_what_changes_no_object_does_not() -> None:
    removed = {**S3_RECORD, "eventName": "ObjectRemoved:DeleteMarkerCreated"}
    tagged = {**S3_RECORD, "eventName": "ObjectTagging:Put"}
    (change,) = parse_publish_notice(s3_event(removed, tagged)).changes
    assert change.removed


def test_the_same_event_inside_sns() -> None:
    body = json.dumps({"Type": "Notification", "Message": json.dumps(s3_event(S3_RECORD))})
    assert parse_publish_notice(body) == PublishNotice((CHANGE,))


def test_eventbridge_says_the_same_in_its_own_words() -> None:
    (change,) = parse_publish_notice(EVENTBRIDGE).changes
    assert change == FolderChange(
        "rules", "team/a b+.yml", "v1", True, "444455556666", "2026-03-01T12:00:00Z"
    )


def test_the_schedule_and_the_trial_of_the_line() -> None:
    assert parse_publish_notice({"source": "aws.events", "detail-type": "Scheduled Event"}).scheduled
    assert parse_publish_notice({"source": "aws.scheduler"}).scheduled
    assert parse_publish_notice({"Event": "s3:TestEvent", "Service": "Amazon S3"}) == PublishNotice()


def test_a_principal_that_is_missing_or_forged_is_one_line_of_text() -> None:
    nobody = {key: value for key, value in S3_RECORD.items() if key != "userIdentity"}
    forged = {**S3_RECORD, "userIdentity": {"principalId": "eve\nWho: Ada\u202e"}}
    first, second = parse_publish_notice(s3_event(nobody, forged)).changes
    assert first.who == "an unknown principal"
    assert second.who == "eve Who: Ada"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "nonsense",
        b"\xff",
        "[" * 100_000,
        "{}",
        json.dumps({"source": "aws.ec2"}),
        json.dumps(s3_event({**S3_RECORD, "s3": {}})),
        json.dumps(s3_event({**S3_RECORD, "s3": "x"})),
        json.dumps({"Type": "Notification", "Message": "{"}),
        json.dumps(
            {"Type": "Notification", "Message": json.dumps({"Type": "Notification", "Message": "{}"})}
        ),
    ],
)
def test_anything_else_is_no_notice(body: str | bytes) -> None:
    with pytest.raises(NoticeError):
        parse_publish_notice(body)
