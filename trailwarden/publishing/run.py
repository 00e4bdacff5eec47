"""One run over everything that a batch of messages announced: edits together, submissions each for itself."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from trailwarden.errors import NoticeError
from trailwarden.publishing.notices import FolderChange, PublishNotice, parse_publish_notice
from trailwarden.publishing.press import Outcome
from trailwarden.publishing.publisher import Publisher
from trailwarden.safety.text import one_line
from trailwarden.state.rules_folder import SUBMISSION_PREFIX, TEAM_PREFIX


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


def run(
    publisher: Publisher,
    bucket: str,
    messages: Iterable[tuple[str, str]],
    log_failure: Callable[[str], None],
) -> Run:
    """Deal with messages, given as id and body.

    Edits go first: work that somebody put into the folder is published, or refused and told, before a
    submission may replace it. `log_failure` is called within the handler of an exception.
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

    @contextmanager
    def attempt(what: str, message_ids: set[str]) -> Iterator[None]:
        """Whatever goes wrong with one stops only itself."""
        try:
            yield
        except Exception:  # noqa: BLE001 (logged by the caller, and tried again with its messages)
            log_failure(what)
            done.failed |= message_ids

    edited = {message_id for message_id, _ in work.edits}
    with attempt("settling", edited | work.schedules | {one for one, _ in work.submissions}):
        done.outcomes += publisher.settle()
    if work.edits:
        with attempt("the team's folder", edited):
            done.outcomes += publisher.edited([change for _, change in work.edits])
    for message_id, change in sorted(work.submissions, key=lambda each: (each[1].when, each[1].key)):
        with attempt(one_line(change.key), {message_id}):
            done.outcomes += publisher.submitted(change)
    if work.schedules:
        with attempt("the scheduled run", work.schedules):
            done.outcomes += publisher.scheduled()
    return done


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
