"""The predicates of one field, indexed: a field's values → the leaves that they satisfy.

Equal texts and networks are found by hashing, literals within a text together; only regular expressions and
predicates of other kinds (comparisons, and whatever `predicates.py` learns next) are tried one by one. What
each predicate means is defined in `predicates.py`; this is the same, found sooner.
"""

from typing import Any

from trailwarden.engine.joined import Texts
from trailwarden.engine.patterns import GlobSet, Patterns, folded_globs, regexes
from trailwarden.engine.predicates import NetworkIndex, Predicate, compile_predicate
from trailwarden.engine.text import fold
from trailwarden.engine.values import Values
from trailwarden.rules.ruleset import Node


class PredicateIndex:
    """Which leaves of one field its values satisfy."""

    def __init__(self, predicates: list[tuple[Node, int]]) -> None:
        self._folded: dict[str, list[int]] = {}
        self._cased: dict[str, list[int]] = {}
        self._numbers: dict[float | str, list[int]] = {}
        self._networks = NetworkIndex()
        self._others: list[tuple[Predicate, int]] = []
        likes: list[tuple[str, int]] = []
        cased_likes: list[tuple[str, int]] = []
        expressions: list[tuple[tuple[str, str], int]] = []
        for (name, *arguments), leaf in predicates:
            match name:
                case "is":
                    _enter(self._folded, map(fold, arguments), leaf)
                case "is_cased":
                    _enter(self._cased, arguments, leaf)
                case "number":
                    _enter(self._numbers, (arguments[0], repr(arguments[0])), leaf)
                case "like":
                    likes += ((glob, leaf) for glob in arguments)
                case "like_cased":
                    cased_likes += ((glob, leaf) for glob in arguments)
                case "re":
                    expressions.append(((arguments[0], arguments[1]), leaf))
                case "cidr":
                    self._networks.add(arguments[0], leaf)
                case _:
                    self._others.append((compile_predicate([name, *arguments]), leaf))
        self._likes: GlobSet = folded_globs(likes)
        self._on_text: list[Patterns] = [GlobSet(cased_likes)] if cased_likes else []
        if expressions:
            self._on_text.append(regexes(expressions))

    def satisfied(self, values: Values) -> frozenset[int]:
        """The leaves that the values satisfy."""
        held: set[int] = set()
        if self._folded or self._likes:
            _look_up(self._folded, values.folded, held)
            if self._likes:
                held.update(self._likes.leaves_in_any(values.folded))
        if self._cased or self._on_text:
            _look_up(self._cased, values.texts, held)
            for patterns in self._on_text:
                held.update(patterns.leaves_in_any(values.texts))
        if self._numbers:
            for scalar in values.scalars:
                if type(scalar) is not bool:
                    held.update(self._numbers.get(scalar, ()))
        if self._networks:
            held.update(self._networks.leaves_of(values))
        held.update(leaf for predicate, leaf in self._others if predicate(values))
        return frozenset(held)


def _look_up(index: dict[str, list[int]], texts: Texts, held: set[int]) -> None:
    if index:
        for text in texts:
            held.update(index.get(text, ()))


def _enter(index: dict[Any, list[int]], keys: Any, leaf: int) -> None:
    for key in keys:
        index.setdefault(key, []).append(leaf)
