"""Many files read by as many processes as there are cores; the outcomes come back in the files' order.

What a process finds in a file is handed over when the file is done, so memory holds the matches of the
files in flight; a file with more than a few megabytes of them is left to the process that prints. Objects in
S3 are read likewise, by each process through a client of its own. The processes are started anew (`spawn`),
which works alike everywhere, and leave when the one that started them does, however it ends.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from multiprocessing.process import BaseProcess

import msgspec

from trailwarden.alerts.grouping import PlacedMatch, placed
from trailwarden.alerts.likeness import Character
from trailwarden.cli.inputs import Input
from trailwarden.cli.scanner import HandedMatch, Reading, Watch, read_input, unwatched
from trailwarden.delivery.records import Record
from trailwarden.engine.engine import Engine, RuleFailure
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import load_rule_set
from trailwarden.safety.text import one_line

_WORTH_SHARING = 32 * 1024 * 1024  # bytes on disk, a second's work: less is read sooner than processes start
_OBJECTS_WORTH_SHARING = 20  # objects in S3: each is waited for, some 30 to 60 ms
_LARGEST_SHARE = 2 * 1024 * 1024
_SHARES_OF_A_PROCESS = 8  # so that none is left with the last long one
_SHARES_IN_FLIGHT = 2
_FOUND_AT_MOST = 16 * 1024 * 1024  # bytes of matches that are handed over of a share
_SIZE_OF_A_MATCH = 800  # bytes, besides its record
_WATCHED_EVERY = 0.2  # seconds
_BUILT_IN = -1
"""Stands for the built-in visibility rule, whose words are made from the record, here as there."""


def usable_cores() -> int:
    """The cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def worth_sharing(inputs: Sequence[Input]) -> bool:
    """Whether other processes would save time: of files for the reading, of objects for the waiting."""
    size = sum(item.size for item in inputs)
    objects = sum(not item.local for item in inputs)
    return len(inputs) > 1 and (size >= _WORTH_SHARING or objects >= _OBJECTS_WORTH_SHARING)


class _Met(msgspec.Struct, array_like=True, gc=False):
    """A rule's number in the rule set, the match, the place of its group among those of the file, and what it
    is known again by, if its rule makes alerts."""

    rule: int
    match_id: str
    group: int
    shown: Character | None


class _Found(msgspec.Struct, array_like=True, gc=False):
    """A record that rules matched."""

    rules: list[_Met]
    record_index: int
    event_id: str
    event_time: str | None
    record: msgspec.Raw


class _Findings(msgspec.Struct, array_like=True):
    """What a file holds: the groups (their keys and values), and the records."""

    groups: list[tuple[str, dict[str, str]]] = []
    found: list[_Found] = []


