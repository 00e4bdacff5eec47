"""What `scan` reads: files, folders (walked) and `s3://` addresses, in a stable order."""

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from trailwarden.cli.arguments import is_s3
from trailwarden.delivery.keys import LogFileKey, LogFileKind
from trailwarden.errors import LogFileUnavailable
from trailwarden.safety.text import one_line

_SUFFIXES = (".json", ".json.gz", ".gz")
_NAMES = "*.json, *.json.gz or *.gz"
_NO_FILE = "not a regular file"
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_NAMED_AT_MOST = 3  # files of other names, in one line

Say = Callable[[str], None]


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
        return not is_s3(self.address)

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


@dataclass(slots=True)
class _PassedOver:
    """What of a PATH is not read: how many files of other names, the first of them, and whether something
    that should have been read was named already."""

    files: int = 0
    first: list[str] = field(default_factory=list)
    unread: bool = False

    def add(self, name: str) -> None:
        """One more file of another name."""
        self.files += 1
        if len(self.first) < _NAMED_AT_MOST:
            self.first.append(one_line(name, 200))

    def text(self) -> str:
        """`2 files that are not named *.json, *.json.gz or *.gz: a.txt, b.md`."""
        files = "1 file that is" if self.files == 1 else f"{self.files:,} files that are"
        more = ", ..." if self.files > len(self.first) else ""
        return f"{files} not named {_NAMES}: {', '.join(self.first)}{more}"


def all_inputs(paths: Iterable[str], s3_client: Callable[[], Any], fault: Say, note: Say) -> Iterator[Input]:
    """The files that all of the paths name; `fault` gets a line for each thing that cannot be read, `note`
    one for the files below a path that are passed over."""
    for path in paths:
        try:
            yield from inputs_of(path, s3_client, fault, note)
        except LogFileUnavailable as error:
            fault(one_line(str(error), 1500))


def _refuse(text: str) -> None:
    raise LogFileUnavailable(text)


def inputs_of(
    path: str, s3_client: Callable[[], Any], fault: Say = _refuse, note: Say = lambda _: None
) -> Iterator[Input]:
    """The files that `path` names, sorted. Raises `LogFileUnavailable` if it cannot be listed, or names
    none; what cannot be read of a folder is left to `fault`, and the rest is given.

    `s3_client` is a function of a module: another process that opens an object calls it there.
    """
    passed = _PassedOver()
    place = Path(path)
    try:
        if is_s3(path):
            found = _s3_inputs(path, s3_client, passed)
        elif place.is_dir():
            found = _folder_inputs(place, fault, note, passed)
        else:
            # Anyone who names a pipe or a device wants it read.
            size = place.stat().st_size
            found = iter([Input(_printable(place.name), str(place), size, partial(_opened, place))])
        first = next(found, None)
        if first is not None:
            yield first
            yield from found
    except OSError as error:
        raise LogFileUnavailable(f"{path}: {error.strerror or error}") from error
    if first is None and not passed.unread:
        seen = f"only {passed.text()}" if passed.files else f"nothing named {_NAMES}"
        raise LogFileUnavailable(f"{path}: holds no log file, {seen}")
    if passed.files:
        note(f"{one_line(path, 1100)}: passed over {passed.text()}")


def is_log_file(name: str) -> bool:
    """Whether a file of this name is read if it lies in a folder."""
    return name.lower().endswith(_SUFFIXES)


def _folder_inputs(folder: Path, fault: Say, note: Say, passed: _PassedOver) -> Iterator[Input]:
    def unread(place: Path, why: str) -> None:
        passed.unread = True
        fault(f"{one_line(place, 1100)}: {why}")

    def passed_over(place: Path, why: str) -> None:
        note(f"{one_line(place, 1100)}: {why}")

    def unlisted(error: OSError) -> None:
        unread(Path(error.filename or folder), error.strerror or str(error))

    root = folder.resolve()
    for parent, folders, files in os.walk(folder, onerror=unlisted):
        folders.sort()
        for link in (Path(parent, name) for name in folders):
            if link.is_symlink() and not link.resolve().is_relative_to(root):
                unread(link, "a link to a folder elsewhere is not followed; name that folder as a PATH")
        for file in (Path(parent, name) for name in sorted(files)):
            name = _printable(file.relative_to(folder).as_posix())
            try:
                found = file.stat()
            except OSError as error:  # removed since, or a link to nothing
                if is_log_file(name):
                    unread(file, error.strerror or str(error))
                continue
            kind = _KINDS.get(stat.S_IFMT(found.st_mode))
            if kind is not None:
                say = unread if is_log_file(name) else passed_over
                say(file, f"{kind} in a folder is not read; name it as a PATH to read it")
            elif is_log_file(name):
                yield Input(name, str(file), found.st_size, partial(_opened_regular, file))
            else:
                passed.add(name)


def _printable(name: str) -> str:
    """The name, its bytes that are no text replaced: evidence is stored and printed as text."""
    return os.fsencode(name).decode("utf-8", "replace")


@contextmanager
def _opened(file: Path, opener: Callable[[str, int], int] | None = None) -> Iterator[Stream]:
    try:
        stream = open(file, "rb", opener=opener)  # noqa: SIM115 (closed below)
    except OSError as error:
        raise LogFileUnavailable(error.strerror or str(error)) from error
    with stream:
        yield _LocalFile(stream)


def _opened_regular(file: Path) -> AbstractContextManager[Stream]:
    return _opened(file, _open_regular)


def _open_regular(path: str, flags: int) -> int:
    """Open a file that was a regular one when it was listed: nothing waits for the writer of a pipe that took
    its place."""
    opened = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(errno.EINVAL, _NO_FILE)
    return opened


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


def _s3_inputs(address: str, make_client: Callable[[], Any], passed: _PassedOver) -> Iterator[Input]:
    # botocore is loaded only where S3 is read: a scan of files starts in a third of the time.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    parts = urlsplit(address, allow_fragments=False)
    bucket, prefix = parts.netloc, parts.path.removeprefix("/") + (f"?{parts.query}" if parts.query else "")
    objects = _Objects(make_client)
    try:
        pages = objects.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for entry in (entry for page in pages for entry in page.get("Contents", [])):
            name = _relative_key(entry["Key"], prefix)
            if name is None or entry["Key"].endswith("/"):  # the console makes such objects for folders
                continue
            if entry["Key"] != prefix and not is_log_file(name):
                passed.add(name)
                continue
            where = f"s3://{bucket}/{entry['Key']}"
            yield Input(name, where, int(entry["Size"]), partial(objects.open, bucket, entry["Key"]))
    except (BotoCoreError, ClientError) as error:
        raise LogFileUnavailable(f"{address}: {error}") from error


def _relative_key(key: str, prefix: str) -> str | None:
    """`key` below the folder `prefix`, its file name where `prefix` is the key itself, or None."""
    if key == prefix:
        return PurePosixPath(key).name
    folder = prefix if not prefix or prefix.endswith("/") else prefix + "/"
    return key.removeprefix(folder) if key.startswith(folder) else None
