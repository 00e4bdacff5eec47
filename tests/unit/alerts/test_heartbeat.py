"""A heartbeat claims that all is well only of what was read."""

import json
from dataclasses import replace

from tests.unit.alerts.situations_notices import CONTEXT, quiet_week
from trailwarden.alerts.heartbeat import heartbeat_message
from trailwarden.alerts.message import MESSAGE_LIMIT
from trailwarden.alerts.telling import WatchedAccount

SILENT = WatchedAccount("777788889999", 0, None)
LATE = WatchedAccount("777788889999", 4, "2026-02-26T11:02:00Z")


def first_sentence(email: str) -> str:
    return " ".join(email.partition("\n\n")[0].split())


def test_a_quiet_week_is_told_as_peace() -> None:
    message = heartbeat_message(quiet_week(), context=CONTEXT)
    assert message.subject == (
        "[HEARTBEAT] Trailwarden is at work: 2 accounts read, no alert told in the week to 1 March 2026"
    )
    assert "no rule that is live met anything" in first_sentence(message.email)
    assert message.attributes == {"severity": "heartbeat", "reason": "heartbeat"}


def test_an_account_of_which_nothing_was_read_comes_before_everything_else() -> None:
    week = quiet_week()
    message = heartbeat_message(replace(week, accounts=(*week.accounts, SILENT)), context=CONTEXT)
    assert message.subject.startswith("[HEARTBEAT] NOTHING WAS READ from 1 of 3 accounts")
    assert "at work" not in first_sentence(message.email)
    assert message.email.index("777788889999 (sandbox)") < message.email.index("Week:")
    payload = json.loads(message.payload)
    assert payload["silent_accounts"] == 1
    assert payload["accounts"][0]["account"] == "777788889999"


def test_an_account_that_fell_silent_is_named_at_once() -> None:
    week = quiet_week()
    message = heartbeat_message(replace(week, accounts=(*week.accounts, LATE)))
    assert "2 accounts" not in message.subject
    assert "3 accounts read (1 not lately)" in message.subject
    assert "From 1 of 3 accounts nothing came for a day or more" in first_sentence(message.email)
    assert "26 February, 11:02 UTC: nothing since" in " ".join(message.email.split())


def test_where_nothing_was_read_silence_means_nothing() -> None:
    message = heartbeat_message(replace(quiet_week(), records=0, log_files=0, accounts=(SILENT,)))
    assert message.subject.startswith("[HEARTBEAT] NOTHING WAS READ in the week")
    assert "its silence means nothing" in first_sentence(message.email)


def test_what_was_kept_quiet_is_no_peace() -> None:
    message = heartbeat_message(replace(quiet_week(), acknowledged=("user x did y (acknowledged by alice)",)))
    assert "no rule that is live met anything" not in first_sentence(message.email)
    assert "Kept quiet: user x did y (acknowledged by alice)" in message.email


def test_the_worst_level_comes_first() -> None:
    message = heartbeat_message(replace(quiet_week(), told={"low": 2, "odd": 1, "critical": 1, "high": 0}))
    assert "Told:       4 alerts: 1 critical, 2 low, 1 odd" in message.email


def test_without_accounts_it_tells_of_records_alone() -> None:
    message = heartbeat_message(replace(quiet_week(), accounts=()))
    assert "Trailwarden is at work: log files read, no alert told" in message.subject


def test_however_many_accounts_it_fits_and_says_what_was_left_out() -> None:
    accounts = tuple(WatchedAccount("\U0001f600" * 400, 1, "2026-03-01T05:58:12Z") for _ in range(9000))
    week = replace(quiet_week(), accounts=accounts, acknowledged=("\u5927" * 90_000,) * 500)
    message = heartbeat_message(week)
    payload = json.loads(message.payload)
    assert message.size <= MESSAGE_LIMIT
    assert len(payload["accounts"]) + payload["accounts_left_out"] == 9000
    assert len(payload["acknowledged"]) + payload["acknowledged_left_out"] == 500
