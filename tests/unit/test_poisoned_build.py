"""A build specification that once stopped all notification: shipped rules match it, and the alert goes out.

That masking it takes linear time is held by tests/unit/safety/test_bounds.py, and the functions' budgets by
tests/budgets.
"""

import json
from itertools import islice

import pytest

from tests.samples import record
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.engine import Engine
from trailwarden.engine.match import Match
from trailwarden.messages.limits import MESSAGE_LIMIT
from trailwarden.messages.message import render
from trailwarden.rules import shipped_rules_path
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import RuleSet

_PIECES = ("eyJ-", "eyJ.", "eyJhbGciOi", "password=\\'", "AKIA", "-----BEGIN ", "\"'", "%25", "e30=")


@pytest.fixture(scope="module")
def shipped() -> RuleSet:
    return compile_rules(load_rules([shipped_rules_path()]))


@pytest.mark.parametrize("piece", _PIECES)
def test_an_endless_build_specification_is_matched_and_sent(piece: str, shipped: RuleSet) -> None:
    endless = "".join(islice(iter(lambda: piece, None), 100_000 // len(piece)))
    met = record(
        1,
        eventSource="codebuild.amazonaws.com",
        eventName="StartBuild",
        requestParameters={"projectName": "shop", "buildspecOverride": endless},
        userIdentity={"type": "IAMUser", "userName": "mallory", "accountId": "444455556666"},
    )
    rules = [rule for rule in Engine(shipped).matches(met) if rule.generates]
    assert rules, "a shipped rule is about such builds"
    grouper = AlertGrouper("v")
    for rule in rules:
        grouper.add(Match(rule, met, 0, event_identity(met), event_time(met)), "s3://bucket/key")
    for alert in grouper.alerts():
        message = render(alert)
        assert message.size <= MESSAGE_LIMIT
        assert json.loads(message.payload)["alert_id"] == alert.alert_id
