"""Blocks of a log file → the records that rules still need, decoded in full; the others never are."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import msgspec

from trailwarden.delivery.records import Record
from trailwarden.engine.decision import Decision, Node
from trailwarden.engine.row import OddShapeError
from trailwarden.engine.times import EventTimes
from trailwarden.engine.values import RecordView

_decode_raw = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_records = msgspec.json.Decoder(list[Record]).decode
_decode_record = msgspec.json.Decoder(Record).decode
_Kept = tuple[int, tuple[Node, ...]]
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


class Sieve:
    """Sifts the blocks of one log file; `decode` is what `LogFileReader.decoded_blocks` wants."""

    def __init__(self, decision: Decision, times: EventTimes | None = None) -> None:
        self._decision = decision
        self._times = times
        self._event_time = decision.row_type.event_time
        self._decode_rows = msgspec.json.Decoder(list[decision.row_type.struct]).decode  # type: ignore[name-defined]

    def decode(self, block: bytes) -> list[Sifted | None]:
        """An item for each record of the block, None for those that no rule matches or needs.

        Raises ValueError or RecursionError where the block, or a record that is needed, is no JSON.
        """
        if not block.isascii():
            str(block, "utf-8")  # fields that are skipped over are to be valid as well
        rows = self._decode_rows(block)
        kept = self._with_omitting(self._kept(rows), rows)
        sifted: list[Sifted | None] = [None] * len(rows)
        if kept:
            for (position, nodes), record in zip(kept, self._records(block, kept, len(rows)), strict=True):
                sifted[position] = Sifted(record, nodes)
        if self._times is not None:
            self._times.add(map(self._event_time, rows))
        return sifted

    def _kept(self, rows: list[Any]) -> list[_Kept]:
        """The positions of the records that are needed, with the nodes where rules match or are open."""
        decision = self._decision
        decision.keep_small()
        roots, nothing = decision.roots, decision.nothing
        kept: list[_Kept] = []
        for position, row in enumerate(rows):
            nodes: tuple[Node, ...] = ()
            try:
                for root in roots:
                    node = root
                    while node.read is not None:
                        node = node.branches[node.memo[node.read(row)]]
                    if node is not nothing:
                        nodes = (*nodes, node)
            except (KeyError, TypeError, AttributeError):
                nodes = tuple(node for node in self._first_met(row) if node is not nothing)
                roots = decision.roots
            if nodes:
                kept.append((position, nodes))
        return kept

    def _with_omitting(self, kept: list[_Kept], rows: list[Any]) -> list[_Kept]:
        """Beside what rules need: the records that cannot be judged on what was omitted from them."""
        omitting = self._decision.row_type.omitting(rows)
        if not omitting:
            return kept
        nodes_at = dict.fromkeys(omitting, ()) | dict(kept)
        return sorted(nodes_at.items(), key=itemgetter(0))

    def _first_met(self, row: Any) -> tuple[Node, ...]:
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

    def _records(self, block: bytes, kept: list[_Kept], count: int) -> list[Record]:
        if len(kept) > _MANY * count:
            records = _decode_records(block)
            return [records[position] for position, _ in kept]
        raw = _decode_raw(block)
        return [_decode_record(raw[position]) for position, _ in kept]
