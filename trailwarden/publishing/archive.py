"""Folders of rule files as ZIP archives: the same files give the same bytes, and no archive is trusted.

A submission is an archive of the team's folder, its paths relative to it. The archive of a publication's
sources holds two folders, `shipped/` and `team/`, so that a publication can be compiled again as it was.
Nothing here touches a file system.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO

from trailwarden.errors import Problem, RuleError
from trailwarden.rules.folder import MAX_FILE, MAX_FILES, MAX_TOTAL, is_rule_file, unsafe_path

Files = Mapping[str, bytes]
"""Contents by path, relative to the folder, with `/` between its parts."""

_SHOWN = 400  # characters of a path that is refused
_MAX_ENTRIES = 10_000  # entries of any kind: what is no YAML is passed over, not free
_EPOCH = (1980, 1, 1, 0, 0, 0)
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_TEAM, _SHIPPED = "team", "shipped"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The YAML files of an archive, and the paths of what else was in it."""

    files: dict[str, bytes]
    ignored: tuple[str, ...] = ()


def digest(files: Files) -> str:
    """16 hex digits of a hash over paths and contents."""
    total = hashlib.sha256()
    for path in sorted(files):
        name = path.encode("utf-8", "surrogatepass")
        total.update(b"%d\n%s%d\n%s" % (len(name), name, len(files[path]), files[path]))
    return total.hexdigest()[:16]


def pack(files: Files) -> bytes:
    """The archive of a folder, reproducible to the byte."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[path], compresslevel=6)
    return buffer.getvalue()


def pack_sources(shipped: Files, team: Files) -> bytes:
    """The archive of a publication's sources."""
    parts = ((_SHIPPED, shipped), (_TEAM, team))
    return pack({f"{part}/{path}": content for part, files in parts for path, content in files.items()})


def unpack_sources(data: bytes) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The shipped and the team's files of a publication. Raises `RuleError` where the archive is damaged."""
    files = unpack("sources.zip", data, limit_files=2 * MAX_FILES, limit_total=2 * MAX_TOTAL).files
    found: dict[str, dict[str, bytes]] = {_SHIPPED: {}, _TEAM: {}}
    for path, content in files.items():
        part, _, inner = path.partition("/")
        if part in found and inner:
            found[part][inner] = content
    return found[_SHIPPED], found[_TEAM]


def unpack(name: str, data: bytes, *, limit_files: int = MAX_FILES, limit_total: int = MAX_TOTAL) -> Unpacked:
    """The files of an archive called `name`.

    What an entry says of its size is not believed: reading stops at the bounds. Raises `RuleError` with every
    entry that cannot be taken.
    """
    problems: list[Problem] = []
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            reader = _Reader(name, archive, problems, limit_files=limit_files, limit_total=limit_total)
            unpacked = reader.read()
    except _BROKEN as error:
        problems.append(Problem(name, 1, 1, f"not a ZIP archive: {error}", "pack the folder again"))
    if problems:
        raise RuleError(problems)
    return unpacked


class _Reader:
    def __init__(
        self,
        name: str,
        archive: zipfile.ZipFile,
        problems: list[Problem],
        *,
        limit_files: int,
        limit_total: int,
    ) -> None:
        self._name = name
        self._archive = archive
        self._problems = problems
        self._files_left = limit_files
        self._bytes_left = limit_total

    def read(self) -> Unpacked:
        files: dict[str, bytes] = {}
        ignored: list[str] = []
        for entry in self._entries():
            if not is_rule_file(entry.filename):
                ignored.append(entry.filename)
            elif entry.filename in files:
                self._refuse(entry.filename, "the path stands twice in the archive", "keep one of them")
            elif self._files_left == 0:
                self._refuse(self._name, "the archive holds too many files", "split, or shorten, the folder")
                break
            else:
                content = self._content(entry)
                if content is None:
                    break
                self._files_left -= 1
                files[entry.filename] = content
        return Unpacked(files, tuple(ignored))

    def _refuse(self, path: str, message: str, cure: str) -> None:
        self._problems.append(Problem(path, 1, 1, message, cure))

    def _entries(self) -> Iterator[zipfile.ZipInfo]:
        entries = self._archive.infolist()
        if len(entries) > _MAX_ENTRIES:
            self._refuse(self._name, f"the archive holds {len(entries):,} entries", "pack the folder alone")
            return
        for entry in entries:
            if entry.filename.endswith("/"):  # `is_dir` fails on an empty name
                continue
            reason = unsafe_path(entry.filename)
            if reason is not None:
                self._refuse(entry.filename[:_SHOWN], reason, "name the file plainly")
            elif entry.flag_bits & 0x1 or entry.compress_type not in _METHODS:
                self._refuse(
                    entry.filename,
                    "the file is encrypted, or packed by a method that is not read",
                    "pack the folder again, plainly",
                )
            else:
                yield entry

    def _content(self, entry: zipfile.ZipInfo) -> bytes | None:
        """The file's bytes, or None where the archive is not worth reading on."""
        try:
            with self._archive.open(entry) as stream:
                content = stream.read(min(MAX_FILE, self._bytes_left) + 1)
        except _BROKEN as error:
            self._refuse(entry.filename, f"cannot be unpacked: {error}", "pack the folder again")
            return b""
        if len(content) > self._bytes_left:
            self._refuse(self._name, "the archive's files are too large together", "shorten the folder")
            return None
        self._bytes_left -= len(content)
        if len(content) > MAX_FILE:
            self._refuse(entry.filename, f"larger than {MAX_FILE >> 20} MiB", "split the file")
            return b""
        return content
