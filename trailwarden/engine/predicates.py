"""What each predicate of a compiled rule means on JSON.

- Text matches without regard to case (`fold`), but for the `_cased` forms and regular expressions.
- A field's values are found through objects and lists (any element). A value that is an object or a list
  is met where any scalar inside it is; text patterns also meet its compact JSON text.
- Booleans are the texts `true` and `false`. A number is met by an equal number, or by its text.
- `lt` and its like compare numbers, and strings that spell a number in JSON.
- `null` is met by a field that is missing or null; `exists` by a field that is there, whatever it holds:
  null, and an empty string, list or object too.
- A regular expression is searched for anywhere in the text. `^` and `$` hold at the text's ends, with
  the flag `m` at each line's.
- A CIDR network is met by a string that is an address in it, or a list of addresses with commas of which one
  is (`203.0.113.9, 10.0.0.1`). An IPv4 address written within IPv6 (`::ffff:192.0.2.1`) is both.
- A part of a time (`time`) is read from text that begins as ISO 8601 does, 2026-01-31 or 2026-01-31T12:00,
  as it is written: no time zone is converted. A week is ISO 8601's.
"""

import datetime
import ipaddress
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

from trailwarden.engine.patterns import GlobSet, folded_globs, regexes
from trailwarden.engine.text import compile_regex, fold
from trailwarden.engine.values import Values
from trailwarden.rules.ruleset import Node

Predicate = Callable[[Values], bool]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NUMBER_LENGTH = 64
_ADDRESS_LENGTH = 64
_ADDRESSES_LENGTH = 4096
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_TIME_LENGTH = 64
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_RELATIONS = _COMPARISONS | {"eq": operator.eq}


def compile_predicate(node: Node) -> Predicate:
    """The predicate that a leaf of `Rule.detection` spells; raises `ValueError` for one that is unknown,
    and `re2.error` for an expression that RE2 does not have."""
    name, *arguments = node
    if name in _COMPARISONS:
        return _comparison(_COMPARISONS[name], *arguments)
    try:
        make = _MAKERS[name]
    except KeyError:
        raise ValueError(f"unknown predicate {name!r}") from None
    return make(*arguments)


def check_predicate(node: Node) -> None:
    """Raises what `compile_predicate` raises, and makes no more of it than that takes."""
    if node[0] not in _COMPARISONS and node[0] not in _MAKERS:
        raise ValueError(f"unknown predicate {node[0]!r}")
    if node[0] == "re":
        compile_regex(node[1], node[2])


def _is(*texts: str) -> Predicate:
    wanted = frozenset(map(fold, texts))
    return lambda values: not wanted.isdisjoint(values.once(_folded))


def _is_cased(*texts: str) -> Predicate:
    wanted = frozenset(texts)
    return lambda values: not wanted.isdisjoint(values.once(_texts))


def _like(*globs: str) -> Predicate:
    together = folded_globs([(glob, 0) for glob in globs])
    return lambda values: bool(together.leaves_in_any(values.folded))


def _like_cased(*globs: str) -> Predicate:
    together = GlobSet([(glob, 0) for glob in globs])
    return lambda values: bool(together.leaves_in_any(values.texts))


def _regex(pattern: str, flags: str) -> Predicate:
    compile_regex(pattern, flags)  # raises for what RE2 does not have
    alone = regexes([((pattern, flags), 0)])
    return lambda values: bool(alone.leaves_in_any(values.texts))


def _number(number: float) -> Predicate:
    wanted = frozenset((number, repr(number)))
    return lambda values: not wanted.isdisjoint(values.once(_numbers_and_texts))


def _folded(values: Values) -> set[str]:
    return set(values.folded)


def _texts(values: Values) -> set[str]:
    return set(values.texts)


def _numbers_and_texts(values: Values) -> set[float | str]:
    """A boolean is no number."""
    return {scalar for scalar in values.scalars if type(scalar) is not bool}


def _comparison(compare: Callable[[Any, Any], bool], number: float) -> Predicate:
    def holds(values: Values) -> bool:
        return any(compare(end, number) for end in values.once(_least_and_greatest))

    return holds


def _least_and_greatest(values: Values) -> tuple[float, ...]:
    """Of the numbers that the values are or spell; nothing where there is none."""
    numbers = [number for scalar in values.scalars if (number := _as_number(scalar)) is not None]
    return (min(numbers), max(numbers)) if numbers else ()


