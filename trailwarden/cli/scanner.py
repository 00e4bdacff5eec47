"""The engine of the functions over many inputs, in a stable order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec

from trailwarden.alerts.grouping import AlertGrouper, PlacedMatch, placed
from trailwarden.alerts.groups import Moved
from trailwarden.alerts.model import Evidence, without_record
from trailwarden.cli.inputs import Input, Stream
from trailwarden.cli.spool import IDS_IN_MEMORY, AlertSpool, SeenIds
from trailwarden.cli.tables import counted
from trailwarden.correlation.correlator import CorrelationBatch, Correlator
from trailwarden.correlation.plan import Plan
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.records import Record
from trailwarden.engine.engine import Engine, RuleFailure
from trailwarden.engine.match import Match
from trailwarden.engine.times import EventTimes
from trailwarden.errors import LogFileUnavailable
from trailwarden.rules.ruleset import Rule
from trailwarden.safety.redact import redacted_text
from trailwarden.safety.text import one_line
from trailwarden.state.groups import Due
from trailwarden.state.memory import MemoryAlertStore, MemoryCorrelationStore, MemoryGroupStore

_NAME_LIMIT = 1100
_HELD_AT_MOST = 8 * 1024 * 1024
_SIZE_OF_A_RUN = 1000  # bytes: what is held of a match besides its record
_CORRELATE_EVERY = 5000  # matches held in memory before their correlations are judged

_encode = msgspec.json.Encoder().encode
_decode_record = msgspec.json.Decoder(Record).decode


@dataclass(slots=True)
class Totals:
    """What was read, and what came of it."""

    files: int = 0
    records: int = 0
    matches: int = 0
    repeats: int = 0
    passed_over: int = 0
    faults: int = 0
    """What could not be read: files, parts of files, records; and rules that failed on a record."""
    seconds: float = 0.0


@dataclass(slots=True)
class Reading:
    """What reading one input came to, besides its matches; `faults` name what could not be read of it,
    `oldest` and `newest` the ends of its `eventTime`s."""

    files: int = 0
    passed_over: int = 0
    records: int = 0
    faults: list[str] = field(default_factory=list)
    oldest: str | None = None
    newest: str | None = None


Watch = Callable[[int, int], None]
"""Is given how many bytes and records were read by now."""


def unwatched(_size: int, _records: int) -> None:
    """Nobody looks on."""


@dataclass(slots=True)
class _Watched:
    """A stream that says how far it was read."""

    stream: Stream
    on_read: Callable[[int], None]
    size: int = 0

    def read(self, size: int, /) -> bytes:
        data = self.stream.read(size)
        self.size += len(data)
        self.on_read(self.size)
        return data


def read_input(
    engine: Engine, item: Input, on_match: Callable[[Match], None], watch: Watch = unwatched
) -> Reading:
    """Read one input, giving each match as it is found; what cannot be read is named, the rest evaluated.
    `watch` is told of the input's bytes and records meanwhile."""
    reading = Reading()
    if item.kind not in engine.kinds:
        reading.passed_over = 1
        return reading
    name = one_line(item.address, _NAME_LIMIT)
    try:
        with item.open() as stream:
            watched = _Watched(stream, lambda size: watch(size, reader.record_count))
            reader, times = LogFileReader(watched), EventTimes()
            try:
                for match in engine.scan(reader, times):
                    on_match(match)
            finally:
                reading.files, reading.records = 1, reader.record_count
                reading.oldest, reading.newest = times.oldest, times.newest
                reading.faults += _faults(name, reader)
    except LogFileUnavailable as error:
        why = one_line(str(error), 1500).removeprefix(f"{name}: ")  # of an object it begins so
        reading.faults.append(f"{name}: {why}")
    return reading


def _faults(name: str, reader: LogFileReader) -> Iterable[str]:
    for defect in reader.defects:
        where = "" if defect.record_index is None else f", record {defect.record_index}"
        yield f"{name}{where}: {defect.reason}: {one_line(defect.detail, 300)}"
    if more := reader.defect_counts.total() - len(reader.defects):
        yield f"{name}: and {counted(more, 'more fault')}"


@dataclass(frozen=True, slots=True)
class HandedMatch:
    """A match that another process found."""

    placed: PlacedMatch
    record_index: int

    def whole(self) -> Match:
        """The match with its record."""
        place = self.placed
        return Match(place.rule, place.record(), self.record_index, place.event_id, place.event_time)


class _WithoutRecords(MemoryGroupStore):
    """Groups of which the alerts' records are let go of: a scan prints none."""

    def write(self, group_key: str, before: int, moved: Moved, *, done: Due | None = None) -> bool:
        opened = tuple(replace(one, alert=without_record(one.alert)) for one in moved.opened)
        return super().write(group_key, before, replace(moved, opened=opened), done=done)


