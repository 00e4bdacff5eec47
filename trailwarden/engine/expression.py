"""A rule's condition as an expression over numbered leaves, for deciding it a field at a time.

A leaf is one predicate on one field; equal leaves of all rules share a number, so that a value is held
against each predicate once. An expression is a leaf's number, or `(AND, parts)`, `(OR, parts)` or
`(NOT, part)`: hashable, so that equal remainders of conditions are recognised.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

Expression = Any
AND: Final = "and"
OR: Final = "or"
NOT: Final = "not"


def settle(expression: Expression, own: Collection[int], held: Collection[int]) -> Expression:
    """What is left of an expression when the leaves `own` are known, and those of them in `held` hold.

    True or False where that decides it; the same object where it changes nothing.
    """
    if type(expression) is int:
        return expression in held if expression in own else expression
    kind, parts = expression
    if kind == NOT:
        inner = settle(parts, own, held)
        if inner is True or inner is False:
            return not inner
        return expression if inner is parts else (NOT, inner)
    decisive = kind == OR  # what decides the whole by itself; its opposite drops out
    left = []
    changed = False
    for part in parts:
        inner = settle(part, own, held)
        if inner is decisive:
            return decisive
        if inner is not part:
            changed = True
        if inner is not True and inner is not False:
            left.append(inner)
    if not changed:
        return expression
    if not left:
        return not decisive
    return left[0] if len(left) == 1 else (kind, tuple(left))


def needed(expression: Expression, field_of: Sequence[int]) -> dict[int, frozenset[int]]:
    """By field, the leaves of which one must hold for the expression to hold; fields that are not in it
    are free. `field_of` says which field a leaf belongs to."""
    if type(expression) is int:
        return {field_of[expression]: frozenset((expression,))}
    kind, parts = expression
    if kind == NOT:
        return {}
    bounds = [needed(part, field_of) for part in parts]
    result = dict(bounds[0])
    if kind == AND:
        for bound in bounds[1:]:
            for field, leaves in bound.items():
                known = result.get(field)
                if known is None or len(leaves) < len(known):
                    result[field] = leaves
        return result
    for bound in bounds[1:]:
        result = {field: leaves | bound[field] for field, leaves in result.items() if field in bound}
    return result


def fields_in(expression: Expression, field_of: Sequence[int]) -> set[int]:
    """The fields that an expression asks about."""
    if type(expression) is int:
        return {field_of[expression]}
    kind, parts = expression
    if kind == NOT:
        return fields_in(parts, field_of)
    found: set[int] = set()
    for part in parts:
        found |= fields_in(part, field_of)
    return found
