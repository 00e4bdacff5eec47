"""What correlations mean, straight from docs/correlations.md: every window by itself, nothing kept up."""

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from tests.unit.correlation.samples import Told
from trailwarden.alerts.placement import seconds_of
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, CorrelationType

# An event as a correlation meets it: by which rule, its time, its id, its record.
Met = tuple[str, str, str, dict[str, object]]


def naive_outcome(correlations: Sequence[Correlation], matches: Iterable[Match]) -> list[Told]:
    """The alerts of a set of matches. Correlations stand after those that they refer to."""
    met: set[tuple[str, str]] = set()
    events: list[Met] = []
    for match in matches:
        if match.event_time is not None and (match.rule.id, match.event_id) not in met:
            met.add((match.rule.id, match.event_id))
            events.append((match.rule.id, match.event_time, match.event_id, match.record))
    told: list[Told] = []
    for one in correlations:
        alerts, satisfied = _judge(one, [event for event in events if event[0] in one.rules])
        events += satisfied
        told += alerts if one.generates else []
    return sorted(told)


def _field(one: Correlation, rule_id: str, name: str) -> str:
    return one.aliases.get(name, {}).get(rule_id, name)


def _judge(one: Correlation, events: list[Met]) -> tuple[list[Told], list[Met]]:
    groups: dict[tuple[str, ...], list[Met]] = {}
    for event in events:
        values = [event[3].get(_field(one, event[0], name)) for name in one.group_by]
        if None not in values:
            groups.setdefault(tuple(map(str, values)), []).append(event)
    told: list[Told] = []
    satisfied: dict[tuple[str, str], Met] = {}
    for group, members in groups.items():
        hours: dict[str, set[tuple[str, str]]] = {}
        for anchor in members:
            end = seconds_of(anchor[1])
            first = end - one.timespan
            if one.type is CorrelationType.FIRST_SEEN:
                first = end // 86_400 * 86_400 - one.timespan
            window = [event for event in members if first <= seconds_of(event[1]) <= end]
            measured = _measure(one, window, anchor)
            if measured is not None and all(_compare(name, measured, bound) for name, bound in one.bounds):
                counted = [anchor] if one.type is CorrelationType.FIRST_SEEN else window
                hours.setdefault(anchor[1][:13], set()).update((event[1], event[2]) for event in counted)
                satisfied[anchor[1], anchor[2]] = (one.id, *anchor[1:])
        told += [
            (one.id, group, min(met)[0], max(met)[0], len(met)) for met in _alerts(hours, one.quiet or 3600)
        ]
    return told, list(satisfied.values())


def _alerts(hours: dict[str, set[tuple[str, str]]], quiet: int) -> list[set[tuple[str, str]]]:
    """What hours found is one alert, where no longer gap than the quiet time is between them."""
    alerts: list[set[tuple[str, str]]] = []
    last = None
    for hour in sorted(hours):
        at = seconds_of(f"{hour}:00:00Z")
        if last is not None and at - last <= quiet:
            alerts[-1] |= hours[hour]
        else:
            alerts.append(set(hours[hour]))
        last = at
    return alerts


def _compare(name: str, left: float, right: float) -> bool:
    if name in {"lt", "lte"}:
        return left < right or (name == "lte" and left == right)
    if name in {"gt", "gte"}:
        return left > right or (name == "gte" and left == right)
    return (left == right) is (name == "eq")


def _value(one: Correlation, window: list[Met], event_id: str) -> str | None:
    """An event's value; of several rules that met it, by the first that has one."""
    for rule_id in one.rules:
        for met in window:
            if met[0] == rule_id and met[2] == event_id:
                values = [met[3].get(_field(one, rule_id, name)) for name in one.field]
                if None not in values:
                    return "\n".join(map(str, values))
    return None


def _measure(one: Correlation, window: list[Met], anchor: Met) -> float | None:
    ids = sorted({event[2] for event in window})
    if one.type is CorrelationType.FIRST_SEEN:
        own = _value(one, window, anchor[2])
        before = {event[2] for event in window if event[1:3] < anchor[1:3]}
        known_for = seconds_of(anchor[1]) - min(seconds_of(event[1]) for event in window)
        seen = own in {_value(one, window, event_id) for event_id in before}
        return None if own is None else int(not seen and known_for >= one.warm_up)
    if one.type is CorrelationType.EVENT_COUNT:
        return len(ids)
    if one.type is CorrelationType.TEMPORAL:
        return len({event[0] for event in window})
    if one.type is CorrelationType.TEMPORAL_ORDERED:
        return _longest_row(one, window)
    values = [value for event_id in ids if (value := _value(one, window, event_id)) is not None]
    if one.type is CorrelationType.VALUE_COUNT:
        return len(set(values))
    if one.type is CorrelationType.VALUE_PERCENTILE and one.percentile is None:
        own = _value(one, window, anchor[2])
        return None if own is None else 100 * Counter(values)[own] / len(values)
    numbers = sorted(float(value) for value in values)
    if not numbers:
        return None
    if one.type is CorrelationType.VALUE_SUM:
        return sum(numbers)
    if one.type is CorrelationType.VALUE_AVG:
        return sum(numbers) / len(numbers)
    if one.type is CorrelationType.VALUE_MEDIAN:
        return statistics.median(numbers)
    if len(numbers) == 1:
        return numbers[0]
    assert one.percentile in {25.0, 50.0, 75.0}
    return statistics.quantiles(numbers, n=4, method="inclusive")[int(one.percentile / 25) - 1]


def _longest_row(one: Correlation, window: list[Met]) -> int:
    """The most rules, in the order of the rules, for which events can be picked whose times do not fall."""
    times = [sorted({event[1] for event in window if event[0] == rule_id}) for rule_id in one.rules]
    for length in range(len(times), 0, -1):
        for rules in combinations(times, length):
            now: str | None = ""
            for choices in rules:
                now = next((time for time in choices if time >= (now or "")), None)
                if now is None:
                    break
            if now is not None:
                return length
    return 0
