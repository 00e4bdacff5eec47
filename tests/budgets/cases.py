"""The largest legal inputs of each function, and the poison: what an attacker, or bad luck, hands it.

A case fills the world, and returns what must hold after the function has run. `part` is how much of the
largest input it is (so that `make test` stays short): it gets as much of the function's time.
"""

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from tests.budgets.world import (
    ALERTS_TOPIC,
    AUDIT,
    BUCKET,
    REGION,
    RULES_BUCKET,
    TABLE,
    World,
)
from tests.endless import ENDLESS
from tests.samples import STOP_RULE, log_file, log_key, notice, record, rule
from trailwarden.alerting import MAIN, Alerting, Route, dump_alerting
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import AlertBatch
from trailwarden.aws.group_table import GroupTable
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.rules.cost import CostBudget
from trailwarden.rules.ruleset import Level, Node, Rule, RuleSet, dump_rule_set
from trailwarden.safety.safe_record import SafeRecord
from trailwarden.state.groups import Groups
from trailwarden.state.outbox import Held

Check = Callable[[Any], None]
_RECORD = 256 * 1024  # bytes: the most that CloudTrail delivers
_TOKENS = "eyJ-" * 25_000
"""Quadratic for a pattern that begins anew at each beginning of what it looks for."""


@dataclass(frozen=True)
class Case:
    """One input of a function."""

    function: str
    name: str
    fill: Callable[[World], Check]
    part: float = 1.0
    poison: bool = False


_LAMBDAS = Path(__file__).parents[2] / "lambdas"
CASES: list[Case] = []


def case(
    function: str, *, part: float = 1.0, poison: bool = False
) -> Callable[..., Callable[[World], Check]]:
    def added(fill: Callable[[World], Check]) -> Callable[[World], Check]:
        if (_LAMBDAS / function).is_dir():
            CASES.append(Case(function, fill.__name__, fill, part, poison))
        return fill

    return added


# ---- detect


def _user(number: int) -> dict[str, str]:
    return {"type": "IAMUser", "accountId": "444455556666", "userName": f"user-{number}"}


def _large(number: int, **fields: Any) -> Record:
    """A record as large as they get, of many fields."""
    bare = record(number, userIdentity=_user(number), **fields)
    tags = [{"key": f"key-{n}", "value": f"value {n} of {number}, and some more words"} for n in range(3_200)]
    return {**bare, "requestParameters": {"name": "main-trail", "tagSet": {"items": tags}}}


def _batch(world: World, files: Sequence[bytes]) -> Check:
    """Ten notices at most, a file each; the function is to be done with all of them."""
    messages = []
    for number, data in enumerate(files):
        key = log_key(f"{number:016}")
        world.s3.put_object(Bucket=BUCKET, Key=key, Body=data)
        messages.append(
            {
                "messageId": str(number),
                "receiptHandle": str(number),
                "body": notice(key),
                "attributes": {"ApproximateReceiveCount": "1"},
            }
        )
    world.event = {"Records": messages}

    def done(answer: Any) -> None:
        assert answer == {"batchItemFailures": []}, answer

    return done


@case("detect", part=0.5)
def ten_files_of_the_largest_records(world: World) -> Check:
    files = [log_file(_large(100 * file + number) for number in range(5)) for file in range(10)]
    assert len(json.dumps(_large(1))) > 0.8 * _RECORD
    done = _batch(world, files)

    def check(answer: Any) -> None:
        done(answer)
        assert len(world.items("ALERT#", "ALERT")) >= 50

    return check


@case("detect", part=0.5)
def a_file_of_many_records_each_an_alert(world: World) -> Check:
    return _batch(world, [log_file(record(number, userIdentity=_user(number)) for number in range(3_000))])


