"""A rule's condition as it is written: its selections, their lines and values, each with its place and with
what it compiles to.

The compiled condition is flat and made for speed; this keeps the author's own parts, for whoever speaks to
the author. `Part.node` of the whole is equivalent to what `compile_rule` makes of the same detections.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
)
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaBool, SigmaExpansion, SigmaNull, SigmaNumber, SigmaString, SigmaType

from trailwarden.rules.compile import compile_part
from trailwarden.rules.document import Document, Path
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.modifiers import MODIFIERS
from trailwarden.rules.ruleset import Node
from trailwarden.rules.source import RuleSource

_MODIFIER_NAMES = {modifier: name for name, modifier in MODIFIERS.items()}


class Kind(StrEnum):
    """What a part is. `LINE` is one `field|modifier: values` (or keywords), which has no parts."""

    ALL = "all of"
    ANY = "any of"
    NOT = "not"
    SELECTION = "selection"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a condition and where it is written (line and column from 1). A `SELECTION` has one part and
    a name; a `LINE` has the field (empty for keywords), its modifiers, and its values as they are written."""

    kind: Kind
    node: Node
    line: int
    column: int
    parts: tuple["Part", ...] = ()
    name: str = ""
    field: str = ""
    modifiers: tuple[str, ...] = ()
    values: tuple[object, ...] = ()

    def walk(self) -> Iterator["Part"]:
        """This part and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


class _Refused(Exception):  # noqa: N818 (caught in this module)
    """A part that does not compile."""


def outline_of_rule(source: RuleSource) -> Part | None:
    """The condition of a rule, its filters left aside; None where something in it is refused."""
    return _outline(source, source.rule.detection, source.document)


def outline_of_filter(source: FilterSource) -> Part | None:
    """The condition of a filter, as it is written; None where something in it is refused."""
    return _outline(source, source.detections, None)


def _outline(
    source: RuleSource | FilterSource, detections: SigmaDetections, document: Document | None
) -> Part | None:
    outliner = _Outliner(source, detections, document)
    try:
        return outliner.whole()
    except _Refused:
        return None


class _Outliner:
    def __init__(
        self, source: RuleSource | FilterSource, detections: SigmaDetections, document: Document | None
    ) -> None:
        self._source = source
        self._detections = detections
        self._document = document
        self._place = source.line, source.column
        self._paths: dict[tuple[int, int], Path] = {}
        if document is not None:
            self._place = document.place(("detection", "condition"))
            self._paths = {place: path for path, place in document.keys.items() if path[0] == "detection"}

    def whole(self) -> Part:
        trees = [condition.parse(postprocess=False) for condition in self._detections.parsed_condition]
        return self._joined(Kind.ANY, [self._condition(tree) for tree in trees])

    def _joined(self, kind: Kind, parts: list[Part]) -> Part:
        if len(parts) == 1:
            return parts[0]
        word = "and" if kind is Kind.ALL else "or"
        return Part(kind, [word, *(part.node for part in parts)], *self._place, tuple(parts))

    def _condition(self, tree: object) -> Part:
        if isinstance(tree, ConditionIdentifier):
            return self._selection(tree.identifier)
        if isinstance(tree, ConditionSelector):
            referred = tree.resolve_referenced_detections(self._detections)
            kind = Kind.ALL if tree.cond_class is ConditionAND else Kind.ANY
            return self._joined(kind, [self._selection(each.identifier) for each in referred])
        if isinstance(tree, ConditionNOT):
            part = self._condition(tree.args[0])
            return Part(Kind.NOT, ["not", part.node], *self._place, (part,))
        if isinstance(tree, ConditionAND | ConditionOR):
            kind = Kind.ALL if isinstance(tree, ConditionAND) else Kind.ANY
            return self._joined(kind, [self._condition(each) for each in tree.args])
        raise _Refused

    def _selection(self, name: str) -> Part:
        detection = self._detections.detections[name]
        part = self._detection(detection)
        return Part(Kind.SELECTION, part.node, *self._where(detection), (part,), name=name)

    def _where(self, item: SigmaDetection | SigmaDetectionItem) -> tuple[int, int]:
        place = item.source
        return (place.line or 1, place.char or 1) if place is not None else self._place

    def _detection(self, detection: SigmaDetection) -> Part:
        parts = tuple(
            self._line(each) if isinstance(each, SigmaDetectionItem) else self._detection(each)
            for each in detection.detection_items
        )
        if len(parts) == 1:
            return parts[0]
        kind = Kind.ALL if detection.item_linking is ConditionAND else Kind.ANY
        word = "and" if kind is Kind.ALL else "or"
        return Part(kind, [word, *(part.node for part in parts)], *self._where(detection), parts)

    def _line(self, item: SigmaDetectionItem) -> Part:
        condition = item.postprocess(self._detections)
        node = compile_part(self._source, self._detections, condition)
        if not node:
            raise _Refused
        place = self._where(item)
        modifiers, values = self._as_written(item, place)
        return Part(
            Kind.LINE, node, *place, field=item.field or "", modifiers=modifiers, values=tuple(values)
        )

    def _as_written(
        self, item: SigmaDetectionItem, place: tuple[int, int]
    ) -> tuple[tuple[str, ...], Iterable[object]]:
        """Modifiers and values: from the YAML, or, where it is not at hand, from what pySigma made of it."""
        path = self._paths.get(place)
        if self._document is None or path is None:
            return tuple(_MODIFIER_NAMES.get(each, "") for each in item.modifiers), _plain(
                item.original_value
            )
        value: Any = self._document.data
        for key in path:
            value = value[key]
        name, *modifiers = str(path[-1]).split("|")
        is_line = name == (item.field or "")
        return tuple(modifiers if is_line else ()), value if isinstance(value, list) else [value]


def _plain(values: Iterable[SigmaType] | None) -> Iterator[object]:
    for value in values or ():
        if isinstance(value, SigmaExpansion):
            yield from _plain(value.values)
        elif isinstance(value, SigmaString | SigmaNumber | SigmaBool):
            yield value.to_plain()
        else:
            yield None if isinstance(value, SigmaNull) else str(value)
