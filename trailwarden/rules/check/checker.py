"""All checks, in one list."""

from collections.abc import Sequence

from trailwarden.errors import Problem
from trailwarden.rules.check.api import ApiModels
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.finding import WARNING_MARK, Finding, Severity
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.load import Source


def check_rules(
    sources: Sequence[Source], problems: Sequence[Problem] = (), *, api: ApiModels | None = None
) -> list[Finding]:
    """Every mistake in the rules, sorted by place.

    `sources` and `problems` are what `load.read_rules` gives; rules are compiled here. Without `api`, what
    needs AWS's service models is not checked. Findings of severity `ERROR` must keep the rules from going
    live; warnings need not. Raises nothing.
    """
    _, refused = compile_usable(sources)
    found = [_finding(each, "invalid", Severity.ERROR) for each in problems]
    found += [_finding(each, "not-evaluated", Severity.ERROR) for each in refused]
    found += [_finding(each, "lint", Severity.WARNING) for each in lint_rules(sources)]
    return sorted(set(found))


def _finding(problem: Problem, code: str, severity: Severity) -> Finding:
    if isinstance(problem, Finding):
        return problem
    message = problem.message.removeprefix(WARNING_MARK)
    return Finding(
        problem.path, problem.line, problem.column, message, problem.cure, code=code, severity=severity
    )
