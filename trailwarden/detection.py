"""What the function `detect` does with one delivery notice, and with each file that it names.

The order is the proof that nothing is lost and nothing is told twice: the attempt is counted, then of each
portion of the file (`reading.py`) all is stored and judged, then the ledger says so and counts, in the same
step, what exceptions hid, then (by returning) the notice is acknowledged. Each step may be repeated.
"""

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from trailwarden.activity.learning import LESSON
from trailwarden.delivery.keys import LogFileKey
from trailwarden.delivery.notices import Notice, ObjectRef, parse_notice
from trailwarden.engine.engine import Engine
from trailwarden.errors import LogFileUnavailable, NoticeError
from trailwarden.reading import FAULTS_TOLD, FileReading, Portion, Tools
from trailwarden.rules.ruleset import RuleSet
from trailwarden.safety.redact import redacted_text
from trailwarden.safety.text import one_line
from trailwarden.shift import UNLIMITED, Shift
from trailwarden.state.ledger import (
    ATTEMPTS,
    Claim,
    FileEntry,
    FileLedger,
    FileTakenError,
    Refusal,
    Refused,
    Visit,
    take,
)
from trailwarden.state.protocol import FileOutcome
from trailwarden.state.weeks import Seen

_LAPSE = 60.0
"""Seconds for which an attempt at a file out of reach is the only one that counts, and in which one function
alone tells of a thing; a notice that failed comes again later than that."""


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


class DeadLetters(Protocol):
    """Where notices wait that were given up, until somebody has them tried again."""

    def set_aside(self, notice: str, why: str) -> None:
        """Keep a notice there."""


class Operations(Protocol):
    """Who is told what needs a hand."""

    def tell(self, subject: str, text: str) -> None:
        """Tell it once."""


@dataclass(slots=True)
class Tally:
    """What one batch of notices came to; every number stands in its log line."""

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
    failed_again: int = 0
    """Notices that failed, and had been received before: an alarm tells, for nothing else may count them."""
    unfinished: int = 0
    """Files that go on in another run, or were not begun, for lack of time."""
    set_aside: int = 0
    """Files that were given up."""
    delivery_lag: float | None = None
    """Now − eventTime, in seconds, of the record that took the longest; None if none has a time."""
    seen: dict[str, Seen] = field(default_factory=dict)
    """What was read, by account."""

    def clear(self) -> None:
        """Begin to count anew, after what was counted is handed in."""
        for each in fields(self):
            setattr(self, each.name, getattr(Tally(), each.name))

    def lagged(self, seconds: float) -> None:
        """Keep how long a record took to arrive, if none took longer."""
        self.delivery_lag = max(seconds, self.delivery_lag or 0.0)

    def saw(self, account: str, seen: Seen) -> None:
        """Count what was read of an account."""
        self.seen[account] = self.seen.get(account, Seen()).plus(seen)


def learning_engine(rule_set: RuleSet) -> Engine:
    """An engine whose scans also give the records that tell who was given which access key."""
    return Engine(rule_set, lesson=LESSON)


class Status(StrEnum):
    """What became of a file."""

    DONE = "done"
    UNFINISHED = "unfinished"
    """It goes on where it stopped, as soon as it is asked for again."""
    HELD = "held"
    """Another function works on it."""
    SUSPECT = "suspect"
    """It is begun only by a function that has nothing else to lose."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a file. `wait`: the seconds until it may be asked for again; `attempts`: how often it
    was begun without an end; `remarks`: what people should know of it, a line each."""

    status: Status
    remarks: tuple[str, ...] = ()
    wait: float = 0.0
    attempts: int = 0


