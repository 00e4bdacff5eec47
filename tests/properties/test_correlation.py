"""Correlations are a function of the set of events: order, files, repeats change nothing, on both stores."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.correlation.naive import naive_outcome
from tests.unit.correlation.samples import A, B, C, World, correlation, dynamodb_world, match
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, CorrelationType

COUNTS: list[CorrelationType] = [
    kind for kind in CorrelationType if not kind.startswith("value") or kind.endswith("count")
]
KINDS: dict[str, list[CorrelationType]] = {
    "counts": [kind for kind in COUNTS if kind is not CorrelationType.FIRST_SEEN],
    "numbers": [kind for kind in CorrelationType if kind not in COUNTS],
    "first_seen": [CorrelationType.FIRST_SEEN],
}
# Times crowd where windows (60 s, or days), stretches and hours end, and at one second.
NEAR = st.sampled_from([0, 1, 59, 60, 61, 119, 120, -1, 3599, 3600, -3600, 7199])
DAYS = st.integers(-60, 60).map(lambda hours: hours * 3600)
DAY = 86_400
COMPARISONS = ("lt", "lte", "gt", "gte", "eq", "neq")
QUARTILES = st.sampled_from([None, 25.0, 50.0, 75.0])


@st.composite
def matches(draw: st.DrawFn, times: st.SearchStrategy[int]) -> list[Match]:
    found = []
    crowded = st.sampled_from(draw(st.lists(times, min_size=1, max_size=5)))
    for number in range(draw(st.integers(1, 14))):
        seconds = draw(crowded) + draw(st.sampled_from([0, 0, 1, 30, 60, 61]))
        who = draw(st.sampled_from(["eve", "eve", "eve", "mallory", None]))
        what = draw(st.sampled_from([None, 1, 2, 2.5, -3]))
        rules = draw(st.sampled_from([[A], [A], [B], [C], [A, B], [C, A]]))
        found += [match(number, seconds, met, who, what=what, other=who) for met in rules]
    return found


@st.composite
def correlations(draw: st.DrawFn, kinds: list[CorrelationType]) -> list[Correlation]:
    kind = draw(st.sampled_from(kinds))
    rules = draw(st.permutations([A, B, C]))[: draw(st.integers(1, 3))]
    aliases = draw(st.sampled_from([{}, {"who": {A.id: "other", B.id: "who", C.id: "other"}}]))
    settings: dict[str, Any] = {
        "id": "below",
        "aliases": {alias: {one.id: fields[one.id] for one in rules} for alias, fields in aliases.items()},
        "field": ("what",) if kind.startswith("value") or kind is CorrelationType.FIRST_SEEN else (),
        "generates": draw(st.booleans()),
    }
    if kind is CorrelationType.FIRST_SEEN:
        span, warm_up = draw(st.sampled_from([1, 2])) * DAY, draw(st.sampled_from([0, 3600, DAY]))
        return [correlation(kind, *rules, **settings, bounds=(("gte", 1),), timespan=span, warm_up=warm_up)]
    names = draw(st.sampled_from([["gte"], ["gte"], ["gt", "lte"], *([name] for name in COMPARISONS)]))
    bounds = tuple((name, draw(st.integers(0, 4)) + (name == "lte")) for name in names)
    percentile = draw(QUARTILES) if kind is CorrelationType.VALUE_PERCENTILE else None
    below = correlation(kind, *rules, **settings, bounds=bounds, percentile=percentile)
    if not below.steady or draw(st.booleans()):
        return [below]
    kind_above = draw(st.sampled_from(["event_count", "temporal", "temporal_ordered"]))
    referred = (below, B) if draw(st.booleans()) else (B, below)
    return [below, correlation(kind_above, *referred, id="above", timespan=90, bounds=(("gte", 2),))]


@st.composite
def deliveries(draw: st.DrawFn, found: Sequence[Match]) -> list[list[Match]]:
    """The matches in any order, some of them again, in any number of files."""
    repeated = draw(st.lists(st.sampled_from(found), max_size=6))
    shuffled = draw(st.permutations([*found, *repeated]))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=5)))
    return [shuffled[first:last] for first, last in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


@pytest.mark.parametrize("make", [World, dynamodb_world], ids=["memory", "DynamoDB"])
@pytest.mark.parametrize("kinds", KINDS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_any_delivery_of_the_same_events_ends_in_the_same_alerts(
    make: type[World], kinds: str, data: st.DataObject
) -> None:
    rules = data.draw(correlations(KINDS[kinds]))
    found = data.draw(matches(DAYS if kinds == "first_seen" else NEAR))
    files = data.draw(deliveries(found))
    world = make(rules)

    world.take(*files)

    assert world.outcome() == naive_outcome(rules, found)
