"""Blocks of a log file → the records that rules still need, decoded in full; the others never are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise
from typing import Protocol

import msgspec

from trailwarden.delivery.records import Record
from trailwarden.engine.decision import Decision, Node
from trailwarden.engine.row import OddShapeError, Row
from trailwarden.engine.times import EventTimes
from trailwarden.engine.values import RecordView

_decode_raw = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_records = msgspec.json.Decoder(list[Record]).decode
_decode_record = msgspec.json.Decoder(Record).decode
_Kept = dict[int, tuple[Node, ...]]
_BOUNDARY = b'},{"eventVersion":'  # as CloudTrail lays records out; without it, blocks are taken apart whole
_SLACK = 2 * 1024  # bytes that a guess may be wrong by, since records are not all of one size
_MANY = 0.6  # from this share of a block on, decoding all of it is cheaper than taking it apart


@dataclass(frozen=True, slots=True)
class Sifted:
    """A record that a rule matches, or may match: `nodes` are what its row came to."""

    record: Record
    nodes: Sequence[Node]

    def rules(self, decision: Decision) -> Sequence[int]:
        """The numbers of the rules that match, in order; raises what a predicate raises."""
        if len(self.nodes) == 1 and self.nodes[0].field is None:
            return self.nodes[0].matched
        return decision.at_record(self.nodes, RecordView(self.record))


class Position(Protocol):
    """Where the reader of a log file is."""

    @property
    def next_index(self) -> int:
        """The index of the record that is decoded next; it may be one too high, never too low."""


class Sieve:
    """Sifts the blocks of one log file; `decode` is what `LogFileReader.decoded_blocks` wants.

    Records before the index `start`, as `position` has it, are counted and not sifted.
    """

    def __init__(
        self,
        decision: Decision,
        times: EventTimes | None = None,
        *,
        start: int = 0,
        position: Position | None = None,
    ) -> None:
        self._start = start if position is not None else 0
        self._position = position
        self._size = 0
        self._decision = decision
        self._times = times
        self._event_time = decision.row_type.event_time

    def decode(self, block: bytes) -> list[Sifted | None]:
        """An item for each record of the block, None for those that no rule matches or needs.

        Raises ValueError or RecursionError where the block, or a record that is needed, is no JSON.
        """
        if not block.isascii():
            str(block, "utf-8")  # fields that are skipped over are to be valid as well
        rows, omitting = self._decision.row_type.rows(block)
        if self._times is not None:
            self._times.add(map(self._event_time, rows))
        sifted: list[Sifted | None] = [None] * len(rows)
        if self._start and self._is_before_start(len(rows)):
            return sifted
        kept = self._kept(rows)
        for position in omitting:
            kept.setdefault(position, ())  # it cannot be judged on what was omitted from it
        if kept:
            records, size = _records(block, kept, len(rows))
            self._size += size
            for position, record in zip(kept, records, strict=True):
                sifted[position] = Sifted(record, kept[position])
        return sifted

    def take_size(self) -> int:
        """Bytes of JSON of the records decoded in full since the last call, or somewhat more."""
        size, self._size = self._size, 0
        return size

    def _is_before_start(self, count: int) -> bool:
        """Whether so many records, from the reader's position on, lie before the start for certain."""
        return self._position is not None and self._position.next_index + count <= self._start

    def _kept(self, rows: list[Row]) -> _Kept:
        """By position, the nodes of the records that are needed, where rules match or are open.

        A root at a time, so that the look-ups run in C; where a value is new, a row at a time.
        """
        decision = self._decision
        decision.keep_small()
        kept: _Kept = {}
        try:
            for root in decision.roots:
                column: list[Node | None]
                if root.read is None:
                    column = [root] * len(rows)
                else:
                    column = list(map(root.known.__getitem__, map(root.read, rows)))
                if column.count(None) < len(column):
                    self._follow(column, rows, kept)
        except (KeyError, TypeError, AttributeError):
            return self._kept_one_by_one(rows)
        return kept

    def _follow(self, column: list[Node | None], rows: list[Row], kept: _Kept) -> None:
        """Take the rows that one tree has not done with to its end."""
        nothing = self._decision.nothing
        for position in compress(range(len(rows)), column):
            node, row = column[position], rows[position]
            while node is not None and node.read is not None:
                node = node.branches[node.memo[node.read(row)]]
            if node is not None and node is not nothing:
                kept[position] = (*kept.get(position, ()), node)

    def _kept_one_by_one(self, rows: list[Row]) -> _Kept:
        decision = self._decision
        kept: _Kept = {}
        for position, row in enumerate(rows):
            nodes: tuple[Node, ...] = ()
            try:
                for root in decision.roots:
                    node = root if root.read is None else root.known[root.read(row)]
                    if node is None:
                        continue
                    while node.read is not None:
                        node = node.branches[node.memo[node.read(row)]]
                    if node is not decision.nothing:
                        nodes = (*nodes, node)
            except (KeyError, TypeError, AttributeError):
                nodes = tuple(node for node in self._first_met(row) if node is not decision.nothing)
            if nodes:
                kept[position] = nodes
        return kept

    def _first_met(self, row: Row) -> tuple[Node, ...]:
        """The nodes of a row on whose way something was not known yet.

        What cannot be told from the row, for its shape or for a predicate that raises, is decided on the
        whole record from the start.
        """
        try:
            return self._decision.at_row(row)
        except OddShapeError:
            return self._decision.roots
        except Exception:  # noqa: BLE001 (raised again, and counted, where the whole record is evaluated)
            return self._decision.roots


def _records(block: bytes, positions: Collection[int], count: int) -> tuple[list[Record], int]:
    """The records at some positions of a block of `count`, and about how many bytes they were."""
    if len(positions) > _MANY * count:
        records = _decode_records(block)
        return [records[position] for position in positions], len(block)
    needed = sorted(positions)
    ends = pairwise((-1, *needed, count))
    left, right = max(ends, key=lambda gap: gap[1] - gap[0])
    head, tail = _head(block, left + 1, count), _tail(block, count - right, count)
    raw = [head[position] if position <= left else tail[position - count] for position in positions]
    return list(map(_decode_record, raw)), sum(memoryview(each).nbytes for each in raw)


def _head(block: bytes, wanted: int, count: int) -> list[msgspec.Raw]:
    """A block's first records, `wanted` or some more, taken apart without the others.

    The cut is guessed from their share of the block. It is at a record's end where what lies before it
    decodes as whole records; where it does not, or holds too few, the block is taken apart whole.
    """
    if not wanted:
        return []
    end = block.find(_BOUNDARY, len(block) * wanted // count + _SLACK)
    if end > 0:
        raw = _whole_records(b"".join((memoryview(block)[: end + 1], b"]")))
        if len(raw) >= wanted:
            return raw
    return _decode_raw(block)


def _tail(block: bytes, wanted: int, count: int) -> list[msgspec.Raw]:
    """A block's last records, `wanted` or some more, in the same way."""
    if not wanted:
        return []
    start = block.rfind(_BOUNDARY, 0, max(0, len(block) * (count - wanted) // count - _SLACK))
    if start > 0:
        raw = _whole_records(b"".join((b"[", memoryview(block)[start + 2 :])))
        if len(raw) >= wanted:
            return raw
    return _decode_raw(block)


def _whole_records(text: bytes) -> list[msgspec.Raw]:
    """The records of a list, or none where it was cut within a record."""
    try:
        return _decode_raw(text)
    except (ValueError, RecursionError):
        return []
