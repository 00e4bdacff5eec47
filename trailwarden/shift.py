"""The time that one run of a function has, and whether it suffices for more."""

from collections.abc import Callable

_RESERVE = 20.0  # seconds that are left over for what must be written at the end


class Shift:
    """`left` gives the seconds until the function is ended, as Lambda counts them.

    What takes longest so far must fit twice into what is left; and no more than a third of a short function's
    time is held back.
    """

    def __init__(self, left: Callable[[], float]) -> None:
        self._left = left
        self._whole = left()
        self._begun = self._whole
        self._longest = 0.0

    @property
    def left(self) -> float:
        """The seconds until the function is ended."""
        return self._left()

    def suffices(self) -> bool:
        """Whether something more may be begun."""
        return self._left() > max(min(_RESERVE, self._whole / 3), 2 * self._longest)

    def suffices_for_suspect(self) -> bool:
        """Whether there is time for what failed before, maybe for lack of time."""
        return self._left() >= self._whole / 2

    def begin(self) -> None:
        """Something begins now."""
        self._begun = self._left()

    def stored(self) -> None:
        """What began is stored, and the next of its kind begins."""
        left = self._left()
        self._longest = max(self._longest, self._begun - left)
        self._begun = left


UNLIMITED = Shift(lambda: 900.0)
"""For whoever has as much time as Lambda gives at most, and no end: tools and tests."""
