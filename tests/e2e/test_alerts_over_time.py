"""Alerts after their first message: more of the same, storms, and what people do about them."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from local.cloud import AlertMail, LocalCloud
from local.deployment import SECURITY_ADDRESS
from tests.e2e.commands import alerts, listed
from tests.e2e.conftest import Archive
from tests.e2e.intruders import alerts_about, stopped_trail
from tests.e2e.over_time import let_it_be_quiet
from tests.samples import log_file
from trailwarden.delivery.records import Record

START = datetime.now(UTC) - timedelta(hours=1)


def at(second: int) -> str:
    """So many seconds after something began, an hour ago."""
    return f"{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}"


def told_of(cloud: LocalCloud, user: str) -> list[AlertMail]:
    """All that was told of what the user did, follow-ups among it, oldest first."""
    return [
        alert
        for alert in cloud.alert_mails()
        if alert.record is not None and alert.record["userIdentity"].get("userName") == user
    ]


def hand_in(archive: Archive, *records: Record) -> None:
    archive.announce(archive.put(log_file(records)))
    archive.settle()


def test_what_came_after_the_first_message_is_told_when_it_is_quiet(brief: Archive) -> None:
    cloud, user = brief.cloud, "again-and-again"
    hand_in(brief, stopped_trail(user, eventTime=at(0)))
    hand_in(brief, *(stopped_trail(user, eventTime=at(second)) for second in (1, 2, 4)))
    assert [alert.total for alert in told_of(cloud, user)] == [1]

    let_it_be_quiet(cloud)
    brief.settle()

    first, rest = told_of(cloud, user)
    assert (rest.alert_id, rest.total, rest.told_before) == (first.alert_id, 4, 1)
    assert "+3 more" in rest.mail.subject
    let_it_be_quiet(cloud)
    hand_in(brief, stopped_trail(user, eventTime=at(60)))
    *_, another = told_of(cloud, user)
    assert another.alert_id != first.alert_id
    assert (another.total, another.told_before) == (1, None)


def test_an_acknowledged_alert_is_quiet_until_it_changes_and_a_closed_one_is_over(brief: Archive) -> None:
    cloud, user = brief.cloud, "acknowledged"
    hand_in(brief, stopped_trail(user, eventTime=at(0)))
    (first,) = told_of(cloud, user)
    assert first.alert_id[:12] in alerts(cloud, "list", "--actor", user)
    assert user in alerts(cloud, "show", first.alert_id[:8], "--matches")

    said = alerts(cloud, "ack", first.alert_id[:8], "--note", "a drill")
    assert "addresses: 203.0.113.7" in said
    hand_in(brief, *(stopped_trail(user, eventTime=at(second)) for second in (1, 2)))
    (entry,) = listed(cloud, "--actor", user, "--acknowledged")
    assert (entry["count"], entry["note"]) == (3, "a drill")
    let_it_be_quiet(cloud)
    brief.settle()
    assert len(told_of(cloud, user)) == 1

    hand_in(brief, stopped_trail(user, eventTime=at(3), sourceIPAddress="198.51.100.4"))
    _, changed = told_of(cloud, user)
    assert (changed.alert_id, changed.total) == (first.alert_id, 4)
    assert "new address 198.51.100.4" in " ".join(changed.mail.subject.split())
    assert "a new address 198.51.100.4" in " ".join(changed.mail.body.split())

    alerts(cloud, "close", first.alert_id)
    hand_in(brief, stopped_trail(user, eventTime=at(4)))
    *_, another = told_of(cloud, user)
    assert another.alert_id != first.alert_id
    assert (another.total, another.told_before) == (1, None)


def test_a_storm_of_many_actors_is_told_one_by_one_until_the_budget_is_used_up(brief: Archive) -> None:
    cloud = brief.cloud

    def shared(number: int) -> Record:
        return stopped_trail(
            f"sharer-{number}",
            eventTime=at(number),
            eventSource="ssm.amazonaws.com",
            eventName="ModifyDocumentPermission",
            requestParameters={"name": "start-up", "accountIdsToAdd": ["777788889999"]},
        )

    def of_them(entries: list[Any]) -> set[str]:
        return {entry["alert_id"] for entry in entries}

    seen = len(cloud.summaries())
    hand_in(brief, *map(shared, range(20)))
    assert cloud.tend()["summaries"] == 1
    files = [brief.put(log_file(map(shared, range(20 + number, 300, 4)))) for number in range(4)]
    with ThreadPoolExecutor(max_workers=4) as functions:
        list(functions.map(brief.detect, [*files, *reversed(files)]))
    brief.settle()
    assert cloud.tend()["summaries"] == 1
    assert cloud.tend()["summaries"] == 0

    single = [alert for number in range(300) for alert in alerts_about(cloud, f"sharer-{number}")]
    assert len(single) == 10
    summaries = [mail for mail in cloud.summaries()[seen:] if "torm" in mail.subject]
    assert ["10 alerts" in summaries[0].subject, "290 alerts" in summaries[1].subject] == [True, True]
    assert {mail.address for mail in summaries} == {SECURITY_ADDRESS}
    known = listed(cloud, "--actor", "sharer-")
    held = listed(cloud, "--actor", "sharer-", "--held")
    assert [len(known), len(held)] == [300, 290]
    assert of_them(known) == of_them(held) | {alert.alert_id for alert in single}
    assert not of_them(held) & {alert.alert_id for alert in single}


def test_a_storm_of_one_actor_is_a_handful_of_mails_and_every_event_is_counted(brief: Archive) -> None:
    """Twenty thousand events: functions at work at once on one group, each file twice, in two orders."""
    cloud, user = brief.cloud, "storm"
    events = [stopped_trail(user, eventTime=at(number // 20)) for number in range(20_000)]
    hand_in(brief, *events[:20])
    files = [brief.put(log_file(events[20 + number :: 10])) for number in range(10)]

    with ThreadPoolExecutor(max_workers=4) as functions:
        list(functions.map(brief.detect, [*files, *random.Random(1).sample(files, len(files))]))  # noqa: S311
    brief.announce(*reversed(files))
    brief.settle()
    let_it_be_quiet(cloud)
    brief.settle()

    first, *more = told_of(cloud, user)
    assert (first.total, first.told_before) == (20, None)
    assert {alert.alert_id for alert in more} == {first.alert_id}
    # Each tells what the last one left out: ten times as many, but for the rest.
    totals = [first.total, *(alert.total for alert in more)]
    assert [alert.told_before for alert in more] == totals[:-1]
    assert all(after >= 10 * before for before, after in pairwise(totals[:-1]))
    assert totals[-1] == len(events)
    assert len(more) in {1, 2, 3}
    kept = {item["event_id"]["S"] for item in cloud.matches_of(first)}
    assert kept == {event["eventID"] for event in events}
    (entry,) = listed(cloud, "--actor", user)
    assert entry["count"] == len(events)
    assert not entry["held"]
