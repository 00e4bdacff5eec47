"""A batch of notices, in an order in which none of them harms another.

What was received before comes last. A file that was begun before without an end may end its function again:
it is begun alone, after everything else of the batch has been settled with the queue, one a run. Nothing is
begun without time left for it. What comes again without a fault of its own is visible again at once: that
costs a receive, and so the queue allows as many as SQS does; failures are counted in the ledger instead.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from trailwarden.delivery.notices import ObjectRef
from trailwarden.detection import Detector, Handled, Status, Tally
from trailwarden.shift import Shift


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the ingest queue: `handle` names this receipt of it, `receives` counts them, and `sent_at`
    is when it was sent (seconds since 1970)."""

    id: str
    body: str
    handle: str = ""
    receives: int = 1
    sent_at: float = 0.0


class MessageQueue(Protocol):
    """What a function may do with the messages that it was given."""

    def delete(self, handles: Sequence[str]) -> None:
        """These are done with."""

    def postpone(self, handle: str, seconds: int) -> None:
        """This one is to come again after so many seconds."""


@dataclass(slots=True)
class _Course:
    """What became of a message so far. `again_in`: the seconds after which it must come again."""

    message: Message
    failed: bool = False
    again_in: float | None = None
    settled: bool = False

    @property
    def done(self) -> bool:
        return not self.failed and self.again_in is None

    def come_again(self, seconds: float) -> None:
        """As soon as anything of it can go on."""
        self.again_in = seconds if self.again_in is None else min(self.again_in, seconds)


@dataclass(frozen=True, slots=True)
class _Suspect:
    course: _Course
    ref: ObjectRef
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a batch is worked on with. `detector` gives the one of the live rules; `failed` is called within
    the handler of an exception, with the message's id; `before_suspect` when everything but a suspect is
    done, for what must not be lost with the function."""

    detector: Callable[[], Detector]
    queue: MessageQueue
    shift: Shift
    tally: Tally
    remark: Callable[[str, str], None]
    failed: Callable[[str, str], None]
    before_suspect: Callable[[], None]


class Batch:
    """One batch; `work` deals with it once."""

    def __init__(self, around: Surroundings, messages: Iterable[Message]) -> None:
        self._around = around
        ordered = sorted(messages, key=lambda message: message.receives)
        self._courses = [_Course(message) for message in ordered]
        self._suspects: list[_Suspect] = []

    def work(self) -> list[str]:
        """Deal with the batch. Returns the ids of the messages that must come again."""
        for course in self._courses:
            self._notice(course)
        if self._suspects:
            self._work_on_a_suspect()
        self._settle(self._courses, deleting=False)
        return [course.message.id for course in self._courses if not course.done]

    def _notice(self, course: _Course) -> None:
        around, message = self._around, course.message
        if not around.shift.suffices():
            around.tally.unfinished += 1
            course.come_again(0)
            return
        try:
            refs, remarks = around.detector().objects(message.body, around.tally)
        except Exception:  # noqa: BLE001 (whatever goes wrong with one message stops only itself)
            self._failed(course, "the notice")
            return
        self._remark(course, remarks)
        for ref in refs:
            if not around.shift.suffices():
                around.tally.unfinished += 1
                course.come_again(0)
                return
            handled = self._read(course, ref, alone=False)
            if handled is not None and handled.status is Status.SUSPECT:
                self._suspects.append(_Suspect(course, ref, handled.attempts))

    def _work_on_a_suspect(self) -> None:
        """On the one that was begun least often, when nothing else of the batch is at stake any more."""
        first, *others = sorted(self._suspects, key=lambda suspect: suspect.attempts)
        for other in others:
            other.course.come_again(0)
        if not self._around.shift.suffices_for_suspect():
            first.course.come_again(0)
            return
        self._settle([course for course in self._courses if course is not first.course], deleting=True)
        self._around.before_suspect()
        self._read(first.course, first.ref, alone=True)

    def _read(self, course: _Course, ref: ObjectRef, *, alone: bool) -> Handled | None:
        around = self._around
        try:
            handled = around.detector().read(
                ref, around.tally, around.shift, sent_at=course.message.sent_at, alone=alone
            )
        except Exception:  # noqa: BLE001 (whatever goes wrong with one file stops only itself)
            self._failed(course, ref.key)
            return None
        self._remark(course, handled.remarks)
        if handled.status in {Status.UNFINISHED, Status.HELD}:
            course.come_again(handled.wait)
        return handled

    def _settle(self, courses: Sequence[_Course], *, deleting: bool) -> None:
        """Say to the queue what became of messages, each once. Lambda deletes those that are done, if the
        function lives to say so. Failures stay hidden for as long as the queue hides what it gives out."""
        try:
            if deleting and (done := [one for one in courses if one.done and not one.settled]):
                self._around.queue.delete([one.message.handle for one in done])
            for course in courses:
                if not (course.settled or course.failed or course.again_in is None):
                    self._around.queue.postpone(course.message.handle, int(course.again_in + 0.999))
                    course.settled = True
        except Exception:  # noqa: BLE001 (it is done later, by the queue's own clock)
            self._around.failed("", "the queue does not take what became of messages")

    def _failed(self, course: _Course, what: str) -> None:
        course.failed = True
        self._around.tally.failed_again += course.message.receives > 1
        self._around.failed(course.message.id, what)

    def _remark(self, course: _Course, remarks: Sequence[str]) -> None:
        for remark in remarks:
            self._around.remark(course.message.id, remark)
