"""How large a rule may grow when it is compiled.

Modifiers, lists and selectors multiply: a file of a few kilobytes can spell millions of values. Each rule
is measured before it grows; real rules stay under a hundredth of these bounds.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sigma.conditions import ConditionIdentifier, ConditionItem, ConditionSelector
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaExpansion, SigmaString, SigmaType

from trailwarden.rules.modifiers import DASHES

MAX_VALUES = 20_000
MAX_CONDITION = 4_000
MAX_NESTING = 50


class TooLarge(Exception):  # noqa: N818 (caught by the builder of detections)
    """A rule that would grow out of bounds; `cure` says what to do about it."""

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


def count_values(values: Iterable[SigmaType]) -> int:
    """How many values these are, expansions followed."""
    return sum(count_values(each.values) if isinstance(each, SigmaExpansion) else 1 for each in values)


def check_growth(values: Iterable[SigmaType], modifiers: Sequence[str]) -> None:
    """Raise `TooLarge` where the modifiers would make too many values of these."""
    growth = sum(_growth(each, modifiers) for each in values)
    if growth > MAX_VALUES:
        raise too_many_values(growth)


def too_many_values(count: int) -> TooLarge:
    """The refusal of a rule of so many values."""
    message = f"the rule grows to {count:,} values; {MAX_VALUES:,} are the most"
    return TooLarge(message, "split the rule, or shorten its lists")


def _growth(value: SigmaType, modifiers: Sequence[str]) -> int:
    if isinstance(value, SigmaExpansion):
        return sum(_growth(each, modifiers) for each in value.values)
    growth: int = 3 ** modifiers.count("base64offset")
    if isinstance(value, SigmaString):
        dashes = sum(part.count(dash) for part in value.s if isinstance(part, str) for dash in DASHES)
        growth *= len(DASHES) ** min(dashes * modifiers.count("windash"), 8)
    return growth


def check_conditions(detections: SigmaDetections) -> None:
    """Raise `TooLarge` where the conditions are long, nested deeply, or refer to too much too often; and what
    pySigma raises where one does not parse."""
    if sum(map(len, detections.condition)) > MAX_CONDITION:
        message = f"the condition is longer than {MAX_CONDITION:,} characters"
        raise TooLarge(message, "name selections alike, and join them with `1 of` or `all of`")
    sizes = {name: _size(detection) for name, detection in detections.detections.items()}
    size = 0
    for condition in detections.parsed_condition:
        size += _referred(condition.parse(postprocess=False), detections, sizes, MAX_NESTING)
    if size > MAX_VALUES:
        raise too_many_values(size)


def _size(detection: SigmaDetection | SigmaDetectionItem) -> int:
    if isinstance(detection, SigmaDetectionItem):
        return count_values(detection.value)
    return sum(map(_size, detection.detection_items))


def _referred(tree: Any, detections: SigmaDetections, sizes: dict[str, int], levels: int) -> int:
    """How many values the condition refers to, each time counted; `sizes` also remembers the patterns'."""
    if levels == 0:
        message = f"the condition is nested deeper than {MAX_NESTING} levels"
        raise TooLarge(message, "write it flatter, with selections of their own")
    if isinstance(tree, ConditionSelector):
        pattern = f"of {tree.pattern}"
        if pattern not in sizes:
            referred = tree.resolve_referenced_detections(detections)
            sizes[pattern] = sum(sizes[each.identifier] for each in referred)
        return sizes[pattern]
    if isinstance(tree, ConditionIdentifier):
        return sizes.get(tree.identifier, 0)
    if isinstance(tree, ConditionItem):
        return sum(_referred(part, detections, sizes, levels - 1) for part in tree.args)
    return 0
