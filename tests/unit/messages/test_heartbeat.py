"""A heartbeat claims that all is well only of what was read."""

import json
from dataclasses import replace

import pytest

from tests.alerting_world import START, Event, World
from tests.unit.messages.situations_notices import CONTEXT, quiet_week
from trailwarden.alerts.telling import KEPT_QUIET, READ_AND_SENT, SUPPRESSED, Suppressed, WatchedAccount
from trailwarden.messages.envelope import Bodies
from trailwarden.messages.form import Form
from trailwarden.messages.heartbeat import heartbeat_message
from trailwarden.messages.message import MESSAGE_LIMIT
from trailwarden.state.weeks import Seen

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


NO_RULE = Suppressed(alerting=0, alerting_before=310, alerting_least=0, off=310)
MOST = Suppressed(hidden=4, alerting=310, alerting_before=310, alerting_least=12)


@pytest.mark.parametrize(
    "others",
    [
        {},
        {"accounts": (*quiet_week().accounts, SILENT)},
        {"records": 0, "log_files": 0, "accounts": (SILENT,)},
        {"records": 0, "log_files": 0, "accounts": (SILENT,), "unknown": (READ_AND_SENT,)},
        {"unknown": (KEPT_QUIET, "accounts of 2026-W05")},
        {"told": {"high": 2}, "held": 7},
    ],
)
@pytest.mark.parametrize(
    ("suppressed", "said"), [(NO_RULE, "NO RULE ALERTS"), (MOST, "MOST RULES WERE SILENCED")]
)
def test_rules_that_were_silenced_come_first_whatever_else_holds(
    suppressed: Suppressed, said: str, others: dict[str, object]
) -> None:
    message = heartbeat_message(replace(quiet_week(), suppressed=suppressed, **others))  # type: ignore[arg-type]

    assert message.subject.startswith(f"[HEARTBEAT] {said} in the week to 1 March 2026")
    assert json.loads(message.body)["sms"].startswith(f"HEARTBEAT: {said}")
    assert message.email.startswith(f"{said}: quiet says little. ")
    steps = message.email.partition("Check first\n")[2].partition("\n\n")[0]
    for command in ("rules history --changes", "rules status", "rules rollback NUMBER"):
        assert f"     trailwarden {command}" in steps.splitlines()


def test_rules_that_were_silenced_hide_no_silent_account() -> None:
    week = replace(quiet_week(), suppressed=NO_RULE)
    message = heartbeat_message(replace(week, accounts=(*week.accounts, SILENT)))
    assert "; NOTHING WAS READ from 1 of 3 accounts" in message.subject
    assert "NOTHING WAS READ from 1 of 3 accounts" in first_sentence(message.email)
    assert "4. Is the trail of the account there" in message.email
    message = heartbeat_message(replace(week, records=0, accounts=(SILENT,)))
    assert message.subject.endswith("; NOTHING WAS READ")


def test_an_audit_account_that_nobody_records_is_named_in_every_form() -> None:
    week = replace(quiet_week(), unrecorded=("111122223333",))
    message = heartbeat_message(week, context=CONTEXT, bodies=Bodies(https=Form.CHAT))
    said = "Nobody records the audit account 111122223333"
    assert said in first_sentence(message.email)
    assert "what is done to Trailwarden itself is not seen" in first_sentence(message.email)
    assert said in json.loads(message.body)["https"]
    assert json.loads(message.payload)["unrecorded_accounts"] == ["111122223333"]
    assert "Nobody records" not in heartbeat_message(quiet_week()).email


def test_figures_that_could_not_be_read_are_not_claimed() -> None:
    week = replace(quiet_week(), records=0, log_files=0, accounts=(SILENT, LATE))
    message = heartbeat_message(
        replace(week, rule_set_version="", unknown=(READ_AND_SENT, KEPT_QUIET, SUPPRESSED)),
        bodies=Bodies(https=Form.CHAT),
    )
    assert message.subject == (
        "[HEARTBEAT] Trailwarden runs, but what it read and told in the week to 1 March 2026 is not known"
    )
    for name in ("Read", "Told", "Kept quiet", "Rules", "Rule set"):
        assert f"\n{name + ':':<12}not known" in message.email
    chat = json.loads(message.body)["https"]
    for text in (message.email, chat):
        assert "othing was read" not in text.lower()
        assert "no alert" not in text
        assert "0 records" not in text
    assert json.loads(message.payload)["silent_accounts"] == 0


def test_a_figure_that_could_not_be_read_is_named_and_ends_the_peace() -> None:
    message = heartbeat_message(replace(quiet_week(), unknown=(KEPT_QUIET,)))
    assert message.subject.startswith(
        "[HEARTBEAT] Trailwarden runs, but not all of its figures could be read"
    )
    assert "no rule that is live met anything" not in first_sentence(message.email)
    assert "Could not be read: groups kept quiet; see the log" in first_sentence(message.email)
    assert "Told:       no alert\n" in message.email


def test_one_of_each_is_said_as_one() -> None:
    one = WatchedAccount("777788889999", 1, "2026-03-01T05:58:12Z")
    text = heartbeat_message(
        replace(quiet_week(), records=1, log_files=1, accounts=(one,), held=1, staged=1, told={"low": 1})
    ).email
    assert "it read 1 record of 1 account, and told 1 alert" in first_sentence(text)
    assert "Read:       1 record in 1 log file\n" in text
    assert "Held back:  1 alert," in text
    assert "On trial:   1 alert of" in text


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


@pytest.fixture(params=[False, True], ids=["memory", "DynamoDB"])
def world(request: pytest.FixtureRequest) -> World:
    """At work since a Monday at noon, of which week nothing is told."""
    world = World(in_table=request.param)
    world.tend()
    return world


def next_monday(world: World) -> None:
    weeks = int(world.now - START) // (7 * 86_400) + 1
    world.now = float(START + weeks * 7 * 86_400)
    world.tend()


def test_an_account_that_fell_silent_is_named_for_four_weeks(world: World) -> None:
    quiet, busy = "777788889999", "111122223333"
    world.weeks.add_seen("2026-W10", {quiet: Seen(1, 3, "2026-03-03T10:00:00Z"), busy: Seen(1, 5, None)})
    for week in range(11, 17):
        world.weeks.add_seen(f"2026-W{week}", {busy: Seen(1, 5, "2026-03-20T10:00:00Z")})
    for _ in range(7):
        next_monday(world)
    named = [
        [one.account for one in beat.accounts if one.last_event_time is None and one.account == quiet]
        for beat in world.topic.heartbeats
    ]
    assert named == [[], [quiet], [quiet], [quiet], [quiet], [], []]


def test_a_week_counts_alerts_and_not_what_was_told_of_them_later(world: World) -> None:
    world.deliver([Event(0, 1)])
    for number in range(1, 30):
        world.deliver([Event(number, 2)])
    world.notify()
    world.settle()
    next_monday(world)
    assert len(world.topic.told) == 3, "the first, tenfold, and the rest"
    assert world.topic.heartbeats[0].told == {"high": 1}