def _as_number(scalar: Any) -> float | None:
    """The number that a scalar is or spells; a boolean is none."""
    if type(scalar) is int or type(scalar) is float:
        return scalar
    if type(scalar) is str and len(scalar) <= _NUMBER_LENGTH and _NUMBER.fullmatch(scalar):
        return float(scalar) if any(sign in scalar for sign in ".eE") else int(scalar)
    return None


class NetworkIndex:
    """Networks of numbered leaves: a look-up for each length of their prefixes, however many they are."""

    def __init__(self) -> None:
        self._lengths: dict[tuple[int, int], dict[int, list[int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._lengths)

    def add(self, network: str, leaf: int) -> None:
        """Enter a network; raises `ValueError` where it is none."""
        wanted = ipaddress.ip_network(network)
        self._enter(
            wanted.version, wanted.max_prefixlen - wanted.prefixlen, int(wanted.network_address), leaf
        )
        if isinstance(wanted, ipaddress.IPv6Network) and wanted.subnet_of(_MAPPED):
            self._enter(4, 128 - wanted.prefixlen, int(wanted.network_address) & 0xFFFFFFFF, leaf)

    def _enter(self, version: int, host_bits: int, address: int, leaf: int) -> None:
        networks = self._lengths.setdefault((version, host_bits), {})
        networks.setdefault(address >> host_bits, []).append(leaf)

    def leaves_of(self, values: Values) -> set[int]:
        """The leaves whose networks hold an address that one of the values is, or lists."""
        found: set[int] = set()
        for version, address in values.once(_all_addresses):
            for (of_version, host_bits), networks in self._lengths.items():
                if of_version == version:
                    found.update(networks.get(address >> host_bits, ()))
        return found


def _addresses(scalar: Any) -> Iterator[tuple[int, int]]:
    """The addresses that a scalar spells, by IP version; one written within IPv6 is both."""
    if type(scalar) is not str or len(scalar) > _ADDRESSES_LENGTH:
        return
    for part in scalar.split(",") if "," in scalar else (scalar,):
        written = part.strip() if part is not scalar else part
        if len(written) > _ADDRESS_LENGTH:
            continue
        try:
            address = ipaddress.ip_address(written)
        except ValueError:
            continue
        yield address.version, int(address)
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            yield 4, int(address.ipv4_mapped)


def _all_addresses(values: Values) -> set[tuple[int, int]]:
    return {address for scalar in values.scalars for address in _addresses(scalar)}


def _cidr(network: str) -> Predicate:
    networks = NetworkIndex()
    networks.add(network, 0)
    return lambda values: bool(networks.leaves_of(values))


def _time(part: str, relation: str, number: int) -> Predicate:
    numbers_of, compare = _TIME_PARTS[part], _RELATIONS[relation]

    def holds(values: Values) -> bool:
        return any(compare(found, number) for found in values.once(numbers_of))

    return holds


def _times(values: Values) -> set[tuple[int | None, ...]]:
    """Year, month, day, hour and minute of each text that is a time."""
    written = (
        _TIME.fullmatch(scalar)
        for scalar in values.scalars
        if type(scalar) is str and len(scalar) <= _TIME_LENGTH
    )
    return {
        tuple(None if digits is None else int(digits) for digits in time.groups())
        for time in written
        if time is not None
    }


def _numbers(read: Callable[..., int | None]) -> Callable[[Values], set[int]]:
    """The numbers of one part of the times that values hold."""
    return lambda values: {number for time in values.once(_times) if (number := read(*time)) is not None}


def _week(year: int, month: int, day: int, *_: int | None) -> int | None:
    try:
        return datetime.date(year, month, day).isocalendar().week
    except ValueError:  # the 31st of a month that has 30 days
        return None


_TIME_PARTS: dict[str, Callable[[Values], set[int]]] = {
    "year": _numbers(lambda *parts: parts[0]),
    "month": _numbers(lambda *parts: parts[1]),
    "day": _numbers(lambda *parts: parts[2]),
    "hour": _numbers(lambda *parts: parts[3]),
    "minute": _numbers(lambda *parts: parts[4]),
    "week": _numbers(_week),
}


def _null() -> Predicate:
    return lambda values: not values.found or None in values.found


def _exists() -> Predicate:
    return lambda values: bool(values.found)


_MAKERS: dict[str, Callable[..., Predicate]] = {
    "is": _is,
    "is_cased": _is_cased,
    "like": _like,
    "like_cased": _like_cased,
    "re": _regex,
    "number": _number,
    "cidr": _cidr,
    "time": _time,
    "null": _null,
    "exists": _exists,
}
