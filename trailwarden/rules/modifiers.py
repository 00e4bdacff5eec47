"""Sigma's modifiers: pySigma's, and our own where pySigma falls short of the specification.

- `utf16`, `utf16le`, `utf16be` and `wide` take any text, not ASCII alone. Each byte stands as the character
  of that number until `base64` or `base64offset` encodes it, so no byte is lost on the way.
- `base64offset` refuses what is too short to leave anything certain, which would match every value.
- `windash` exchanges each of the five dashes, wherever it stands.
- `cased` counts for `fieldref` too.

https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-appendix-modifiers.md
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar

from sigma.exceptions import SigmaValueError
from sigma.modifiers import SigmaModifier, SigmaValueModifier, modifier_mapping
from sigma.types import SigmaExpansion, SigmaFieldReference, SigmaString, SigmaStringPartType, SigmaType

DASHES = ("-", "/", "\u2013", "\u2014", "\u2015")
MAX_DASHES = 4
_DASH = re.compile(f"([{re.escape(''.join(DASHES))}])")


def string_of(parts: Iterable[SigmaStringPartType]) -> SigmaString:
    """A pySigma string of these parts, neighbouring texts joined; nothing in them is read as an escape."""
    joined: list[SigmaStringPartType] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    string = SigmaString()
    string.s = joined
    return string


class _Utf16(SigmaValueModifier[SigmaString, SigmaString]):
    """Encodes a text; each byte becomes the character of that number."""

    encoding: ClassVar[str] = "utf-16-le"
    mark: ClassVar[str] = ""

    def modify(self, val: SigmaString) -> SigmaString:
        if _holds_bytes(self.applied_modifiers):
            raise SigmaValueError("a text can be encoded as UTF-16 only once", source=self.source)
        encoded = (
            part.encode(self.encoding, "surrogatepass").decode("latin-1") if isinstance(part, str) else part
            for part in val.s
        )
        return string_of([self.mark, *encoded])


class Utf16LittleEndian(_Utf16):
    """`utf16le`, and `wide`, its other name."""


class Utf16BigEndian(_Utf16):
    """`utf16be`."""

    encoding = "utf-16-be"


class Utf16(_Utf16):
    """`utf16`: little endian behind its byte order mark, FF FE."""

    mark = "\u00ff\u00fe"


def _holds_bytes(applied: Iterable[type]) -> bool:
    return any(issubclass(modifier, _Utf16) for modifier in applied)


class _Base64(SigmaValueModifier[SigmaString, Any]):
    def _data(self, val: SigmaString) -> bytes:
        if not all(isinstance(part, str) for part in val.s):
            raise SigmaValueError("a wildcard cannot be encoded with Base64", source=self.source)
        text = "".join(part for part in val.s if isinstance(part, str))
        encoding = "latin-1" if _holds_bytes(self.applied_modifiers) else "utf-8"
        return text.encode(encoding, "surrogatepass")


class Base64(_Base64):
    """`base64`: the whole value, encoded."""

    def modify(self, val: SigmaString) -> SigmaString:
        return string_of([b64encode(self._data(val)).decode()])


class Base64Offset(_Base64):
    """`base64offset`: what is certain of the encoded value at each of the three places where it may begin.

    Behind `shift` foreign bytes the first `ceil(8 * shift / 6)` characters also hold foreign bits, and so
    does the last one wherever the value does not end with a group of three bytes.
    """

    def modify(self, val: SigmaString) -> SigmaExpansion:
        data = self._data(val)
        if len(data) < 2:
            message = "a value under two bytes leaves nothing certain in Base64"
            raise SigmaValueError(message, source=self.source)
        return SigmaExpansion([string_of([_certain(data, shift)]) for shift in range(3)])


def _certain(data: bytes, shift: int) -> str:
    encoded = b64encode(bytes(shift) + data).decode()
    first = -(-8 * shift // 6)
    return encoded[first : 8 * (shift + len(data)) // 6]


class Windash(SigmaValueModifier[SigmaString, SigmaExpansion]):
    """`windash`: the value with each dash as each of the five."""

    def modify(self, val: SigmaString) -> SigmaExpansion:
        pieces: list[SigmaStringPartType] = []
        for part in val.s:
            pieces.extend(_DASH.split(part) if isinstance(part, str) else [part])
        choices = [DASHES if piece in DASHES else (piece,) for piece in pieces]
        if sum(choice is DASHES for choice in choices) > MAX_DASHES:
            message = f"`windash` exchanges at most {MAX_DASHES} dashes in one value"
            raise SigmaValueError(message, source=self.source)
        return SigmaExpansion([string_of(chosen) for chosen in product(*choices)])


@dataclass
class CasedFieldReference(SigmaFieldReference):
    """`fieldref` with `cased`: another field's text, to the letter."""


def cased(value: SigmaType) -> SigmaType:
    """A reference to a field that is compared with regard to case; other values as they are."""
    if isinstance(value, SigmaExpansion):
        return SigmaExpansion([cased(each) for each in value.values])
    if isinstance(value, SigmaFieldReference):
        return CasedFieldReference(value.field, value.starts_with, value.ends_with)
    return value


MODIFIERS: dict[str, type[SigmaModifier[Any, Any]]] = modifier_mapping | {
    "base64": Base64,
    "base64offset": Base64Offset,
    "utf16": Utf16,
    "utf16be": Utf16BigEndian,
    "utf16le": Utf16LittleEndian,
    "wide": Utf16LittleEndian,
    "windash": Windash,
}
ENCODERS = frozenset({"base64", "base64offset", "utf16", "utf16be", "utf16le", "wide"})
TIME_PARTS: dict[str, range] = {
    "minute": range(60),
    "hour": range(24),
    "day": range(1, 32),
    "week": range(1, 54),
    "month": range(1, 13),
    "year": range(1, 10_000),
}
