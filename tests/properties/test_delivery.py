"""What holds for every key, notice and log file, however it is made."""

import gzip
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trailwarden.delivery.defects import DefectReason, Limits
from trailwarden.delivery.keys import LogFileKey, LogFileKind
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.notices import Notice, parse_notice
from trailwarden.delivery.records import event_identity, event_time, field_values
from trailwarden.errors import NoticeError

# How long an example takes says nothing on a machine that others use.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Keys that open real records and what attackers would write, beside any other.
names = st.sampled_from(["eventVersion", "eventName", "Records", '},{"eventVersion":', "a.b", ""]) | st.text()
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(['},{"eventVersion":', '"}]}', "\\", '\\"', "]", "CloudTrail validation message."])
    | st.text()
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
records = st.lists(st.dictionaries(names, json_values, max_size=5), max_size=30)
like_real_ones = records.map(lambda many: [{"eventVersion": "1.11", **record} for record in many])


@st.composite
def layouts(draw: st.DrawFn, contents: st.SearchStrategy[list[Any]]) -> tuple[list[Any], bytes]:
    """Records, and a log file's text that holds them in some layout."""
    content = draw(contents)
    before, after = (
        draw(st.dictionaries(names, json_values, max_size=2)),
        draw(st.dictionaries(names, json_values)),
    )
    whole: Any = {**before, "Records": content, **{k: v for k, v in after.items() if k not in before}}
    whole["Records"] = content
    text = json.dumps(
        content if draw(st.booleans()) else whole,
        indent=draw(st.sampled_from([None, 0, 2, "\t"])),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")])),
        ensure_ascii=draw(st.booleans()),
    )
    return content, text.encode("utf-8", "surrogatepass")


@st.composite
def packings(draw: st.DrawFn, text: bytes) -> bytes:
    """The text as it is, or as gzip members split anywhere."""
    if draw(st.booleans()):
        return text
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    members = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    level = draw(st.sampled_from([0, 1, 9]))
    padding = bytes(draw(st.integers(0, 5)))
    return b"".join(gzip.compress(member, level, mtime=0) for member in members) + padding


