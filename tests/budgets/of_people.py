"""What people and other services give the other functions: subscriptions, rules, requests."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.budgets.case import TOKENS, Check, case, endless, stored
from tests.budgets.world import ALERTS_TOPIC, AUDIT, REGION, RULES_BUCKET, TABLE, World
from tests.samples import record


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


@case("apply_requests")
def an_alert_of_millions_is_acknowledged(world: World) -> Check:
    stored(world, [record(1)])
    (alert,) = world.items("ALERT#", "ALERT")
    endless(world, alert, 3_000_000)
    alert_id = alert["pk"]["S"].removeprefix("ALERT#")
    return _asked(world, [json.dumps({"action": "acknowledge", "alert_id": alert_id})])


@case("apply_requests", poison=True)
def requests_of_somebody_who_means_harm(world: World) -> Check:
    deep = "[" * 390_000
    note = json.dumps({"action": "acknowledge", "alert_id": "0" * 32, "note": TOKENS * 3})
    return _asked(world, [deep, note, "", "{" * 300_000, "null", '{"action": ' + "9" * 300_000 + "}"])
