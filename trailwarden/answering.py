"""Requests of responders, applied: what the function `apply_requests` does with each.

One that cannot be applied stops only itself: it is counted before it is begun, and given up after a few
attempts. Someone who asks for too much is not listened to for the rest of the minute, while others are.
"""

from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from trailwarden.alerts.terms import AnswerRefusedError, Terms
from trailwarden.state.alert_book import Answers
from trailwarden.state.requests import (
    HandedIn,
    Request,
    RequestAction,
    RequestError,
    RequestOutcome,
    RequestStore,
    read_request,
    requester,
)

ATTEMPTS = 3
A_MINUTE = 300
"""How many requests of one requester are applied in a minute; the command waits for each."""
_VALID_FOR = 600
"""Seconds after which nobody waits for a request any more."""
_MINUTE = 60


class Applied(StrEnum):
    """What was done with a request."""

    DONE = "done"
    REFUSED = "refused"
    SET_ASIDE = "set aside"
    """It failed again and again: nobody tries it any more, and operations are notified."""
    REPEATED = "repeated"
    """It has its outcome already."""
    TOO_MANY = "too many"
    """Its requester asked for more than anyone may in a minute; nothing was read or written for it."""


class Applier:
    """Applies requests. `now` gives seconds since 1970."""

    def __init__(
        self, *, answers: Answers, store: RequestStore, responders_role_id: str, now: Callable[[], float]
    ) -> None:
        self._answers = answers
        self._store = store
        self._responders_role_id = responders_role_id
        self._now = now
        self._asked: Counter[str] = Counter()
        self._minute = 0

    def apply(self, handed: HandedIn) -> Applied:
        """Apply a request, once, and say what became of it where its requester looks. Raises where that must
        be tried again."""
        if self._asked_in(int(self._now() // _MINUTE))[handed.user_id] >= A_MINUTE:
            return Applied.TOO_MANY
        attempt = self._store.take(handed)
        if attempt is None:
            return Applied.REPEATED
        self._asked[handed.user_id] += attempt == 1
        if attempt > ATTEMPTS:
            given_up = f"it failed {ATTEMPTS} times and was given up; operations are notified"
            self._store.settle(handed, RequestOutcome(done=False, message=given_up))
            return Applied.SET_ASIDE
        try:
            self._do(self._read(handed), requester(handed.user_id, self._responders_role_id))
        except RequestError as refusal:
            self._store.settle(handed, RequestOutcome(done=False, message=str(refusal)))
            return Applied.REFUSED
        self._store.settle(handed, RequestOutcome(done=True))
        return Applied.DONE

    def _asked_in(self, minute: int) -> Counter[str]:
        """Who asked for how much. In memory: requests of one requester are in one partition, so in one shard,
        and one copy of the function at a time works on a shard (no parallelization factor)."""
        if minute != self._minute:
            self._minute = minute
            self._asked.clear()
        return self._asked

    def _read(self, handed: HandedIn) -> Request:
        if self._now() - handed.at > _VALID_FOR:
            raise RequestError("nobody read it in time; hand it in again")
        if handed.odd:
            raise RequestError("its item holds more than a request, or something else")
        return read_request(handed.text)

    def _do(self, request: Request, by: str) -> None:
        try:
            if request.action is RequestAction.ACKNOWLEDGE:
                terms = Terms(request.targets, request.seconds)
                self._answers.acknowledge(request.alert_id, by, request.note, terms)
            elif request.action is RequestAction.UNACKNOWLEDGE:
                self._answers.unacknowledge(request.alert_id, by)
            else:
                self._answers.close(request.alert_id, by, request.note)
        except KeyError:
            raise RequestError(f"there is no alert {request.alert_id}") from None
        except AnswerRefusedError as refusal:
            raise RequestError(str(refusal)) from refusal
