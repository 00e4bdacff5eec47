"""What differs among the events of one alert: the same in any order, bounded, and no more than is known."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerting_world import START, STOP, Event, World
from tests.samples import record, rule
from trailwarden.alerts.likeness import NAMED_AT_MOST, Character
from trailwarden.alerts.model import AlertMatch, Evidence
from trailwarden.alerts.placement import time_of
from trailwarden.alerts.title import wording
from trailwarden.alerts.variety import TOLD_APART_AT_MOST, Values, Variety, variety_of
from trailwarden.rules.ruleset import Rule


def match(number: int, **fields: str) -> AlertMatch:
    at = time_of(START + number)
    known = {"origin": "203.0.113.7", "action": "StopLogging", "wording": "w", **fields}
    return AlertMatch(f"{number:032x}", f"{number}", at, Evidence("f", number), at, Character(**known))


def test_the_first_ones_are_named_and_all_are_counted() -> None:
    matches = [match(number, target=f"user {number // 2}") for number in range(60)]
    random.Random(1).shuffle(matches)  # noqa: S311
    found = variety_of([*matches, *matches[:20]]).targets
    assert found == Values(tuple(f"user {number}" for number in range(NAMED_AT_MOST)), 30)


def test_there_is_an_end_to_what_is_told_apart() -> None:
    found = variety_of([match(number, target=f"user {number}") for number in range(TOLD_APART_AT_MOST + 5)])
    assert (found.targets.number, found.targets.at_least) == (TOLD_APART_AT_MOST, True)
    assert (found.actions.number, found.actions.at_least) == (1, False)


def test_one_of_which_nothing_is_known_may_be_anything() -> None:
    unknown = AlertMatch("f" * 32, "e", None, Evidence("f", 0))
    found = variety_of([match(1, target="trail main"), unknown])
    assert found.targets == Values(("trail main",), 1, at_least=True)
    assert not found.alike
    assert not found.whole
    assert variety_of([match(1, target="trail main"), match(2)]).targets == Values(("trail main",), 1)


def test_outcomes_are_counted_and_a_value_that_is_not_known_is_none() -> None:
    ended = ["", "denied", "denied", "failed", "dry run", "failed inside AWS"]
    found = variety_of([match(n, outcome=word, origin="unknown") for n, word in enumerate(ended)])
    assert (found.denied, found.failed, found.addresses) == (2, 3, Values())


TITLES = {
    "a constant": ("{actor} stopped a trail", True),
    "of the group": ("{actor} stopped a trail in {account}", True),
    "the same": ("{actor} called {eventName}", True),
    "another": ("{actor} stopped {requestParameters.name}", False),
    "one of several": ("{actor} stopped {requestParameters.none|requestParameters.name}", False),
    "none": ("", True),
}


@pytest.mark.parametrize("what", TITLES)
def test_wordings_agree_only_if_the_sentence_says_the_same(what: str) -> None:
    title, same = TITLES[what]
    said: Rule = rule(STOP.id, "StopLogging", alert_title=title)
    one, other = (record(1, requestParameters={"name": name}) for name in ("main", "audit"))
    group = ("actor", "account")
    assert (wording(said, one, group, "") == wording(said, other, group, "")) == same
    assert wording(said, one, group, "") != wording(said, one, group, "denied")


def several(world: World) -> list[Variety | None]:
    """What each message says of what differs."""
    return [more.variety if more else alert.variety for alert, more in world.topic.told]


@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
@given(st.permutations(range(10)), st.integers(1, 10))
@settings(max_examples=20, deadline=None)
def test_in_any_order_the_last_message_names_the_same(in_table: bool, order: list[int], first: int) -> None:
    events = [
        Event(
            n, n, target=f"t{n % 6}", address=f"203.0.113.{n % 2}", error="AccessDenied" if n == 3 else None
        )
        for n in range(10)
    ]
    world = World(in_table=in_table)
    world.deliver([events[n] for n in order[:first]])
    world.notify()
    world.deliver([events[n] for n in order[first:]])
    world.notify()
    world.settle()
    last = several(world)[-1]
    assert last is not None
    assert last == replace(
        last,
        targets=Values(tuple(f"trail t{n}" for n in range(6)), 6),
        addresses=Values(("203.0.113.0", "203.0.113.1"), 2),
        actions=Values(("StopLogging",), 1),
        accounts=Values(("444455556666",), 1),
        denied=1,
        failed=0,
        whole=True,
    )


def test_of_more_than_are_read_it_is_said_that_they_were_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trailwarden.aws.match_table.EXACT_AT_MOST", 5)
    world = World(in_table=True)
    world.database.page = 5
    world.deliver([Event(n, n, target=f"t{n}") for n in range(12)])
    world.deliver([Event(n, n, target=f"t{n}") for n in range(12, 130)])
    world.notify()
    last = several(world)[-1]
    assert last is not None
    assert (last.targets.number, last.targets.at_least, last.whole, last.alike) == (5, True, False, False)


@pytest.mark.parametrize(
    ("asked_for", "other"),
    [
        ({"password": "Sommer24"}, {"password": "Winter24"}),
        (
            {"environment": {"variables": {"LEGACY": "Sommer24"}}},
            {"environment": {"variables": {"LEGACY": "x9"}}},
        ),
    ],
)
def test_a_wording_keeps_nothing_of_a_secret(asked_for: dict[str, Any], other: dict[str, Any]) -> None:
    path = "requestParameters.password" if "password" in asked_for else "requestParameters.environment"
    said = rule("a" * 8, "CreateUser", alert_title=f"set to {{{path}}}")
    one, another = ({"eventName": "CreateUser", "requestParameters": each} for each in (asked_for, other))
    assert wording(said, one, (), "") == wording(said, another, (), "")
