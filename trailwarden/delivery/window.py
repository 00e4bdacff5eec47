"""A bounded view into a stream of text: what was read and is still needed, and a position in it."""

import re
from typing import Protocol

_BLANK = re.compile(rb"[ \t\n\r]*+")  # JSON's whitespace; Python's own notion is wider


class TextSource(Protocol):
    """Where text comes from; `read` gives the next piece, empty at the end only."""

    def read(self) -> bytes: ...


class Window:
    """`text[at:]` is what is still to be read. Filling drops what lies before `at`, which becomes 0."""

    def __init__(self, source: TextSource) -> None:
        self._source = source
        self._dropped = 0
        self.text = b""
        self.at = 0
        self.exhausted = False  # the source has ended: `text` is all that is left

    @property
    def offset(self) -> int:
        """The position in the whole stream, in bytes."""
        return self._dropped + self.at

    def fill(self, size: int) -> bool:
        """Read until `size` bytes lie ahead, or the end. True when anything was read."""
        pieces = [self.text[self.at :]]
        ahead = len(pieces[0])
        while ahead < size and not self.exhausted:
            piece = self._source.read()
            self.exhausted = not piece
            pieces.append(piece)
            ahead += len(piece)
        self._dropped += self.at
        self.at = 0
        self.text = b"".join(pieces)
        return ahead > len(pieces[0])

    def grow(self, most: int) -> bool:
        """Read about as much again as lies ahead, so that growing step by step stays linear.

        What lies ahead grows beyond `most` bytes by one piece at the most. False at the end.
        """
        ahead = len(self.text) - self.at
        return self.fill(max(ahead + 1, min(2 * ahead, most + 1)))

    def replace(self, text: bytes) -> None:
        """Put `text` in the place of all that lies ahead: what was there is not needed any more."""
        self._dropped += len(self.text) - len(text)
        self.text = text
        self.at = 0

    def peek(self) -> bytes:
        """The next byte that is no whitespace, moving to it; empty at the end."""
        while True:
            blank = _BLANK.match(self.text, self.at)
            self.at = blank.end() if blank else self.at
            if self.at < len(self.text):
                return self.text[self.at : self.at + 1]
            if not self.fill(1):
                return b""
