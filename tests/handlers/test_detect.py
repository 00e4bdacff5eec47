"""`detect` on SQS batches: partial failures, repeats, metrics."""

import json
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.handlers.conftest import TABLE, Aws, LambdaContext, alarm_counts, tally_of
from tests.samples import harmless, log_file, log_key, notice, record
from tests.unit.activity.credentials import ALICE, assumed, key, session_identity
from trailwarden.activity.describe import describe
from trailwarden.activity.model import Context
from trailwarden.aws.session_table import SessionTable
from trailwarden.errors import SettingsError

Load = Callable[[str], ModuleType]
GOOD, BAD, GONE = ("AAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBB", "CCCCCCCCCCCCCCCC")


def batch(*bodies: str) -> dict[str, Any]:
    """An SQS event; the message ids are the places in it."""
    return {"Records": [{"messageId": str(place), "body": body} for place, body in enumerate(bodies)]}


def run(module: ModuleType, *bodies: str) -> list[str]:
    """The ids of the messages that must come again."""
    answer = module.handler(batch(*bodies), LambdaContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_one_bad_notice_never_repeats_the_others(aws: Aws, load: Load) -> None:
    aws.put(log_key(GOOD), log_file([record(1), harmless(2)]))
    detect = load("detect")

    failed = run(detect, notice(log_key(GONE)), notice(log_key(GOOD)), "not json", notice(log_key(GOOD)))

    assert failed == ["0"]
    alerts = [item for item in aws.items("ALERT#") if item["sk"]["S"] == "ALERT"]
    assert len(alerts) == 1
    assert json.loads(alerts[0]["alert"]["S"])["title"] == "user mallory stopped the trail"
    assert int(alerts[0]["expires_at"]["N"]) > int(alerts[0]["opened_at"]["N"])


def test_a_whole_batch_may_fail_without_an_exception(aws: Aws, load: Load) -> None:
    assert run(load("detect"), notice(log_key(GONE)), notice(log_key(GONE))) == ["0", "1"]


def test_a_new_execution_environment_does_not_read_a_file_again(
    aws: Aws, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    aws.put(log_key(GOOD), log_file([record()]))
    assert run(load("detect"), notice(log_key(GOOD))) == []
    before = aws.items("ALERT#")
    caplog.clear()
    assert run(load("detect"), notice(log_key(GOOD))) == []
    tally = tally_of(caplog)
    assert (tally["Files"], tally["Duplicates"]) == (0, 1)
    assert aws.items("ALERT#") == before


def test_what_a_batch_came_to_stands_in_one_log_line_and_no_metric_is_paid_for(
    aws: Aws, load: Load, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    data = log_file([record(1), record(2), harmless(3), "no record"])
    aws.put(log_key(GOOD), data)
    aws.put(log_key(BAD), b"\x1f\x8bdamaged")
    run(load("detect"), notice(log_key(GOOD)), notice(log_key(BAD)), notice(log_key(GONE)), "{}")

    text = capsys.readouterr().out
    assert alarm_counts(text) == {}
    told = tally_of(caplog)
    lag, milliseconds = told.pop("DeliveryLag"), told.pop("ProcessingTime")
    assert lag > 0
    assert milliseconds > 0
    assert told == {
        "Notices": 4,
        "Files": 2,
        "Records": 3,
        "Bytes": len(data) + len(b"\x1f\x8bdamaged"),
        "Matches": 2,
        "HiddenMatches": 0,
        "Alerts": 1,
        "Duplicates": 0,
        "PassedOver": 0,
        "UnreadableFiles": 1,
        "UnreadableNotices": 1,
        "Defects": told["Defects"],
        "UnavailableFiles": 1,
        "RuleFailures": 0,
        "Correlated": 0,
        "Ungrouped": 0,
        "SessionsLearned": 0,
        "NoticesFailedAgain": 0,
        "UnfinishedFiles": 0,
        "FilesSetAside": 0,
        "RuleSetLoads": 1,
        "RuleSetFailures": 0,
    }
    assert told["Defects"] >= 2


def test_an_unreadable_file_is_told_once_to_the_operations_topic(aws: Aws, load: Load) -> None:
    aws.put(log_key(BAD), b"{")
    detect = load("detect")
    for _ in range(3):
        assert run(detect, notice(log_key(BAD))) == []
    (message,) = aws.messages(aws.operations_queue)
    assert log_key(BAD) in json.loads(message["Body"])["Message"]
    (entry,) = aws.items("FILE#")
    assert entry["outcome"]["S"] == "unreadable"


def test_a_store_that_refuses_makes_the_notice_come_again(
    aws: Aws, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put(log_key(GOOD), log_file([record()]))
    detect = load("detect")
    with monkeypatch.context() as broken:
        broken.setattr(detect.rules.current()._tools.store._store, "_table", "gone")
        assert run(detect, notice(log_key(GOOD))) == ["0"]
    assert run(detect, notice(log_key(GOOD))) == []
    assert [item["sk"]["S"] for item in aws.items("ALERT#")] == ["ALERT"]
    assert sorted(item["sk"]["S"][:5] for item in aws.items("GROUP#")) == ["GROUP", "MATCH"]


ACTED = record(9, userIdentity=session_identity("Admin", "s", key("two")))
CHAIN = [
    assumed(ALICE, key("one"), "Deploy", number=1),
    assumed(session_identity("Deploy", "s", key("one")), key("two"), number=2),
]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_who_assumed_a_role_is_learned_from_other_files_before_or_after(
    aws: Aws, load: Load, caplog: pytest.LogCaptureFixture, order: tuple[int, ...]
) -> None:
    files = [[CHAIN[0], harmless(3)], [CHAIN[1]], [ACTED]]
    keys = [log_key(unique) for unique in (GOOD, BAD, GONE)]
    for name, records in zip(keys, files, strict=True):
        aws.put(name, log_file(records))

    assert run(load("detect"), *(notice(keys[place]) for place in order)) == []

    assert tally_of(caplog)["SessionsLearned"] == 2
    table = SessionTable(aws.dynamodb, TABLE, now=time.time, pause=lambda _: None)
    told = describe(ACTED, Context(sessions=table))
    assert told.sentence().startswith("alice through role Deploy, role Admin stopped the logging of trail")
    items = aws.items("SESSION#")
    assert sorted(item["pk"]["S"] for item in items) == [f"SESSION#{key('one')}", f"SESSION#{key('two')}"]
    assert all(int(item["expires_at"]["N"]) > time.time() + 30 * 86400 for item in items)


def test_a_table_that_refuses_sessions_makes_the_notice_come_again(
    aws: Aws, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.put(log_key(GOOD), log_file([harmless(1), CHAIN[0]]))
    detect = load("detect")
    with monkeypatch.context() as broken:
        broken.setattr(detect.rules.current()._tools.sessions, "_table", "gone")
        assert run(detect, notice(log_key(GOOD))) == ["0"]
    (entry,) = aws.items("FILE#")
    assert "outcome" not in entry
    assert run(detect, notice(log_key(GOOD))) == []
    assert len(aws.items("SESSION#")) == 1


def test_a_missing_setting_is_told_when_the_function_starts(
    aws: Aws, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOG_BUCKET_NAME")
    monkeypatch.delenv("ALERT_TABLE_NAME")
    with pytest.raises(SettingsError) as caught:
        load("detect")
    assert len(caught.value.problems) == 2
