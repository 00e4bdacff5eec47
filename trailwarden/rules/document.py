"""YAML text → plain data that remembers its places, within bounds.

Sigma rules come from people and from third parties. Read here: one bounded tree a document, with the
line and column of every key and value. Refused by name: what YAML 1.1 and 1.2 read differently (`No`,
`012`, `1:30`, `1e3`), numbers whose value is spelled otherwise than they are written (`1.10`, `0x1F`), merge
keys, keys that are no text, duplicate keys, tags, and documents that grow out of bounds when their aliases
are followed.
https://yaml.org/spec/1.2.2/#1032-tag-resolution
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from trailwarden.errors import Problem

MAX_BYTES = 2 * 1024 * 1024
MAX_NODES = 50_000
MAX_DEPTH = 50

_CORE = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_CORE + name for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_TRUE_FALSE = frozenset({"true", "false"})
_LONGEST_NUMBER = 1000
NUMBER_OF_1_2 = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)

Path = tuple[str | int, ...]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its data, and the line and column (from 1) of each key and value by path. `shipped`
    says that Trailwarden brings it, and no team wrote it."""

    path: str
    data: Any
    line: int
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    shipped: bool = False

    def place(self, path: Path) -> Place:
        """Where the key at a path stands; without it, its value, or what holds it."""
        while path:
            found = self.keys.get(path) or self.values.get(path)
            if found:
                return found
            path = path[:-1]
        return self.values.get((), (self.line, 1))

    def problem(self, path: Path, message: str, cure: str = "") -> Problem:
        """A mistake at a path."""
        return Problem(self.path, *self.place(path), message, cure)


class _TooLarge(Exception):  # noqa: N818 (caught in this module)
    """A document that is out of bounds, and where."""

    def __init__(self, mark: Any, message: str) -> None:
        super().__init__(message)
        self.mark = mark


