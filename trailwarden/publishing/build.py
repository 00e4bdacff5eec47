"""Shipped rules + a team's folder → the rule set, once all of it was read, checked, tested and compiled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from trailwarden.checking import Finding, Severity, check_rules
from trailwarden.checking.suppression import nothing_alerts
from trailwarden.checking.traffic import Traffic
from trailwarden.errors import Problem, RuleError
from trailwarden.publishing.archive import Files
from trailwarden.publishing.changes import rule_changes
from trailwarden.publishing.silencing import standing_of
from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.exceptions import exceptions_without_expiry, expired_exceptions
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.load import RuleFolder, read_contents
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.source import RuleSource, Source
from trailwarden.safety.text import one_line
from trailwarden.state.rule_sets import Standing


class Check(Protocol):
    """More that can be wrong with sound rules: an error stops a publication, a warning is told with it."""

    def __call__(self, sources: Sequence[Source], /, *, today: date) -> Sequence[Finding]:
        """What is wrong with the rules on a day in UTC."""


SHIPPED = "shipped:"
"""What the paths of shipped rules begin with in problems; no path of a team can."""


@dataclass(frozen=True, slots=True)
class Built:
    """A rule set that may go live, and what is to be told of it."""

    rule_set: RuleSet
    expired: tuple[FilterSource, ...]
    """The exceptions that no longer hold; those that do are in the rule set."""
    overrides: tuple[str, ...]
    off: frozenset[str]
    """The ids of the rules that overrides switch off."""
    standing: Standing
    warnings: tuple[Problem, ...]
    records: tuple[dict[str, Any], ...]
    """What the shipped rules must match, as real traffic has it."""


def build(
    shipped: Files,
    team: Files,
    *,
    today: str,
    check: Check | None = check_rules,
    problems: Sequence[Problem] = (),
) -> Built:
    """The rule set of the two layers on a day (2026-01-31). Raises one `RuleError` with every mistake in
    them, and those in `problems`, which were found before. Without `check`, only what cannot be compiled, or
    fails its own tests, is one."""
    folder = _read(shipped, team)
    day = date.fromisoformat(today)
    rule_set, refused = compile_usable(folder.sources, today=day)
    found = [*problems, *folder.problems, *refused]
    found += exceptions_without_expiry(folder.sources)
    usable = {rule.id for rule in rule_set.rules} | {one.id for one in rule_set.correlations}
    found += _failed_tests([source for source in folder.sources if source.id in usable])
    told = [*check(folder.sources, today=day), *nothing_alerts(folder, rule_set)] if check else []
    found += (_plain(each) for each in told if each.severity is Severity.ERROR and not _was_usual(each))
    if found:
        raise RuleError(sorted(set(found)))
    warnings = {*folder.warnings, *(_plain(each) for each in told if not _ships(each))}
    return Built(
        rule_set=rule_set,
        expired=tuple(expired_exceptions(folder.sources, day)),
        overrides=tuple(sorted(_overrides(folder))),
        off=frozenset(source.id for source in folder.switched_off),
        standing=standing_of(folder, rule_set),
        warnings=tuple(sorted(warnings)),
        records=tuple(_records(folder, day)),
    )


def _records(folder: RuleFolder, day: date) -> Iterator[dict[str, Any]]:
    rules = [one for one in folder.sources if isinstance(one, RuleSource) and one.document.shipped]
    records = [test.record for rule in rules for test in rule.block.tests if test.must_match]
    yield from (record for _, record in Traffic("", day, day).records(records))


def switched_off(shipped: Files, team: Files) -> frozenset[str]:
    """The ids of the rules that a team's overrides switch off."""
    return frozenset(source.id for source in _read(shipped, team).switched_off)


def side_effects(before: tuple[Files, Files], after: tuple[Files, Files], *, today: str) -> list[str]:
    """What becomes of rules whose own documents stay the same, because of correlations, filters, overrides
    and lists. Both sides are shipped and team's files; the lines are those of `rule_changes`."""
    day = date.fromisoformat(today)
    old, new = _read(*before), _read(*after)
    written, kept = _documents(old), _documents(new)
    same = {rule_id for rule_id in kept if rule_id in written and written[rule_id] == kept[rule_id]}
    old_set, new_set = (compile_usable(folder.sources, today=day)[0] for folder in (old, new))
    return rule_changes(old_set, new_set, same)


def _documents(folder: RuleFolder) -> dict[str, Any]:
    return {source.id: source.document.data for source in (*folder.sources, *folder.switched_off)}


def _read(shipped: Files, team: Files) -> RuleFolder:
    return read_contents(
        sorted(team.items()), sorted((SHIPPED + path, content) for path, content in shipped.items())
    )


def _plain(problem: Problem) -> Problem:
    """The problem without what a checker may add to it, so that all can be sorted, and stored."""
    message = problem.message.removeprefix("warning: ")
    return Problem(problem.path, problem.line, problem.column, message, problem.cure)


def _was_usual(each: Finding) -> bool:
    """Whether it is what rules of an earlier Trailwarden say: a rollback may bring them back."""
    return each.code == "silent-through-service" and _ships(each)


def _ships(problem: Problem) -> bool:
    return problem.path.startswith(SHIPPED)


def _failed_tests(sources: Sequence[Source]) -> list[Problem]:
    cure = "mend the rule, or the record of its test"
    return [
        Problem(
            each.path,
            each.line,
            each.column,
            "; ".join([f"{each.rule_title}: {each.message}", *each.why]),
            cure,
        )
        for each in run_rule_tests(sources)
    ]


def _overrides(folder: RuleFolder) -> Iterator[str]:
    """A line for each rule that an override names, as its author wrote it."""
    for override in folder.overrides:
        effect = "switched off" if override.switches_off else f"level {override.level}"
        for reference in override.rules:
            yield one_line(f"{reference.text}: {effect} ({override.owner}: {override.reason})", 300)
