"""`notify` on stream batches: each alert told once, whatever fails."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.handlers.conftest import TABLE, Aws, LambdaContext, alarm_counts, tally_of
from tests.handlers.test_detect import run as run_detect
from tests.samples import STOP_RULE, log_file, log_key, notice, record
from trailwarden.alerting import MAIN, AccountName, Alerting, LevelOverride, Route, dump_alerting
from trailwarden.state.outbox import Outgoing

Load = Callable[[str], ModuleType]
OTHER = "BBBBBBBBBBBBBBBB"


def stored_alerts(aws: Aws, load: Load, *users: str) -> list[dict[str, Any]]:
    """Stream records of new alerts, one a user, as `detect` stored them."""
    records = [
        record(number, userIdentity={"type": "IAMUser", "userName": user})
        for number, user in enumerate(users)
    ]
    aws.put(log_key(), log_file(records))
    assert run_detect(load("detect"), notice(log_key())) == []
    items = [item for item in aws.items("ALERT#") if item["sk"]["S"] == "ALERT"]
    items.sort(key=lambda item: json.loads(item["alert"]["S"])["title"])
    return stream(*items)


def stream(*items: dict[str, Any]) -> list[dict[str, Any]]:
    """Items as the table's stream tells of them when they are new."""
    return [
        {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(100 + place), "NewImage": item}}
        for place, item in enumerate(items)
    ]


def run(module: ModuleType, records: list[dict[str, Any]]) -> list[str]:
    answer = module.handler({"Records": records}, LambdaContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def titles(aws: Aws) -> list[str]:
    """What the subscribers were told since the last call."""
    bodies = [json.loads(message["Body"]) for message in aws.messages(aws.alert_queue)]
    return sorted(json.loads(body["Message"])["title"] for body in bodies)


def test_a_new_alert_reaches_the_subscriber(aws: Aws, load: Load) -> None:
    assert run(load("notify"), stored_alerts(aws, load, "mallory")) == []
    (message,) = aws.messages(aws.alert_queue)
    envelope = json.loads(message["Body"])
    assert envelope["Subject"] == "[HIGH] user mallory stopped the trail"
    alert = json.loads(envelope["Message"])
    assert alert["rule_id"] == STOP_RULE
    assert alert["record"]["eventName"] == "StopLogging"
    attributes = {name: value["Value"] for name, value in envelope["MessageAttributes"].items()}
    assert attributes == {
        "severity": "high",
        "reason": "opened",
        "rule_id": STOP_RULE,
        "account": "444455556666",
        "region": "eu-west-1",
    }


def test_a_staged_alert_is_passed_over_and_counted(
    aws: Aws, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    records = stored_alerts(aws, load, "alice", "bob")
    image = records[0]["dynamodb"]["NewImage"]
    staged = {**json.loads(image["alert"]["S"]), "status": "test", "staged": True}
    image["alert"] = {"S": json.dumps(staged)}
    caplog.clear()

    assert run(load("notify"), records) == []

    tally = tally_of(caplog)
    assert titles(aws) == ["user bob stopped the trail"]
    assert [tally[name] for name in ("StagedAlerts", "AlertsTold", "AlertsNotTold")] == [1, 1, 0]


def test_a_repeated_stream_batch_is_told_once(aws: Aws, load: Load) -> None:
    records = stored_alerts(aws, load, "alice", "bob")
    notify = load("notify")
    assert run(notify, records) == []
    assert run(load("notify"), records) == []
    assert titles(aws) == ["user alice stopped the trail", "user bob stopped the trail"]


def test_a_publish_that_fails_costs_only_its_own_alert_and_repeats_nothing(
    aws: Aws, load: Load, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    records = stored_alerts(aws, load, "alice", "bob", "carol")
    notify = load("notify")
    (topic,) = notify.tellers.channels.all
    publish = topic._topic.publish

    def refuse_bob(message: Any) -> str:
        if "bob" in message.subject:
            raise ConnectionError("SNS is out of reach")
        return str(publish(message))

    with monkeypatch.context() as broken:
        broken.setattr(topic._topic, "publish", refuse_bob)
        assert run(notify, records) == ["101"]
    assert alarm_counts(capsys.readouterr().out) == {"AlertsNotTold": 1}
    assert titles(aws) == ["user alice stopped the trail", "user carol stopped the trail"]

    assert run(notify, records[1:]) == []
    assert titles(aws) == ["user bob stopped the trail"]


def test_a_mark_that_cannot_be_set_does_not_tell_twice(
    aws: Aws, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = stored_alerts(aws, load, "alice")
    notify = load("notify")

    def refuse(*_: Any) -> None:
        raise ConnectionError("DynamoDB is out of reach")

    monkeypatch.setattr(notify.tellers.notifier, "_pause", lambda _: None)
    with monkeypatch.context() as broken:
        broken.setattr(notify.tellers.outbox, "told", refuse)
        assert run(notify, records) == ["100"], "the stream comes again, for the mark alone"
    assert run(notify, records) == []
    assert titles(aws) == ["user alice stopped the trail"]
    assert run(load("notify"), records) == []
    assert titles(aws) == []


def test_no_message_is_begun_without_time_left_for_it(aws: Aws, load: Load) -> None:
    records = stored_alerts(aws, load, "alice", "bob", "carol")
    notify = load("notify")
    left = iter([60.0, 45.0, 12.0])

    class Context(LambdaContext):
        def get_remaining_time_in_millis(self) -> int:
            return int(1000 * next(left))

    answer = notify.handler({"Records": records}, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "102"}]}
    assert titles(aws) == ["user alice stopped the trail", "user bob stopped the trail"]
    assert run(notify, records[2:]) == []
    assert titles(aws) == ["user carol stopped the trail"]


def test_a_crash_after_the_mark_is_not_told_again(aws: Aws, load: Load) -> None:
    records = stored_alerts(aws, load, "alice", "bob")
    notify = load("notify")
    run(notify, records[:1])  # the function dies here: the stream brings the whole batch again
    assert run(notify, records) == []
    assert titles(aws) == ["user alice stopped the trail", "user bob stopped the trail"]


def test_a_record_that_is_no_alert_is_reported_by_its_number(aws: Aws, load: Load) -> None:
    image = {"pk": {"S": "ALERT#1"}, "sk": {"S": "ALERT"}, "alert": {"S": "{"}}
    broken = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "7", "NewImage": image}}
    assert run(load("notify"), [broken]) == ["7"]


