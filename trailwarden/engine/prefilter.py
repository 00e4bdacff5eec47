"""What a condition needs of one field, so that a record which lacks it need not be evaluated."""

from trailwarden.engine.text import fold
from trailwarden.rules.ruleset import Node


def needed_texts(node: Node, field: str) -> frozenset[str] | None:
    """The folded texts of which a field must hold one for the condition to hold, or None where any may do.

    True for records in which the field holds exactly one string; others must be evaluated in full.
    """
    name, *arguments = node
    if name == "and":
        bounds = [texts for child in arguments if (texts := needed_texts(child, field)) is not None]
        return frozenset.intersection(*bounds) if bounds else None
    if name == "or":
        choices = [needed_texts(child, field) for child in arguments]
        bounded = [texts for texts in choices if texts is not None]
        return frozenset().union(*bounded) if len(bounded) == len(choices) else None
    if name == "field" and arguments[0] == field and arguments[1][0] in {"is", "is_cased"}:
        return frozenset(map(fold, arguments[1][1:]))
    return None
