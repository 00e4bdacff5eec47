"""CPU of the product and of FLOOR, taking turns in one process on fresh bytes.

FLOOR is what anyone pays who only parses a log file: `orjson.loads(zlib.decompress(file))`. Because the two
take turns, a machine whose speed drifts does not change their ratio.
"""

import gc
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from statistics import median

import orjson

from trailwarden.activity.learning import LearnedSessions
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine
from trailwarden.engine.hidden import HiddenMatches
from trailwarden.engine.times import EventTimes


@dataclass(frozen=True)
class Ratio:
    """A ratio of CPU times over some rounds, and the medians it is of, in µs a record."""

    median: float
    low: float
    high: float
    product_us: float
    other_us: float


def scan(engine: Engine, data: bytes) -> int:
    """Scan one file; the number of matches."""
    return sum(1 for _ in engine.scan(LogFileReader(BytesIO(data))))


def learn(engine: Engine, data: bytes) -> int:
    """Scan one file as `detect` does, and learn from it; the number of matches."""
    learned = LearnedSessions()
    matches = sum(1 for _ in engine.scan(LogFileReader(BytesIO(data)), teach=learned.add))
    learned.drain()
    return matches


def survey(engine: Engine, data: bytes) -> int:
    """Scan one file with all that `detect` asks of a scan: the ends of time, what was hidden, and what
    teaches."""
    learned = LearnedSessions()
    reader = LogFileReader(BytesIO(data))
    return sum(1 for _ in engine.scan(reader, EventTimes(), HiddenMatches(), learned.add))


def floor(data: bytes) -> int:
    """Only parse it."""
    return len(orjson.loads(zlib.decompress(data, wbits=31))["Records"])


@dataclass(frozen=True)
class Side:
    """One of two that take turns: what it does with a file, and its files."""

    work: Callable[[bytes], int]
    files: Sequence[bytes]


def against_floor(engine: Engine, files: Sequence[bytes], records: int, rounds: int) -> Ratio:
    """The product's CPU over FLOOR's; each round takes all of the files, each of `records`."""
    for data in files:
        scan(engine, data)  # what a running function has seen before
    return _ratio(Side(lambda data: scan(engine, data), files), Side(floor, files), records, rounds)


def against_fewer(many: Side, few: Side, records: int, rounds: int) -> Ratio:
    """The CPU with many rules over that with few, of files of which the same share matches."""
    return against_other(many, few, records, rounds)


def against_other(one: Side, other: Side, records: int, rounds: int) -> Ratio:
    """The CPU of one over that of the other."""
    for side in (one, other):
        for data in side.files:
            side.work(data)  # what a running function has seen before
    return _ratio(one, other, records, rounds)


def _ratio(product: Side, other: Side, records: int, rounds: int) -> Ratio:
    products: list[float] = []
    others: list[float] = []
    for number in range(rounds):
        # Who goes first changes places, so that neither always finds the caches warm.
        pair = [(product, products), (other, others)]
        for side, times in pair if number % 2 else reversed(pair):
            times.append(_cpu(side.work, side.files) / records / len(side.files) * 1e6)
    ratios = [mine / theirs for mine, theirs in zip(products, others, strict=True)]
    return Ratio(median(ratios), min(ratios), max(ratios), median(products), median(others))


def _cpu(work: Callable[[bytes], int], files: Sequence[bytes]) -> float:
    """CPU seconds of all files together, each in memory that nobody has read yet."""
    fresh = [bytes(bytearray(data)) for data in files]
    gc.collect()
    started = time.process_time()
    for data in fresh:
        work(data)
    return time.process_time() - started
