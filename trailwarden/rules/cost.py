"""What a rule set may cost for each byte of a record, whatever the record holds.

Whoever may write rules must not be able to slow `detect` down until it reads nothing. Equal texts, networks
and literals at a text's beginning, end or inside are looked up together, and hardly cost more when there are
many (`engine/patterns.py`). The rest is tried one by one, and is counted here. A byte of a record lies in one
field and in all that hold it, so what is counted is what one chain of fields has: `requestParameters`,
`requestParameters.policy`, and keywords, which look at every field.

Regular expressions of which it is not known that their automaton is small (`automaton.py`) may cost a step
for each of their instructions and byte, and memory: their instructions are counted in the whole rule set.
Shipped rules stay under a third of each bound.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import re2

from trailwarden.rules.automaton import is_small
from trailwarden.rules.by_line import by_line
from trailwarden.rules.expressions import MAX_EXPRESSIONS, TOO_LARGE, instructions
from trailwarden.rules.ruleset import Node

Place = tuple[str, ...]

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_TOKEN = re.compile(r"\\(.)|([*?])|[^\\*?]+", re.DOTALL)

MAX_FIELDS = 100
"""Fields of one rule."""
MAX_INSTRUCTIONS = 2_000
"""Of all regular expressions that may need all of them for a byte."""
_MOST_ANALYSED = 100_000
"""Instructions of the expressions whose automata are measured; the others count as not small."""
_MOST_LARGE = 40
"""Automata that may turn out not to be small, which takes long to see, until no further ones are measured."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What is counted along a chain of fields, how much there may be, and what to do about more."""

    name: str
    most: int
    cure: str


_EXPRESSIONS = _Kind(
    "regular expressions, and texts with `?`", 300, "write `|contains`, `|startswith` or `|endswith` instead"
)
_GLOBS = _Kind("texts with `*` inside", 2_000, "write `|startswith` and `|endswith`, or fewer texts")
_LITERALS = _Kind("texts to search for", 100_000, "compare whole texts, without a modifier")
_COMPARISONS = _Kind("comparisons of numbers or times", 500, "write ranges instead of lists")
_REFERENCES = _Kind("comparisons with other fields", 200, "name the field that is meant instead of all of it")
_WITHIN = _Kind(
    "searches for one field in another", 60, "compare whole texts, their beginnings or their ends"
)
_UNJOINED = _Kind(
    "regular expressions with `\\Q`, `\\C` or a flag taken away (`(?-m)`)", 5, "write them without"
)
_LEVELS = _Kind("fields one inside the other", 24, "name the field that is meant instead of all around it")


@dataclass(frozen=True, slots=True)
class TooCostly:
    """Why a rule is refused, and what to do about it."""

    message: str
    cure: str


@dataclass(frozen=True, slots=True)
class _Item:
    kind: _Kind
    place: Place
    key: str
    """The same for what the engine tries once, in however many rules it stands."""


@dataclass(slots=True)
class Effort:
    """What was spent on finding out what rules cost, so that many hostile ones cannot spend more."""

    compiled: set[str] = field(default_factory=set)
    large: set[str] = field(default_factory=set)
    """The expressions whose automata turned out not to be small."""


