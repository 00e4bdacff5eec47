"""`first_seen`: what a late event changes, and what the many repeats of a value cost."""

import pytest

from tests.dynamodb import FakeDynamoDB
from tests.unit.correlation.samples import World, correlation, dynamodb_world, match
from trailwarden.rules.ruleset import Correlation

DAY = 86_400


def first_seen(**fields: object) -> Correlation:
    settings = {"field": ("what",), "bounds": (("gte", 1),), "timespan": 10 * DAY, "warm_up": DAY}
    return correlation("first_seen", **{**settings, **fields})


@pytest.mark.parametrize("make", [World, dynamodb_world], ids=["memory", "DynamoDB"])
def test_a_late_earlier_event_takes_the_place_of_the_first(make: type[World]) -> None:
    world = make([first_seen()])
    world.take([match(1, 0, what="old"), match(2, 5 * DAY, what="new")])
    assert [told[2] for told in world.outcome()] == ["2026-03-06T12:00:00Z"]

    world.take([match(3, 3 * DAY, what="new")])

    assert [told[2] for told in world.outcome()] == ["2026-03-04T12:00:00Z"]


@pytest.mark.parametrize("make", [World, dynamodb_world], ids=["memory", "DynamoDB"])
def test_the_first_day_is_no_flood_even_where_a_late_event_shows_that_it_was_not_the_first(
    make: type[World],
) -> None:
    world = make([first_seen()])
    world.take([match(number, number * 60, what=number) for number in range(50)])
    assert world.outcome() == []

    world.take([match(99, -2 * DAY, what="x")])

    assert [told[4] for told in world.outcome()] == [50]


def test_a_combination_is_seen_as_one() -> None:
    world = World([first_seen(field=("what", "where"))])
    world.take(
        [
            match(number, number * DAY, what=what, where=where)
            for number, (what, where) in enumerate(
                [("a", "x"), ("b", "y"), ("a", "y"), ("a", "x"), ("b", None)]
            )
        ]
    )
    assert [told[2][:10] for told in world.outcome()] == ["2026-03-02", "2026-03-03"]


def test_the_repeats_of_a_day_are_not_written() -> None:
    database = FakeDynamoDB()
    world = dynamodb_world([first_seen()], database)
    world.take(
        *([match(1000 * file + n, file * 600 + n, what=n % 3) for n in range(300)] for file in range(9))
    )
    assert sum(sort_key.startswith("EVENT#") for _, sort_key in database.items) == 3
    assert database.writes == 3
