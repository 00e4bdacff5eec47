"""What `scan` reads: files, folders (walked) and `s3://` addresses, in a stable order."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from trailwarden.delivery.keys import LogFileKey, LogFileKind
from trailwarden.errors import LogFileUnavailable

_SUFFIXES = (".json", ".json.gz", ".gz")


class Stream(Protocol):
    """What a log file is read from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; empty at the end."""


@dataclass(frozen=True, slots=True)
class Input:
    """One file to scan. `name` is its path relative to the PATH given, with `/`. It can be pickled, and so
    opened in another process."""

    name: str
    address: str
    size: int
    open: Callable[[], AbstractContextManager[Stream]]

    @property
    def local(self) -> bool:
        """A file of this machine."""
        return not self.address.startswith("s3://")

    @property
    def kind(self) -> LogFileKind:
        """What kind of file it is, by its key; a file under any other name is taken for a log file."""
        place = self.address.removeprefix("s3://").replace(os.sep, "/")
        key = LogFileKey.parse(place) or LogFileKey.parse(self.name)
        return key.kind if key else LogFileKind.EVENTS


@dataclass(frozen=True, slots=True)
class _LocalFile:
    """A file whose read errors are told from those of whoever uses what was read."""

    stream: BinaryIO

    def read(self, size: int, /) -> bytes:
        try:
            return self.stream.read(size)
        except OSError as error:
            raise LogFileUnavailable(error.strerror or str(error)) from error


def inputs_of(path: str, s3_client: Callable[[], Any]) -> Iterator[Input]:
    """The files that `path` names, sorted. Raises `LogFileUnavailable` where it cannot be listed.

    `s3_client` is a function of a module: another process that opens an object calls it there.
    """
    if path.startswith("s3://"):
        yield from _s3_inputs(path, s3_client)
        return
    place = Path(path)
    try:
        if place.is_dir():
            yield from _folder_inputs(place)
        else:
            yield _file_input(place, place.name)
    except OSError as error:
        raise LogFileUnavailable(f"{path}: {error.strerror or error}") from error


def _folder_inputs(folder: Path) -> Iterator[Input]:
    def refuse(error: OSError) -> None:
        raise error

    for parent, folders, files in os.walk(folder, onerror=refuse):
        folders.sort()
        for name in sorted(files):
            if name.endswith(_SUFFIXES):
                file = Path(parent, name)
                yield _file_input(file, file.relative_to(folder).as_posix())


def _file_input(file: Path, name: str) -> Input:
    return Input(name, str(file), file.stat().st_size, partial(_opened, file))


@contextmanager
def _opened(file: Path) -> Iterator[Stream]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise LogFileUnavailable(error.strerror or str(error)) from error
    with stream:
        yield _LocalFile(stream)


class _Objects:
    """Objects in S3, read through one client a process: what is pickled is how a client is made."""

    def __init__(self, make_client: Callable[[], Any]) -> None:
        from trailwarden.aws.log_files import S3LogFiles  # noqa: PLC0415 (as in `_s3_inputs`)

        self._make_client = make_client
        self.client = make_client()
        self._log_files = S3LogFiles(self.client)

    def __reduce__(self) -> tuple[Any, ...]:
        return _objects_of_this_process, (self._make_client,)

    def open(self, bucket: str, key: str) -> AbstractContextManager[Stream]:
        from trailwarden.delivery.notices import ObjectRef  # noqa: PLC0415

        return self._log_files.open(ObjectRef(bucket, key))


@cache
def _objects_of_this_process(make_client: Callable[[], Any]) -> _Objects:
    return _Objects(make_client)


def _s3_inputs(address: str, make_client: Callable[[], Any]) -> Iterator[Input]:
    # botocore is loaded only where S3 is read: a scan of files starts in a third of the time.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    parts = urlsplit(address, allow_fragments=False)
    bucket, prefix = parts.netloc, parts.path.removeprefix("/") + (f"?{parts.query}" if parts.query else "")
    objects = _Objects(make_client)
    found = 0
    try:
        pages = objects.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in (entry for page in pages for entry in page.get("Contents", [])):
            name = _relative_key(entry["Key"], prefix)
            if name is None or not name.endswith(_SUFFIXES):
                continue
            found += 1
            where = f"s3://{bucket}/{entry['Key']}"
            yield Input(name, where, int(entry["Size"]), partial(objects.open, bucket, entry["Key"]))
    except (BotoCoreError, ClientError) as error:
        raise LogFileUnavailable(f"{address}: {error}") from error
    if not found:
        raise LogFileUnavailable(f"{address}: no log file lies there")


def _relative_key(key: str, prefix: str) -> str | None:
    """`key` below the folder `prefix`, its file name where `prefix` is the key itself, or None."""
    if key == prefix:
        return PurePosixPath(key).name
    folder = prefix if not prefix or prefix.endswith("/") else prefix + "/"
    return key.removeprefix(folder) if key.startswith(folder) else None
