"""Thousands of texts held against patterns that are tried one by one: one search a pattern for all of them.

A call of RE2 costs far more than the byte or two that it looks at, and whoever writes a record chooses how
many texts its fields hold. So texts without a line break are joined, a line each, and a pattern is searched
in the lines once: with `(?m)` its `^` and `$` hold where a text begins and ends, and RE2's `never_nl` keeps
it from going from one line to the next. That is what the pattern is for each text by itself. Texts with line
breaks are joined with a byte that no pattern matches between them; what is met there is a hint, and the text
that it lies in is asked by itself.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import accumulate
from typing import Any

import re2

from trailwarden.rules.by_line import by_line

MANY = 64
"""From so many texts on, joining them is faster than to ask for each."""
_BETWEEN = b"\n\xff\n"  # 0xFF is in no UTF-8


class Texts(list[str]):
    """Texts, and the same joined, each made once."""

    @cached_property
    def lines(self) -> bytes:
        """Those without a line break."""
        return _encoded("\n".join(text for text in self if "\n" not in text))

    @cached_property
    def has_lines(self) -> bool:
        """Whether there is a text without a line break, be it empty."""
        return len(self.paragraphs) < len(self)

    @cached_property
    def paragraphs(self) -> list[str]:
        """Those with line breaks."""
        return [text for text in self if "\n" in text]

    @cached_property
    def spread(self) -> tuple[bytes, list[int]]:
        """Those with line breaks as one, and where each begins, the line break before it included."""
        parts = [_encoded(text) for text in self.paragraphs]
        starts = accumulate((len(part) + len(_BETWEEN) for part in parts[:-1]), initial=-1)
        return _BETWEEN.join(parts), list(starts)


class Joined:
    """One expression, written for lines, against many texts. Raises `re2.error` where RE2 has no such."""

    def __init__(self, pattern: str) -> None:
        self._in_line = _compiled(pattern, never_nl=True)
        self._anywhere = _compiled(pattern, never_nl=False)

    def matches_any(self, texts: Texts, test: Callable[[str], bool]) -> bool:
        """Whether it matches one of the texts; `test` asks for one of them."""
        if texts.has_lines and self._in_line.search(texts.lines) is not None:
            return True
        return any(test(texts.paragraphs[number]) for number in self._hints(texts))

    def _hints(self, texts: Texts) -> Iterator[int]:
        if not texts.paragraphs:
            return
        together, starts = texts.spread
        last = -1
        for hint in self._anywhere.finditer(together):
            number = bisect_right(starts, hint.start()) - 1
            if number != last:
                yield number
                last = number


def joined(pattern: str, flags: str) -> Joined | None:
    """The expression for many texts; None where it cannot be written for lines."""
    of_lines = by_line(pattern)
    return None if of_lines is None else Joined(f"(?m{flags}){of_lines}")


def _compiled(pattern: str, *, never_nl: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.never_nl = never_nl
    return re2.compile(pattern, options)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