class CostBudget:
    """What the rules of one rule set cost together; several may share their effort."""

    def __init__(self, effort: Effort | None = None) -> None:
        self._effort = effort or Effort()
        self._known: set[_Item] = set()
        self._loads: dict[_Kind, dict[Place, int]] = {}
        self._below: dict[_Kind, dict[Place, int]] = {}
        self._instructions: dict[str, int] = {}
        self._analysed: set[str] = set()
        self._left_to_analyse = _MOST_ANALYSED

    def add(self, detection: Node) -> TooCostly | None:
        """Count a rule's condition; where it would cost too much, nothing of it is counted."""
        fields: set[str] = set()
        items: set[_Item] = set()
        expressions: set[tuple[str, str]] = set()
        for place, predicate in _leaves(detection):
            fields.add(".".join(place))
            items.add(_Item(_LEVELS, place, ""))
            items.update(_items(place, predicate))
            expressions.update(_expressions(predicate))
        if len(fields) > MAX_FIELDS:
            message = f"the rule looks at {len(fields):,} fields; {MAX_FIELDS} are the most"
            return TooCostly(message, "split the rule")
        items -= self._known
        refused = self._too_many(items) or self._too_slow(expressions)
        if refused is None:
            self._known |= items
        else:
            self._count(items, -1)
        return refused

    def share(self) -> float:
        """How much of what there may be is there, of what comes closest to it."""
        for written in [*self._instructions]:
            self._analyse(written, self._instructions)
        shares = [
            self._through(kind, place) / kind.most for kind, loads in self._loads.items() for place in loads
        ]
        return max([sum(self._instructions.values()) / MAX_INSTRUCTIONS, *shares])

    def _count(self, items: set[_Item], sign: int) -> None:
        for item in items:
            loads = self._loads.setdefault(item.kind, {})
            loads[item.place] = loads.get(item.place, 0) + sign

    def _too_many(self, items: set[_Item]) -> TooCostly | None:
        self._count(items, 1)
        touched = {(item.kind, item.place) for item in items}
        for kind, place in touched:
            count = self._through(kind, place)
            if count > kind.most:
                name = ".".join(place[1:]) or "keywords"
                message = f"the rule set has {count:,} {kind.name} for `{name}` and the fields around it"
                return TooCostly(f"{message}; {kind.most:,} are the most", kind.cure)
        for kind, place in touched:
            self._raise_above(kind, place)
        return None

    def _through(self, kind: _Kind, place: Place) -> int:
        """How many a byte at a place may be held against."""
        loads = self._loads[kind]
        above = sum(loads.get(place[:length], 0) for length in range(len(place) + 1))
        return above + self._below.get(kind, {}).get(place, 0)

    def _raise_above(self, kind: _Kind, place: Place) -> None:
        loads, below = self._loads[kind], self._below.setdefault(kind, {})
        for length in range(len(place), 0, -1):
            here = place[:length]
            heavy = loads.get(here, 0) + below.get(here, 0)
            above = place[: length - 1]
            below[above] = max(below.get(above, 0), heavy)

    def _too_slow(self, expressions: set[tuple[str, str]]) -> TooCostly | None:
        further = {_written(*each) for each in expressions} - self._effort.compiled
        if len(self._effort.compiled) + len(further) > MAX_EXPRESSIONS:
            message = f"the rules have more than {MAX_EXPRESSIONS:,} {_EXPRESSIONS.name} up to here"
            return TooCostly(message, _EXPRESSIONS.cure)
        self._effort.compiled |= further
        added = {
            written: instructions(written)
            for each in expressions
            if (written := _written(*each)) not in self._analysed and written not in self._instructions
        }
        if sum(self._instructions.values()) + sum(added.values()) > MAX_INSTRUCTIONS:
            for written in [*self._instructions, *added]:
                self._analyse(written, self._instructions if written in self._instructions else added)
        count = sum(self._instructions.values()) + sum(added.values())
        if not added or count <= MAX_INSTRUCTIONS:
            self._instructions |= added
            return None
        largest = max(added, key=lambda each: added[each])
        more = "or more " if added[largest] == TOO_LARGE else ""
        message = (
            f"regular expressions may need {count:,} steps {more}for each byte of a record; "
            f"{MAX_INSTRUCTIONS:,} are the most in a rule set, and {added[largest]:,} are for "
            f"`{_shortened(largest)}`"
        )
        cure = "anchor it with `^`, shorten its repetitions (`{n}`) and classes, or write `|contains`"
        return TooCostly(message, cure)

    def _analyse(self, written: str, charged: dict[str, int]) -> None:
        """Charge an expression no longer whose automaton is small."""
        size = charged[written]
        if written in self._effort.large or len(self._effort.large) >= _MOST_LARGE:
            return
        if size > MAX_INSTRUCTIONS or size > self._left_to_analyse:
            return
        self._left_to_analyse -= size
        if is_small(written):
            del charged[written]
            self._analysed.add(written)
        else:
            self._effort.large.add(written)


def _leaves(node: Node) -> Iterator[tuple[Place, Node]]:
    """Each predicate and the place that it looks at: all begin with one of the whole record."""
    name, *arguments = node
    if name in {"and", "or", "not"}:
        for argument in arguments:
            yield from _leaves(argument)
    elif name == "field":
        yield ("", *arguments[0].split(".")), arguments[1]
    elif name == "normalised":
        yield ("", arguments[0]), arguments[1]
    elif name == "keyword":
        yield ("",), arguments[0]
    else:
        for side in arguments[:2]:
            yield ("", *(side.split(".") if isinstance(side, str) else side[1:])), node


def _items(place: Place, predicate: Node) -> Iterator[_Item]:
    name, *arguments = predicate
    match name:
        case "like" | "like_cased":
            for glob in arguments:
                yield _Item(_kind_of_glob(glob), place, f"{name} {glob}")
        case "re":
            yield _Item(_EXPRESSIONS, place, repr(arguments))
            if by_line(arguments[0]) is None:
                yield _Item(_UNJOINED, place, repr(arguments))
        case "fieldref":
            yield _Item(_REFERENCES, place, repr(arguments))
            if arguments[2].startswith("contains"):
                yield _Item(_WITHIN, place, repr(arguments))
        case "lt" | "lte" | "gt" | "gte" | "time":
            yield _Item(_COMPARISONS, place, repr(predicate))


def _kind_of_glob(glob: str) -> _Kind:
    bare = _ESCAPED.sub("x", glob)
    if "?" in bare:
        return _EXPRESSIONS
    return _GLOBS if "*" in bare.strip("*") else _LITERALS


def _expressions(predicate: Node) -> Iterator[tuple[str, str]]:
    """The regular expressions of a predicate, with their flags."""
    name, *arguments = predicate
    if name == "re":
        yield arguments[0], arguments[1]
    elif name in {"like", "like_cased"}:
        for glob in arguments:
            if _kind_of_glob(glob) is _EXPRESSIONS:
                yield f"^{_TOKEN.sub(_as_expression, glob)}$", "s"


def _as_expression(token: re.Match[str]) -> str:
    if token[2]:
        return ".*" if token[2] == "*" else "."
    return str(re2.escape(token[1] or token[0]))


def _written(pattern: str, flags: str) -> str:
    return f"(?{flags}){pattern}" if flags else pattern


def _shortened(text: str, most: int = 80) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
