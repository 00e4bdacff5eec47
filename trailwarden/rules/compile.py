"""pySigma's parsed conditions → the compiled form (`ruleset.py` says what it looks like).

What cannot be evaluated is refused by name, with its place; nothing is half understood.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple, cast

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.exceptions import SigmaRuleLocation
from sigma.rule import SigmaDetections
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from trailwarden.errors import Problem, RuleError
from trailwarden.rules.correlation_compile import compile_correlations
from trailwarden.rules.cost import CostBudget, Effort, TooCostly
from trailwarden.rules.cures import expression_cure
from trailwarden.rules.document import Document
from trailwarden.rules.exceptions import exceptions_of, has_expired, today_utc
from trailwarden.rules.expressions import refusal
from trailwarden.rules.fields import NORMALISED, wrong_path
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.lists import Unfilled
from trailwarden.rules.modifiers import CasedFieldReference
from trailwarden.rules.ruleset import Level, Node, Rule, RuleException, RuleSet
from trailwarden.rules.source import RuleSource, Source

Condition = ConditionItem | ConditionFieldEqualsValueExpression | ConditionValueExpression | None

_COMPARISONS = {
    CompareOperators.LT: "lt",
    CompareOperators.LTE: "lte",
    CompareOperators.GT: "gt",
    CompareOperators.GTE: "gte",
}
_MERGED = frozenset({"is", "is_cased", "like", "like_cased"})


class _Refused(Exception):  # noqa: N818 (caught in this module)
    """A construct that the engine does not evaluate, and what to do about it."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


def compile_rules(sources: Sequence[Source], *, today: date | None = None) -> RuleSet:
    """The compiled rule set; raises one `RuleError` that names every construct that is not evaluated.

    Exceptions that expired before `today` (a day in UTC; the clock's where it is left out) are left out:
    that is all that the artefact has of the day.
    """
    rule_set, problems = compile_usable(sources, today=today)
    if problems:
        raise RuleError(problems)
    return rule_set


def compile_usable(sources: Sequence[Source], *, today: date | None = None) -> tuple[RuleSet, list[Problem]]:
    """The rules that can be evaluated, compiled, and why the others are refused; `today` as above."""
    problems: list[Problem] = []
    day = today_utc() if today is None else today
    current = [_without_expired(source, day) for source in sources]
    compiled = compile_together([each for each in current if isinstance(each, RuleSource)], problems)
    rules, correlations = compile_correlations(current, compiled, problems)
    applied = {filter_id for rule in rules for filter_id in rule.filters}
    exceptions = tuple(_exception(each) for each in exceptions_of(current) if each.id in applied)
    return RuleSet(rules, correlations, exceptions), sorted(set(problems))


def compile_together(sources: Sequence[RuleSource], problems: list[Problem]) -> list[Rule]:
    """The compiled rules, without those with which the others would cost too much; what ships is counted
    first."""
    effort = Effort()
    compiled = [
        (source, rule) for source in sources if (rule := compile_rule(source, problems, effort)) is not None
    ]
    budget = CostBudget(effort)
    rules = []
    for source, rule in sorted(compiled, key=lambda each: not each[0].document.shipped):
        costly = budget.add(rule.detection)
        if costly is None:
            rules.append(rule)
            continue
        # What ships costs too much only under a filter.
        place = source.filters[-1] if source.filters and source.document.shipped else source
        problems.append(_too_costly(place, costly))
    return rules


def _too_costly(source: RuleSource | FilterSource, costly: TooCostly) -> Problem:
    return Problem(source.path, source.line, source.column, costly.message, costly.cure)


def _without_expired(source: Source, today: date) -> Source:
    if not isinstance(source, RuleSource):
        return source
    return replace(source, filters=tuple(each for each in source.filters if not has_expired(each, today)))


def _exception(each: FilterSource) -> RuleException:
    return RuleException(
        id=each.id,
        title=each.title,
        owner=each.owner,
        reason=each.reason,
        expires="" if each.expires is None else each.expires.isoformat(),
    )


