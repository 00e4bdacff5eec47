"""Rules held against their own tests: the records that each says it must match, and must not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.errors import Problem, RuleError
from trailwarden.rules.compile import compile_rule
from trailwarden.rules.load import RuleSource


@dataclass(frozen=True, slots=True)
class RuleTestFailure:
    """A test that a rule fails; `line` and `column` (from 1) are those of the test's record."""

    rule_id: str
    rule_title: str
    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}: {self.rule_title}: {self.message}"


def run_rule_tests(sources: Sequence[RuleSource]) -> list[RuleTestFailure]:
    """Every failed test; raises `RuleError` where a rule cannot be compiled. Filters are left aside: a rule's
    tests say what the rule finds, wherever it runs."""
    problems: list[Problem] = []
    failures = []
    for source in sources:
        rule = compile_rule(replace(source, filters=()), problems)
        if rule is None:
            continue
        condition = compile_condition(rule.detection)
        for test in source.block.tests:
            if condition(RecordView(test.record)) is not test.must_match:
                message = (
                    "does not match this record, and must"
                    if test.must_match
                    else "matches this record, and must not"
                )
                failures.append(
                    RuleTestFailure(rule.id, rule.title, source.path, test.line, test.column, message)
                )
    if problems:
        raise RuleError(problems)
    return failures
