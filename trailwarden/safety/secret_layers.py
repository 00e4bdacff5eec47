"""A text under its escapes, and without what only makes it illegible; where its characters stand is kept."""

import html
import re
from bisect import bisect_right
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from trailwarden.safety.lookalikes import INVISIBLE, with_latin_letters
from trailwarden.safety.secret_value import Span

_ESCAPE_COST = 3
_ESCAPE = re.compile(
    r"%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*+|&(?:\w{2,8}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});"
    r"|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[\"'\\/nrt]"
)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


def layer_of(text: str, charge: Callable[[int], bool]) -> "Layer":
    """The text as it is searched: with Latin letters for what looks like them, and nothing invisible."""
    if text.isascii():
        return Layer(text)
    # RE2 takes no half characters: a question mark, which is as long, stands for each.
    whole = Layer(with_latin_letters(text.encode("utf-8", "replace").decode()))
    return whole.replaced(INVISIBLE, lambda _: "", charge) or whole


class Layer:
    """A text under its escapes, which knows where each of its characters stands in the text as it came."""

    def __init__(self, text: str, places: list[int] | None = None, origins: list[Span] | None = None) -> None:
        self.text = text
        self._places = places or [0]
        self._origins = origins or [(0, 1)]

    def original(self, span: Span) -> Span:
        """Where a span of this text stands in the text as it came."""
        first, last = span
        if first >= last:
            return self._at(first)[0], self._at(first)[0]
        return self._at(first)[0], self._at(last - 1)[1]

    def _at(self, place: int) -> Span:
        """From where to where the character at `place` stands."""
        index = bisect_right(self._places, place) - 1
        first, width = self._origins[index]
        offset = place - self._places[index]
        # A run of plain characters, each as wide as itself; or one that was escaped, `width` characters wide.
        return (first + offset, first + offset + 1) if width == 1 else (first, first + width)

    def decoded(self, charge: Callable[[int], bool]) -> "Layer | None":
        """The text without one level of its escapes; None if there are none."""
        return self.replaced(_ESCAPE, _plain_of, charge)

    def replaced(
        self, pattern: re.Pattern[str], by: Callable[[str], str | None], charge: Callable[[int], bool]
    ) -> "Layer | None":
        """The text with what the pattern finds replaced; None if there is nothing to replace."""
        parts: list[str] = []
        places: list[int] = []
        origins: list[Span] = []
        length = end = 0
        for met in pattern.finditer(self.text):
            plain = by(met.group())
            if plain is None:
                continue
            if not charge(_ESCAPE_COST):
                return None
            if met.start() > end:
                self._keep(end, met.start(), length, places, origins)
                parts.append(self.text[end : met.start()])
                length += met.start() - end
            first, last = self.original(met.span())
            if plain:
                places.append(length)
                origins.append((first, max(2, last - first)))
            parts.append(plain)
            length += len(plain)
            end = met.end()
        if not parts:
            return None
        if end < len(self.text):
            self._keep(end, len(self.text), length, places, origins)
            parts.append(self.text[end:])
        return Layer(with_latin_letters("".join(parts)), places, origins)

    def _keep(self, first: int, last: int, length: int, places: list[int], origins: list[Span]) -> None:
        """Take over where a run of plain characters stands."""
        index = bisect_right(self._places, first) - 1
        while index < len(self._places) and self._places[index] < last:
            begin = max(first, self._places[index])
            origin, width = self._origins[index]
            places.append(length + begin - first)
            origins.append((origin + (begin - self._places[index]) if width == 1 else origin, width))
            index += 1


def _plain_of(escape: str) -> str | None:
    plain = _unescaped(escape)
    return plain if plain is None or plain.isascii() else INVISIBLE.sub("", plain)


def _unescaped(escape: str) -> str | None:
    if escape[0] == "%":
        try:
            return unquote_to_bytes(escape).decode()
        except UnicodeDecodeError:
            return None
    if escape[0] == "&":
        plain = html.unescape(escape)
        return None if plain == escape else plain
    if escape[1] in "ux":
        char = chr(int.from_bytes(bytes.fromhex(escape[2:])))
        return None if "\ud800" <= char <= "\udfff" else char
    return _CONTROLS.get(escape[1], escape[1])
