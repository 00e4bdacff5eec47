"""Whoever would have got one of the messages that were held back gets a summary, whatever the filter asks
for, and finds the account in it; memory and the number of messages are bounded."""

import json
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dispatch.held_messages import STORM, Topic, held, summed_up
from trailwarden.dispatch.storm_totals import StormTotals
from trailwarden.dispatch.storms import messages_of, summary_of
from trailwarden.messages.limits import MESSAGE_LIMIT
from trailwarden.state.outbox import Budgets, Held

LEVELS = ("informational", "low", "medium", "high", "critical")


def attributes_of(one: Held, topic: Topic) -> dict[str, tuple[str, ...]]:
    """Those that the message of the alert would have had."""
    known = {
        "severity": (one.level,),
        "reason": (one.reason,),
        "rule_id": (one.rule_id,),
        "account": (one.account,),
        "region": (one.region,),
        "environment": (topic.environment(one.account),),
        "owner": (one.owner,),
        "tactic": one.tactics,
    }
    return {name: values for name, values in known.items() if any(values)}


def matches(policy: Mapping[str, list[Any]], attributes: Mapping[str, tuple[str, ...] | str]) -> bool:
    """SNS's filter: every name must match; of an array, one element must.
    https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html"""
    return all(
        any(_condition(each, _values(attributes.get(name))) for each in conditions)
        for name, conditions in policy.items()
    )


def _values(value: tuple[str, ...] | str | None) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else value


def _condition(condition: Any, values: tuple[str, ...]) -> bool:
    if isinstance(condition, str):
        return condition in values
    (operator, wanted) = next(iter(condition.items()))
    if operator == "exists":
        return bool(values) is wanted
    if operator == "prefix":
        return any(value.startswith(wanted) for value in values)
    assert operator == "anything-but"
    return any(value not in wanted for value in values)


ACCOUNTS = [f"{number:012}" for number in range(8)]
ENVIRONMENTS = {account: ("production", "sandbox", "")[number % 3] for number, account in enumerate(ACCOUNTS)}
messages_held = st.lists(
    st.builds(
        lambda level, rule, account, region, reason: {
            "level": level,
            "rule_id": f"rule-{rule}",
            "owner": ("", "team a", "team b", "")[rule % 4],
            "tactics": ((), ("impact",), ("impact", "discovery"))[rule % 3],
            "account": account,
            "region": region,
            "reason": reason,
        },
        st.sampled_from(LEVELS),
        st.integers(0, 11),
        st.sampled_from(ACCOUNTS),
        st.sampled_from(["eu-west-1", "us-east-1", ""]),
        st.sampled_from(["opened", "grew", "quiet", "changed"]),
    ),
    min_size=1,
    max_size=40,
)


def conditions(name: str) -> st.SearchStrategy[list[Any]]:
    values = {
        "severity": LEVELS,
        "reason": ("opened", "grew", "quiet", "changed"),
        "rule_id": [f"rule-{number}" for number in range(12)],
        "account": ACCOUNTS,
        "region": ["eu-west-1", "us-east-1"],
        "environment": ["production", "sandbox"],
        "owner": ["team a", "team b"],
        "tactic": ["impact", "discovery"],
    }[name]
    one = st.sampled_from(values)
    return st.lists(
        one
        | st.builds(lambda wanted: {"exists": wanted}, st.booleans())
        | st.builds(lambda value: {"prefix": value[:-1]}, one)
        | st.builds(lambda some: {"anything-but": some}, st.lists(one, min_size=1, max_size=3)),
        min_size=1,
        max_size=3,
    )


NAMES = ["severity", "reason", "rule_id", "account", "region", "environment", "owner", "tactic"]
policies = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: conditions(name) for name in names})
)


@given(messages_held, st.lists(policies, min_size=1, max_size=20))
@settings(deadline=None, max_examples=60)
def test_whatever_a_filter_asks_for_it_lets_the_summary_of_its_alerts_in(
    fields: list[dict[str, Any]], filters: list[dict[str, list[Any]]]
) -> None:
    topic = Topic(environments=ENVIRONMENTS)
    all_held = [held(number, **one) for number, one in enumerate(fields)]
    sent = list(summed_up(topic, all_held))
    for policy in filters:
        for one in all_held:
            if matches(policy, attributes_of(one, topic)):
                heard = [message for message in sent if matches(policy, message.attributes)]
                accounts = {
                    row["account"] for message in heard for row in json.loads(message.payload)["account_rows"]
                }
                assert one.account in accounts, (policy, one)
    assert sum(json.loads(message.payload)["messages"] for message in sent) == len(all_held)
    assert all(len(message.attributes) <= 10 for message in sent)


