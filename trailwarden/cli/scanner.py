"""The engine of the functions over many inputs, one after the other, in a stable order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import Alert
from trailwarden.alerts.text import one_line
from trailwarden.cli.inputs import Input
from trailwarden.correlation.correlator import CorrelationBatch, Correlator
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine
from trailwarden.engine.match import Match
from trailwarden.errors import LogFileUnavailable
from trailwarden.rules.ruleset import Level
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
class Scanner:
    """Reads inputs and groups what matches.

    `on_match` gets each match, the name of its log file, and whether its event was met before; `complain`
    gets a line for each thing that could not be read.
    """

    engine: Engine
    on_match: Callable[[Match, str, bool], None]
    complain: Callable[[str], None]
    totals: Totals = field(default_factory=Totals)
    grouper: AlertGrouper = field(init=False)
    _correlated: MemoryAlertStore = field(init=False, default_factory=MemoryAlertStore)
    _batch: CorrelationBatch = field(init=False)

    def __post_init__(self) -> None:
        rule_set = self.engine.rule_set
        self.grouper = AlertGrouper(rule_set.version)
        self._batch = Correlator(rule_set, MemoryCorrelationStore(), self._correlated).batch()

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
        """Read one input; what cannot be read of it is named, the rest is evaluated."""
        if item.kind not in self.engine.kinds:
            self.totals.passed_over += 1
            return
        name = one_line(item.name, _NAME_LIMIT)
        try:
            with item.open() as stream:
                self._scan_stream(item.name, LogFileReader(stream))
        except LogFileUnavailable as error:
            self.fault(f"{name}: {one_line(str(error), 500)}")

    def _correlate(self, match: Match, name: str) -> None:
        self._batch.add(match, name)
        if self._batch.pending >= _CORRELATE_EVERY:
            self._batch.flush()

    def _scan_stream(self, name: str, reader: LogFileReader) -> None:
        try:
            for match in self.engine.scan(reader):
                fresh = self.grouper.add(match, name)
                self.totals.matches += 1
                self.totals.repeats += not fresh
                self.on_match(match, name, not fresh)
                if fresh:
                    self._correlate(match, name)
        finally:
            self.totals.files += 1
            self.totals.records += reader.record_count
            for defect in reader.defects:
                where = "" if defect.record_index is None else f", record {defect.record_index}"
                cause = f"{defect.reason}: {one_line(defect.detail, 300)}"
                self.fault(f"{one_line(name, _NAME_LIMIT)}{where}: {cause}")
            if more := reader.defect_counts.total() - len(reader.defects):
                self.fault(f"{one_line(name, _NAME_LIMIT)}: and {more:,} more faults")
