"""One run over everything that a batch of messages announced: edits together, submissions each for itself."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from trailwarden.errors import NoticeError
from trailwarden.publishing.notices import FolderChange, PublishNotice, parse_publish_notice
from trailwarden.publishing.press import Outcome
from trailwarden.publishing.publisher import Publisher
from trailwarden.safety.text import one_line
from trailwarden.state.rules_folder import SUBMISSION_PREFIX, TEAM_PREFIX

_NAME = 1024
"""Characters; keys and versions of S3's objects have no more bytes, so none is cut."""


@dataclass(slots=True)
class Run:
    """What a run came to. `failed` are the ids of messages that must come again; `remarks` are for logs."""

    outcomes: list[Outcome] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)
    unreadable: int = 0

    def count(self, result: str) -> int:
        """How many outcomes there are of a kind."""
        return sum(outcome.result == result for outcome in self.outcomes)


@dataclass(slots=True)
class _Work:
    """What is to be done, and for which messages."""

    edits: list[tuple[str, FolderChange]] = field(default_factory=list)
    submissions: list[tuple[str, FolderChange]] = field(default_factory=list)
    schedules: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that a run does for some messages; by `name`, which is that of its content, it is known when
    it comes again."""

    name: str
    message_ids: frozenset[str]
    do: Callable[[], list[Outcome]]


def run(
    publisher: Publisher,
    bucket: str,
    messages: Iterable[tuple[str, str]],
    log_failure: Callable[[str], None],
    has_time: Callable[[], bool] = lambda: True,
) -> Run:
    """Deal with messages, given as id and body.

    Edits go first: work that somebody put into the folder is published, or refused and told, before a
    submission may replace it. But what was begun before without an end comes last, for it may have ended the
    function, and may do so again: attempts are counted before a step is begun. `log_failure` is called within
    the handler of an exception; nothing is begun unless there `has_time`.
    """
    done, work = Run(), _Work()
    for message_id, body in messages:
        try:
            notice = parse_publish_notice(body)
        except NoticeError as error:
            done.unreadable += 1
            done.remarks.append(f"a notice cannot be read ({error}): {one_line(body)}")
            continue
        _sort(work, notice, bucket, message_id, done)
    for step in _in_order(publisher, _steps(publisher, work), done, log_failure):
        if has_time():
            _take(publisher, step, done, log_failure)
        else:
            done.failed |= step.message_ids
    return done


def _in_order(
    publisher: Publisher, steps: Iterable[_Step], done: Run, log_failure: Callable[[str], None]
) -> list[_Step]:
    """The steps, those begun least often first. One whose attempts cannot be read is left for another run."""
    counted = []
    for step in steps:
        try:
            counted.append((publisher.attempts(step.name), step))
        except Exception:  # noqa: BLE001 (logged by the caller, and tried again with its messages)
            log_failure(step.name)
            done.failed |= step.message_ids
    return [step for _, step in sorted(counted, key=lambda each: each[0])]


def _steps(publisher: Publisher, work: _Work) -> list[_Step]:
    edited = frozenset(message_id for message_id, _ in work.edits)
    submitted = [(frozenset({message_id}), change) for message_id, change in work.submissions]
    everybody = edited.union(work.schedules, *(ids for ids, _ in submitted))
    steps = [_Step("settling", everybody, publisher.settle)]
    if edited:
        changes = [change for _, change in work.edits]
        newest = max(changes, key=lambda change: (change.when, change.key, change.version_id))
        name = _name("the team's folder as of", newest)
        steps.append(_Step(name, edited, lambda: publisher.edited(changes)))
    for ids, change in sorted(submitted, key=lambda each: (each[1].when, each[1].key)):
        steps.append(_Step(_name("submission", change), ids, partial(publisher.submitted, change)))
    if work.schedules:
        ids = frozenset(work.schedules)
        # The clock waits for nothing in the team's folder.
        steps = [*(_Step(name, ids, do) for name, do in publisher.duties.items()), *steps]
        steps.append(_Step("the scheduled look at the team's folder", ids, lambda: publisher.edited(())))
    return steps


def _name(what: str, change: FolderChange) -> str:
    return f"{what} {one_line(change.key, _NAME)}@{one_line(change.version_id, _NAME)}"


def _take(publisher: Publisher, step: _Step, done: Run, log_failure: Callable[[str], None]) -> None:
    """Whatever goes wrong with one stops only itself."""
    try:
        if not publisher.begin(step.name):
            done.remarks.append(f"given up, for it ended the function each time: {step.name}")
            return
        done.outcomes += step.do()
        publisher.end(step.name)
    except Exception:  # noqa: BLE001 (logged by the caller, and tried again with its messages)
        with suppress(Exception):
            publisher.end(step.name)  # what raises is counted by the queue
        log_failure(step.name)
        done.failed |= step.message_ids


def _sort(work: _Work, notice: PublishNotice, bucket: str, message_id: str, done: Run) -> None:
    if notice.scheduled:
        work.schedules.add(message_id)
    for change in notice.changes:
        if change.bucket != bucket:
            # Whoever can send a notice must not choose what is read.
            done.remarks.append(f"s3://{one_line(change.bucket)} is not the rules bucket: not read")
        elif change.key.startswith(TEAM_PREFIX):
            work.edits.append((message_id, change))
        elif change.key.startswith(SUBMISSION_PREFIX) and not change.removed:
            work.submissions.append((message_id, change))
