"""AWS's service models, as botocore carries them: which API calls there are, what they take and return.

A service's model is read when a rule first names it (EC2's takes about 0.1 s, most a hundredth of that), and
kept. CloudTrail's `eventSource` is a service's signing name or the prefix of its endpoint, and several
services may share one (`rds.amazonaws.com` is also Neptune's and DocumentDB's).
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import gzip
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore.exceptions import DataNotFoundError
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


@dataclass(frozen=True, slots=True)
class Shape:
    """A part of a request or response, looked up in its service's model as it is asked for."""

    _shapes: Mapping[str, Any]
    _name: str

    @property
    def _model(self) -> Mapping[str, Any]:
        model: Mapping[str, Any] = self._shapes[self._name]
        return model

    @property
    def members(self) -> frozenset[str]:
        """The names of a structure's members, as the model and as the wire spells them; else empty."""
        return frozenset(name for name, _ in self._named_members())

    def _named_members(self) -> Iterable[tuple[str, str]]:
        """Each name of a member, with the name of its shape."""
        for name, member in self._model.get("members", {}).items():
            for spelling in (name, member.get("locationName"), member.get("queryName")):
                if spelling:
                    yield spelling, member["shape"]

    @property
    def is_open(self) -> bool:
        """Whether anything may stand in it: a map, or a document of no fixed form."""
        model = self._model
        return model["type"] == "map" or bool(model.get("document")) or bool(model.get("eventstream"))

    def member(self, name: str) -> "Shape | None":
        """The member of that name, whatever its case."""
        wanted = name.lower()
        found = (shape for spelling, shape in self._named_members() if spelling.lower() == wanted)
        shape = next(found, None)
        return None if shape is None else Shape(self._shapes, shape)

    def element(self) -> "Shape | None":
        """What a list holds; None for what is no list."""
        model = self._model
        return Shape(self._shapes, model["member"]["shape"]) if model["type"] == "list" else None


@dataclass(frozen=True, slots=True)
class Operation:
    """One API call of a model."""

    name: str
    _model: Mapping[str, Any]
    _shapes: Mapping[str, Any]

    @property
    def request(self) -> Shape | None:
        """What it takes; None where it takes nothing."""
        return self._shape("input")

    @property
    def response(self) -> Shape | None:
        """What it returns; None where it returns nothing."""
        return self._shape("output")

    def _shape(self, side: str) -> Shape | None:
        return Shape(self._shapes, self._model[side]["shape"]) if side in self._model else None


@dataclass(slots=True)
class _Source:
    """The services behind one event source: their calls, by name in lower case."""

    calls: frozenset[str]
    operations: dict[str, tuple[Operation, ...]]


@dataclass
class BotocoreModels:
    """`trailwarden.rules.check.ApiModels` over botocore's data. Make it once; it remembers what it read."""

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

    def _source(self, event_source: str) -> _Source | None:
        key = event_source.lower()
        if key not in self._sources:
            self._sources[key] = self._read(key)
        return self._sources[key]

    def _read(self, event_source: str) -> _Source | None:
        if not event_source.endswith(_SUFFIX):
            return None
        operations: dict[str, list[Operation]] = {}
        for service in sorted(self._services.get(event_source.removesuffix(_SUFFIX), ())):
            try:
                model = self.loader.load_service_model(service, _TYPE)
            except DataNotFoundError:
                continue
            shapes = model["shapes"]
            for name, operation in model["operations"].items():
                operations.setdefault(name.lower(), []).append(Operation(name, operation, shapes))
        if not operations:
            return None
        names = frozenset(each.name for found in operations.values() for each in found)
        return _Source(names, {name: tuple(found) for name, found in operations.items()})

    @cached_property
    def _services(self) -> dict[str, set[str]]:
        """By what stands before `.amazonaws.com`, the services that write it: from the head of each model,
        which holds its endpoint's and its signature's names."""
        services: dict[str, set[str]] = {key: set(names) for key, names in _OTHER_SOURCES.items()}
        for root, service in self._directories():
            for name in {service, *_names_in_head(root)}:
                for key in _keys(name):
                    services.setdefault(key, set()).add(service)
        return services

    def _directories(self) -> Iterable[tuple[Path, str]]:
        """The folder of each service's newest model."""
        for service in self.loader.list_available_services(_TYPE):
            version = self.loader.determine_latest_version(service, _TYPE)
            for path in self.loader.search_paths:
                folder = Path(path, service, version)
                if folder.is_dir():
                    yield folder, service
                    break


def _names_in_head(folder: Path) -> set[str]:
    file = folder / f"{_TYPE}.json.gz"
    try:
        if file.is_file():
            with gzip.open(file) as stream:
                head = stream.read(_HEAD_BYTES)
        else:
            with (folder / f"{_TYPE}.json").open("rb") as stream:
                head = stream.read(_HEAD_BYTES)
    except OSError:
        return set()
    return {value.decode() for _, value in _METADATA.findall(head)}


def _keys(name: str) -> set[str]:
    """The name, and the name without what endpoints put before a service's own."""
    lowered = name.lower()
    return {lowered} | {lowered.removeprefix(each) for each in _DECORATIONS}
