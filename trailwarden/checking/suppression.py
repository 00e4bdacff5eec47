"""Filters and overrides that take more away than an exception may: what publication refuses.

A rule's test records show what it is for. They seldom hold all that a real record has, so each is tried also
with the fields that every record has, several times with other values: a filter that hides all of these goes
by something that every record has. All filters together are held against such records as real traffic has
them (`traffic.py`), over all kinds of it and at each moment until they expire.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from trailwarden.checking.traffic import Traffic
from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.exceptions import LONGEST_DAYS
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.finding import Finding, Severity
from trailwarden.rules.load import RuleFolder
from trailwarden.rules.outline import outline_of_filter
from trailwarden.rules.overrides import Override
from trailwarden.rules.ruleset import Correlation, Rule, RuleSet
from trailwarden.rules.source import RuleSource, Source

_FEWEST_RECORDS = 10
"""Of fewer records a share says nothing."""
_OF_TIME = ("eventTime", "creationDate")
_Hides = Callable[[Mapping[str, Any]], bool]


def suppressions(
    sources: Sequence[RuleSource], protected: Sequence[RuleSource], today: date
) -> Iterator[Finding]:
    """What publication refuses of the filters that apply to `sources`, or would hide what is protected."""
    filters = list({id(each): each for source in sources for each in source.filters}.values())
    traffic = Traffic("", today, _last(today))
    hides = {id(each): test for each in filters if (test := _hidden_by(each, traffic)) is not None}
    for each in filters:
        yield from _too_long(each, today)
        if each.rules is None and id(each) in hides:
            yield from _of_protected(each, hides[id(each)], protected)
    found = list(_too_wide(sources, filters, hides))
    yield from found or _too_wide_in_traffic(sources, filters, today)


def _condition_of(each: FilterSource) -> tuple[Callable[[RecordView], bool], str] | None:
    """Whether a record is hidden, and the condition as text."""
    outline = outline_of_filter(each)
    if outline is None:
        return None
    node = ["not", outline.node] if each.says_what_remains else outline.node
    return compile_condition(node), repr(node)


def _hidden_by(each: FilterSource, traffic: Traffic) -> _Hides | None:
    found = _condition_of(each)
    if found is None:
        return None
    condition, _ = found

    def hides(record: Mapping[str, Any]) -> bool:
        """Whether the record is hidden as it is written, or whatever else it may hold."""
        return condition(RecordView(dict(record))) or all(
            condition(RecordView(each)) for each in traffic.unlike(record)
        )

    return hides


def _too_long(each: FilterSource, today: date) -> Iterator[Finding]:
    if each.expires is not None and each.expires > today + timedelta(days=LONGEST_DAYS):
        message = f"the exception holds until {each.expires}, more than {LONGEST_DAYS} days from now"
        cure = f"choose a date within {LONGEST_DAYS} days, and review it then"
        yield _error(each, "exception-too-long", message, cure)


def _of_protected(each: FilterSource, hides: _Hides, protected: Sequence[RuleSource]) -> Iterator[Finding]:
    for source in protected:
        for test in source.block.tests:
            if test.must_match and hides(test.record):
                message = (
                    f"the filter would hide a record that the protected rule {source.title!r} must match "
                    f"({source.path}:{test.line})"
                )
                cure = "narrow the filter, or name the rules that it is for"
                yield _error(each, "filter-hides-protected", message, cure)
                return  # one says it: a filter that hides all of them would be told a hundred times


def _too_wide(
    sources: Sequence[RuleSource], filters: Sequence[FilterSource], hides: Mapping[int, _Hides]
) -> Iterator[Finding]:
    """All filters together, so that ten narrow ones do not what one may not."""
    hidden_by = dict.fromkeys(map(id, filters), 0)
    hidden = records = 0
    for source in sources:
        for test in source.block.tests:
            if not test.must_match:
                continue
            records += 1
            by = [id(each) for each in source.filters if id(each) in hides and hides[id(each)](test.record)]
            hidden += bool(by)
            for one in by:
                hidden_by[one] += 1
    if records < _FEWEST_RECORDS or hidden * 2 <= records:
        return
    widest = max(filters, key=lambda each: hidden_by[id(each)])
    message = f"the filters hide {hidden:,} of {records:,} records that rules must match; this hides the most"
    cure = "narrow it, or name the rules that it is for; rules that nobody needs can be switched off"
    yield _error(widest, "filters-hide-most", message, cure)


@dataclass(frozen=True, slots=True)
class _Held:
    """A filter that is held against traffic: its condition, and the places of the records of its rules."""

    each: FilterSource
    condition: Callable[[RecordView], bool]
    text: str
    places: frozenset[int]


def _too_wide_in_traffic(
    sources: Sequence[RuleSource], filters: Sequence[FilterSource], today: date
) -> Iterator[Finding]:
    """What hides most of the records as real traffic has them, or most of them at some moment."""
    tests = [(source, test.record) for source in sources for test in source.block.tests if test.must_match]
    records = [record for _, record in tests]
    if len(records) < _FEWEST_RECORDS or not filters:
        return
    held = []
    for each in filters:
        found = _condition_of(each)
        if found is not None:
            places = frozenset(place for place, (source, _) in enumerate(tests) if each in source.filters)
            held.append(_Held(each, *found, places))
    longest = min(max((each.expires or today for each in filters), default=today), _last(today))
    traffic = Traffic("".join(one.text for one in held), today, longest)
    widest = _widest(held, traffic.records(records))
    if widest is not None:
        yield _error(widest, "filters-hide-most", _IN_TRAFFIC.format("of all kinds of traffic"), _NARROW)
        return
    timely = [one for one in held if any(name in one.text for name in _OF_TIME)]
    others = [one for one in held if one not in timely]
    for some, thorough in ((held, False), (timely, True)):
        for moment in traffic.days(records, thorough=thorough) if some else ():
            widest = _widest(some, moment)
            if widest is not None:
                always = _widest(others, moment) if others else None
                when = "of some kinds of traffic" if always else f"on {moment[0][1]['eventTime']}"
                yield _error(always or widest, "filters-hide-most", _IN_TRAFFIC.format(when), _NARROW)
                return


_IN_TRAFFIC = (
    "the filters hide more than half of the records that rules must match, completed with what CloudTrail"
    " writes in every record, {}; this hides the most"
)
_NARROW = "narrow it to one identity, account, region or network, or name the rules that it is for"


def _last(today: date) -> date:
    return today + timedelta(days=LONGEST_DAYS)


def _widest(held: Sequence[_Held], records: Iterable[tuple[int, dict[str, Any]]]) -> FilterSource | None:
    """The filter that hides the most, where all together hide more than half."""
    hidden_by = [0] * len(held)
    hidden = count = 0
    for place, record in records:
        view = RecordView(record)
        by = [number for number, one in enumerate(held) if place in one.places and one.condition(view)]
        count += 1
        hidden += bool(by)
        for number in by:
            hidden_by[number] += 1
    if hidden * 2 <= count:
        return None
    return held[max(range(len(held)), key=hidden_by.__getitem__)].each


def nothing_alerts(folder: RuleFolder, rule_set: RuleSet) -> Iterator[Finding]:
    """Whether no rule besides the protected ones alerts: all of them are switched off, on trial, or only feed
    correlations. Asked of a whole rule set, where the rules that ship are among the folder's."""
    every = [*folder.sources, *folder.switched_off]
    compiled: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    alerting = any(one.generates and not one.staged and not one.protected for one in compiled)
    if alerting or not any(source.document.shipped for source in every):
        return
    first: Override | Source = folder.overrides[0] if folder.overrides else every[0]
    message = (
        "no rule besides the protected ones would alert: all are switched off, on trial, or only counted"
    )
    cure = "leave some of the rules at work"
    yield _error(first, "nothing-alerts", message, cure)


def _error(each: FilterSource | Override | Source, code: str, message: str, cure: str) -> Finding:
    return Finding(each.path, each.line, each.column, message, cure, code=code, severity=Severity.ERROR)
