"""Python's regular expressions, matched step by step: steps are counted, not timed."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_REPEATS = (c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT)
_SPACE = " \t\n\r\f\v"


class Steps:
    """How many nodes of patterns were tried."""

    def __init__(self) -> None:
        self.taken = 0


class Counted:
    """A pattern that counts its steps, and then gives what `re` gives."""

    def __init__(self, pattern: re.Pattern[str], steps: Steps) -> None:
        self._real = pattern
        self._nodes = list(_parser.parse(pattern.pattern, pattern.flags))
        self._ignore_case = bool(pattern.flags & re.IGNORECASE)
        self._steps = steps
        self._text = ""
        self._stop = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def match(self, text: str, start: int = 0, stop: int | None = None) -> re.Match[str] | None:
        self._count(text, start, stop)
        return self._real.match(text, start, len(text) if stop is None else stop)

    def search(self, text: str, start: int = 0, stop: int | None = None) -> re.Match[str] | None:
        met = self._real.search(text, start, len(text) if stop is None else stop)
        self._count_each(text, start, stop, met)
        return met

    def finditer(self, text: str, start: int = 0, stop: int | None = None) -> Iterator[re.Match[str]]:
        at = start
        for met in self._real.finditer(text, start, len(text) if stop is None else stop):
            self._count_each(text, at, stop, met)
            at = met.end()
            yield met
        self._count_each(text, at, stop, None)

    def findall(self, text: str) -> list[Any]:
        return [met.group() for met in self.finditer(text)]

    def sub(self, by: Any, text: str) -> str:
        list(self.finditer(text))
        return self._real.sub(by, text)

    def _count_each(self, text: str, start: int, stop: int | None, met: re.Match[str] | None) -> None:
        last = met.start() if met else len(text) if stop is None else stop
        for at in range(start, last + 1):
            self._count(text, at, stop)

    def _count(self, text: str, start: int, stop: int | None) -> None:
        self._text, self._stop = text, len(text) if stop is None else min(stop, len(text))
        next(self._run(self._nodes, 0, min(start, self._stop)), None)

    def _run(self, nodes: list[Any], number: int, at: int) -> Iterator[int]:
        """Every place at which these nodes may end, in `re`'s order."""
        self._steps.taken += 1
        if number == len(nodes):
            yield at
            return
        kind, value = nodes[number]
        for end in self._ends(kind, value, at):
            yield from self._run(nodes, number + 1, end)

    def _ends(self, kind: Any, value: Any, at: int) -> Iterator[int]:
        if kind in _REPEATS:
            yield from self._repeated(kind, value, at)
        elif kind is c.BRANCH:
            for branch in value[1]:
                yield from self._run(list(branch), 0, at)
        elif kind is c.SUBPATTERN:
            yield from self._run(list(value[-1]), 0, at)
        elif kind in (c.ASSERT, c.ASSERT_NOT):
            if self._is_ahead(list(value[1]), at if value[0] > 0 else at - 1) is (kind is c.ASSERT):
                yield at
        elif kind is c.AT:
            if value is not c.AT_END_STRING or at == self._stop:
                yield at
        elif at < self._stop and self._takes(kind, value, self._text[at]):
            yield at + 1

    def _is_ahead(self, nodes: list[Any], at: int) -> bool:
        """Whether it stands there; what is looked for behind is a character."""
        return at >= 0 and next(self._run(nodes, 0, at), None) is not None

    def _repeated(self, kind: Any, value: Any, at: int) -> Iterator[int]:
        least, most, inner = value[0], value[1], list(value[2])
        ends = [at]
        while len(ends) <= most:
            end = next(self._run(inner, 0, ends[-1]), None)
            if end is None or end == ends[-1]:
                break
            ends.append(end)
        allowed = ends[least:]
        if kind is c.POSSESSIVE_REPEAT:
            yield from allowed[-1:]
        else:
            yield from reversed(allowed) if kind is c.MAX_REPEAT else allowed

    def _takes(self, kind: Any, value: Any, char: str) -> bool:
        if kind is c.ANY:
            return char != "\n"
        if kind is c.IN:
            negated = value[0][0] is c.NEGATE
            return negated != any(self._takes(item[0], item[1], char) for item in value[negated:])
        if kind is c.CATEGORY:
            return _CATEGORIES[value](char)
        chars = {char, char.lower(), char.upper()} if self._ignore_case else {char}
        if kind is c.RANGE:
            return any(value[0] <= ord(one) <= value[1] for one in chars if len(one) == 1)
        same = any(ord(one) == value for one in chars if len(one) == 1)
        return same is (kind is c.LITERAL)


def _is_word(char: str) -> bool:
    return char == "_" or unicodedata.category(char)[0] in "LN"


_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    c.CATEGORY_SPACE: lambda char: char in _SPACE or char.isspace(),
    c.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    c.CATEGORY_WORD: _is_word,
    c.CATEGORY_NOT_WORD: lambda char: not _is_word(char),
    c.CATEGORY_DIGIT: str.isdigit,
    c.CATEGORY_NOT_DIGIT: lambda char: not char.isdigit(),
}


class CountedText(str):
    """A text that counts the characters that are looked at in it, or taken out of it."""

    steps: Steps

    @classmethod
    def of(cls, text: str, steps: Steps) -> "CountedText":
        counted = cls(text)
        counted.steps = steps
        return counted

    def find(self, sub: str, start: Any = 0, end: Any = None) -> int:
        found = super().find(sub, start, end)
        stop = len(self) if end is None else min(end, len(self))
        self.steps.taken += max(0, (found if found >= 0 else stop) - start)
        return found

    def count(self, sub: str, start: Any = 0, end: Any = None) -> int:
        self.steps.taken += max(0, (len(self) if end is None else min(end, len(self))) - start)
        return super().count(sub, start, end)

    def __getitem__(self, key: Any) -> str:
        taken = super().__getitem__(key)
        self.steps.taken += len(taken)
        return taken
