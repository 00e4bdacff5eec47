"""The alert book over the table, in a world in which alerts come, are told, and are acted on."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.alerting_world import Event, World
from tests.turns import impatient
from tests.unit.aws.alert_books import BEGAN, DAY, book, book_of, reasons, reminders, the_only, world
from trailwarden.alerts.acknowledging import BYTES_AT_MOST
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.aws.alert_book import AlertTableBook
from trailwarden.aws.outbox_table import OutboxTable
from trailwarden.state.alert_book import AlertEntry
from trailwarden.state.outbox import Budgets, Outgoing

__all__ = ["book", "world"]  # the fixtures


def test_an_alert_is_listed_with_what_it_counts_by_now(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0), Event(2, 5)])
    world.notify()
    world.deliver([Event(2, 5), Event(3, 9)])

    entry = the_only(book)

    assert (entry.total, entry.alert.count) == (3, 2)
    assert (entry.first_event_time, entry.last_event_time) == ("2026-03-02T12:00:00Z", "2026-03-02T12:09:00Z")
    assert (entry.came_at, entry.told_at) == ("2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z")
    assert (entry.held, entry.over, entry.closed, entry.acknowledged_by) == (False, False, False, "")
    assert [one.event_time for one in book.matches(entry.alert.alert_id, 2)] == [
        "2026-03-02T12:00:00Z",
        "2026-03-02T12:05:00Z",
    ]


def test_what_came_is_listed_newest_first_and_then_what_goes_on_still(
    world: World, book: AlertTableBook
) -> None:
    world.deliver([Event(1, 0, "over")])
    world.pass_time(2 * 60)
    world.tend()
    for number in range(20):  # one goes on for a day and more
        world.deliver([Event(10 + number, 120 + 50 * number, "steady")])
        world.pass_time(50)
    since = datetime.fromtimestamp(world.now, UTC)
    for number, user in enumerate(("first", "second")):
        world.deliver([Event(100 + number, 1400, user)])
        world.pass_time(1)

    def actors(**bounds: Any) -> list[str]:
        return [one.alert.group["actor"] for one in book.list(since, limit=10, **bounds)]

    assert actors() == ["user second", "user first"]
    assert actors(ongoing=True) == ["user second", "user first", "user steady"]
    assert actors(until=datetime.fromtimestamp(world.now, UTC)) == ["user second", "user first"]
    wanted = actors(wanted=lambda one: "st" in one.alert.group["actor"], ongoing=True)
    assert wanted == ["user first", "user steady"]
    assert [one.over for one in book.list(BEGAN, limit=10)] == [False, False, False, True]


def test_what_became_another_is_not_listed_and_leads_there(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 50)])
    before = the_only(book)
    world.deliver([Event(2, -5)])

    entry = the_only(book)

    assert entry.alert.alert_id != before.alert.alert_id
    assert entry.total == 2
    for name in (before.alert.alert_id, before.alert.alert_id[:8], entry.alert.alert_id[:9]):
        assert book.get(name) == entry
    assert book.close(before.alert.alert_id, "alice").alert == entry.alert


def test_what_was_taken_back_is_not_listed(world: World, book: AlertTableBook) -> None:
    for minute in (0, 200):
        world.deliver([Event(minute, minute)])
    gone = the_only_of(book, 2)[-1]
    (match,) = book.matches(gone.alert.alert_id, 10)
    world.groups.withdraw(gone.alert.group_key, match.placed or "", {match.match_id})

    assert gone.alert.alert_id not in [one.alert.alert_id for one in book.list(BEGAN - DAY, limit=10)]
    entry = book.get(gone.alert.alert_id)
    assert entry is not None
    assert entry.total == 0


def the_only_of(book: AlertTableBook, number: int) -> list[AlertEntry]:
    found = list(book.list(BEGAN - DAY, limit=number + 1))
    assert len(found) == number
    return sorted(found, key=lambda one: one.first_event_time or "", reverse=True)


def test_what_the_group_has_forgotten_is_listed_all_the_same(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0), Event(2, 1)])
    world.notify()
    world.deliver([Event(3, 2)])
    world.settle()
    old = the_only(book)
    world.pass_time(60 * 24 * 50)
    ((group_key, _),) = world.spans().items()
    del world.database.items[f"GROUP#{group_key}", "GROUP"]  # as it does when it expires
    world.deliver([Event(4, 60 * 24 * 52)])
    assert [len(spans) for spans in world.spans().values()] == [1]

    found = list(book.list(BEGAN - DAY, limit=10))

    assert [one.total for one in found] == [1, 3]
    assert found[1] == old
    assert len(list(book.matches(old.alert.alert_id, 10))) == 3
    assert book.close(old.alert.alert_id, "alice").closed


def test_the_messages_of_an_alert_say_when_they_were_told_or_held(world: World) -> None:
    world = World(in_table=True, budgets=Budgets(1, 100))
    book = book_of(world)
    world.deliver([Event(1, 0)])
    world.notify()
    world.deliver([Event(number, 1) for number in range(2, 11)])
    world.notify()
    alert_id = the_only(book).alert.alert_id
    world.settle()

    opened, grew = book.messages(alert_id)

    assert (opened.reason, opened.total, opened.told_at, opened.held_in) == (
        Reason.OPENED,
        1,
        "2026-03-02T12:00:00Z",
        None,
    )
    assert (grew.reason, grew.total, grew.told_at, grew.held_in) == (Reason.GREW, 10, None, "2026-03-02T12")
    entry = the_only(book)
    assert (entry.held, entry.follow_up_held) == (False, True)


def test_what_is_held_of_an_alert_that_is_gone_leaves_nothing_under_its_id(world: World) -> None:
    outbox = world.outbox
    assert isinstance(outbox, OutboxTable)
    gone = Outgoing("f" * 32, "MORE#1", FollowUp(Reason.GREW, 10, 9, None, None))
    outbox._list_as_held(gone, "2026-03-02T12")
    assert not [key for key in world.database.items if "f" * 32 in str(key)]


def test_hundreds_that_were_held_back_are_listed_with_few_requests() -> None:
    world = World(in_table=True, budgets=Budgets(1, 1000))
    world.database.page = 70
    book = book_of(world)
    world.deliver([Event(number, 0, f"user{number}") for number in range(250)])
    world.notify()
    requests: list[str] = []
    world.database.before = requests.append
    world.database.busy = 2

    held = list(book.list(BEGAN - DAY, limit=10_000, wanted=lambda one: one.held))

    assert len({one.alert.alert_id for one in held}) == 249
    assert {one.total for one in held} == {1}
    assert len(requests) < 40
    assert len(list(book.list(BEGAN - DAY, limit=7, wanted=lambda one: one.held))) == 7


def test_an_acknowledged_group_is_quiet_and_so_are_its_later_alerts(
    world: World, book: AlertTableBook
) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    acknowledged = book.acknowledge(the_only(book).alert.alert_id, "alice", "a drill")
    assert (acknowledged.acknowledged_by, acknowledged.note) == ("alice", "a drill")
    assert [item["by"]["S"] for item in reminders(world)] == ["alice"]

    world.deliver([Event(number, 1) for number in range(2, 30)])
    world.notify()
    world.pass_time(300)
    world.tend()
    world.deliver([Event(31, 300)])
    world.notify()
    world.settle()

    assert reasons(world) == ["opened"]
    assert [one.acknowledged_by for one in book.list(BEGAN - DAY, limit=10)] == ["alice", "alice"]
    later = book.messages(the_only_of(book, 2)[0].alert.alert_id)
    assert [one.silent for one in later] == ["acknowledged"]


@pytest.mark.parametrize(
    ("event", "change"),
    [
        (Event(2, 5, address="198.51.100.4"), "address 198.51.100.4"),
        (Event(2, 5, action="DeleteTrail"), "action DeleteTrail"),
        (Event(2, 300, address="198.51.100.4"), "address 198.51.100.4"),
    ],
    ids=["address", "action", "address of a later alert"],
)
def test_what_changes_character_is_told_once_and_names_it(
    world: World, book: AlertTableBook, event: Event, change: str
) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    book.acknowledge(the_only(book).alert.alert_id, "alice", "a drill")

    world.deliver([event])
    world.notify()

    assert reasons(world) == ["opened", "changed"]
    follow_up = world.topic.told[-1][1]
    assert follow_up is not None
    assert (follow_up.changes, follow_up.acknowledged_by, follow_up.more) == ((change,), "alice", 1)
    assert reminders(world) == []
    assert {one.acknowledged_by for one in book.list(BEGAN - DAY, limit=10)} == {""}


def test_an_alert_from_hundreds_of_addresses_is_acknowledged_in_little_room(
    world: World, book: AlertTableBook
) -> None:
    addresses = [f"2001:db8:{number:04x}:ffff:ffff:ffff:ffff:ffff" for number in range(300)]
    world.deliver([Event(number, number, address=each) for number, each in enumerate(addresses)])
    world.notify()
    book.acknowledge(the_only(book).alert.alert_id, "alice", "a drill")
    (state,) = (item for (_, sk), item in world.database.items.items() if sk == "GROUP")
    assert len(state["state"]["S"]) < BYTES_AT_MOST + 500, "it is written at every move"

    world.deliver([Event(1000 + number, 1, address=each) for number, each in enumerate(addresses[:10])])
    world.notify()
    assert reasons(world) == ["opened"]

    world.deliver([Event(2000, 1, address=addresses[-1])])
    world.notify()
    assert reasons(world) == ["opened", "changed"]
    follow_up = world.topic.told[-1][1]
    assert follow_up is not None
    assert follow_up.changes == (f"address {addresses[-1]}",)


def test_who_takes_it_back_is_told_as_before(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    alert_id = the_only(book).alert.alert_id
    book.acknowledge(alert_id, "alice", "")
    assert book.unacknowledge(alert_id, "bob").acknowledged_by == ""
    assert reminders(world) == []

    world.deliver([Event(2, 1)])
    world.settle()

    assert reasons(world) == ["opened", "quiet"]


def test_another_alert_of_the_group_adds_what_it_is_known_by(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0)])
    world.pass_time(200)
    world.tend()
    world.deliver([Event(2, 200, address="198.51.100.4")])
    world.notify()
    newer, older = the_only_of(book, 2)
    book.acknowledge(older.alert.alert_id, "alice", "a drill")
    both = book.acknowledge(newer.alert.alert_id, "bob", "")
    assert (both.acknowledged_by, both.note) == ("bob", "a drill")
    told = len(world.topic.told)

    world.deliver([Event(3, 210), Event(4, 210, address="198.51.100.4")])
    world.notify()

    assert len(world.topic.told) == told


def test_what_is_closed_is_told_no_more_and_the_next_match_opens_another_at_once(
    world: World, book: AlertTableBook
) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    world.deliver([Event(2, 3)])
    closed = book.close(the_only(book).alert.alert_id, "alice")
    assert (closed.closed, closed.over, closed.closed_by, closed.total) == (True, True, "alice", 2)
    world.pass_time(20)
    world.tend()
    assert reasons(world) == ["opened"]

    world.deliver([Event(3, 4)])
    world.notify()

    assert reasons(world) == ["opened", "opened"]
    new, old = the_only_of(book, 2)
    assert (new.closed, new.total, old.closed, old.total) == (False, 1, True, 2)
    world.settle()
    assert reasons(world) == ["opened", "opened"]


@pytest.mark.parametrize("what", ["acknowledge", "close"])
def test_who_races_with_detect_settles(world: World, book: AlertTableBook, what: str) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    alert_id = the_only(book).alert.alert_id
    _before(world, "transact_write_items", lambda: world.deliver([Event(2, -2, address="203.0.113.7")]))

    after = book.close(alert_id, "alice") if what == "close" else book.acknowledge(alert_id, "alice", "mine")

    # The match that came in between took the alert to an earlier time, so to another id.
    assert after.alert.alert_id == world.became(alert_id) != alert_id
    assert after.total == 2
    assert (after.closed_by, after.over) == ("alice", True) if what == "close" else after.note == "mine"
    assert after == the_only(book)


def test_a_busy_group_is_told_in_words(
    world: World, book: AlertTableBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.deliver([Event(1, 0)])
    number = iter(range(10, 100))

    def again(name: str) -> None:
        if name == "transact_write_items":
            world.database.before = lambda _: None
            world.deliver([Event(next(number), 1)])
            world.database.before = again

    alert_id = the_only(book).alert.alert_id
    world.database.before = again
    impatient(monkeypatch)
    with pytest.raises(Exception, match="moved by others all the time"):
        book.acknowledge(alert_id, "alice", "")


def _before(world: World, name: str, happens: Callable[[], None]) -> None:
    """Let something happen right before the next call of that name."""

    def hook(called: str) -> None:
        if called == name:
            world.database.before = lambda _: None
            happens()

    world.database.before = hook
