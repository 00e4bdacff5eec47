"""Compiled rule sets held to the protected rules of a deployment, whatever way they went live.

The protected rules always are those of the deployment: a rule set that lacks one, or has it otherwise (an
older publication, an artefact that somebody altered), gets it back. Imports no pySigma.
"""

from collections.abc import Iterator
from typing import TypeVar

from trailwarden.rules.ruleset import Correlation, Rule, RuleSet

_Any = TypeVar("_Any", Rule, Correlation)


def guarded(rule_set: RuleSet, deployed: RuleSet) -> RuleSet:
    """The rule set with the protected rules of `deployed`; the same object where it has them."""
    rules = _with_protected(rule_set.rules, deployed.rules)
    correlations = _with_protected(rule_set.correlations, deployed.correlations)
    whole = RuleSet(rules, correlations, rule_set.exceptions)
    return rule_set if (whole.rules, whole.correlations) == (rule_set.rules, rule_set.correlations) else whole


def _with_protected(given: tuple[_Any, ...], deployed: tuple[_Any, ...]) -> tuple[_Any, ...]:
    own = {each.id: each for each in deployed if each.protected}
    others = [each for each in given if each.id not in own]
    return tuple(others + list(own.values()))


def weakened(rule_set: RuleSet, deployed: RuleSet) -> Iterator[str]:
    """What a rule set lacks of the protected rules of a deployment, or has weaker, a line each."""
    every: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    given = {each.id: each for each in every}
    deployed_rules: list[Rule | Correlation] = [*deployed.rules, *deployed.correlations]
    for own in deployed_rules:
        if not own.protected:
            continue
        other = given.get(own.id)
        if other is None:
            yield f"{own.title}: missing"
        elif isinstance(other, Rule) and other.filters:
            yield f"{own.title}: under exceptions"
        elif other.level < own.level:
            yield f"{own.title}: at the level {other.level}"
        elif other.staged or (own.generates and not other.generates):
            yield f"{own.title}: made silent"
