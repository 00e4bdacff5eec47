"""The text of a log file → runs of decoded records, each piece of text decoded once.

The fast way cuts long blocks at a boundary such as `},{"eventVersion":`, taken from the file's own first
record and layout. Unescaped, that text cannot stand inside a JSON string; a nested list may hold it, so a
block counts only if it decodes as a list of whole records. Where no block is to be had (another layout, a
bad record, such a nested list) the structure is followed, record by record, as far as the block went.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from trailwarden.delivery.decompression import DecodedStream
from trailwarden.delivery.defects import DefectLog, DefectReason, Limits
from trailwarden.delivery.json_scan import Outcome, ValueScan
from trailwarden.delivery.mending import mend
from trailwarden.delivery.window import Window

T = TypeVar("T")
Decode = Callable[[bytes], list[T]]

_BLOCK_SIZE = 64 * 1024
_FIRST_RECORD = re.compile(rb'([ \t\n\r]*+)\{([ \t\n\r]*+)("(?:[^"\\]++|\\.)*+")([ \t\n\r]*+):')
_CLOSING = re.compile(rb"[ \t\n\r]*+\][ \t\n\r]*+(?:\}[ \t\n\r]*+)?\Z")
_CLOSING_ROOM = 64  # bytes at the end in which the closing brackets are looked for
_RESUMPTION = re.compile(rb'[,}\]][ \t\n\r]*+,?[ \t\n\r]*+(\{[ \t\n\r]*+("[^"\\]*+")[ \t\n\r]*+:)')
_RESUMPTION_ROOM = 512  # bytes before a break in which the boundary that it broke at can start
_JUNK = re.compile(rb'[^,\]\[{"]*+')
_MOST_FIRST_KEYS = 64


class RecordArray:
    """The elements of one JSON array in a window that stands behind its `[`; leaves it behind the `]`.

    `ended` says whether that `]` was met; `next_index` is the index of the element that would come next.
    """

    def __init__(self, source: DecodedStream, window: Window, limits: Limits, defects: DefectLog) -> None:
        self._source = source
        self._window = window
        self._limits = limits
        self._defects = defects
        # A block never holds more than a record may, so that the limit holds on the fast way too.
        self._block_size = min(_BLOCK_SIZE, limits.record_size)
        self._first_keys: set[bytes] = {b'"eventVersion"'}
        self.next_index = 0
        self.ended = False
        self._broken_off = False
        self._resumed = False
        self._after_element = False
        self._after_comma = False

    def runs(self, decode: Decode[T]) -> Iterator[tuple[int, list[T]]]:
        """Runs of decoded records, each with the index of its first; what is bad goes to the defect log."""
        window = self._window
        self.ended = self._after_element = self._after_comma = False
        window.fill(self._block_size)
        boundary = self._boundary()
        while self._at_element():
            window.fill(self._block_size)
            end = self._block_end(boundary)
            if end is None:
                yield from self._one_by_one(decode, window.offset + self._block_size)
                continue
            try:
                rows = decode(b"".join((b"[", memoryview(window.text)[window.at : end], b"]")))
            except (ValueError, RecursionError):
                yield from self._one_by_one(decode, window.offset + end - window.at)
                continue
            first = self.next_index
            self._step_over(end, len(rows))
            yield first, rows

    def _step_over(self, end: int, elements: int) -> None:
        self._window.at = end
        self.next_index += elements
        self._after_element = True
        self._after_comma = False

    def _boundary(self) -> bytes | None:
        """The text from a record's last brace to its neighbour's first key, as this file lays it out."""
        first = _FIRST_RECORD.match(self._window.text, self._window.at)
        if first is None:
            return None
        before_brace, before_key, key, before_colon = first.groups()
        self._first_keys.add(key)
        start = b"{" + before_key + key + before_colon + b":"
        # After the bracket stands what stands after each comma, but for writers that put blanks after commas.
        spaced = b"}, " + start
        return spaced if spaced in self._window.text else b"}," + before_brace + start

    def _block_end(self, boundary: bytes | None) -> int | None:
        """Where a block of whole records may end; None where no end is in sight."""
        text, at = self._window.text, self._window.at
        if self._window.exhausted and len(text) - at <= self._block_size:
            closing = _CLOSING.search(text, max(at, len(text) - _CLOSING_ROOM))
            if closing is not None and closing.start() > at:
                return closing.start()
        found = text.rfind(boundary, at, at + self._block_size) if boundary is not None else -1
        return found + 1 if found > at else None

    def _at_element(self) -> bool:
        """Go to the next element's start. False at the array's end, and where the text breaks off."""
        window = self._window
        while not (self.ended or self._broken_off):
            character = window.peek()
            if character == b"]" and self._closes_the_list():
                if self._after_comma:
                    self._malformed("a comma before the end of the list")
                window.at += 1
                self.ended = True
                return False
            if character == b",":
                if not self._after_element:
                    self._malformed("a comma without a record before it")
                window.at += 1
                self._after_element, self._after_comma = False, True
            elif character == b"":
                self._break_off("the text ends between records")
            elif character in b"}:]" or (self._after_element and character not in b'{["'):
                self._malformed("text between records that is no JSON")
                self._skip_junk()
            else:
                if self._after_element:
                    self._malformed("no comma between records")
                    self._after_element, self._after_comma = False, True
                return True
        return False

    def _closes_the_list(self) -> bool:
        """Whether the bracket at the position is the records' own.

        After a broken record the reader may have gone on inside it, where a nested list ends too: from then
        on, only a bracket at the file's end counts.
        """
        if not self._resumed:
            return True
        self._window.fill(_CLOSING_ROOM)
        return self._window.exhausted and bool(_CLOSING.match(self._window.text, self._window.at))

    def _skip_junk(self) -> None:
        self._window.at += 1
        while True:
            junk = _JUNK.match(self._window.text, self._window.at)
            self._window.at = junk.end() if junk else self._window.at
            if self._window.at < len(self._window.text) or not self._window.fill(1):
                return

    def _malformed(self, detail: str) -> None:
        self._defects.add(DefectReason.MALFORMED_JSON, f"{detail}, at byte {self._window.offset:,}")

    def _break_off(self, detail: str, record_index: int | None = None) -> None:
        """The text has ended too early; where the stream did, that has been said already."""
        self._broken_off = True
        self._window.replace(b"")
        if not self._source.ended_early:
            self._defects.add(DefectReason.TRUNCATED_JSON, detail, record_index)

    def _one_by_one(self, decode: Decode[T], until: int) -> Iterator[tuple[int, list[T]]]:
        """Follow the structure up to the offset `until`, at least over one element."""
        first, rows, size = self.next_index, list[T](), 0
        while self._at_element():
            index = self.next_index
            element = self._cut_element()
            decoded = None if element is None else self._decoded(decode, index, element)
            if decoded is not None and element is not None:
                rows += decoded
                size += len(element)
            done = self._window.offset >= until
            if decoded is None or done or size >= self._block_size:
                if rows:
                    yield first, rows
                first, rows, size = self.next_index, [], 0
            if done:
                return
        if rows:
            yield first, rows

    def _decoded(self, decode: Decode[T], index: int, element: bytes) -> list[T] | None:
        """One record decoded, mended where that helps; None where it cannot be read."""
        if not element.startswith(b"{"):
            self._defects.add(DefectReason.RECORD_NOT_OBJECT, "a record that is no object", index)
            return None
        try:
            try:
                return decode(b"[%b]" % element)
            except ValueError as refusal:
                rows = decode(b"[%b]" % mend(element))
                self._defects.add(DefectReason.MENDED_RECORD, str(refusal), index)
                return rows
        except RecursionError:
            self._defects.add(DefectReason.RECORD_TOO_DEEP, "a record nested too deep to decode", index)
        except ValueError as error:
            self._defects.add(DefectReason.MALFORMED_RECORD, str(error), index)
        return None

    def _cut_element(self) -> bytes | None:
        """The text of the element at the position, stepping over it; None where it is not whole."""
        window = self._window
        scan = ValueScan()
        scanned = 0  # relative to window.at, which moves in the text when the window grows
        while True:
            outcome, position = scan.advance(window.text, window.at + scanned)
            scanned = position - window.at
            if outcome is Outcome.END or scanned > self._limits.record_size:
                break
            if outcome is Outcome.BROKEN:
                self._resume(position)
                return None
            if len(window.text) - window.at > self._limits.record_size:
                break
            if not window.grow(self._limits.record_size):
                self._break_off("the text ends within a record", self.next_index)
                self.next_index += 1
                return None
        if outcome is Outcome.END and scanned <= self._limits.record_size:
            element = window.text[window.at : position]
            self._remember_first_key(element)
            self._step_over(position, 1)
            return element
        self._skip_large(scan, outcome, position)
        return None

    def _remember_first_key(self, element: bytes) -> None:
        first = _FIRST_RECORD.match(element)
        if first is not None and len(self._first_keys) < _MOST_FIRST_KEYS:
            self._first_keys.add(first[3])

    def _skip_large(self, scan: ValueScan, outcome: Outcome, position: int) -> None:
        """Follow a record that is too large to hold to its end, keeping nothing of it."""
        detail = f"a record of more than {self._limits.record_size:,} bytes"
        self._defects.add(DefectReason.RECORD_TOO_LARGE, detail, self.next_index)
        window = self._window
        while outcome is Outcome.INCOMPLETE:
            window.replace(scan.condensed(window.text, position))
            if not window.grow(self._limits.record_size):
                self._break_off("the text ends within a record", self.next_index)
                self.next_index += 1
                return
            outcome, position = scan.advance(window.text, 0)
        if outcome is Outcome.BROKEN:
            self._resume(position)
        else:
            self._step_over(position, 1)

    def _resume(self, broken_at: int) -> None:
        """Leave a record that is not whole: go on where one of the known first keys opens the next.

        Boundaries well before the break belong to nested lists, and do not count.
        """
        window = self._window
        detail = f"a record that breaks at byte {window.offset + broken_at - window.at:,}"
        self._defects.add(DefectReason.MALFORMED_RECORD, detail, self.next_index)
        self.next_index += 1
        start = max(window.at + 1, broken_at - _RESUMPTION_ROOM)
        while True:
            for found in _RESUMPTION.finditer(window.text, start):
                if found.end() >= broken_at and found[2] in self._first_keys:
                    window.at = found.start(1)
                    self._resumed = True
                    self._after_element, self._after_comma = False, True
                    return
            window.at = max(start, len(window.text) - _RESUMPTION_ROOM)
            broken_at -= window.at
            start = 0
            if not window.grow(self._limits.record_size):
                break
        self._broken_off = True
        detail = "after a broken record, no other could be found"
        self._defects.add(DefectReason.MALFORMED_JSON, detail)
