"""Every way in which a log file can be bad, and what is still read of it."""

import io
import json
from typing import Any

import pytest

from tests.unit.delivery.log_files import (
    GOOD,
    GOOD_AROUND,
    file_of,
    file_with,
    numbered,
    read,
    reasons,
    zipped,
)
from trailwarden.delivery.defects import DefectReason, Limits
from trailwarden.delivery.logfile import LogFileReader

FILLER = [{**GOOD[0], "n": n, "pad": "x" * 700} for n in range(1000)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", DefectReason.EMPTY),
        (zipped(b""), DefectReason.EMPTY),
        (zipped(b"", b""), DefectReason.EMPTY),
        (zipped(b" \n"), DefectReason.EMPTY),
        (b"hello", DefectReason.NOT_JSON),
        (zipped(b"hello"), DefectReason.NOT_JSON),
        (zipped(zipped(file_of(*GOOD))), DefectReason.NOT_JSON),
        (b"\x1f", DefectReason.NOT_JSON),
        (bytes(1000), DefectReason.NOT_JSON),
        (bytes(range(256)), DefectReason.NOT_JSON),
        (b"null", DefectReason.NOT_JSON),
        (b'"Records"', DefectReason.NOT_JSON),
        (b"{Records:[]}", DefectReason.NOT_JSON),
        (b'{"Records" []}', DefectReason.NOT_JSON),
        (b'{"a"@1,"Records":[]}', DefectReason.NOT_JSON),
        (b"{}", DefectReason.NO_RECORDS),
        (b'{"records":[{}]}', DefectReason.NO_RECORDS),
        (b'{"a":{"Records":[{}]}}', DefectReason.NO_RECORDS),
        (b'{"Records":null}', DefectReason.NO_RECORDS),
        (b'{"Records":{"eventVersion":"1"}}', DefectReason.NO_RECORDS),
        (b'{"Records":"[{}]"}', DefectReason.NO_RECORDS),
        (b'{"Records":0}', DefectReason.NO_RECORDS),
        (b'{"', DefectReason.TRUNCATED_JSON),
        (b'{"Records"', DefectReason.TRUNCATED_JSON),
        (b'{"Records":[', DefectReason.TRUNCATED_JSON),
        (b"[", DefectReason.TRUNCATED_JSON),
        (zipped(b"[1]")[:-9], DefectReason.TRUNCATED_GZIP),
        (b"\x1f\x8bhello, this is no gzip", DefectReason.CORRUPT_GZIP),
    ],
)
def test_a_file_of_which_nothing_can_be_read_is_unreadable_for_one_reason(
    content: bytes, reason: DefectReason
) -> None:
    records, reader = read(content)

    assert records == []
    assert reader.unreadable
    assert reasons(reader)[0] == (reason, None)
    assert set(reader.defect_counts) <= {reason, DefectReason.RECORD_NOT_OBJECT}


@pytest.mark.parametrize(
    "bad", [b"1", b"null", b'"text"', b"[]", b'[{"eventVersion":"1"}]', b"true", b"-1.5e3"]
)
def test_an_element_that_is_no_object_costs_itself_only(bad: bytes) -> None:
    records, reader = read(file_with(bad))

    assert records == GOOD_AROUND
    assert reasons(reader) == [(DefectReason.RECORD_NOT_OBJECT, 1)]


MALFORMED = {
    "no closing brace": b'{"eventVersion":"1"',
    "no closing brace after an object": b'{"eventVersion":{"b":1}',
    "no closing bracket": b'{"eventVersion":"1","a":[1,{"b":2}}',
    "no closing quote": b'{"eventVersion":"1}',
    "no closing quote of a key": b'{"eventVersion":"1","a:1}',
    "an escaped closing quote": b'{"eventVersion":"1\\"}',
    "bad literal": b'{"eventVersion":tru}',
    "bareword": b'{"eventVersion":what}',
    "trailing comma": b'{"eventVersion":"1",}',
    "missing comma": b'{"eventVersion":"1" "a":2}',
    "missing colon": b'{"eventVersion" "1"}',
    "missing value": b'{"eventVersion":}',
    "single quotes": b"{'eventVersion':'1'}",
    "bad escape": b'{"eventVersion":"\\x"}',
    "control bytes": b'{"eventVersion":\x00\x01}',
    "wrong bracket": b'{"eventVersion":[1}]',
}


