"""What the demo and the end-to-end tests read out of an e-mail is what the product wrote into it."""

from datetime import UTC, datetime

import pytest

from local.cloud import AlertMail
from local.emulator import Mail
from tests.samples import STOP_RULE, engine, log_key, record, rule
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.message import render
from trailwarden.engine.match import Match

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


def test_another_email_is_no_alert() -> None:
    with pytest.raises(ValueError, match="no alert"):
        AlertMail.parse(mail("Dear subscriber"))
