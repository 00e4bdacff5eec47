"""Many patterns against one text, at a cost that hardly grows with their number.

A text is held against a set of globs in four ways: beginnings and ends are looked up by their length,
substrings are searched together, and only globs of several parts are tried one by one. Regular expressions
are tried one by one too: one automaton for all would be faster on most texts, but two that are small by
themselves multiply in it, and then every byte costs as much as all of them are long. How many of what is
tried one by one a rule set may have is bounded where it is compiled (`rules/cost.py`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import re2

from trailwarden.engine.joined import MANY, Joined, Texts, joined
from trailwarden.engine.text import (
    Test,
    compile_glob,
    compile_regex,
    fold,
    glob_expression,
    glob_parts,
)

FEW = 8  # up to so many patterns, one test after the other is as fast
_AUTOMATON_SIZE = 4 * 1024 * 1024  # bytes that RE2 surely has for the states of a set
_WIDTHS = (16, 8, 5, 3, 2, 1)


class Patterns(Protocol):
    """Patterns of numbered leaves; a leaf may have several."""

    def leaves_in(self, text: str) -> Iterable[int]:
        """The leaves of which a pattern matches the text."""

    def leaves_in_any(self, texts: Texts) -> Iterable[int]:
        """The leaves of which a pattern matches one of the texts."""
        return {leaf for text in texts for leaf in self.leaves_in(text)}


class OneByOne(Patterns):
    """Patterns that are tried one after the other. Compiled when first asked.

    `make` makes the test of one text of a pattern, `spell` the regular expression, and its flags, that it is.
    """

    def __init__(
        self,
        patterns: Sequence[tuple[Any, int]],
        make: Callable[[Any], Test],
        spell: Callable[[Any], tuple[str, str]],
    ) -> None:
        self._patterns = patterns
        self._make = make
        self._spell = spell
        self._tests: list[tuple[Test, int]] | None = None
        self._joined: list[Joined] | None = None

    def leaves_in(self, text: str) -> Iterable[int]:
        """The leaves of which a pattern matches the text."""
        return [leaf for test, leaf in self._tests or self._compiled() if test(text)]

    def leaves_in_any(self, texts: Texts) -> Iterable[int]:
        """The leaves of which a pattern matches one of the texts."""
        if len(texts) < MANY:
            return super().leaves_in_any(texts)
        tests = self._tests or self._compiled()
        if self._joined is None:
            self._joined = [joined(*self._spell(pattern)) for pattern, _ in self._patterns]
        held: set[int] = set()
        for matches_any, (test, leaf) in zip(self._joined, tests, strict=True):
            if leaf not in held and matches_any(texts, test):
                held.add(leaf)
        return held

    def _compiled(self) -> list[tuple[Test, int]]:
        self._tests = [(self._make(pattern), leaf) for pattern, leaf in self._patterns]
        return self._tests


class _Ends(Patterns):
    """Literals at the beginning of a text, or at its end: a look-up for each of their lengths."""

    def __init__(self, literals: Iterable[tuple[str, int]], *, at_end: bool) -> None:
        self._at_end = at_end
        self._by_length: dict[int, dict[str, list[int]]] = {}
        for literal, leaf in sorted(literals, key=lambda each: len(each[0])):
            self._by_length.setdefault(len(literal), {}).setdefault(literal, []).append(leaf)

    def leaves_in(self, text: str) -> list[int]:
        found: list[int] = []
        size = len(text)
        for length, literals in self._by_length.items():
            if length > size:
                break
            found += literals.get(text[size - length :] if self._at_end else text[:length], ())
        return found


_FEW_PLACES = 64


class Substrings(Patterns):
    """Literals anywhere in a text.

    Some are searched by one automaton of RE2, as long as all of its states fit into RE2's memory whatever the
    text. Of many, each is found by a gram: a part of it that few others have, of one of a few widths, looked
    up at each place of the text.
    """

    def __init__(self, literals: Sequence[tuple[str, int]]) -> None:
        self._literals = literals
        self._set: Any = None
        self._grams: list[tuple[int, dict[str, list[tuple[int, str, int]]]]] | None = None
        self._is_small = automaton_fits([literal for literal, _ in literals])

    def leaves_in(self, text: str) -> Iterable[int]:
        """The leaves of which a literal is in the text."""
        if len(self._literals) <= FEW:
            return [leaf for literal, leaf in self._literals if literal in text]
        if self._is_small:
            try:
                if self._set is None:
                    self._set = self._compiled()
                hits = self._set.Match(text)
            except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 cannot spell
                hits = ()
            # RE2 says nothing but "no match" where it lacks memory; the last expression matches every text.
            if len(self._literals) in hits:
                return [self._literals[hit][1] for hit in hits if hit < len(self._literals)]
        return self._by_grams(text)

    def _compiled(self) -> Any:
        options = re2.Options()
        options.log_errors = False
        together = re2.Set.SearchSet(options)
        for literal, _ in self._literals:
            together.Add(f"(?s)(?:{re2.escape(literal)})")
        together.Add("")
        together.Compile()
        return together

    def _by_grams(self, text: str) -> Iterable[int]:
        if self._grams is None:
            self._grams = list(_grams(self._literals).items())
        found: set[int] = set()
        for width, grams in self._grams:
            known = grams.keys()
            places = [at for at in range(len(text) - width + 1) if text[at : at + width] in known]
            if len(places) > _FEW_PLACES:
                found |= self._one_by_one(text, grams, {text[at : at + width] for at in places})
                continue
            for at in places:
                for offset, literal, leaf in grams[text[at : at + width]]:
                    if leaf not in found and at >= offset and text.startswith(literal, at - offset):
                        found.add(leaf)
        return found

    @staticmethod
    def _one_by_one(
        text: str, grams: Mapping[str, list[tuple[int, str, int]]], there: Iterable[str]
    ) -> set[int]:
        """Each literal whose gram is there, once: a text of one gram alone has it at each place."""
        return {leaf for gram in there for _, literal, leaf in grams[gram] if literal in text}


def automaton_fits(literals: Sequence[str]) -> bool:
    """Whether RE2 has the memory for all states of an automaton that searches the literals."""
    states = sum(len(literal.encode("utf-8", "replace")) for literal in literals) + 2
    return states * (4 * len(literals) + 2_100) <= _AUTOMATON_SIZE


def _grams(literals: Sequence[tuple[str, int]]) -> dict[int, dict[str, list[tuple[int, str, int]]]]:
    """By width, each literal (its gram's place in it, itself, its leaf) under its gram that fewest have."""
    grams: dict[int, dict[str, list[tuple[int, str, int]]]] = {}
    for literal, leaf in literals:
        width = next(each for each in _WIDTHS if each <= len(literal))
        group = grams.setdefault(width, {})
        offset = min(
            range(len(literal) - width + 1),
            key=lambda at: len(group.get(literal[at : at + width], ())),
        )
        group.setdefault(literal[offset : offset + width], []).append((offset, literal, leaf))
    return grams


class GlobSet(Patterns):
    """Globs that a whole text must match. Taken apart when first asked."""

    def __init__(self, patterns: Sequence[tuple[str, int]]) -> None:
        self._patterns = patterns
        self._kinds: list[Patterns] | None = None

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def leaves_in(self, text: str) -> Iterable[int]:
        """The leaves of which a glob matches the text."""
        kinds = self._kinds or self._compiled()
        if len(kinds) == 1:
            return kinds[0].leaves_in(text)
        return [leaf for kind in kinds for leaf in kind.leaves_in(text)]

    def leaves_in_any(self, texts: Texts) -> Iterable[int]:
        """The leaves of which a glob matches one of the texts."""
        return {leaf for kind in self._compiled() for leaf in kind.leaves_in_any(texts)}

    def _compiled(self) -> list[Patterns]:
        if self._kinds is None:
            few = len(self._patterns) <= FEW
            self._kinds = [_globs(self._patterns)] if few else _kinds(self._patterns)
        return self._kinds


def _globs(patterns: Sequence[tuple[str, int]]) -> OneByOne:
    return OneByOne(patterns, compile_glob, glob_expression)


def _kinds(patterns: Sequence[tuple[str, int]]) -> list[Patterns]:
    starts: list[tuple[str, int]] = []
    ends: list[tuple[str, int]] = []
    within: list[tuple[str, int]] = []
    others: list[tuple[str, int]] = []
    for glob, leaf in patterns:
        match glob_parts(glob):
            case [None, str(literal), None] if literal:
                within.append((literal, leaf))
            case [str(literal), None] if literal:
                starts.append((literal, leaf))
            case [None, str(literal)] if literal:
                ends.append((literal, leaf))
            case _:
                others.append((glob, leaf))
    kinds: list[Patterns] = [_Ends(starts, at_end=False), _Ends(ends, at_end=True)]
    if within:
        kinds.append(Substrings(within))
    if others:
        kinds.append(_globs(others))
    return kinds


def folded_globs(patterns: Sequence[tuple[str, int]]) -> GlobSet:
    """Globs that a folded text must match; they are folded here."""
    return GlobSet([(fold(glob), leaf) for glob, leaf in patterns])


def regexes(patterns: Sequence[tuple[tuple[str, str], int]]) -> OneByOne:
    """Regular expressions with their flags, searched for anywhere."""
    return OneByOne(patterns, lambda pattern: compile_regex(*pattern), tuple)
