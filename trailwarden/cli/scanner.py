"""The engine of the functions over many inputs, in a stable order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from trailwarden.alerts.grouping import AlertGrouper, PlacedMatch
from trailwarden.alerts.model import Alert, Evidence
from trailwarden.cli.inputs import Input
from trailwarden.correlation.correlator import CorrelationBatch, Correlator
from trailwarden.correlation.plan import Plan
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine, RuleFailure
from trailwarden.engine.match import Match
from trailwarden.engine.times import EventTimes
from trailwarden.errors import LogFileUnavailable
from trailwarden.rules.ruleset import Level
from trailwarden.safety.text import one_line
from trailwarden.state.memory import MemoryAlertStore, MemoryCorrelationStore

_NAME_LIMIT = 1100
_CORRELATE_EVERY = 5000  # matches held in memory before their correlations are judged


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


def read_input(engine: Engine, item: Input, on_match: Callable[[Match], None]) -> Reading:
    """Read one input, giving each match as it is found; what cannot be read is named, the rest evaluated."""
    reading = Reading()
    if item.kind not in engine.kinds:
        reading.passed_over = 1
        return reading
    name = one_line(item.name, _NAME_LIMIT)
    try:
        with item.open() as stream:
            reader, times = LogFileReader(stream), EventTimes()
            try:
                for match in engine.scan(reader, times):
                    on_match(match)
            finally:
                reading.files, reading.records = 1, reader.record_count
                reading.oldest, reading.newest = times.oldest, times.newest
                reading.faults += _faults(name, reader)
    except LogFileUnavailable as error:
        reading.faults.append(f"{name}: {one_line(str(error), 500)}")
    return reading


def _faults(name: str, reader: LogFileReader) -> Iterable[str]:
    for defect in reader.defects:
        where = "" if defect.record_index is None else f", record {defect.record_index}"
        yield f"{name}{where}: {defect.reason}: {one_line(defect.detail, 300)}"
    if more := reader.defect_counts.total() - len(reader.defects):
        yield f"{name}: and {more:,} more faults"


@dataclass(frozen=True, slots=True)
class HandedMatch:
    """A match that another process found."""

    placed: PlacedMatch
    record_index: int

    def whole(self) -> Match:
        """The match with its record."""
        place = self.placed
        return Match(place.rule, place.record(), self.record_index, place.event_id, place.event_time)


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
    grouper: AlertGrouper = field(init=False)
    _correlated: MemoryAlertStore = field(init=False, default_factory=MemoryAlertStore)
    _plan: Plan = field(init=False)
    _batch: CorrelationBatch = field(init=False)
    _failures: dict[str, RuleFailure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rule_set = self.engine.rule_set
        self.grouper = AlertGrouper(rule_set.version)
        correlator = Correlator(rule_set, MemoryCorrelationStore(), self._correlated)
        self._plan, self._batch = correlator.plan, correlator.batch()

    def alerts(self) -> list[Alert]:
        """Every alert, of rules and of correlations: worst first, then by the time of its first event."""
        self._batch.flush()
        found = [*self.grouper.alerts(), *self._correlated.standing()]
        found.sort(
            key=lambda alert: (-Level[alert.level.upper()], alert.first_event_time or "", alert.alert_id)
        )
        return found

    def fault(self, text: str) -> None:
        """Count and name one thing that could not be read."""
        self.totals.faults += 1
        self.complain(text)

    def scan(self, item: Input) -> None:
        """Read one input in this process."""
        self.count(read_input(self.engine, item, lambda match: self.matched(match, item.name)))

    def matched(self, match: Match, log_file: str) -> None:
        """Count and group one match; they come in the order of the inputs, and of the records of each."""
        fresh = self.grouper.add(match, log_file)
        self._tally(fresh=fresh)
        if self.on_match is not None:
            self.on_match(match, log_file, not fresh)
        if fresh:
            self._correlate(match, log_file)

    def handed_over(self, match: HandedMatch, log_file: str) -> None:
        """The same for a match of another process, whose record is decoded only where somebody needs it."""
        fresh = self.grouper.add_placed(match.placed, Evidence(log_file, match.record_index))
        self._tally(fresh=fresh)
        correlated = fresh and bool(self._plan.fed_by(match.placed.rule.id))
        if correlated or self.on_match is not None:
            whole = match.whole()
            if self.on_match is not None:
                self.on_match(whole, log_file, not fresh)
            if correlated:
                self._correlate(whole, log_file)

    def _tally(self, *, fresh: bool) -> None:
        self.totals.matches += 1
        self.totals.repeats += not fresh

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
        """Name the rules that failed."""
        self.failed(self.engine.failures.values())
        for failure in self._failures.values():
            self.fault(f"rule {failure.rule_id} failed on {failure.count} records: {failure.first_error}")
