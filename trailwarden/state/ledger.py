"""Which log files have been dealt with, how far the others were read, and how often they were begun.

An attempt is counted before a file is begun: a file that kills its function (its time, its memory) leaves no
other trace. While a function works on a file it holds it until the moment at which the function itself is
ended; every write is made on the condition that nobody else has written meanwhile.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from trailwarden.errors import TrailwardenError
from trailwarden.state.protocol import NOTHING_HIDDEN, FileOutcome, HiddenByDay

ATTEMPTS = 5
"""How often a file is begun without any progress before it is set aside."""
_RESTARTS = 3
_COLLIDED = 1.0  # seconds after which a file is tried again that somebody else has just written of


class FileTakenError(TrailwardenError):
    """Another function has taken the file over, which was held for too long."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file was read: all before it is stored, judged and counted."""

    rule_set: str
    """The version of the rule set by which it was judged."""
    next_index: int = 0
    """The index of the first record that is not judged yet."""
    counted: int = 0
    """The index from which on what exceptions hide is not counted yet; it never goes back."""
    records: int = 0
    """How many records there are before it."""
    restarts: int = 0
    """How often the file was begun again by another rule set."""
    defects: int = 0
    """How many faults there are before it."""
    faults: tuple[str, ...] = ()
    """The first of them, for people."""

    def by(self, rule_set: str) -> "Progress":
        """From where on a rule set must judge.

        Another rule set begins at the first record, since a new rule may match any of them; what is stored
        twice changes nothing. Rule sets that change faster than the file is read would hold it up for ever,
        so after a few restarts the file goes on with the newest, as if the rest had been delivered later.
        """
        if rule_set == self.rule_set:
            return self
        if self.restarts >= _RESTARTS or not self.next_index:
            return replace(self, rule_set=rule_set)
        return Progress(rule_set, counted=self.counted, restarts=self.restarts + 1)


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What is remembered of a file. `version` is the number of the write that left it; 0: there was none."""

    version: int = 0
    attempts: int = 0
    """How often it was begun since the last progress, without an end."""
    held_until: float = 0.0
    """Until when (seconds since 1970) a function works on it."""
    progress: Progress | None = None
    outcome: FileOutcome | None = None
    detail: str = ""
    """Why it ended so, or what the last attempt raised; for people."""
    set_aside_at: float = 0.0
    """When it was given up; 0: it was not. A notice that is sent later is one more attempt."""


class FileLedger(Protocol):
    """What is remembered of files, and of notices that cannot be read."""

    def entry(self, file_id: str) -> FileEntry | None:
        """The entry, or None if there is none; read consistently."""

    def write(self, file_id: str, entry: FileEntry, hidden: HiddenByDay = NOTHING_HIDDEN) -> bool:
        """Write the entry, under the next version, and in the same step count what exceptions hid. False, and
        nothing is written or counted, unless its version is that of the last write."""


class Refusal(StrEnum):
    """Why a file is not begun."""

    READ = "read"
    """It was read, or set aside."""
    HELD = "held"
    """Another function works on it."""
    SUSPECT = "suspect"
    """It was begun before without an end: nothing else may be at stake when it is begun again."""
    SPENT = "spent"
    """It was begun too often without any progress."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is not begun. `wait`: the seconds until it may be asked for again."""

    why: Refusal
    entry: FileEntry
    wait: float = 0.0


class Claim:
    """A file that is this function's until it ends, or writes that it is done with it."""

    def __init__(self, ledger: FileLedger, file_id: str, entry: FileEntry) -> None:
        self._ledger = ledger
        self._file_id = file_id
        self._entry = entry

    @property
    def attempts(self) -> int:
        """How often the file was begun since the last progress, this time included."""
        return self._entry.attempts

    def progress(self, rule_set: str) -> Progress:
        """From where on the rule set must judge."""
        known = self._entry.progress
        return Progress(rule_set) if known is None else known.by(rule_set)

    def reached(self, progress: Progress, hidden: HiddenByDay) -> None:
        """Remember how far it was read. What is begun now is the first attempt of what comes next."""
        self._write(replace(self._entry, attempts=1, progress=progress, detail=""), hidden)

    def release(self) -> None:
        """Hand it back, as far as it was read, for lack of time: that is no failed attempt."""
        self._write(replace(self._entry, attempts=0, held_until=0.0), NOTHING_HIDDEN)

    def failed(self, detail: str) -> None:
        """Hand it back after a failure, which stays counted."""
        self._write(replace(self._entry, held_until=0.0, detail=detail), NOTHING_HIDDEN)

    def end(self, outcome: FileOutcome, detail: str, hidden: HiddenByDay) -> None:
        """Remember how the file ended."""
        self._write(FileEntry(self._entry.version, outcome=outcome, detail=detail), hidden)

    def _write(self, entry: FileEntry, hidden: HiddenByDay) -> None:
        if not self._ledger.write(self._file_id, entry, hidden):
            raise FileTakenError(f"another function works on {self._file_id}")
        self._entry = replace(entry, version=entry.version + 1)


@dataclass(frozen=True, slots=True)
class Visit:
    """A function that asks for a file; times are seconds since 1970."""

    now: float
    until: float
    """When the function is ended at the latest."""
    sent_at: float
    """When the notice of the file was sent."""
    alone: bool
    """The function has nothing else to lose, and so gets a file that was begun before without an end."""


def take(ledger: FileLedger, file_id: str, visit: Visit) -> Claim | Refused:
    """Take a file, counting the attempt before anything is done with it."""
    fresh = FileEntry(attempts=1, held_until=visit.until)
    if ledger.write(file_id, fresh):
        return Claim(ledger, file_id, replace(fresh, version=1))
    entry = ledger.entry(file_id)
    if entry is None:  # it has just expired
        return Refused(Refusal.HELD, FileEntry(), _COLLIDED)
    why = _refusal(entry, visit)
    if why is not None:
        return Refused(why, entry, max(entry.held_until - visit.now, 0.0) + _COLLIDED)
    attempts = ATTEMPTS if entry.set_aside_at else entry.attempts + 1
    mine = replace(entry, attempts=attempts, held_until=visit.until, set_aside_at=0.0)
    if not ledger.write(file_id, mine):
        return Refused(Refusal.HELD, entry, _COLLIDED)
    return Claim(ledger, file_id, replace(mine, version=mine.version + 1))


def _refusal(entry: FileEntry, visit: Visit) -> Refusal | None:
    if entry.outcome is not None or (entry.set_aside_at and visit.sent_at <= entry.set_aside_at):
        return Refusal.READ
    if entry.held_until > visit.now:
        return Refusal.HELD
    if entry.attempts >= ATTEMPTS and not entry.set_aside_at:
        return Refusal.SPENT
    return Refusal.SUSPECT if entry.attempts and not visit.alone else None
