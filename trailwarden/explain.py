"""Why a rule fires on a record, or does not: each part of its condition, with what it met there.

The parts are those that the author wrote (`rules/outline.py`), evaluated by the engine's own predicates; the
whole says what the engine says.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from trailwarden.delivery.records import Record, values_at
from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.fields import NORMALISED
from trailwarden.rules.outline import Kind, Part, outline_of_filter, outline_of_rule
from trailwarden.rules.source import RuleSource, Source
from trailwarden.safety.redact import redacted, redacted_members
from trailwarden.safety.text import one_line

_VALUES, _VALUE_LIMIT, _DECISIVE = 8, 100, 6


@dataclass(frozen=True, slots=True)
class ExplainedPart:
    """A part of a condition, and whether it held. A line also has the values that it met in the record (none
    where the field is missing), secrets masked; `field` is empty for keywords, which look at every value.
    `against` are the values of the other field, where the line compares two."""

    kind: Kind
    held: bool
    line: int
    column: int
    name: str = ""
    field: str = ""
    modifiers: tuple[str, ...] = ()
    wanted: tuple[object, ...] = ()
    met: tuple[Any, ...] = ()
    against: tuple[Any, ...] = ()
    parts: tuple["ExplainedPart", ...] = ()


@dataclass(frozen=True, slots=True)
class ExplainedFilter:
    """A filter of the rule: `hides` says whether it keeps this record's match from being told."""

    id: str
    title: str
    path: str
    line: int
    hides: bool
    condition: ExplainedPart


@dataclass(frozen=True, slots=True)
class Explanation:
    """What one rule makes of one record. `found` is the rule's own condition, `fired` the outcome under its
    filters."""

    rule_id: str
    title: str
    path: str
    line: int
    condition: ExplainedPart
    filters: tuple[ExplainedFilter, ...] = ()

    @property
    def found(self) -> bool:
        """Whether the rule's own condition holds."""
        return self.condition.held

    @property
    def hidden_by(self) -> tuple[ExplainedFilter, ...]:
        """The filters that hide the match."""
        return tuple(each for each in self.filters if each.hides)

    @property
    def fired(self) -> bool:
        """Whether the rule matches the record, its filters applied: what the engine says."""
        return self.found and not self.hidden_by

    def decisive(self) -> tuple[ExplainedPart, ...]:
        """The lines that decided: those that held where the condition holds, else those that did not."""
        return tuple(_decisive(self.condition))


@dataclass(frozen=True, slots=True)
class CorrelationExplanation:
    """What the rules that feed a correlation make of one record: an event of it, where one fires."""

    rule_id: str
    title: str
    path: str
    line: int
    rules: tuple["Explanation | CorrelationExplanation", ...] = field(default=())

    @property
    def fired(self) -> bool:
        """Whether the record is an event of the correlation; over time, that decides nothing alone."""
        return any(each.fired for each in self.rules)


def explain(
    source: Source, sources: Sequence[Source], record: Record
) -> "Explanation | CorrelationExplanation | None":
    """What a rule or correlation among `sources` makes of a record; None where it cannot be evaluated."""
    if isinstance(source, RuleSource):
        return explain_rule(source, record)
    rule_set, _ = compile_usable(sources)
    referred = {one.id: one.rules for one in rule_set.correlations}
    if source.id not in referred:
        return None
    return _explain_correlation(source, {each.id: each for each in sources}, referred, record)


def _explain_correlation(
    source: CorrelationSource,
    by_id: dict[str, Source],
    referred: dict[str, tuple[str, ...]],
    record: Record,
) -> CorrelationExplanation:
    rules: list[Explanation | CorrelationExplanation] = []
    for rule_id in referred[source.id]:
        below = by_id[rule_id]
        if isinstance(below, CorrelationSource):
            rules.append(_explain_correlation(below, by_id, referred, record))
        elif (explained := explain_rule(below, record)) is not None:
            rules.append(explained)
    return CorrelationExplanation(source.id, source.title, source.path, source.line, tuple(rules))


