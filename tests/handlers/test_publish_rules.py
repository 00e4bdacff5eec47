"""`publish_rules` on S3's events and the schedule, and `detect` taking up what it publishes."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.handlers.conftest import RULES_BUCKET, TABLE, Aws, LambdaContext, alarm_counts, tally_of
from tests.samples import log_file, log_key, notice, record
from tests.unit.publishing.world import BROKEN, OWN, OWN_LATER, SHIPPED
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.errors import SettingsError
from trailwarden.publishing.submission import (
    FolderSubmission,
    RollbackSubmission,
    Submission,
    pack_submission,
)

Load = Callable[[str], ModuleType]


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped rules: one, so that a run is short."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    for path, content in SHIPPED.items():
        (folder / path).write_bytes(content)
    monkeypatch.setattr("trailwarden.rules.shipped_rules_path", lambda: folder)
    return folder


@pytest.fixture
def publish(load: Load, shipped: Path) -> ModuleType:
    return load("publish_rules")


def s3_event(key: str, version_id: str = "", *, bucket: str = RULES_BUCKET, name: str = "Created:Put") -> str:
    change = {
        "eventName": f"Object{name}",
        "eventTime": "2026-03-01T12:00:00.000Z",
        "userIdentity": {"principalId": "AWS:AIDAADA"},
        "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "versionId": version_id}},
    }
    return json.dumps({"Records": [change]})


def edit(aws: Aws, path: str, content: bytes) -> str:
    """Put a file by hand; the message that S3 sends of it."""
    answer = aws.s3.put_object(Bucket=RULES_BUCKET, Key=f"team/{path}", Body=content)
    return s3_event(f"team/{path}", answer["VersionId"])


def hand_in(aws: Aws, submission: Submission, unique: str) -> str:
    """Put a submission; the message that S3 sends of it."""
    packed = pack_submission(submission, unique)
    answer = aws.s3.put_object(
        Bucket=RULES_BUCKET, Key=packed.key, Body=packed.body, Metadata=packed.metadata
    )
    return s3_event(packed.key, answer["VersionId"])


def run(module: ModuleType, *bodies: str) -> list[str]:
    """The ids of the messages that must come again; an id is the place in the batch."""
    records = [
        {"messageId": str(place), "body": body, "eventSource": "aws:sqs"} for place, body in enumerate(bodies)
    ]
    answer = module.handler({"Records": records}, LambdaContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def letters(aws: Aws) -> list[str]:
    """The subjects of what the authors were told since the last look."""
    return [json.loads(message["Body"])["Subject"] for message in aws.messages(aws.authors_queue)]


def store(aws: Aws) -> RuleSetTable:
    return RuleSetTable(aws.dynamodb, TABLE, now=lambda: 0)


def live_rules(aws: Aws) -> list[str]:
    """The titles of the live rules."""
    live = store(aws).live()
    assert live is not None
    artefact = json.loads(RulesBucket(aws.s3, RULES_BUCKET).artefact(live.version))
    return sorted(rule["title"] for rule in artefact["rules"])


def test_an_edit_a_submission_and_a_rollback_go_live_and_detect_takes_them_up(
    aws: Aws, publish: ModuleType, load: Load
) -> None:
    assert run(publish, edit(aws, "own.yml", OWN)) == []
    assert live_rules(aws) == ["Root used", "Trail stopped"]
    detect = load("detect")
    aws.put(log_key(), log_file([record()]))
    detect.handler({"Records": [{"messageId": "1", "body": notice(log_key())}]}, LambdaContext())
    (alert,) = (json.loads(i["alert"]["S"]) for i in aws.items("ALERT#") if i["sk"]["S"] == "ALERT")
    assert alert["rule_title"] == "Trail stopped"
    assert alert["rule_set_version"] == detect.rules.version == store(aws).live().version  # type: ignore[union-attr]

    publish_2 = hand_in(aws, FolderSubmission(1, "Ada", "", {"own.yml": OWN_LATER}), "s1")
    assert run(publish, publish_2) == []
    assert live_rules(aws) == ["Root used", "Trail stopped or deleted"]
    detect.rules._look_at = 0
    detect.rules.current()
    assert detect.rules.version == store(aws).live().version  # type: ignore[union-attr]

    assert run(publish, hand_in(aws, RollbackSubmission(2, "Ada", "", 1), "s2")) == []
    assert live_rules(aws) == ["Root used", "Trail stopped"]
    assert RulesBucket(aws.s3, RULES_BUCKET).team().contents == {"own.yml": OWN}
    assert [subject.partition(" (")[0] for subject in letters(aws)] == [
        f"Trailwarden: rule set {number} is live" for number in (1, 2, 3)
    ]


def test_a_broken_edit_keeps_the_live_rules_and_tells_once(aws: Aws, publish: ModuleType) -> None:
    run(publish, edit(aws, "own.yml", OWN))
    letters(aws)
    broken = edit(aws, "own.yml", BROKEN)
    for _ in range(3):
        assert run(publish, broken) == []
    assert live_rules(aws) == ["Root used", "Trail stopped"]
    assert letters(aws) == ["Trailwarden: a rule set was refused"]


def test_while_another_run_publishes_everything_comes_again(aws: Aws, publish: ModuleType) -> None:
    """Reserved concurrency would need an account with more than 100 executions."""
    message = {"messageId": "1", "body": edit(aws, "own.yml", OWN), "eventSource": "aws:sqs"}
    hurried = LambdaContext(left=30.0)  # no time to wait
    with publish.lease.held(until=time.time() + 60, patience=0) as alone:
        assert alone
        answer = publish.handler({"Records": [message]}, hurried)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
        with pytest.raises(RuntimeError):
            publish.handler({"source": "aws.events", "detail-type": "Scheduled Event"}, hurried)
        assert store(aws).live() is None
    assert run(publish, message["body"]) == []
    assert live_rules(aws) == ["Root used", "Trail stopped"]


def test_events_in_any_order_and_again_end_in_the_same_rules(aws: Aws, publish: ModuleType) -> None:
    first, second = edit(aws, "own.yml", OWN), edit(aws, "own.yml", OWN_LATER)
    removal = s3_event("team/own.yml", name="Removed:DeleteMarkerCreated")
    assert run(publish, second, first, removal, first) == []
    assert run(publish, first) == []
    assert live_rules(aws) == ["Root used", "Trail stopped or deleted"]
    assert len(letters(aws)) == 1


def test_one_bad_message_never_stops_the_others(
    aws: Aws, publish: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A submission that brings the publisher down comes again; all else is dealt with."""
    crash = hand_in(aws, FolderSubmission(0, "Eve", "", {"x.yml": OWN}), "a")
    good = hand_in(aws, FolderSubmission(0, "Ada", "", {"own.yml": OWN}), "b")
    foreign = s3_event("team/own.yml", bucket="elsewhere")
    submitted = publish.publisher.submitted

    def crashing(change: Any) -> Any:
        if change.key == "submissions/a.zip":
            raise MemoryError
        return submitted(change)

    monkeypatch.setattr(publish.publisher, "submitted", crashing)

    failed = run(publish, "no json", crash, foreign, json.dumps({"Event": "s3:TestEvent"}), good)

    assert failed == ["1"]
    assert live_rules(aws) == ["Root used", "Trail stopped"]