@case("detect", poison=True)
def a_bomb_among_good_files(world: World) -> Check:
    """Half a gigabyte of nothing in half a megabyte; and nested far deeper than any parser goes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    parts = [packer.compress(b'{"Records":[{"eventName":"')]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(500)]
    deep = b'{"Records":[{"eventName":"StopLogging","requestParameters":' + b"[" * 2_000_000
    good = [log_file([record(number, userIdentity=_user(number))]) for number in range(7)]
    done = _batch(
        world,
        [b"".join([*parts, packer.flush()]), gzip.compress(deep), gzip.compress(b"[" * 5_000_000), *good],
    )

    def check(answer: Any) -> None:
        done(answer)
        assert len(world.items("ALERT#", "ALERT")) >= 7

    return check


@case("detect", part=0.2, poison=True)
def rules_that_cost_as_much_as_may_be(world: World) -> Check:
    """A rule set at the bounds of `rules/cost.py`, against records that ask for all of it."""
    expressions = [f"[a-q][^u-z]{{29}}x{number}" for number in range(8)]
    expressions += [f"^[a-q]{{3}}.x{number}" for number in range(290)]
    globs = [f"*a{number}*b*" for number in range(1_990)] + [f"*zz{number}q*" for number in range(19_000)]
    conditions: list[Node] = [
        ["or", *(["field", "requestParameters", ["re", expression, ""]] for expression in expressions)],
        ["field", "requestParameters", ["like", *globs]],
    ]
    costly = [
        Rule(id=f"0c1f0a5e-6a0e-4e0e-9d5e-{number:012}", title="Costly", level=Level.LOW, detection=condition)
        for number, condition in enumerate(conditions)
    ]
    budget = CostBudget()
    assert not any(budget.add(rule.detection) for rule in costly)
    assert budget.share() > 0.95
    (world.folder / "ruleset.json").write_bytes(dump_rule_set(RuleSet(rules=(_RULE, *costly))))
    words = [f"i-{number:017x} abcdefghijklmnopqrst" for number in range(25)]
    asked = [
        record(number, userIdentity=_user(number), requestParameters={"items": words}) for number in range(40)
    ]
    done = _batch(world, [log_file(asked)])

    def check(answer: Any) -> None:
        done(answer)
        assert world.items("ALERT#", "ALERT")

    return check


@case("detect", poison=True)
def secrets_that_never_end(world: World) -> Check:
    poisoned = [
        record(
            number,
            eventSource="codebuild.amazonaws.com",
            eventName="UpdateProject",
            requestParameters={"name": "p", "source": {"buildspec": _TOKENS}, "description": _TOKENS},
            userIdentity=_user(number),
        )
        for number in range(3)
    ]
    stopped = [record(10 + n, userAgent=_TOKENS[:100_000], userIdentity=_user(n)) for n in range(3)]
    return _batch(world, [log_file(poisoned + stopped), log_file([record(99)])])


@case("detect", poison=True)
def values_that_have_no_end_among_good_records(world: World) -> Check:
    """Each as large as a record gets, in one file: all that it says is stored, in one run."""
    good = [record(number, userIdentity=_user(number)) for number in range(100)]
    poisoned = [
        record(
            200 + number,
            requestParameters={"name": (unit * (_RECORD // len(unit)))[: _RECORD - 2_000]},
            userIdentity=_user(200 + number),
        )
        for number, unit in enumerate(ENDLESS)
    ]
    done = _batch(world, [log_file([*good[:50], *poisoned, *good[50:]])])

    def check(answer: Any) -> None:
        done(answer)
        assert len(world.items("ALERT#", "ALERT")) == len(good) + len(poisoned)

    return check


# ---- notify and tend_alerts

_RULE = rule(STOP_RULE, "StopLogging", alert_title="{actor} stopped the trail")


def _stored(world: World, records: Sequence[Record], *, seconds_ago: int = 0) -> None:
    """The alerts of these records, as `detect` writes them; their records as they are, none masked before."""
    grouper = AlertGrouper("v1", keep_matches=True)
    whole = {}
    for one in records:
        plain = {**one, "requestParameters": {"name": "main-trail"}}
        match = Match(_RULE, plain, 0, event_identity(plain), event_time(plain))
        whole[match.event_id] = one
        grouper.add(match, f"s3://{BUCKET}/{log_key()}")

    def as_it_is(batch: AlertBatch) -> AlertBatch:
        shown = whole[batch.matches[0].event_id]
        return replace(batch, make=lambda: replace(batch.make(), record=SafeRecord(shown)))

    def now() -> float:
        return time.time() - seconds_ago

    table = GroupTable(world.table, TABLE, retention=timedelta(days=400), now=now, pause=lambda _: None)
    Groups(table, now=now, pause=lambda _: None).add(map(as_it_is, grouper.drain()))


def _stream(world: World) -> Callable[[int], Check]:
    """The event that the table's stream makes of all alerts; all are to be sent, or kept for a summary."""
    items = world.items("ALERT#", "ALERT")
    world.event = {
        "Records": [
            {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(at), "NewImage": dict(item)}}
            for at, item in enumerate(items)
        ]
    }

    def expecting(count: int) -> Check:
        def check(answer: Any) -> None:
            assert answer == {"batchItemFailures": []}, answer
            assert len(items) == count
            assert all("told_at" in item or "held_in" in item for item in world.items("ALERT#", "ALERT"))
            assert world.topics.published

        return check

    return expecting


