"""Files that commands write."""

from pathlib import Path


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file. An error names it, which Python's does not if the disk is full."""
    try:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    except OSError as error:
        error.filename = str(path)
        raise
