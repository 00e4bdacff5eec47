"""The summary of a storm says what was held back, and what to do."""

import json
import re
from dataclasses import replace

import pytest

from tests.unit.dispatch.held_messages import held
from tests.unit.messages.situations_notices import CONTEXT, notices, wrong_rule
from tests.unit.messages.test_approved import SITUATIONS
from trailwarden.alerts.attack import tactics
from trailwarden.alerts.telling import StormSummary
from trailwarden.dispatch.notification import held_of
from trailwarden.dispatch.storms import briefer, summary_of
from trailwarden.messages.envelope import Bodies
from trailwarden.messages.form import Form
from trailwarden.messages.message import MESSAGE_LIMIT
from trailwarden.messages.storm import storm_message
from trailwarden.state.outbox import Budgets, Outgoing, Storm


def attack() -> StormSummary:
    found = next(notice.told for notice in notices() if notice.name == "storm-attack-over-three-accounts")
    assert isinstance(found, StormSummary)
    return found


def test_all_of_one_rule_in_one_account_is_one_line_and_counts_all_of_it() -> None:
    table = storm_message(wrong_rule(), context=CONTEXT).email.partition("What was held back")[2]
    assert table.count("Call Denied To A Role") == 2, (
        "in the table, and where it is offered to be switched off"
    )
    assert "     10,000  medium    Call Denied To A Role\n" in table
    assert "and 9,997 more actors (see the list)" in table


def test_alerts_that_no_line_holds_are_counted() -> None:
    summary = replace(wrong_rule(), accounts=2, alerts=10_075, groups=9)
    text = " ".join(storm_message(summary).email.split())
    assert "and 75 more alerts of 8 more pairs of rule and account, for which there is no room here" in text
    assert "of at least 8 more pairs" in " ".join(
        storm_message(replace(summary, lower_bounds=("groups",))).email.split()
    )


def test_a_rule_is_offered_to_be_switched_off_only_where_it_may_be_the_rule() -> None:
    assert "enabled: false" in storm_message(wrong_rule()).email
    assert "enabled: false" not in storm_message(attack()).email


def test_a_protected_rule_is_never_offered_to_be_switched_off() -> None:
    """Decoys of it are an attack; and no override may name it."""
    summary = summary_of(
        Storm("2026-03-01T12", 1), [held(number, protected=True) for number in range(90)], Budgets()
    )
    assert "enabled: false" not in storm_message(summary).email


def test_one_actor_under_several_rules_stands_in_the_subject() -> None:
    subject = storm_message(attack()).subject
    assert subject.startswith("[CRITICAL] Storm goes on: user mallory under 3 rules in 3 accounts")


def test_the_last_summary_says_from_when_to_when() -> None:
    message = storm_message(replace(wrong_rule(), final=True))
    assert message.subject.startswith("[MEDIUM] Storm, 03:00 to 04:00 UTC: 10,000 alerts held back")
    assert "This is the last summary of that hour" in message.email


def test_whoever_filters_by_account_rule_or_owner_gets_the_summary() -> None:
    attributes = storm_message(attack(), context=CONTEXT).attributes
    assert attributes["severity"] == "critical"
    assert attributes["reason"] == "storm"
    assert attributes["account"] == ("111122223333", "444455556666", "999988887777")
    assert attributes["environment"] == ("production",)
    assert attributes["owner"] == ("security team",)
    assert attributes["tactic"] == ("defense-evasion",)
    assert len(attributes) <= 10


def test_however_many_rows_it_fits_and_says_what_was_left_out() -> None:
    row = replace(wrong_rule().rows[0], actor="\U0001f600" * 4000, rule_title="\u5927" * 4000)
    rows = tuple(replace(row, account=f"{number:012}") for number in range(5000))
    message = storm_message(replace(wrong_rule(), rows=rows, titles=("\u5927" * 90_000,) * 50))
    payload = json.loads(message.payload)
    assert message.size <= MESSAGE_LIMIT
    assert len(payload["rows"]) + payload["rows_left_out"] == 5000 + wrong_rule().rows_left_out


