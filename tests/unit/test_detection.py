"""One notice, from its text to stored alerts: each step that can fail fails here in turn."""

import gzip
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.detectors import NoticeDetector
from tests.samples import (
    BUCKET,
    MEMBER,
    STOP_RULE,
    Bytes,
    engine,
    harmless,
    log_file,
    log_key,
    notice,
    record,
)
from trailwarden.alerts.model import AlertBatch
from trailwarden.delivery.notices import ObjectRef
from trailwarden.detection import Tally
from trailwarden.errors import LogFileUnavailable
from trailwarden.reading import PortionLimits
from trailwarden.rules.ruleset import Level, Rule
from trailwarden.state.ledger import FileEntry
from trailwarden.state.memory import MemoryAlertStore, MemoryFileLedger
from trailwarden.state.protocol import NOTHING_HIDDEN, FileOutcome, HiddenByDay

NOW = 1_772_366_700.0  # 2026-03-01T12:05:00Z


class CrashError(Exception):
    """The function died here."""


@dataclass
class Cloud:
    """Everything around the detector, in memory; a step named in `failing` fails once."""

    objects: dict[str, bytes] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    told: list[tuple[str, str]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    store: MemoryAlertStore = field(default_factory=MemoryAlertStore)
    ledger: MemoryFileLedger = field(default_factory=MemoryFileLedger)

    def fail_once(self, step: str) -> None:
        if step in self.failing:
            self.failing.remove(step)
            raise CrashError(step)

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[Bytes]:
        self.fail_once("open")
        data = self.objects.get(ref.key)
        if data is None:
            raise LogFileUnavailable(f"{ref.key}: gone")
        self.opened.append(ref.key)
        yield Bytes(data, address=f"s3://{ref.bucket}/{ref.key}", file_id=f"{ref.key}#{hash(data)}")

    def add(self, batches: Iterable[AlertBatch]) -> int:
        kept = list(batches)
        self.fail_once("before matches")
        if "between matches and alerts" in self.failing:
            self.failing.remove("between matches and alerts")
            self.store.kept.put_matches(kept)
            raise CrashError
        opened = self.store.add(kept)
        self.fail_once("after alerts")
        return opened

    def tell(self, subject: str, text: str) -> None:
        self.fail_once("tell")
        self.told.append((subject, text))

    def entry(self, file_id: str) -> FileEntry | None:
        return self.ledger.entry(file_id)

    def write(self, file_id: str, entry: FileEntry, hidden: HiddenByDay = NOTHING_HIDDEN) -> bool:
        step = "ledger write" if entry.outcome else "ledger progress" if entry.progress else "ledger claim"
        self.fail_once(step)
        written = self.ledger.write(file_id, entry, hidden)
        self.fail_once(f"after the {step}")
        return written

    def put(self, unique: str, data: bytes, kind: str = "CloudTrail") -> str:
        key = log_key(unique, kind)
        self.objects[key] = data
        return key

    def counts(self) -> list[int]:
        """How many matches each alert counts."""
        return sorted(alert.count for alert in self.store.standing())


def detector(cloud: Cloud, *rules: Rule, limits: PortionLimits = PortionLimits()) -> NoticeDetector:  # noqa: B008
    return NoticeDetector(
        engine=engine(*rules),
        log_files=cloud,
        store=_StoreView(cloud),
        ledger=cloud,
        operations=cloud,
        log_bucket=BUCKET,
        now=lambda: NOW,
        limits=limits,
    )


@dataclass
class _StoreView:
    """The cloud's store, seen as the detector sees it."""

    cloud: Cloud

    def add(self, batches: Iterable[AlertBatch]) -> int:
        return self.cloud.add(batches)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


ONE = "AAAAAAAAAAAAAAAA"
TWO = "BBBBBBBBBBBBBBBB"


def test_a_log_file_becomes_a_stored_alert(cloud: Cloud) -> None:
    data = log_file([harmless(1), record(2), harmless(3)])
    key = cloud.put(ONE, data)
    tally = Tally()

    assert detector(cloud).handle(notice(key), tally) == []

    (alert,) = cloud.store.kept.alerts.values()
    assert alert.evidence.log_file == f"s3://{BUCKET}/{key}"
    assert alert.evidence.record_index == 1
    assert (tally.files, tally.records, tally.matches, tally.alerts) == (1, 3, 1, 1)
    assert tally.bytes == len(data)
    assert tally.delivery_lag == 300.0


def test_a_file_is_read_once_even_where_notices_repeat(cloud: Cloud) -> None:
    key = cloud.put(ONE, log_file([record()]))
    tally = Tally()
    once = detector(cloud)
    for _ in range(3):
        once.handle(notice(key), tally)
    detector(cloud).handle(notice(key, key), tally)
    assert (tally.files, tally.duplicates, tally.alerts) == (1, 4, 1)


def test_an_event_in_two_files_is_one_match(cloud: Cloud) -> None:
    keys = [cloud.put(ONE, log_file([record(), record()])), cloud.put(TWO, log_file([record(), record(2)]))]
    tally = Tally()
    detector(cloud).handle(notice(*keys), tally)
    assert cloud.counts() == [2]
    assert (tally.alerts, tally.duplicates) == (1, 1)


def test_an_object_that_changed_is_read_again(cloud: Cloud) -> None:
    key = cloud.put(ONE, b"{")
    detector(cloud).handle(notice(key), Tally())
    cloud.put(ONE, log_file([record()]))
    detector(cloud).handle(notice(key), Tally())
    assert cloud.counts() == [1]


def test_what_is_no_log_file_is_passed_over(cloud: Cloud) -> None:
    digest = (
        f"AWSLogs/{MEMBER}/CloudTrail-Digest/eu-west-1/2026/03/01/"
        f"{MEMBER}_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260301T120000Z.json.gz"
    )
    tally = Tally()
    keys = (digest, log_key(ONE, "CloudTrail-Insight"), "AWSLogs/", "some/other.json.gz")
    assert detector(cloud).handle(notice(*keys), tally) == []
    assert (tally.passed_over, tally.files, cloud.opened) == (4, 0, [])


def test_insights_are_read_where_a_rule_asks_for_them(cloud: Cloud) -> None:
    insight = record(eventType="AwsCloudTrailInsight", eventName=None, insightDetails={"state": "Start"})
    key = cloud.put(ONE, log_file([insight]), "CloudTrail-Insight")
    asks = Rule(
        id=STOP_RULE,
        title="Insight",
        level=Level.LOW,
        detection=["field", "insightDetails.state", ["is", "start"]],
    )
    tally = Tally()
    assert detector(cloud, asks).handle(notice(key), tally) == []
    assert (tally.files, tally.matches) == (1, 1)


def test_a_notice_cannot_choose_another_bucket(cloud: Cloud) -> None:
    key = cloud.put(ONE, log_file([record()]))
    (remark,) = detector(cloud).handle(notice(key, bucket="somebody-elses"), Tally())
    assert "not in the log bucket" in remark
    assert cloud.opened == []


@pytest.mark.parametrize("body", ["<xml>", "{", "[]", "\x00"])
def test_two_functions_with_copies_of_one_notice_notify_once(
    cloud: Cloud, body: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = cloud.tell

    def tell(subject: str, text: str) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(cloud, "tell", told)
            detector(cloud).handle(body, Tally())  # the other function, meanwhile
        told(subject, text)

    monkeypatch.setattr(cloud, "tell", tell)
    detector(cloud).handle(body, Tally())
    assert len(cloud.told) == 1


def test_a_notice_that_is_no_notice_is_told_once_and_never_again(cloud: Cloud) -> None:
    tally = Tally()
    for _ in range(2):
        (remark,) = detector(cloud).handle("<xml>\x1b[31m", tally)
        assert "cannot be read" in remark
    assert len(cloud.told) == 1
    assert "\x1b" not in cloud.told[0][1]
    assert tally.unreadable_notices == 2


# Named here: gzip writes the time, and processes that share the tests must know them by the same names.
@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\x1f\x8bnot gzip", gzip.compress(b"[[[["), gzip.compress(b'{"Records": null}')],
    ids=["empty", "cut JSON", "no gzip", "endless list", "no records"],
)
def test_a_file_that_can_never_be_read_is_told_once_and_not_tried_again(cloud: Cloud, data: bytes) -> None:
    key = cloud.put(ONE, data)
    tally = Tally()
    (remark,) = detector(cloud).handle(notice(key), tally)
    assert key in remark
    assert detector(cloud).handle(notice(key), tally) == []
    assert tally.unreadable_files == 1
    ((_subject, text),) = cloud.told
    assert key in text
    (entry,) = cloud.ledger.entries.values()
    assert entry.outcome is FileOutcome.UNREADABLE
    assert entry.detail


def test_the_good_records_of_a_bad_file_are_evaluated(cloud: Cloud) -> None:
    body = json.dumps({"Records": [record(1), "no record", record(2)]}).encode()
    key = cloud.put(ONE, gzip.compress(body)[:-4])
    tally = Tally()
    detector(cloud).handle(notice(key), tally)
    assert cloud.counts() == [2]
    assert tally.defects >= 2
    assert len(cloud.told) == 1
    assert "only in part" in cloud.told[0][0]


def test_a_file_out_of_reach_costs_only_itself_and_comes_again(cloud: Cloud) -> None:
    good, gone = cloud.put(ONE, log_file([record()])), log_key(TWO)
    tally = Tally()
    with pytest.raises(LogFileUnavailable, match="gone"):
        detector(cloud).handle(notice(gone, good), tally)
    assert cloud.counts() == [1]
    cloud.put(TWO, log_file([record(2)]))
    detector(cloud).handle(notice(gone, good), tally)
    assert cloud.counts() == [2]
    assert (tally.unavailable_files, tally.duplicates) == (1, 1)


@pytest.mark.parametrize(
    "step",
    [
        "open",
        "ledger claim",
        "before matches",
        "between matches and alerts",
        "after alerts",
        "ledger write",
    ],
)
def test_a_crash_at_any_step_loses_nothing_and_counts_nothing_twice(cloud: Cloud, step: str) -> None:
    key = cloud.put(ONE, log_file([record(1), record(2), harmless(3)]))
    cloud.failing = {step}
    with pytest.raises(CrashError):
        detector(cloud).handle(notice(key), Tally())
    assert not cloud.failing, "the step was reached"

    detector(cloud).handle(notice(key), Tally())

    assert cloud.counts() == [2]
    assert len(cloud.store.kept.alerts) == 1


@pytest.mark.parametrize("step", ["tell", "ledger write"])
def test_a_crash_while_telling_of_a_bad_file_still_tells_it(cloud: Cloud, step: str) -> None:
    key = cloud.put(ONE, b"{")
    cloud.failing = {step}
    with pytest.raises(CrashError):
        detector(cloud).handle(notice(key), Tally())
    detector(cloud).handle(notice(key), Tally())
    assert cloud.told
    assert len(cloud.ledger.entries) == 1


def test_matches_are_stored_as_they_come(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[int] = []

    def add(batches: Iterable[AlertBatch]) -> int:
        stored.append(sum(len(batch.matches) for batch in batches))
        return 0

    monkeypatch.setattr(cloud, "add", add)
    key = cloud.put(ONE, log_file(record(number) for number in range(1203)))
    detector(cloud, limits=PortionLimits(matches=500)).handle(notice(key), Tally())
    assert sum(stored) == 1203
    assert len(stored) == 3
    assert max(stored) < 500 + 100, "a portion ends with its block of 64 KiB"
