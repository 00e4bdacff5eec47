"""Whoever would have got one of the messages that were held back gets a summary, whatever the filter asks
for, and finds the account in it; memory and the number of messages are bounded."""

import json
import re
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailwarden.activity.model import AccountInfo, Context
from trailwarden.alerts.telling import StormSummary
from trailwarden.dispatch.storm_totals import StormTotals, TopicTotals
from trailwarden.dispatch.storms import messages_of, summary_of
from trailwarden.messages.envelope import AlertMessage, Bodies
from trailwarden.messages.form import Form
from trailwarden.messages.limits import MESSAGE_LIMIT
from trailwarden.messages.storm import storm_message
from trailwarden.state.outbox import Budgets, Held, Storm

STORM = Storm("2026-03-02T12", 1, over=True)
LEVELS = ("informational", "low", "medium", "high", "critical")


@dataclass
class Topic:
    """A topic, and what is known of accounts."""

    name: str = "main"
    environments: Mapping[str, str] = field(default_factory=dict)
    bodies: Bodies = field(default_factory=lambda: Bodies(https=Form.CHAT))

    def environment(self, account: str) -> str:
        return self.environments.get(account, "")

    def render(self, summary: StormSummary) -> AlertMessage:
        known = {account: AccountInfo(None, name) for account, name in self.environments.items()}
        return storm_message(summary, context=Context(accounts=known), bodies=self.bodies)


def held(number: int, **fields: Any) -> Held:
    given: dict[str, Any] = {
        "alert_id": f"{number:032x}",
        "key": "ALERT",
        "rule_id": "rule-1",
        "rule_title": "A rule",
        "level": "low",
        "account": "444455556666",
        "actor": f"user {number}",
        "title": f"user {number} did it",
        "first_event_time": "2026-03-02T11:58:00Z",
        "last_event_time": "2026-03-02T11:59:00Z",
        "channels": ("main",),
        "region": "eu-west-1",
        "reason": "opened",
    }
    return Held(**(given | fields))


def summed_up(topic: Topic, messages: Iterator[Held] | list[Held]) -> Iterator[AlertMessage]:
    totals = StormTotals([topic])
    for one in messages:
        totals.add(one)
    return (message for _, message in messages_of(totals.of(topic.name), STORM, Budgets(), topic.render))


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


def parts_of(messages: list[Held], topic: Topic) -> list[tuple[StormSummary, AlertMessage]]:
    totals = StormTotals([topic])
    for one in messages:
        totals.add(one)
    return list(messages_of(totals.of(topic.name), STORM, Budgets(), topic.render))


def wide(number: int, name: str) -> str:
    return f"{name}-{number}-".ljust(128, "x")