def test_the_mark_keeps_its_first_time(aws: Aws, load: Load) -> None:
    records = stored_alerts(aws, load, "alice")
    notify = load("notify")
    run(notify, records)
    key = {name: records[0]["dynamodb"]["NewImage"][name] for name in ("pk", "sk")}
    first = aws.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]["told_at"]
    notify.tellers.outbox._now = lambda: 1.0
    notify.tellers.outbox.told(Outgoing(key["pk"]["S"].removeprefix("ALERT#")), "high")
    assert aws.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]["told_at"] == first
    assert week(aws)["TOLD#high"] == 1, "what was told is counted once"


def week(aws: Aws) -> dict[str, int]:
    """What was counted for the heartbeat."""
    return {item["sk"]["S"]: int(item["messages"]["N"]) for item in aws.items("WEEK#") if "messages" in item}


def lay_settings(tmp_path: Path, aws: Aws, **settings: Any) -> None:
    """Other settings beside the handlers that are started from now on."""
    settings = {"topics": (Route(MAIN, aws.alert_topic),), **settings}
    (tmp_path / "alerting.json").write_bytes(dump_alerting(Alerting(**settings)))


def test_a_follow_up_is_told_with_its_number_and_once(aws: Aws, load: Load) -> None:
    records = stored_alerts(aws, load, "alice")
    notify = load("notify")
    run(notify, records)
    aws.messages(aws.alert_queue)
    more = [record(number, userIdentity={"type": "IAMUser", "userName": "alice"}) for number in range(10, 30)]
    aws.put(log_key(OTHER), log_file(more))
    run_detect(load("detect"), notice(log_key(OTHER)))
    (item,) = [item for item in aws.items("ALERT#") if item["sk"]["S"].startswith("MORE#")]

    assert run(notify, stream(item)) == []
    assert run(load("notify"), stream(item)) == []

    (message,) = aws.messages(aws.alert_queue)
    told = json.loads(json.loads(message["Body"])["Message"])
    assert (told["reason"], told["count"], told["more"]) == ("grew", 21, 20)
    assert json.loads(message["Body"])["Subject"] == "[HIGH] +20 more: user alice stopped the trail"


