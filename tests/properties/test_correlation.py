"""Correlations are a function of the set of events: order, files, repeats change nothing, on both stores."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.correlation.naive import naive_outcome
from tests.unit.correlation.samples import A, B, C, World, correlation, dynamodb_world, match
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, CorrelationType

# Times crowd where windows (60 s) and hours end, and at one second.
SECONDS = st.one_of(
    st.sampled_from([0, 1, 59, 60, 61, 119, 120, 121, 3539, 3540, 3598, 3599, 3600, 3601, 3660, 7199]),
    st.integers(min_value=0, max_value=3700),
)
COMPARISONS = ("lt", "lte", "gt", "gte", "eq", "neq")
QUARTILES = st.sampled_from([None, 25.0, 50.0, 75.0])


@st.composite
def matches(draw: st.DrawFn) -> list[Match]:
    found = []
    scale = draw(st.sampled_from([1, 1, 24, 60]))  # hours, or days
    for number in range(draw(st.integers(1, 14))):
        seconds = draw(SECONDS) * scale
        who = draw(st.sampled_from(["eve", "eve", "mallory", None]))
        what = draw(st.sampled_from([None, 1, 2, 2.5, -3]))
        rules = draw(st.sampled_from([[A], [A], [B], [C], [A, B], [C, A]]))
        found += [match(number, seconds, met, who, what=what, other=who) for met in rules]
    return found


@st.composite
def correlations(draw: st.DrawFn) -> list[Correlation]:
    kind = draw(st.sampled_from(list(CorrelationType)))
    names = draw(st.sampled_from([["gte"], ["gte"], ["gt", "lte"], *([name] for name in COMPARISONS)]))
    bounds = tuple((name, draw(st.integers(0, 4)) + (name == "lte")) for name in names)
    aliases = draw(st.sampled_from([{}, {"who": {A.id: "other", B.id: "who", C.id: "other"}}]))
    percentile = draw(QUARTILES) if kind is CorrelationType.VALUE_PERCENTILE else None
    rules = draw(st.permutations([A, B, C]))[: draw(st.integers(1, 3))]
    new = kind is CorrelationType.FIRST_SEEN
    below = correlation(
        kind,
        *rules,
        id="below",
        bounds=(("gte", 1),) if new else bounds,
        timespan=draw(st.sampled_from([1, 2])) * 86_400 if new else 60,
        warm_up=draw(st.sampled_from([0, 3600, 86_400])) if new else 0,
        aliases={alias: {one.id: fields[one.id] for one in rules} for alias, fields in aliases.items()},
        field=("what",) if kind.startswith("value") or new else (),
        percentile=percentile,
        generates=draw(st.booleans()),
    )
    if not below.steady or draw(st.booleans()):
        return [below]
    kind_above = draw(st.sampled_from(["event_count", "temporal", "temporal_ordered"]))
    above = correlation(
        kind_above,
        *((below, B) if draw(st.booleans()) else (B, below)),
        id="above",
        timespan=90,
        bounds=(("gte", 2),),
    )
    return [below, above]


@st.composite
def deliveries(draw: st.DrawFn, found: Sequence[Match]) -> list[list[Match]]:
    """The matches in any order, some of them again, in any number of files."""
    repeated = draw(st.lists(st.sampled_from(found), max_size=6))
    shuffled = draw(st.permutations([*found, *repeated]))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=5)))
    return [shuffled[first:last] for first, last in zip([0, *cuts], [*cuts, len(shuffled)], strict=True)]


@pytest.mark.parametrize("make", [World, dynamodb_world], ids=["memory", "DynamoDB"])
@settings(max_examples=250, deadline=None)
@given(data=st.data(), rules=correlations(), found=matches())
def test_any_delivery_of_the_same_events_ends_in_the_same_alerts(
    make: type[World], data: st.DataObject, rules: list[Correlation], found: list[Match]
) -> None:
    files = data.draw(deliveries(found))
    world = make(rules)

    world.take(*files)

    assert world.outcome() == naive_outcome(rules, found)
