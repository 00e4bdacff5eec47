"""What responders ask for: who they are, what is refused, and what is applied, once."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.alerting_world import START, STOP, Event, World
from trailwarden.alerts.placement import time_of
from trailwarden.alerts.terms import DEFAULT_TERMS, Terms
from trailwarden.answering import A_MINUTE, ATTEMPTS, Applied, Applier
from trailwarden.aws.alert_book import AlertTableBook, open_alert_book
from trailwarden.aws.request_table import (
    NotAnsweredError,
    RequestedAnswers,
    RequestRefusedError,
    RequestTable,
    handed_in,
)
from trailwarden.state.alert_book import AlertEntry, Answers
from trailwarden.state.requests import HandedIn, Request, RequestAction, requester

ROLE = "AROARESPONDERSEXAMPLE"
ALICE = f"{ROLE}:alice"
ALICE_SHOWN = "assumed-role/trailwarden-responders/alice"


class Office:
    """A table with an alert, what responders put there, and the function that applies it."""

    def __init__(self, answers: Answers | None = None) -> None:
        self.world = World(in_table=True)
        self.world.deliver([Event(1, 0), Event(2, 1)])
        self.book: AlertTableBook = open_alert_book(
            self.world.database, "alerts", now=self.now, pause=lambda _: None
        )
        self.table = RequestTable(self.world.database, "alerts", now=self.now)
        self.applier = self.make(answers)

    def make(self, answers: Answers | None = None) -> Applier:
        return Applier(answers=answers or self.book, store=self.table, responders_role_id=ROLE, now=self.now)

    def now(self) -> float:
        return self.world.now

    @property
    def entry(self) -> AlertEntry:
        (entry,) = self.book.list(datetime.fromtimestamp(START, UTC) - timedelta(days=1), limit=10)
        return entry

    @property
    def alert_id(self) -> str:
        return self.entry.alert.alert_id

    def put(self, text: Any, user_id: str = ALICE, number: str = "1", **more: Any) -> HandedIn:
        """Whatever a requester may put there, as the stream shows it."""
        text = text if isinstance(text, str) else json.dumps(text)
        item = {"pk": {"S": f"REQUEST#{user_id}"}, "sk": {"S": number}, "request": {"S": text}} | more
        self.world.database.put_item(TableName="alerts", Item=item)
        return handed_in(item, self.now())

    def ask(self, action: str, user_id: str = ALICE, number: str = "1", **fields: Any) -> HandedIn:
        return self.put({"action": action, "alert_id": self.alert_id, **fields}, user_id, number)


def test_requests_are_applied_in_the_name_that_iam_proves() -> None:
    office = Office()
    assert office.applier.apply(office.ask("acknowledge", note="mine")) is Applied.DONE
    assert (office.entry.acknowledged_by, office.entry.note) == (ALICE_SHOWN, "mine")
    assert office.applier.apply(office.ask("unacknowledge", number="2")) is Applied.DONE
    assert office.entry.acknowledged_by == ""
    assert office.applier.apply(office.ask("close", f"{ROLE}:bob", "3", note="a test")) is Applied.DONE
    assert office.entry.closed_by == "assumed-role/trailwarden-responders/bob"
    assert (office.entry.closing_note, office.entry.note) == ("a test", "")


@pytest.mark.parametrize(
    ("user_id", "shown"),
    [
        (ALICE, ALICE_SHOWN),
        (f"{ROLE}:alice@example.com", "assumed-role/trailwarden-responders/alice@example.com"),
        ("AROAANOTHERROLE:alice", "AROAANOTHERROLE:alice"),
        (f"{ROLE}X:alice", f"{ROLE}X:alice"),
        (ROLE, ROLE),
        (f"{ROLE}:", f"{ROLE}:"),
        ("AIDAEXAMPLE", "AIDAEXAMPLE"),
        ("111122223333", "111122223333"),
        ("111122223333:alice", "111122223333:alice"),
        ("assumed-role/trailwarden-responders/alice\x1b[2J", "assumed-role/trailwarden-responders/alice?[2J"),
    ],
)
def test_a_requester_is_named_by_the_role_that_was_taken(user_id: str, shown: str) -> None:
    assert requester(user_id, ROLE) == shown


def of(office: Office, **fields: Any) -> dict[str, Any]:
    return {"action": "close", "alert_id": office.alert_id, **fields}


@pytest.mark.parametrize(
    "make",
    [
        lambda office: "",
        lambda office: "null",
        lambda office: "[" * 3000,
        lambda office: "close it",
        lambda office: of(office, by="bob"),
        lambda office: of(office, acknowledged_by="bob"),
        lambda office: of(office, action="delete"),
        lambda office: of(office, action="CLOSE"),
        lambda office: of(office, action=None),
        lambda office: of(office, alert_id=office.alert_id[:8]),
        lambda office: of(office, alert_id=office.alert_id.upper()),
        lambda office: of(office, alert_id=f"{office.alert_id}\n"),
        lambda office: of(office, alert_id="*"),
        lambda office: of(office, alert_id="f" * 32),
        lambda office: of(office, note="x" * 501),
        lambda office: of(office, note="x\ny"),
        lambda office: of(office, note="\u202e"),
        lambda office: of(office, note="\x1b[2J"),
        lambda office: of(office, note=["x"]),
        lambda office: json.dumps(of(office, note="x")) + " " * 5000,
        lambda office: json.dumps(of(office, note="x" * 300_000)),
    ],
)
def test_what_is_no_request_is_refused_and_said_so(make: Callable[[Office], Any]) -> None:
    office = Office()
    before = office.entry
    handed = office.put(make(office))
    assert office.applier.apply(handed) is Applied.REFUSED
    outcome = office.table.outcome(handed)
    assert outcome is not None
    assert not outcome.done
    assert outcome.message
    assert office.entry == before


def test_an_item_without_a_request_is_refused() -> None:
    office = Office()
    odd_ones: list[dict[str, Any]] = [{}, {"request": {"N": "1"}}, {"request": {"BOOL": True}}]
    for number, odd in enumerate(odd_ones):
        item = {"pk": {"S": f"REQUEST#{ALICE}"}, "sk": {"S": str(number)}, **odd}
        office.world.database.put_item(TableName="alerts", Item=item)
        assert office.applier.apply(handed_in(item, office.now())) is Applied.REFUSED


def test_a_stream_record_that_comes_again_changes_nothing() -> None:
    office = Office()
    first, undone = office.ask("acknowledge"), office.ask("unacknowledge", number="2")
    assert office.applier.apply(first) is Applied.DONE
    assert office.applier.apply(undone) is Applied.DONE
    assert office.applier.apply(first) is Applied.REPEATED
    assert office.entry.acknowledged_by == ""


def test_a_request_that_nobody_read_in_time_is_refused() -> None:
    office = Office()
    handed = office.ask("close")
    office.world.now += 601
    assert office.applier.apply(handed) is Applied.REFUSED
    assert not office.entry.closed


def test_the_requester_does_not_say_how_long_a_request_is_kept() -> None:
    office = Office()
    text = {"action": "close", "alert_id": office.alert_id}
    handed = office.put(text, expires_at={"N": "253402300799"})
    assert office.applier.apply(handed) is Applied.DONE
    key = {"sk": {"S": "1"}}
    gone = office.world.database.get_item(TableName="alerts", Key=key | {"pk": {"S": f"REQUEST#{ALICE}"}})
    assert "Item" not in gone
    kept = office.world.database.get_item(TableName="alerts", Key=key | {"pk": {"S": f"OUTCOME#{ALICE}"}})
    assert int(kept["Item"]["expires_at"]["N"]) < office.now() + 31 * 86400
    assert json.loads(kept["Item"]["asked"]["S"])["action"] == "close"


VALUES: list[Any] = [
    {"S": "x"},
    {"N": "-5"},
    {"N": "3"},
    {"N": "0.5"},
    {"N": "1E125"},
    {"N": "9" * 38},
    {"L": []},
    {"M": {"attempts": {"N": "1"}}},
    {"NS": ["1"]},
    {"BOOL": False},
    {"NULL": True},
    {"B": b"1"},
]
NAMES = ["attempts", "outcome", "requester", "version", "told_at", "Request", "\u200battempts", "x" * 200]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_an_item_with_anything_else_is_refused_at_once(name: str, value: Any) -> None:
    office = Office()
    text = json.dumps({"action": "close", "alert_id": office.alert_id})
    for number in "12":
        handed = office.put(text, number=number, **{name: value})
        assert office.applier.apply(handed) is Applied.REFUSED
        outcome = office.table.outcome(handed)
        assert outcome is not None
        assert not outcome.done
    assert not office.entry.closed
    assert office.applier.apply(office.put(text, f"{ROLE}:bob")) is Applied.DONE


@pytest.mark.parametrize("name", ["request", "expires_at"])
@pytest.mark.parametrize("value", [one for one in VALUES if not {"S", "N"} & one.keys()], ids=str)
def test_an_item_whose_attributes_have_other_types_is_refused(name: str, value: Any) -> None:
    office = Office()
    handed = office.put({"action": "close", "alert_id": office.alert_id}, **{name: value})
    assert office.applier.apply(handed) is Applied.REFUSED
    assert not office.entry.closed


@pytest.mark.parametrize("name", ["attempts", "outcome", "count"])
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_nobody_presets_how_much_they_have_asked_for(name: str, value: Any) -> None:
    office = Office()
    text = json.dumps({"action": "acknowledge", "alert_id": office.alert_id})
    for each in range(A_MINUTE):
        assert office.applier.apply(office.put(text, number=str(each), **{name: value})) is Applied.REFUSED
    assert office.applier.apply(office.put(text, number="more", **{name: value})) is Applied.TOO_MANY
    assert office.applier.apply(office.put(text, number="plain")) is Applied.TOO_MANY
    assert office.applier.apply(office.put(text, f"{ROLE}:bob")) is Applied.DONE


def test_what_a_requester_writes_later_changes_nothing_of_an_outcome() -> None:
    office = Office()
    handed = office.ask("acknowledge")
    assert office.applier.apply(handed) is Applied.DONE
    again = office.put({"action": "close", "alert_id": office.alert_id}, attempts={"N": "0"})
    assert office.applier.apply(again) is Applied.REPEATED
    assert not office.entry.closed


class Failing:
    """Alerts that nothing can be done to: as a function that runs out of memory at them leaves it."""

    def acknowledge(self, alert_id: str, by: str, note: str, terms: Terms = DEFAULT_TERMS) -> AlertEntry:
        raise MemoryError

    def unacknowledge(self, alert_id: str, by: str) -> AlertEntry:
        raise MemoryError

    def close(self, alert_id: str, by: str, note: str = "") -> AlertEntry:
        raise MemoryError


def test_a_request_that_fails_is_given_up_and_stops_no_other() -> None:
    office = Office(Failing())
    poison = office.ask("acknowledge")
    for _ in range(ATTEMPTS):
        with pytest.raises(MemoryError):
            office.make(Failing()).apply(poison)  # another copy of the function each time
    assert office.applier.apply(poison) is Applied.SET_ASIDE
    outcome = office.table.outcome(poison)
    assert outcome is not None
    assert "given up" in outcome.message
    assert office.applier.apply(poison) is Applied.REPEATED
    assert office.make().apply(office.ask("close", number="2")) is Applied.DONE


def test_one_who_asks_for_too_much_costs_nothing_and_keeps_no_other_from_it() -> None:
    office = Office()
    alert_id = office.alert_id
    text = json.dumps({"action": "acknowledge", "alert_id": alert_id})
    outcomes = [office.applier.apply(office.put(text, number=str(each))) for each in range(A_MINUTE)]
    assert set(outcomes) == {Applied.DONE}
    taken: list[HandedIn] = []
    office.table.take = taken.append  # type: ignore[assignment, method-assign]
    assert office.applier.apply(office.put(text, number="more")) is Applied.TOO_MANY
    assert taken == []
    del office.table.take
    assert office.applier.apply(office.put(text, f"{ROLE}:bob")) is Applied.DONE
    office.world.now += 60
    assert office.applier.apply(office.put(text, number="later")) is Applied.DONE


def test_repeats_do_not_count_as_asking_for_too_much() -> None:
    office = Office()
    handed = office.ask("acknowledge")
    office.applier.apply(handed)
    assert {office.applier.apply(handed) for _ in range(2 * A_MINUTE)} == {Applied.REPEATED}
    assert office.applier.apply(office.ask("close", number="2")) is Applied.DONE


def answers_of(office: Office, applied: bool = True) -> RequestedAnswers:
    """What a responder's command has, the function called while it waits."""
    clock = [0.0]
    database = office.world.database

    def wait(seconds: float) -> None:
        clock[0] += seconds
        asked = database.query(
            TableName="alerts",
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"REQUEST#{ALICE}"}},
        )
        for item in asked["Items"] if applied else ():
            office.applier.apply(handed_in(item, office.now()))

    return RequestedAnswers(office.book, office.table, user_id=ALICE, now=lambda: clock[0], wait=wait)