@case("notify")
def a_batch_as_large_as_lambda_takes(world: World) -> Check:
    """Six megabytes: items of nearly 400 KB."""
    records = []
    for number in range(15):
        words = [f"word {n} of a long request, number {number}" for n in range(9_000)]
        records.append(record(number, userIdentity=_user(number), requestParameters={"words": words}))
    _stored(world, records)
    return _stream(world)(15)


@case("notify")
def a_batch_of_a_hundred_alerts(world: World) -> Check:
    _stored(world, [record(number, userIdentity=_user(number)) for number in range(100)])
    return _stream(world)(100)


def _poisoned() -> list[Record]:
    """What costs most to mask, describe and lay out, of 25 actors."""
    deep: Any = "bottom"
    for _ in range(300):
        deep = {"next": [deep]}
    requests: list[Any] = [
        {"source": {"buildspec": _TOKENS}},
        {"script": _TOKENS + "." + _TOKENS + "."},
        {"statement": "IDENTIFIED BY " * 8_000},
        {"text": "password=" * 11_000},
        {"text": "a" * 100_000 + "=" + "b" * 100_000},
        {"document": json.dumps(json.dumps(json.dumps({"password": "x" * 30_000})))},
        {"deep": deep},
        {f"field{number}": "value" for number in range(12_000)},
        {"text": "AKIA" * 25_000},
        {"text": "\u202e\U0001f600" * 30_000},
        {"text": "-----BEGIN PRIVATE KEY-----" * 4_000},
        {"text": "https://user:" * 8_000},
    ]
    return [
        record(number, userIdentity=_user(number), requestParameters=request)
        for number, request in enumerate(requests)
    ]


@case("notify", poison=True)
def what_costs_most_to_word(world: World) -> Check:
    records = _poisoned()
    _stored(world, [*records, record(99)])
    return _stream(world)(len(records) + 1)


def _told(world: World) -> None:
    """As if `notify` had sent all that there is."""
    for item in world.items("ALERT#", "ALERT"):
        item["told_at"] = item["taken_at"] = {"N": str(int(time.time()))}


def _due(answer: Any) -> None:
    assert answer["failed"] == 0, answer


@case("tend_alerts", part=0.9)
def a_thousand_alerts_that_are_due(world: World) -> Check:
    _stored(world, [record(n, userIdentity=_user(n)) for n in range(1_000)], seconds_ago=7_200)
    _told(world)

    def check(answer: Any) -> None:
        _due(answer)
        assert answer["closed"] == 1_000 or answer["left"]

    return check


@case("tend_alerts")
def an_alert_of_millions_of_matches(world: World) -> Check:
    """One that is counted: before it ends, and so that another behind it is looked at too."""
    _stored(world, [record(n, userIdentity=_user(n)) for n in range(2)], seconds_ago=7_200)
    _told(world)
    _endless(world, world.items("ALERT#", "ALERT")[0], 3_000_000)

    def check(answer: Any) -> None:
        _due(answer)
        assert answer["closed"] == 2

    return check


@case("tend_alerts")
def a_quarter_of_a_million_messages_held_back(world: World) -> Check:
    hour = f"{datetime.now(UTC) - timedelta(hours=2):%Y-%m-%dT%H}"
    fields = {"summaries": {"N": "0"}, "told": {"N": "0"}, "over": {"BOOL": False}}
    world.table.items["STORMS", hour] = {"pk": {"S": "STORMS"}, "sk": {"S": hour}, **fields}
    world.table.endless[f"HELD#{hour}"] = (250_000, lambda number: _held(hour, number))

    def check(answer: Any) -> None:
        _due(answer)
        assert answer["summaries"] == 1 or answer["left"]

    return check


def _held(hour: str, number: int) -> dict[str, Any]:
    held = Held(
        alert_id=f"{number:032x}",
        key="ALERT",
        rule_id=f"6f0a1f5e-3a43-4a4d-9b61-{number % 300:012}",
        rule_title=f"Rule number {number % 300}",
        level=("low", "medium", "high", "critical")[number % 4],
        account=f"{number % 10_000:012}",
        actor=f"user-{number}",
        title=f"user-{number} did something in account {number % 10_000:012}",
        first_event_time="2026-03-01T12:00:00Z",
        last_event_time="2026-03-01T12:00:00Z",
        channels=("alerts",),
        owner=f"team {number % 50}",
        tactics=("attack.defense-evasion",),
    )
    keys = {"pk": {"S": f"HELD#{hour}"}, "sk": {"S": f"{held.alert_id}#ALERT"}}
    return {**keys, "held": {"S": msgspec.json.encode(held).decode()}}


