"""Rules held against their own tests: the records that each says it must match, and must not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import msgspec

from trailwarden.correlation.correlator import Correlator
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.engine import Engine
from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.match import Match
from trailwarden.engine.values import RecordView
from trailwarden.errors import Problem, RuleError
from trailwarden.rules.block import RuleTest
from trailwarden.rules.compile import compile_rule, compile_usable
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.source import RuleSource, Source
from trailwarden.state.memory import MemoryAlertStore, MemoryCorrelationStore

_FIRST_TIME = datetime(2026, 1, 1, tzinfo=UTC)


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


def run_rule_tests(sources: Sequence[Source]) -> list[RuleTestFailure]:
    """Every failed test; raises `RuleError` where a rule cannot be compiled.

    A correlation is tested with the rules that it refers to, which must be among `sources`. Filters are left
    aside: a rule's tests say what the rule finds, wherever it runs.
    """
    sources = [_unfiltered(source) for source in sources]
    problems: list[Problem] = []
    failures = [
        failure
        for source in sources
        if isinstance(source, RuleSource)
        for failure in _failures_of_rule(source, problems)
    ]
    correlations = [source for source in sources if isinstance(source, CorrelationSource)]
    if correlations and not problems:
        rule_set, problems = compile_usable(sources)
        failures += [
            failure for source in correlations for failure in _failures_of_correlation(source, rule_set)
        ]
    if problems:
        raise RuleError(problems)
    return failures


def _unfiltered(source: Source) -> Source:
    return replace(source, filters=()) if isinstance(source, RuleSource) else source


def _failures_of_rule(source: RuleSource, problems: list[Problem]) -> Iterator[RuleTestFailure]:
    rule = compile_rule(source, problems)
    if rule is None:
        return
    condition = compile_condition(rule.detection)
    for test in source.block.tests:
        if condition(RecordView(test.record)) is not test.must_match:
            yield _failure(source, test, "this record")


def _failures_of_correlation(source: CorrelationSource, rule_set: RuleSet) -> Iterator[RuleTestFailure]:
    alone = _alone(rule_set, source.id)
    engine = Engine(alone)
    for test in source.block.tests:
        alerts = MemoryAlertStore()
        batch = Correlator(alone, MemoryCorrelationStore(), alerts).batch()
        for index, record in enumerate(_timed(test.records)):
            for rule in engine.matches(record):
                batch.add(Match(rule, record, index, event_identity(record), event_time(record)), "test")
        batch.flush()
        if bool(alerts.standing()) is not test.must_match:
            yield _failure(source, test, "these records")


def _alone(rule_set: RuleSet, correlation_id: str) -> RuleSet:
    """The correlation and all that it is built on; only its own alerts are told."""
    correlations = {one.id: one for one in rule_set.correlations}
    needed, waiting = set[str](), [correlation_id]
    while waiting:
        identity = waiting.pop()
        if identity not in needed:
            needed.add(identity)
            waiting += correlations[identity].rules if identity in correlations else ()
    return RuleSet(
        tuple(rule for rule in rule_set.rules if rule.id in needed),
        tuple(
            msgspec.structs.replace(one, generates=one.id == correlation_id)
            for one in rule_set.correlations
            if one.id in needed
        ),
    )


def _timed(records: Sequence[Record]) -> Iterator[Record]:
    """The records as events of their own; one that says no time comes a second after the one before."""
    when = _FIRST_TIME
    for index, record in enumerate(records):
        given = event_time(record)
        when = when + timedelta(seconds=1) if given is None else datetime.fromisoformat(given)
        yield {"eventTime": when.isoformat(), "eventID": f"00000000-0000-4000-8000-{index:012}", **record}


def _failure(source: Source, test: RuleTest, what: str) -> RuleTestFailure:
    message = f"does not match {what}, and must" if test.must_match else f"matches {what}, and must not"
    return RuleTestFailure(source.id, source.title, source.path, test.line, test.column, message)