def compile_rule(source: RuleSource, problems: list[Problem], effort: Effort | None = None) -> Rule | None:
    """One compiled rule under its filters, expired or not, or None where something in it is refused, which is
    then in `problems`. A filter that is refused costs itself alone, not its rules. `effort` is what several
    rules may cost together until it is known what they cost."""
    rule, block = source.rule, source.block
    own = _Compiler(source, rule.detection, problems).detection()
    if own is None or rule.level is None:
        return None
    costly = CostBudget(effort).add(own)
    if costly is not None:
        problems.append(_too_costly(source, costly))
        return None
    dropped: list[Node] = []
    applied = []
    for each in source.filters:
        node = _Compiler(each, each.detections, problems).detection()
        costly = CostBudget(effort).add(node) if node is not None else None
        if costly is not None:
            problems.append(_too_costly(each, costly))
        elif node is not None:
            dropped.append(["not", node] if each.says_what_remains else node)
            applied.append(each.id)
    return Rule(
        id=source.id,
        title=rule.title,
        level=Level[rule.level.name],
        detection=_all_of([own, *(["not", node] for node in dropped)]),
        status=str(rule.status) if rule.status is not None else "",
        description=(rule.description or "").strip(),
        author=rule.author or "",
        tags=tuple(map(str, rule.tags)),
        references=tuple(map(str, rule.references)),
        falsepositives=tuple(map(str, rule.falsepositives)),
        group_by=block.group_by,
        quiet=block.quiet,
        alert_title=block.alert_title,
        runbook=block.runbook,
        owner=block.owner,
        filters=tuple(applied),
    )


def compile_part(
    source: RuleSource | FilterSource, detections: SigmaDetections, condition: Condition
) -> Node | None:
    """One part of a rule's or filter's condition, as pySigma parsed it; None where it is refused."""
    problems: list[Problem] = []
    node = _Compiler(source, detections, problems).node(condition)
    return None if problems else node


class _Place(NamedTuple):
    path: str
    line: int
    column: int


def refused_in(document: Document, detections: SigmaDetections) -> list[Problem]:
    """What is refused in the detections of a rule that has other mistakes and is not compiled."""
    problems: list[Problem] = []
    _Compiler(_Place(document.path, *document.place(())), detections, problems).detection()
    return problems


class _Compiler:
    """Compiles the conditions of one rule or filter, noting what it refuses and going on, so that all is told
    at once."""

    def __init__(
        self,
        source: RuleSource | FilterSource | _Place,
        detections: SigmaDetections,
        problems: list[Problem],
    ) -> None:
        self._source = source
        self._detections = detections
        self._problems = problems

    def detection(self) -> Node | None:
        """The conditions (a list of them means any), or None where something was refused."""
        before = len(self._problems)
        nodes = [self.node(condition.parsed) for condition in self._detections.parsed_condition]
        return _any_of(nodes) if len(self._problems) == before else None

    def _refuse(self, place: SigmaRuleLocation | None, message: str, cure: str) -> None:
        line, column = self._source.line, self._source.column
        if place is not None:
            line, column = place.line or line, place.char or column
        self._problems.append(Problem(self._source.path, line, column, message, cure))

    def node(self, condition: Condition) -> Node:
        """The compiled condition; a refused part stands as an empty list, and its rule is not used."""
        if isinstance(condition, ConditionAND):
            return _all_of([self.node(argument) for argument in condition.args])
        if isinstance(condition, ConditionOR):
            return _any_of([self.node(argument) for argument in condition.args])
        if isinstance(condition, ConditionNOT):
            return ["not", self.node(condition.args[0])]
        if isinstance(condition, (ConditionFieldEqualsValueExpression, ConditionValueExpression)):
            field = condition.field if isinstance(condition, ConditionFieldEqualsValueExpression) else None
            try:
                return _leaf(field, condition.value)
            except _Refused as refused:
                self._refuse(getattr(condition, "source", None), str(refused), refused.cure)
                return []
        self._refuse(None, "the condition is empty", "name a selection in it")
        return []


def _all_of(nodes: list[Node]) -> Node:
    flat = [part for node in nodes for part in (node[1:] if node[:1] == ["and"] else [node])]
    return flat[0] if len(flat) == 1 else ["and", *flat]


def _any_of(nodes: list[Node]) -> Node:
    """Any of the nodes; texts of one field become one predicate, which costs one look-up."""
    flat = [part for node in nodes for part in (node[1:] if node[:1] == ["or"] else [node])]
    merged: list[Node] = []
    places: dict[tuple[str, ...], int] = {}
    for node in flat:
        if not node or node[0] not in {"field", "normalised", "keyword"} or node[-1][0] not in _MERGED:
            merged.append(node)
            continue
        key = (*node[:-1], node[-1][0])
        if key in places:
            known = merged[places[key]][-1]
            known.extend(text for text in node[-1][1:] if text not in known[1:])
        else:
            places[key] = len(merged)
            merged.append([*node[:-1], list(node[-1])])
    return merged[0] if len(merged) == 1 else ["or", *merged]


