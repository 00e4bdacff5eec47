"""The counts that docs/rules.md shows, and the bound on what wakes people."""

import pytest

from tests.corpus import needs_corpus
from tests.rule_counts import RECORDS_AN_ALERT, Counts, Sample, count, everyday_life, outside_attacks, samples
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.shipped import shipped_rules_path

STOPPED = {
    "eventID": "3f2f6c1c-5c1d-4d8e-8a64-0a3a5f0c1b01",
    "eventTime": "2026-03-02T09:00:00Z",
    "eventSource": "cloudtrail.amazonaws.com",
    "eventName": "StopLogging",
    "userIdentity": {"type": "IAMUser", "userName": "mallory"},
    "requestParameters": {"name": "main"},
}


@pytest.fixture(scope="module")
def rule_set() -> RuleSet:
    return compile_rules(load_rules([shipped_rules_path()]))


def test_a_repeated_record_is_one_match_and_one_alert_that_wakes(rule_set: RuleSet) -> None:
    counts = count(rule_set, [Sample("somewhere", "a.json.gz", index, STOPPED) for index in range(2)])

    assert counts.records == 2
    assert set(counts.matches.values()) == {1}
    assert [alert.rule_title for alert in counts.waking] == ["Trail Stopped Or Deleted"]


def test_the_bound_is_fewer_than_one_alert_in_so_many_records(rule_set: RuleSet) -> None:
    alerts = count(rule_set, [Sample("somewhere", "a.json.gz", 0, STOPPED)]).alerts

    assert not Counts(RECORDS_AN_ALERT, alerts=alerts).is_quiet()
    assert Counts(RECORDS_AN_ALERT + 1, alerts=alerts).is_quiet()


@needs_corpus
def test_everyday_life_is_quiet(rule_set: RuleSet) -> None:
    found = list(samples())
    everyday = everyday_life(found)

    assert len(everyday) < len(outside_attacks(found)) < len(found)
    counts = count(rule_set, everyday)
    assert counts.is_quiet(), [alert.title for alert in counts.waking]
