"""The few fields of a record that rules test in nearly every record, decoded without the rest of it.

A row is a msgspec Struct of these fields; what else a record holds is skipped over. Every leaf may hold
any JSON value, and where a path leads into an object, anything else may stand there too, so that no odd
record fails its block. What a rule may ask of one record in a thousand (`requestParameters` and its like)
is not in the row: it is looked up in the whole record, when a rule still depends on it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Literal

import msgspec

from trailwarden.delivery.records import Path, joins_from
from trailwarden.engine.visibility import OMISSIBLE

Row = Any
MISSING = msgspec.UNSET

# Fields that CloudTrail fills with one short scalar, or an object of such, in nearly every record.
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
# In the order in which it writes them, since msgspec looks for a key where it found the last one.
_ORDER = (
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "errorCode",
    "errorMessage",
    "requestParameters",
    "responseElements",
    "additionalEventData",
    "readOnly",
    "eventType",
    "apiVersion",
    "managementEvent",
    "recipientAccountId",
    "serviceEventDetails",
    "vpcEndpointId",
    "vpcEndpointAccountId",
    "eventCategory",
    "tlsDetails",
    "sessionCredentialFromConsole",
)
_IN_ROW = frozenset(_ORDER) - frozenset(OMISSIBLE)
_EVENT_TIME: Path = ("eventTime",)
_MARK = "omitted"
_NO_MARK = Literal["-"] | msgspec.UnsetType  # a type that no mark has
_MOST_FIELDS_OF_AN_OBJECT = 32  # msgspec compares a key with each field: more of them are no saving
_Tree = dict[str, Any]


def paths_in_row(paths: Iterable[Path]) -> list[Path]:
    """Those of the paths that a row holds, in a fixed order.

    A path that leads on from another one is left out with it, since an object that is tested as a whole
    must be decoded as a whole; so is one of which a key with dots may be part.
    """
    usual = sorted({path for path in paths if path[0] in _IN_ROW and len(path) - joins_from(path) < 2})
    whole = {path[:length] for path in usual for length in range(1, len(path))} & set(usual)
    alone = [path for path in usual if path not in whole and not _below(path, whole)]
    children: dict[Path, set[str]] = {}
    for path in alone:
        for length in range(1, len(path)):
            children.setdefault(path[:length], set()).add(path[length])
    wide = {parent for parent, names in children.items() if len(names) > _MOST_FIELDS_OF_AN_OBJECT}
    return [path for path in alone if not _below(path, wide)]


def _below(path: Path, parents: set[Path]) -> bool:
    return any(path[:length] in parents for length in range(1, len(path)))


class RowType:
    """Rows of some paths, and how to read them; every row also holds `eventTime`.

    `getters[path](row)` is the value, `MISSING` where the record has none. It raises AttributeError where
    something else than an object stands above the path: `find` tells what that comes to.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        tops = {"eventTime", *OMISSIBLE, *(path[0] for path in paths)}
        tree: _Tree = {name: {} for name in _ORDER if name in tops}
        omissible = [(field, _MARK) for field in OMISSIBLE]
        for path in (_EVENT_TIME, *omissible, *paths):
            branch = tree
            for name in path:
                branch = branch.setdefault(name, {})
        self._attributes: dict[Path, str] = {}
        self.struct = self._struct(tree, (), "", Any)
        self._decode: Any = msgspec.json.Decoder(list[self.struct]).decode  # type: ignore[name-defined]
        unmarked: Any = self._struct(tree, (), "", _NO_MARK)
        self._decode_unmarked: Any = msgspec.json.Decoder(list[unmarked]).decode
        self.event_time: Callable[[Row], Any] = attrgetter(self._attributes[_EVENT_TIME])
        self._omissible = attrgetter(*(self._attributes[path].partition(".")[0] for path in omissible))
        self.getters: Mapping[Path, Callable[[Row], Any]] = {
            path: attrgetter(self._attributes[path]) for path in (_EVENT_TIME, *paths)
        }

    def rows(self, block: bytes) -> tuple[list[Row], Sequence[int]]:
        """The rows of a JSON array of records, and the positions of those whose records say that contents
        were omitted for their size.

        Few records do: the decoder refuses a block that has one, so that nobody needs to look for them.

        Raises:
            msgspec.DecodeError, RecursionError: the block is no JSON, or holds other things than records.
        """
        try:
            return self._decode_unmarked(block), ()
        except msgspec.ValidationError:
            rows = self._decode(block)
        contents_of = self._omissible
        return rows, [position for position, row in enumerate(rows) if any(map(_marked, contents_of(row)))]

    def _struct(self, tree: _Tree, above: Path, dotted: str, mark: Any) -> Any:
        """Attributes are numbered, for a rule's field may have any name; `mark` is the type of the marks."""
        fields: list[tuple[str, Any, Any]] = []
        names = {}
        for number, (name, below) in enumerate(tree.items()):
            attribute = f"f{number}"
            names[attribute] = name
            path = (*above, name)
            if below:
                inner = self._struct(below, path, f"{dotted}{attribute}.", mark)
                anything = inner | list[Any] | str | bool | int | float | None
                fields.append((attribute, anything, inner()))
            else:
                self._attributes[path] = dotted + attribute
                leaf = mark if path[-1] == _MARK and path[0] in OMISSIBLE else Any
                fields.append((attribute, leaf, MISSING))
        # Rows are acyclic and short-lived: the collector need not know them.
        return msgspec.defstruct("Row", fields, rename=names, frozen=True, gc=False)

    def find(self, row: Row, path: Path) -> Any:
        """The value at a path whatever stands above it; raises `OddShapeError` where that is a list."""
        value = row
        for attribute in self._attributes[path].split("."):
            if isinstance(value, list):
                raise OddShapeError
            if not isinstance(value, msgspec.Struct):
                return MISSING
            value = getattr(value, attribute)
        return value


def _marked(contents: Any) -> bool:
    """Whether an object has the one field that a row keeps of it."""
    return getattr(contents, "f0", MISSING) is not MISSING


class OddShapeError(Exception):
    """A list stands where AWS puts an object: the record is looked at as a whole."""
