"""Conditions that never or always hold, parts and filters without effect, and slow forms."""

import re
from collections.abc import Iterator, Sequence

from trailwarden.checking.logic import MAX_STEPS, Prover
from trailwarden.checking.places import at, at_part
from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.finding import Finding
from trailwarden.rules.outline import Kind, Part, outline_of_filter
from trailwarden.rules.ruleset import Node
from trailwarden.rules.source import RuleSource

_CONDITION = ("detection", "condition")
_NEEDLESS_STAR = re.compile(r"\^?\.\*.*|.*[^\\]\.\*\$?", re.DOTALL)
_PARTS = 60


def conditions_of(source: RuleSource, whole: Part) -> Iterator[Finding]:
    """What is wrong with the condition of a rule, by itself."""
    prover = Prover()
    if prover.never(whole.node):
        message = "the condition never holds: no record can meet all that it asks for"
        yield at(source, _CONDITION, "never-true", message, _never_cure(prover, whole))
        return
    if prover.never(["not", whole.node]):
        cure = "look for an `or` with a `not`, which holds for all other values"
        message = "the condition always holds: every record matches"
        yield at(source, _CONDITION, "always-true", message, cure)
        return
    yield from _without_effect(prover, source, whole)
    yield from _slow(source, whole)


def _never_cure(prover: Prover, whole: Part) -> str:
    for part in whole.walk():
        if part.kind is Kind.SELECTION and prover.never(part.node):
            return f"look at `{part.name}`: nothing meets it"
    if whole.kind is Kind.ALL:
        for index, one in enumerate(whole.parts):
            for other in whole.parts[:index]:
                if prover.never(one.node, other.node):
                    return f"{_named(other)} and {_named(one)} exclude each other; join them with `or`?"
    return "look for two values of one field joined by `and`, or a selection joined with its own `not`"


def _named(part: Part) -> str:
    if part.kind is Kind.SELECTION:
        return f"`{part.name}`"
    if part.kind is Kind.LINE:
        return f"the line `{'|'.join([part.field, *part.modifiers])}`"
    if part.kind is Kind.NOT:
        return f"not {_named(part.parts[0])}"
    return f"{part.kind} {' and '.join(_named(each) for each in part.parts[:4])}"


def _without_effect(prover: Prover, source: RuleSource, whole: Part) -> Iterator[Finding]:
    """Parts that the rest of their `and` implies, or that the rest of their `or` covers."""
    for part in whole.walk():
        if part.kind not in {Kind.ALL, Kind.ANY} or len(part.parts) > _PARTS:
            continue
        for index, one in enumerate(part.parts):
            others = [each.node for each in part.parts[:index] + part.parts[index + 1 :]]
            if part.kind is Kind.ALL and prover.implies(["and", *others], one.node):
                message = f"{_named(one)} has no effect: the rest of the condition says as much"
            elif part.kind is Kind.ANY and prover.implies(one.node, ["or", *others]):
                message = f"{_named(one)} has no effect: another alternative covers it"
            else:
                continue
            yield at_part(source, _place_of(one), "no-effect", message, "leave it out, or mend it")
            break  # of two that say the same, one has an effect when the other is gone


def _place_of(part: Part) -> Part:
    return part.parts[0] if part.kind is Kind.NOT else part


def _slow(source: RuleSource, whole: Part) -> Iterator[Finding]:
    for part in whole.walk():
        if part.kind is not Kind.LINE or "re" not in part.modifiers:
            continue
        for value in part.values:
            if isinstance(value, str) and _NEEDLESS_STAR.fullmatch(value) and value.strip("^$") != ".*":
                message = f"`{value}` begins or ends with `.*`, and an expression is searched for anywhere"
                cure = "leave the `.*` out; for plain text, `contains` is faster still"
                yield at_part(source, part, "slow", message, cure)


def filters_of(sources: Sequence[RuleSource], detections: dict[str, Node]) -> Iterator[Finding]:
    """What is wrong with filters where they meet their rules; `detections` leave them aside."""
    filters = {id(each): each for source in sources for each in source.filters}
    for each in filters.values():
        outline = outline_of_filter(each)
        if outline is None:
            continue
        hidden: Node = ["not", outline.node] if each.says_what_remains else outline.node
        own = [source for source in sources if any(other is each for other in source.filters)]
        own = [source for source in own if source.id in detections]
        yield from _of_filter(each, hidden, own, detections)


def _of_filter(
    each: FilterSource, hidden: Node, own: Sequence[RuleSource], detections: dict[str, Node]
) -> Iterator[Finding]:
    prover = Prover(budget=MAX_STEPS * max(1, len(own)))
    idle = [source for source in own if prover.never(detections[source.id], hidden)]
    told = idle if each.rules is not None else idle[:1] if len(idle) == len(own) else []
    for source in told:
        message = f"the filter never hides anything of the rule {source.title!r}"
        cure = "take the rule off its list, or mend the filter's condition"
        yield _at_filter(each, "filter-without-effect", message, cure)
    condition = compile_condition(hidden)
    whole = [one for one in own if one not in idle and prover.implies(detections[one.id], hidden)]
    partly = [
        (source, test)
        for source in own
        if source not in whole
        for test in source.block.tests
        if test.must_match and condition(RecordView(test.record))
    ]
    if whole:
        rules = _rules(whole[0].title, len(whole))
        verb = "finds" if len(whole) == 1 else "find"
        message = f"the filter hides everything that {rules} {verb}"
        cure = f"switch the rule{'' if len(whole) == 1 else 's'} off, or narrow the filter"
        yield _at_filter(each, "filter-hides-rule", message, cure)
    if partly:
        source, test = partly[0]
        records = "a record" if len(partly) == 1 else f"{len(partly):,} records"
        rules = _rules(source.title, len({source.id for source, _ in partly}))
        message = f"the filter hides {records} that {rules} must match ({source.path}:{test.line})"
        cure = "narrow the filter, or change the rule's test if the exception is meant"
        yield _at_filter(each, "filter-hides-test", message, cure)


def _rules(first: str, number: int) -> str:
    """One rule by its title; of several, how many, so that a wide filter does not fill the screen."""
    return f"the rule {first!r}" if number == 1 else f"{number:,} rules ({first!r} is the first)"


def _at_filter(each: FilterSource, code: str, message: str, cure: str) -> Finding:
    return Finding(each.path, each.line, each.column, message, cure, code=code)
