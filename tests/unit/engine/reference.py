"""A naive evaluator, straight from pySigma's parsed conditions: no compiled form, no index, no cache.

It shares no code with the engine (but `activity`, which reads normalised fields) and prefers plainness to
speed; the engine must agree with it.
"""

import datetime
import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaDetections, SigmaRule
from sigma.types import (
    CompareOperators,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from trailwarden.activity.fields import NORMALISED, Facts, values
from trailwarden.rules.modifiers import CasedFieldReference

Evaluate = Callable[[dict[str, Any]], bool]


def reference(rule: SigmaRule, *dropping: SigmaDetections) -> Evaluate:
    """The rule as a function of a record; conditions in a list mean any. `dropping` are filters' detections:
    what one of them meets is no match."""
    matches, drops = _any_condition(rule.detection), [_any_condition(each) for each in dropping]
    return lambda record: matches(record) and not any(drop(record) for drop in drops)


def _any_condition(detections: SigmaDetections) -> Evaluate:
    trees = [condition.parsed for condition in detections.parsed_condition]
    return lambda record: any(_holds(tree, record) for tree in trees)


def _holds(node: Any, record: dict[str, Any]) -> bool:
    if isinstance(node, ConditionAND):
        return all(_holds(part, record) for part in node.args)
    if isinstance(node, ConditionOR):
        return any(_holds(part, record) for part in node.args)
    if isinstance(node, ConditionNOT):
        return not _holds(node.args[0], record)
    if isinstance(node, ConditionFieldEqualsValueExpression):
        return _field(_values_of(record, node.field), node.value, record)
    assert isinstance(node, ConditionValueExpression)
    return _keyword(node.value, record)


def _values_of(record: dict[str, Any], field: str) -> list[Any]:
    """What a field holds; a normalised one, what `activity` reads from the whole record."""
    if field in NORMALISED:
        return list(values(Facts(record), field))
    return list(_find(record, field.split(".")))


def _find(value: Any, path: list[str]) -> Iterator[Any]:
    if not path:
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _find(element, path)
    elif isinstance(value, dict):
        for length in range(1, len(path) + 1):
            if (key := ".".join(path[:length])) in value:
                yield from _find(value[key], path[length:])


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for element in value for leaf in _leaves(element)]
    return [] if value is None else [value]


def _text(scalar: Any) -> str:
    return scalar if isinstance(scalar, str) else json.dumps(scalar)


def _texts(values: list[Any]) -> list[str]:
    containers = [value for value in values if isinstance(value, dict | list)]
    return [_text(leaf) for value in values for leaf in _leaves(value)] + [
        json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in containers
    ]


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    return "".join(next((form for form in (c.casefold(), c.lower()) if len(form) == 1), c) for c in text)


def _field(values: list[Any], wanted: Any, record: dict[str, Any]) -> bool:
    if isinstance(wanted, SigmaExpansion):
        return any(_field(values, each, record) for each in wanted.values)
    if isinstance(wanted, SigmaNull):
        return values == [] or any(value is None for value in values)
    if isinstance(wanted, SigmaExists):
        return wanted.exists is (values != [])
    leaves = [leaf for value in values for leaf in _leaves(value)]
    if isinstance(wanted, SigmaFieldReference):
        others = [leaf for value in _values_of(record, wanted.field) for leaf in _leaves(value)]
        form = str if isinstance(wanted, CasedFieldReference) else _fold
        return any(_relates(form(_text(a)), form(_text(b)), wanted) for a in leaves for b in others)
    if isinstance(wanted, SigmaString | SigmaBool | SigmaRegularExpression):
        return any(_matches(text, wanted) for text in _texts(values))
    return any(_scalar(leaf, wanted) for leaf in leaves)


