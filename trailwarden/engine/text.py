"""Text as rules compare it: without regard to case, and by globs, in linear time."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

Test = Callable[[str], bool]

_GLOB_TOKEN = re.compile(r"\\(.)|([*?])|([^\\*?]+)", re.DOTALL)


@lru_cache(maxsize=8192)
def _fold_character(character: str) -> str:
    """Unicode's simple case folding (CaseFolding.txt, statuses C and S): always one character for one."""
    folded = character.casefold()
    if len(folded) == 1:
        return folded
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


def fold(text: str) -> str:
    """The text without its case, for comparison.

    Simple folding rather than `str.casefold`, because it keeps the length: `?` stands for one character
    of what was written, and a sharp s is no `ss`. It knows more than `str.lower` does: a long s is an `s`.
    """
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_character, text))


def escape_glob(literal: str) -> str:
    """A glob that matches the literal and nothing else."""
    return re.sub(r"([\\*?])", r"\\\1", literal)


def glob_parts(glob: str) -> list[str | None]:
    """The glob as literals, with None where `*` stands and `""` where `?` stands."""
    parts: list[str | None] = []
    literal: list[str] = []
    for escaped, wildcard, plain in _GLOB_TOKEN.findall(glob):
        if not wildcard:
            literal.append(escaped or plain)
            continue
        if literal:
            parts.append("".join(literal))
            literal.clear()
        parts.append(None if wildcard == "*" else "")
    if literal:
        parts.append("".join(literal))
    return parts


def glob_expression(glob: str) -> tuple[str, str]:
    """The regular expression of whole texts that the glob is, and its flags."""
    parts = glob_parts(glob)
    pattern = "".join(".*" if part is None else re2.escape(part) if part else "." for part in parts)
    return rf"\A(?:{pattern})\z", "s"


def compile_glob(glob: str) -> Test:
    """A test of whole texts, in time linear in the text: substring searches, or RE2 where `?` stands."""
    parts = glob_parts(glob)
    if "" in parts:
        return compile_regex(*glob_expression(glob))
    literals = [part for part in parts if part]
    if not literals:
        return _anything if parts else "".__eq__
    if None not in parts:
        return literals[0].__eq__
    return _compile_stars(literals, at_start=parts[0] is not None, at_end=parts[-1] is not None)


def _anything(_text: str) -> bool:
    return True


def _compile_stars(literals: list[str], *, at_start: bool, at_end: bool) -> Test:
    """Literals with `*` between them (and around them, where they are not held at an end)."""
    first, last = literals[0], literals[-1]
    if len(literals) == 1:
        if at_start:
            return lambda text: text.startswith(first)
        if at_end:
            return lambda text: text.endswith(last)
        return lambda text: first in text
    middle = literals[int(at_start) : len(literals) - int(at_end)]
    shortest = sum(map(len, literals))

    def in_order(text: str) -> bool:
        if len(text) < shortest:
            return False
        if (at_start and not text.startswith(first)) or (at_end and not text.endswith(last)):
            return False
        position = len(first) if at_start else 0
        end = len(text) - len(last) if at_end else len(text)
        for literal in middle:
            found = text.find(literal, position, end)
            if found < 0:
                return False
            position = found + len(literal)
        return True

    return in_order


def compile_regex(pattern: str, flags: str = "") -> Test:
    """A search for the pattern anywhere in a text, in linear time; raises `re2.error` where RE2 has no
    such expression. `flags` are Sigma's `i`, `m` and `s`."""
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True  # nobody asks for groups, and they are found by slower means
    search: Any = re2.compile(f"(?{flags}){pattern}" if flags else pattern, options).search

    def found(text: str) -> bool:
        try:
            data = text.encode()  # RE2 searches bytes: of a text, the module would also look for places in it
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON can spell and UTF-8 cannot
            data = text.encode("utf-8", "replace")
        return search(data) is not None

    return found
