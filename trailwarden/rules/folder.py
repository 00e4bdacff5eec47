"""What a folder of rule files may hold, on a disk, in a bucket or in an archive. Imports no pySigma."""

import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

MAX_FILES = 2_000
MAX_TOTAL = 32 * 1024 * 1024
"""Bytes of all files together."""
MAX_FILE = 2 * 1024 * 1024
MAX_ARCHIVE = 8 * 1024 * 1024
"""How large a folder handed in as an archive may be, compressed."""

SUFFIXES = frozenset({".yml", ".yaml"})
_MAX_PATH = 400
_LIKE_A_RULE_FILE = re.compile(r"\.ya?ml(?![a-z0-9])", re.IGNORECASE)


def is_rule_file(path: str) -> bool:
    """Whether a path names YAML, in capitals or not."""
    return PurePosixPath(path).suffix.lower() in SUFFIXES


def like_rule_files(folder: Path) -> list[Path]:
    """The files of a folder that look like YAML and are not read: `rule.yml.txt`, `rule.yaml~`."""
    walked = (Path(parent, name) for parent, _, names in _walked(folder, lambda _: None) for name in names)
    return sorted(
        file for file in walked if _LIKE_A_RULE_FILE.search(file.name) and not is_rule_file(file.name)
    )


def unsafe_path(path: str) -> str | None:
    """Why a path (relative, `/` between its parts) may not stand in a folder of rules; None where it may."""
    if len(path) > _MAX_PATH:
        return f"the path is longer than {_MAX_PATH} characters"
    if not path.isprintable():
        return "the path holds characters that cannot be printed"
    if "\\" in path or ":" in path:
        return "the path holds a backslash or a colon"
    if any(part in {"", ".", ".."} or part != part.strip() for part in path.split("/")):
        return "the path leads out of the folder, or holds an empty part"
    return None


def rule_files(folder: Path, unread: Callable[[Path, str], None]) -> list[Path]:
    """The YAML files in a folder and its subfolders, in the order of their paths; hidden ones (`.git`,
    `.github`) are left out. `unread` gets what cannot be read, or is not followed, and why."""

    def unlisted(error: OSError) -> None:
        unread(Path(error.filename or folder), f"cannot be read: {error.strerror or error}")

    found, root = [], folder.resolve()
    for parent, folders, names in _walked(folder, unlisted):
        for link in (Path(parent, name) for name in folders):
            if link.is_symlink() and not link.resolve().is_relative_to(root):
                unread(link, "a link to a folder elsewhere is not followed")
        for file in (Path(parent, name) for name in names):
            if is_rule_file(file.name) and (why := _unreadable(file)):
                unread(file, why)
            elif is_rule_file(file.name):
                found.append(file)
    return sorted(found)


def _walked(folder: Path, unlisted: Callable[[OSError], None]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Every folder with its subfolders and files, without hidden ones."""
    for parent, folders, names in os.walk(folder, onerror=unlisted):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield parent, folders, [name for name in names if not name.startswith(".")]


def _unreadable(file: Path) -> str:
    """Why a path that a folder lists is no file to read; empty where it is one."""
    try:
        regular = stat.S_ISREG(file.stat().st_mode)
    except OSError as error:  # a link to nothing, or a folder that lists its files and gives none
        return f"cannot be read: {error.strerror or error}"
    return "" if regular else "is not a regular file"


def files_under(folder: Path) -> dict[str, bytes]:
    """The contents of a folder's rule files, by path relative to it. Raises OSError."""

    def unread(path: Path, why: str) -> None:
        raise OSError(f"{path}: {why}")

    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in rule_files(folder, unread)}
