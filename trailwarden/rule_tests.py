"""Rules held against their own tests: the records that each says it must match, and must not."""

from collections.abc import Iterator, Mapping, Sequence
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

_RECORDS = 6
"""Of so many records it is said what they are to a correlation whose test fails."""
_FIRST_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RuleTestFailure:
    """A test that a rule fails; `line` and `column` (from 1) are those of the test. `why` are the reasons, a
    line each, in the words of `rules explain`; `name` is the test's, if it has one."""

    rule_id: str
    rule_title: str
    path: str
    line: int
    column: int
    message: str
    name: str = ""
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        first = f"{self.path}:{self.line}:{self.column}: {self.rule_title}: {self.message}"
        return "\n    ".join([first, *self.why])


def run_rule_tests(sources: Sequence[Source], beside: Sequence[Source] = ()) -> list[RuleTestFailure]:
    """Every failed test of the rules; raises `RuleError` where one cannot be compiled.

    A correlation is tested with the rules that it refers to, which must be among `sources` or `beside`.
    Filters are left aside: a rule's tests say what the rule finds, wherever it runs.
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
        known = {source.id for source in sources}
        others = [_unfiltered(source) for source in beside if source.id not in known]
        rule_set, problems = compile_usable([*sources, *others])
        rules = {each.id: each for each in (*sources, *others) if isinstance(each, RuleSource)}
        failures += [
            failure
            for source in correlations
            for failure in _failures_of_correlation(source, rule_set, rules)
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
            yield _failure(source, test, "this record", _reasons(source, test.record))


def _failures_of_correlation(
    source: CorrelationSource, rule_set: RuleSet, rules: Mapping[str, RuleSource]
) -> Iterator[RuleTestFailure]:
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
            yield _failure(source, test, "these records", _events(engine, test.records, rules))


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


def _reasons(source: RuleSource, record: Record) -> list[str]:
    """The lines that decided, in the words of `rules explain`: loaded by the first test that fails."""
    from trailwarden.explain import explain_rule, reasons  # noqa: PLC0415

    explained = explain_rule(source, record)
    return reasons(explained) if explained else []


def _events(engine: Engine, records: Sequence[Record], rules: Mapping[str, RuleSource]) -> list[str]:
    """Of each record of a correlation's test, which rule it is an event of, or why it is of none."""
    found = []
    events = 0
    for number, record in enumerate(records, 1):
        fired = [rule.title for rule in engine.matches(record)]
        events += bool(fired)
        if fired:
            found.append(
                f"record {number}: {', '.join(map(repr, fired))} {'fires' if len(fired) == 1 else 'fire'}"
            )
            continue
        explained = [
            (rule.title, why) for rule in engine.rule_set.rules if (why := _reasons(rules[rule.id], record))
        ]
        if explained:
            title, why = min(explained, key=lambda each: len(each[1]))
            found.append(f"record {number}: {title!r} does not fire: {why[0]}")
    left = len(found) - _RECORDS
    shown = [*found[:_RECORDS], f"(and {_records(left)} more)"] if left > 0 else found
    rest = "; `timespan`, `group-by` and `condition` decide the rest" if events else ""
    verb = "is an event" if events == 1 else "are events"
    first = f"{events} of {_records(len(records))} {verb} of the rules that it is built on{rest}"
    return [first, *shown]


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"


def _failure(source: Source, test: RuleTest, what: str, why: Sequence[str]) -> RuleTestFailure:
    meant = repr(test.name) if test.name else what
    message = f"does not match {meant}, and must" if test.must_match else f"matches {meant}, and must not"
    return RuleTestFailure(
        source.id, source.title, source.path, test.line, test.column, message, test.name, tuple(why)
    )
