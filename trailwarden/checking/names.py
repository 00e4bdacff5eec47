"""Names that a rule uses, held against what CloudTrail's records have: events, parameters, and the fields of
titles, groups and tests."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trailwarden.checking.api import ApiModels
from trailwarden.checking.calls import (
    REQUEST,
    RESPONSE,
    Call,
    has_call,
    needed_texts,
    unknown_event,
    unknown_parameter,
)
from trailwarden.checking.places import at, at_part
from trailwarden.delivery.records import Record
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.document import Path
from trailwarden.rules.fields import NORMALISED, nearest, unknown_field, unknown_name
from trailwarden.rules.finding import Finding
from trailwarden.rules.outline import Kind, Part
from trailwarden.rules.source import RuleSource, Source

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_DEPTH = 12
Complaint = tuple[str, str]


class Names:
    """Checks names; without `api`, those of calls and their parameters are left alone."""

    def __init__(self, outlines: Mapping[str, Part], api: ApiModels | None) -> None:
        self._api = api
        self._outlines = outlines
        self._sources = sorted(
            {
                text
                for whole in outlines.values()
                for part in whole.walk()
                for text in needed_texts(part.node, "eventSource") or ()
            }
        )

    def of_rule(self, source: RuleSource) -> Iterator[Finding]:
        """Every name that a rule uses."""
        whole = self._outlines.get(source.id)
        call = Call()
        if whole is not None:
            call = call.narrowed(whole.node)
            yield from self._of_part(source, whole, Call())
        yield from self._of_title(source, call)
        for index, name in enumerate(source.block.group_by):
            path: Path = ("trailwarden", "group_by", index)
            yield from self._told(source, path, "unknown-group-field", self._field(name, call))
        yield from self._of_tests(source)

    def of_correlation(self, source: CorrelationSource) -> Iterator[Finding]:
        """Every field that a correlation groups by, counts, or puts into its title."""
        parts = source.parts
        known = frozenset(parts.aliases)
        for index, name in enumerate(parts.group_by):
            if name not in known:
                place: Path = ("correlation", "group-by", index)
                yield from self._told(source, place, "unknown-group-field", self._field(name, Call()))
        for name in parts.field:
            if name not in known:
                place = ("correlation", "condition", "field")
                yield from self._told(source, place, "unknown-field", self._field(name, Call()))
        for alias, fields in parts.aliases.items():
            for rule, name in fields.items():
                place = ("correlation", "aliases", alias, rule)
                yield from self._told(source, place, "unknown-field", self._field(name, Call()))
        yield from self._of_title(source, Call(), known | {"count"} | set(parts.group_by))
        yield from self._of_tests(source)

    def _told(self, source: Source, path: Path, code: str, complaint: Complaint | None) -> Iterator[Finding]:
        if complaint is not None:
            yield at(source, path, code, *complaint)

    def _field(self, name: str, call: Call) -> Complaint | None:
        """What is wrong with a field, or a normalised one, of the records of a call."""
        if name in NORMALISED:
            return None
        if "." not in name and (near := nearest(name, NORMALISED, cutoff=0.8)) and unknown_field(name):
            return f"there is no field `{name}`", f"did you mean `{near}`?"
        return unknown_name(name) or self._parameter(name, call)

    def _parameter(self, name: str, call: Call) -> Complaint | None:
        return unknown_parameter(self._api, call, name) if self._api is not None else None

    def _of_part(self, source: RuleSource, part: Part, call: Call) -> Iterator[Finding]:
        """The names in a part of the condition, which holds within `call`."""
        if part.kind is Kind.LINE:
            if complaint := self._parameter(part.field, call):
                yield at_part(source, part, "unknown-parameter", *complaint)
            return
        if part.kind is Kind.ALL:
            call = call.narrowed(part.node)
        for below in part.parts:
            if below.kind is Kind.LINE and below.field == "eventName":
                yield from self._events(source, below, call)
            yield from self._of_part(source, below, call)

    def _events(self, source: RuleSource, line: Part, call: Call) -> Iterator[Finding]:
        """Event names that none of the sources has."""
        names = needed_texts(line.node, "eventName")
        api = self._api
        if api is None or not names or not call.sources:
            return
        written = {str(value).lower(): str(value) for value in line.values}
        for name in sorted(names):
            if any(has_call(api, each, name) for each in call.sources):
                continue
            complaints = [
                unknown_event(api, each, written.get(name, name), self._sources)
                for each in sorted(call.sources)
            ]
            told = [complaint for complaint in complaints if complaint is not None]
            if told and len(told) == len(complaints):
                yield at_part(source, line, "unknown-event", *told[0])

    def _of_title(self, source: Source, call: Call, known: Iterable[str] = frozenset()) -> Iterator[Finding]:
        for found in _PLACEHOLDER.finditer(source.block.alert_title):
            for name in map(str.strip, found.group(1).split("|")):
                complaint = None if name in known else self._field(name, call)
                path: Path = ("trailwarden", "title")
                yield from self._told(source, path, "unknown-title-field", complaint)

    def _of_tests(self, source: Source) -> Iterator[Finding]:
        counts = {True: 0, False: 0}
        for test in source.block.tests:
            path: Path = ("trailwarden", "tests", "match" if test.must_match else "no_match")
            path = (*path, counts[test.must_match])
            counts[test.must_match] += 1
            if test.name:
                path = (*path, "records" if test.records else "record")
            for index, record in enumerate(test.records):
                yield from self._of_record(source, record, (*path, index))
            yield from self._of_record(source, test.record, path)

    def _of_record(self, source: Source, record: Record, path: Path) -> Iterator[Finding]:
        """Fields of a test's record that no record of its call has."""
        call = Call(_folded(record, "eventSource"), _folded(record, "eventName"))
        for steps in _leaf_paths(record, ()):
            names = [str(step) for step in steps if isinstance(step, str)]
            if any("." in name for name in names):
                continue
            field = ".".join(names)
            top = names[0]
            below = self._parameter(field, call) if top in {REQUEST, RESPONSE} else None
            if complaint := unknown_field(field) or below:
                yield at(source, (*path, *steps), "unknown-test-field", *complaint)


def _folded(record: Record, name: str) -> frozenset[str] | None:
    value = record.get(name)
    return frozenset({value.lower()}) if isinstance(value, str) else None


def _leaf_paths(value: Any, path: Path) -> Iterator[Path]:
    """The paths of everything in a record that holds nothing below it, as deep as records go."""
    below: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        below = value.items()
    elif isinstance(value, list):
        below = enumerate(value)
    found = False
    for key, inner in below if len(path) < _DEPTH else ():
        found = True
        yield from _leaf_paths(inner, (*path, key))
    if not found and path:
        yield path