@dataclass(slots=True)
class Scanner:
    """Counts what was read and groups what matched, here or in another process.

    `on_match`, where there is one, gets each match, the name of its log file, and whether its event was met
    before; `complain` gets a line for each thing that could not be read.
    """

    engine: Engine
    on_match: Callable[[Match, str, bool], None] | None
    complain: Callable[[str], None]
    totals: Totals = field(default_factory=Totals)
    hold: int = _HELD_AT_MOST
    """About how many bytes of alerts to be are held in memory, before they are put away."""
    ids_in_memory: int = IDS_IN_MEMORY
    _grouper: AlertGrouper = field(init=False)
    _spool: AlertSpool = field(init=False)
    _held: int = field(init=False, default=0)
    """At most so many bytes are held: each match counts, until it is known whose records are shown."""
    _put_some_away: bool = field(init=False, default=False)
    _last: Record | None = field(init=False, default=None)
    """The record of the latest match, and below what is held of it: several rules may match one."""
    _encoded: bytes = field(init=False, default=b"")
    _correlated: MemoryAlertStore = field(init=False)
    _plan: Plan = field(init=False)
    _batch: CorrelationBatch = field(init=False)
    _failures: dict[str, RuleFailure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rule_set = self.engine.rule_set
        self._grouper = AlertGrouper(rule_set.version, is_new=SeenIds(self.ids_in_memory).is_new)
        self._spool = AlertSpool(self._rule_of({rule.id: rule for rule in rule_set.rules}))
        self._correlated = MemoryAlertStore(kept=_WithoutRecords())
        correlator = Correlator(rule_set, MemoryCorrelationStore(), self._correlated)
        self._plan, self._batch = correlator.plan, correlator.batch()

    def _rule_of(self, rules: Mapping[str, Rule]) -> Callable[[str, Callable[[], Record]], Rule]:
        visibility = self.engine.visibility

        def rule_of(rule_id: str, record: Callable[[], Record]) -> Rule:
            rule = rules.get(rule_id) or visibility.rule(record())
            assert rule is not None, rule_id  # noqa: S101 (it matched this record)
            return rule

        return rule_of

    def alerts(self) -> AlertSpool:
        """Every alert, of rules and of correlations. Call it once, in the end."""
        self._batch.flush()
        if self._put_some_away:
            self._put_away()
            runs = self._grouper.joined(self._spool.runs())
        else:
            runs = (run for _, run in self._grouper.hand_over())
        self._spool.put_alerts(map(self._grouper.alert, runs))
        self._spool.put_alerts(self._correlated.standing())
        return self._spool

    def _hold_less(self) -> None:
        """Most matches join a run that shows another record, so much less may be held than came."""
        runs, size = self._grouper.held()
        self._held = size + runs * _SIZE_OF_A_RUN
        if self._held > self.hold // 2:
            self._put_away()

    def _put_away(self) -> None:
        self._spool.put_runs(self._grouper.hand_over())
        self._held, self._put_some_away = 0, True

    def fault(self, text: str) -> None:
        """Count and name one thing that could not be read."""
        self.totals.faults += 1
        self.complain(text)

    def scan(self, item: Input, watch: Watch = unwatched) -> None:
        """Read one input in this process."""
        self.count(read_input(self.engine, item, lambda match: self.matched(match, item.name), watch))

    def matched(self, match: Match, log_file: str) -> None:
        """Count and group one match; they come in the order of the inputs, and of the records of each."""
        if match.record is not self._last:
            self._last, self._encoded = match.record, _encode(match.record)
        place = placed(match, partial(_decode_record, self._encoded), len(self._encoded))
        fresh = self._group(place, Evidence(log_file, match.record_index))
        if self.on_match is not None:
            self.on_match(match, log_file, not fresh)
        if fresh:
            self._correlate(match, log_file)

    def handed_over(self, match: HandedMatch, log_file: str) -> None:
        """The same for a match of another process, whose record is decoded only where somebody needs it."""
        fresh = self._group(match.placed, Evidence(log_file, match.record_index))
        correlated = fresh and bool(self._plan.fed_by(match.placed.rule.id))
        if correlated or self.on_match is not None:
            whole = match.whole()
            if self.on_match is not None:
                self.on_match(whole, log_file, not fresh)
            if correlated:
                self._correlate(whole, log_file)

    def _group(self, match: PlacedMatch, evidence: Evidence) -> bool:
        fresh = self._grouper.add_placed(match, evidence)
        self.totals.matches += 1
        self.totals.repeats += not fresh
        if fresh and match.rule.generates:
            self._held += match.size + _SIZE_OF_A_RUN
            if self._held >= self.hold:
                self._hold_less()
        return fresh

    def _correlate(self, match: Match, log_file: str) -> None:
        self._batch.add(match, log_file)
        if self._batch.pending >= _CORRELATE_EVERY:
            self._batch.flush()

    def count(self, reading: Reading) -> None:
        """Count what reading one input came to."""
        self.totals.files += reading.files
        self.totals.passed_over += reading.passed_over
        self.totals.records += reading.records
        for text in reading.faults:
            self.fault(text)

    def failed(self, failures: Iterable[RuleFailure]) -> None:
        """Count the failures of rules, of this process or another."""
        for failure in failures:
            before = self._failures.get(failure.rule_id)
            count, first = (before.count, before.first_error) if before else (0, failure.first_error)
            self._failures[failure.rule_id] = RuleFailure(failure.rule_id, count + failure.count, first)

    def finish(self) -> None:
        """Name the rules that failed, and say so if there was nothing to read."""
        if self.totals.passed_over and not self.totals.files:
            self.fault(nothing_read(self.totals.passed_over))
        self.failed(self.engine.failures.values())
        for failure in self._failures.values():
            self.fault(failure_text(failure.rule_id, failure.count, failure.first_error))


def nothing_read(passed_over: int) -> str:
    """What is said if all files are of kinds that no rule is evaluated on."""
    return f"no log file was read, only {counted(passed_over, 'file')} of digests or Insights passed over"


def failure_text(rule_id: str, count: int, first_error: str) -> str:
    """What is shown of a rule that failed: its error may quote the record, and so a secret."""
    error = one_line(redacted_text(first_error), 300)
    return f"rule {rule_id} failed on {counted(count, 'record')}: {error}"
