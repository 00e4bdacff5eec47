"""`trailwarden alerts ack` and `close` on a book in memory."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.cli.alert_desk import (
    CALLER,
    FIRST,
    NOON,
    SECOND,
    THIRD,
    TOLD,
    alert,
    book,
    entry,
    listed,
    match,
    named,
    run,
)
from trailwarden.state.memory_alert_book import MemoryAlertBook

__all__ = ["book"]  # the fixture


def test_ack_says_what_would_break_the_silence(book: MemoryAlertBook) -> None:
    result = run("ack", THIRD, FIRST, "--note", "known\nto us")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1:9] == [
        '              Rule "StopLogging called"',
        "              actor user eve",
        "              account 444455556666",
        "              Quiet until 2026-03-31 12:30:00 UTC, alerts to come included, for",
        "                addresses: 198.51.100.4",
        "                actions:   DeleteTrail",
        "                level:     critical or below",
        "              Anything else notifies, and ends the acknowledgement.",
    ]
    made = book.entries[THIRD.ljust(32, "0")]
    assert (made.acknowledged_by, made.acknowledged_at) == (CALLER, f"{NOON:%Y-%m-%dT%H:%M:%SZ}")
    assert made.note == "known to us"
    assert listed("--open") == []


def test_ack_refuses_a_note_that_would_be_cut(book: MemoryAlertBook) -> None:
    long = run("ack", FIRST, "--note", "é" * 501)
    assert long.exit_code == 2
    assert "501 characters; 500 are the most" in long.output
    assert not book.entries[FIRST.ljust(32, "0")].acknowledged_by
    assert run("ack", FIRST, "--note", "é" * 500 + "  ").exit_code == 0
    assert book.entries[FIRST.ljust(32, "0")].note == "é" * 500


def test_ack_of_what_somebody_has_already_says_who(book: MemoryAlertBook) -> None:
    result = run("ack", SECOND)
    assert f"(by user/bob before, {TOLD})" in result.stdout
    assert book.entries[SECOND.ljust(32, "0")].note == "a drill"


def test_ack_can_be_taken_back(book: MemoryAlertBook) -> None:
    result = run("ack", SECOND, FIRST, "--undo")
    assert result.exit_code == 0
    taken, _, nobody, why = result.stdout.splitlines()
    assert taken.startswith(f"Taken back    {SECOND}")
    assert nobody.startswith(f"Unchanged     {FIRST}")
    assert "It is not acknowledged: there is nothing to take back." in why
    assert listed("--acknowledged") == []
    assert run("ack", SECOND, "--undo", "--note", "x").exit_code == 2


def test_ack_names_only_a_few_of_many_addresses(book: MemoryAlertBook) -> None:
    many = [match(number, f"203.0.113.{number}") for number in range(1, 9)]
    book.add(entry(named(alert("many"), "eeeeeeee")), many)
    assert "addresses: 203.0.113.1, 203.0.113.2, 203.0.113.3, 203.0.113.4, 203.0.113.5 and 3 more\n" in (
        run("ack", "eeeeeeee").stdout
    )


@pytest.fixture
def keys(book: MemoryAlertBook) -> str:
    """The id of an alert of keys for three users."""
    users = ("alice", "bob", 'x y" https://evil.example')
    events = [match(number, target=f"user {user}", account="1") for number, user in enumerate(users, 1)]
    book.add(entry(named(alert("keys"), "eeeeeeee"), total=3), events)
    return "eeeeeeee"


def test_ack_names_the_targets_and_can_be_narrowed_and_widened(book: MemoryAlertBook, keys: str) -> None:
    assert (
        '  targets:   user alice, user bob and user x y" hxxps://evil[.]example\n' in run("ack", keys).stdout
    )
    assert "  targets:   user alice alone\n" in run("ack", keys, "--this-target").stdout
    assert "  targets:   any\n" in run("ack", keys, "--any-target").stdout
    until = f"until {(NOON + timedelta(hours=36)):%Y-%m-%d %H:%M:%S} UTC"
    assert until in run("ack", keys, "--for", "36h").stdout
    shown = run("show", keys).stdout
    assert f"with all alerts of its group, until {(NOON + timedelta(hours=36)):%Y-%m-%dT%H:%M:%SZ}\n" in shown


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--for", "31d"], "an acknowledgement lasts 30 days at most: give --for 30d or less"),
        (["--for", "5w"], "an acknowledgement lasts 30 days at most: give --for 30d or less"),
        (["--for", "0m"], "an acknowledgement lasts 30 days at most"),
        (["--for", "ever"], "'ever' is not a length of time: give 90m, 24h, 7d"),
        (["--this-target", "--any-target"], "exclude each other: give one of them"),
        (["--any-target", "--undo"], "--undo takes an acknowledgement back: leave the other options out"),
    ],
)
def test_ack_refuses_what_goes_too_far_and_says_what_to_do(
    book: MemoryAlertBook, keys: str, options: list[str], why: str
) -> None:
    result = run("ack", keys, *options)
    assert result.exit_code == 2
    assert why in " ".join(result.stderr.split())
    assert not book.entries[keys.ljust(32, "0")].acknowledged_by


def test_ack_of_a_protected_rule_is_never_for_any_target_and_nothing_is_done_by_halves(
    book: MemoryAlertBook, keys: str
) -> None:
    book.add(entry(replace(named(alert("self"), "99999999"), protected=True)), [match(1, target="bucket x")])
    result = run("ack", keys, "99999999", "--any-target")
    assert result.exit_code == 2
    assert "the rule 'StopLogging called' is protected" in result.stderr
    assert "leave out --any-target" in result.stderr
    assert not book.entries[keys.ljust(32, "0")].acknowledged_by
    assert run("ack", "99999999", "--this-target").exit_code == 0


def test_ack_of_this_target_needs_one(book: MemoryAlertBook) -> None:
    result = run("ack", THIRD, "--this-target")
    assert result.exit_code == 2
    assert "it does not say which one thing was acted on; leave out --this-target" in result.stderr


def test_show_lists_the_target_and_the_outcome_of_each_event(book: MemoryAlertBook, keys: str) -> None:
    book.add(
        entry(named(alert("keys"), "dddddddd"), total=1),
        [match(1, target="user bob (policy Admin)", outcome="denied")],
    )
    text = run("show", "dddddddd", "--matches").stdout
    assert "StopLogging (denied)  user bob (policy Admin)  203.0.113.7" in text
    assert "user x y" in run("show", keys, "--matches").stdout
    (event,) = json.loads(run("show", "dddddddd", "--matches", "--json").stdout)["matches"]
    assert (event["target"], event["outcome"]) == ("user bob (policy Admin)", "denied")


def test_close_is_done_once(book: MemoryAlertBook) -> None:
    assert run("close", THIRD).stdout.startswith(f"Closed      {THIRD}")
    again = run("close", THIRD)
    assert (again.exit_code, again.stdout.splitlines()[0][:23]) == (0, f"Was closed  {THIRD[:11]}")
    assert CALLER in again.stdout
    assert f"Closed:       {NOON:%Y-%m-%dT%H:%M:%SZ}, by {CALLER}" in run("show", THIRD).stdout


def test_close_takes_a_note_of_the_first_who_closes(book: MemoryAlertBook) -> None:
    assert run("close", THIRD, "--note", "a planned\ntest").exit_code == 0
    again = run("close", THIRD, "--note", "something else")
    assert "The note was not kept" in again.stdout
    shown = run("show", THIRD).stdout
    assert f"Closed:       {NOON:%Y-%m-%dT%H:%M:%SZ}, by {CALLER}\nNote:         a planned test\n" in shown
    history = json.loads(run("show", THIRD, "--json").stdout)["history"]
    assert history["closing_note"] == "a planned test"
    assert json.loads(run("show", FIRST, "--json").stdout)["history"]["closing_note"] is None


def test_close_refuses_a_note_that_would_be_cut(book: MemoryAlertBook) -> None:
    long = run("close", FIRST, "--note", "é" * 501)
    assert (long.exit_code, book.entries[FIRST.ljust(32, "0")].closed) == (2, False)
    assert "501 characters; 500 are the most" in long.output
