"""Values that stand apart from their names: DynamoDB's expressions and PartiQL's parameters."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trailwarden.safety.names import is_readable, is_secret, is_secret_object, plain

_TOKEN = re.compile(r"[#:]?\w+|[(),.=<>?]|'[^']*+'|\"[^\"]*+\"")
_NEXT_CLAUSE = frozenset(
    {"and", "or", "not", "set", "remove", "add", "delete", "where", "value", "returning"}
)
HOLDS_VALUES = frozenset(
    {"expressionAttributeValues", "ExpressionAttributeValues", "parameters", "Parameters"}
)


_NAME_COST = 20
_COST = 4
"""What a character of an expression costs: each short word in it may be a name of its own."""


def secret_values(value: Mapping[str, Any], charge: Callable[[int], bool]) -> dict[str, frozenset[Any]]:
    """By the member of a request that holds values apart from their names, the keys or places of the secret
    ones: all of them, if `charge` says that there is too much to read."""
    held = value.keys() & HOLDS_VALUES
    return {name: secret for name in held if (secret := _of_member(value, name, charge))}


def _of_member(value: Mapping[str, Any], member: str, charge: Callable[[int], bool]) -> frozenset[Any]:
    values = value[member]
    if isinstance(values, list):
        statement = value.get("statement", value.get("Statement"))
        if not isinstance(statement, str):
            return frozenset()
        read = charge(_COST * len(statement))
        return _of_statement(statement) if read else frozenset(range(len(values)))
    if not isinstance(values, Mapping) or member.lower() == "parameters":
        return frozenset()
    given = value.get(member.replace("Values", "Names"))
    names = given if isinstance(given, Mapping) else {}
    if not charge(_NAME_COST * len(names)):
        return frozenset(values)
    placed: dict[str, bool] = {}
    for key, text in value.items():
        if isinstance(text, str) and key.endswith("xpression"):
            if not charge(_COST * len(text)):
                return frozenset(values)
            for name, secret in _placed(text, names):
                placed[name] = placed.get(name, False) or secret
    # Of what no expression mentions, nobody can say whose value it is.
    otherwise = any(isinstance(name, str) and is_secret(name) for name in names.values())
    return frozenset(name for name in values if placed.get(name, otherwise))


def _placed(expression: str, names: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """The placeholders of values, each with whether a secret's path stands in its clause; a clause without a
    path goes on with the one before: `#p BETWEEN :a AND :b`."""
    secret = False
    for clause in _clauses(expression):
        paths = [[str(names.get(step, step)) for step in path] for path in _paths(clause)]
        secret = any(map(_is_secret_path, paths)) if paths else secret
        yield from ((piece, secret) for piece in clause if piece[0] == ":")


def _clauses(expression: str) -> Iterator[list[str]]:
    clause: list[str] = []
    depth = 0
    for piece in _TOKEN.findall(expression):
        depth += (piece == "(") - (piece == ")")
        if piece.lower() in _NEXT_CLAUSE or (piece == "," and depth <= 0):
            yield clause
            clause = []
        else:
            clause.append(piece)
    yield clause


def _paths(clause: list[str]) -> Iterator[list[str]]:
    path: list[str] = []
    for before, piece in zip(["", *clause], clause, strict=False):
        if piece[0] == "#" or piece[0].isalpha() or piece[0] == "_":
            if path and before != ".":
                yield path
                path = []
            path.append(piece)
    if path:
        yield path


def _is_secret_path(path: list[str]) -> bool:
    if is_secret(path[-1]):
        return True
    return not is_readable(path[-1]) and any(is_secret_object(step) for step in path)


def _of_statement(statement: str) -> frozenset[int]:
    """The places of the parameters that follow a secret's name: `SET password = ?`, `{'password': ?}`."""
    found: set[int] = set()
    place, last = 0, ""
    for piece in _TOKEN.findall(statement):
        if piece == "?":
            if is_secret(last):
                found.add(place)
            place += 1
        elif plain(piece) and piece[0] != ":" and plain(piece) not in {"and", "between", "in"}:
            last = piece.strip("'\"")
    return frozenset(found)
