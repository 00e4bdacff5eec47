import gzip
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.unit.delivery.log_files import GOOD, file_of, numbered, read, zipped
from trailwarden.delivery.defects import Limits
from trailwarden.delivery.logfile import LogFileReader

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
MANY: list[dict[str, Any]] = [
    {
        "eventVersion": "1.11",
        "eventName": f"Get{n}",
        "requestParameters": {"name": "x" * (n % 997), "list": [n, {}]},
    }
    for n in range(2000)
]


@pytest.mark.parametrize(
    "text",
    [
        file_of(*MANY),
        json.dumps({"Records": MANY}).encode(),
        json.dumps({"Records": MANY}, indent=2).encode(),
        json.dumps({"Records": MANY}, indent="\t").encode() + b"\r\n",
        json.dumps({"Records": MANY}, separators=(" ,\n", " : ")).encode(),
        json.dumps(MANY).encode(),
        b"\xef\xbb\xbf " + file_of(*MANY),
        file_of(*MANY).replace(b'{"Records":[', b'{"a":{"Records":[1]},"b":"]}","\\u0052ecords" : [ '),
        file_of(*MANY)[:-1] + b',"next":{"Records":[{}]},"n":[1,2]}  ',
        json.dumps({"Records": [dict(sorted(r.items(), key=lambda i: len(str(i)))) for r in MANY]}).encode(),
    ],
    ids=[
        "compact", "spaced", "indented", "tabs", "odd blanks",
        "bare list", "BOM", "keys before", "keys after", "first keys vary",
    ],
)  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, zipped, lambda t: zipped(t[:100], t[100:70_000], t[70_000:])])
def test_every_layout_and_packing_gives_the_same_records(text: bytes, pack: Any) -> None:
    records, reader = read(pack(text))

    assert records == numbered(MANY)
    assert not reader.defects
    assert not reader.unreadable
    assert reader.record_count == len(MANY)
    assert reader.bytes_compressed == len(pack(text))


@pytest.mark.parametrize("text", [b'{"Records":[]}', b" [ ] ", b'{"Records": [\n] , "a":1}'])
def test_a_file_of_no_records_is_a_good_file(text: bytes) -> None:
    records, reader = read(zipped(text))

    assert records == []
    assert not reader.defects
    assert not reader.unreadable


def test_a_nested_list_may_look_like_the_boundary_between_records() -> None:
    lookalike = {**GOOD[0], "requestParameters": {"events": [GOOD[1], *MANY]}}

    records, reader = read(file_of(*GOOD, lookalike, *MANY, lookalike))

    assert records == numbered([*GOOD, lookalike, *MANY, lookalike])
    assert not reader.defects


def test_text_that_looks_like_the_boundary_may_stand_in_a_string() -> None:
    quoting = {**GOOD[0], "userAgent": '},{"eventVersion":', "errorMessage": '"}]}\\'}

    records, reader = read(file_of(*[quoting] * 3000))

    assert records == numbered([quoting] * 3000)
    assert not reader.defects


def test_a_record_larger_than_a_block_is_read() -> None:
    large = {**GOOD[0], "requestParameters": {"policy": '\\"{[' * 300_000}}

    records, reader = read(zipped(file_of(GOOD[0], large, GOOD[1])))

    assert records == numbered([GOOD[0], large, GOOD[1]])
    assert not reader.defects


def test_a_decoder_of_ones_own_sees_every_block_once() -> None:
    class Name(msgspec.Struct):
        eventName: str  # noqa: N815 (CloudTrail's spelling)

    seen = 0
    decoder = msgspec.json.Decoder(list[Name])

    def decode(block: bytes) -> list[Name]:
        nonlocal seen
        seen += len(block)
        return decoder.decode(block)

    text = file_of(*MANY)
    reader = LogFileReader(io.BytesIO(zipped(text)))
    names = [
        (index, name.eventName)
        for first, block in reader.decoded_blocks(decode)
        for index, name in enumerate(block, first)
    ]

    assert names == [(n, f"Get{n}") for n in range(2000)]
    assert len(text) * 0.99 < seen < len(text) * 1.01


def test_records_come_as_they_are_read_not_at_the_end() -> None:
    stream = io.BytesIO(file_of(*MANY))
    records = LogFileReader(stream).records()

    assert next(records) == (0, MANY[0])
    assert stream.tell() < 300_000


def test_a_reader_reads_once() -> None:
    _, reader = read(file_of(*GOOD))

    with pytest.raises(RuntimeError, match="once"):
        list(reader.records())


def test_the_size_of_the_reads_changes_nothing() -> None:
    for size in (1, 2, 3, 1000):
        records, reader = read(zipped(file_of(*GOOD)), Limits(read_size=size))

        assert records == numbered(GOOD)
        assert not reader.defects


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/corpus is missing")
def test_real_log_files_are_read_as_a_json_decoder_reads_them() -> None:
    paths = [*CORPUS.glob("AWSLogs/**/*.json.gz"), *CORPUS.glob("attacks/*.json.gz")]

    assert len(paths) > 100
    for path in paths:
        with path.open("rb") as stream:
            reader = LogFileReader(stream)
            records = list(reader.records())
        text = gzip.decompress(path.read_bytes())
        assert records == numbered(json.loads(text)["Records"]), path
        assert not reader.defects, path