def test_a_command_waits_until_its_request_is_applied() -> None:
    office = Office()
    answers = answers_of(office)
    made = answers.acknowledge(office.alert_id, "bob", "mine")
    assert (made.acknowledged_by, made.note) == (ALICE_SHOWN, "mine")
    assert answers.unacknowledge(office.alert_id, "bob").acknowledged_by == ""
    closed = answers.close(office.alert_id, "bob", "a test")
    assert (closed.closed_by, closed.closing_note) == (ALICE_SHOWN, "a test")


def test_a_command_says_why_a_request_was_refused() -> None:
    office = Office()
    with pytest.raises(RequestRefusedError, match="there is no alert ffffffff"):
        answers_of(office).close("f" * 32, "alice")


def test_a_command_does_not_wait_for_ever() -> None:
    office = Office()
    with pytest.raises(NotAnsweredError, match="in 30 seconds; it may be applied yet"):
        answers_of(office, applied=False).close(office.alert_id, "alice")
    assert not office.entry.closed


def test_a_request_says_nothing_of_who_asks() -> None:
    assert set(Request.__struct_fields__) == {"action", "alert_id", "note", "targets", "seconds"}
    assert {action.value for action in RequestAction} == {"acknowledge", "unacknowledge", "close"}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"targets": "any"}, "is protected: it cannot be acknowledged for any target"),
        ({"seconds": 30 * 86_400 + 1}, "does not end within 30 days"),
        ({"seconds": 10**12}, "does not end within 30 days"),
        ({"seconds": 0}, "does not end within 30 days"),
        ({"seconds": -5}, "does not end within 30 days"),
        ({"targets": "all"}, "not a request that this version reads"),
        ({"targets": ["any"]}, "not a request that this version reads"),
        ({"seconds": "forever"}, "not a request that this version reads"),
        ({"level": "critical"}, "not a request that this version reads"),
    ],
)
def test_a_forged_request_widens_and_lengthens_nothing(asked: dict[str, Any], why: str) -> None:
    office = Office()
    office.world.deliver([Event(3, 2, "eve")], met=msgspec.structs.replace(STOP, protected=True))
    entries = office.book.list(datetime.fromtimestamp(START, UTC) - timedelta(days=1), limit=10)
    alert = next(one.alert for one in entries if one.alert.protected)
    handed = office.put({"action": "acknowledge", "alert_id": alert.alert_id, **asked})
    assert office.applier.apply(handed) is Applied.REFUSED
    outcome = office.table.outcome(handed)
    assert outcome is not None
    assert why in outcome.message
    entry = office.book.get(alert.alert_id)
    assert entry is not None
    assert not entry.acknowledged_by


def test_an_acknowledgement_covers_what_was_asked_for_and_ends() -> None:
    office = Office()
    asked = office.ask("acknowledge", targets="any", seconds=3600)
    assert office.applier.apply(asked) is Applied.DONE
    assert office.entry.acknowledged_targets == "any"
    assert office.entry.acknowledged_until == time_of(int(office.world.now) + 3600)
    office.world.now += 3599
    assert office.entry.acknowledged_by == ALICE_SHOWN
    office.world.now += 1
    assert office.entry.acknowledged_by == ""
    assert office.applier.apply(office.ask("acknowledge", number="2", targets="this")) is Applied.DONE
    assert office.entry.acknowledged_targets == "this"
