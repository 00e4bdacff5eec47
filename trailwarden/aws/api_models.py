"""AWS's service models, as botocore carries them: which API calls there are, what they take and return.

A service's model is read when a rule first names it (EC2's takes up to 0.1 s, most a tenth of that), and
kept.
CloudTrail's `eventSource` is a service's signing name or the prefix of its endpoint, and several services may
share one (`rds.amazonaws.com` is also Neptune's and DocumentDB's).
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import gzip
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import msgspec
from botocore.loaders import Loader

_SUFFIX = ".amazonaws.com"
_HEAD_BYTES = 8192
_METADATA = re.compile(rb'"(endpointPrefix|signingName)"\s*:\s*"([^"]+)"')
_TYPE = "service-2"
_DECORATIONS = ("api.", "data.", "portal.", "runtime.", "models.", "models-v2-", "streams.")
_OTHER_SOURCES = {
    "sso": ("sso", "sso-admin", "sso-oidc"),
    "sso-oauth": ("sso-oidc",),
    "s3": ("s3", "s3control"),
    "ses": ("ses", "sesv2"),
}


class _MemberModel(msgspec.Struct):
    """What is needed of a model; its documentation, most of it, is skipped."""

    shape: str
    locationName: str | None = None  # noqa: N815 (as the model spells it)
    queryName: str | None = None  # noqa: N815


class _ShapeModel(msgspec.Struct):
    type: str
    members: dict[str, _MemberModel] = {}
    member: _MemberModel | None = None
    document: bool = False
    eventstream: bool = False


class _OperationModel(msgspec.Struct):
    input: _MemberModel | None = None
    output: _MemberModel | None = None


class _ServiceModel(msgspec.Struct):
    shapes: dict[str, _ShapeModel]
    operations: dict[str, _OperationModel]


class _ServiceNames(msgspec.Struct):
    operations: dict[str, msgspec.Raw]


@dataclass(frozen=True, slots=True)
class Shape:
    """A part of a request or response, looked up in its service's model as it is asked for."""

    _shapes: Mapping[str, _ShapeModel]
    _name: str

    @property
    def _model(self) -> _ShapeModel:
        return self._shapes[self._name]

    @property
    def members(self) -> frozenset[str]:
        """The names of a structure's members, as the model and as the wire spells them; else empty."""
        return frozenset(name for name, _ in self._named_members())

    def _named_members(self) -> Iterable[tuple[str, str]]:
        """Each name of a member, with the name of its shape."""
        for name, member in self._model.members.items():
            for spelling in (name, member.locationName, member.queryName):
                if spelling:
                    yield spelling, member.shape

    @property
    def is_open(self) -> bool:
        """Whether anything may stand in it: a map, or a document of no fixed form."""
        model = self._model
        return model.type == "map" or model.document or model.eventstream

    def member(self, name: str) -> "Shape | None":
        """The member of that name, whatever its case."""
        wanted = name.lower()
        found = (shape for spelling, shape in self._named_members() if spelling.lower() == wanted)
        shape = next(found, None)
        return None if shape is None else Shape(self._shapes, shape)

    def element(self) -> "Shape | None":
        """What a list holds; None for what is no list."""
        member = self._model.member
        return None if member is None else Shape(self._shapes, member.shape)


@dataclass(frozen=True, slots=True)
class Operation:
    """One API call of a model."""

    name: str
    _model: _OperationModel
    _shapes: Mapping[str, _ShapeModel]

    @property
    def request(self) -> Shape | None:
        """What it takes; None where it takes nothing."""
        return self._shape(self._model.input)

    @property
    def response(self) -> Shape | None:
        """What it returns; None where it returns nothing."""
        return self._shape(self._model.output)

    def _shape(self, side: _MemberModel | None) -> Shape | None:
        return None if side is None else Shape(self._shapes, side.shape)


@dataclass(slots=True)
class _Source:
    """The services behind one event source: their calls, by name in lower case."""

    calls: frozenset[str]
    operations: dict[str, tuple[Operation, ...]]


