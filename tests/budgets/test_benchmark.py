"""The steps of `make bench` that run whole functions, in one small round: the whole takes too long."""

from typing import Any

import pytest

from tests.bench import alerting, instructions
from tests.bench.startup import start
from tests.bench.workload import Workload
from tests.samples import STOP_RULE, record, rule
from trailwarden.rules.ruleset import RuleSet, dump_rule_set

RULES = RuleSet(rules=(rule(STOP_RULE, "StopLogging"),))


def test_detect_starts_in_the_benchmark() -> None:
    ratio = start(dump_rule_set(RULES), 1)
    assert ratio.low == ratio.median == ratio.high > 0


def test_alerting_is_counted_in_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerting, "FILES", 2)
    monkeypatch.setattr(alerting, "RECORDS", 60)
    monkeypatch.setattr(alerting, "QUIET_RECORDS", 60)
    monkeypatch.setattr(instructions, "missing", lambda: "not counted here")
    records = (record(eventName="DescribeTrails"), record(eventName="StopLogging"))
    workload = Workload("a test's", records, (), RULES, RULES)

    def figure(name: str, value: float | None, *_: object, **__: object) -> tuple[str, float | None]:
        return name, value

    found: dict[str, Any] = dict(alerting.lines(workload, 1, figure))
    assert found["items written a match, all of one group"] >= 1
    assert found["requests an alert, each another group"] >= 1
    assert found["all of detect x its scan alone, nothing matches: CPU"] > 0
