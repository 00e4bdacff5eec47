"""Correlations through the deployed functions: several of them at once, on one group."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from local.cloud import AlertMail
from tests.e2e.conftest import Archive
from tests.samples import MEMBER, log_file, record
from trailwarden.delivery.records import Record

TITLE = "failed console sign-ins"


def failed_sign_in(address: str, second: int) -> Record:
    """A console sign-in from the address that failed, an event never seen before."""
    return record(
        eventID=str(uuid4()),
        eventTime=f"2026-03-01T12:00:{second:02}Z",
        eventSource="signin.amazonaws.com",
        eventName="ConsoleLogin",
        eventType="AwsConsoleSignIn",
        sourceIPAddress=address,
        requestParameters=None,
        responseElements={"ConsoleLogin": "Failure"},
    )


def alerts_from(archive: Archive, address: str) -> list[AlertMail]:
    return [
        alert
        for alert in archive.cloud.alerts()
        if alert.record is not None
        and alert.record["sourceIPAddress"] == address
        and TITLE in " ".join(alert.mail.body.split())
    ]


def test_functions_at_work_at_once_find_together_what_none_sees_alone(archive: Archive) -> None:
    """Twelve failures in six files, two in each; ten make the alert."""
    address = "203.0.113.201"
    events = [failed_sign_in(address, second) for second in range(12)]
    keys = [archive.put(log_file([*events[number::6], events[0]])) for number in range(6)]

    with ThreadPoolExecutor(max_workers=6) as functions:
        list(functions.map(archive.detect, [*keys, *keys]))
    archive.settle()

    (alert,) = alerts_from(archive, address)
    counted = archive.cloud.matches_of(alert)
    assert {item["event_id"]["S"] for item in counted} == {event["eventID"] for event in events}
    assert len(counted) == len(events)
    assert f"account {MEMBER}" in " ".join(alert.mail.body.split())


def test_nine_failures_and_their_repeats_are_no_alert_until_the_tenth_comes_late(archive: Archive) -> None:
    address = "203.0.113.202"
    events = [failed_sign_in(address, second) for second in range(10)]
    for file in (events[1:], events[1:6], events[1:]):
        archive.announce(archive.put(log_file(file)))
        archive.settle()
    assert alerts_from(archive, address) == []

    archive.announce(archive.put(log_file(events[:1])))
    archive.settle()

    (alert,) = alerts_from(archive, address)
    assert len(archive.cloud.matches_of(alert)) == 10
