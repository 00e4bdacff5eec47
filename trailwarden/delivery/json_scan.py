"""Where one JSON value ends, found over text that arrives in pieces.

Only the structure is followed: strings, brackets, and what may stand between them. That is enough to cut,
and to notice early where a value cannot be whole (a bracket or a quote is missing); whether what was cut
is JSON, the decoder decides.
"""

import re
from enum import Enum, auto

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
# What stands between two brackets: whole strings, and the characters of separators, numbers and literals
# (NaN and Infinity too, which some writers emit). Any other character outside a string is damage.
_RUN = re.compile(rb'(?:[ \t\n\r:,0-9+\-.EeINafilnrstuy]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_LITERAL = re.compile(rb'[^ \t\n\r,:"{}\[\]]*+')

_QUOTE, _OPEN_BRACE, _OPEN_BRACKET = b'"{['
_CLOSER = {_OPEN_BRACE: ord("}"), _OPEN_BRACKET: ord("]")}
_CLOSERS = frozenset(_CLOSER.values())
_DEEPEST = 65_536  # levels; the decoder gives up far earlier, this only bounds the work before it


class Outcome(Enum):
    """How far a scan got."""

    END = auto()  # the position is just behind the value
    INCOMPLETE = auto()  # more text is needed; scan on from the position
    BROKEN = auto()  # no JSON value can go on like this; the position is where that showed


class ValueScan:
    """Scans one value; call `advance` again with more text for as long as it says INCOMPLETE."""

    def __init__(self) -> None:
        self._closers = bytearray()  # the closing brackets still to come, innermost last
        self._in_literal = False

    def advance(self, text: bytes, position: int) -> tuple[Outcome, int]:
        """Scan on in `text` from `position`: the value's start, or where the last call left off."""
        if not self._closers and not self._in_literal and position < len(text):
            first = text[position]
            if first == _QUOTE:
                string = _STRING.match(text, position)
                return (Outcome.END, string.end()) if string else (Outcome.INCOMPLETE, position)
            if first in _CLOSER:
                self._closers.append(_CLOSER[first])
                return self._advance_container(text, position + 1)
            self._in_literal = True
        if self._closers:
            return self._advance_container(text, position)
        literal = _LITERAL.match(text, position)
        end = literal.end() if literal else position
        return (Outcome.INCOMPLETE if end == len(text) else Outcome.END, end)

    def _advance_container(self, text: bytes, position: int) -> tuple[Outcome, int]:
        closers = self._closers
        while True:
            run = _RUN.match(text, position)
            end = run.end() if run else position
            if end == len(text):
                return Outcome.INCOMPLETE, position
            character = text[end]
            if character == closers[-1]:
                closers.pop()
                if not closers:
                    return Outcome.END, end + 1
            elif character in _CLOSER:
                # In an object, only a key's colon can stand before a bracket: a record whose closing brace
                # is missing is noticed where the next one opens.
                if closers[-1] == _CLOSER[_OPEN_BRACE] and not text[position:end].rstrip().endswith(b":"):
                    return Outcome.BROKEN, end
                if len(closers) >= _DEEPEST:
                    return Outcome.BROKEN, end
                closers.append(_CLOSER[character])
            elif character == _QUOTE:
                return Outcome.INCOMPLETE, position
            else:
                return Outcome.BROKEN, end
            position = end + 1

    def condensed(self, text: bytes, position: int) -> bytes:
        """Stands for `text[position:]`, which INCOMPLETE left over, where nobody needs the text itself.

        Scanning on from it ends where it would have ended from the text, however long that was.
        """
        if self._in_literal:
            return b""
        run = _RUN.match(text, position) if self._closers else None
        end = run.end() if run else position
        if end < len(text):  # inside a string
            inside = text[end + 1 :]
            odd = (len(inside) - len(inside.rstrip(b"\\"))) % 2 == 1
            before = b":" if text[position:end].rstrip().endswith(b":") else b""
            return before + (b'"\\' if odd else b'"')
        return b":" if text[position:end].rstrip().endswith(b":") else b","
