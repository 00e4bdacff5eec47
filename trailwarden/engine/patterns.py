"""Many patterns against one text, at a cost that hardly grows with their number."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import re2

from trailwarden.engine.text import Test, compile_glob, compile_regex, fold, glob_parts

_FEW = 8  # up to so many patterns, one test after the other is as fast


class PatternSet:
    """Patterns of numbered leaves; a leaf may have several. Compiled when first asked.

    `make` gives a pattern's own test, `expression` the same as an RE2 expression that is searched for.
    RE2 runs a set as one automaton; where it has not the memory for that, it says nothing but "no match".
    So each set holds one more expression, which every text matches: where even that is missing, the
    patterns are tried one by one.
    """

    def __init__(
        self,
        patterns: Sequence[tuple[Any, int]],
        make: Callable[[Any], Test],
        expression: Callable[[Any], str],
    ) -> None:
        self._patterns = patterns
        self._make = make
        self._expression = expression
        self._tests: list[tuple[Test, int]] | None = None
        self._sets: list[tuple[Any, Sequence[tuple[Any, int]]]] | None = None

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def leaves_in(self, text: str) -> Iterable[int]:
        """The leaves of which a pattern matches the text."""
        if len(self._patterns) <= _FEW:
            return self._one_by_one(text)
        if self._sets is None:
            self._sets = list(self._compiled(self._patterns))
        found: list[int] = []
        for compiled, patterns in self._sets:
            hits = compiled.Match(text) if compiled is not None else ()
            if len(patterns) not in hits:
                return self._one_by_one(text)
            found.extend(patterns[hit][1] for hit in hits if hit < len(patterns))
        return found

    def _one_by_one(self, text: str) -> Iterable[int]:
        if self._tests is None:
            self._tests = [(self._make(pattern), leaf) for pattern, leaf in self._patterns]
        return [leaf for test, leaf in self._tests if test(text)]

    def _compiled(
        self, patterns: Sequence[tuple[Any, int]]
    ) -> Iterable[tuple[Any, Sequence[tuple[Any, int]]]]:
        """RE2 sets over all of the patterns: more than one where one would grow too large."""
        options = re2.Options()
        options.log_errors = False
        together = re2.Set.SearchSet(options)
        try:
            for pattern, _ in patterns:
                together.Add(self._expression(pattern))
            together.Add("")
            together.Compile()
        except re2.error:
            if len(patterns) == 1:
                yield None, patterns
                return
            half = len(patterns) // 2
            yield from self._compiled(patterns[:half])
            yield from self._compiled(patterns[half:])
        else:
            yield together, patterns


def globs(patterns: Sequence[tuple[str, int]]) -> PatternSet:
    """Globs that a whole text must match, as it stands."""
    return PatternSet(patterns, compile_glob, _glob_expression)


def folded_globs(patterns: Sequence[tuple[str, int]]) -> PatternSet:
    """Globs that a folded text must match; they are folded here."""
    return globs([(fold(glob), leaf) for glob, leaf in patterns])


def regexes(patterns: Sequence[tuple[tuple[str, str], int]]) -> PatternSet:
    """Regular expressions with their flags, searched for anywhere."""
    return PatternSet(patterns, lambda pattern: compile_regex(*pattern), _regex_expression)


def _glob_expression(glob: str) -> str:
    parts = glob_parts(glob)
    start = "" if parts and parts[0] is None else r"\A"
    end = "" if parts and parts[-1] is None else r"\z"
    while parts and parts[0] is None:
        parts.pop(0)
    while parts and parts[-1] is None:
        parts.pop()
    body = "".join(".*" if part is None else re2.escape(part) if part else "." for part in parts)
    return f"(?s){start}(?:{body}){end}"


def _regex_expression(pattern: tuple[str, str]) -> str:
    expression, flags = pattern
    return f"(?{flags}){expression}" if flags else expression
