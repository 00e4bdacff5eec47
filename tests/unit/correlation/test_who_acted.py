"""The sentence of a correlation names everybody who acted in its events, whatever order they arrive in."""

from itertools import pairwise, permutations
from typing import Any

import pytest

from tests.unit.correlation.samples import A, B, C, World, correlation, match
from trailwarden.correlation.plan import Plan
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, Rule, RuleSet
from trailwarden.state.memory import MemoryAlertStore

STEPS = correlation("temporal", A, B, C, alert_title="{actor} took {who} over")


def by(name: str, number: int, met: Rule = A, **fields: Any) -> Match:
    """An event of an IAM user, as many seconds after the start as its number."""
    identity = {"type": "IAMUser", "userName": name, "arn": f"arn:aws:iam::111122223333:user/{name}"}
    return match(number, number, met, userIdentity=identity, **fields)


def titles(correlations: list[Correlation], *files: list[Match]) -> set[str]:
    world = World(correlations)
    world.take(*files)
    assert isinstance(world.alerts, MemoryAlertStore)
    return {alert.title for alert in world.alerts.standing()}


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("split", [(), (1,), (2,), (1, 2)])
def test_the_sentence_is_that_of_all_events_in_every_order(
    order: tuple[int, ...], split: tuple[int, ...]
) -> None:
    events = [by("alice", 1), by("alice", 2, B), by("mallory", 3, C)]
    arriving = [events[number] for number in order]
    edges = [0, *split, len(arriving)]
    files = [arriving[begin:end] for begin, end in pairwise(edges)]

    assert titles([STEPS], *files) == {"user alice and user mallory took eve over"}


def test_one_actor_is_named_once() -> None:
    events = [by("alice", 1), by("alice", 2, B), by("alice", 3, C)]
    assert titles([STEPS], events) == {"user alice took eve over"}


def test_of_many_actors_the_rest_is_counted() -> None:
    many = correlation("event_count", bounds=(("gte", 5),), alert_title="{actor} made {count} users")
    events = [by(name, number) for number, name in enumerate(("ann", "ben", "cid", "dan", "eli", "ann"))]
    assert titles([many], events) == {"user ann, user ben, user cid and 2 more made 6 users"}


def test_what_one_record_says_is_not_said_of_several_actors() -> None:
    """Neither called in the other's region."""
    new = correlation(
        "first_seen", field=("region",), bounds=(("gte", 1),), alert_title="{actor} was first in {awsRegion}"
    )
    alice, mallory = by("alice", 1, awsRegion="eu-west-1"), by("mallory", 2, awsRegion="eu-west-2")
    assert titles([new], [alice]) == {"user alice was first in eu-west-1"}
    assert titles([new], [alice, mallory]) == {"Together: 2 events by user alice and user mallory of who eve"}


def test_whoever_is_grouped_by_is_the_groups() -> None:
    own = correlation("temporal", A, B, group_by=("actor",), bounds=(("gte", 2),), alert_title="{actor} did")
    assert titles([own], [by("alice", 1), by("alice", 2, B), by("mallory", 3, B)]) == {"user alice did"}


def test_an_event_that_does_not_say_who_acted_is_not_left_to_another() -> None:
    events = [by("alice", 1), by("alice", 2, B), match(3, 3, C, userIdentity=None)]
    assert titles([STEPS], events) == {"user alice and somebody unknown took eve over"}


def test_a_correlation_over_another_names_those_of_the_events_below() -> None:
    below = correlation("event_count", id="below", bounds=(("gte", 1),))
    above = correlation("temporal", below, B, bounds=(("gte", 2),), alert_title="{actor} went for {who}")
    events = [by("alice", 1), by("mallory", 2, B)]
    assert "user alice and user mallory went for eve" in titles([below, above], events)


def test_what_a_sentence_says_does_not_begin_the_state_anew() -> None:
    """Weeks of what was seen would be forgotten otherwise."""
    plain = correlation("temporal", A, B, C)
    keys = {Plan(RuleSet((A, B, C), (one,))).place(one, {"who": "eve"}).key for one in (plain, STEPS)}
    assert len(keys) == 1
