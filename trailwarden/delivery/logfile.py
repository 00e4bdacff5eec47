"""One log file → its records, streamed, whatever is wrong with it.

A log file is `{"Records": [...]}`; other keys may stand beside it, in any order. Files of aggregated events
may be the bare list. A second document behind the first is no log file's way; it is read too, and named as a
defect. Memory is bounded by `Limits`, never by the file.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from trailwarden.delivery.cutting import Decode, RecordArray, T
from trailwarden.delivery.decompression import ByteStream, DecodedStream
from trailwarden.delivery.defects import Defect, DefectLog, DefectReason, Limits
from trailwarden.delivery.json_scan import Outcome, ValueScan
from trailwarden.delivery.records import Record
from trailwarden.delivery.window import Window

__all__ = ["ByteStream", "Defect", "DefectReason", "Limits", "LogFileReader"]

_BOM = b"\xef\xbb\xbf"
_decode_records = msgspec.json.Decoder(list[Record]).decode
_decode_key = msgspec.json.Decoder(str).decode


class LogFileReader:
    """Reads one log file once: `records()`, or `decoded_blocks()` for whoever brings a decoder.

    Bad content never raises: what can be read is given out, and the rest is named in `defects`. What the
    stream's own `read` raises passes through, for it says nothing about the content.
    """

    def __init__(self, stream: ByteStream, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._log = DefectLog(self._limits.defects)
        self._source = DecodedStream(stream, self._limits, self._log)
        self._window = Window(self._source)
        self._in_object = False
        self._lists = 0  # how many lists of records were entered in this document
        self._no_list = "an object without Records"
        self._started = False
        self._array: RecordArray | None = None
        self.record_count = 0  # records given out so far

    @property
    def defects(self) -> list[Defect]:
        """What was wrong, in the order it was met; at most `Limits.defects`, `defect_counts` has them all."""
        return self._log.described

    @property
    def defect_counts(self) -> Counter[DefectReason]:
        return self._log.counts

    @property
    def bytes_compressed(self) -> int:
        """Bytes read from the stream."""
        return self._source.bytes_compressed

    @property
    def bytes_decoded(self) -> int:
        """Bytes of JSON decompressed."""
        return self._source.bytes_decoded

    @property
    def next_index(self) -> int:
        """The index of the record that comes next; while one is decoded alone, of the one behind it."""
        return 0 if self._array is None else self._array.next_index

    @property
    def unreadable(self) -> bool:
        """Nothing could be read. A file of no records that is as it should be is not unreadable."""
        return self.record_count == 0 and bool(self._log.counts)

    def records(self) -> Iterator[tuple[int, Record]]:
        """Each record with its index in `Records`, where bad ones are counted too."""
        for first, records in self.decoded_blocks(_decode_records):
            yield from enumerate(records, first)

    def decoded_blocks(self, decode: Decode[T]) -> Iterator[tuple[int, list[T]]]:
        """Runs of neighbouring records as `decode` makes them, each with the index of its first.

        `decode` takes the bytes of a JSON array of records, and gives an item for each. It must raise
        ValueError (msgspec's errors are some) or RecursionError for text that is not JSON and for elements
        that are no objects: a block counts as cut rightly only if it decodes. Each block is decoded once; a
        block that is refused is given again record by record, and a record that is refused once more with
        its odd characters and numbers replaced.

        Raises:
            RuntimeError: the file has been read already; a stream is read once.
        """
        if self._started:
            raise RuntimeError("a LogFileReader reads its stream once")
        self._started = True
        array = self._array = RecordArray(self._source, self._window, self._limits, self._log)
        entered = self._enter_file()
        while entered:
            self._lists += 1
            for first, rows in array.runs(decode):
                self.record_count += len(rows)
                yield first, rows
            if not array.ended:
                return
            entered = self._enter_list() if self._in_object else self._enter_next()

    def _enter_file(self) -> bool:
        """Go behind the bracket that opens the records. False where there is none."""
        opening = self._window.peek()
        if opening == b"":
            if not self._source.ended_early:
                self._log.add(DefectReason.EMPTY, "the file holds no text")
            return False
        if opening not in b"[{":
            beginning = _shown(self._window.text[self._window.at :][:16])
            self._log.add(DefectReason.NOT_JSON, f"neither gzip nor JSON: begins with {beginning}")
            return False
        self._open(opening)
        return self._enter_list() if self._in_object else True

    def _open(self, opening: bytes) -> None:
        """Go behind the bracket that a document begins with."""
        self._in_object = opening == b"{"
        self._lists = 0
        self._window.at += 1

    def _enter_next(self) -> bool:
        """Go behind the bracket that opens the next document's records, behind the end of one."""
        if not self._open_next():
            return False
        return self._enter_list() if self._in_object else True

    def _enter_list(self) -> bool:
        """Go on in the outermost object, behind the bracket of its next `Records`; False if none is left."""
        window = self._window
        while True:
            character = window.peek()
            if character == b"}":
                window.at += 1
                if not self._lists:
                    self._log.add(DefectReason.NO_RECORDS, self._no_list)
                if not self._open_next():
                    return False
                if not self._in_object:
                    return True
                continue
            if character == b",":
                window.at += 1
                continue
            key = self._value() if character == b'"' else None
            if key is None or window.peek() != b":":
                return self._broken()
            window.at += 1
            if window.peek() == b"[" and _is_records(key):
                if self._lists:
                    self._log.add(DefectReason.MALFORMED_JSON, "Records stands twice; both lists are read")
                window.at += 1
                return True
            if _is_records(key):
                self._no_list = "Records that are no list"
            if self._value() is None:
                return self._broken()

    def _value(self) -> bytes | None:
        """The text of the value at the position, stepping over it; None where it is no value.

        Values that are larger than a record may be are passed over too, and their text is not kept.
        """
        window = self._window
        scan = ValueScan()
        position = window.at
        while True:
            outcome, position = scan.advance(window.text, position)
            if outcome is Outcome.END and position > window.at:
                value = window.text[window.at : position]
                window.at = position
                return value
            if outcome is not Outcome.INCOMPLETE:
                return None
            if len(window.text) - window.at > self._limits.record_size:
                window.replace(scan.condensed(window.text, position))
                position = window.at
            scanned = position - window.at
            if not window.grow(self._limits.record_size):
                window.replace(b"")  # the text ends within the value
                return None
            position = window.at + scanned

    def _broken(self) -> bool:
        """The text around the records is no JSON, or ends too early."""
        if self._window.peek() != b"":
            reason = DefectReason.MALFORMED_JSON if self._lists else DefectReason.NOT_JSON
            self._log.add(reason, f"no JSON at byte {self._window.offset:,}")
        elif not self._source.ended_early:
            detail = "the text ends before the object that holds the records does"
            self._log.add(DefectReason.TRUNCATED_JSON, detail)
        return False

    def _open_next(self) -> bool:
        """Read on to the next document and open it, or to the end, so that the checksum is checked."""
        window = self._window
        opening = window.peek()
        if opening == b"":
            return False
        self._log.add(DefectReason.MALFORMED_JSON, f"text after the end, at byte {window.offset:,}")
        if opening == b",":
            window.at += 1
            opening = window.peek()
        elif opening == _BOM[:1]:
            window.fill(len(_BOM))
            window.at += len(_BOM) if window.text.startswith(_BOM) else 0
            opening = window.peek()
        if opening not in {b"{", b"["}:
            return False
        self._open(opening)
        return True


def _shown(data: bytes) -> str:
    """The first line in quotes, if it is text; else the bytes as hex digits."""
    try:
        line = data.decode().partition("\n")[0].rstrip()
    except UnicodeDecodeError:
        line = ""
    return f'"{line}"' if line and line.isprintable() else f"the bytes {data.hex(' ')}"


def _is_records(key: bytes) -> bool:
    try:
        return _decode_key(key) == "Records"
    except ValueError:
        return False
