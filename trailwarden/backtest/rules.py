"""The rules of a backtest: as the deployment would run them, with what their filters hide kept apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_rule, compile_usable
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.ruleset import Rule, RuleSet
from trailwarden.rules.source import RuleSource, Source


@dataclass(frozen=True, slots=True)
class Hidden:
    """A rule and one of its filters, as a twin of the rule that matches what the filter drops."""

    rule: Rule
    filter: FilterSource
    twin: Rule


@dataclass(frozen=True, slots=True)
class BacktestRules:
    """`deployed` is what would be published; `watched` holds the twins besides, and is what reads records.
    The engine's cost hardly grows with them, and what they match is exactly what the filters take away."""

    deployed: RuleSet
    watched: RuleSet
    hidden: dict[str, Hidden]
    """By the id of the twin."""


def backtest_rules(sources: Sequence[Source]) -> tuple[BacktestRules, list[Problem]]:
    """The rules that can be evaluated, and why the others are refused."""
    deployed, problems = compile_usable(sources)
    by_id = {rule.id: rule for rule in deployed.rules}
    hidden = [
        one
        for source in sources
        if isinstance(source, RuleSource) and source.id in by_id
        for one in _hidden(source, by_id[source.id])
    ]
    watched = RuleSet((*deployed.rules, *(one.twin for one in hidden)), deployed.correlations)
    return BacktestRules(deployed, watched, {one.twin.id: one for one in hidden}), problems


def _hidden(source: RuleSource, rule: Rule) -> Iterator[Hidden]:
    """What each filter hides of the rule alone, whatever the other filters do."""
    for number, each in enumerate(source.filters):
        bare, kept = (compile_rule(replace(source, filters=one), []) for one in ((), (each,)))
        if bare is None or kept is None or each.id not in kept.filters:
            continue
        detection = ["and", bare.detection, ["not", kept.detection]]
        twin = msgspec.structs.replace(
            rule, id=f"{rule.id}~{number}", detection=detection, filters=(), generates=False
        )
        yield Hidden(rule, each, twin)
