"""Thousands of texts held against patterns that are tried one by one: one search a pattern for all of them.

A call of RE2 costs far more than the byte or two that it looks at, and whoever writes a record chooses how
many texts its fields hold. So texts are joined, and a pattern is searched for in all of them at once, in one
of two ways that say exactly what it says of each by itself:

- A pattern without anchors: between the texts stands a byte that no pattern matches, and that is no part of
  a word, as little as a text's beginning or end is.
- A pattern with anchors: of the texts without line breaks, each is a line. With `(?m)` its anchors hold where
  a line begins and ends, and RE2's `never_nl` keeps it from going from one line to the next. The other texts
  are asked one by one, and so are those with half a surrogate pair, which UTF-8 cannot spell.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import re2

from trailwarden.rules.by_line import by_line, has_anchors

MANY = 64
"""From so many texts on, joining them is faster than to ask for each."""
_BETWEEN = b"\xff"  # in no UTF-8


class Texts(list[str]):
    """Texts, and the same joined, each made once."""

    @cached_property
    def joined(self) -> bytes:
        """All of them, with `_BETWEEN` between."""
        return _BETWEEN.join(text.encode("utf-8", "replace") for text in self)

    @cached_property
    def lines(self) -> bytes:
        """Those that a line can hold."""
        return "\n".join(filter(_fits_a_line, self)).encode()

    @cached_property
    def alone(self) -> list[str]:
        """The others."""
        return [text for text in self if not _fits_a_line(text)]


Joined = Callable[[Texts, Callable[[str], bool]], bool]
"""Whether a pattern matches one of the texts; the second argument asks for one of them."""


def joined(pattern: str, flags: str) -> Joined:
    """The expression for many texts; one that cannot be written for them asks for each.

    Raises `re2.error` for an expression that RE2 does not have.
    """
    of_lines = by_line(pattern)
    if of_lines is None:
        return lambda texts, test: any(map(test, texts))
    if not has_anchors(pattern):
        anywhere = _compiled(f"(?{flags}){pattern}" if flags else pattern, never_nl=False)
        return lambda texts, _test: anywhere.search(texts.joined) is not None
    in_line = _compiled(f"(?m{flags}){of_lines}", never_nl=True)

    def matches_any(texts: Texts, test: Callable[[str], bool]) -> bool:
        has_lines = len(texts.alone) < len(texts)  # one empty line is no bytes either
        return (has_lines and in_line.search(texts.lines) is not None) or any(map(test, texts.alone))

    return matches_any


def _fits_a_line(text: str) -> bool:
    if "\n" in text:
        return False
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def _compiled(pattern: str, *, never_nl: bool) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.never_nl = never_nl
    return re2.compile(pattern, options)
