"""A backtest tells what the deployment would have told, and what exceptions take from it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import CREATE_RULE, STOP_RULE, record, rule
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.backtest.backtest import Backtest, Limits
from trailwarden.backtest.counting import OTHERS
from trailwarden.backtest.report import Report
from trailwarden.backtest.rules import BacktestRules, backtest_rules
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.engine import Engine
from trailwarden.engine.match import Match
from trailwarden.rules.load import parse_rules
from trailwarden.rules.ruleset import VISIBILITY_RULE_ID, RuleSet

STOP = f"""
title: Trail stopped
id: {STOP_RULE}
name: trail_stopped
status: stable
level: high
logsource: {{product: aws, service: cloudtrail}}
detection:
  call: {{eventName: StopLogging}}
  condition: call
"""
DRILLS = """
title: Drills
id: drills
logsource: {product: aws, service: cloudtrail}
filter:
  rules: [trail_stopped]
  drill: {userIdentity.userName: mallory}
  condition: drill
trailwarden: {owner: red team, reason: They told us., expires: NEXT_YEAR}
""".replace("NEXT_YEAR", str(datetime.now(UTC).date() + timedelta(days=200)))
OFFICE = """
title: The office
id: office
logsource: {product: aws, service: cloudtrail}
filter:
  rules: any
  office: {sourceIPAddress|cidr: 203.0.113.0/24}
  condition: office
"""
TWICE = """
title: Stopped twice
id: 6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b03
correlation:
  type: event_count
  rules: [trail_stopped]
  group-by: [account]
  timespan: 1h
  condition: {gte: 2}
