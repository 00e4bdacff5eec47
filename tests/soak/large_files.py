"""Files of CloudTrail's largest size, half of whose records match, read within the default settings.

The clock is the world's own: calls of the table and reads of the bucket take what they take in a function of
1,024 MB, so the figures do not depend on the machine. Memory is measured on the reading alone, in a process
whose table keeps nothing.
"""

import io
import json
import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.ingest_world import NOW, RULES, World
from tests.samples import MEMBER, notice, record
from trailwarden.alerts.model import AlertBatch
from trailwarden.detection import learning_engine
from trailwarden.reading import FileReading, Tools
from trailwarden.state.ledger import Progress

COMPRESSED = 50_000_000
"""Bytes: CloudTrail delivers a file before it is larger."""
_TRACED = 2_000_000  # tracing makes reading several times as slow
_TIMEOUT = 120.0  # the default of detect_timeout_seconds
# Seconds that a call costs: its way there and back, and CPU at 0.58 of a core; transactions go eight at once.
_COSTS = {"transact_write_items": 0.0065, "batch_write_item": 0.015, "batch_get_item": 0.025}
_READ = 0.06  # 64 KiB from the bucket, decompressed and judged


@dataclass(frozen=True)
class Shape:
    """A file: every how many-th record matches, whether each in a group of its own, and how large it is at
    most: compressed bytes, or records."""

    every: int = 2
    own_groups: bool = False
    size: int = COMPRESSED
    records: int = 10**9


SHAPES = {
    "half match, one group": Shape(),
    "half match, each its own group": Shape(own_groups=True),
    "500,000 records, 1 % match, each its own group": Shape(
        every=100, own_groups=True, size=10**9, records=500_000
    ),
}


def run(seed: int, *, share: int = 1) -> dict[str, Any]:
    """Every shape of the file; `share`: a part of its size only."""
    figures: dict[str, Any] = {}
    for groups, whole in SHAPES.items():
        shape = replace(whole, size=whole.size // share, records=whole.records // share)
        data = large_file(seed, shape)
        # What is held does not grow with the file (tests/unit/test_reading_memory.py): a part shows it.
        peak, _ = peak_of_reading(large_file(seed, replace(shape, size=min(shape.size, _TRACED))))
        world = World(timeout=_TIMEOUT, seconds=0.01, costs=_COSTS)
        key = world.put("AAAAAAAAAAAAAAAA", data)
        world.slow[key] = _READ
        world.send(notice(key))
        world.settle(most_runs=990)  # SQS gives a message out 1,000 times
        assert world.read() == {key}
        assert (world.deaths, world.parked) == (0, [])
        kept = sum(sk.startswith("MATCH#") for _, sk in world.table.items)
        assert kept == world.tally.matches, "nothing lost, nothing twice"
        figures[groups] = {
            "megabytes": round(len(data) / 1e6, 1),
            "records": world.tally.records,
            "matches": kept,
            "alerts": world.tally.alerts,
            "runs": world.runs,
            "minutes": round((world.time - NOW) / 60, 1),
            "peak MB of reading": round(peak / 1e6, 1),
        }
    return figures


def large_file(seed: int, shape: Shape) -> bytes:
    """A log file of that shape."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    packer = zlib.compressobj(1, wbits=31)
    out = io.BytesIO()
    number = 0
    out.write(packer.compress(b'{"Records":['))
    while out.tell() < shape.size and number < shape.records:
        piece = []
        for _ in range(1000):
            number += 1
            piece.append(json.dumps(_record(chance, number, shape), separators=(",", ":")))
        text = ",".join(piece)
        out.write(packer.compress((text if number == 1000 else "," + text).encode()))
    out.write(packer.compress(b"]}") + packer.flush())
    return out.getvalue()


def _record(chance: random.Random, number: int, shape: Shape) -> dict[str, Any]:
    name = f"user{number}" if shape.own_groups else "mallory"
    return record(
        number,
        eventName="StopLogging" if number % shape.every == 0 else "DescribeTrails",
        userIdentity={
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{MEMBER}:user/{name}",
            "accountId": MEMBER,
            "userName": name,
        },
        eventTime=f"2026-03-01T{number % 24:02}:{number // 24 % 60:02}:00Z",
        requestParameters={
            "name": f"trail-{chance.getrandbits(256):x}",
            "token": f"{chance.getrandbits(256):x}",
        },
        requestID=f"{chance.getrandbits(128):x}",
    )


@dataclass
class _Nowhere:
    """A store that keeps nothing."""

    stored: int = 0

    def add(self, batches: Iterable[AlertBatch]) -> int:
        self.stored += sum(len(batch.matches) for batch in batches)
        return 0


def peak_of_reading(data: bytes) -> tuple[int, int]:
    """Bytes that reading a file holds at most beyond the file itself, and how many matches it has."""
    import tracemalloc

    store = _Nowhere()
    tools = Tools(engine=learning_engine(RULES), store=store)
    stream = io.BytesIO(data)
    tracemalloc.start()
    reading = FileReading(tools, stream, "s3://bucket/key", Progress(RULES.version), today="2026-03-01")
    for _ in _portions(reading):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak, store.stored


def _portions(reading: FileReading) -> Iterator[Any]:
    return reading.portions(lambda: None)