def explain_rule(source: RuleSource, record: Record) -> Explanation | None:
    """What a rule makes of a record; None where the rule cannot be evaluated."""
    whole = outline_of_rule(source)
    if whole is None:
        return None
    view = RecordView(record)
    filters = []
    for each in source.filters:
        outline = outline_of_filter(each)
        if outline is not None:
            condition = _explained(outline, view)
            hides = condition.held is not each.says_what_remains
            filters.append(ExplainedFilter(each.id, each.title, each.path, each.line, hides, condition))
    condition = _explained(whole, view)
    return Explanation(source.id, source.title, source.path, source.line, condition, tuple(filters))


def _explained(part: Part, view: RecordView) -> ExplainedPart:
    held = compile_condition(part.node)(view)
    parts = tuple(_explained(below, view) for below in part.parts)
    return ExplainedPart(
        part.kind,
        held,
        part.line,
        part.column,
        part.name,
        part.field,
        part.modifiers,
        part.values,
        _met(part.field, view) if part.field else (),
        _met(str(part.values[0]), view) if "fieldref" in part.modifiers else (),
        parts,
    )


def _met(name: str, view: RecordView) -> tuple[Any, ...]:
    if name in NORMALISED:
        return tuple(redacted(value, "") for value in view.normalised(name).found)
    path = tuple(name.split("."))
    return values_at(redacted_members(view.record, path[:1]), path)


def _decisive(part: ExplainedPart) -> Iterator[ExplainedPart]:
    """Of alternatives that all failed, the one that came nearest stands for them."""
    below = part.parts
    if part.kind is Kind.LINE:
        yield part
    elif part.kind is not Kind.NOT:
        below = tuple(each for each in below if each.held is part.held)
        if part.kind is Kind.ANY and not part.held:
            below = (min(below, key=lambda each: sum(1 for _ in _decisive(each))),)
    for each in below:
        yield from _decisive(each)


def written(part: ExplainedPart) -> str:
    """The line as its author wrote it, on one line."""
    name = "|".join([part.field, *part.modifiers])
    texts = [_value(value) for value in part.wanted[:_VALUES]]
    more = len(part.wanted) - len(texts)
    wanted = ", ".join(texts) + (f", and {more:,} more" if more > 0 else "")
    return f"{one_line(name)}: {wanted}" if name else f"anywhere: {wanted}"


def what_it_met(part: ExplainedPart) -> str:
    """What the line met in the record: `is "CreateUser"`, `is missing`."""
    if not part.field:
        return "found" if part.held else "not found"
    if not part.met:
        return "is missing"
    texts = [_value(value) for value in part.met[:_VALUES]]
    met = f"is {', '.join(texts)}" + (", ..." if len(part.met) > _VALUES else "")
    if "fieldref" not in part.modifiers:
        return met
    other = ", ".join(map(_value, part.against[:_VALUES])) or "missing"
    return f"{met}, and {one_line(str(part.wanted[0]))} is {other}"


def reasons(explained: Explanation) -> list[str]:
    """The lines that decided, the first ones: where each stands, what it asks for and what it met."""
    parts = explained.decisive()
    said = [f"line {part.line}: {_reason(part)}" for part in parts[:_DECISIVE]]
    left = len(parts) - _DECISIVE
    return [*said, f"(and {left:,} {'line' if left == 1 else 'lines'} more)"] if left > 0 else said


def _reason(part: ExplainedPart) -> str:
    holds = "holds" if part.held else "does not hold"
    return f"`{written(part)}` {holds}: it {'' if part.field else 'is '}{what_it_met(part)}"


def _value(value: object) -> str:
    """A value as JSON, on one line: whatever an attacker wrote into it."""
    return one_line(json.dumps(value, ensure_ascii=False, default=str), _VALUE_LIMIT)
