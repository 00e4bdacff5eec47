"""The engine: a compiled rule set × records → matches.

`scan` goes the fast way (`decision.py`): a record is decided from the few fields that rules test, and
decoded in full only where a rule matches, or still may. `matches` is the plain way, each rule on a record;
both come to the same, and what the fast way cannot decide it leaves to the plain one.

On the plain way, most rules name the API calls that they are about, so rules are indexed by the `eventName`
and `eventSource` that they need; a record meets only those that it can satisfy, and each field
of it is walked once however many rules look. Neither changes what matches: the index holds necessary
conditions alone, and a record whose names are not plain strings meets every rule.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Protocol, TypeVar

import re2

from trailwarden.delivery.cutting import Decode
from trailwarden.delivery.keys import LogFileKind
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.decision import Decision, Limits
from trailwarden.engine.evaluate import Condition, check_condition, compile_condition
from trailwarden.engine.hidden import HiddenMatches
from trailwarden.engine.match import Match
from trailwarden.engine.prefilter import needed_texts
from trailwarden.engine.sieve import Sieve, Sifted
from trailwarden.engine.text import fold
from trailwarden.engine.times import EventTimes
from trailwarden.engine.values import RecordView
from trailwarden.engine.visibility import Visibility
from trailwarden.errors import RuleSetError
from trailwarden.rules.ruleset import Hidden, Node, Rule, RuleSet

_NAME, _SOURCE = "eventName", "eventSource"
_REMEMBERED_CALLS = 4096
_REMEMBERED_TIMES, _LONGEST_TIME = 4096, 40
_ALWAYS_READ = frozenset({LogFileKind.EVENTS, LogFileKind.NETWORK_ACTIVITY, LogFileKind.AGGREGATED})


T = TypeVar("T")
Teach = Callable[[Record], None]
"""Takes a record that meets the engine's `lesson`."""


class BlockReader(Protocol):
    """What the engine needs of `trailwarden.delivery.logfile.LogFileReader`."""

    @property
    def next_index(self) -> int:
        """The index of the record that is decoded next; it may be one too high, never too low."""

    def decoded_blocks(self, decode: Decode[T]) -> Iterator[tuple[int, list[T]]]:
        """Runs of records as `decode` makes them, each with the index of its first in `Records`."""