_encode = msgspec.json.Encoder().encode
_decode_findings = msgspec.json.Decoder(_Findings).decode
_decode_record = msgspec.json.Decoder(Record).decode


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one file came to.

    Matches travel as JSON, since pickled they would cost more than the scan; each with its group and what
    it is known again by, so that of most of them nobody needs to decode the record.
    """

    reading: Reading
    found: bytes = b"[]"
    failures: list[RuleFailure] = field(default_factory=list)
    left: bool = False
    """Whether there is too much in it to hand over: who asked reads it."""

    def matches(self, engine: Engine) -> Iterator[HandedMatch]:
        """The matches, in the order in which the file was read."""
        findings = _decode_findings(self.found)
        for found in findings.found:
            # An alert may keep it: the record alone, not all that was handed over with it.
            record = partial(_decode_record, bytes(found.record))
            for met in found.rules:
                built_in = met.rule == _BUILT_IN
                rule = engine.visibility.rule(record()) if built_in else engine.rule_set.rules[met.rule]
                if rule is None:
                    continue
                key, group = findings.groups[met.group]
                where = (met.match_id, found.event_id, found.event_time)
                place = PlacedMatch(rule, *where, key, group, record, len(record.args[0]), met.shown)
                yield HandedMatch(place, found.record_index)


Read = Callable[[Engine, Input, int, Watch], Outcome]


class _TooMuchError(Exception):
    """There is more in a file than can be handed over."""


def read_one(engine: Engine, item: Input, room: int = _FOUND_AT_MOST, watch: Watch = unwatched) -> Outcome:
    """Read one file; the failures of rules are those on this file. One that comes to more than `room` bytes
    of matches is left to the caller."""
    numbers = {rule.id: number for number, rule in enumerate(engine.rule_set.rules)}
    findings = _Findings()
    groups: dict[str, int] = {}
    last: Record | None = None
    size = 0
    engine.failures.clear()

    def keep(match: Match) -> None:
        nonlocal last, size
        place = placed(match)
        if place.group_key not in groups:
            groups[place.group_key] = len(groups)
            findings.groups.append((place.group_key, place.group))
        shown = place.look() if match.rule.generates else None
        met = _Met(numbers.get(match.rule.id, _BUILT_IN), place.match_id, groups[place.group_key], shown)
        if last is match.record:
            findings.found[-1].rules.append(met)
            return
        last = match.record
        where = (match.record_index, match.event_id, match.event_time)
        record = _encode(match.record)
        findings.found.append(_Found([met], *where, msgspec.Raw(record)))
        size += len(record) + _SIZE_OF_A_MATCH
        if size > room:
            raise _TooMuchError

    try:
        reading = read_input(engine, item, keep, watch)
    except _TooMuchError:
        engine.failures.clear()
        return Outcome(Reading(), left=True)
    return Outcome(reading, _encode(findings), list(engine.failures.values()))


@dataclass(frozen=True, slots=True)
class _InFlight:
    """Files that a process reads, and its place in `_Shared`."""

    share: Sequence[Input]
    place: int
    outcomes: Future[list[Outcome]]


class _Shared:
    """How far each share in flight was read: bytes and records, written by the process that reads it. Nothing
    is locked, for a process may die at any time."""

    def __init__(self, jobs: int) -> None:
        self.places = jobs * _SHARES_IN_FLIGHT
        self._read = multiprocessing.get_context("spawn").RawArray("Q", 2 * self.places)

    def put(self, place: int, size: int, records: int) -> None:
        """So much was read of the share in this place."""
        self._read[2 * place : 2 * place + 2] = [size, records]

    def totals(self) -> tuple[int, int]:
        """Bytes and records of all shares in flight."""
        return sum(self._read[::2]), sum(self._read[1::2])


@dataclass(frozen=True, slots=True)
class Pool:
    """Processes that read files with the rules of a compiled artefact."""

    artefact: bytes
    jobs: int
    read_one: Read = read_one

    def read(self, inputs: Sequence[Input], watch: Watch | None = None) -> Generator[Outcome, None, None]:
        """The outcome of each input, in order. Close the iterator to end the processes early. `watch` is told
        from time to time what was read of files whose outcome is not there yet.

        A process that dies (of a file that takes more memory than there is, say) takes the others with it:
        the files that were in flight are read again one at a time, and the one it dies of is named.
        """
        shares = deque(_shares(inputs, self.jobs))
        while shares:
            flight: deque[_InFlight] = deque()
            try:
                yield from self._fly(shares, flight, self.jobs, watch)
            except BrokenProcessPool:
                for one in flight:
                    for item in one.share:
                        yield from self._alone(item, watch)

    def _fly(
        self,
        shares: deque[Sequence[Input]],
        flight: deque[_InFlight],
        jobs: int,
        watch: Watch | None,
    ) -> Iterator[Outcome]:
        others = set(multiprocessing.active_children())
        context = multiprocessing.get_context("spawn")
        read = _Shared(jobs)
        executor = ProcessPoolExecutor(jobs, context, _begin, (self.artefact, self.read_one, read))
        places = cycle(range(read.places))  # as many as shares in flight, which end in their order
        try:
            while shares or flight:
                while shares and len(flight) < read.places:
                    place = next(places)
                    with _interrupts_blocked():
                        future = executor.submit(_read_share, shares[0], place)
                        flight.append(_InFlight(shares[0], place, future))
                    shares.popleft()
                share = flight[0].outcomes
                while watch is not None and not wait([share], _WATCHED_EVERY).done:
                    watch(*read.totals())
                outcomes = share.result()
                read.put(flight.popleft().place, 0, 0)
                yield from outcomes
        except BaseException:
            _end_all_but(others)  # first, for the executor waits for what they are at
            raise
        finally:
            executor.shutdown(cancel_futures=True)
            _end_all_but(others)

    def _alone(self, item: Input, watch: Watch | None) -> Iterator[Outcome]:
        try:
            yield from self._fly(deque([(item,)]), deque(), 1, watch)
        except BrokenProcessPool:
            fault = f"{one_line(item.address, 1100)}: the process that read it died"
            yield Outcome(Reading(files=1, faults=[fault]))


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes that are started meanwhile never see Ctrl-C, which is for this one: not even before they can
    say so themselves. It is not lost here, but waits."""
    block = getattr(signal, "pthread_sigmask", None)
    if block is None:
        yield
        return
    before = block(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        block(signal.SIG_SETMASK, before)


def _end_all_but(others: set[BaseProcess]) -> None:
    ended = set(multiprocessing.active_children()) - others
    for process in ended:
        process.terminate()
    for process in ended:
        process.join()


def _shares(inputs: Sequence[Input], jobs: int) -> Iterator[Sequence[Input]]:
    """The inputs in their order, in runs of about the same size."""
    total = sum(item.size for item in inputs)
    most = min(_LARGEST_SHARE, total // (jobs * _SHARES_OF_A_PROCESS) + 1)
    share: list[Input] = []
    size = 0
    for item in inputs:
        share.append(item)
        size += item.size
        if size >= most:
            yield share
            share, size = [], 0
    if share:
        yield share


@dataclass(slots=True)
class _Worker:
    """What a process keeps while it lives."""

    engine: Engine
    read: Read
    shared: _Shared


_worker: list[_Worker] = []


def _begin(artefact: bytes, read: Read, shared: _Shared) -> None:
    """Make the engine of a new process. Ctrl-C is for the one that started it, which then ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _worker.append(_Worker(Engine(load_rule_set(artefact)), read, shared))
    gc.freeze()  # what is there now stays: the collector need not look at it again and again


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read_share(share: Sequence[Input], place: int) -> list[Outcome]:
    (worker,) = _worker
    outcomes, room = [], _FOUND_AT_MOST
    before = [0, 0]

    def watch(size: int, records: int) -> None:
        worker.shared.put(place, before[0] + size, before[1] + records)

    for item in share:
        outcomes.append(worker.read(worker.engine, item, room, watch))
        room -= len(outcomes[-1].found)
        before = [before[0] + item.size, before[1] + outcomes[-1].reading.records]
    return outcomes
