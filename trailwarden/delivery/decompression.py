"""A log file's bytes → its JSON text, piece by piece.

Gzip (RFC 1952, any number of members, padded with zeros or not) or plain JSON, told apart by the first
bytes. ISA-L inflates several times faster than zlib, and checks each member's CRC.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from isal import igzip_lib

from trailwarden.delivery.defects import DefectLog, DefectReason, Limits

_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A step that fails gives nothing, not even what it inflated before the damage. Large steps are cheaper, for
# ISA-L copies its history at each; so where one fails, the member is inflated again in small ones: smallest
# at its start, where most files end. Beyond what is kept of a member's compressed bytes all steps are small.
_KEPT = 2 * 1024 * 1024
_OBJECT_SIZE = 64  # what a piece takes besides its bytes: a transport may give it one by one
_FIRST_STEP, _STEP = 1024, 4 * 1024
_SMALL_STEPS = 64  # how many of the first steps are small


class ByteStream(Protocol):
    """What a log file is read from: a file, a response's body."""

    def read(self, size: int, /) -> bytes: ...


class DecodedStream:
    """The decompressed pieces of one log file, each of at most `Limits.read_size` bytes or so.

    Damage ends the stream and goes to the defect log (`ended_early` is then True); what `stream.read`
    raises passes through, for it is the transport's.
    """

    def __init__(self, stream: ByteStream, limits: Limits, defects: DefectLog) -> None:
        self._stream = stream
        self._limits = limits
        self._defects = defects
        self._pieces = self._bounded()
        self.bytes_compressed = 0
        self.bytes_decoded = 0
        self.ended_early = False

    def read(self) -> bytes:
        """The next piece; empty at the end only."""
        return next(self._pieces, b"")

    def _bounded(self) -> Iterator[bytes]:
        """The pieces up to the limit of the decoded size, without a byte order mark."""
        room = self._limits.decoded_size
        start = b""
        pieces = self._decoded()
        for piece in pieces:  # the mark may come in pieces of its own
            start += piece
            if len(start) >= len(_BYTE_ORDER_MARK):
                break
        self.bytes_decoded += len(start)
        piece = start.removeprefix(_BYTE_ORDER_MARK)
        while True:
            if self.bytes_decoded > room:
                detail = f"more than {room:,} bytes decompressed; the rest is not read"
                self._end_early(DefectReason.FILE_TOO_LARGE, detail)
                piece = piece[: max(0, len(piece) - (self.bytes_decoded - room))]
            if piece:
                yield piece
            if self.bytes_decoded > room:
                return
            piece = next(pieces, b"")
            if not piece:
                return
            self.bytes_decoded += len(piece)

    def _decoded(self) -> Iterator[bytes]:
        start = b""
        while len(start) < len(_GZIP_MAGIC) and (more := self._read_stream()):
            start += more
        if not start:
            self._end_early(DefectReason.EMPTY, "the object holds no bytes")
        elif start.startswith(_GZIP_MAGIC):
            yield from self._inflated(start)
        else:
            while start:
                yield start
                start = self._read_stream()

    def _read_stream(self) -> bytes:
        compressed = self._stream.read(self._limits.read_size)
        self.bytes_compressed += len(compressed)
        return compressed

    def _inflated(self, compressed: bytes) -> Iterator[bytes]:
        """Member after member, until the end, damage, or what is no member."""
        while True:
            inflater = _inflater()
            yield from self._inflated_member(inflater, compressed)
            if not inflater.eof:
                return
            compressed = self._next_member(inflater.unused_data)
            if not compressed:
                return

    def _inflated_member(self, inflater: igzip_lib.IgzipDecompressor, compressed: bytes) -> Iterator[bytes]:
        """In large steps while the input is kept, so that damage can be met again in small ones."""
        kept: list[bytes] = []
        size = given = 0
        while not inflater.eof:
            if inflater.needs_input and not compressed:
                compressed = self._read_stream()
                if not compressed:
                    self._end_early(DefectReason.TRUNCATED_GZIP, "the gzip data breaks off")
                    return
            if compressed:
                kept.append(compressed)
                size += len(compressed) + _OBJECT_SIZE
            if size > _KEPT:
                kept.clear()
            try:
                piece = inflater.decompress(compressed, self._limits.read_size if kept else _STEP)
            except igzip_lib.IsalError as error:  # type: ignore[misc]  # the stub declares an instance
                yield from _again_in_small_steps(kept, given)
                self._end_early(DefectReason.CORRUPT_GZIP, str(error))
                return
            compressed = b""
            given += len(piece)
            if piece:
                yield piece

    def _next_member(self, rest: bytes) -> bytes:
        """The start of the next member; empty at the end, and where what follows is none."""
        while True:
            rest = rest.lstrip(b"\x00")
            if len(rest) >= len(_GZIP_MAGIC):
                break
            more = self._read_stream()
            if not more:
                break
            rest += more
        if rest and not rest.startswith(_GZIP_MAGIC):
            # The members before it are whole, so this is no early end.
            self._defects.add(DefectReason.TRAILING_GARBAGE, "bytes after the gzip data that are no gzip")
            return b""
        return rest

    def _end_early(self, reason: DefectReason, detail: str) -> None:
        self.ended_early = True
        self._defects.add(reason, detail)


def _inflater() -> igzip_lib.IgzipDecompressor:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def _again_in_small_steps(kept: Iterable[bytes], given: int) -> Iterator[bytes]:
    """What there is in a damaged member beyond the `given` bytes, up to the small step that fails."""
    inflater = _inflater()
    steps = inflated = 0
    for part in kept:
        compressed = part
        while compressed or not (inflater.needs_input or inflater.eof):
            try:
                piece = inflater.decompress(compressed, _FIRST_STEP if steps < _SMALL_STEPS else _STEP)
            except igzip_lib.IsalError:  # type: ignore[misc]  # the stub declares an instance
                return
            compressed = b""
            steps += 1
            inflated += len(piece)
            if inflated > given:
                yield piece[given - inflated :]
                given = inflated
