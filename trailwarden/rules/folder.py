"""What a folder of rule files may hold, on a disk, in a bucket or in an archive. Imports no pySigma."""

from pathlib import Path, PurePosixPath

MAX_FILES = 2_000
MAX_TOTAL = 32 * 1024 * 1024
"""Bytes of all files together."""
MAX_FILE = 2 * 1024 * 1024
MAX_ARCHIVE = 8 * 1024 * 1024
"""How large a folder handed in as an archive may be, compressed."""

SUFFIXES = frozenset({".yml", ".yaml"})
_MAX_PATH = 400


def is_rule_file(path: str) -> bool:
    """Whether a path names YAML."""
    return PurePosixPath(path).suffix in SUFFIXES


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


def files_under(folder: Path) -> dict[str, bytes]:
    """The contents of a folder's rule files, by path relative to it. Raises OSError."""
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.suffix in SUFFIXES and file.is_file()
    }
