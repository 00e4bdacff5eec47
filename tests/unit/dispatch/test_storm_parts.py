"""What stands in a summary of several parts, in its lines and its numbers."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.dispatch.held_messages import STORM, Topic, held, parts_of, wide
from trailwarden.dispatch.storm_totals import StormTotals, TopicTotals
from trailwarden.dispatch.storms import messages_of, summary_of
from trailwarden.messages.envelope import AlertMessage
from trailwarden.messages.storm import storm_message
from trailwarden.state.outbox import Budgets


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
