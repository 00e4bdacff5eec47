"""`trailwarden alerts list` and `show` on a book in memory, and what goes wrong with every command."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.names import ALERT_TABLE
from tests.unit.cli.alert_desk import (
    FIRST,
    SECOND,
    SINCE,
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
from trailwarden.alerts.model import AlertMatch
from trailwarden.cli import deployment
from trailwarden.cli.alerts import desk
from trailwarden.state.memory_alert_book import MemoryAlertBook

__all__ = ["book"]  # the fixture


def test_list_prints_a_table_newest_first(book: MemoryAlertBook) -> None:
    result = run("list", *SINCE)
    assert result.exit_code == 0
    heading, newest, second, oldest = result.stdout.splitlines()
    assert heading.split() == ["Level", "Last", "event", "(UTC)", "Events", "Account", "State", "ID", "Alert"]
    assert "444455556666 (Payments)  told, ack bob  " in newest
    assert newest.endswith(f"{SECOND}  user mallory stopped the trail")
    assert "1,200" in second
    assert "held" in second
    assert "untold" in oldest


def test_list_in_json_holds_what_scan_prints_and_how_it_stands(book: MemoryAlertBook) -> None:
    line = json.loads(run("list", *SINCE, "--json").stdout.splitlines()[0])
    assert line["alert_id"] == SECOND.ljust(32, "0")
    assert (line["told_at"], line["held"], line["closed"]) == (TOLD, False, False)
    assert (line["acknowledged_by"], line["acknowledged_at"], line["note"]) == ("user/bob", TOLD, "a drill")
    assert (line["account"], line["level"], line["count"]) == ("444455556666", "high", 1)
    assert run("list", *SINCE, "--jsonl").stdout == run("list", *SINCE, "--json").stdout


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], [SECOND, THIRD, FIRST]),
        (["--level", "low", "--level", "critical"], [THIRD, FIRST]),
        (["--min-level", "high"], [SECOND, THIRD]),
        (["--account", "111122223333"], [FIRST]),
        (["--account", "payments"], [SECOND, THIRD]),
        (["--account", "Payments", "--account", "111122223333"], [SECOND, THIRD, FIRST]),
        (["--actor", "MALLORY"], [SECOND]),
        (["--rule", "stoplogging"], [SECOND, THIRD, FIRST]),
        (["--rule", "nothing"], []),
        (["--held"], [THIRD]),
        (["--open"], [THIRD, FIRST]),
        (["--acknowledged"], [SECOND]),
        (["--held", "--acknowledged"], []),
        (["--until", "2026-03-01T10:00"], [FIRST]),
        (["--since", "2026-03-01T11:30:00+00:00"], [SECOND]),
        (["--limit", "1"], [SECOND]),
    ],
)
def test_list_narrows_down(book: MemoryAlertBook, options: list[str], found: list[str]) -> None:
    assert listed(*options) == found


def test_list_leaves_out_what_was_closed_only_where_open_ones_are_asked_for(book: MemoryAlertBook) -> None:
    assert run("close", THIRD).exit_code == 0
    assert listed() == [SECOND, THIRD, FIRST]
    assert listed("--open") == [FIRST]


def test_list_shows_staged_alerts_on_demand(book: MemoryAlertBook) -> None:
    staged = replace(named(alert("dave"), "cccc"), staged=True, status="test")
    book.add(entry(staged, told_at=None))
    assert len(listed()) == 3
    assert len(listed("--staged")) == 4
    assert "stopped the trail [test]" in run("list", *SINCE, "--staged").stdout


def test_list_says_where_there_is_nothing_and_where_there_is_more(book: MemoryAlertBook) -> None:
    assert run("list", *SINCE, "--rule", "none").stdout == "No such alert since 2026-03-01 00:00 UTC.\n"
    assert "--limit shows more" in run("list", *SINCE, "-n", "2").stderr


def test_list_shows_nothing_from_before_unless_asked(book: MemoryAlertBook) -> None:
    """What goes on is counted on standard error, so that nobody misses it."""
    book.add(entry(named(alert("dave", eventTime="2026-03-01T08:00:00Z"), "dddd"), over=False))
    book.add(entry(named(alert("eve", eventTime="2026-03-01T07:00:00Z"), "eeee")))
    recent = run("list", "--since", "2026-03-01T11:30", "--json")

    assert [json.loads(line)["alert_id"][:12] for line in recent.stdout.splitlines()] == [SECOND]
    assert recent.stderr == ("trailwarden: 1 alert is from before and not over; --ongoing lists them too\n")
    assert listed("--since", "2026-03-01T11:30", "--ongoing") == [SECOND, "dddd"]
    assert run("list", "--since", "2026-03-01T11:30", "--ongoing").stderr == ""
    book.add(entry(named(alert("fay", eventTime="2026-03-01T06:00:00Z"), "ffff"), over=False, held=True))
    assert listed("--since", "2026-03-01T11:30", "--held") == ["ffff"], "as a summary asks for"
    assert run("list", *SINCE, "--until", "2026-03-02").stderr == ""
    nothing = run("list", "--since", "2026-03-01T13:00")
    assert nothing.stdout == "No such alert since 2026-03-01 13:00 UTC.\n"
    assert "--ongoing" in nothing.stderr


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_list_is_readable_on_a_narrow_terminal(
    book: MemoryAlertBook, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    long = "user mallory shared a snapshot of the disk vol-0123456789abcdef0 with an account outside"
    book.add(entry(replace(named(alert("x"), "99999999"), title=long)))
    monkeypatch.setattr("trailwarden.cli.tables._is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    printed = run("list", *SINCE).stdout
    lines = printed.splitlines()
    assert max(map(len, lines)) <= columns
    for whole in ("2026-03-01 12:00:00", "444455556666 (Payments)", "told, ack bob", SECOND, "1,200"):
        assert any(whole in line for line in lines), f"{whole} is cut"
    assert " ".join(printed.split()).count("vol-0123456789abcdef0") == 1


def test_an_account_that_nobody_knows_is_wrong_usage(book: MemoryAlertBook) -> None:
    result = run("list", "--account", "Paymentz")
    assert result.exit_code == 2
    assert "no account is called 'Paymentz'; give its 12 digits" in result.stderr


@pytest.mark.parametrize("command", ["list", "show", "ack", "close"])
def test_the_audit_account_is_a_number(book: MemoryAlertBook, command: str) -> None:
    arguments = [] if command == "list" else [SECOND]
    assert run(command, *arguments, "--audit-account", "1234-5678-9012").exit_code == 0
    assert run(command, *arguments, "--audit-account", "123456789012").exit_code == 0
    result = run(command, *arguments, "--audit-account", "production")
    assert result.exit_code == 2
    assert "'production' is not the number of an account, which has 12 digits" in result.stderr


@pytest.mark.parametrize("time", ["yesterday", "24", "999999w", "h", "2026-13-01"])
def test_a_time_that_is_none_is_wrong_usage(book: MemoryAlertBook, time: str) -> None:
    result = run("list", "--since", time)
    assert result.exit_code == 2
    assert "90m, 24h, 7d" in result.stderr


def test_a_time_may_be_so_long_ago(book: MemoryAlertBook) -> None:
    assert run("list", "--since", "10m").stdout.startswith("No such alert")
    assert run("list", "--since", "5000d", "--json").stdout.count("\n") == 3


def test_show_prints_the_mail_as_it_would_read_now_and_its_history(book: MemoryAlertBook) -> None:
    result = run("show", SECOND[:9])
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Subject: [HIGH] user mallory stopped the trail\n\nHIGH: user mallory")
    assert "444455556666 (Payments, production)" in result.stdout
    assert (
        f"Told:         {TOLD}, 1 event: it began\n"
        f"Acknowledged: {TOLD}, by user/bob, with all alerts of its group\nNote:         a drill\n"
    ) in result.stdout
    held = run("show", THIRD).stdout
    assert "1,200" in held
    assert "Held back:    in the hour from 2026-03-01T11:00Z, 1 event: it began; a summary told of it" in held
    assert "Told:         not yet" in run("show", FIRST).stdout


def test_show_lists_events_on_demand(book: MemoryAlertBook) -> None:
    text = run("show", SECOND, "--matches").stdout
    assert "2026-03-01 12:01:00" in text
    assert "s3://trailwarden-logs/file.json.gz, record 2" in text
    assert "the first 1 of them" in run("show", THIRD, "--matches").stdout
    assert run("show", SECOND, "--matches", "-n", "1").stdout.count("record 2") == 0


@pytest.mark.parametrize(
    ("actors", "shown"),
    [
        (("arn:aws:iam::1:user/hr-alice", "arn:aws:iam::1:user/mallory"), True),
        (("arn:aws:iam::1:user/mallory", "?"), True),
        (("arn:aws:iam::1:user/mallory", "arn:aws:iam::1:user/mallory"), False),
    ],
)
def test_who_acted_is_listed_where_several_did(
    book: MemoryAlertBook, monkeypatch: pytest.MonkeyPatch, actors: tuple[str, ...], shown: bool
) -> None:
    kept = [match(number, principal=actor) for number, actor in enumerate(actors)]
    monkeypatch.setattr(book, "matches", lambda *_: iter(kept))
    listed = run("show", SECOND, "--matches").stdout.rpartition("Time (UTC)")[2]
    assert ("Who" in listed, "user/mallory" in listed) == (shown, shown)
    assert ("unknown" in listed) == ("?" in actors)
    document = json.loads(run("show", SECOND, "--json", "--matches").stdout)
    assert [one["actor"] for one in document["matches"]] == [each if each != "?" else None for each in actors]


@pytest.mark.parametrize("limit", [100, 7, 10_000])
def test_of_a_million_events_as_many_are_read_as_are_shown(
    book: MemoryAlertBook, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    read: list[int] = []

    def matches(_alert_id: str, most: int) -> Iterator[AlertMatch]:
        for number in range(most):
            read.append(number)
            yield match(number % 60)

    monkeypatch.setattr(book, "matches", matches)
    book.add(entry(named(alert("eve"), THIRD), total=1_000_000, at_least=True))
    document = json.loads(run("show", THIRD, "--json", "--matches", "-n", str(limit)).stdout)
    assert (len(read), len(document["matches"])) == (limit, limit)
    assert document["matches_left_out"] == 1_000_000 - limit
    if limit == 100:
        text = run("show", THIRD, "--matches").stdout
        assert "more than 1,000,000 events\n" in text
        assert text.endswith("... the first 100 of them; --limit shows more\n")
        assert len(read) == 200


def test_show_in_json_holds_the_alert_its_history_and_its_events(book: MemoryAlertBook) -> None:
    document = json.loads(run("show", SECOND, "--json", "--matches").stdout)
    assert document["alert"]["schema"] == "trailwarden.alert/1"
    assert document["history"]["acknowledged_by"] == "user/bob"
    assert [one["origin"] for one in document["matches"]] == ["203.0.113.7", "203.0.113.7"]
    assert document["history"]["messages"] == [
        {"reason": "opened", "count": 1, "told_at": TOLD, "held_in": None, "silent": None}
    ]
    assert "matches" not in json.loads(run("show", SECOND, "--json").stdout)


def test_an_alert_that_became_another_leads_there(book: MemoryAlertBook) -> None:
    book.add(entry(named(alert("old"), "dddddddd"), became=SECOND.ljust(32, "0")))
    text = run("show", "dddddddd").stdout
    assert text.startswith(f"dddddddd became {SECOND.ljust(32, '0')}.")
    assert len(listed()) == 3


def test_what_a_mail_defangs_finds_what_it_means(book: MemoryAlertBook) -> None:
    book.add(entry(named(alert("alice@evil.example"), "cccccccc"), told_at=TOLD))
    for copied in ("alice@evil[.]example", "alice@evil.example", "ALICE@EVIL[.]EXAMPLE"):
        assert listed("--actor", copied) == ["cccccccc"]


def test_an_id_that_is_not_clear_is_wrong_usage_and_nothing_is_done(book: MemoryAlertBook) -> None:
    before = dict(book.entries)
    result = run("close", THIRD, "aaaaaaaa", "ffffffff", "bbb")
    assert result.exit_code == 2
    assert "several alerts begin with aaaaaaaa; which of them?" in result.stderr
    assert f"  {SECOND}  high" in result.stderr
    assert f"  {FIRST}  low" in result.stderr
    assert "there is no alert ffffffff" in result.stderr
    assert "'bbb' is too short: give 8 characters or more" in result.stderr
    assert book.entries == before


def test_what_an_attacker_wrote_is_safe_to_print(book: MemoryAlertBook) -> None:
    evil = "\x1b[2J\u202eevil\nhttps://evil.example/\u0430dmin"
    hostile = replace(named(alert("x"), "99999999"), title=evil, account="4\x1b[31m")
    book.add(
        entry(hostile, acknowledged_by="user/\x1b[2Jx", acknowledged_at=TOLD, note=evil),
        [match(1, evil, evil)],
    )
    for arguments in (
        ("list", *SINCE),
        ("show", "99999999", "--matches"),
        ("ack", "99999999"),
        ("close", "99999999"),
    ):
        printed = run(*arguments).output
        assert "evil" in printed
        assert not {"\x1b", "\u202e"} & set(printed)
        assert "https://evil" not in printed
    assert "\\u0430dmin" in run("list", *SINCE).output


@pytest.mark.parametrize("command", [("list",), ("show", FIRST), ("ack", FIRST), ("close", FIRST)])
def test_what_aws_refuses_names_the_role_of_those_who_respond(
    book: MemoryAlertBook, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Query")

    monkeypatch.setattr(desk, "open_book", refuse)
    result = run(*command)
    assert result.exit_code == 3
    assert (
        "take the role trailwarden-responders-eu-west-1, whose principals the setting responders names"
        in (result.stderr)
    )


def test_where_nothing_is_deployed_says_how_to_name_it(
    book: MemoryAlertBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any) -> None:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "Query")

    monkeypatch.setattr(desk, "open_book", missing)
    result = run("list", "--region", "eu-west-3")
    assert result.exit_code == 2
    assert result.stderr == (
        "trailwarden: there is no Trailwarden in account 123456789012, region eu-west-3; name --region,"
        " or use the audit account's credentials (its role trailwarden-responders-eu-west-3), for these are"
        " 123456789012's\n"
    )


@pytest.mark.parametrize("command", ["list", "show", "ack", "close"])
def test_alerts_of_another_account_than_the_credentials_are_refused(
    book: MemoryAlertBook, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The table is the caller's own whatever account is named: nothing of it may be shown or changed."""

    def opened(*_: Any) -> None:
        raise AssertionError("the caller's own alerts were opened")

    monkeypatch.setattr(desk, "open_book", opened)
    result = run(*[command, *([] if command == "list" else [SECOND])], "--audit-account", "9999-8888-7777")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "trailwarden: the credentials are of account 123456789012, not of 999988887777; assume the role"
        " trailwarden-responders-eu-west-1 of account 999988887777: set AWS_PROFILE to a profile with"
        " role_arn = arn:aws:iam::999988887777:role/trailwarden-responders-eu-west-1"
        " and role_session_name = alice (the setting responders names who may)\n"
    )


def test_the_commands_look_where_the_stacks_put_it() -> None:
    assert deployment.TABLE == ALERT_TABLE
    assert deployment.ALERTS.role == "trailwarden-responders"