@case("tend_alerts", poison=True)
def what_costs_most_to_word_and_was_never_sent(world: World) -> Check:
    """The stream lost them: they are sent from here, and what is behind them is looked at too."""
    records = _poisoned()
    _stored(world, records, seconds_ago=9_000)
    _stored(world, [record(99)], seconds_ago=7_200)
    behind = {item["pk"]["S"] for item in world.items("ALERT#", "ALERT")}

    def check(answer: Any) -> None:
        _due(answer)
        sent = {
            item["pk"]["S"]
            for item in world.items("ALERT#", "ALERT")
            if "told_at" in item or "held_in" in item
        }
        assert sent == behind
        assert len(world.topics.published) >= 1

    return check


# ---- watch_alerting


def _alerting(world: World, *mails: str) -> None:
    expected = [{"topic_arn": ALERTS_TOPIC, "protocol": "email", "endpoint": mail} for mail in mails]
    document = {
        "account": AUDIT,
        "region": REGION,
        "topics": [{"name": "alerts", "topic_arn": ALERTS_TOPIC}],
        "subscriptions": expected,
        "accounts": {},
        "organization": True,
        "environment_tag": "stage",
    }
    (world.folder / "alerting.json").write_text(json.dumps(document))


def _subscriptions(count: int, endpoint: Callable[[int], str]) -> Iterator[dict[str, Any]]:
    for first in range(0, count, 100):
        yield {
            "Subscriptions": [
                {
                    "SubscriptionArn": "PendingConfirmation" if n % 1000 == 7 else f"{ALERTS_TOPIC}:{n}",
                    "Protocol": "email",
                    "Endpoint": endpoint(n),
                }
                for n in range(first, first + 100)
            ]
        }


@case("watch_alerting")
def ten_thousand_accounts_and_a_hundred_thousand_subscriptions(world: World) -> Check:
    _alerting(world, "user-1@example.com")
    world.accounts.names = [f"Account number {number}" for number in range(10_000)]
    world.topics.pages = lambda: _subscriptions(100_000, lambda n: f"user-{n}@example.com")

    def check(answer: Any) -> None:
        assert answer is None
        assert world.items("ACCOUNTS")
        assert world.items("SUBSCRIPTIONS#")

    return check


@case("watch_alerting", poison=True)
def endpoints_and_names_of_an_attacker(world: World) -> Check:
    _alerting(world, "user-1@example.com")
    world.accounts.names = ["\x1b[2J" + "eyJ-" * 20, "", "\u202e" * 50, "null"] * 1_000
    world.topics.pages = lambda: _subscriptions(5_000, lambda n: "https://user:" * 150 + f"{n}")

    def check(answer: Any) -> None:
        assert answer is None
        assert world.items("ACCOUNTS")

    return check


# ---- publish_rules

_OWN = """
title: {title}
id: 2c1f0a5e-6a0e-4e0e-9d5e-{number:012}
status: stable
level: low
logsource: {{product: aws, service: cloudtrail}}
detection:
  selection:
    eventSource: cloudtrail.amazonaws.com
    eventName: [StopLogging, DeleteTrail]
    requestParameters.name|contains: ["{number}", "trail-{number}"]
  condition: selection
"""


def _edited(world: World, files: dict[str, str]) -> None:
    for path, text in files.items():
        world.s3.put_object(Bucket=RULES_BUCKET, Key=f"team/{path}", Body=text.encode())
    change = {
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-03-01T12:00:00.000Z",
        "userIdentity": {"principalId": "AWS:AIDAADA"},
        "s3": {
            "bucket": {"name": RULES_BUCKET},
            "object": {"key": f"team/{next(iter(files))}", "versionId": "1"},
        },
    }
    body = json.dumps({"Records": [change]})
    world.event = {"Records": [{"messageId": "0", "body": body, "eventSource": "aws:sqs"}]}


def _published(world: World) -> Check:
    def check(answer: Any) -> None:
        assert answer == {"batchItemFailures": []}, answer
        assert world.items("RULESET", "LIVE"), [subject for _, subject in world.topics.published]

    return check


def _settled(world: World) -> Check:
    """Published or refused, and the authors were notified: whatever it is, it does not come again."""

    def check(answer: Any) -> None:
        assert answer == {"batchItemFailures": []}, answer
        assert world.topics.published

    return check