class Detector:
    """Reads what notices announce, once, and stores the alerts that the rule set makes of it."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        tools: Tools,
        log_files: LogFiles,
        ledger: FileLedger,
        operations: Operations,
        dead_letters: DeadLetters,
        log_bucket: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        if tools.sessions is not None and tools.engine.lesson is None:
            raise ValueError("sessions cannot be learned by an engine without a lesson: see learning_engine")
        self._tools = tools
        self._log_files = log_files
        self._ledger = ledger
        self._operations = operations
        self._dead_letters = dead_letters
        self._log_bucket = log_bucket
        self._now = now

    @property
    def rule_set_version(self) -> str:
        """The version of the rule set at work."""
        return self._tools.engine.rule_set.version

    def objects(self, body: str, tally: Tally) -> tuple[tuple[ObjectRef, ...], tuple[str, ...]]:
        """The objects that a notice names, and what people should know of it; none if it cannot be read."""
        tally.notices += 1
        try:
            notice: Notice = parse_notice(body)
        except NoticeError as error:
            tally.unreadable_notices += 1
            return (), (self._quarantine_notice(body, error),)
        return notice.objects, ()

    def read(
        self,
        ref: ObjectRef,
        tally: Tally,
        shift: Shift = UNLIMITED,
        *,
        sent_at: float = 0.0,
        alone: bool = True,
    ) -> Handled:
        """Deal with one object, or go on with it. `sent_at` is when its notice was sent (seconds since 1970).

        Raises if its notice must come again: it is out of reach, or the state cannot be written.
        """
        key = LogFileKey.parse(ref.key)
        if key is None or key.kind not in self._tools.engine.kinds:
            tally.passed_over += 1
            return Handled(Status.DONE)
        if ref.bucket != self._log_bucket:
            # Whoever can send a notice must not choose what is read.
            tally.passed_over += 1
            where = f"s3://{one_line(ref.bucket)}/{one_line(ref.key, 500)}"
            return Handled(Status.DONE, (f"{where} is not in the log bucket: not read",))
        asked = _Asked(ref, key.account_id, tally, shift, sent_at, alone)
        try:
            with self._log_files.open(ref) as log_file:
                return self._opened(log_file, asked)
        except LogFileUnavailable as error:
            tally.unavailable_files += 1
            return self._out_of_reach(error, asked)

    def _opened(self, log_file: OpenedLogFile, asked: "_Asked") -> Handled:
        now = self._now()
        visit = Visit(now, now + asked.shift.left, asked.sent_at, asked.alone)
        taken = take(self._ledger, log_file.file_id, visit)
        if isinstance(taken, Refused):
            return self._refused(log_file, taken, asked)
        try:
            return self._read(log_file, taken, asked)
        except FileTakenError:
            return Handled(Status.HELD)
        except Exception as error:
            with suppress(Exception):  # the attempt is counted anyway
                taken.failed(one_line(f"{type(error).__name__}: {error}", 500))
            raise

    def _refused(self, log_file: OpenedLogFile, refused: Refused, asked: "_Asked") -> Handled:
        match refused.why:
            case Refusal.READ:
                asked.tally.duplicates += 1
                return Handled(Status.DONE)
            case Refusal.HELD:
                return Handled(Status.HELD, wait=refused.wait)
            case Refusal.SUSPECT:
                return Handled(Status.SUSPECT, attempts=refused.entry.attempts)
            case Refusal.SPENT:
                return self._give_up(log_file, refused.entry, asked)

    def _read(self, log_file: OpenedLogFile, claim: Claim, asked: "_Asked") -> Handled:
        tally, shift = asked.tally, asked.shift
        start = claim.progress(self.rule_set_version)
        tools = replace(self._tools, limits=self._tools.limits.after(claim.attempts))
        reading = FileReading(tools, log_file, log_file.address, start, today=self._today())
        remarks: list[str] = []
        shift.begin()
        for portion in reading.portions(shift.begin):
            shift.stored()
            remarks += [
                f"{one_line(log_file.address, 1100)}: {_UNLEARNED} {why}" for why in portion.unlearned
            ]
            remarks = remarks[:FAULTS_TOLD]
            stops = not portion.last and not shift.suffices()
            if portion.last:
                remarks += self._end(log_file, claim, reading, portion)
                self._tally_file(reading, portion, asked)
            elif stops or not portion.empty:
                claim.reached(portion.progress, portion.hidden)
            _tally_portion(portion, tally)
            if stops:
                claim.release()
                tally.unfinished += 1
                return Handled(Status.UNFINISHED, tuple(remarks))
        return Handled(Status.DONE, tuple(remarks))

    def _end(
        self, log_file: OpenedLogFile, claim: Claim, reading: FileReading, portion: Portion
    ) -> list[str]:
        """Tell people of a file's faults once, and keep them; told first, so that a crash cannot lose it."""
        progress = portion.progress
        if not progress.defects:
            claim.end(FileOutcome.READ, "", portion.hidden)
            return []
        faults = list(progress.faults)
        if progress.defects > len(faults):
            faults.append(f"and {progress.defects - len(faults)} more")
        what = "cannot be read" if reading.reader.unreadable else "can be read only in part"
        text = "\n".join(
            [
                f"The log file {one_line(log_file.address, 1100)} {what}:",
                *(f"  - {fault}" for fault in faults),
                "",
                f"{progress.records} records of it were evaluated. It is not tried again unless the",
                "object changes; compare it with the trail's digest files to learn whether it was altered.",
            ]
        )
        self._operations.tell(f"Trailwarden: a log file {what}", text)
        outcome = FileOutcome.UNREADABLE if reading.reader.unreadable else FileOutcome.READ
        claim.end(outcome, "; ".join(faults), portion.hidden)
        return [f"{one_line(log_file.address, 1100)} {what}: {'; '.join(faults)}"]

    def _tally_file(self, reading: FileReading, portion: Portion, asked: "_Asked") -> None:
        """What is counted once for a file, however many runs it took."""
        progress, times, tally = portion.progress, reading.times, asked.tally
        tally.files += 1
        tally.records += progress.records
        tally.saw(asked.account, Seen(1, progress.records, times.newest))
        tally.bytes += reading.reader.bytes_compressed
        tally.defects += progress.defects
        tally.unreadable_files += reading.reader.unreadable
        if times.oldest:
            tally.lagged(self._lag(times.oldest))

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).date().isoformat()

    def _lag(self, when: str) -> float:
        return self._now() - datetime.strptime(when, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()

    def _give_up(self, log_file: OpenedLogFile, entry: FileEntry, asked: "_Asked") -> Handled:
        """Set a file aside that ended its function, or failed, each time that it was begun."""
        claimed = self._claimed(log_file.file_id, entry)
        if claimed is None:
            return Handled(Status.HELD, wait=1.0)
        entry = claimed
        where = one_line(log_file.address, 1100)
        last = entry.detail or "the function was ended: its time or its memory did not suffice"
        text = _GIVEN_UP.format(
            where=where,
            attempts=entry.attempts,
            last=last,
            how_far=_PARTLY.format(next=entry.progress.next_index) if entry.progress else _NOT_AT_ALL,
            from_where="from where it stopped" if entry.progress else "from its beginning",
        )
        self._operations.tell("Trailwarden: a log file was set aside", text)
        self._set_aside(log_file.file_id, entry, last, asked)
        return Handled(Status.DONE, (f"{where} was set aside after {entry.attempts} attempts: {last}",))

    def _out_of_reach(self, error: LogFileUnavailable, asked: "_Asked") -> Handled:
        """Count a file that cannot be opened; the queue's alarm tells people of those that are set aside."""
        file_id = f"{asked.ref.bucket}/{asked.ref.key}#unavailable"
        entry = self._ledger.entry(file_id) or FileEntry()
        if entry.set_aside_at and asked.sent_at <= entry.set_aside_at:
            asked.tally.duplicates += 1
            return Handled(Status.DONE)
        if entry.held_until > self._now():
            raise error  # another notice of the same file, of the same moment
        attempts = ATTEMPTS if entry.set_aside_at else entry.attempts + 1
        mine = replace(entry, attempts=attempts, detail=one_line(str(error), 500), set_aside_at=0.0)
        claimed = self._claimed(file_id, mine)
        if attempts < ATTEMPTS or claimed is None:
            raise error
        entry = claimed
        self._set_aside(file_id, entry, entry.detail, asked)
        return Handled(Status.DONE, (f"set aside after {attempts} attempts: {entry.detail}",))

    def _claimed(self, file_id: str, entry: FileEntry) -> FileEntry | None:
        """The entry once it is written, held for a moment; None if another function wrote meanwhile."""
        held = replace(entry, held_until=self._now() + _LAPSE)
        return replace(held, version=held.version + 1) if self._ledger.write(file_id, held) else None

    def _set_aside(self, file_id: str, entry: FileEntry, why: str, asked: "_Asked") -> None:
        notice = json.dumps({"s3Bucket": asked.ref.bucket, "s3ObjectKey": [asked.ref.key]})
        self._dead_letters.set_aside(notice, why)
        self._ledger.write(file_id, replace(entry, held_until=0.0, set_aside_at=self._now()))
        asked.tally.set_aside += 1

    def _quarantine_notice(self, body: str, error: NoticeError) -> str:
        safe, why = redacted_text(body), redacted_text(str(error))  # whoever wrote it
        excerpt = one_line(safe, 1000)
        notice_id = "notice:" + hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
        entry = self._ledger.entry(notice_id) or FileEntry()
        mine = entry.outcome is None and entry.held_until <= self._now()
        claimed = self._claimed(notice_id, entry) if mine else None
        if claimed is not None:
            text = _NO_NOTICE.format(why=one_line(why, 500), excerpt=excerpt)
            self._operations.tell("Trailwarden: a delivery notice cannot be read", text)
            detail = f"{why}: {excerpt}"
            ended = FileEntry(claimed.version, outcome=FileOutcome.UNREADABLE, detail=detail)
            self._ledger.write(notice_id, ended)
        return f"a notice cannot be read ({why}): {one_line(safe, 200)}"


@dataclass(frozen=True, slots=True)
class _Asked:
    """A file that a notice names: its account, and the run that is asked to read it."""

    ref: ObjectRef
    account: str
    tally: Tally
    shift: Shift
    sent_at: float
    alone: bool


_PARTLY = """\
It was read as far as record {next}. Its events from there on
were not evaluated."""
_NOT_AT_ALL = """\
No part of it was finished: its events were not evaluated."""
_GIVEN_UP = """\
This log file was begun {attempts} times without getting any further:
  {where}
The last attempt: {last}.

{how_far}
It is not tried again by itself. The other files of its notice
were read. What to do:
  1. Read the log of the function detect at the time of the
     attempts. If it ran out of memory or time, raise
     functions.detect_memory_mb or
     functions.detect_timeout_seconds in the settings, and
     deploy.
  2. Redrive the ingest dead-letter queue, in the audit account:
       queues=arn:aws:sqs:REGION:AUDIT-ACCOUNT-ID
       aws sqs start-message-move-task \\
         --source-arn $queues:trailwarden-ingest-dead-letters \\
         --destination-arn $queues:trailwarden-ingest
     The file is then tried once more, {from_where}.
  3. If it fails again, copy the object to a machine and read it
     with `trailwarden scan`. Keep the object as evidence:
     somebody may have made it unreadable on purpose.
"""
_NO_NOTICE = """\
The ingest queue held a message that is not a delivery notice:
  {why}
It was taken from the queue, and no log file was read for it.
It begins:

  {excerpt}

What to do:
  1. Find out who sent it: only CloudTrail should. The policies
     of the delivery topic and of the ingest queue say who may.
  2. If it stood for a log file, have the file read: send a
     message that names it to the ingest queue,
     {{"s3Bucket": "BUCKET", "s3ObjectKey": ["KEY"]}}
"""
_UNLEARNED = "a record that issues credentials cannot be read:"


def _tally_portion(portion: Portion, tally: Tally) -> None:
    tally.matches += portion.matches
    tally.alerts += portion.alerts
    tally.hidden_matches += sum(portion.hidden.values())
    tally.duplicates += portion.repeats
    tally.sessions += portion.sessions
    tally.correlated += portion.correlated
    tally.ungrouped += portion.ungrouped
    tally.rule_failures += portion.rule_failures