def _leaf(field: str | None, value: SigmaType) -> Node:
    """One value of one field (or, without one, of the whole record)."""
    if isinstance(value, SigmaExpansion):
        return _any_of([_leaf(field, each) for each in value.values])
    if isinstance(value, SigmaFieldReference):
        return _field_reference(field, value)
    if isinstance(value, SigmaExists):
        exists = _of_field(str(field), ["exists"])
        return exists if value.exists else ["not", exists]
    if isinstance(value, SigmaCompareExpression) and value.op is CompareOperators.NEQ:
        return ["not", _leaf(field, value.number)]
    if isinstance(value, Unfilled):
        raise _Refused(value.message, value.cure)
    make = _PREDICATES.get(type(value))
    if make is None:
        cure = "say it with another modifier, or leave it out"
        raise _Refused(f"{type(value).__name__} is not evaluated", cure)
    if field is not None:
        return _of_field(field, make(value))
    return ["keyword", _as_keyword(value, make(value))]


def _of_field(field: str, predicate: Node) -> Node:
    return ["normalised" if field in NORMALISED else "field", field, predicate]


def _as_keyword(value: SigmaType, predicate: Node) -> Node:
    """A keyword is searched for anywhere within each of the record's values."""
    if isinstance(value, SigmaNull):
        raise _Refused("null cannot be a keyword", "name a field")
    if isinstance(value, SigmaNumber):
        return ["like", f"*{value.number}*"]
    name, *arguments = predicate
    if name in {"is", "is_cased"}:
        kind = "like_cased" if name == "is_cased" else "like"
        return [kind, *(_glob(["*", _escaped(text), "*"]) for text in arguments)]
    if name in {"like", "like_cased"}:
        return [name, *(_glob(["*", glob, "*"]) for glob in arguments)]
    return predicate


def _field_reference(field: str | None, value: SigmaFieldReference) -> Node:
    if field is None:
        raise _Refused("a keyword cannot refer to a field", "name a field before `|fieldref`")
    if told := wrong_path(value.field):
        raise _Refused(*told)
    relations = {
        (False, False): "is",
        (True, False): "starts",
        (False, True): "ends",
        (True, True): "contains",
    }
    sides = [["normalised", each] if each in NORMALISED else each for each in (field, value.field)]
    relation = relations[value.starts_with, value.ends_with]
    return ["fieldref", *sides, f"{relation}_cased" if isinstance(value, CasedFieldReference) else relation]


def _string(value: SigmaType) -> Node:
    assert isinstance(value, SigmaString)  # noqa: S101 (for the type checker: the table is keyed by type)
    suffix = "_cased" if isinstance(value, SigmaCasedString) else ""
    if not value.contains_special():
        return [f"is{suffix}", "".join(cast("list[str]", value.s))]
    stars = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
    parts = [
        _escaped(part) if isinstance(part, str) else stars[cast("SpecialChars", part)] for part in value.s
    ]
    return [f"like{suffix}", _glob(parts)]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("?", "\\?")


def _glob(parts: Sequence[str]) -> str:
    """The parts as one glob, in which no two stars follow each other where parts meet."""
    glob = ""
    for part in parts:
        star_before = glob.endswith("*") and not glob.endswith("\\*")
        glob += part[1:] if star_before and part.startswith("*") else part
    return glob


def _regex(value: SigmaType) -> Node:
    assert isinstance(value, SigmaRegularExpression)  # noqa: S101 (for the type checker)
    flags = "".join(sorted(SigmaRegularExpression.sigma_to_re_flag[flag] for flag in value.flags))
    pattern = str(value.regexp)
    if reason := refusal(f"(?{flags}){pattern}" if flags else pattern):
        message = f"RE2 cannot express the regular expression: {reason}"
        raise _Refused(message, expression_cure(pattern, reason))
    return ["re", pattern, flags]


def _comparison(value: SigmaType) -> Node:
    assert isinstance(value, SigmaCompareExpression)  # noqa: S101 (for the type checker)
    if isinstance(value.number, SigmaTimestampPart):
        return _time_part(value.number, _COMPARISONS[value.op])
    return [_COMPARISONS[value.op], value.number.number]


def _time_part(value: SigmaTimestampPart, relation: str = "eq") -> Node:
    return ["time", value.timestamp_part.name.lower(), relation, value.number]


_PREDICATES: dict[type[SigmaType], Callable[[SigmaType], Node]] = {
    SigmaString: _string,
    SigmaCasedString: _string,
    SigmaNumber: lambda value: ["number", cast("SigmaNumber", value).number],
    SigmaTimestampPart: lambda value: _time_part(cast("SigmaTimestampPart", value)),
    SigmaBool: lambda value: ["is", "true" if cast("SigmaBool", value).boolean else "false"],
    SigmaNull: lambda _: ["null"],
    SigmaRegularExpression: _regex,
    SigmaCIDRExpression: lambda value: ["cidr", str(cast("SigmaCIDRExpression", value).network)],
    SigmaCompareExpression: _comparison,
}