def test_decoys_push_no_account_and_no_level_out() -> None:
    """As an attacker would: much noise of many rules, accounts and names, and one alert that matters."""
    decoys = [
        held(
            number,
            level="high",
            rule_id=f"rule-{number % 300}",
            account=f"{number % 1200:012}",
            owner="team a",
        )
        for number in range(6000)
    ]
    low = held(6001, level="low", account="999988887777", rule_id="quiet", owner="team z")
    worst = held(6002, level="critical", account="777766665555", rule_id="worst", owner="team a")
    sent = list(summed_up(Topic(), [*decoys[:3000], low, *decoys[3000:], worst]))

    for one in (low, worst):
        policy = {"account": [one.account], "severity": [one.level], "rule_id": [one.rule_id]}
        (message,) = [message for message in sent if matches(policy, message.attributes)]
        assert one.account in message.email
        assert one.account in message.payload
    first = json.loads(next(m for m in sent if matches({"account": ["777766665555"]}, m.attributes)).payload)
    assert (first["level"], first["rows"][0]["rule_id"]) == ("critical", "worst")
    assert len(sent) <= 6


def test_ten_thousand_accounts_of_310_rules_fit_into_a_bounded_number_of_messages() -> None:
    topic = Topic(environments={f"{number:012}": "production" for number in range(0, 10_000, 2)})

    def everything() -> Iterator[Held]:
        number = 0
        for account in range(10_000):
            for rule in range(310) if account == 7 else (account % 310, (account + 1) % 310):
                number += 1
                yield held(
                    number,
                    account=f"{account:012}",
                    rule_id=f"01b85956-1b01-4c82-a79c-{rule:012}",
                    rule_title=f"A rule with a title of the usual length {rule}",
                    level=LEVELS[rule % 5],
                    owner="security team",
                    tactics=("impact", "defense-evasion"),
                )

    sent = covered = 0
    for message in summed_up(topic, everything()):
        assert message.size <= MESSAGE_LIMIT
        sent += 1
        accounts = message.attributes["account"]
        covered += len(accounts)
        payload = json.loads(message.payload)
        assert [row["account"] for row in payload["account_rows"]] == list(accounts)
        assert all(account in message.email for account in accounts)
    assert covered == 10_000
    assert sent <= 40


@pytest.mark.parametrize("spread", ["one group", "actors", "accounts and rules"])
def test_memory_does_not_grow_with_what_was_held_back(spread: str) -> None:
    def many(count: int) -> Iterator[Held]:
        for number in range(count):
            fields: dict[str, Any] = {"actor": "user mallory"}
            if spread == "actors":
                fields = {"actor": f"role Deploy (session {number:040})"}
            elif spread == "accounts and rules":
                fields = {"account": f"{number * 7919 % 10_000:012}", "rule_id": f"rule-{number % 310}"}
            yield held(number, **fields)

    few, more = _peak(lambda: many(10_000)), _peak(lambda: many(20_000))
    assert more < 20e6
    assert more - few < 6e6, "what grows is a number for each actor and row"


def _peak(messages: Callable[[], Iterator[Held]]) -> int:
    tracemalloc.start()
    try:
        totals = StormTotals([Topic()])
        for one in messages():
            totals.add(one)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_numbers_are_exact_whatever_is_left_out() -> None:
    all_held = [
        held(
            number // 2, key=f"MORE#{number % 2}", account=f"{number % 3000:012}", actor=f"user {number // 2}"
        )
        for number in range(9000)
    ]
    summary = summary_of(STORM, all_held, Budgets())
    assert (summary.messages, summary.alerts, summary.accounts, summary.actors) == (9000, 4500, 3000, 4500)
    assert sum(row.messages for row in summary.account_rows) == 9000
    assert summary.rows_left_out + len(summary.rows) == 9000


def test_what_there_was_no_time_for_is_said() -> None:
    totals = StormTotals([Topic()])
    totals.add(held(1))
    totals.unread = 41
    ((_, message),) = messages_of(totals.of("main"), STORM, Budgets(), Topic().render)
    assert "41 more messages were held back" in message.email
    assert json.loads(message.payload)["unread"] == 41


@pytest.mark.parametrize("spread", [("region",), ("region", "rule_id")], ids="-".join)
def test_an_account_with_endless_values_is_told_of_in_several_parts(spread: tuple[str, ...]) -> None:
    forged = [
        held(number, **{name: f"forged-{name}-{number}-".ljust(128, "x") for name in spread})
        for number in range(2300)
    ]
    sent = list(summed_up(Topic(), [*forged, held(9999, account="999988887777")]))
    assert all(message.fits for message in sent)
    assert len(sent) <= 16
    for one in (*forged[::97], held(9999, account="999988887777")):
        policy = {"account": [one.account], "region": [one.region], "rule_id": [one.rule_id]}
        assert any(matches(policy, message.attributes) for message in sent)