def test_an_hour_that_cannot_be_read_costs_no_summary() -> None:
    email = storm_message(replace(wrong_rule(), hour="soon")).email
    assert "10,000 alerts held back in this hour" in email


def test_a_storm_of_nothing_is_told_all_the_same() -> None:
    empty = replace(wrong_rule(), rows=(), titles=(), alerts=0, messages=3, rules=0, accounts=0, actors=0)
    message = storm_message(empty)
    assert "3 messages about 0 alerts held back" in message.email


@pytest.mark.parametrize(
    ("situation", "title"),
    [
        ("denied-though-the-rule-sounds-done", "user mallory tried to stop the trail main: denied"),
        ("failed-inside-aws", "user mallory tried to delete the database orders: failed inside AWS"),
        ("trail-stopped", "user mallory switched off the trail main (StopLogging)"),
    ],
)
def test_a_summary_tells_what_failed_as_an_attempt(situation: str, title: str) -> None:
    alert = next(one.alert for one in SITUATIONS if one.name == situation)
    held = held_of(Outgoing(alert.alert_id), alert, ())
    assert held.title == title
    summary = summary_of(Storm("2026-03-01T03"), [held], Budgets())
    attributes = storm_message(summary, context=CONTEXT).attributes
    assert attributes["owner"] == (alert.owner,)
    assert attributes.get("tactic", ()) == tactics(alert.tags), "subscriptions filter by these"


def test_a_part_says_in_its_subject_and_first_lines_that_its_counts_are_of_it_alone() -> None:
    part = replace(wrong_rule(), part=2, parts=3)
    message = storm_message(part, context=CONTEXT, bodies=Bodies(https=Form.CHAT))
    assert message.subject.startswith("[MEDIUM] Storm, part 2 of 3: ")
    assert message.email.startswith("MEDIUM, part 2 of 3: ")
    second = " ".join(message.email.split("\n\n")[1].split())
    assert second.startswith("This is part 2 of 3 of the summary. Its counts are of this part alone")
    assert "of this part alone" in json.loads(message.body)["https"]
    whole = storm_message(wrong_rule(), context=CONTEXT)
    assert "part 1" not in whole.subject + whole.email


def test_a_brief_summary_says_that_it_is_brief_and_why() -> None:
    message = storm_message(replace(wrong_rule(), rows=(), titles=(), brief=True))
    second = " ".join(message.email.split("\n\n")[1].split())
    assert second.startswith("This summary is brief: it could not be sent in full")
    assert "is brief" not in storm_message(wrong_rule()).email


def test_one_of_each_is_said_as_one_in_storms() -> None:
    email = storm_message(
        replace(wrong_rule(), unread=1, accounts_left_out=1, alerts=2, messages=2, rules=2)
    ).email
    text = " ".join(email.split())
    assert "1 more message was held back than could be counted" in text
    assert "1 more account could not be named" in text
    assert not re.search(
        r"(?<![\d,])1 (?:more )?(?:alert|message|record|log file|event|account|rule|actor)s\b", text
    )


@pytest.mark.parametrize("final", [False, True], ids=["goes on", "final"])
def test_when_the_next_summary_comes_is_said_as_it_is(final: bool) -> None:
    """`dispatch.tending` sends one sooner for what no summary has named, and for protected rules."""
    text = " ".join(storm_message(replace(wrong_rule(), final=final)).email.split())
    assert ("within minutes if something high or critical is held back in an account" in text) is not final
    assert ("or anything of a protected rule" in text) is not final
    assert ("This is the last summary of that hour" in text) is final


def test_a_brief_part_does_not_claim_to_name_all_accounts() -> None:
    summary = summary_of(
        Storm("2026-03-01T12", 1), [held(n, account=f"{n:012}") for n in range(9)], Budgets()
    )
    for brief in briefer(summary):
        email = storm_message(brief).email
        assert "All accounts" not in email
        assert "This summary is brief" in email
    first = next(iter(briefer(summary)))
    assert "  and 4 more accounts" in storm_message(first).email