def _keyword(wanted: Any, record: dict[str, Any]) -> bool:
    if isinstance(wanted, SigmaExpansion):
        return any(_keyword(each, record) for each in wanted.values)
    leaves = _leaves(record)
    if isinstance(wanted, SigmaNumber):
        return any(str(wanted.number) in _text(leaf) for leaf in leaves)
    if isinstance(wanted, SigmaString):
        inside = SpecialChars.WILDCARD_MULTI + wanted + SpecialChars.WILDCARD_MULTI
        return any(_matches(_text(leaf), inside) for leaf in leaves)
    if isinstance(wanted, SigmaRegularExpression):
        return any(_matches(_text(leaf), wanted) for leaf in leaves)
    return any(_scalar(leaf, wanted) for leaf in leaves)


def _relates(text: str, other: str, wanted: SigmaFieldReference) -> bool:
    if wanted.starts_with and wanted.ends_with:
        return other in text
    if wanted.starts_with:
        return text.startswith(other)
    return text.endswith(other) if wanted.ends_with else text == other


def _matches(text: str, wanted: Any) -> bool:
    if isinstance(wanted, SigmaRegularExpression):
        flags = 0
        for flag in wanted.flags:
            flags |= SigmaRegularExpression.sigma_to_python_flags[flag]
        return re.search(str(wanted.regexp), text, flags) is not None
    if isinstance(wanted, SigmaBool):
        return text.lower() == str(wanted.boolean).lower()
    cased = isinstance(wanted, SigmaCasedString)
    wildcards = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}
    pattern = "".join(
        re.escape(part if cased else _fold(part)) if isinstance(part, str) else wildcards[part]
        for part in wanted.s
    )
    return re.fullmatch(pattern, text if cased else _fold(text), re.DOTALL) is not None


def _scalar(leaf: Any, wanted: Any) -> bool:
    is_number = isinstance(leaf, int | float) and not isinstance(leaf, bool)
    if isinstance(wanted, SigmaTimestampPart):
        return _part_of_time(leaf, wanted) == wanted.number
    if isinstance(wanted, SigmaNumber):
        return leaf == wanted.number if is_number else _text(leaf) == str(wanted.number)
    if isinstance(wanted, SigmaCIDRExpression):
        return isinstance(leaf, str) and any(
            _in_network(part.strip(), wanted.network) for part in leaf.split(",")
        )
    assert isinstance(wanted, SigmaCompareExpression)
    if isinstance(wanted.number, SigmaTimestampPart):
        leaf = _part_of_time(leaf, wanted.number)
        is_number = leaf is not None
    elif isinstance(leaf, str) and re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", leaf, re.ASCII):
        leaf, is_number = json.loads(leaf), True
    bound = wanted.number.number
    compared = {
        CompareOperators.LT: lambda: leaf < bound,
        CompareOperators.LTE: lambda: leaf <= bound,
        CompareOperators.GT: lambda: leaf > bound,
        CompareOperators.GTE: lambda: leaf >= bound,
    }
    return is_number and compared[wanted.op]()


def _in_network(text: str, network: Any) -> bool:
    """As addresses are 128 bits wide, IPv4 within ::ffff:0:0/96; but ::/0 and the like hold no IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False

    def bits(value: Any, width: int) -> int:
        return int(value) | (0xFFFF << 32 if width == 32 else 0)

    prefix = network.prefixlen + (128 - network.max_prefixlen)
    if address.version == 4 and prefix < 96:
        return False
    shift = 128 - prefix
    start = bits(network.network_address, network.max_prefixlen)
    return bool(bits(address, address.max_prefixlen) >> shift == start >> shift)


def _part_of_time(leaf: Any, wanted: SigmaTimestampPart) -> int | None:
    """The part that is asked for, of a text such as 2026-01-31T12:00:00Z; its zone is not converted."""
    if not isinstance(leaf, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\dZ?)?)?", leaf, re.ASCII
    ):
        return None
    part = wanted.timestamp_part.name
    if part == "WEEK":
        return datetime.date.fromisoformat(leaf[:10]).isocalendar()[1]
    start = {"YEAR": 0, "MONTH": 5, "DAY": 8, "HOUR": 11, "MINUTE": 14}[part]
    found = leaf[start : start + (4 if part == "YEAR" else 2)]
    return int(found) if found else None
