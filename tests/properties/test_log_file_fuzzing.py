"""Log files as no one should deliver them: reading and matching never raise, and stay within bounds."""

import gzip
import json
from io import BytesIO

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data import make_sample_logs
from tests.samples import log_file, record
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.delivery.defects import DefectReason, Limits
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.engine import Engine
from trailwarden.engine.visibility import Visibility
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.shipped import shipped_rules_path

RULES = compile_rules(load_rules([shipped_rules_path()]))
ENGINE, VISIBILITY = Engine(RULES), Visibility(RULES)
LIMITS = Limits(read_size=512, record_size=64 * 1024, decoded_size=1024 * 1024, defects=20)
REAL = sorted(make_sample_logs.HERE.rglob("*.json"))
TEXTS = [
    *(path.read_bytes()[:20_000] for path in REAL),
    json.dumps({"Records": [record(n, requestParameters={"omitted": True}) for n in range(3)]}).encode(),
]
TOKENS = [
    b'{"Records":[', b"]}", b"},{", b'},{"eventVersion":', b'"', b"\\", b"\\u", b"\\ud800", b"\\u0000",
    b"\x00",
    b"[" * 600, b"{" * 600, b'{"a":' * 600, b"1e999", b"9" * 400, b"-", b"NaN", b"null", b"true", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\n" * 300, b" " * 3000, b'"eventTime":1,', b'"eventID":{},',
    b'"userIdentity":[[]],', b'"requestParameters":"x",', b'"eventName":["StopLogging"],',
    b"\x1f\x8b\x08\x00",
]  # fmt: skip


def survives(content: bytes) -> LogFileReader:
    """Read and match a file as `detect` does; what is wrong with it is a defect, never an exception."""
    reader = LogFileReader(BytesIO(content), LIMITS)
    grouper = AlertGrouper(RULES.version)
    given_out = 0
    for index, seen in reader.records():
        given_out += 1
        assert isinstance(seen, dict)
        assert index >= 0
        event_identity(seen)
        event_time(seen)
        VISIBILITY.rule(seen)
        ENGINE.matches(seen)
    for match in ENGINE.scan(LogFileReader(BytesIO(content), LIMITS)):
        grouper.add(match, "a log file")
    for alert in grouper.alerts():
        assert alert.count >= 1
        assert alert.title
    assert reader.record_count == given_out
    assert len(reader.defects) <= LIMITS.defects
    assert all(isinstance(reason, DefectReason) for reason in reader.defect_counts)
    assert reader.unreadable is (given_out == 0 and bool(reader.defect_counts))
    assert not ENGINE.failures
    return reader


@st.composite
def mutations(draw: st.DrawFn, content: bytes, tokens: list[bytes]) -> bytes:
    """The bytes, cut, spliced, and sprinkled with what means something to a reader."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 200)))
        put = draw(st.one_of(st.sampled_from(tokens), st.binary(max_size=4)))
        content = draw(
            st.sampled_from(
                [
                    content[:start] + put + content[start:],
                    content[:start] + put + content[end:],
                    content[:start],
                    content[start:],
                    content[:end] + content[start:],
                ]
            )
        )
    return content


texts = st.sampled_from(TEXTS).flatmap(lambda text: mutations(text, TOKENS))
PATIENT = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=250, deadline=None, suppress_health_check=PATIENT)
@given(texts, st.booleans())
def test_a_log_file_with_broken_text_is_read_as_far_as_it_goes(text: bytes, packed: bool) -> None:
    survives(gzip.compress(text, 1, mtime=0) if packed else text)


@settings(max_examples=250, deadline=None, suppress_health_check=PATIENT)
@given(
    st.sampled_from([gzip.compress(text, mtime=0) for text in TEXTS]).flatmap(lambda c: mutations(c, TOKENS))
)
def test_a_log_file_with_broken_compression_is_read_as_far_as_it_goes(content: bytes) -> None:
    survives(content)


def test_what_was_not_broken_is_read_whole() -> None:
    reader = survives(log_file([record(number) for number in range(5)]))

    assert reader.record_count == 5
    assert not reader.defects


def test_a_gzip_bomb_and_an_endless_record_stay_within_the_limits() -> None:
    bomb = survives(gzip.compress(b" " * (LIMITS.decoded_size * 8)))
    endless = survives(gzip.compress(b'{"Records":[{"a":"' + b"x" * LIMITS.record_size * 2 + b'"}]}'))

    assert bomb.unreadable
    assert bomb.bytes_decoded <= LIMITS.decoded_size + 64 * 1024  # a reading beyond it, at most
    assert endless.defect_counts[DefectReason.RECORD_TOO_LARGE] == 1