class Chunks(io.BytesIO):
    """A transport that gives as many bytes at a time as it likes."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self._most = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._most)


def read(
    content: bytes, chunk: int = 10_000, limits: Limits | None = None
) -> tuple[list[Any], LogFileReader]:
    reader = LogFileReader(Chunks(content, chunk), limits)
    return list(reader.records()), reader


@given(st.data(), layouts(records | like_real_ones), st.integers(1, 5000), st.integers(1, 200))
@PATIENT
def test_any_records_in_any_layout_and_packing_come_back(
    data: st.DataObject, file: tuple[list[Any], bytes], chunk: int, repeats: int
) -> None:
    content, text = file

    got, reader = read(data.draw(packings(text)), chunk)

    assert got == list(enumerate(content))
    assert not reader.defects


@given(like_real_ones.filter(bool), st.integers(1, 40))
@PATIENT
def test_files_of_many_blocks_come_back(content: list[Any], copies: int) -> None:
    content = content * (copies * 20)
    text = json.dumps({"Records": content}, separators=(",", ":")).encode()

    got, reader = read(gzip.compress(text, 1), 65536)

    assert got == list(enumerate(content))
    assert not reader.defects


@given(st.data(), layouts(records | like_real_ones))
@PATIENT
def test_a_good_file_cut_anywhere_gives_a_prefix_of_its_records_and_a_defect(
    data: st.DataObject, file: tuple[list[Any], bytes]
) -> None:
    content, text = file
    whole = gzip.compress(text, mtime=0) if data.draw(st.booleans()) else text
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]

    got, reader = read(cut)

    assert got == list(enumerate(content))[: len(got)]
    assert reader.defects


@given(st.data(), like_real_ones, st.binary(min_size=1, max_size=40))
@PATIENT
def test_damage_of_the_text_costs_no_record_before_it(
    data: st.DataObject, content: list[Any], junk: bytes
) -> None:
    text = json.dumps({"Records": content}, separators=(",", ":")).encode()
    place = data.draw(st.integers(0, len(text)))
    ends = [
        len(json.dumps({"Records": content[:n]}, separators=(",", ":"))) - 2 for n in range(len(content) + 1)
    ]
    # Junk may turn the last one before it into another (`1` into `12`), so that one does not count.
    sure = max(0, sum(end <= place for end in ends) - 2)

    got, _ = read(text[:place] + junk + text[place:])

    assert got[:sure] == list(enumerate(content))[:sure]


@given(
    st.binary(),
    st.sampled_from([b"", b"\x1f\x8b\x08\x00", b'{"Records":[', b"[", b'{"Records":[{"a":']),
    st.booleans(),
)
@example(b"", b"", False)
@PATIENT
def test_no_bytes_make_the_reader_raise(content: bytes, head: bytes, packed: bool) -> None:
    whole = head + content
    got, reader = read(gzip.compress(whole) if packed else whole, 7, Limits(record_size=30, decoded_size=100))

    assert reader.record_count == len(got)
    assert all(isinstance(record, dict) for _, record in got)
    assert got or reader.defects or not reader.unreadable
    assert [index for index, _ in got] == sorted({index for index, _ in got})


@given(st.lists(st.sampled_from([*b'{}[],:"\\ 1', *b"\xff\x00"]), max_size=60).map(bytes), st.integers(1, 9))
@settings(PATIENT, max_examples=400)
def test_no_text_of_json_characters_makes_the_reader_raise(text: bytes, chunk: int) -> None:
    for head in (b'{"Records":[', b"[", b'{"Records":[{"a":1},'):
        got, reader = read(head + text, chunk)
        try:
            whole = json.loads(head + text)
        except ValueError:
            assert reader.defects
        else:
            good = whole if isinstance(whole, list) else whole["Records"]
            expected = [(i, r) for i, r in enumerate(good) if isinstance(r, dict)]
            assert got == expected or DefectReason.MALFORMED_JSON in reader.defect_counts


@given(json_values)
@PATIENT
def test_any_json_is_a_notice_or_refused_as_one(body: Any) -> None:
    for form in (json.dumps(body), json.dumps({"Type": "Notification", "Message": json.dumps(body)})):
        told = ""
        try:
            assert isinstance(parse_notice(form), Notice)
        except NoticeError as refusal:
            told = str(refusal)
        assert told.isprintable()


notice_names = st.sampled_from(
    ["s3Bucket", "s3ObjectKey", "Records", "eventName", "s3", "bucket", "name", "object", "key", "Type",
     "Message", "Event", "detail-type", "source", "detail"]
)  # fmt: skip
notice_scalars = scalars | st.sampled_from(
    ["Notification", "ObjectCreated:Put", "s3:TestEvent", "Object Created", "aws.s3", "%41", "+"]
)


@given(
    st.recursive(
        notice_scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(notice_names, inner, max_size=4),
        max_leaves=15,
    )
)
@settings(PATIENT, max_examples=400)
def test_whatever_the_shape_a_notice_names_whole_objects_or_is_refused(body: Any) -> None:
    try:
        notice = parse_notice(body if isinstance(body, dict) else json.dumps(body))
    except NoticeError:
        return
    assert all(isinstance(ref.bucket, str) and ref.bucket for ref in notice.objects)
    assert all(isinstance(ref.key, str) for ref in notice.objects)


regions = st.from_regex(r"[a-z]{2}(-gov|-iso[be]?)?-[a-z]{4,16}-[1-9]r?", fullmatch=True)
times = st.datetimes(datetime(2013, 1, 1), datetime(2999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 (given by timezones)
prefixes = st.none() | st.text() | st.sampled_from(["AWSLogs", "a/AWSLogs/o-abcdefghij", "a//", "/"])
shared_parts = {
    "prefix": prefixes,
    "organization_id": st.none() | st.from_regex(r"o-[a-z0-9]{10,32}", fullmatch=True),
    "account_id": st.from_regex(r"[0-9]{12}", fullmatch=True),
    "region": regions,
}
log_file_keys = st.builds(
    LogFileKey,
    **shared_parts,
    kind=st.sampled_from([kind for kind in LogFileKind if kind is not LogFileKind.DIGEST]),
    time=times.map(lambda time: time.replace(second=0, microsecond=0)),
    unique=st.from_regex(r"[A-Za-z0-9]{16}", fullmatch=True),
)
digest_keys = st.builds(
    LogFileKey,
    **shared_parts,
    kind=st.just(LogFileKind.DIGEST),
    time=times.map(lambda time: time.replace(microsecond=0)),
    trail=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{2,40}", fullmatch=True),
    home_region=regions,
    backfill=st.booleans(),
)


@given(log_file_keys | digest_keys)
@PATIENT
def test_a_key_goes_round_to_the_character(key: LogFileKey) -> None:
    assert LogFileKey.parse(str(key)) == key
    assert str(LogFileKey.parse(str(key))) == str(key)


@given(st.text() | st.text().map(lambda text: f"AWSLogs/111122223333/CloudTrail/{text}.json.gz"))
@PATIENT
def test_no_text_makes_the_key_parser_raise(text: str) -> None:
    key = LogFileKey.parse(text)
    assert key is None or str(key) == text


@given(st.dictionaries(names | st.just("eventID"), json_values), st.randoms(use_true_random=False))
@PATIENT
def test_identity_does_not_depend_on_the_order_of_keys(record: dict[str, Any], random: Any) -> None:
    items = list(record.items())
    random.shuffle(items)

    assert event_identity(dict(items)) == event_identity(record)


@given(json_values)
@PATIENT
def test_any_time_is_a_sortable_text_or_none(value: Any) -> None:
    time = event_time({"eventTime": value})
    assert time is None or len(time) == len("2026-11-22T13:05:07Z")


@given(times, st.integers(-14, 14))
@PATIENT
def test_a_time_is_the_same_in_every_zone(time: datetime, hours: int) -> None:
    local = time.replace(tzinfo=None).isoformat(timespec="seconds")
    expected = datetime.fromisoformat(f"{local}{hours:+03}:00").astimezone(UTC)

    assert event_time({"eventTime": f"{local}{hours:+03}:00"}) == f"{expected:%Y-%m-%dT%H:%M:%SZ}"


@given(st.dictionaries(names, json_values), st.text(alphabet="ab.", max_size=6))
@PATIENT
def test_any_path_into_any_record_ends(record: dict[str, Any], path: str) -> None:
    assert len(list(field_values(record, path))) <= 1000


@pytest.mark.parametrize("depth", [1, 5])
@given(value=scalars, keys=st.lists(st.text(alphabet="xyz", min_size=1), min_size=1, max_size=5))
@PATIENT
def test_what_is_put_at_a_path_is_found_there(depth: int, value: Any, keys: list[str]) -> None:
    nested: Any = value
    for key in reversed(keys):
        nested = {key: nested}
        for _ in range(depth - 1):
            nested = [nested]

    assert list(field_values({"root": nested}, ".".join(["root", *keys]))) == [value]
