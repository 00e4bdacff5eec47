"""Whether a compiled condition can hold at all: a proof by cases, bounded in size, that is never wrong.

The condition is taken apart as a proof by tableau does: `and` adds to what must hold, `or` splits into cases,
and a case is given up where two of its leaves contradict each other. Where every case is given up, no record
can meet the condition. What contradicts is known of leaves on one field alone:

- A leaf and its own negation; `null` and whatever needs a value; `exists` and `null` both denied.
- A text that must be one of some, of which every one is denied, by name or by a pattern.
- In a field that holds one value at a time (`eventName`, `userIdentity.type`, ...): two texts, or a text and
  a pattern that it does not fit, or patterns with different beginnings or endings, or parts of a time that no
  time has together.

What is not known never contradicts, so `False` is a proof, and `None` says that the case is too large.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from trailwarden.engine.predicates import compile_predicate
from trailwarden.engine.text import Test, compile_glob, fold, glob_parts
from trailwarden.engine.values import Values
from trailwarden.rules.fields import NORMALISED, RECORD_FIELDS, Fields
from trailwarden.rules.ruleset import Node

MAX_STEPS = 20_000
_TEXTS = frozenset({"is", "is_cased", "like", "like_cased"})
_DIGITS = frozenset({"lt", "lte", "gt", "gte", "cidr", "time"})
_TIME_RANGES = {"year": range(10_000), "week": range(54)}
_TWO_DIGITS = range(100)
_LISTS = frozenset({"resources"})
_OBJECTS = frozenset({"requestParameters", "responseElements", "userIdentity", "additionalEventData"})
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "eq": int.__eq__,
    "lt": int.__lt__,
    "lte": int.__le__,
    "gt": int.__gt__,
    "gte": int.__ge__,
}


class _TooLarge(Exception):  # noqa: N818 (caught in this module)
    """More cases than `MAX_STEPS`."""


def satisfiable(node: Node) -> bool | None:
    """Whether some record may meet the condition. False is proved; None where there are too many cases."""
    return Prover().satisfiable(node)


def holds_one_value(name: str) -> bool:
    """Whether a field of a record holds one plain value at most."""
    if name in NORMALISED:
        return name != "targets"
    known: Fields | None = RECORD_FIELDS
    for step in name.split("."):
        if known is None or step not in known or step in _LISTS:
            return False
        known = known[step]
    return known is not None and len(known) == 0


@dataclass(frozen=True, slots=True, eq=False)
class _Leaf:
    """One predicate, made ready once: its texts without case, and a test of such a text."""

    predicate: Node
    written: str
    folded: frozenset[str] = frozenset()
    globs: tuple[Test, ...] = ()
    ends: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The predicate's kind."""
        return str(self.predicate[0])

    @property
    def needs_value(self) -> bool:
        """Whether only a value that is there and not null satisfies it."""
        return self.name not in {"null", "exists"}

    @property
    def needs_field(self) -> bool:
        """Whether only a field that is there satisfies it, be its value null."""
        return self.name != "null"


def _leaf(predicate: Node) -> _Leaf:
    name, *arguments = predicate
    written = repr(predicate)  # as text: 1 and 1.0 are equal, and not the same
    if name in {"is", "is_cased"}:
        return _Leaf(predicate, written, folded=frozenset(map(fold, arguments)))
    if name in {"like", "like_cased"}:
        globs = [fold(glob) for glob in arguments]
        tests, ends = tuple(map(compile_glob, globs)), tuple(map(_ends, globs))
        return _Leaf(predicate, written, globs=tests, ends=ends)
    return _Leaf(predicate, written)


@dataclass(frozen=True, slots=True)
class _Literals:
    """What a case says of one field so far: predicates that hold, and that do not."""

    held: tuple[_Leaf, ...] = ()
    denied: tuple[_Leaf, ...] = ()

    def with_leaf(self, leaf: _Leaf, holds: bool) -> "_Literals":
        if holds:
            return _Literals((*self.held, leaf), self.denied)
        return _Literals(self.held, (*self.denied, leaf))


_Case = dict[str, _Literals]


_Goal = tuple[Node, bool]
"""A condition that must hold, or must not."""


