"""One delivery notice, from its text to stored alerts: what the function `detect` does with a message.

The order is the proof that nothing is lost and nothing is told twice: who was given which access key, so
that an alert of the same file can name them, matches, then alerts, then what correlations keep and make of
the matches, then the file's entry in the ledger and, in the same step, the counts of what exceptions hid in
it, then (by returning) the acknowledgement. Each step may be repeated.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from trailwarden.activity.learning import LESSON, LearnedSessions
from trailwarden.activity.sessions import SessionStore
from trailwarden.alerts.grouping import DEFAULT_POLICY, AlertGrouper, AlertPolicy
from trailwarden.correlation.correlator import CorrelationBatch, Correlator
from trailwarden.delivery.keys import LogFileKey
from trailwarden.delivery.logfile import Defect, LogFileReader
from trailwarden.delivery.notices import ObjectRef, parse_notice
from trailwarden.delivery.records import Record
from trailwarden.engine.engine import Engine
from trailwarden.engine.hidden import HiddenMatches
from trailwarden.engine.times import EventTimes
from trailwarden.errors import LogFileUnavailable, NoticeError
from trailwarden.rules.ruleset import RuleSet
from trailwarden.safety.redact import redacted_text
from trailwarden.safety.text import one_line
from trailwarden.state.protocol import AlertStore, FileLedger, FileOutcome, HiddenByDay
from trailwarden.state.weeks import Seen

_STORE_EVERY = 500  # matches held in memory before they are stored
_CORRELATE_EVERY = 2000  # matches held in memory before their correlations are judged
_LEARN_EVERY = 500  # sessions held in memory before they are stored
_DEFECTS_TOLD = 20


class OpenedLogFile(Protocol):
    """A log file that can be read; `file_id` changes when its content does."""

    @property
    def file_id(self) -> str:
        """What the ledger knows the file by."""

    @property
    def address(self) -> str:
        """Where the file lies, for people."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""


class LogFiles(Protocol):
    """Where log files are opened; raises `LogFileUnavailable` for what may work later."""

    def open(self, ref: ObjectRef) -> AbstractContextManager[OpenedLogFile]:
        """Open one log file."""


class Operations(Protocol):
    """Who is told what needs a hand."""

    def tell(self, subject: str, text: str) -> None:
        """Tell it once."""


@dataclass(slots=True)
class Tally:
    """What one batch of notices came to; every number is a metric."""

    notices: int = 0
    files: int = 0
    records: int = 0
    bytes: int = 0
    """Compressed, as they came from the bucket."""
    matches: int = 0
    alerts: int = 0
    """Alerts that are new, staged ones too."""
    hidden_matches: int = 0
    """What would have matched, but for exceptions: by rule, event and exception."""
    duplicates: int = 0
    """Files that had been read before, and events that stood twice in one file."""
    passed_over: int = 0
    unreadable_files: int = 0
    unreadable_notices: int = 0
    defects: int = 0
    """Faults in files: records, or parts of files, that could not be read."""
    unavailable_files: int = 0
    rule_failures: int = 0
    correlated: int = 0
    """Matches, and findings, that correlations looked at."""
    ungrouped: int = 0
    """Matches that a correlation skipped, for its group (or the time) is missing in the record."""
    sessions: int = 0
    """Temporary access keys of which records told who was given them."""
    delivery_lags: list[float] = field(default_factory=list)
    """Now − eventTime, in seconds, of the newest and the oldest record of each file."""
    seen: dict[str, Seen] = field(default_factory=dict)
    """What was read, by account."""

    def saw(self, account: str, seen: Seen) -> None:
        """Count what was read of an account."""
        self.seen[account] = self.seen.get(account, Seen()).plus(seen)


def learning_engine(rule_set: RuleSet) -> Engine:
    """An engine whose scans also give the records that tell who was given which access key."""
    return Engine(rule_set, lesson=LESSON)


