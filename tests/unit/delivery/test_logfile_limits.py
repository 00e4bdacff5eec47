"""Memory stays bounded whatever a file inflates to, at limits small enough to see it."""

import io
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from tests.unit.delivery.log_files import GOOD, file_of, numbered, read, reasons
from trailwarden.delivery.defects import DefectReason, Limits
from trailwarden.delivery.logfile import LogFileReader

KIB, MIB = 1024, 1024 * 1024
LIMITS = Limits(record_size=256 * KIB, decoded_size=12 * MIB)


def bomb(head: bytes, filling: bytes, tail: bytes = b"", size: int = 16 * MIB) -> bytes:
    """A small gzip file that inflates to `head`, `filling` up to `size` bytes, and `tail`."""

    def parts() -> Iterator[bytes]:
        yield head
        block = filling * (min(size, MIB) // len(filling))
        for _ in range(max(1, size // MIB)):
            yield block
        yield tail

    packer = zlib.compressobj(1, wbits=31)
    return b"".join(packer.compress(part) for part in parts()) + packer.flush()


def peak_of_reading(content: bytes) -> tuple[int, LogFileReader]:
    """The most memory that Python held while reading, in bytes, beyond the file itself."""
    reader = LogFileReader(io.BytesIO(content), LIMITS)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in reader.records():
            pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return peak - before, reader


RECORD = b'{"eventVersion":"1.11","requestParameters":{"a":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}},'
BOMBS = {
    "one string": (b'{"Records":[{"a":"', b"a"),
    "one string of escapes": (b'{"Records":[{"a":"', b"\\\\"),
    "one key": (b'{"', b"a"),
    "one number": (b'{"Records":[', b"1"),
    "blanks before": (b"", b" "),
    "blanks in the list": (b'{"Records":[', b" \n"),
    "blanks in a record": (b'{"Records":[{"eventVersion":', b" "),
    "blanks after": (b'{"Records":[]}', b" "),
    "a value before": (b'{"a":[0', b",0"),
    "a value after": (b'{"Records":[],"a":{"b":1', b',"c":0'),
    "valid records": (b'{"Records":[', RECORD),
    "one record of many fields": (b'{"Records":[{"a":0', b',"a":0'),
}


@pytest.mark.parametrize(("head", "filling"), BOMBS.values(), ids=BOMBS)
def test_a_gzip_bomb_takes_little_memory_and_is_told(head: bytes, filling: bytes) -> None:
    content = bomb(head, filling)
    assert len(content) < 2 * MIB

    peak, reader = peak_of_reading(content)

    assert peak < 8 * MIB
    assert reader.defects
    assert reader.bytes_decoded <= LIMITS.decoded_size + 128 * KIB


def test_brackets_without_end_take_little_memory() -> None:
    peak, reader = peak_of_reading(bomb(b'{"Records":[', b"[", size=4 * MIB))

    assert peak < 8 * MIB
    assert reader.unreadable


def test_elements_that_are_no_objects_take_little_memory() -> None:
    peak, reader = peak_of_reading(bomb(b"[0", b",0", b"]", size=MIB // 4))

    assert peak < 8 * MIB
    assert reader.defect_counts[DefectReason.RECORD_NOT_OBJECT] == MIB // 8 + 1
    assert len(reader.defects) == LIMITS.defects


def test_a_file_of_any_size_takes_no_more_memory_than_a_small_one() -> None:
    records = [RECORD[:-1]] * 1000
    small, _ = peak_of_reading(file_of(*records))
    large, reader = peak_of_reading(file_of(*records * 100))

    assert reader.record_count == 100_000
    assert large < small + 4 * MIB


def test_a_record_over_the_limit_costs_itself_only() -> None:
    large = b'{"eventVersion":"1","a":[{"b":"%b"},"\\\\",{}]}' % (b'x\\"{[' * 200_000)

    records, reader = read(file_of(GOOD[0], large, GOOD[1], GOOD[2]), LIMITS)

    assert records == [(0, GOOD[0]), (2, GOOD[1]), (3, GOOD[2])]
    assert reasons(reader) == [(DefectReason.RECORD_TOO_LARGE, 1)]


@pytest.mark.parametrize("size", [100, 1000, 200 * KIB, 300 * KIB])
def test_the_limit_of_a_record_is_exact(size: int) -> None:
    shell = b'{"eventVersion":"1","a":""}'
    fits = shell[:-2] + b"x" * (size - len(shell)) + shell[-2:]
    too_large = shell[:-2] + b"x" * (size + 1 - len(shell)) + shell[-2:]

    records, reader = read(file_of(GOOD[0], fits, too_large, fits, GOOD[1]), Limits(record_size=size))

    assert [index for index, _ in records] == [0, 1, 3, 4]
    assert reasons(reader) == [(DefectReason.RECORD_TOO_LARGE, 2)]


def test_a_file_over_the_limit_gives_the_records_before_it() -> None:
    text = file_of(*GOOD)

    records, reader = read(text, Limits(decoded_size=text.index(b'"C"')))

    assert records == numbered(GOOD[:2])
    assert reasons(reader) == [(DefectReason.FILE_TOO_LARGE, None)]


def test_a_file_of_exactly_the_limit_is_read() -> None:
    text = file_of(*GOOD)

    records, reader = read(text, Limits(decoded_size=len(text)))

    assert records == numbered(GOOD)
    assert not reader.defects