@pytest.mark.parametrize("bad", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_record_costs_itself_only(bad: bytes) -> None:
    records, reader = read(file_with(bad))

    assert [record for _, record in records] == GOOD
    assert reader.defect_counts[DefectReason.MALFORMED_RECORD] == 1
    assert reader.defects[0].record_index == 1
    assert not reader.unreadable


@pytest.mark.parametrize("bad", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_record_among_thousands_costs_itself_only(bad: bytes) -> None:
    records, reader = read(zipped(file_of(*FILLER[:500], bad, *FILLER[500:])))

    assert [record for _, record in records] == FILLER
    assert reader.defect_counts[DefectReason.MALFORMED_RECORD] == 1
    assert reader.defects[0].record_index == 500


@pytest.mark.parametrize(
    ("content", "indexes"),
    [
        (file_of(*GOOD).replace(b'},{"event', b'} {"event'), [0, 1, 2]),
        (file_of(*GOOD).replace(b'},{"event', b'},,{"event'), [0, 1, 2]),
        (file_of(*GOOD).replace(b'},{"event', b'}},{"event'), [0, 1, 2]),
        (file_of(*GOOD).replace(b'},{"event', b'}@,{"event'), [0, 1, 2]),
        (file_of(*GOOD).replace(b"}]}", b"},]}"), [0, 1, 2]),
        (file_of(*GOOD) + b"x", [0, 1, 2]),
        (file_of(*GOOD)[:-1] + b",@}", [0, 1, 2]),
        (file_of(*GOOD)[:-1] + b',"Records":[]}', [0, 1, 2]),
    ],
)
def test_damage_between_or_after_the_records_costs_none(content: bytes, indexes: list[int]) -> None:
    records, reader = read(content)

    assert [index for index, _ in records] == indexes
    assert [record for _, record in records] == GOOD
    assert set(reader.defect_counts) == {DefectReason.MALFORMED_JSON}


def test_records_that_stand_twice_are_both_read() -> None:
    records, reader = read(file_of(*GOOD)[:-1] + b"," + file_of(*GOOD)[1:])

    assert records == numbered(GOOD * 2)
    assert set(reader.defect_counts) == {DefectReason.MALFORMED_JSON}


@pytest.mark.parametrize(
    ("bad", "mended"),
    [
        (b'{"userAgent":"a\xffb"}', {"userAgent": "a\ufffdb"}),
        (b'{"\xe9":"\xed\xa0\x80"}', {"\ufffd": "\ufffd\ufffd\ufffd"}),
        (b'{"userAgent":"\\ud800"}', {"userAgent": "\ufffd"}),
        (b'{"userAgent":"\\udc00\\ud800x"}', {"userAgent": "\ufffd\ufffdx"}),
        (b'{"userAgent":"\\ud83d\\ude00\\ud83d"}', {"userAgent": "\U0001f600\ufffd"}),
        (b'{"userAgent":"\\\\ud800 \\ud800"}', {"userAgent": "\\ud800 \ufffd"}),
        (b'{"userAgent":"a\x00b\nc\x1f"}', {"userAgent": "a\x00b\nc\x1f"}),
        (b'{"a":NaN,"b":[Infinity,-Infinity]}', {"a": "NaN", "b": ["Infinity", "-Infinity"]}),
        (b'{"a":1e999,"b":-1E400}', {"a": "1e999", "b": "-1E400"}),
        (b'{"a":%b}' % (b"9" * 5000), {"a": "9" * 5000}),
    ],
)
def test_a_record_cannot_be_hidden_behind_odd_characters_or_numbers(
    bad: bytes, mended: dict[str, Any]
) -> None:
    records, reader = read(file_with(bad))

    assert records == [(0, GOOD[0]), (1, mended), (2, GOOD[1]), (3, GOOD[2])]
    assert reasons(reader) == [(DefectReason.MENDED_RECORD, 1)]
    json.dumps(records).encode()  # what was mended can be written again


def test_duplicate_keys_are_no_defect_and_the_last_one_counts() -> None:
    records, reader = read(file_with(b'{"a":1,"b":2,"a":3}'))

    assert records[1] == (1, {"a": 3, "b": 2})
    assert not reader.defects


@pytest.mark.parametrize("levels", [10_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
def test_a_record_nested_too_deep_costs_itself_only(levels: int, opening: bytes, closing: bytes) -> None:
    deep = b'{"eventVersion":' + opening * levels + b"1" + closing * levels + b"}"

    records, reader = read(zipped(file_with(deep)))

    assert [record for _, record in records] == GOOD
    assert reader.defects[0].record_index == 1
    assert reader.defects[0].reason in {DefectReason.RECORD_TOO_DEEP, DefectReason.MALFORMED_RECORD}


def test_brackets_that_never_close_are_given_up() -> None:
    records, reader = read(file_of(GOOD[0], b"[" * 1_000_000))

    assert records == [(0, GOOD[0])]
    assert reader.defects[0].reason is DefectReason.MALFORMED_RECORD


def test_a_cut_in_the_json_gives_the_records_before_it() -> None:
    text = file_of(*GOOD)
    ends = [text.index(b"}", text.index(b'"%c"' % name)) + 1 for name in b"ABC"]
    for cut in range(len(b'{"Records":['), len(text)):
        records, reader = read(text[:cut])

        assert records == numbered(GOOD)[: sum(end <= cut for end in ends)], cut
        assert set(reader.defect_counts) == {DefectReason.TRUNCATED_JSON}, cut


def test_a_cut_in_the_gzip_gives_the_records_before_it() -> None:
    content = zipped(file_of(*FILLER))
    counts = []
    for cut in range(20, len(content), 97):
        records, reader = read(content[:cut])

        assert records == numbered(FILLER)[: len(records)]
        assert set(reader.defect_counts) == {DefectReason.TRUNCATED_GZIP}, cut
        counts.append(len(records))

    assert counts == sorted(counts)
    assert counts[-1] > 900


def test_a_false_checksum_is_told_and_the_records_are_read() -> None:
    content = bytearray(zipped(file_of(*FILLER)))
    content[-6] ^= 1

    records, reader = read(bytes(content))

    assert records == numbered(FILLER)[: len(records)]
    assert len(records) > 980
    assert reasons(reader) == [(DefectReason.CORRUPT_GZIP, None)]


def test_garbage_after_the_gzip_costs_no_record() -> None:
    records, reader = read(zipped(file_of(*GOOD)) + b"garbage")

    assert records == numbered(GOOD)
    assert reasons(reader) == [(DefectReason.TRAILING_GARBAGE, None)]


def test_what_the_transport_raises_passes_and_what_came_before_was_given_out() -> None:
    class Dropped(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 300_000:
                raise ConnectionResetError("dropped")
            return super().read(size)

    records = []
    with pytest.raises(ConnectionResetError):  # noqa: PT012 (the loop is what raises)
        for index_and_record in LogFileReader(Dropped(file_of(*FILLER))).records():
            records.append(index_and_record)  # noqa: PERF402 (kept although the loop raises)

    assert records
    assert records == numbered(FILLER)[: len(records)]


def test_many_defects_are_all_counted_and_the_first_described() -> None:
    records, reader = read(file_of(*[b"1"] * 5000), Limits(defects=10))

    assert records == []
    assert len(reader.defects) == 10
    assert reader.defect_counts[DefectReason.RECORD_NOT_OBJECT] == 5000


def test_a_broken_record_that_holds_lists_of_lookalikes_costs_no_other_record() -> None:
    lookalike = {**GOOD[0], "list": [GOOD[1], GOOD[2], GOOD[1]], "more": [[]]}
    broken = json.dumps(lookalike, separators=(",", ":")).encode().replace(b'"1.11"', b'"1.11', 1)
    elements: list[dict[str, Any] | bytes] = []
    for filler in FILLER[:100]:
        elements += [broken, filler, lookalike]

    records, reader = read(file_of(*elements))

    assert [record for _, record in records if record.get("pad")] == FILLER[:100]
    assert [record for _, record in records].count(lookalike) == 100
    assert reader.defect_counts[DefectReason.MALFORMED_RECORD] == 100


def test_bad_records_of_every_kind_side_by_side_cost_only_themselves() -> None:
    bad = [*MALFORMED.values(), b"1", b'{"eventVersion":' + b"[" * 10_000 + b"]" * 10_000 + b"}"]
    elements: list[dict[str, Any] | bytes] = []
    for good_one, bad_one in zip(FILLER, bad, strict=False):
        elements += [good_one, bad_one]

    records, reader = read(file_of(*elements, *GOOD))

    assert [record for _, record in records] == [*FILLER[: len(bad)], *GOOD]
    assert sum(reader.defect_counts.values()) >= len(bad)


@pytest.mark.parametrize("between", [b"", b"\n", b" \r\n\t", b",\n", b"\xef\xbb\xbf"])
def test_documents_behind_the_first_are_read_and_reported(between: bytes) -> None:
    documents = [file_of(GOOD[0]), json.dumps(GOOD[1:]).encode(), file_of(), file_of(GOOD[0])]
    reader = LogFileReader(io.BytesIO(between.join(documents)), Limits(read_size=7))

    assert [record for _, record in reader.records()] == [GOOD[0], *GOOD[1:], GOOD[0]]
    assert reader.defect_counts[DefectReason.MALFORMED_JSON] == 3
    assert "text after the end" in reader.defects[0].detail
    assert not reader.unreadable


def test_documents_in_gzip_members_of_their_own_are_read() -> None:
    reader = LogFileReader(io.BytesIO(zipped(file_of(GOOD[0]), file_of(*GOOD[1:]))))
    assert len(list(reader.records())) == len(GOOD)
    assert reader.defect_counts[DefectReason.MALFORMED_JSON] == 1


def test_a_document_without_records_does_not_hide_the_next() -> None:
    reader = LogFileReader(io.BytesIO(b'{"a": 1}{"Records": 5}' + file_of(*GOOD) + b"{"))
    assert [record for _, record in reader.records()] == list(GOOD)
    assert reader.defect_counts[DefectReason.NO_RECORDS] == 2


def test_what_follows_and_is_no_document_is_reported_alone() -> None:
    reader = LogFileReader(io.BytesIO(file_of(*GOOD) + b"hello" + file_of(*GOOD)))
    assert len(list(reader.records())) == len(GOOD)
    assert reader.defect_counts == {DefectReason.MALFORMED_JSON: 1}


def test_documents_without_end_cost_no_stack() -> None:
    reader = LogFileReader(io.BytesIO(b"{}" * 20_000 + b"[]" * 20_000 + file_of(*GOOD)))
    assert len(list(reader.records())) == len(GOOD)
