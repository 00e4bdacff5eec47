import io
import random

import pytest
from isal import igzip_lib

from tests.unit.delivery.log_files import zipped
from trailwarden.delivery.decompression import DecodedStream
from trailwarden.delivery.defects import DefectLog, DefectReason, Limits

TEXT = random.Random(1).randbytes(300_000).hex().encode()  # noqa: S311 (text that compresses badly, no secret)


class Trickle(io.BytesIO):
    """A transport that gives a few bytes at a time, fewer than it was asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(7)


def decoded(stream: io.BytesIO, limits: Limits | None = None) -> tuple[bytes, DecodedStream, DefectLog]:
    log = DefectLog(10)
    source = DecodedStream(stream, limits or Limits(), log)
    pieces = []
    while piece := source.read():
        pieces.append(piece)
    return b"".join(pieces), source, log


@pytest.mark.parametrize("transport", [io.BytesIO, Trickle])
@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        b"\xef\xbb\xbf" + TEXT,
        zipped(TEXT),
        zipped(b"\xef\xbb\xbf" + TEXT),
        zipped(TEXT[:1], TEXT[1:5000], b"", TEXT[5000:]),
        zipped(b"\xef", b"\xbb\xbf", TEXT),
        zipped(TEXT) + bytes(1000),
        zipped(TEXT[:9]) + bytes(3) + zipped(TEXT[9:]),
    ],
    ids=["plain", "plain BOM", "gzip", "gzip BOM", "members", "BOM in members", "padded", "padded between"],
)
def test_what_was_compressed_comes_out(content: bytes, transport: type[io.BytesIO]) -> None:
    text, source, log = decoded(transport(content))

    assert text == TEXT
    assert not log.described
    assert not source.ended_early
    assert source.bytes_compressed == len(content)


def test_no_piece_is_much_larger_than_a_read_however_well_it_was_compressed() -> None:
    log = DefectLog(10)
    source = DecodedStream(io.BytesIO(zipped(b"a" * 5_000_000)), Limits(read_size=1000), log)

    largest = max(len(piece) for piece in iter(source.read, b""))

    assert largest < 1000 + 4096


def test_a_flipped_bit_never_changes_the_text_unnoticed() -> None:
    whole = zipped(TEXT[:2000])
    noticed = 0
    for place in range(2, len(whole)):  # the first two say that it is gzip at all
        damaged = bytearray(whole)
        damaged[place] ^= 0x10

        text, _, log = decoded(io.BytesIO(bytes(damaged)))

        # The header's time and flags, and the bits that pad the last block, change no text.
        assert log.described or text == TEXT[:2000], place
        noticed += bool(log.described)

    assert noticed > len(whole) - 10


def test_text_before_the_damage_comes_out() -> None:
    whole = bytearray(zipped(TEXT))
    whole[-5] ^= 1  # the checksum

    text, source, log = decoded(io.BytesIO(bytes(whole)))

    assert TEXT.startswith(text)
    assert len(text) > len(TEXT) - 10_000
    assert source.ended_early
    assert list(log.counts) == [DefectReason.CORRUPT_GZIP]


def in_small_steps(content: bytes) -> int:
    """How much comes out of a damaged member that is inflated in the smallest steps throughout."""
    inflater = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    inflated = 0
    try:
        while not inflater.eof:
            inflated += len(inflater.decompress(content, 1024 if inflated < 64 * 1024 else 4096))
            content = b""
    except igzip_lib.IsalError:  # type: ignore[misc]  # the stub declares an instance
        pass
    return inflated


@pytest.mark.parametrize("transport", [io.BytesIO, Trickle])
def test_damage_costs_at_most_a_small_step_of_text(transport: type[io.BytesIO]) -> None:
    whole = zipped(b"".join(b'{"n":%d},' % number for number in range(60_000)))
    places = random.Random(2).sample(range(20, len(whole) - 8), 40)  # noqa: S311 (no secret)
    damaged_files = 0
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 0x10

        text, _, log = decoded(transport(bytes(damaged)))

        if log.counts[DefectReason.CORRUPT_GZIP]:
            damaged_files += 1
            assert len(text) > in_small_steps(bytes(damaged)) - 4096, place
    assert damaged_files > 30


def test_a_large_member_is_read_to_near_its_damage_though_its_start_is_not_kept() -> None:
    text = random.Random(3).randbytes(3_000_000)  # noqa: S311 (text that does not compress, no secret)
    whole = bytearray(zipped(text))
    whole[-5] ^= 1  # the checksum

    out, _, log = decoded(io.BytesIO(bytes(whole)))

    assert text.startswith(out)
    assert len(out) > len(text) - 10_000
    assert list(log.counts) == [DefectReason.CORRUPT_GZIP]


@pytest.mark.parametrize("cut", [3, 9, 11, 1000, -9, -8, -1])
def test_a_file_that_breaks_off_gives_what_there_is(cut: int) -> None:
    text, source, log = decoded(io.BytesIO(zipped(TEXT)[:cut]))

    assert TEXT.startswith(text)
    assert source.ended_early
    assert list(log.counts) == [DefectReason.TRUNCATED_GZIP]


@pytest.mark.parametrize("garbage", [b"x", b"garbage after", bytes(9) + b"x", b"\x1f"])
def test_garbage_after_the_gzip_costs_nothing_before_it(garbage: bytes) -> None:
    text, source, log = decoded(io.BytesIO(zipped(TEXT) + garbage))

    assert text == TEXT
    assert not source.ended_early
    assert list(log.counts) == [DefectReason.TRAILING_GARBAGE]


def test_a_broken_second_member_costs_nothing_before_it() -> None:
    text, _, log = decoded(io.BytesIO(zipped(TEXT) + zipped(TEXT)[:-100]))

    assert text.startswith(TEXT)
    assert list(log.counts) == [DefectReason.TRUNCATED_GZIP]


@pytest.mark.parametrize("content", [TEXT, zipped(TEXT)], ids=["plain", "gzip"])
@pytest.mark.parametrize("limit", [1, 2, 3, 1000, 100_000])
def test_no_more_is_decompressed_than_the_limit(content: bytes, limit: int) -> None:
    text, source, log = decoded(io.BytesIO(content), Limits(decoded_size=limit))

    assert text == TEXT[:limit]
    assert source.ended_early
    assert list(log.counts) == [DefectReason.FILE_TOO_LARGE]


def test_a_file_of_exactly_the_limit_is_whole() -> None:
    text, _, log = decoded(io.BytesIO(zipped(TEXT)), Limits(decoded_size=len(TEXT)))

    assert text == TEXT
    assert not log.described


def test_what_the_transport_raises_passes() -> None:
    class Dropped(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 1000:
                raise ConnectionResetError("dropped")
            return super().read(600)

    with pytest.raises(ConnectionResetError):
        decoded(Dropped(zipped(TEXT)))


@pytest.mark.parametrize("name", ["read_size", "record_size", "decoded_size", "defects"])
def test_a_limit_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})
