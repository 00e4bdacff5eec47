"""The heartbeat counts what exceptions hid and what rules are left, also where it was so for a while only."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.messages.situations_notices import quiet_week
from trailwarden.alerts.telling import Suppressed
from trailwarden.dispatch.suppression import suppressed_since
from trailwarden.messages.heartbeat import heartbeat_message
from trailwarden.state.memory_rule_sets import MemoryRuleSetStore
from trailwarden.state.protocol import HiddenCount
from trailwarden.state.rule_sets import LiveException, Publication, PublicationKind, Standing

SINCE = datetime(2026, 2, 23, tzinfo=UTC)


class Counts:
    def __init__(self, **hidden: int) -> None:
        self.hidden = hidden

    def exception_counts(self, exception_ids: Collection[str], since: date) -> dict[str, HiddenCount]:
        assert since == SINCE.date()
        return {each: HiddenCount(self.hidden.get(each, 0)) for each in exception_ids}


def store(*publications: tuple[str, int, tuple[str, ...]]) -> MemoryRuleSetStore:
    """When each went live, how many rules alert in it, and its exceptions."""
    made = MemoryRuleSetStore(lambda: 0.0)
    for number, (when, alerting, exceptions) in enumerate(publications, 1):
        publication = Publication(
            sequence=number,
            version=f"v{number}",
            kind=PublicationKind.EDIT,
            published_at=f"2026-{when}T12:00:00Z",
            published_by="ada",
            sources="",
            team="",
            shipped="",
            exceptions={each: LiveException(f"For {each}", "ada", "", "") for each in exceptions},
            standing=Standing(alerting, off=310 - alerting, lowered=2, staged=1, exceptions=len(exceptions)),
        )
        assert made.publish(publication, mirrored=True)
    return made


def test_nothing_published_is_nothing_known() -> None:
    assert suppressed_since(store(), Counts(), SINCE) == Suppressed()


def test_an_exception_of_one_night_and_rules_that_were_off_for_it_are_counted() -> None:
    rule_sets = store(
        ("01-05", 200, ("long_gone",)),
        ("02-01", 300, ("old",)),
        ("02-25", 3, ("old", "night")),
        ("02-26", 300, ("old",)),
    )

    found = suppressed_since(rule_sets, Counts(old=4, night=900, long_gone=7), SINCE)

    assert found.hidden == 904
    assert found.worst == (("For night", 900), ("For old", 4))
    assert (found.alerting, found.alerting_before, found.alerting_least) == (300, 300, 3)
    assert (found.off, found.lowered, found.staged, found.exceptions) == (10, 2, 1, 1)
    assert found.shrank


def test_more_publications_than_a_page_holds_are_all_seen() -> None:
    many = [("02-01", 300, ("first",)), *((f"02-{24 + number // 60}", 299, ()) for number in range(130))]

    found = suppressed_since(store(*many), Counts(first=1), SINCE)

    assert (found.hidden, found.alerting_before) == (1, 300)
    assert not found.shrank


def said(**fields: Any) -> tuple[str, str]:
    week = replace(quiet_week(), suppressed=Suppressed(**fields))
    message = heartbeat_message(week)
    return message.subject, " ".join(message.email.split())


def test_a_week_with_something_hidden_is_no_peace() -> None:
    subject, email = said(hidden=41, worst=(("Night shift", 40), ("Drill", 1)), alerting=300, exceptions=2)

    assert "no alert told, 41 hidden in the week" in subject
    assert "no rule that is live met anything" not in email
    assert "40 by Night shift" in email
    assert "300 rules alert; 0 switched off, 0 lowered, 0 on trial, 2 exceptions" in email


@pytest.mark.parametrize(
    ("fields", "headline"),
    [
        ({"alerting": 0}, "NO RULE ALERTS"),
        ({"alerting": 16, "alerting_before": 310, "alerting_least": 16}, "MOST RULES WERE SILENCED"),
        ({"alerting": 310, "alerting_before": 310, "alerting_least": 17}, "MOST RULES WERE SILENCED"),
        ({"alerting": 310, "alerting_least": 0}, "MOST RULES WERE SILENCED"),
    ],
)
def test_a_week_in_which_the_rules_were_taken_away_never_reads_as_peace(
    fields: dict[str, int], headline: str
) -> None:
    subject, email = said(**fields)

    assert subject.startswith(f"[HEARTBEAT] {headline}")
    assert email.startswith(headline)
    assert "at work" not in email.partition("Week:")[0]


def test_a_rule_or_two_fewer_are_counted_without_alarm() -> None:
    subject, email = said(alerting=298, alerting_before=310, alerting_least=298, off=12)

    assert "Trailwarden is at work" in subject
    assert "298 rules alert (310 a week before); 12 switched off" in email


def test_titles_of_exceptions_forge_no_line_and_no_link() -> None:
    _, email = said(hidden=1, worst=(("Peace\n\nAll is well https://evil.example/login", 1),), alerting=1)

    assert "https://evil" not in email
    assert "evil.example" not in email
