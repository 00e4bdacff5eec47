"""A regular expression of whole texts, written for texts that stand a line each."""

import re

_ESCAPED = r"\\(?:[pP]\{[^}]*+\}|.)"
_CLASS = rf"\[\^?+\]?+(?:\[:\^?+\w++:\]|{_ESCAPED}|[^\]\\])*+\]"
_TOKEN = re.compile(rf"{_ESCAPED}|{_CLASS}|\(\?[a-zA-Z]*+-|.", re.DOTALL)
_OF_LINES = {r"\A": "^", r"\z": "$"}
_ANCHORS = frozenset({"^", "$", r"\A", r"\z"})
_WITHOUT_LINES = frozenset({r"\Q", r"\C"})


def by_line(pattern: str) -> str | None:
    """The pattern that, with `(?m)`, holds of a line what this one does of a text without line breaks.

    None where none is known: literals in bulk (`\\Q`), single bytes (`\\C`), flags taken away (`(?-m)`).
    """
    tokens = _TOKEN.findall(pattern)
    if any(token in _WITHOUT_LINES or token.startswith("(?") for token in tokens):
        return None
    return "".join(_OF_LINES.get(token, token) for token in tokens)


def has_anchors(pattern: str) -> bool:
    """Whether a pattern may ask where a text begins or ends."""
    return not _ANCHORS.isdisjoint(_TOKEN.findall(pattern))