class Detector:
    """Reads what notices announce, once, and stores the alerts that the rule set makes of it."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        engine: Engine,
        log_files: LogFiles,
        store: AlertStore,
        ledger: FileLedger,
        operations: Operations,
        log_bucket: str,
        correlator: Correlator | None = None,
        sessions: SessionStore | None = None,
        policy: AlertPolicy = DEFAULT_POLICY,
        now: Callable[[], float] = time.time,
    ) -> None:
        if sessions is not None and engine.lesson is None:
            raise ValueError("sessions cannot be learned by an engine without a lesson: see learning_engine")
        self._engine = engine
        self._log_files = log_files
        self._store = store
        self._ledger = ledger
        self._operations = operations
        self._log_bucket = log_bucket
        self._correlator = correlator
        self._sessions = sessions
        self._policy = policy
        self._now = now

    @property
    def rule_set_version(self) -> str:
        """The version of the rule set at work."""
        return self._engine.rule_set.version

    def handle(self, body: str, tally: Tally) -> list[str]:
        """Deal with one notice. Returns what people should know of it, a line each.

        Raises where the notice must come again: a file is out of reach, or the state cannot be written. The
        files of the notice that could be read are read, and will not be read again.
        """
        tally.notices += 1
        try:
            notice = parse_notice(body)
        except NoticeError as error:
            tally.unreadable_notices += 1
            return [self._quarantine_notice(body, error)]
        remarks: list[str] = []
        out_of_reach: list[LogFileUnavailable] = []
        for ref in notice.objects:
            try:
                remarks += self._handle_object(ref, tally)
            except LogFileUnavailable as error:
                tally.unavailable_files += 1
                out_of_reach.append(error)
        if out_of_reach:
            raise LogFileUnavailable("; ".join(str(error) for error in out_of_reach))
        return remarks

    def _handle_object(self, ref: ObjectRef, tally: Tally) -> list[str]:
        key = LogFileKey.parse(ref.key)
        if key is None or key.kind not in self._engine.kinds:
            tally.passed_over += 1
            return []
        if ref.bucket != self._log_bucket:
            # Whoever can send a notice must not choose what is read.
            tally.passed_over += 1
            return [
                f"s3://{one_line(ref.bucket)}/{one_line(ref.key, 500)} is not in the log bucket: not read"
            ]
        with self._log_files.open(ref) as log_file:
            known = self._ledger.outcome(log_file.file_id)
            if known is not None:
                tally.duplicates += 1
                return []
            return self._read(log_file, tally, key.account_id)

    def _read(self, log_file: OpenedLogFile, tally: Tally, account: str) -> list[str]:
        reader = LogFileReader(log_file)
        times, hidden = EventTimes(), HiddenMatches()
        grouper = AlertGrouper(self._engine.rule_set.version, keep_matches=True, policy=self._policy)
        failures_before = self._rule_failures()
        batch = self._correlator.batch() if self._correlator is not None else None
        learning = _Learning(self._sessions) if self._sessions is not None else None
        teach = learning.add if learning is not None else None
        matches = repeats = opened = 0
        for match in self._engine.scan(reader, times, hidden, teach):
            if grouper.add(match, log_file.address):
                matches += 1
            else:
                repeats += 1
            if grouper.pending >= _STORE_EVERY:
                if learning is not None:
                    learning.store()
                opened += self._store.add(grouper.drain())
            if batch is not None:
                batch.add(match, log_file.address)
                if batch.pending >= _CORRELATE_EVERY:
                    opened += batch.flush()
        remarks: list[str] = []
        if learning is not None:
            learning.store()
            tally.sessions += learning.stored
            remarks = [f"{one_line(log_file.address, 1100)}: {why}" for why in learning.failures]
        opened += self._store.add(grouper.drain())
        if batch is not None:
            opened += batch.flush()
            _tally_correlations(batch, tally)
        tally.files += 1
        tally.records += reader.record_count
        tally.saw(account, Seen(1, reader.record_count, times.newest))
        tally.bytes += reader.bytes_compressed
        tally.matches += matches
        tally.alerts += opened
        tally.hidden_matches += hidden.total
        tally.duplicates += repeats
        tally.defects += reader.defect_counts.total()
        tally.rule_failures += self._rule_failures() - failures_before
        tally.delivery_lags += [self._lag(when) for when in (times.oldest, times.newest) if when]
        by_day = hidden.by_day(self._today())
        if not reader.defects:
            self._ledger.record(log_file.file_id, FileOutcome.READ, hidden=by_day)
            return remarks
        tally.unreadable_files += reader.unreadable
        return [*remarks, self._quarantine_file(log_file, reader, by_day)]

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).date().isoformat()

    def _rule_failures(self) -> int:
        return sum(failure.count for failure in self._engine.failures.values())

    def _lag(self, when: str) -> float:
        return self._now() - datetime.strptime(when, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()

    def _quarantine_file(self, log_file: OpenedLogFile, reader: LogFileReader, hidden: HiddenByDay) -> str:
        """Tell people of a file's faults once, and keep them; told first, so that a crash cannot lose it."""
        faults = [_fault(defect) for defect in reader.defects[:_DEFECTS_TOLD]]
        more = reader.defect_counts.total() - len(faults)
        if more > 0:
            faults.append(f"and {more} more")
        what = "cannot be read" if reader.unreadable else "can be read only in part"
        text = "\n".join(
            [
                f"The log file {one_line(log_file.address, 1100)} {what}:",
                *(f"  - {fault}" for fault in faults),
                "",
                f"{reader.record_count} records of it were evaluated. It is not tried again unless the",
                "object changes; compare it with the trail's digest files to learn whether it was altered.",
            ]
        )
        self._operations.tell(f"Trailwarden: a log file {what}", text)
        outcome = FileOutcome.UNREADABLE if reader.unreadable else FileOutcome.READ
        self._ledger.record(log_file.file_id, outcome, "; ".join(faults), hidden)
        return f"{one_line(log_file.address, 1100)} {what}: {'; '.join(faults)}"

    def _quarantine_notice(self, body: str, error: NoticeError) -> str:
        safe, why = redacted_text(body), redacted_text(str(error))  # whoever wrote it
        excerpt = one_line(safe, 1000)
        notice_id = "notice:" + hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
        if self._ledger.outcome(notice_id) is None:
            self._operations.tell(
                "Trailwarden: a delivery notice cannot be read",
                f"The ingest queue held a message that is no delivery notice ({why}).\n"
                f"It begins:\n\n{excerpt}\n",
            )
            self._ledger.record(notice_id, FileOutcome.UNREADABLE, f"{why}: {excerpt}")
        return f"a notice cannot be read ({why}): {one_line(safe, 200)}"


class _Learning:
    """What the records of one file teach of sessions, stored as it comes."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._learned = LearnedSessions()
        self.stored = 0

    @property
    def failures(self) -> list[str]:
        return [f"a record that issues credentials cannot be read: {why}" for why in self._learned.failures]

    def add(self, record: Record) -> None:
        self._learned.add(record)
        if self._learned.pending >= _LEARN_EVERY:
            self.store()

    def store(self) -> None:
        sessions = self._learned.drain()
        if sessions:
            self._store.put_all(sessions)
            self.stored += len(sessions)


def _tally_correlations(batch: CorrelationBatch, tally: Tally) -> None:
    tally.correlated += batch.tally.events
    tally.ungrouped += batch.tally.missing_group + batch.tally.missing_time


def _fault(defect: Defect) -> str:
    where = "" if defect.record_index is None else f" at record {defect.record_index}"
    return one_line(f"{defect.reason}{where}: {defect.detail}", 300)
