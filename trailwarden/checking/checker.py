"""All checks, in one list."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date

from trailwarden.checking.api import ApiModels
from trailwarden.checking.attributes import missing_attributes, missing_tests, repeated, wrong_tags
from trailwarden.checking.conditions import conditions_of, filters_of
from trailwarden.checking.detour import detours_of_filters, detours_of_rule
from trailwarden.checking.names import Names
from trailwarden.checking.only_counted import only_counted
from trailwarden.checking.sources import of_rule as sources_of
from trailwarden.checking.suppression import suppressions
from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.exceptions import in_force, today_utc
from trailwarden.rules.finding import WARNING_MARK, Finding, Severity
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.outline import Part, outline_of_rule
from trailwarden.rules.protection import protected_ids
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.source import RuleSource, Source

_DUPLICATE_ID = "is also that of"


def check_rules(
    sources: Sequence[Source],
    problems: Sequence[Problem] = (),
    *,
    api: ApiModels | None = None,
    today: date | None = None,
    base: Collection[str] = (),
) -> list[Finding]:
    """Every mistake in the rules, sorted by place.

    The rules of the files in `base` (paths) are there for the others, and not judged themselves.

    `today` (a day in UTC) is the clock's where it is left out. `sources` and `problems` are what
    `load.read_rules` gives; rules are compiled here. Without `api`, what needs AWS's service models is not
    checked. Findings of severity `ERROR` must keep the rules from going
    live; warnings need not. Raises nothing.
    """
    day = today_utc() if today is None else today
    judged = [source for source in sources if source.path not in base]
    rule_set, refused = compile_usable(sources, today=day)
    found = [
        _finding(each, "duplicate-id" if _DUPLICATE_ID in each.message else "invalid", Severity.ERROR)
        for each in problems
    ]
    found += [_finding(each, "not-evaluated", Severity.ERROR) for each in refused]
    found += [_finding(each, "lint", Severity.WARNING) for each in lint_rules(sources, today=day)]
    found += _warnings(sources, judged, rule_set, api, day)
    return sorted(each for each in set(found) if each.path not in base)


def _warnings(
    sources: Sequence[Source],
    judged: Sequence[Source],
    rule_set: RuleSet,
    api: ApiModels | None,
    today: date,
) -> Iterator[Finding]:
    """What is wrong with each rule that is judged, with rules beside each other, and with filters."""
    rules = [source for source in sources if isinstance(source, RuleSource)]
    outlines = {source.id: whole for source in rules if (whole := outline_of_rule(source)) is not None}
    names = Names(outlines, api)
    for source in judged:
        yield from _of_source(source, outlines.get(source.id), names, api)
    yield from repeated(sources, rule_set)
    holding = [each for each in (in_force(rule, today) for rule in rules) if isinstance(each, RuleSource)]
    yield from detours_of_filters(holding)
    guarded = protected_ids(sources)
    yield from only_counted(sources, judged, rule_set, guarded)
    yield from suppressions(holding, [rule for rule in rules if rule.id in guarded], today)
    yield from filters_of(holding, {rule_id: whole.node for rule_id, whole in outlines.items()})


def _of_source(
    source: Source, outline: Part | None, names: Names, api: ApiModels | None
) -> Iterator[Finding]:
    """What is wrong with a rule or correlation by itself."""
    yield from missing_attributes(source)
    yield from missing_tests(source)
    yield from wrong_tags(source)
    if not isinstance(source, RuleSource):
        yield from names.of_correlation(source)
        return
    if outline is not None:
        yield from conditions_of(source, outline)
        yield from detours_of_rule(source, outline)
        if api is not None:
            yield from sources_of(source, outline, api)
    yield from names.of_rule(source)


def _finding(problem: Problem, code: str, severity: Severity) -> Finding:
    message = problem.message.removeprefix(WARNING_MARK)
    if isinstance(problem, Finding):
        return replace(problem, message=message)
    return Finding(
        problem.path, problem.line, problem.column, message, problem.cure, code=code, severity=severity
    )
