"""The examples of docs/correlations.md, run; and the bounds that it names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.correlation.naive import naive_outcome
from tests.unit.correlation.samples import (
    RULES,
    START,
    B,
    World,
    correlation,
    dynamodb_world,
    match,
)
from trailwarden.alerts.placement import seconds_of, time_of
from trailwarden.correlation.windows import group_events, number_in, satisfied
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, CorrelationType
from trailwarden.state.correlations import CorrelationEvent

PAGE = Path(__file__).resolve().parents[3] / "docs" / "correlations.md"
_ROW = re.compile(r"^\| `(\w+)([^`]*)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_EVENT = re.compile(r"([abc])(\d+)(h?)(?:=(\w+))?")
SCALES = {"h": 3600}


def examples() -> Iterator[tuple[str, str, str, str]]:
    for row in _ROW.finditer(PAGE.read_text()):
        if _EVENT.search(row[3]):
            yield row[1], row[2].strip(), row[3], row[4].strip()


def written(kind: str, condition: str, letters: set[str]) -> Correlation:
    """The correlation that a row of the page writes."""
    words = condition.split()
    if kind == "first_seen":
        return correlation(kind, bounds=(("gte", 1),), field=("what",), timespan=2 * 86_400, warm_up=86_400)
    percentile = float(words.pop(0)) if kind == "value_percentile" and words[0].isdigit() else None
    bounds = tuple((name, int(bound)) for name, bound in zip(words[::2], words[1::2], strict=True))
    rules = RULES[:2] if kind.startswith("temporal") else RULES[: len(letters)]
    return correlation(
        kind,
        *rules,
        bounds=bounds or (("gte", len(rules)),),
        field=("what",) if kind.startswith("value") else (),
        percentile=percentile,
    )


def stored(found: Match) -> CorrelationEvent:
    fields = {"what": str(found.record["what"])} if found.record.get("what") is not None else {}
    assert found.event_time is not None
    return CorrelationEvent(found.event_time, found.id, found.event_id, found.rule.id, "file", 0, fields)


@pytest.mark.parametrize(("kind", "condition", "events", "expected"), list(examples()))
def test_the_page_says_what_is_so(kind: str, condition: str, events: str, expected: str) -> None:
    found = [
        match(number, int(seconds) * SCALES.get(unit, 1), RULES["abc".index(letter)], what=value or None)
        for number, (letter, seconds, unit, value) in enumerate(_EVENT.findall(events))
    ]
    one = written(kind, condition, {letter for letter, *_ in _EVENT.findall(events)})

    judged = group_events(one, map(stored, found))
    at = sorted({judged[anchor.place].seconds - START for anchor in satisfied(one, judged)})

    shown = [f"{seconds // 3600}h" if kind == "first_seen" else str(seconds) for seconds in at]
    assert (", ".join(shown) or "never") == expected


def test_the_page_has_an_example_of_every_type_and_comparison() -> None:
    rows = list(examples())
    assert {kind for kind, *_ in rows} == set(CorrelationType)
    names = {word for _, condition, *_ in rows for word in condition.split() if word.isalpha()}
    assert names == {"lt", "lte", "gt", "gte", "eq", "neq"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5.0),
        ("-2.5", -2.5),
        ("1e3", 1000.0),
        *((text, None) for text in ("x", "nan", "inf", "1e301", "true", "", None)),
    ],
)
def test_what_is_a_number(text: str | None, number: float | None) -> None:
    assert number_in(text) == number


def test_a_sum_of_the_largest_numbers_is_a_number() -> None:
    one = correlation("value_sum", bounds=(("gt", 0),), field=("what",))
    judged = group_events(one, [stored(match(number, 0, what="1e300")) for number in range(300)])
    assert len(list(satisfied(one, judged))) == 300


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"])
def test_times_at_the_edge_of_the_calendar_are_judged(time: str) -> None:
    assert time_of(seconds_of(time)) == time
    found = [match(number, seconds_of(time) - START) for number in range(3)]
    for make in (World, dynamodb_world):
        world = make([correlation("event_count"), correlation("event_count", id="l", bounds=(("lt", 9),))])
        world.take(found[:2], found[2:])
        assert [told[2:] for told in world.outcome()] == [(time, time, 3), (time, time, 3)]


def test_a_group_with_a_missing_value_or_time_is_skipped_and_counted() -> None:
    world = World([correlation("event_count", bounds=(("gte", 1),))])
    batch = world.take([match(1, 0, who=None), match(2, 0, who=""), match(3, None), match(4, 0, met=B)])
    assert world.outcome() == []
    assert (batch.tally.missing_group, batch.tally.missing_time, batch.tally.events) == (2, 1, 0)


@pytest.mark.parametrize("make", [World, dynamodb_world], ids=["memory", "DynamoDB"])
@pytest.mark.parametrize("files", [1, 7], ids=["in one file", "in many"])
def test_a_group_beyond_its_bound_is_told_and_bounded(make: type[World], files: int) -> None:
    """A lowered bound of 10 in a stretch of 60 s; 200 events in it are judged as the earliest 10."""
    one = correlation("event_count", bounds=(("gte", 10),))
    found = [match(number, number // 5) for number in range(200)]
    world = make([one], limit=10)
    world.take(*(found[number::files] for number in range(files)))
    ((_, _, first, _, count),) = world.outcome()
    assert first == "2026-03-01T12:00:00Z"
    assert 10 <= count <= 10 * files
    if files == 1:
        assert world.outcome() == naive_outcome([one], found[:10])


def test_the_memory_of_a_group_is_bounded() -> None:
    world = World([correlation("value_count", field=("what",))], limit=10)
    for number in range(1999, -1, -100):  # each file earlier than the one before: the worst order
        world.take([match(at, at // 40, what=at) for at in range(number, number - 100, -1)])
    kept = world.events._stretches.values()  # type: ignore[attr-defined]
    assert [len(stretch) for stretch in kept] == [10]
    assert [len(matches) for matches in world.alerts.kept.stored.values()] == [20]  # type: ignore[attr-defined]


def test_alerts_show_the_group_and_the_count() -> None:
    world = World([correlation("event_count", alert_title="{count} by {who}: {eventName}")])
    world.take([match(number, number) for number in range(4)])
    (alert,) = world.alerts.standing()  # type: ignore[attr-defined]
    assert (alert.title, alert.group, alert.count) == ("4 by eve: StopLogging", {"who": "eve"}, 4)
    assert alert.record["eventTime"] == alert.first_event_time == "2026-03-01T12:00:00Z"
    assert alert.evidence.log_file == "file-0"


@pytest.mark.parametrize("make", [World, dynamodb_world], ids=["memory", "DynamoDB"])
def test_windows_of_which_only_a_part_is_read_are_not_judged(make: type[World]) -> None:
    """The event at 11:00:00 is read for the sake of 12:59:59; the one a second before it is not."""
    rules = [correlation("event_count", bounds=(("lt", 2),))]
    files = [[match(1, -3601), match(2, -3600)], [match(3, 3599)]]
    world = make(rules)
    world.take(*files)
    assert world.outcome() == naive_outcome(rules, [found for file in files for found in file])


def test_an_event_is_judged_with_all_of_its_second() -> None:
    rules = [correlation("value_percentile", bounds=(("lte", 25),), field=("what",))]
    found = [match(number, 0, what=what) for number, what in enumerate("yxxx")]
    world = World(rules)
    world.take(found)
    assert [told[4] for told in world.outcome()] == [4]
