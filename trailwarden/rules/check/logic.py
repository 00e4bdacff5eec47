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

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from trailwarden.engine.predicates import compile_predicate
from trailwarden.engine.text import compile_glob, fold, glob_parts
from trailwarden.engine.values import Values
from trailwarden.rules.fields import RECORD_FIELDS, Fields
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
    try:
        return _Tableau().open([(node, True)], {})
    except (_TooLarge, RecursionError):
        return None


def never(*nodes: Node) -> bool:
    """Whether no record can meet all of these; proved."""
    return satisfiable(["and", *nodes]) is False


def implies(node: Node, other: Node) -> bool:
    """Whether every record that meets `node` meets `other`; proved."""
    return never(node, ["not", other])


def holds_one_value(name: str) -> bool:
    """Whether a field of a record holds one plain value at most."""
    known: Fields | None = RECORD_FIELDS
    for step in name.split("."):
        if known is None or step not in known or step in _LISTS:
            return False
        known = known[step]
    return known is not None and len(known) == 0


@dataclass(frozen=True, slots=True)
class _Literals:
    """What a case says of one field so far: predicates that hold, and that do not."""

    held: tuple[Node, ...] = ()
    denied: tuple[Node, ...] = ()

    def with_leaf(self, predicate: Node, holds: bool) -> "_Literals":
        if holds:
            return _Literals((*self.held, predicate), self.denied)
        return _Literals(self.held, (*self.denied, predicate))


_Case = dict[str, _Literals]


@dataclass(slots=True)
class _Tableau:
    steps: int = 0

    def open(self, pending: list[tuple[Node, bool]], case: _Case) -> bool:
        """Whether a case in which all that is pending holds (or not) stays free of contradictions."""
        pending, splits = list(pending), list[tuple[list[Node], bool]]()
        while pending:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise _TooLarge
            node, holds = pending.pop()
            name, *arguments = node
            if name == "not":
                pending.append((arguments[0], not holds))
            elif name in {"and", "or"}:
                if (name == "and") is holds:
                    pending.extend((argument, holds) for argument in arguments)
                else:
                    splits.append((arguments, holds))
            else:
                case = self._with(case, node, holds)
                if not case:
                    return False
        return self._split(splits, case)

    def _split(self, splits: list[tuple[list[Node], bool]], case: _Case) -> bool:
        if not splits:
            return True
        splits.sort(key=lambda split: -len(split[0]))
        choices, holds = splits[-1]
        rest: list[tuple[Node, bool]] = [
            (["or", *others] if held else ["and", *others], held) for others, held in splits[:-1]
        ]
        return any(self.open([*rest, (choice, holds)], case) for choice in choices)

    def _with(self, case: _Case, leaf: Node, holds: bool) -> _Case:
        """The case with one leaf more; empty where it contradicts."""
        key, predicate = (leaf[1], leaf[2]) if leaf[0] == "field" else (f"|{leaf[:-1]}", leaf)
        literals = case.get(key, _Literals()).with_leaf(predicate, holds)
        extended = {**case, key: literals}
        if _contradict(key, literals, is_field=leaf[0] == "field") or _hidden_by_null(extended):
            return {}
        return extended


def _hidden_by_null(case: _Case) -> bool:
    """Whether an object is said to be null, and yet to hold something."""
    gone = {name for name in _OBJECTS if name in case and ["null"] in case[name].held}
    return bool(gone) and any(
        name.partition(".")[0] in gone and "." in name and any(map(_needs_value, literals.held))
        for name, literals in case.items()
    )


def _needs_value(predicate: Node) -> bool:
    return bool(predicate[0] != "null")


def _contradict(name: str, literals: _Literals, *, is_field: bool) -> bool:
    held, denied = literals.held, literals.denied
    if not {repr(predicate) for predicate in held}.isdisjoint(map(repr, denied)):  # 1 and 1.0 differ as text
        return True
    if not is_field:
        return False
    if ["exists"] in denied and (["null"] in denied or any(map(_needs_value, held))):
        return True
    single = holds_one_value(name)
    if single and ["null"] in held and any(map(_needs_value, held)):
        return True
    return _no_text_left(held, denied, single=single) or (single and _no_value_fits(held))


def _no_text_left(held: Iterable[Node], denied: Iterable[Node], *, single: bool) -> bool:
    """Whether a text must be one of some, and none of them may be."""
    held = list(held)
    for predicate in held:
        if predicate[0] not in {"is", "is_cased"}:
            continue
        cased = predicate[0] == "is_cased"
        others = [other for other in held if other is not predicate] if single else []
        if not any(
            all(_meets(text, cased, other) is not False for other in others)
            and not any(_meets(text, cased, other) is True for other in denied)
            for text in predicate[1:]
        ):
            return True
    return False


def _meets(text: str, cased: bool, predicate: Node) -> bool | None:
    """Whether a value that is the text (in that very case only where `cased`) satisfies the predicate; None
    where that depends on more than is known."""
    name, *arguments = predicate
    if name == "exists":
        return True
    if name == "null":
        return False
    if name not in _TEXTS:
        return _meets_other(text, name)
    folded = fold(text)
    if name == "is":
        return folded in {fold(each) for each in arguments}
    if name == "like":
        return any(compile_glob(fold(glob))(folded) for glob in arguments)
    if cased:
        return compile_predicate(predicate)(Values((text,)))
    if name == "is_cased":
        return None if folded in {fold(each) for each in arguments} else False
    return None if any(compile_glob(fold(glob))(folded) for glob in arguments) else False


def _meets_other(text: str, name: str) -> bool | None:
    without_digits = not any(char.isdigit() or char == ":" for char in text)
    return False if name in _DIGITS and without_digits else None


def _no_value_fits(held: Iterable[Node]) -> bool:
    """Whether no single value satisfies all of these."""
    held = list(held)
    globs = [
        [_ends(glob) for glob in map(fold, each[1:])] for each in held if each[0] in {"like", "like_cased"}
    ]
    for index, one in enumerate(globs):
        for other in globs[:index]:
            if not any(_can_be_one(first, second) for first in one for second in other):
                return True
    return _no_time_fits([each for each in held if each[0] == "time"])


def _ends(glob: str) -> tuple[str, str]:
    """The literal beginning and ending that a glob asks for."""
    parts = glob_parts(glob)
    return (parts[0] or "", parts[-1] or "") if parts else ("", "")


def _can_be_one(one: tuple[str, str], other: tuple[str, str]) -> bool:
    begins = one[0].startswith(other[0]) or other[0].startswith(one[0])
    return begins and (one[1].endswith(other[1]) or other[1].endswith(one[1]))


def _no_time_fits(held: list[Node]) -> bool:
    for part in {each[1] for each in held}:
        bounds = [(_COMPARE[each[2]], each[3]) for each in held if each[1] == part]
        possible = _TIME_RANGES.get(part, _TWO_DIGITS)
        if not any(all(compare(number, bound) for compare, bound in bounds) for number in possible):
            return True
    return False


def leaves(node: Node) -> Iterator[Node]:
    """Every leaf of a condition."""
    if node[0] in {"and", "or", "not"}:
        for child in node[1:]:
            yield from leaves(child)
    else:
        yield node
