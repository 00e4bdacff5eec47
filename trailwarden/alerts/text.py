"""What an attacker may have written, made safe to print.

User agents, names, tags and error messages reach an alert as they were sent. Nothing in them may
break a line, hide or reorder text, or reach a terminal as a control sequence.
"""

import unicodedata
from typing import Any

# Cc control, Cf format (bidirectional, zero-width), Cs surrogates, Co private use, Cn unassigned,
# Zl and Zp line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ELLIPSIS = "..."
UNKNOWN = "unknown"


def one_line(value: Any, limit: int = 200) -> str:
    """`value` on one line of at most `limit` characters, unprintable characters replaced by a space.

    Runs of white space become one space, so that text cannot be pushed out of sight.
    """
    raw = value if isinstance(value, str) else UNKNOWN if value is None else str(value)
    # Unbounded input is cut before it is cleaned: a 100 kB user agent costs no more than its head.
    head = raw[: limit * 8]
    if not (head.isascii() and head.isprintable()):  # most are, and are told so at once
        head = "".join(" " if unicodedata.category(char) in _UNPRINTABLE else char for char in head)
    return shorten(" ".join(head.split()), limit)


def shorten(text: str, limit: int) -> str:
    """`text`, cut to `limit` characters with an ellipsis where it was longer."""
    return text if len(text) <= limit else text[: max(0, limit - len(_ELLIPSIS))].rstrip() + _ELLIPSIS


def printable_ascii(text: str, limit: int) -> str:
    """`text` as an SNS subject takes it: printable ASCII on one line, letters without their accents.

    A character that has no plain form becomes `?`: leaving it out could forge another name.
    """
    plain = "".join(
        char
        if " " <= char <= "~"
        else (unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode() or "?")
        for char in one_line(text, limit * 2)
        if not unicodedata.combining(char)
    )
    return shorten("".join(c for c in plain if " " <= c <= "~").strip(), limit)
