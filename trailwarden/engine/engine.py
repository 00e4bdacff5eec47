"""The engine: a compiled rule set × records → matches.

Most rules name the API calls that they are about, so rules are indexed by the `eventName` and
`eventSource` that their conditions need; a record meets only those that it can satisfy, and each field
of it is walked once however many rules look. Neither changes what matches: the index holds necessary
conditions alone, and a record whose names are not plain strings meets every rule.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import re2

from trailwarden.delivery.keys import LogFileKind
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.evaluate import Condition, compile_condition
from trailwarden.engine.match import Match
from trailwarden.engine.prefilter import needed_texts
from trailwarden.engine.text import fold
from trailwarden.engine.values import RecordView
from trailwarden.errors import RuleSetError
from trailwarden.rules.ruleset import Rule, RuleSet

_NAME, _SOURCE = "eventName", "eventSource"
_REMEMBERED_CALLS = 4096
_ALWAYS_READ = frozenset({LogFileKind.EVENTS, LogFileKind.NETWORK_ACTIVITY, LogFileKind.AGGREGATED})


class RecordReader(Protocol):
    """What the engine needs of `trailwarden.delivery.logfile.LogFileReader`."""

    def records(self) -> Iterator[tuple[int, Record]]:
        """Each record with its index in the file's `Records`."""


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that raised on some records, which it neither matched nor cleared."""

    rule_id: str
    count: int
    first_error: str


@dataclass(frozen=True, slots=True)
class _Evaluator:
    """One rule, ready to run; None where any event name (source) may satisfy it."""

    rule: Rule
    condition: Condition
    names: frozenset[str] | None
    sources: frozenset[str] | None


class Engine:
    """Evaluates one rule set; raises `RuleSetError` where the set has conditions that it does not know.

    `failures` holds, by rule id, the rules that raised while they were evaluated: one bad rule (or one
    odd record) stops neither the other rules nor the other records.
    """

    def __init__(self, rule_set: RuleSet) -> None:
        self.rule_set = rule_set
        self.failures: dict[str, RuleFailure] = {}
        self._evaluators = _evaluators(rule_set)
        self._by_call: dict[tuple[str, str], tuple[_Evaluator, ...]] = {}

    @property
    def kinds(self) -> frozenset[LogFileKind]:
        """The kinds of files that the rule set has a use for: never digests, Insights where a rule asks."""
        return _ALWAYS_READ | {LogFileKind.INSIGHT} if self.rule_set.uses_insights else _ALWAYS_READ

    def matches(self, record: Record) -> list[Rule]:
        """The rules that match a record, in the order of the rule set."""
        name, source = record.get(_NAME), record.get(_SOURCE)
        if type(name) is str and type(source) is str:
            remembered = self._by_call.get((name, source))
            candidates = self._remember(name, source) if remembered is None else remembered
        else:
            candidates = self._evaluators
        if not candidates:
            return []
        view = RecordView(record)
        matched = []
        for evaluator in candidates:
            try:
                if evaluator.condition(view):
                    matched.append(evaluator.rule)
            except Exception as error:  # noqa: BLE001 (whatever one rule raises, the others go on)
                self._failed(evaluator.rule, error)
        return matched

    def scan(self, reader: RecordReader) -> Iterator[Match]:
        """Every match in a log file, in one pass; holds one record at a time."""
        for index, record in reader.records():
            rules = self.matches(record)
            if rules:
                identity, time = event_identity(record), event_time(record)
                for rule in rules:
                    yield Match(rule, record, index, identity, time)

    def _remember(self, name: str, source: str) -> tuple[_Evaluator, ...]:
        """The rules that a call can satisfy; the memory is bounded, since callers choose what they call."""
        folded_name, folded_source = fold(name), fold(source)
        candidates = tuple(
            evaluator
            for evaluator in self._evaluators
            if (evaluator.names is None or folded_name in evaluator.names)
            and (evaluator.sources is None or folded_source in evaluator.sources)
        )
        if len(self._by_call) >= _REMEMBERED_CALLS:
            self._by_call.clear()
        self._by_call[name, source] = candidates
        return candidates

    def _failed(self, rule: Rule, error: Exception) -> None:
        before = self.failures.get(rule.id)
        if before is None:
            self.failures[rule.id] = RuleFailure(rule.id, 1, f"{type(error).__name__}: {error}"[:300])
        else:
            self.failures[rule.id] = RuleFailure(rule.id, before.count + 1, before.first_error)


def _evaluators(rule_set: RuleSet) -> tuple[_Evaluator, ...]:
    evaluators, unknown = [], []
    for rule in rule_set.rules:
        try:
            condition = compile_condition(rule.detection)
            names, sources = needed_texts(rule.detection, _NAME), needed_texts(rule.detection, _SOURCE)
        except (ValueError, TypeError, IndexError, AttributeError, re2.error) as error:
            unknown.append(f"rule {rule.id} ({rule.title}): {error}")
        else:
            evaluators.append(_Evaluator(rule, condition, names, sources))
    if unknown:
        raise RuleSetError("This engine cannot evaluate the compiled rule set:\n" + "\n".join(unknown))
    return tuple(evaluators)
