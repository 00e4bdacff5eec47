"""How long somebody tries who is overtaken by others, or told to come back: a time, not a number of tries.

Of those that race on one item one gets through at each round, so how many rounds a caller needs depends on
how many race, and how long that takes on the machine.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

_LONGEST_PAUSE = 2.0

Pause = Callable[[int], None]
"""`pause(attempt)` waits before something is tried again; attempts count from 0."""


def jitter(shortest: float) -> Pause:
    """Waits up to `shortest` seconds, and up to twice as long at each further attempt, two seconds at most:
    full jitter, so that functions which collided do not collide again.
    https://docs.aws.amazon.com/prescriptive-guidance/latest/cloud-design-patterns/retry-backoff.html"""

    def pause(attempt: int) -> None:
        time.sleep(backoff(shortest, attempt))

    return pause


def backoff(shortest: float, attempt: int) -> float:
    """For how many seconds `jitter` waits."""
    longest = min(_LONGEST_PAUSE, shortest * 2 ** min(attempt, 30))
    return random.uniform(0, longest)  # noqa: S311 (no secret)


@dataclass(frozen=True, slots=True)
class Patience:
    """Tries for so many seconds; `clock` gives seconds that only grow."""

    seconds: float = 120.0
    clock: Callable[[], float] = time.monotonic

    def tries(self, pause: Pause) -> Iterator[int]:
        """The number of each try, from 0: at least one, and no more when the time is up. Waits between
        them."""
        ends = self.clock() + self.seconds
        for attempt in count():
            yield attempt
            if self.clock() >= ends:
                return
            pause(attempt)


PATIENT = Patience()
"""What waits for others unless its caller has less time: a function is called again if it dies meanwhile."""
