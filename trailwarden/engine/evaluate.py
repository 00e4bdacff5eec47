"""A compiled condition × a record → whether it holds."""

from collections.abc import Callable
from itertools import count, takewhile

from trailwarden.activity.fields import NORMALISED
from trailwarden.delivery.records import Record
from trailwarden.engine.patterns import Substrings
from trailwarden.engine.predicates import Predicate, check_predicate, compile_predicate
from trailwarden.engine.text import fold
from trailwarden.engine.values import RecordView, Values, scalar_text
from trailwarden.rules.ruleset import Node

Condition = Callable[[RecordView], bool]
_Read = Callable[[RecordView], Values]

_RELATIONS = frozenset(
    f"{name}{suffix}" for name in ("is", "starts", "ends", "contains") for suffix in ("", "_cased")
)


def holds(detection: Node, record: Record) -> bool:
    """Whether the condition holds for one record. For many records, compile it once."""
    return compile_condition(detection)(RecordView(record))


def compile_condition(node: Node) -> Condition:
    """The condition that `Rule.detection` spells; raises `ValueError` for a form that is unknown, and
    `re2.error` for a regular expression that RE2 does not have."""
    name, *arguments = node
    match name:
        case "and":
            return _all_of([compile_condition(argument) for argument in arguments])
        case "or":
            return _any_of([compile_condition(argument) for argument in arguments])
        case "not":
            return _negated(compile_condition(arguments[0]))
        case "field":
            return _held(_field(arguments[0]), compile_predicate(arguments[1]))
        case "normalised":
            return _held(_normalised(arguments[0]), compile_predicate(arguments[1]))
        case "fieldref":
            return _field_reference(_side(arguments[0]), _side(arguments[1]), arguments[2])
        case "keyword":
            return _keyword(compile_predicate(arguments[0]))
    raise ValueError(f"unknown condition {name!r}")


def check_condition(node: Node) -> None:
    """Raises `ValueError` for a form that is unknown, without making the condition: that takes a hundred
    times as long, and most functions never need it."""
    name, *arguments = node
    if name in {"and", "or", "not"}:
        for argument in arguments:
            check_condition(argument)
    elif name == "fieldref":
        for side in arguments[:2]:
            _side(side)
        if arguments[2] not in _RELATIONS:
            raise ValueError(f"unknown relation of fields {arguments[2]!r}")
    elif name in {"field", "normalised", "keyword"}:
        if name == "normalised":
            _normalised(arguments[0])
        check_predicate(arguments[-1])
    else:
        raise ValueError(f"unknown condition {name!r}")


def _field(dotted: str) -> _Read:
    path = tuple(dotted.split("."))
    return lambda view: view.field(path)


def _normalised(name: str) -> _Read:
    if name not in NORMALISED:
        raise ValueError(f"unknown normalised field {name!r}")
    return lambda view: view.normalised(name)


def _side(side: str | Node) -> _Read:
    """One of two fields that are compared: `"dotted.path"` or `["normalised", name]`."""
    if isinstance(side, str):
        return _field(side)
    kind, name = side
    if kind != "normalised":
        raise ValueError(f"unknown field {kind!r}")
    return _normalised(name)


def _all_of(conditions: list[Condition]) -> Condition:
    def all_hold(view: RecordView) -> bool:
        for condition in conditions:  # noqa: SIM110 (a generator would double the cost of the hot path)
            if not condition(view):
                return False
        return True

    return all_hold


def _any_of(conditions: list[Condition]) -> Condition:
    def any_holds(view: RecordView) -> bool:
        for condition in conditions:  # noqa: SIM110 (a generator would double the cost of the hot path)
            if condition(view):
                return True
        return False

    return any_holds


def _negated(condition: Condition) -> Condition:
    return lambda view: not condition(view)


def _held(read: _Read, predicate: Predicate) -> Condition:
    return lambda view: predicate(read(view))


def _keyword(predicate: Predicate) -> Condition:
    return lambda view: predicate(view.everything)


def _field_reference(read: _Read, read_other: _Read, relation: str) -> Condition:
    """Whether a scalar of one field relates to a scalar of another, as text (without regard to case, but
    for the `_cased` relations); a field that is missing or null relates to nothing."""
    if relation not in _RELATIONS:
        raise ValueError(f"unknown relation of fields {relation!r}")
    name, _, cased = relation.partition("_")
    texts = _texts if cased else _folded
    if name == "contains":
        sought = _sought_cased if cased else _sought
        return lambda view: _contain(read(view).once(texts), read_other(view).once(sought))
    relates = _RELATES[name]
    return lambda view: relates(read(view).once(texts), read_other(view).once(texts))


def _texts(values: Values) -> set[str]:
    return set(map(scalar_text, values.scalars))


def _folded(values: Values) -> set[str]:
    return set(map(fold, values.once(_texts)))


def _begin_with(texts: set[str], parts: set[str]) -> bool:
    lengths = sorted(set(map(len, parts)))
    return any(text[:length] in parts for text in texts for length in takewhile(len(text).__ge__, lengths))


def _end_with(texts: set[str], parts: set[str]) -> bool:
    return _begin_with({text[::-1] for text in texts}, {part[::-1] for part in parts})


_Sought = tuple[str, Substrings]


def _contain(texts: set[str], sought: _Sought) -> bool:
    separator, parts = sought
    return bool(texts) and bool(parts.leaves_in(separator.join(texts)))


def _sought(values: Values) -> _Sought:
    return _search_for(values.once(_folded))


def _sought_cased(values: Values) -> _Sought:
    return _search_for(values.once(_texts))


def _search_for(parts: set[str]) -> _Sought:
    """A character that no part holds, and the parts; where one is empty, it is in every text."""
    characters = set().union(*parts)
    separator = next(each for each in map(chr, count()) if each not in characters)
    return separator, Substrings([("", 0)] if "" in parts else [(part, 0) for part in parts])


# Both fields may hold thousands of values: no relation tries each with each.
_RELATES: dict[str, Callable[[set[str], set[str]], bool]] = {
    "is": lambda texts, parts: not texts.isdisjoint(parts),
    "starts": _begin_with,
    "ends": _end_with,
}
