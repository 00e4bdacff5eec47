"""Arguments that several commands take, checked where they are given."""

import os
import re
from pathlib import Path
from typing import Any

import click

_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,254}", re.IGNORECASE)
_ACCOUNT = re.compile(r"[0-9]{12}")
_EMPTY = "a path is empty; write . for the current folder"


class FolderToWrite(click.Path):
    """A folder to write to, which need not exist. An empty path would mean the current folder."""

    def __init__(self) -> None:
        super().__init__(file_okay=False, path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """The path; click calls this."""
        if not os.fspath(value).strip():
            self.fail(_EMPTY, param, ctx)
        return super().convert(value, param, ctx)


def given_paths(
    _context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]
) -> tuple[str, ...]:
    """A callback for paths and `s3://` addresses. An empty one, as an unset variable leaves it, would mean
    the current folder."""
    for path in paths:
        if not path.strip():
            raise click.BadParameter(_EMPTY)
        if is_s3(path) and not _BUCKET.fullmatch(path[5:].partition("/")[0]):
            raise click.BadParameter(f"{path!r} names no bucket; write s3://BUCKET/PREFIX")
    return paths


def is_s3(path: str) -> bool:
    """Whether the path is the address of an object in S3, or of a prefix."""
    return path[:5].lower() == "s3://"


def account_id(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """A callback for the number of an account: its 12 digits, however they are set off (`1111-2222-3333`)."""
    digits = None if value is None else value.strip().replace("-", "")
    if digits is not None and not _ACCOUNT.fullmatch(digits):
        raise click.BadParameter(f"{value!r} is not the number of an account, which has 12 digits")
    return digits
