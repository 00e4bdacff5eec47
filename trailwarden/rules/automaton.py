"""How large the automaton of a regular expression is.

RE2 searches with an automaton that is made as texts need it: a byte costs a look-up. If it has too many
states to be kept, RE2 goes through the expression for every byte: `[a-q][^u-z]{990}x` has 2^990 states and
costs 8,000 steps a byte. The states are counted here, both ways (RE2 reads backwards to find where a match
begins), over positions of the expression (Glushkov's construction). What is not understood has no size.
"""

import importlib
import re
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_MOST_POSITIONS = 2_000
_MOST_STATES = 1_000
_MOST_STEPS = 100_000
_ASCII = range(128)

_parser: Any = importlib.import_module("re._parser")
_constants: Any = importlib.import_module("re._constants")


class _UnknownError(Exception):
    """An expression, or an automaton, that is not followed any further."""


@lru_cache(maxsize=4096)
def is_small(pattern: str) -> bool:
    """Whether the automaton of a pattern is known to be small."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python may read otherwise than RE2 does
            tree = _parser.parse(pattern, re.ASCII)
        machine = _Positions(tree)
        return machine.is_small_forwards() and machine.is_small_backwards()
    except (re.error, _UnknownError, RecursionError, OverflowError, Warning):
        return False


_Part = tuple[bool, int, int]
"""Whether it may be empty, and the positions (bits) at which it may begin and end."""


class _Positions:
    """The positions of an expression: each is a character that it may read, and what may follow."""

    def __init__(self, tree: Any) -> None:
        self._ignore_case = bool(tree.state.flags & re.IGNORECASE)
        self._dot_all = bool(tree.state.flags & re.DOTALL)
        multiline = bool(tree.state.flags & re.MULTILINE)
        self._alphabet = sorted(_letters(tree))
        self._reads: list[int] = []  # by position, the letters of the alphabet as bits
        self._next: list[int] = []
        self._known: dict[tuple[str, bool], int] = {}
        _, self._first, self._last = self._sequence(tree)
        first = tree[0] if len(tree) else (None, None)
        begins = {_constants.AT_BEGINNING_STRING} | (set() if multiline else {_constants.AT_BEGINNING})
        self._anchored = first[0] is _constants.AT and first[1] in begins

    def is_small_forwards(self) -> bool:
        """A match may begin anywhere, unless the expression is anchored."""
        return self._is_small(self._first, self._next, 0 if self._anchored else self._first)

    def is_small_backwards(self) -> bool:
        """From where a match ends."""
        before = [0] * len(self._next)
        for position, after in enumerate(self._next):
            for each in _bits(after):
                before[each] |= 1 << position
        return self._is_small(self._last, before, 0)

    def _is_small(self, start: int, follow: Sequence[int], always: int) -> bool:
        classes = self._classes()
        known, waiting, steps = {start}, [start], 0
        while waiting:
            state = waiting.pop()
            steps += len(classes) * (1 + state.bit_count())
            if len(known) > _MOST_STATES or steps > _MOST_STEPS:
                return False
            positions = [(1 << position, follow[position]) for position in _bits(state)]
            for readers in classes:
                after = always
                for bit, following in positions:
                    if readers & bit:
                        after |= following
                if after not in known:
                    known.add(after)
                    waiting.append(after)
        return True

    def _classes(self) -> set[int]:
        """For each kind of letter, the positions that read it."""
        kinds = set()
        for number in range(len(self._alphabet)):
            kinds.add(sum(1 << at for at, reads in enumerate(self._reads) if reads >> number & 1))
        return kinds

    def _sequence(self, items: Any) -> _Part:
        empty, first, last = True, 0, 0
        for operator, argument in items:
            empty_part, first_part, last_part = self._part(operator, argument)
            self._link(last, first_part)
            first |= first_part if empty else 0
            last = last | last_part if empty_part else last_part
            empty = empty and empty_part
        return empty, first, last

    def _link(self, ends: int, begins: int) -> None:
        for position in _bits(ends):
            self._next[position] |= begins

    def _part(self, operator: Any, argument: Any) -> _Part:
        if operator in {_constants.MAX_REPEAT, _constants.MIN_REPEAT}:
            return self._repeat(*argument)
        if operator is _constants.SUBPATTERN:
            _, added, removed, items = argument
            if added & ~re.IGNORECASE or removed:
                raise _UnknownError
            before, self._ignore_case = self._ignore_case, self._ignore_case or bool(added)
            part = self._sequence(items)
            self._ignore_case = before
            return part
        if operator is _constants.BRANCH:
            parts = [self._sequence(items) for items in argument[1]]
            firsts, lasts = 0, 0
            for _, first, last in parts:
                firsts, lasts = firsts | first, lasts | last
            return any(empty for empty, _, _ in parts), firsts, lasts
        if operator is _constants.AT:
            return True, 0, 0
        return self._character(operator, argument)

    def _repeat(self, least: int, most: Any, items: Any) -> _Part:
        endless = most is _constants.MAXREPEAT
        count = max(least, 1) if endless else most
        empty, first, last = True, 0, 0
        for number in range(count):
            empty_part, first_part, last_part = self._sequence(items)
            optional = empty_part or number >= least
            self._link(last, first_part)
            first |= first_part if empty else 0
            last = last | last_part if optional else last_part
            empty = empty and optional
            if endless and number == count - 1:
                self._link(last_part, first_part)
            if not first_part:
                break
        return empty, first, last

    def _character(self, operator: Any, argument: Any) -> _Part:
        if len(self._reads) >= _MOST_POSITIONS:
            raise _UnknownError
        key = (f"{operator} {argument}", self._ignore_case)
        reads = self._known.get(key)
        if reads is None:
            reads = self._known[key] = self._letters_read(operator, argument)
        position = 1 << len(self._reads)
        self._reads.append(reads)
        self._next.append(0)
        return False, position, position

    def _letters_read(self, operator: Any, argument: Any) -> int:
        reads = 0
        for number, letter in enumerate(self._alphabet):
            forms = {letter}
            if self._ignore_case:
                forms |= {ord(form) for form in (chr(letter).lower(), chr(letter).upper()) if len(form) == 1}
            if any(_is_read(operator, argument, form, dot_all=self._dot_all) for form in forms):
                reads |= 1 << number
        return reads


def _bits(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def _is_read(operator: Any, argument: Any, letter: int, *, dot_all: bool) -> bool:
    if operator is _constants.ANY:
        return dot_all or letter != ord("\n")
    if operator is _constants.LITERAL:
        return bool(letter == argument)
    if operator is _constants.NOT_LITERAL:
        return bool(letter != argument)
    if operator is _constants.RANGE:
        return bool(argument[0] <= letter <= argument[1])
    if operator is _constants.CATEGORY:
        return _is_of_category(str(argument), chr(letter))
    if operator is not _constants.IN:
        raise _UnknownError
    negated = argument[0][0] is _constants.NEGATE
    members = argument[1:] if negated else argument
    return negated is not any(_is_read(kind, what, letter, dot_all=dot_all) for kind, what in members)


def _is_of_category(name: str, letter: str) -> bool:
    kinds = {
        "DIGIT": letter.isdigit(),
        "SPACE": letter in " \t\n\f\r",
        "WORD": letter.isalnum() or letter == "_",
    }
    kind = name.rpartition("_")[2]
    if kind not in kinds:
        raise _UnknownError
    return ("NOT_" in name) is not (letter.isascii() and kinds[kind])


def _letters(tree: Any) -> set[int]:
    """Letters that stand for all: what an expression tells apart, it tells apart among them."""
    found = {*_ASCII, 0x10FFFF}
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, int) and not isinstance(node, bool) and 127 < node < 0x10FFFF:
            found |= {node, node + 1}
            for form in (chr(node).lower(), chr(node).upper()):
                found |= set(map(ord, form))
        elif isinstance(node, (tuple, list)) or hasattr(node, "data"):
            waiting.extend(node)
    if len(found) > 1_000:
        raise _UnknownError
    return found