def test_hostile_submissions_are_refused_and_told(aws: Aws, publish: ModuleType) -> None:
    aws.s3.put_object(Bucket=RULES_BUCKET, Key="submissions/by hand.zip", Body=b"PK\x03\x04nonsense")
    aws.s3.put_object(Bucket=RULES_BUCKET, Key="submissions/large.zip", Body=b"\0" * (9 << 20))
    events = [
        s3_event("submissions/by hand.zip"),
        s3_event("submissions/large.zip"),
        s3_event("submissions/no.zip"),
    ]
    assert run(publish, *events) == []
    assert run(publish, *events) == []
    assert store(aws).live() is None
    assert letters(aws) == ["Trailwarden: a rule set was refused"] * 2


def test_the_schedule_calls_the_function_itself(
    aws: Aws, publish: ModuleType, shipped: Path, load: Load
) -> None:
    run(publish, edit(aws, "own.yml", OWN))
    (shipped / "root.yml").unlink()
    event = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    assert load("publish_rules").handler(event, LambdaContext()) == {"batchItemFailures": []}
    assert live_rules(aws) == ["Trail stopped"]
    history = store(aws).history()
    assert [(each.sequence, each.kind) for each in history] == [(2, "schedule"), (1, "edit")]


def test_a_scheduled_run_that_fails_is_tried_again_by_lambda(
    aws: Aws, publish: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish.publisher._store, "_table", "gone")
    with pytest.raises(RuntimeError):
        publish.handler({"source": "aws.events"}, LambdaContext())


def test_a_table_that_refuses_makes_every_message_come_again(
    aws: Aws, publish: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = [edit(aws, "own.yml", OWN), hand_in(aws, FolderSubmission(0, "Ada", "", {"x.yml": OWN}), "a")]
    with monkeypatch.context() as broken:
        broken.setattr(publish.publisher._press._store, "_table", "gone")
        broken.setattr(publish.publisher._store, "_table", "gone")
        assert run(publish, *messages) == ["0", "1"]
    assert run(publish, *messages) == []
    assert live_rules(aws) == ["Root used", "Trail stopped"]
    # The edit was first; the submission was made from nothing, and is too late.
    assert store(aws).live().sequence == 1  # type: ignore[union-attr]
    assert letters(aws)[-1] == "Trailwarden: a rule set was refused"


def test_what_was_done_stands_in_the_log(
    aws: Aws, publish: ModuleType, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    run(publish, edit(aws, "own.yml", OWN), "nonsense")
    text = capsys.readouterr().out
    names = ("RuleSetsPublished", "RuleSetsRefused", "UnreadableNotices", "PublishFailures")
    assert [tally_of(caplog)[name] for name in names] == [1, 0, 1, 0]
    assert alarm_counts(text) == {}


def test_a_missing_setting_is_told_when_the_function_starts(
    aws: Aws, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RULES_BUCKET_NAME")
    with pytest.raises(SettingsError, match="RULES_BUCKET_NAME"):
        load("publish_rules")