@pytest.mark.parametrize(
    "spread",
    [
        lambda number: {"account": wide(number, "account")},
        lambda number: {"region": wide(number, "region")},
        lambda number: {"reason": wide(number, "reason")},
        lambda number: {"rule_id": wide(number, "rule"), "owner": wide(number, "owner")},
        lambda number: {"region": "", "account": wide(number, "account"), "rule_id": wide(number, "rule")},
        lambda number: {"owner": ("", "team a")[number % 2], "tactics": ((), ("impact",))[number // 2 % 2]},
    ],
    ids=["accounts", "regions", "reasons", "rules", "accounts and rules", "attributes"],
)
def test_parts_are_numbered_whatever_made_them_several(spread: Callable[[int], dict[str, Any]]) -> None:
    """Halves among them: which part it is, and of how many, stands in subject, mail, chat and JSON."""
    parts = parts_of([held(number, **spread(number)) for number in range(2400)], Topic())
    assert len(parts) > 1
    assert [summary.part for summary, _ in parts] == list(range(1, len(parts) + 1))
    assert {summary.parts for summary, _ in parts} == {len(parts)}
    for summary, message in parts:
        said = f"part {summary.part} of {len(parts)}"
        bodies = json.loads(message.body)
        assert said in message.subject
        assert all(said in bodies[protocol] for protocol in ("email", "https"))
        assert message.fits


def test_counts_of_parts_add_up_or_say_that_they_do_not() -> None:
    accounts = parts_of(
        [held(number, account=wide(number % 900, "account")) for number in range(2000)], Topic()
    )
    assert sum(summary.messages for summary, _ in accounts) == 2000
    assert not any(summary.split for summary, _ in accounts)
    for summary, message in parts_of(
        [held(number, region=wide(number, "region")) for number in range(2400)], Topic()
    ):
        assert summary.split
        assert "other parts have the same counts" in " ".join(message.email.split())
        assert json.loads(message.payload)["split"] is True


def test_decoys_in_one_account_do_not_call_the_rule_wrong_that_caught_another_in_its_own() -> None:
    """Accounts whose attributes differ have parts of their own."""
    topic = Topic(environments={"111122223333": "production"})
    decoys = [held(number) for number in range(500)]
    caught = held(900, rule_id="rule-2", rule_title="Trail Stopped", level="high", account="111122223333")
    parts = parts_of([*decoys, caught], topic)
    assert len(parts) == 2
    by_account = {message.attributes["account"]: message for _, message in parts}
    for account, offered in {("111122223333",): False, ("444455556666",): True}.items():
        message = by_account[account]
        for text in (message.email, message.body):
            assert "one rule by many actors" not in text
        assert ("enabled: false" in message.email) is offered
        assert re.search(r"1 rule \([^)]+\), 1 account \(\d+\); 501 actors in all parts", text_of(message))


def test_what_holds_of_all_parts_is_said_in_each() -> None:
    """One rule wherever it met; and one actor, whatever the account."""
    topic = Topic(environments={"111122223333": "production"})
    places: tuple[dict[str, str], ...] = ({"account": "111122223333"}, {})
    for _, message in parts_of([held(number, **places[number % 2]) for number in range(60)], topic):
        assert "All of it is one rule by many actors" in text_of(message)
        assert "enabled: false" in message.email
    one = [held(n, actor="user eve", rule_id=f"rule-{n % 3}", **places[n % 2]) for n in range(60)]
    for _, message in parts_of(one, topic):
        assert "All of it is one actor under several rules" in text_of(message)
        assert "enabled: false" not in message.email


def test_halves_of_an_account_offer_no_rule_that_has_less_than_half_of_all() -> None:
    many = [held(n, rule_id=wide(n, "rule"), owner=wide(n, "owner")) for n in range(2400)]
    parts = parts_of(many, Topic())
    assert len(parts) > 1
    for summary, message in parts:
        assert summary.split
        assert "All of it" not in message.email
        assert "enabled: false" not in message.email
        assert "2,400 alerts (of the whole account)" in text_of(message)


def test_of_rules_that_could_not_all_be_counted_none_is_called_the_only_one() -> None:
    totals = StormTotals([Topic()])
    for number in range(50):
        totals.add(held(number))
    totals.unread = 70
    ((_, message),) = messages_of(totals.of("main"), STORM, Budgets(), Topic().render)
    assert "All of it" not in message.email
    assert "enabled: false" not in message.email


def test_what_fits_into_one_message_is_no_part() -> None:
    ((summary, message),) = parts_of([held(number) for number in range(50)], Topic())
    assert (summary.part, summary.parts) == (1, 1)
    assert "part" not in message.subject
    assert "This is part" not in message.email


def text_of(message: AlertMessage) -> str:
    return " ".join(message.email.split())


DECOYS: dict[str, Callable[[int], dict[str, Any]]] = {
    "actors of the same rule and account": lambda number: {},
    "worse ones in other accounts": lambda number: {"account": f"{number:012}", "protected": False},
    "of many rules": lambda number: {"rule_id": f"rule-{number}", "rule_title": "R", "protected": False},
    "follow-ups": lambda number: {"alert_id": f"{number // 50:032x}", "key": f"MORE#{number}"},
    "protected ones of another account": lambda number: {"account": "111122223333"},
}


@pytest.mark.parametrize("decoys", DECOYS.values(), ids=DECOYS)
@pytest.mark.parametrize("last", [True, False], ids=["the real one last", "first"])
def test_whoever_hides_among_decoys_is_counted_in_the_line_of_the_rule_and_account(
    decoys: Callable[[int], dict[str, Any]], last: bool
) -> None:
    noise = [
        held(number, **{"level": "critical", "protected": True, **decoys(number)}) for number in range(3000)
    ]
    own = {"rule_id": "trail", "rule_title": "Trail Stopped", "account": "999988887777", "protected": True}
    real = [held(9000 + number, level="high", **own) for number in range(5)]
    parts = parts_of([*noise, *real] if last else [*real, *noise], Topic())

    ((summary, message),) = [part for part in parts if own["account"] in part[1].attributes["account"]]
    (row, *_) = [row for row in summary.rows if (row.rule_id, row.account) == ("trail", own["account"])]
    assert row.group is not None
    assert (row.group.actors, row.group.alerts, row.group.actors_at_least) == (5, 5, False)
    assert re.search(r"Trail Stopped 999988887777 (user \d+ ){1,3}and [2-4] more actors", text_of(message))
    in_json = [row for row in json.loads(message.payload)["rows"] if row["rule_id"] == "trail"]
    assert in_json[0]["all_actors"] == {"alerts": 5, "messages": 5, "actors": 5, "actors_at_least": False}


def test_of_more_rules_in_accounts_than_there_is_room_for_the_number_is_said() -> None:
    noise = [
        held(
            number,
            level="critical",
            protected=True,
            account=f"{number % 40:012}",
            rule_id=f"rule-{number % 13}",
        )
        for number in range(3000)
    ]
    ((summary, message),) = parts_of([*noise, held(9000, level="high", protected=True)], Topic())
    assert summary.groups == 521
    assert "more pairs of rule and account, for which there is no room here" in text_of(message)


def test_each_line_counts_all_of_its_rule_and_account() -> None:
    """In mail, chat and JSON, in whole summaries and in parts."""
    many = [held(number, account=f"{number % 3:012}", rule_id=f"rule-{number % 2}") for number in range(6000)]
    ((summary, message),) = parts_of(many, Topic())
    groups = {(row.rule_id, row.account): row.group for row in summary.rows}
    assert len(groups) == summary.groups == 6
    assert {group and group.actors for group in groups.values()} == {1000}
    assert text_of(message).count("and 997 more actors") == 6
    assert json.loads(message.body)["https"].count("and 997 more actors") == 6
    assert sum(group.alerts for group in groups.values() if group) == 6000

    split = [held(number, account=f"{number % 600:012}", level="critical") for number in range(3000)]
    for part, _ in parts_of(split, Topic()):
        assert {row.group and row.group.actors for row in part.rows} == {5}
        assert part.rows_left_out + len(part.rows) == part.messages


def test_what_is_a_lower_bound_says_at_least() -> None:
    totals = TopicTotals(distinct_at_most=50)
    for number in range(80):
        totals.add(held(number), "")
    ((summary, message),) = messages_of(totals, STORM, Budgets(), Topic().render)
    assert summary.lower_bounds == ("actors", "rows_left_out", "groups")
    assert "at least 51 actors" in text_of(message)
    assert "and at least 48 more actors" in text_of(message)
    payload = json.loads(message.payload)
    assert payload["lower_bounds"] == ["actors", "rows_left_out"]
    assert payload["rows"][0]["all_actors"]["actors_at_least"] is True


def test_of_what_could_not_be_counted_every_number_is_a_lower_bound() -> None:
    totals = StormTotals([Topic()])
    for number in range(3):
        totals.add(held(number))
    totals.unread = 41
    ((_, message),) = messages_of(totals.of("main"), STORM, Budgets(), Topic().render)
    assert "at least 3 alerts held back, at least 1 rule" in message.subject
    assert "at least 3 actors" in text_of(message)


def test_exact_numbers_do_not_say_at_least() -> None:
    summary = summary_of(STORM, [held(number) for number in range(500)], Budgets())
    assert summary.lower_bounds == ()
    assert "at least" not in storm_message(summary).email


@pytest.mark.parametrize("protected", [True, False], ids=["protected ones", "others"])
def test_neither_protected_rules_nor_others_push_the_other_out(protected: bool) -> None:
    noise = [
        held(number, level="medium", protected=protected, account=f"{number:012}") for number in range(1500)
    ]
    own = {"level": "medium" if not protected else "critical", "rule_id": "own", "account": "000000000001"}
    parts = parts_of([*noise, held(9000, protected=not protected, **own)], Topic())
    assert "own" in {row.rule_id for summary, _ in parts for row in summary.rows}