@dataclass(slots=True)
class Prover:
    """Proofs about the conditions of one rule; all of them together are bounded by `budget` steps."""

    budget: int = 5 * MAX_STEPS
    _steps: int = 0
    _leaves: dict[int, _Leaf] = field(default_factory=dict)
    """By the identity of the predicate's list, which the leaf keeps alive."""

    def satisfiable(self, node: Node) -> bool | None:
        """Whether some record may meet the condition. False is proved; None where that takes too long."""
        self._steps = min(MAX_STEPS, self.budget)
        allowed = self._steps
        try:
            return self._open([(node, True)], [], {})
        except (_TooLarge, RecursionError):
            return None
        finally:
            self.budget -= allowed - max(self._steps, 0)

    def never(self, *nodes: Node) -> bool:
        """Whether no record can meet all of these; proved."""
        return self.satisfiable(["and", *nodes]) is False

    def implies(self, node: Node, other: Node) -> bool:
        """Whether every record that meets `node` meets `other`; proved."""
        return self.never(node, ["not", other])

    def _spend(self, steps: int = 1) -> None:
        """Count what is looked at; raises `_TooLarge` where that is too much."""
        self._steps -= steps
        if self._steps < 0:
            raise _TooLarge

    def _open(self, pending: list[_Goal], splits: list[_Goal], case: _Case) -> bool:
        """Whether a case in which all that is pending holds (or not) stays free of contradictions. `splits`
        are goals of which one part is enough, and which wait until all else is known."""
        splits = list(splits)
        while pending:
            self._spend()
            node, holds = pending.pop()
            name = node[0]
            if name == "not":
                pending.append((node[1], not holds))
            elif name not in {"and", "or"}:
                case = self._with(case, node, holds)
                if not case:
                    return False
            elif (name == "and") is holds:
                pending.extend((part, holds) for part in node[1:])
            else:
                splits.append((node, holds))
        if not splits:
            return True
        self._spend(len(splits))
        smallest = min(range(len(splits)), key=lambda index: len(splits[index][0]))
        node, holds = splits.pop(smallest)
        return any(self._open([(part, holds)], splits, case) for part in node[1:])

    def _with(self, case: _Case, node: Node, holds: bool) -> _Case:
        """The case with one leaf more; empty where it contradicts."""
        is_field = node[0] in {"field", "normalised"}  # no name is of both
        key, predicate = (node[1], node[2]) if is_field else (f"|{node[:-1]}", node)
        leaf = self._leaves.get(id(predicate))
        if leaf is None:
            leaf = self._leaves[id(predicate)] = _leaf(predicate)
        literals = case.get(key, _Literals()).with_leaf(leaf, holds)
        extended = {**case, key: literals}
        if self._contradict(key, literals, is_field=is_field) or _hidden_by_null(extended):
            return {}
        return extended

    def _contradict(self, name: str, literals: _Literals, *, is_field: bool) -> bool:
        held, denied = literals.held, literals.denied
        self._spend(len(held) + len(denied))
        if not {leaf.written for leaf in held}.isdisjoint(leaf.written for leaf in denied):
            return True
        if not is_field:
            return False
        no_value, not_null = (any(leaf.name == kind for leaf in denied) for kind in ("exists", "null"))
        if no_value and (not_null or any(leaf.needs_field for leaf in held)):
            return True
        single = holds_one_value(name)
        if single and any(leaf.name == "null" for leaf in held) and any(leaf.needs_value for leaf in held):
            return True
        return self._no_text_left(held, denied, single=single) or (single and self._no_value_fits(held))

    def _no_text_left(self, held: Sequence[_Leaf], denied: Sequence[_Leaf], *, single: bool) -> bool:
        """Whether a text must be one of some, and none of them may be."""
        for leaf in held:
            if leaf.name not in {"is", "is_cased"}:
                continue
            cased = leaf.name == "is_cased"
            others = [other for other in held if other is not leaf] if single else []
            if not any(
                all(self._meets(text, cased, other) is not False for other in others)
                and not any(self._meets(text, cased, other) is True for other in denied)
                for text in leaf.predicate[1:]
            ):
                return True
        return False

    def _meets(self, text: str, cased: bool, leaf: _Leaf) -> bool | None:
        """Whether a value that is the text (in that very case only where `cased`) satisfies the predicate;
        None where that depends on more than is known."""
        self._spend(1 + len(leaf.globs))
        name = leaf.name
        if name == "exists":
            return True
        if name == "null":
            return False
        if name not in _TEXTS:
            without_digits = not any(char.isdigit() or char == ":" for char in text)
            return False if name in _DIGITS and without_digits else None
        folded = fold(text)
        met = folded in leaf.folded or any(glob(folded) for glob in leaf.globs)
        if not met or name in {"is", "like"}:
            return met
        return compile_predicate(leaf.predicate)(Values((text,))) if cased else None

    def _no_value_fits(self, held: Sequence[_Leaf]) -> bool:
        """Whether no single value satisfies all of these."""
        patterns = [leaf.ends for leaf in held if leaf.ends]
        for index, one in enumerate(patterns):
            for other in patterns[:index]:
                self._spend(len(one) * len(other))
                if not any(_can_be_one(first, second) for first in one for second in other):
                    return True
        return _no_time_fits([leaf.predicate for leaf in held if leaf.name == "time"])


def _hidden_by_null(case: _Case) -> bool:
    """Whether an object is said to be null, and yet to hold something."""
    gone = {
        name for name in _OBJECTS if name in case and any(leaf.name == "null" for leaf in case[name].held)
    }
    return bool(gone) and any(
        name.partition(".")[0] in gone and "." in name and any(leaf.needs_field for leaf in literals.held)
        for name, literals in case.items()
    )


def _ends(glob: str) -> tuple[str, str]:
    """The literal beginning and ending that a glob asks for."""
    parts = glob_parts(glob)
    return (parts[0] or "", parts[-1] or "") if parts else ("", "")


def _can_be_one(one: tuple[str, str], other: tuple[str, str]) -> bool:
    begins = one[0].startswith(other[0]) or other[0].startswith(one[0])
    return begins and (one[1].endswith(other[1]) or other[1].endswith(one[1]))


def _no_time_fits(held: Sequence[Node]) -> bool:
    for part in {each[1] for each in held}:
        bounds = [(_COMPARE[each[2]], each[3]) for each in held if each[1] == part]
        possible = _TIME_RANGES.get(part, _TWO_DIGITS)
        if not any(all(compare(number, bound) for compare, bound in bounds) for number in possible):
            return True
    return False
