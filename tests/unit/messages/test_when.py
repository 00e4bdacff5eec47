"""Times are told in UTC, and as long ago as they are."""

from datetime import UTC, datetime, timedelta

import pytest

from trailwarden.messages.when import ago, clock, date, lasting, milliseconds, parsed, spoken

TIME = "2026-03-01T12:00:00Z"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(0), "a second ago"),
        (timedelta(seconds=1), "a second ago"),
        (timedelta(seconds=2), "2 seconds ago"),
        (timedelta(seconds=119), "119 seconds ago"),
        (timedelta(minutes=2), "2 minutes ago"),
        (timedelta(minutes=119, seconds=59), "119 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
        (timedelta(days=3000), "3,000 days ago"),
        (timedelta(seconds=-1), ""),
    ],
)
def test_ago(passed: timedelta, text: str) -> None:
    assert ago(TIME, AT + passed) == text


def test_where_no_time_is_known_nothing_is_said_to_be_ago() -> None:
    assert ago(None, AT) == ago("yesterday", AT) == ago(TIME, None) == ""


def test_a_time_is_spoken_in_utc_with_its_month_in_letters() -> None:
    assert spoken(TIME) == "Sun 1 March 2026, 12:00:00 UTC"
    assert spoken("2026-03-01T13:00:00+01:00") == "Sun 1 March 2026, 12:00:00 UTC"
    assert spoken(None) == "unknown (the record has no time)"


def test_a_time_without_a_zone_is_utc() -> None:
    assert parsed("2026-03-01T12:00:00") == AT
    assert milliseconds(TIME) == 1_772_366_400_000
    assert milliseconds("never") is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3600, "an hour"),
        (7200, "2 hours"),
        (1800, "30 minutes"),
        (60, "a minute"),
        (90, "90 seconds"),
        (86_400, "a day"),
        (172_800, "2 days"),
        (0, "no time"),
    ],
)
def test_how_long_something_lasts(seconds: int, text: str) -> None:
    assert lasting(seconds) == text


def test_a_clock_says_the_day_where_it_is_another() -> None:
    assert clock(TIME, AT) == "12:00 UTC"
    assert clock(TIME, AT - timedelta(days=1)) == clock(TIME) == "1 March, 12:00 UTC"
    assert clock("soon") == clock(None) == ""
    assert (date(TIME), date(None)) == ("1 March 2026", "")