def test_what_exceeds_the_budget_is_held_back_and_counted(
    aws: Aws, load: Load, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    users = [f"user{number}" for number in range(5)]
    records = stored_alerts(aws, load, *users)
    lay_settings(tmp_path, aws, rule_budget=2)
    caplog.clear()

    assert run(load("notify"), records) == []

    tally = tally_of(caplog)
    assert (tally["AlertsTold"], tally["AlertsHeldBack"]) == (2, 3)
    assert len(titles(aws)) == 2
    assert len(aws.items("HELD#")) == 3
    assert week(aws) == {"TOLD#high": 2, "HELD": 3}
    # The stream repeats: what was held stays held, and takes nothing from the next hour's budget.
    assert run(load("notify"), records) == []
    assert titles(aws) == []
    assert len(aws.items("HELD#")) == 3


def test_a_topic_that_fails_does_not_have_another_told_twice(
    aws: Aws, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = stored_alerts(aws, load, "alice")
    routes = (Route(MAIN, aws.alert_topic), Route("second", aws.alert_topic))
    lay_settings(tmp_path, aws, topics=routes)
    notify = load("notify")
    _, second = notify.tellers.channels.all

    def refuse(_: Any) -> str:
        raise ConnectionError("SNS is out of reach")

    with monkeypatch.context() as broken:
        broken.setattr(second._topic, "publish", refuse)
        assert run(notify, records) == ["100"]
    assert len(titles(aws)) == 1
    assert run(load("notify"), records) == []
    assert len(titles(aws)) == 1, "only the second topic had not got it"
    assert run(load("notify"), records) == []
    assert titles(aws) == []


def test_a_route_and_a_level_of_the_settings_hold(aws: Aws, load: Load, tmp_path: Path) -> None:
    lay_settings(
        tmp_path,
        aws,
        topics=(
            Route(MAIN, "arn:aws:sns:eu-west-1:123456789012:nobody"),
            Route("quiet", aws.alert_topic, levels=("low",), exclusive=True),
        ),
        levels=(LevelOverride(environments=("Sandbox",), at_most="low"),),
        accounts={"444455556666": AccountName(name="play", environment="sandbox")},
    )
    records = stored_alerts(aws, load, "alice")

    assert run(load("notify"), records) == []

    (message,) = aws.messages(aws.alert_queue)
    told = json.loads(json.loads(message["Body"])["Message"])
    assert (told["level"], told["account_name"], told["environment"]) == ("low", "play", "sandbox")


def test_whoever_stands_behind_a_role_is_named(aws: Aws, load: Load) -> None:
    key = "ASIA" + "A" * 16
    assumed = {
        "eventName": "AssumeRole",
        "eventSource": "sts.amazonaws.com",
        "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "444455556666"},
        "responseElements": {"credentials": {"accessKeyId": key, "expiration": "Mar 1, 2026, 1:00:00 PM"}},
    }
    session = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::444455556666:assumed-role/Admin/work",
        "accountId": "444455556666",
        "accessKeyId": key,
        "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "Admin"}},
    }
    aws.put(log_key(), log_file([record(1, **assumed), record(2, userIdentity=session)]))
    assert run_detect(load("detect"), notice(log_key())) == []
    (item,) = [item for item in aws.items("ALERT#") if item["sk"]["S"] == "ALERT"]

    assert run(load("notify"), stream(item)) == []

    (message,) = aws.messages(aws.alert_queue)
    told = json.loads(json.loads(message["Body"])["Message"])
    assert told["actor"]["behind"] == "alice"
    assert told["actor"]["through"] == "alice through role Admin"
