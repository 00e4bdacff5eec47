"""What the demo and the end-to-end tests read out of an e-mail is what the product wrote into it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.cloud import AlertMail
from local.emulator import Mail
from tests.samples import STOP_RULE, engine, log_key, record, rule
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.engine.match import Match
from trailwarden.messages.message import render

TIME = datetime(2026, 11, 22, 9, 5, tzinfo=UTC)


def mail(body: str) -> Mail:
    return Mail("arn:aws:sns:eu-central-1:111122223333:trailwarden-alerts", "a@example.com", "s", body, TIME)


def test_an_alerts_email_is_read_back() -> None:
    found = record(7)
    match = Match(rule(STOP_RULE, "StopLogging"), found, 3, found["eventID"], found["eventTime"])
    grouper = AlertGrouper(engine().rule_set.version)
    grouper.add(match, f"s3://trailwarden-logs/{log_key()}")
    (alert,) = grouper.alerts()

    read = AlertMail.parse(mail(render(alert).email))

    assert read.alert_id == alert.alert_id
    assert read.log_file == f"trailwarden-logs/{log_key()}"
    assert read.event_name == "StopLogging"
    assert read.record is not None
    assert read.record["eventID"] == found["eventID"]
    assert (read.total, read.told_before) == (1, None)


def test_a_follow_ups_numbers_are_read_back() -> None:
    found = record(7)
    match = Match(rule(STOP_RULE, "StopLogging"), found, 3, found["eventID"], found["eventTime"])
    grouper = AlertGrouper(engine().rule_set.version)
    grouper.add(match, f"s3://trailwarden-logs/{log_key()}")
    (alert,) = grouper.alerts()
    time = found["eventTime"]

    again = AlertMail.parse(
        mail(render(alert, follow_up=FollowUp(Reason.GREW, 20_000, 18_950, time, time)).email)
    )
    anew = AlertMail.parse(mail(render(alert, follow_up=FollowUp(Reason.CHANGED, 3, 3, time, time)).email))
    many = AlertMail.parse(mail(render(replace(alert, count=1200)).email))

    assert (again.total, again.told_before) == (20_000, 1050)
    assert (anew.total, anew.told_before) == (3, 0)
    assert (many.total, many.told_before) == (1200, None)


def test_another_email_is_no_alert() -> None:
    assert not AlertMail.is_one(mail("Dear subscriber"))
    with pytest.raises(ValueError, match="no alert"):
        AlertMail.parse(mail("Dear subscriber"))
