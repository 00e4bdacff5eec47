"""Simple conditions on keys, judged at once: the emulator parses a condition anew for every item.

A group of twenty thousand matches is counted in a fraction of a second so, and not in ten.
"""

import operator
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ministack.services import dynamodb

Values = Mapping[str, Mapping[str, Any]]
Test = Callable[[str, list[str]], bool]
_NAME = r"(?P<name>\w+)"
_VALUE = r"(?P<{}>:\w+)"
_COMPARED = re.compile(rf"{_NAME}\s*(?P<sign>=|<=|>=|<|>)\s*{_VALUE.format('value')}")
_BETWEEN = re.compile(rf"{_NAME} BETWEEN {_VALUE.format('value')} AND {_VALUE.format('other')}")
_BEGINS = re.compile(rf"begins_with\({_NAME},\s*{_VALUE.format('value')}\)")
_SIGNS: Mapping[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def judge_simple_conditions_at_once() -> None:
    """Have conditions of a few known forms on texts judged without parsing; the others are as they were."""
    evaluate = dynamodb._evaluate_condition  # noqa: SLF001 (where every condition is judged)
    accepted: set[tuple[str, str]] = set()

    def evaluate_at_once(
        expression: str,
        item: Mapping[str, Any],
        values: Values,
        names: Mapping[str, str],
        slot: str = "ConditionExpression",
    ) -> bool:
        tests = asked_of(expression) if expression and not names else None
        if tests is None or (slot, expression) not in accepted:
            found = bool(evaluate(expression, item, values, names, slot=slot))
            accepted.add((slot, expression))  # it raises where DynamoDB would refuse the expression
            return found
        try:
            return all(
                test(item[name]["S"], [values[reference]["S"] for reference in references])
                for name, test, references in tests
            )
        except KeyError:  # an attribute that is not there, or no text
            return bool(evaluate(expression, item, values, names, slot=slot))

    dynamodb._evaluate_condition = evaluate_at_once  # noqa: SLF001


@cache
def asked_of(expression: str) -> tuple[tuple[str, Test, tuple[str, ...]], ...] | None:
    """What a condition asks: an attribute's name, the test, and the names of the values that it is held
    against; None where it is of no known form."""
    found: list[tuple[str, Test, tuple[str, ...]]] = []
    for part in re.split(r" AND (?!:)", expression.strip()):
        if between := _BETWEEN.fullmatch(part):
            found.append((between["name"], _between, (between["value"], between["other"])))
        elif begins := _BEGINS.fullmatch(part):
            found.append((begins["name"], _begins, (begins["value"],)))
        elif compared := _COMPARED.fullmatch(part):
            found.append((compared["name"], _comparing(compared["sign"]), (compared["value"],)))
        else:
            return None
    return tuple(found)


def _between(text: str, values: list[str]) -> bool:
    return values[0] <= text <= values[1]


def _begins(text: str, values: list[str]) -> bool:
    return text.startswith(values[0])


def _comparing(sign: str) -> Test:
    compare = _SIGNS[sign]
    return lambda text, values: compare(text, values[0])
