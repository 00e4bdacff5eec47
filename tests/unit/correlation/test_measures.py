"""What is measured in a window, to the number; worked out by hand."""

import pytest

from tests.unit.correlation.samples import RULES, A, B, C, World, correlation, match
from trailwarden.correlation.windows import Anchor, group_events, satisfied
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, Rule
from trailwarden.state.correlations import CorrelationEvent


def stored(found: Match) -> CorrelationEvent:
    assert found.event_time is not None
    what = found.record.get("what")
    fields = {} if what is None else {"what": str(what)}
    return CorrelationEvent(found.event_time, found.id, found.event_id, found.rule.id, "file", 0, fields)


def anchors(one: Correlation, events: list[Match]) -> list[Anchor]:
    return list(satisfied(one, group_events(one, map(stored, events))))


@pytest.mark.parametrize(
    ("kind", "percentile", "values", "number"),
    [
        ("value_sum", None, [1, 2.5, 4], 7.5),
        ("value_avg", None, [1, 2, 6], 3),
        ("value_avg", None, [5], 5),
        ("value_median", None, [9, 1, 2], 2),
        ("value_median", None, [1, 2, 4, 9], 3),  # between the two in the middle
        ("value_percentile", 75, [10, 20, 30, 40], 32.5),  # a quarter of the way from the third to the fourth
        ("value_percentile", 90, [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 90),
        ("value_percentile", 10, [4, 8], 4.4),
        ("value_percentile", 0, [7, 3], 3),
        ("value_percentile", 100, [7, 3], 7),
        ("value_percentile", None, ["a", "b", "b", "b"], 75),  # how many percent have this event's value
        ("value_count", None, ["a", "b", "a", "c"], 3),
    ],
)
def test_the_number_of_a_window(
    kind: str, percentile: float | None, values: list[object], number: float
) -> None:
    events = [match(place, place, what=value) for place, value in enumerate(values)]
    settings = {"field": ("what",), "percentile": percentile}
    above = correlation(kind, **settings, bounds=(("gte", number - 1e-9), ("lte", number + 1e-9)))
    beside = correlation(kind, **settings, bounds=(("gt", number + 1e-6),))

    last = len(values) - 1
    assert [anchor.place for anchor in anchors(above, events)][-1:] == [last]
    assert last not in [anchor.place for anchor in anchors(beside, events)]


@pytest.mark.parametrize("kind", ["value_sum", "value_avg", "value_median"])
def test_a_window_without_numbers_has_no_number(kind: str) -> None:
    """Not nought: no bound holds for what is not there."""
    one = correlation(kind, field=("what",), bounds=(("lte", 10),))
    assert anchors(one, [match(0, 0, what="many"), match(1, 1, what=None)]) == []


@pytest.mark.parametrize(
    ("rules", "number"),
    [
        ([A, B, C], 3),
        ([C, B, A], 1),
        ([B, C], 2),
        ([A, C, B], 2),
        ([C], 1),
    ],
)
def test_the_longest_row_in_order_is_counted(rules: list[Rule], number: int) -> None:
    events = [match(place, place, met=met) for place, met in enumerate(rules)]
    for bound in range(1, 5):
        one = correlation("temporal_ordered", *RULES, bounds=(("eq", bound),))
        satisfies = len(rules) - 1 in [anchor.place for anchor in anchors(one, events)]
        assert satisfies is (bound == number)


def test_what_an_alert_of_a_correlation_holds() -> None:
    """Each counted match has an identity of the correlation's own, and says where its record lies."""
    world = World([correlation("event_count")])
    world.take([match(7, 0), match(8, 1), match(9, 2)])
    ((_, matches),) = world.alerts.kept.stored.items()  # type: ignore[attr-defined]
    shown = sorted((one.event_time, one.event_id, one.evidence) for one in matches.values())
    assert [(evidence.log_file, evidence.record_index) for _, _, evidence in shown] == [
        ("file-0", 7),
        ("file-0", 8),
        ("file-0", 9),
    ]
    assert [event for _, event, _ in shown] == [match(number, 0).event_id for number in (7, 8, 9)]
    assert {(one.placed, one.match_id) for one in matches.values()} == set(matches)
    assert not {match(number, 0).id for number in (7, 8, 9)} & {one.match_id for one in matches.values()}
