"""Policy variables (`${aws:userid}`) in conditions: the emulator takes them for plain text.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_evaluator

_VARIABLE = re.compile(r"\$\{([\w:/.-]+)\}")
Resolve = Callable[[str], Any]


def put_policy_variables_in() -> None:
    """Have conditions judged with the values of their variables."""
    conditions_met = iam_evaluator._conditions_met  # noqa: SLF001 (where every condition is judged)

    def met_with_values(conditions: Any, context: iam_evaluator.EvalContext) -> bool:
        def resolve(name: str) -> Any:
            return iam_evaluator._resolve_condition_key(name, context)  # noqa: SLF001

        resolved = with_values(conditions or {}, resolve)
        return resolved is not None and bool(conditions_met(resolved, context))

    iam_evaluator._conditions_met = met_with_values  # noqa: SLF001


def with_values(conditions: Mapping[str, Any], resolve: Resolve) -> dict[str, Any] | None:
    """The conditions with a value for each variable; None where one has none: then no statement holds."""
    try:
        return {
            operator: {key: _filled(expected, resolve) for key, expected in keys.items()}
            if isinstance(keys, Mapping)
            else keys
            for operator, keys in conditions.items()
        }
    except LookupError:
        return None


def _filled(expected: Any, resolve: Resolve) -> Any:
    if isinstance(expected, list):
        return [_filled(each, resolve) for each in expected]
    return (
        _VARIABLE.sub(lambda found: _value(found[1], resolve), expected)
        if isinstance(expected, str)
        else expected
    )


def _value(name: str, resolve: Resolve) -> str:
    value = resolve(name)
    if not isinstance(value, str) or not value:
        raise LookupError(name)
    return value