@case("publish_rules", part=0.35)
def a_folder_of_many_rules(world: World) -> Check:
    """A tenth of the files that a folder may hold, beside all rules that ship."""
    _edited(
        world, {f"{number}.yml": _OWN.format(number=number, title=f"Rule {number}") for number in range(200)}
    )
    return _published(world)


@case("publish_rules", poison=True)
def files_that_grow_when_they_are_read(world: World) -> Check:
    """Aliases of aliases, regular expressions that multiply, and more than any parser's depth."""
    aliases = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    selection = "    requestParameters.name|re: '{}'\n"
    bad = _OWN.replace('    requestParameters.name|contains: ["{number}", "trail-{number}"]\n', "{extra}")
    patterns = [
        "((a{{1000}}){{1000}}){{1000}}",
        "(" * 5_000 + "a" + ")" * 5_000,
        "(a|b|c)*" * 20_000,
        "[a-z]+" * 50_000,
        "[a-q][^u-z]{{990}}x0",
        "([a-q][a-t]{{8}}){{100}}x(y|z){{900}}",
    ]
    files = {
        f"re{number}.yml": bad.format(
            number=number,
            title=f"Rule {number}",
            extra=selection.format(pattern.replace("{{", "{").replace("}}", "}")),
        )
        for number, pattern in enumerate(patterns)
    }
    files["many.yml"] = bad.format(number=98, title="Many", extra="").replace(
        "condition: selection", "condition: " + "not (" * 3_000 + "selection" + ")" * 3_000
    )
    files |= {"aliases.yml": aliases, "deep.yml": "a: " + "[" * 100_000, "braces.yml": "{" * 100_000}
    _edited(world, files)
    return _settled(world)


# ---- apply_requests


def _asked(world: World, texts: Sequence[str]) -> Check:
    """What one responder hands in, as the stream shows it; every request is answered, none comes again."""
    records = []
    for number, text in enumerate(texts):
        key = {"pk": {"S": "REQUEST#AROARESPONDERS:alice"}, "sk": {"S": f"{number:032}"}}
        item = key | {"request": {"S": text}}
        world.table.put_item(TableName=TABLE, Item=dict(item))
        change = {
            "ApproximateCreationDateTime": time.time(),
            "Keys": key,
            "NewImage": item,
            "SequenceNumber": str(number),
        }
        records.append({"eventName": "INSERT", "dynamodb": change})
    world.event = {"Records": records}

    def check(answer: Any) -> None:
        assert answer == {"batchItemFailures": []}, answer
        assert all("outcome" in item for item in world.items("OUTCOME#"))

    return check


def _endless(world: World, alert: dict[str, Any], matches: int) -> None:
    """As many matches in the alert's group, all at one time."""
    group = alert["group_key"]["S"]
    place = event_time(record())
    item = {
        "rule_id": {"S": STOP_RULE},
        "event_id": {"S": "a0000000-0000-0000-0000-000000000066"},
        "log_file": {"S": f"s3://{BUCKET}/{log_key()}"},
        "record_index": {"N": "7"},
        "origin": {"S": "203.0.113.7"},
        "action": {"S": "StopLogging"},
    }

    def made(number: int) -> dict[str, Any]:
        return {**item, "pk": {"S": f"GROUP#{group}"}, "sk": {"S": f"MATCH#{place}#{number:032x}"}}

    world.table.endless[f"GROUP#{group}"] = (matches, made)


@case("apply_requests")
def an_alert_of_millions_is_acknowledged(world: World) -> Check:
    _stored(world, [record(1)])
    (alert,) = world.items("ALERT#", "ALERT")
    _endless(world, alert, 3_000_000)
    alert_id = alert["pk"]["S"].removeprefix("ALERT#")
    return _asked(world, [json.dumps({"action": "acknowledge", "alert_id": alert_id})])


@case("apply_requests", poison=True)
def requests_of_somebody_who_means_harm(world: World) -> Check:
    deep = "[" * 390_000
    note = json.dumps({"action": "acknowledge", "alert_id": "0" * 32, "note": _TOKENS * 3})
    return _asked(world, [deep, note, "", "{" * 300_000, "null", '{"action": ' + "9" * 300_000 + "}"])


def lay(world: World, artefact: bytes | None) -> None:
    """What lies beside the handler, where the case has not laid its own."""
    settings = world.folder / "alerting.json"
    if not settings.exists():
        settings.write_bytes(dump_alerting(Alerting(topics=(Route(MAIN, ALERTS_TOPIC),))))
    rules = world.folder / "ruleset.json"
    if not rules.exists():
        rules.write_bytes(artefact or dump_rule_set(RuleSet(rules=(_RULE,))))
