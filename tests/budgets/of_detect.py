"""What `detect` is given: delivery notices, and the log files that they name."""

import gzip
import json
import zlib
from collections.abc import Sequence
from typing import Any

from tests.budgets.case import LARGEST, RULE, TOKENS, Check, case, user
from tests.budgets.world import BUCKET, World
from tests.endless import ENDLESS
from tests.samples import log_file, log_key, notice, record
from trailwarden.delivery.records import Record
from trailwarden.rules.cost import CostBudget
from trailwarden.rules.ruleset import Level, Node, Rule, RuleSet, dump_rule_set


def _large(number: int, **fields: Any) -> Record:
    """A record as large as they get, of many fields."""
    bare = record(number, userIdentity=user(number), **fields)
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
    assert len(json.dumps(_large(1))) > 0.8 * LARGEST
    done = _batch(world, files)

    def check(answer: Any) -> None:
        done(answer)
        assert len(world.items("ALERT#", "ALERT")) >= 50

    return check


@case("detect", part=0.5)
def a_file_of_many_records_each_an_alert(world: World) -> Check:
    return _batch(world, [log_file(record(number, userIdentity=user(number)) for number in range(3_000))])


@case("detect", poison=True)
def a_bomb_among_good_files(world: World) -> Check:
    """Half a gigabyte of nothing in half a megabyte; and nested far deeper than any parser goes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    parts = [packer.compress(b'{"Records":[{"eventName":"')]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(500)]
    deep = b'{"Records":[{"eventName":"StopLogging","requestParameters":' + b"[" * 2_000_000
    good = [log_file([record(number, userIdentity=user(number))]) for number in range(7)]
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
    (world.folder / "ruleset.json").write_bytes(dump_rule_set(RuleSet(rules=(RULE, *costly))))
    words = [f"i-{number:017x} abcdefghijklmnopqrst" for number in range(25)]
    asked = [
        record(number, userIdentity=user(number), requestParameters={"items": words}) for number in range(40)
    ]
    endings = [("", 20_000), ("\n", 2_000), ("\nb", 2_000), ("\na" * 1_000, 100)]
    asked += [
        record(
            40 + number,
            userIdentity=user(40 + number),
            requestParameters={"items": [f"{chr(0x4E00 + each)}{ending}" for each in range(count)]},
        )
        for number, (ending, count) in enumerate(endings)
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
            requestParameters={"name": "p", "source": {"buildspec": TOKENS}, "description": TOKENS},
            userIdentity=user(number),
        )
        for number in range(3)
    ]
    stopped = [record(10 + n, userAgent=TOKENS[:100_000], userIdentity=user(n)) for n in range(3)]
    return _batch(world, [log_file(poisoned + stopped), log_file([record(99)])])


@case("detect", poison=True)
def values_that_have_no_end_among_good_records(world: World) -> Check:
    """Each as large as a record gets, in one file: all that it says is stored, in one run."""
    good = [record(number, userIdentity=user(number)) for number in range(100)]
    poisoned = [
        record(
            200 + number,
            requestParameters={"name": (unit * (LARGEST // len(unit)))[: LARGEST - 2_000]},
            userIdentity=user(200 + number),
        )
        for number, unit in enumerate(ENDLESS)
    ]
    done = _batch(world, [log_file([*good[:50], *poisoned, *good[50:]])])

    def check(answer: Any) -> None:
        done(answer)
        assert len(world.items("ALERT#", "ALERT")) == len(good) + len(poisoned)

    return check
