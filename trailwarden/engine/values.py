"""What a rule's field holds in a record: walked once a record, however many rules look."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import msgspec

from trailwarden.activity import fields
from trailwarden.delivery.records import Path, Record, values_at
from trailwarden.engine.joined import Texts
from trailwarden.engine.text import fold

_Made = TypeVar("_Made")


def scalars_in(value: Any) -> Iterator[Any]:
    """Every scalar within a value that is not null, at any depth; keys are no values."""
    pending = [value]
    while pending:
        current = pending.pop()
        if type(current) is dict:
            pending.extend(current.values())
        elif type(current) is list:
            pending.extend(current)
        elif current is not None:
            yield current


def scalar_text(scalar: Any) -> str:
    """A scalar as JSON spells it, a string without its quotes."""
    if type(scalar) is str:
        return scalar
    if scalar is True:
        return "true"
    if scalar is False:
        return "false"
    return repr(scalar)


def compact_json(value: Any) -> str:
    """The value as JSON without spaces, non-ASCII characters as they are."""
    try:
        return msgspec.json.encode(value).decode()
    except (UnicodeEncodeError, OverflowError):  # half a surrogate pair, or a number beyond 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Values:
    """The values of one field in one record, in the forms that predicates ask for, each made once."""

    __slots__ = ("_folded", "_made", "_scalars", "_texts", "found")

    def __init__(self, found: tuple[Any, ...]) -> None:
        self.found = found
        self._scalars: list[Any] | None = None
        self._texts: Texts | None = None
        self._folded: Texts | None = None
        self._made: dict[Any, Any] = {}

    @property
    def scalars(self) -> list[Any]:
        """The scalars that are, or lie within, the values; nulls left out."""
        if self._scalars is None:
            self._scalars = [scalar for value in self.found for scalar in scalars_in(value)]
        return self._scalars

    @property
    def texts(self) -> Texts:
        """What string patterns are held against: each scalar's text, and each container's compact JSON."""
        if self._texts is None:
            self._texts = Texts(self._make_texts())
        return self._texts

    @property
    def folded(self) -> Texts:
        """The texts without their case."""
        if self._folded is None:
            self._folded = Texts(map(fold, self.texts))
        return self._folded

    def once(self, make: Callable[["Values"], _Made]) -> _Made:
        """What `make` makes of the values, however many predicates ask for it."""
        if make not in self._made:
            self._made[make] = make(self)
        made: _Made = self._made[make]
        return made

    def _make_texts(self) -> list[str]:
        if len(self.found) == 1 and type(self.found[0]) is str:
            return [self.found[0]]
        texts = [scalar_text(scalar) for scalar in self.scalars]
        texts.extend(compact_json(value) for value in self.found if type(value) in {dict, list})
        return texts


class _RecordValues(Values):
    """Every value of the record, for keywords: scalars alone, so that a field's name is no hit."""

    __slots__ = ()

    def _make_texts(self) -> list[str]:
        return [scalar_text(scalar) for scalar in self.scalars]


class RecordView:
    """One record while rules look at it."""

    __slots__ = ("_everything", "_facts", "_fields", "_told", "record")

    def __init__(self, record: Record) -> None:
        self.record = record
        self._fields: dict[Path, Values] = {}
        self._everything: Values | None = None
        self._facts: fields.Facts | None = None
        self._told: dict[str, Values] = {}

    def field(self, path: Path) -> Values:
        """The values at a path."""
        values = self._fields.get(path)
        if values is None:
            values = self._fields[path] = Values(values_at(self.record, path))
        return values

    def normalised(self, name: str) -> Values:
        """The values of a normalised field; none where the record does not tell it."""
        values = self._told.get(name)
        if values is None:
            if self._facts is None:
                self._facts = fields.Facts(self.record)
            values = self._told[name] = Values(fields.values(self._facts, name))
        return values

    @property
    def everything(self) -> Values:
        """Every value of the record."""
        if self._everything is None:
            self._everything = _RecordValues((self.record,))
        return self._everything