def read_documents(path: str, content: bytes) -> tuple[list[Document], list[Problem]]:
    """The documents of one file, and every mistake in its YAML. A broken file has no documents."""
    if len(content) > MAX_BYTES:
        return [], [Problem(path, 1, 1, f"the file is larger than {MAX_BYTES:,} bytes", "split it")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        column = error.start - before.rfind(b"\n")
        return [], [
            Problem(path, before.count(b"\n") + 1, column, "not UTF-8 text", "save the file as UTF-8")
        ]
    try:
        nodes = list(_compose(text))
    except _TooLarge as error:
        place = _place(error.mark)
        return [], [Problem(path, *place, str(error), "write the rule out in plain, flat YAML")]
    except yaml.YAMLError as error:
        return [], [_yaml_problem(path, text, error)]
    problems: list[Problem] = []
    documents = [_Builder(path, problems).document(node) for node in nodes]
    return [document for document in documents if document.data is not None], problems


def _place(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)


def _yaml_problem(path: str, text: str, error: yaml.YAMLError) -> Problem:
    cure = "mend the YAML here, or just before: check quotes, indentation, and ': ' after each key"
    if isinstance(error, yaml.MarkedYAMLError):
        words = " ".join(part for part in (error.context, error.problem) if part)
        return Problem(path, *_place(error.problem_mark or error.context_mark), f"not YAML: {words}", cure)
    before = text[: getattr(error, "position", 0)]
    place = before.count("\n") + 1, len(before) - before.rfind("\n")
    return Problem(path, *place, f"not YAML: {str(error).splitlines()[0]}", cure)


def _compose(text: str) -> Iterator[yaml.Node]:
    """The nodes of each document, once its events show that it is within bounds."""
    depth = count = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        count += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        _check_bounds(event.start_mark, depth, count)
    for node in yaml.compose_all(text, Loader=yaml.CSafeLoader):
        _measure(node, {}, set())
        yield node


def _check_bounds(mark: Any, depth: int, count: int) -> None:
    if depth > MAX_DEPTH:
        raise _TooLarge(mark, f"nested deeper than {MAX_DEPTH} levels")
    if count > MAX_NODES:
        raise _TooLarge(mark, f"more than {MAX_NODES:,} values, aliases followed")


def _measure(node: yaml.Node, known: dict[int, Place], open_nodes: set[int]) -> tuple[int, int]:
    """Size and depth of a node as a tree, aliases followed, without ever growing that tree."""
    if id(node) in known:
        return known[id(node)]
    if id(node) in open_nodes:
        raise _TooLarge(node.start_mark, "an alias leads back into itself")
    open_nodes.add(id(node))
    size, depth = 1, 0
    for child in _children(node):
        child_size, child_depth = _measure(child, known, open_nodes)
        size, depth = size + child_size, max(depth, child_depth + 1)
        _check_bounds(node.start_mark, depth, size)
    open_nodes.discard(id(node))
    known[id(node)] = size, depth
    return size, depth


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


class _Builder:
    """Builds the data of one document from its nodes, noting places and mistakes."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems
        self._scalars = yaml.constructor.SafeConstructor()
        self._keys: dict[Path, Place] = {}
        self._values: dict[Path, Place] = {}

    def document(self, node: yaml.Node) -> Document:
        data = self._build(node, ())
        return Document(self._path, data, node.start_mark.line + 1, self._keys, self._values)

    def _problem(self, node: yaml.Node, message: str, cure: str) -> None:
        self._problems.append(Problem(self._path, *_place(node.start_mark), message, cure))

    def _build(self, node: yaml.Node, path: Path) -> Any:
        self._values[path] = _place(node.start_mark)
        if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
            self._problem(node, f"the YAML tag `{node.tag}` is not understood", "write plain YAML")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _CORE + "merge":
                self._problem(key_node, "the merge key `<<` is not understood", "write the keys out")
                continue
            key = self._key(key_node)
            if key is None:
                self._problem(key_node, "a key must be text", "put the key in quotes")
                continue
            if key in mapping:
                self._problem(key_node, f"the key `{key}` stands twice in one map", "keep one of them")
                continue
            self._keys[*path, key] = _place(key_node.start_mark)
            mapping[key] = self._build(value_node, (*path, key))
        return mapping

    def _key(self, node: yaml.Node) -> str | None:
        """A key's text; None for what is no text in every version of YAML."""
        problems = list[Problem]()
        reader = _Builder(self._path, problems)
        key = reader._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        return key if isinstance(key, str) and not problems else None

    def _scalar(self, node: yaml.Node) -> Any:
        """A scalar's value; a date or time stays the text that was written, as it is in JSON."""
        written: str = node.value
        if node.tag == _CORE + "timestamp":
            return written
        if node.tag not in _PLAIN_TAGS:
            self._problem(node, f"the YAML tag `{node.tag}` is not understood", "write plain YAML")
            return None
        if node.tag == _CORE + "bool" and written.lower() not in _TRUE_FALSE:
            message = f"`{written}` is text in YAML 1.2 and a boolean in YAML 1.1"
            self._problem(node, message, f"write '{written}' in quotes if text is meant, or true or false")
            return written
        if node.tag == _CORE + "int" and len(written) > _LONGEST_NUMBER:  # Python spells no longer ones
            self._problem(node, f"`{written[:60]}…` is a number of too many digits", "put it in quotes")
            return written
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self._problem(node, f"`{written[:60]}` cannot be read: {error}", "put the value in quotes")
            return None
        if told := _misread_number(node, value):
            self._problem(node, *told)
            return written if isinstance(value, float) and not math.isfinite(value) else value
        return value


def _misread_number(node: yaml.Node, value: Any) -> tuple[str, str] | None:
    """What is wrong with a scalar without quotes that a version of YAML takes for a number, and the cure.

    Rules compare texts with what stands in a record, so a number may only be written as its value is
    spelled: `1.10` is 1.1, and a version "1.10" would be missed.
    """
    written: str = node.value
    in_quotes = f"write '{written[:60]}' in quotes if text is meant"
    shown = f"`{written[:60]}`"
    is_number = node.tag in {_CORE + "int", _CORE + "float"}
    if not is_number:
        is_plain = node.tag == _CORE + "str" and not getattr(node, "style", None)  # quotes are a style
        if not is_plain or not NUMBER_OF_1_2.fullmatch(written):
            return None
        return f"{shown} is a number in YAML 1.2 and text in YAML 1.1", in_quotes
    if not NUMBER_OF_1_2.fullmatch(written):
        return f"{shown} is text in YAML 1.2 and a number in YAML 1.1", in_quotes
    if written == repr(value):
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return f"{shown} is read as a number that no record holds", in_quotes
    return f"{shown} is read as the number {value!r}", f"{in_quotes}, or {value!r} if the number is"