@dataclass(frozen=True, slots=True)
class Block:
    """A run of neighbouring records, and their matches, which are made as they are asked for."""

    end: int
    """The index behind its last record."""
    records: int
    """How many of its records were asked for: none if all are passed over."""
    size: int
    """Bytes of JSON that its matches' records may come from."""
    matches: Iterator[Match]


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

    `lesson` is a condition, in the form of `Rule.detection`, of records that somebody learns from beside the
    rules; `scan` gives them away.
    """

    def __init__(
        self, rule_set: RuleSet, limits: Limits | None = None, *, lesson: Node | None = None
    ) -> None:
        self.rule_set = rule_set
        self.lesson = lesson
        self._limits = limits
        self._hidden = rule_set.hidden
        self.failures: dict[str, RuleFailure] = {}
        _check(rule_set)
        if lesson is not None:
            check_condition(lesson)
        self._by_call: dict[tuple[str, str], tuple[_Evaluator, ...]] = {}
        self._times: dict[str, str | None] = {}
        self.visibility = Visibility(rule_set)

    @property
    def kinds(self) -> frozenset[LogFileKind]:
        """The kinds of files that the rule set has a use for: never digests, Insights where a rule asks."""
        return _ALWAYS_READ | {LogFileKind.INSIGHT} if self.rule_set.uses_insights else _ALWAYS_READ

    def matches(self, record: Record) -> list[Rule]:
        """The rules that match a record, in the order of the rule set; last, the built-in rule that names
        those which the record's omissions made blind."""
        name, source = record.get(_NAME), record.get(_SOURCE)
        if type(name) is str and type(source) is str:
            remembered = self._by_call.get((name, source))
            candidates = self._remember(name, source) if remembered is None else remembered
        else:
            candidates = self._evaluators
        view = RecordView(record)
        matched: list[Rule] = []
        for evaluator in candidates:
            try:
                if evaluator.condition(view):
                    matched.append(evaluator.rule)
            except Exception as error:  # noqa: BLE001 (whatever one rule raises, the others go on)
                self._failed(evaluator.rule, error)
        return self._with_visibility(matched, record)

    def _with_visibility(self, matched: list[Rule], record: Record) -> list[Rule]:
        told = self.visibility.rule(record)
        return matched if told is None else [*matched, told]

    @cached_property
    def _evaluators(self) -> tuple[_Evaluator, ...]:
        """Made when a record is first asked about in the plain way, which scans hardly need."""
        return tuple(map(_evaluator, self.rule_set.rules))

    @cached_property
    def _decision(self) -> Decision:
        """Made when a file is first scanned. What exceptions hide, and last the lesson, are decided beside
        the rules, on the same predicates, under the numbers that follow theirs."""
        rules = (*self.rule_set.rules, *(hidden.rule for hidden in self._hidden))
        lesson = () if self.lesson is None else (self.lesson,)
        return Decision((*(rule.detection for rule in rules), *lesson), self._limits)

    def hidden(self, record: Record) -> list[Hidden]:
        """What exceptions hide of a record, the plain way, in the order of `RuleSet.hidden`. A condition that
        raises hides nothing: its rule raises too, and is counted there."""
        view = RecordView(record)
        found = []
        for hidden, condition in self._concealed:
            with suppress(Exception):
                if condition(view):
                    found.append(hidden)
        return found

    @cached_property
    def _concealed(self) -> list[tuple[Hidden, Condition]]:
        return [(hidden, compile_condition(hidden.rule.detection)) for hidden in self._hidden]

    def teaches(self, record: Record) -> bool:
        """Whether a record meets the lesson, the plain way; not where its condition raises."""
        with suppress(Exception):
            return self._lesson is not None and self._lesson(RecordView(record))
        return False

    @cached_property
    def _lesson(self) -> Condition | None:
        return None if self.lesson is None else compile_condition(self.lesson)

    def scan(
        self,
        reader: BlockReader,
        times: EventTimes | None = None,
        hidden: HiddenMatches | None = None,
        teach: Teach | None = None,
    ) -> Iterator[Match]:
        """Every match in a log file, in one pass; holds one block of records at a time. `times` learns the
        oldest and the newest event, `hidden` what exceptions keep from being a match; `teach` is given each
        record that meets the engine's lesson, before its matches, and what it raises ends the scan."""
        for block in self.blocks(reader, times, hidden, teach):
            yield from block.matches

    def blocks(  # noqa: PLR0913 (what a scan gives away, and where it begins)
        self,
        reader: BlockReader,
        times: EventTimes | None = None,
        hidden: HiddenMatches | None = None,
        teach: Teach | None = None,
        *,
        start: int = 0,
        hidden_from: int = 0,
    ) -> Iterator[Block]:
        """`scan`, block by block; the matches of each must be taken before the next is asked for.

        Records before the index `start` are passed over: they are read, for nothing else says where they end,
        but no rule meets them. What exceptions hide counts from the index `hidden_from` on.
        """
        sieve = Sieve(self._decision, times, start=start, position=reader)
        for first, block in reader.decoded_blocks(sieve.decode):
            skipped = min(max(start - first, 0), len(block))
            wanted = block[skipped:] if skipped else block
            matches = self._block_matches(first + skipped, wanted, hidden, teach, hidden_from)
            yield Block(first + len(block), len(wanted), sieve.take_size(), matches)

    def _block_matches(
        self,
        first: int,
        block: list[Sifted | None],
        hidden: HiddenMatches | None,
        teach: Teach | None,
        hidden_from: int,
    ) -> Iterator[Match]:
        for index, sifted in compress(enumerate(block, first), block):
            if sifted is None:
                continue
            counted = hidden if index >= hidden_from else None
            if rules := self._sifted_matches(sifted, counted, teach):
                record = sifted.record
                identity, time = event_identity(record), self._event_time(record)
                for rule in rules:
                    yield Match(rule, record, index, identity, time)

    def _sifted_matches(
        self, sifted: Sifted, hidden: HiddenMatches | None, teach: Teach | None
    ) -> list[Rule]:
        rules, record = self.rule_set.rules, sifted.record
        try:
            numbers = sifted.rules(self._decision)
        except Exception:  # noqa: BLE001 (the plain way says which rule it was, and clears the others)
            self._conceal(self.hidden(record), record, hidden)
            if teach is not None and self.teaches(record):
                teach(record)
            return self.matches(record)
        if numbers and numbers[-1] >= len(rules):
            if numbers[-1] == len(rules) + len(self._hidden):
                if teach is not None:
                    teach(record)
                numbers = numbers[:-1]
            first = bisect_left(numbers, len(rules))
            self._conceal([self._hidden[number - len(rules)] for number in numbers[first:]], record, hidden)
            numbers = numbers[:first]
        return self._with_visibility([rules[number] for number in numbers], record)

    def _conceal(self, found: list[Hidden], record: Record, hidden: HiddenMatches | None) -> None:
        if found and hidden is not None:
            time = self._event_time(record)
            for each in found:
                hidden.add(each, record, time)

    def _event_time(self, record: Record) -> str | None:
        """`event_time`, remembered: reading a time costs more than all else about a match."""
        text = record.get("eventTime")
        if type(text) is not str or len(text) > _LONGEST_TIME:
            return event_time(record)
        if text not in self._times:
            if len(self._times) >= _REMEMBERED_TIMES:
                self._times.clear()
            self._times[text] = event_time(record)
        return self._times[text]

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


def _evaluator(rule: Rule) -> _Evaluator:
    names, sources = needed_texts(rule.detection, _NAME), needed_texts(rule.detection, _SOURCE)
    return _Evaluator(rule, compile_condition(rule.detection), names, sources)


def _check(rule_set: RuleSet) -> None:
    unknown = []
    for rule in rule_set.rules:
        try:
            check_condition(rule.detection)
        except (ValueError, TypeError, IndexError, AttributeError, re2.error) as error:
            unknown.append(f"rule {rule.id} ({rule.title}): {error}")
    if unknown:
        raise RuleSetError("This engine cannot evaluate the compiled rule set:\n" + "\n".join(unknown))
