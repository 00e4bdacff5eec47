"""What the local CloudTrail delivers, read by the product's own reader."""

import io
from datetime import UTC, datetime

from local.emulation.delivery import Batch, Delivery, log_file, log_file_key
from local.emulation.trails import Destination
from tests.samples import record
from trailwarden.delivery.keys import LogFileKey, LogFileKind
from trailwarden.delivery.logfile import LogFileReader

ONE = Destination("arn:aws:cloudtrail:eu-west-1:444455556666:trail/one", "one", None, None)
TWO = Destination("arn:aws:cloudtrail:eu-west-1:444455556666:trail/two", "two", "prefix", None)
TIME = datetime(2026, 11, 22, 9, 5, 59, tzinfo=UTC)


def test_each_trail_account_and_region_has_log_files_of_its_own() -> None:
    delivery = Delivery()
    here, there = record(1), record(2, awsRegion="us-east-1")
    other = record(3, recipientAccountId="777788889999")

    for made, destinations in ((here, [ONE, TWO]), (there, [ONE]), (other, [ONE]), (here, [ONE])):
        delivery.add(made, destinations)

    assert delivery.take() == {
        Batch(ONE, "444455556666", "eu-west-1"): [here, here],
        Batch(TWO, "444455556666", "eu-west-1"): [here],
        Batch(ONE, "444455556666", "us-east-1"): [there],
        Batch(ONE, "777788889999", "eu-west-1"): [other],
    }
    assert delivery.take() == {}, "what was taken waits no longer"


def test_a_record_that_no_trail_wants_is_not_kept() -> None:
    delivery = Delivery()

    delivery.add(record(), [])

    assert delivery.take() == {}


def test_a_log_file_is_read_back_whole() -> None:
    records = [record(1), record(2, userAgent="ünïcode \u2028 and \x00")]

    reader = LogFileReader(io.BytesIO(log_file(records)))

    assert [found for _, found in reader.records()] == records
    assert reader.defects == []


def test_a_key_parses_and_tells_trail_prefix_account_region_and_minute() -> None:
    batch = Batch(TWO, "444455556666", "us-east-1")

    key = LogFileKey.parse(str(log_file_key(batch, TIME)))

    assert key is not None
    assert (key.prefix, key.account_id, key.region) == ("prefix", "444455556666", "us-east-1")
    assert key.kind is LogFileKind.EVENTS
    assert key.time == TIME.replace(second=0)
    assert key.unique is not None
    assert len(key.unique) == 16
