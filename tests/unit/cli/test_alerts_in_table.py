"""`trailwarden alerts` over a table in which alerts came, were told and held back."""

import json
import re

import msgspec
import pytest
from botocore.exceptions import ClientError

from tests.alerting_world import START, STOP, Event, World
from tests.unit.activity.credentials import key, session_identity
from tests.unit.cli.alert_desk import CALLER, run, take_the_place
from trailwarden.activity.sessions import Session
from trailwarden.alerts.placement import time_of
from trailwarden.aws.alert_book import open_alert_book
from trailwarden.cli.alerts.desk import _WhereAllowed
from trailwarden.engine.match import Match
from trailwarden.messages.storm_email import list_command
from trailwarden.rules.ruleset import Rule
from trailwarden.state.outbox import Budgets
from trailwarden.state.sessions import MemorySessionStore

SINCE = ("--since", "2026-03-02")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """One alert that was told and grew, and one of a second rule's budget's too many, which was held back."""
    made = World(in_table=True, budgets=Budgets(2, 100))
    take_the_place(
        monkeypatch,
        open_alert_book(made.database, "alerts", now=lambda: made.now, pause=lambda _: None),
    )
    made.deliver([Event(1, 0)])
    made.notify()
    made.pass_time(10)
    made.deliver([Event(number, 5) for number in range(2, 11)])
    made.notify()
    made.pass_time(10)
    made.deliver([Event(20, 20, "eve", "198.51.100.4")])
    made.notify()
    return made


def listed(*options: str) -> list[dict[str, object]]:
    result = run("list", *SINCE, "--json", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def of(user: str) -> str:
    """The id of a user's newest alert."""
    return str(
        next(line["alert_id"] for line in listed() if line["title"] == f"user {user} stopped the trail")
    )


def test_list_shows_how_alerts_stand(world: World) -> None:
    eve, mallory = listed()
    assert [line["count"] for line in (eve, mallory)] == [1, 10]
    assert (eve["held"], eve["told_at"], eve["came_at"]) == (True, None, time_of(START + 1200))
    assert (mallory["held"], mallory["told_at"], mallory["over"]) == (False, time_of(START), False)
    assert [line["title"] for line in listed("--held")] == ["user eve stopped the trail"]
    table = run("list", *SINCE).stdout
    assert re.search(r" 1 .* held +[0-9a-f]{12}  user eve stopped the trail\n", table)
    world.settle()
    assert [line["over"] for line in listed("--open")] == [True, True]


def test_an_alert_whose_follow_up_alone_was_held_back_is_listed_as_held(world: World) -> None:
    world.pass_time(180)  # another hour, another budget
    for number, user in enumerate(("carol", "dave")):
        world.deliver([Event(100 + number, 200, user)])
        world.notify()
    world.deliver([Event(number, 201, "carol") for number in range(200, 220)])
    world.notify()
    hour = time_of(int(world.now))[:13]
    listing = list_command(hour).removeprefix("trailwarden alerts list ").split()
    lines = [json.loads(line) for line in run("list", *listing, "--json").stdout.splitlines()]
    assert [(line["title"], line["held"], line["follow_up_held"]) for line in lines] == [
        ("user carol stopped the trail", False, True)
    ]


def test_show_prints_the_mail_of_all_events_and_each_message(world: World) -> None:
    text = run("show", of("mallory")[:8], "--matches").stdout
    assert "10 times" in text
    assert f"Told:         {time_of(START)}, 1 event: it began\n" in text
    assert f"Told:         {time_of(START + 600)}, 10 events: it grew\n" in text
    assert len(re.findall(r"StopLogging +trail main +203\.0\.113\.7", text)) == 10
    held = run("show", of("eve")).stdout
    assert "Held back:    in the hour from 2026-03-02T12:00Z, 1 event: it began; a summary told of it" in held
    history = json.loads(run("show", of("mallory"), "--json").stdout)["history"]
    assert [(one["reason"], one["count"]) for one in history["messages"]] == [("opened", 1), ("grew", 10)]


def test_ack_quiets_the_group_until_a_new_address_shows(world: World) -> None:
    said = " ".join(run("ack", of("mallory")[:8], "--note", "a drill").stdout.split())
    assert "actor user mallory account 444455556666 Quiet until 2026-04-01 12:20:00 UTC" in said
    covered = "targets: trail main addresses: 203.0.113.7 actions: StopLogging accounts: 444455556666"
    assert f"{covered} level: high or below" in said
    assert f"by {CALLER} before" not in said
    told = len(world.topic.told)

    world.pass_time(600)
    world.tend()
    world.deliver([Event(30, 620)])
    world.notify()
    assert len(world.topic.told) == told
    assert [line["note"] for line in listed("--acknowledged")] == ["a drill", "a drill"]

    world.deliver([Event(31, 621, address="192.0.2.1")])
    world.notify()
    (_, follow_up) = world.topic.told[-1]
    assert follow_up is not None
    assert (follow_up.changes, follow_up.acknowledged_by) == (("address 192.0.2.1",), CALLER)
    assert listed("--acknowledged") == []
    assert run("ack", of("mallory"), "--undo").stdout.startswith("Unchanged ")


def test_close_leaves_what_comes_after_to_a_new_alert(world: World) -> None:
    first = of("mallory")
    assert run("close", first).stdout.startswith(f"Closed      {first[:12]}")
    assert run("close", first).stdout.startswith(f"Was closed  {first[:12]}")
    assert f"by {CALLER}" in run("show", first).stdout
    world.pass_time(60)  # another hour, another budget
    world.deliver([Event(40, 6)])
    world.notify()
    assert world.topic.told[-1][0].alert_id == of("mallory") != first
    assert next(line["alert_id"] for line in listed("--open")) == of("mallory")


def test_whoever_stands_behind_a_session_is_named_in_lists_and_in_the_mail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, sessions = World(in_table=True), MemorySessionStore()
    sessions.put(Session(key("one"), who="alice", label="user alice", issued_by="AssumeRole"))
    book = open_alert_book(world.database, "alerts", now=lambda: world.now, pause=lambda _: None)
    take_the_place(monkeypatch, book, sessions)
    world.deliver([SessionEvent(1, 0)])

    (alert,) = listed()

    assert "alice through role Admin stopped the trail" in run("list", *SINCE).stdout
    shown = run("show", str(alert["alert_id"])).stdout
    assert "Who:        alice through role Admin" in shown


class SessionEvent(Event):
    """The same call, by a role's session."""

    def match(self, met: Rule = STOP) -> Match:
        found = super().match(met)
        acted = {**found.record, "userIdentity": session_identity("Admin", "work", key("one"))}
        return msgspec.structs.replace(found, record=acted)


def test_whoever_may_not_read_sessions_lists_alerts_all_the_same() -> None:
    class Refusing:
        def get(self, _access_key_id: str) -> Session | None:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "Query")

    assert _WhereAllowed(Refusing()).get(key("one")) is None