@dataclass
class BotocoreModels:
    """`trailwarden.checking.ApiModels` over botocore's data. Make it once; it remembers what it read."""

    loader: Loader = field(default_factory=Loader)
    _sources: dict[str, _Source | None] = field(default_factory=dict)

    def calls(self, event_source: str) -> frozenset[str] | None:
        """The names of a source's API calls; None where no model is known for the source."""
        source = self._source(event_source)
        return None if source is None else source.calls

    def operations(self, event_source: str, name: str) -> tuple[Operation, ...]:
        """The calls of that name, whatever its case: several where services share a source."""
        source = self._source(event_source)
        return () if source is None else source.operations.get(name.lower(), ())

    @cached_property
    def sources(self) -> frozenset[str]:
        """Every event source that a model is known for."""
        return frozenset(f"{name}{_SUFFIX}" for name in self._services)

    @cached_property
    def regions(self) -> frozenset[str]:
        """Every region that is known, of every partition."""
        partitions = self.loader.load_data("partitions")["partitions"]
        return frozenset(
            name for each in partitions for name in each["regions"] if not name.endswith("-global")
        )

    def sources_of(self, name: str) -> Sequence[str]:
        """The sources that have a call of that name, whatever its case; all models are read once for it."""
        return sorted(self._callers.get(name.lower(), ()))

    @cached_property
    def _callers(self) -> dict[str, set[str]]:
        """By the name of a call in lower case, the sources that have it."""
        callers: dict[str, set[str]] = {}
        for _, folder in self._folders():
            heads = [key for name in _names_in_head(folder) for key in _keys(name)] or [folder.parent.name]
            source = f"{min(heads, key=lambda key: (len(key), key))}{_SUFFIX}"
            for name in _names_in(folder):
                callers.setdefault(name.lower(), set()).add(source)
        return callers

    def _source(self, event_source: str) -> _Source | None:
        key = event_source.lower()
        if key not in self._sources:
            self._sources[key] = self._read(key)
        return self._sources[key]

    def _read(self, event_source: str) -> _Source | None:
        if not event_source.endswith(_SUFFIX):
            return None
        operations: dict[str, list[Operation]] = {}
        for folder in sorted(self._services.get(event_source.removesuffix(_SUFFIX), ())):
            model = _model_in(folder)
            for name, operation in model.operations.items():
                operations.setdefault(name.lower(), []).append(Operation(name, operation, model.shapes))
        if not operations:
            return None
        names = frozenset(each.name for found in operations.values() for each in found)
        return _Source(names, {name: tuple(found) for name, found in operations.items()})

    @cached_property
    def _services(self) -> dict[str, set[Path]]:
        """By what stands before `.amazonaws.com`, the folders of the services that write it: from the head of
        each model, which holds its endpoint's and its signature's names."""
        folders = dict(self._folders())
        services: dict[str, set[Path]] = {
            key: {folders[name] for name in names if name in folders} for key, names in _OTHER_SOURCES.items()
        }
        for service, folder in folders.items():
            for name in {service, *_names_in_head(folder)}:
                for key in _keys(name):
                    services.setdefault(key, set()).add(folder)
        return services

    def _folders(self) -> Iterable[tuple[str, Path]]:
        """The folder of each service's newest model."""
        for service in self.loader.list_available_services(_TYPE):
            version = self.loader.determine_latest_version(service, _TYPE)
            for path in self.loader.search_paths:
                folder = Path(path, service, version)
                if folder.is_dir():
                    yield service, folder
                    break


def _opened(folder: Path) -> BinaryIO:
    file = folder / f"{_TYPE}.json.gz"
    return gzip.open(file) if file.is_file() else (folder / f"{_TYPE}.json").open("rb")  # type: ignore[return-value]


def _model_in(folder: Path) -> _ServiceModel:
    with _opened(folder) as stream:
        return msgspec.json.decode(stream.read(), type=_ServiceModel)


def _names_in(folder: Path) -> Iterable[str]:
    """The names of a model's calls alone."""
    with _opened(folder) as stream:
        return msgspec.json.decode(stream.read(), type=_ServiceNames).operations


def _names_in_head(folder: Path) -> set[str]:
    with _opened(folder) as stream:
        head = stream.read(_HEAD_BYTES)
    return {value.decode() for _, value in _METADATA.findall(head)}


def _keys(name: str) -> set[str]:
    """The name, and the name without what endpoints put before a service's own."""
    lowered = name.lower()
    return {lowered} | {lowered.removeprefix(each) for each in _DECORATIONS}