level: critical
"""


def rules_of(*documents: str) -> BacktestRules:
    sources, problems = parse_rules("rules.yml", "---\n".join(documents).encode())
    compiled, refused = backtest_rules(sources)
    assert not [*problems, *refused]
    return compiled


def run(rules: BacktestRules, records: Iterable[Record], limits: Limits | None = None) -> Report:
    """The report on one log file."""
    backtest, engine, held = Backtest(rules, limits), Engine(rules.watched), list(records)
    times = [time for one in held if (time := event_time(one)) is not None]
    backtest.file(records=len(held), oldest=min(times, default=None), newest=max(times, default=None))
    for index, one in enumerate(held):
        for matched in engine.matches(one):
            backtest.add(Match(matched, one, index, event_identity(one), event_time(one)), "log.json")
    return backtest.report()


def by_user(number: int, user: str, **fields: object) -> Record:
    made = record(number, **fields)
    return {**made, "userIdentity": {**made["userIdentity"], "userName": user}}


def test_matches_and_alerts_are_counted_by_day_and_by_value() -> None:
    report = run(
        rules_of(STOP),
        [
            by_user(1, "alice"),
            by_user(2, "alice", eventTime="2026-03-01T12:59:59Z"),
            by_user(3, "alice", eventTime="2026-03-01T14:00:00Z"),
            by_user(4, "bob", eventTime="2026-03-02T09:00:00Z", sourceIPAddress="198.51.100.9"),
            record(5, eventName="StartLogging"),
        ],
    )
    assert (report.matches, report.alerts, report.hidden, report.repeats) == (4, 3, 0, 0)
    (result,) = report.rules
    assert [(day.day, day.matches, day.alerts) for day in result.days] == [
        ("2026-03-01", 3, 2),
        ("2026-03-02", 1, 1),
    ]
    assert [(share.value, share.matches, share.alerts) for share in report.actors] == [
        ("user alice", 3, 2),
        ("user bob", 1, 1),
    ]
    assert [share.value for share in report.origins] == ["203.0.113.7", "198.51.100.9"]
    assert [share.value for share in report.events] == ["cloudtrail StopLogging"]
    sunday, monday = report.hours[6], report.hours[0]
    assert (sunday[12], sunday[14], monday[9], sum(map(sum, report.hours))) == (2, 1, 1, 4)
    assert [(group.group["actor"], group.alerts, group.matches) for group in report.groups] == [
        ("user alice", 2, 3),
        ("user bob", 1, 1),
    ]


def test_the_sentence_of_a_group_is_true_of_all_its_events() -> None:
    def stopped(number: int, user: str, trail: str, **fields: object) -> Record:
        return by_user(number, user, requestParameters={"name": trail}, **fields)

    report = run(
        rules_of(f"{STOP}trailwarden: {{title: '{{actor}} stopped {{requestParameters.name}}'}}\n"),
        [
            stopped(1, "alice", "main"),
            stopped(2, "alice", "other", eventTime="2026-03-01T12:59:59Z"),
            stopped(3, "bob", "main", errorCode="AccessDenied"),
            stopped(4, "bob", "other", errorCode="AccessDenied", eventTime="2026-03-01T12:59:59Z"),
            stopped(5, "carol", "main"),
            stopped(6, "carol", "main"),
        ],
    )
    titles = {group.group["actor"]: group.title for group in report.groups}
    assert titles["user carol"] == "user carol stopped main"
    assert titles["user alice"] == "Trail stopped by user alice, on trail main and trail other"
    assert titles["user bob"] == "Trail stopped by user bob, on trail main and trail other: all denied"


def test_an_event_that_was_delivered_twice_counts_once() -> None:
    report = run(rules_of(STOP), [record(1), record(1)])
    assert (report.matches, report.alerts, report.repeats) == (1, 1, 1)


def test_samples_are_of_different_groups_and_bounded() -> None:
    records = [by_user(number, f"user{number // 2}") for number in range(10)]
    report = run(rules_of(STOP), records, Limits(samples=2))
    assert [sample.actor for sample in report.samples] == ["user user0", "user user1"]
    assert report.samples[0].title == "Trail stopped: user user0 in account 444455556666, eu-west-1"
    assert (report.samples[0].log_file, report.samples[0].record_index) == ("log.json", 0)


def test_what_an_exception_hides_is_told_apart() -> None:
    report = run(rules_of(STOP, DRILLS), [record(1), record(2), by_user(3, "alice")])
    assert (report.matches, report.alerts, report.hidden) == (1, 1, 2)
    (exception,) = report.exceptions
    assert (exception.title, exception.owner, exception.reason) == ("Drills", "red team", "They told us.")
    assert (exception.matches, exception.alerts, exception.rules) == (2, 1, {STOP_RULE: 2})
    assert [sample.actor for sample in exception.samples] == ["user mallory"]
    assert exception.samples[0].rule_id == STOP_RULE


def test_a_match_that_two_exceptions_hide_is_hidden_once_and_told_of_each() -> None:
    report = run(rules_of(STOP, DRILLS, OFFICE), [record(1), by_user(2, "alice")])
    assert (report.matches, report.hidden) == (0, 2)
    assert {one.id: one.matches for one in report.exceptions} == {"drills": 1, "office": 2}


def test_an_exception_that_hides_nothing_is_told() -> None:
    report = run(rules_of(STOP, DRILLS), [by_user(1, "alice")])
    assert [(one.id, one.matches, one.samples) for one in report.exceptions] == [("drills", 0, ())]


@pytest.mark.parametrize(("filters", "alerts"), [([], 1), ([DRILLS], 0)])
def test_correlations_are_judged_on_what_exceptions_leave(filters: list[str], alerts: int) -> None:
    report = run(rules_of(STOP, TWICE, *filters), [record(1), record(2, eventTime="2026-03-01T12:20:00Z")])
    assert report.alerts == alerts
    results = {one.title: one for one in report.rules}
    assert not results["Trail stopped"].generates
    assert (results["Stopped twice"].correlation, results["Stopped twice"].alerts) == (True, alerts)
    assert [group.rule_title for group in report.groups] == ["Stopped twice"] * alerts


def test_blindness_is_told_for_the_rules_that_are_deployed_alone() -> None:
    padded = record(1, eventName="CreateTrail", requestParameters={"omitted": True})
    looks_inside = STOP.replace("{eventName: StopLogging}", "{requestParameters.name: main-trail}")
    only_filter_looks = DRILLS.replace("userIdentity.userName: mallory", "requestParameters.name: x")
    blind = run(rules_of(looks_inside), [padded])
    assert [one.id for one in blind.found] == [VISIBILITY_RULE_ID]
    seeing = run(rules_of(STOP, only_filter_looks), [padded])
    assert seeing.found == ()


def test_memory_is_bounded_and_bounds_that_are_met_are_told() -> None:
    records = [by_user(number, f"user{number}") for number in range(6)]
    limits = Limits(matches=3, alerts=3, values=2, groups=2, shown_values=2)
    report = run(rules_of(STOP), [*records, records[0], records[5]], limits)
    assert report.repeats == 1  # the last was past the bound
    assert [share.value for share in report.actors] == ["user user0", "user user1", OTHERS]
    assert sum(share.matches for share in report.actors) == report.matches == 7
    assert len(report.groups) == 2
    assert len(report.notes) == 4


def test_days_are_those_that_have_records() -> None:
    backtest = Backtest(rules_of(STOP))
    backtest.file(records=2, oldest="2026-03-01T23:00:00Z", newest="2026-03-02T01:00:00Z")
    backtest.file(records=3, oldest="2026-03-02T02:00:00Z", newest="2026-03-02T02:00:00Z")
    backtest.file(records=0, oldest=None, newest=None)
    backtest.file(records=9, oldest="2014-01-01T00:00:00Z", newest="2020-01-01T00:00:00Z")
    reach = backtest.report().reach
    assert (reach.files, reach.records, reach.days) == (4, 14, 4)
    assert (reach.first_event_time, reach.last_event_time) == (
        "2014-01-01T00:00:00Z",
        "2026-03-02T02:00:00Z",
    )


def test_records_without_a_time_are_counted_too() -> None:
    report = run(rules_of(STOP), [record(1, eventTime="yesterday")])
    assert (report.matches, report.alerts, report.reach.days, report.alerts_a_day) == (1, 1, 0, 0.0)
    assert report.rules[0].days == ()


def test_faults_are_counted_and_the_first_are_kept() -> None:
    backtest = Backtest(rules_of(STOP), Limits(faults=1))
    backtest.fault("one")
    backtest.fault("two")
    report = backtest.report()
    assert (report.fault_count, report.faults) == (2, ("one",))


calls = st.builds(
    lambda number, hour, user, name: by_user(
        number, user, eventTime=f"2026-03-01T{hour:02}:30:00Z", eventName=name
    ),
    st.integers(0, 12),
    st.integers(0, 3),
    st.sampled_from(["alice", "bob"]),
    st.sampled_from(["StopLogging", "CreateTrail"]),
)


@given(st.lists(calls, max_size=25), st.randoms(use_true_random=False))
def test_alerts_are_those_of_the_deployment_in_any_order(records: list[Record], random: object) -> None:
    """The grouper of `detect` is the oracle: as many alerts, on the same days."""
    unique = list({one["eventID"]: one for one in records}.values())
    rule_set = RuleSet((rule(STOP_RULE, "StopLogging"), rule(CREATE_RULE, "CreateTrail")))
    rules = BacktestRules(rule_set, rule_set, {})
    engine, grouper = Engine(rule_set), AlertGrouper(rule_set.version)
    for index, one in enumerate(unique):
        for matched in engine.matches(one):
            grouper.add(Match(matched, one, index, event_identity(one), event_time(one)), "log.json")
    shuffled = [*unique, *unique]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    report = run(rules, shuffled)
    assert report.alerts == len(grouper.alerts())
    assert report.matches == sum(alert.count for alert in grouper.alerts()) == report.repeats
    assert sum(group.alerts for group in report.groups) == report.alerts
    assert replace(report, samples=(), groups=()) == replace(run(rules, shuffled), samples=(), groups=())


def test_a_filter_that_cannot_be_compiled_hides_nothing() -> None:
    broken = DRILLS.replace("userIdentity.userName: mallory", "userIdentity.userName|expand: '%NoList%'")
    sources, _ = parse_rules("rules.yml", f"{STOP}---{broken}".encode())
    compiled, refused = backtest_rules(sources)
    assert compiled.hidden == {}
    assert len(refused) == 1
    assert Path(refused[0].path).name == "rules.yml"
