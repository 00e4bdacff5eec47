"""One run over a log file, portion by portion: each is stored and judged before the next is read.

Where a portion ends depends on the file and the rule set alone, never on time: so a file that takes several
runs ends in the same state as one that is read in a single run. In every portion sessions go first, so that
an alert of the same file can name them; then matches and their alerts, then what correlations make of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from trailwarden.activity.learning import LearnedSessions
from trailwarden.activity.sessions import SessionStore
from trailwarden.alerts.grouping import DEFAULT_POLICY, AlertGrouper, AlertPolicy
from trailwarden.correlation.correlator import CorrelationBatch, CorrelationTally, Correlator
from trailwarden.delivery.logfile import ByteStream, Defect, LogFileReader
from trailwarden.engine.engine import Block, Engine
from trailwarden.engine.hidden import HiddenMatches
from trailwarden.engine.times import EventTimes
from trailwarden.safety.text import one_line
from trailwarden.state.ledger import Progress
from trailwarden.state.protocol import AlertStore

FAULTS_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PortionLimits:
    """How much of a file is in hand before it is stored; it bounds the memory, and what a function that is
    killed has done for nothing. A portion ends with the block of records (64 KiB) that reaches one of
    them."""

    matches: int = 500
    size: int = 1024 * 1024
    """Bytes of JSON that matching records come from; in memory they take several times as much."""
    sessions: int = 500
    hidden: int = 5000
    records: int = 20_000

    def after(self, attempts: int) -> "PortionLimits":
        """A quarter as much for each failed attempt beyond the first, which may have had no cause in the
        file: a portion that takes longer than the function has, since the table is slow or many correlations
        look at it, gets through in smaller ones."""
        share = 4 ** max(0, attempts - 2)
        return PortionLimits(
            matches=max(1, self.matches // share),
            size=max(1, self.size // share),
            sessions=max(1, self.sessions // share),
            hidden=max(1, self.hidden // share),
            records=max(1, self.records // share),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What a file is read with, and where what it holds goes."""

    engine: Engine
    store: AlertStore
    correlator: Correlator | None = None
    sessions: SessionStore | None = None
    policy: AlertPolicy = DEFAULT_POLICY
    limits: PortionLimits = PortionLimits()

    def failures(self) -> int:
        """How often a rule has raised so far."""
        return sum(failure.count for failure in self.engine.failures.values())


@dataclass(slots=True)
class Portion:
    """What a part of a file came to."""

    progress: Progress
    """How far the file is read with it."""
    last: bool = False
    """The file is read to its end."""
    matches: int = 0
    repeats: int = 0
    """Events that came again within the portion."""
    alerts: int = 0
    sessions: int = 0
    correlated: int = 0
    ungrouped: int = 0
    rule_failures: int = 0
    hidden: dict[tuple[str, str], int] = field(default_factory=dict)
    """What exceptions hid, by exception and day."""
    unlearned: tuple[str, ...] = ()
    """Why records that issue credentials could not be read."""

    @property
    def empty(self) -> bool:
        """Nothing of it had to be stored, or counted."""
        return not (self.matches or self.sessions or self.hidden)


class FileReading:
    """Reads a file once, from where `start` says; `today` stands in for the day of events without a time."""

    def __init__(
        self, tools: Tools, stream: ByteStream, address: str, start: Progress, *, today: str
    ) -> None:
        self._tools = tools
        self._address = address
        self._start = start
        self._today = today
        self._reached = start
        self._failures = tools.failures()
        self._hidden = HiddenMatches()
        self._learned = LearnedSessions()
        self._correlations = tools.correlator.batch() if tools.correlator is not None else None
        self._defects_before = self._described_before = 0
        self._begin_portion()
        self.reader = LogFileReader(stream)
        self.times = EventTimes()

    def _begin_portion(self) -> None:
        version = self._tools.engine.rule_set.version
        self._grouper = AlertGrouper(version, keep_matches=True, policy=self._tools.policy)
        self._matches = self._repeats = self._alerts = self._size = self._records = 0

    def portions(self, begun: Callable[[], None]) -> Iterator[Portion]:
        """Each portion, stored and judged; the last one may be empty. `begun` is called when the first record
        is reached that was not judged before."""
        blocks = self._tools.engine.blocks(
            self.reader,
            self.times,
            self._hidden,
            self._learned.add if self._tools.sessions is not None else None,
            start=self._start.next_index,
            hidden_from=self._start.counted,
        )
        passing_over = True
        for block in blocks:
            if block.end <= self._start.next_index:
                # What was wrong up to here was counted in an earlier run.
                self._defects_before = self.reader.defect_counts.total()
                self._described_before = len(self.reader.defects)
                continue
            if passing_over:
                begun()
                passing_over = False
            self._take(block)
            if self._full():
                yield self._stored(block.end)
        yield self._stored(max(self.reader.next_index, self._reached.next_index), last=True)

    def _take(self, block: Block) -> None:
        self._size += block.size
        self._records += block.records
        for match in block.matches:
            if self._grouper.add(match, self._address):
                self._matches += 1
            else:
                self._repeats += 1
            if self._correlations is not None:
                self._correlations.add(match, self._address)

    def _full(self) -> bool:
        limits = self._tools.limits
        return (
            self._matches >= limits.matches
            or self._size >= limits.size
            or self._learned.pending >= limits.sessions
            or self._hidden.pending >= limits.hidden
            or self._records >= limits.records
        )

    def _stored(self, end: int, *, last: bool = False) -> Portion:
        sessions = self._learned.drain()
        if sessions and self._tools.sessions is not None:
            self._tools.sessions.put_all(sessions)
        alerts = self._tools.store.add(self._grouper.drain())
        portion = Portion(
            self._progress(end),
            last,
            matches=self._matches,
            repeats=self._repeats,
            sessions=len(sessions),
            hidden=self._hidden.drain(self._today),
            unlearned=self._learned.drain_failures(),
        )
        if self._correlations is not None:
            alerts += self._correlations.flush()
            portion.correlated, portion.ungrouped = self._correlated(self._correlations)
        portion.alerts = alerts
        failures = self._tools.failures()
        portion.rule_failures, self._failures = failures - self._failures, failures
        self._reached = portion.progress
        self._begin_portion()
        return portion

    def _correlated(self, batch: CorrelationBatch) -> tuple[int, int]:
        """What correlations looked at, and what they skipped, since the last time."""
        tally, batch.tally = batch.tally, CorrelationTally()
        return tally.events, tally.missing_group + tally.missing_time

    def _progress(self, end: int) -> Progress:
        new = self.reader.defects[self._described_before :][:FAULTS_TOLD]
        faults = (*self._start.faults, *map(_fault, new))
        return Progress(
            rule_set=self._start.rule_set,
            next_index=end,
            counted=max(self._start.counted, end),
            records=self._reached.records + self._records,
            restarts=self._start.restarts,
            defects=self._start.defects + self.reader.defect_counts.total() - self._defects_before,
            faults=faults[:FAULTS_TOLD],
        )


def _fault(defect: Defect) -> str:
    where = "" if defect.record_index is None else f" at record {defect.record_index}"
    return one_line(f"{defect.reason}{where}: {defect.detail}", 300)
