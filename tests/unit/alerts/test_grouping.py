"""Whatever the order of arrival, the split into files or the repeats: the same alerts, the same counts."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.samples import CREATE_RULE, STOP_RULE, engine, record, rule
from trailwarden.alerts.grouping import AlertGrouper, group_of
from trailwarden.alerts.placement import alert_id
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Level, Rule

STOP = rule(STOP_RULE, "StopLogging")


def match(fields: dict[str, Any], of: Rule = STOP, number: int = 1) -> Match:
    """`of` met a record made of `fields`."""
    met = record(number, **fields)
    return Match(of, met, 0, event_identity(met), event_time(met))


def grouped(matches: list[tuple[Match, str]]) -> AlertGrouper:
    grouper = AlertGrouper("v1")
    for found, log_file in matches:
        grouper.add(found, log_file)
    return grouper


def test_one_rule_and_one_group_without_a_gap_make_one_alert() -> None:
    first = match({"eventTime": "2026-03-01T12:00:01Z"}, number=1)
    second = match({"eventTime": "2026-03-01T12:59:59Z"}, number=2)

    (alert,) = grouped([(second, "b.json.gz"), (first, "a.json.gz")]).alerts()

    assert alert.count == 2
    assert (alert.first_event_time, alert.last_event_time) == ("2026-03-01T12:00:01Z", "2026-03-01T12:59:59Z")
    assert alert.group == {"actor": "user mallory", "account": "444455556666"}
    assert alert.evidence.log_file == "a.json.gz", "the earliest record is the one shown"
    assert alert.record["eventID"] == first.event_id


def test_a_gap_another_actor_account_or_rule_makes_another_alert() -> None:
    matches = [
        match({}, number=1),
        match({"eventTime": "2026-03-01T13:00:01Z"}, number=2),
        match({"userIdentity": {"type": "IAMUser", "userName": "alice"}}, number=3),
        match({"recipientAccountId": "999988887777"}, number=4),
        match({}, of=rule(CREATE_RULE, "StopLogging"), number=5),
    ]
    assert [alert.count for alert in grouped([(found, "f") for found in matches]).alerts()] == [1] * 5


def test_a_repeat_is_told_from_a_fresh_match() -> None:
    grouper = AlertGrouper("v1")
    assert grouper.add(match({}), "a.json.gz") is True
    assert grouper.add(match({}), "b.json.gz") is False
    assert [alert.count for alert in grouper.alerts()] == [1]


def test_a_rule_may_group_by_its_own_fields() -> None:
    by_trail = rule(STOP_RULE, "StopLogging", group_by=("requestParameters.name", "region"))
    assert group_of(match({}, of=by_trail)) == {"requestParameters.name": "main-trail", "region": "eu-west-1"}


def test_a_record_without_a_time_still_makes_an_alert() -> None:
    (alert,) = grouped([(match({"eventTime": None}), "f")]).alerts()
    assert (alert.count, alert.first_event_time, alert.last_event_time) == (1, None, None)


def test_alerts_come_worst_first() -> None:
    low, critical = rule(STOP_RULE, "A", Level.LOW), rule(CREATE_RULE, "B", Level.CRITICAL)
    alerts = grouped([(match({}, of=low), "f"), (match({}, of=critical, number=2), "f")]).alerts()
    assert [alert.level for alert in alerts] == ["critical", "low"]


def test_drain_hands_each_match_over_once() -> None:
    grouper = AlertGrouper("v1", keep_matches=True)
    grouper.add(match({}, number=1), "f")
    (batch,) = grouper.drain()
    assert ([found.event_id for found in batch.matches], grouper.pending) == ([match({}).event_id], 0)
    assert grouper.drain() == []
    grouper.add(match({}, number=2), "f")
    (batch,) = grouper.drain()
    assert ([found.event_id for found in batch.matches], batch.alert.count) == (
        [match({}, number=2).event_id],
        1,
    )


def test_secrets_of_the_record_are_masked() -> None:
    found = match({"responseElements": {"credentials": {"sessionToken": "FwoG"}}})
    (alert,) = grouped([(found, "f")]).alerts()
    assert "FwoG" not in str(alert)


TIMES = [f"2026-03-01T{hour}:{minute:02}:00Z" for hour in (11, 12) for minute in (0, 30, 59)]


@given(
    st.lists(st.tuples(st.sampled_from(TIMES), st.sampled_from(["alice", "bob"])), max_size=12).flatmap(
        lambda events: st.tuples(
            st.just(events),
            st.permutations(list(range(len(events))) * 2),
            st.lists(st.sampled_from("ab"), min_size=2 * len(events), max_size=2 * len(events)),
        )
    )
)
def test_any_order_split_and_duplication_end_in_the_same_alerts(
    drawn: tuple[list[tuple[str, str]], list[int], list[str]],
) -> None:
    events, order, files = drawn
    matches = [
        match({"eventTime": time, "userIdentity": {"type": "IAMUser", "userName": user}}, number=number)
        for number, (time, user) in enumerate(events)
    ]

    def summary(grouper: AlertGrouper) -> list[tuple[Any, ...]]:
        return [
            (a.alert_id, a.count, a.first_event_time, a.last_event_time, a.title) for a in grouper.alerts()
        ]

    once = grouped([(found, "one") for found in matches])
    shuffled = grouped([(matches[number], files[place]) for place, number in enumerate(order)])
    assert summary(shuffled) == summary(once)
    assert sum(alert.count for alert in once.alerts()) == len(events)


def test_the_engine_s_matches_are_what_is_grouped() -> None:
    assert [found.id for found in engine().matches(record())] == [STOP_RULE]


def test_a_staged_rules_alerts_have_ids_of_their_own_and_others_keep_theirs() -> None:
    told = alert_id("rule", {"actor": "eve"}, "2026-03-01T12:00:00Z")
    staged = alert_id("rule", {"actor": "eve"}, "2026-03-01T12:59:59Z", staged=True)

    assert told != staged
    assert staged == alert_id("rule", {"actor": "eve"}, "2026-03-01T12:00:00Z", staged=True)
    assert told == "b425238e57d9c6c560a8449cfe456f97", "alerts that are stored would be told again"
