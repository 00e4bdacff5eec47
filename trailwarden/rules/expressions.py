"""Regular expressions, compiled once each and within bounds, however many a folder holds.

A few characters of a rule make RE2 compile for 50 ms (`\\pL{20}`), and each rule is compiled several times
on its way. What needs more memory than `_MEMORY` has more instructions than a whole rule set may have
(`cost.py`), so how many need not be known.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import re2

from trailwarden.errors import Problem
from trailwarden.rules.document import Document, Path

MAX_LENGTH = 10_000
"""Characters of one expression."""
MAX_EXPRESSIONS = 2_000
"""Of a folder of rules, what ships among them."""
TOO_LARGE = 10_000
"""Instructions that an expression is said to have if it has more than are counted."""
_MEMORY = 256 * 1024
_DETECTIONS = ("detection", "filter")


def refusal(expression: str) -> str:
    """Why RE2 does not take an expression; empty if it does."""
    return _compiled(expression)[0]


def instructions(expression: str) -> int:
    """How many instructions an expression has that RE2 takes, forwards or backwards; at most `TOO_LARGE`."""
    return _compiled(expression)[1]


@lru_cache(maxsize=8192)
def _compiled(expression: str) -> tuple[str, int]:
    if len(expression) > MAX_LENGTH:
        return f"it has {len(expression):,} characters; {MAX_LENGTH:,} are the most", 0
    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(expression, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args else ""
        return ("", TOO_LARGE) if "pattern too large" in reason else (reason, 0)
    sizes = compiled.programsize, compiled.reverseprogramsize  # the latter is -1 if there was no room for it
    return "", TOO_LARGE if min(sizes) < 0 else min(max(sizes), TOO_LARGE)


def within_bounds(documents: Sequence[Document], problems: list[Problem]) -> list[Document]:
    """The documents, without those whose expressions would be too many, before any of them is compiled."""
    left = MAX_EXPRESSIONS
    kept = []
    for document in documents:
        places = list(_expressions(document))
        if len(places) <= left:
            left -= len(places)
            kept.append(document)
            continue
        message = f"the rules have more than {MAX_EXPRESSIONS:,} regular expressions up to here"
        cure = "write `|contains`, `|startswith` or `|endswith` instead, or fewer rules"
        problems.append(document.problem(places[left], message, cure))
    return kept


def _expressions(document: Document) -> Iterator[Path]:
    """Where the regular expressions of a rule or a filter stand."""
    if isinstance(document.data, dict):
        for key in _DETECTIONS:
            yield from _below(document.data.get(key), (key,))


def _below(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, each in value.items():
            if "re" not in key.split("|")[1:]:
                yield from _below(each, (*path, key))
            elif isinstance(each, list):
                yield from ((*path, key, index) for index in range(len(each)))
            else:
                yield (*path, key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _below(each, (*path, index))
