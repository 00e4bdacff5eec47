"""Functions that race, in an order that a seed decides: the same on every machine, however busy.

Each runs in a thread of its own, but only one at a time; at every step that it says (`pass_on`, called before
each call to a store) the turn may go to another.
"""

import math
import random
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest

from trailwarden.state.retrying import Patience

ENDLESS = Patience(math.inf)
"""Of those that take turns one always gets on: no time need pass."""


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on a second passes with each try, of ten."""
    real = Patience.tries
    monkeypatch.setattr(
        Patience, "tries", lambda self, pause: real(Patience(10, clock=count().__next__), pause)
    )


class Turns:
    """Whose turn it is. A function that is not run by `run` never waits."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (no secret)
        self._waiting: dict[int, threading.Semaphore] = {}
        self._mine = threading.local()

    def pass_on(self) -> None:
        """Let whoever is next go on, and wait for the turn to come back."""
        number = getattr(self._mine, "number", None)
        if number is None or len(self._waiting) < 2:
            return
        chosen = self._random.choice(sorted(self._waiting))
        if chosen != number:
            own = self._waiting[number]
            self._waiting[chosen].release()
            own.acquire()

    def run(self, functions: Sequence[Callable[[], Any]]) -> None:
        """Run all of them to their ends; raises what the first that failed raised."""
        failures: list[BaseException] = []

        def run_one(number: int, function: Callable[[], Any]) -> None:
            self._mine.number = number
            self._waiting[number].acquire()
            try:
                function()
            except BaseException as error:  # noqa: BLE001 (raised below)
                failures.append(error)
            finally:
                del self._waiting[number]
                if self._waiting:
                    self._waiting[self._random.choice(sorted(self._waiting))].release()

        self._waiting = {number: threading.Semaphore(0) for number in range(len(functions))}
        threads = [threading.Thread(target=run_one, args=pair, daemon=True) for pair in enumerate(functions)]
        for thread in threads:
            thread.start()
        self._waiting[self._random.randrange(len(functions))].release()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
