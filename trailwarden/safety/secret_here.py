"""Here-documents that hold secrets: what `chpasswd` and its like read, and files of secrets."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import re2

from trailwarden.safety.lookahead import line_before
from trailwarden.safety.names import is_environment, is_secret
from trailwarden.safety.secret_commands import READERS
from trailwarden.safety.secret_value import Span

HERE = r"<<[-~]?[ \t]*[\"'\\]*[A-Za-z_]\w*[\"']?[^\n]*\n"
_MARK = re.compile(r"<<[-~]?[ \t]*+[\"'\\]*+([A-Za-z_]\w*+)")
_FILE = re.compile(r"(?:>>?|\btee\b(?:[ \t]++-\w++)*+)[ \t]*+[\"']?([\w./~${}-]++)")
_ITEM = re.compile(r"[ \t]*+(?:-[ \t]++)?+[\"']?")
_USER = re.compile(r"[\w.$-]++:")
_VARIABLE = re.compile(r"(?:export[ \t]++)?[A-Za-z_][\w.]*+=")
_LONGEST_LINE = 1_000
_SUFFIX = re.compile(r"\.(?:txt|conf|cfg|dat|bin|b64|new|tmp|bak)$", re.IGNORECASE)
_FOLDER = re.compile(r"(?:^|/)\.?secrets?$", re.IGNORECASE)
_LINE_COST = 10


@cache
def _reads() -> Any:
    return re2.compile(f"(?i){READERS}")


def here_secrets(text: str, start: int, end: int, charge: Callable[[int], bool]) -> Iterator[Span]:
    """Where secrets stand in the here-document with its operator at `start` and its lines from `end` on."""
    line = line_before(text, start) + text[start : min(end, start + _LONGEST_LINE)]
    mark = _MARK.match(text, start)
    begins = _beginning(line)
    if mark is None or begins is None or not charge(len(line)):
        return
    for first, last in _body(text, end, mark.group(1), charge):
        met = begins.match(text, first, last) if begins is not _ITEM else _ITEM.match(text, first, last)
        if met is not None and met.end() < last:
            yield met.end(), last


def _beginning(line: str) -> re.Pattern[str] | None:
    """What stands before the secret in each line of the document; None if it holds none by what reads it."""
    if "chpasswd" in line or "newusers" in line:
        return _USER
    file = _FILE.search(line)
    path = file.group(1) if file is not None else ""
    if any(is_environment(part) for part in path.rpartition("/")[2].split(".")):
        return _VARIABLE
    return _ITEM if is_secret_file(path) or _reads().search(line) else None


def is_secret_file(path: str) -> bool:
    """Whether a file is one of secrets, by its name or its folder: `/run/secrets/db`."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    return is_secret(name) or is_secret(_SUFFIX.sub("", name)) or _FOLDER.search(folder) is not None


def _body(text: str, start: int, mark: str, charge: Callable[[int], bool]) -> Iterator[Span]:
    """The lines up to the mark, without what begins an item of YAML's lists."""
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if not charge(end - start + _LINE_COST):
            return
        item = _ITEM.match(text, start, end)
        first = item.end() if item is not None else start
        last = first + len(text[first:end].rstrip(" \t\r\"',"))
        if text[first:last] == mark:
            return
        if last > first:
            yield first, last
        start = end + 1
