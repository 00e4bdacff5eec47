"""An acknowledgement silences nothing that no message has shown."""

import pytest

from tests.alerting_world import START, Event, World
from tests.unit.aws.alert_books import BEGAN, DAY, book, reasons, reminders, the_only, world
from trailwarden.alerts.group_state import Scope
from trailwarden.alerts.placement import time_of
from trailwarden.alerts.telling import Reason
from trailwarden.alerts.terms import Terms
from trailwarden.aws.alert_book import AlertTableBook
from trailwarden.dispatch.notification import NotToldError
from trailwarden.state.alert_book import AlertEntry, MessageEntry

__all__ = ["book", "world"]  # the fixtures


def ack(book: AlertTableBook, scope: Scope = Scope.SEEN) -> AlertEntry:
    return book.acknowledge(the_only(book).alert.alert_id, "alice", "a drill", Terms(scope))


NEW = [
    ({"target": "audit"}, "target trail audit"),
    ({"address": "198.51.100.4"}, "address 198.51.100.4"),
    ({"action": "DeleteTrail"}, "action DeleteTrail"),
    ({"target": ""}, "action StopLogging without a target"),
    ({"target": f"arn:aws:cloudtrail:eu-west-1:{'1' * 12}:trail/main"}, "target trail main"),
]


@pytest.mark.parametrize(("fields", "said"), NEW)
def test_what_came_since_the_last_message_is_sent_and_ends_it(
    world: World, book: AlertTableBook, fields: dict[str, str], said: str
) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    world.deliver([Event(2, 1, **fields)])
    world.notify()

    assert ack(book).acknowledged_by == ""
    world.notify()

    assert reasons(world) == ["opened", "changed"]
    follow_up = world.topic.told[-1][1]
    assert follow_up is not None
    assert (follow_up.changes, follow_up.total, follow_up.more) == ((said,), 2, 1)
    assert follow_up.acknowledged_by == "alice"
    assert reminders(world) == []

    assert ack(book).acknowledged_by == "alice", "now that was sent"
    world.deliver([Event(3, 2), Event(4, 3, **fields)])
    world.settle()
    assert reasons(world) == ["opened", "changed"]


def test_what_came_since_and_is_the_same_stays_quiet(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    world.deliver([Event(2, 1), Event(3, 2, error="AccessDenied")])
    assert ack(book).acknowledged_by == "alice"
    world.settle()
    assert reasons(world) == ["opened"]


def test_what_was_not_sent_yet_is_not_covered(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0)])
    ack(book)
    world.deliver([Event(2, 1)])
    world.notify()
    assert reasons(world) == ["opened", "changed"]


@pytest.mark.parametrize("scope", [Scope.THIS, Scope.ANY])
def test_what_a_message_showed_is_not_sent_again_for_another_scope(
    world: World, book: AlertTableBook, scope: Scope
) -> None:
    world.deliver([Event(1, 0), Event(2, 1, target="audit")])
    world.notify()
    world.deliver([Event(3, 2, target="audit")])
    assert ack(book, scope).acknowledged_by == "alice"
    world.deliver([Event(4, 3)])
    world.settle()
    assert reasons(world) == ["opened"]

    world.deliver([Event(5, 4, target="audit")])
    world.settle()
    assert reasons(world) == (["opened"] if scope is Scope.ANY else ["opened", "changed"])


def test_this_target_does_not_cover_another_call_without_a_target(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0), Event(2, 1, action="DeleteTrail", target="audit")])
    world.notify()
    ack(book, Scope.THIS)
    world.deliver([Event(3, 2, action="DeleteTrail", target="")])
    world.notify()
    assert reasons(world) == ["opened", "changed"]


def test_an_attempt_that_was_denied_does_not_cover_its_success(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0, error="AccessDenied")])
    world.notify()
    ack(book, Scope.ANY)
    world.deliver([Event(2, 1, error="AccessDenied"), Event(3, 2)])
    world.notify()
    assert reasons(world) == ["opened", "changed"]
    follow_up = world.topic.told[-1][1]
    assert follow_up is not None
    assert follow_up.changes == ("action StopLogging, which had not succeeded",)


def test_what_is_unsent_of_another_alert_of_the_group_is_sent(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0)])
    world.deliver([Event(2, 200)])
    world.notify()
    world.deliver([Event(3, 1, target="audit")])
    (later, _) = book.list(BEGAN - DAY, limit=10)
    assert book.acknowledge(later.alert.alert_id, "alice", "").acknowledged_by == ""
    world.notify()
    assert reasons(world) == ["opened", "opened", "changed"]


def test_what_was_shown_under_an_id_from_before_is_covered(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 30), Event(2, 31, target="audit")])
    world.notify()
    world.deliver([Event(3, -29)])  # the alert begins earlier now, and so has another id
    entry = the_only(book)
    assert entry.alert.alert_id != world.topic.told[0][0].alert_id
    assert ack(book).acknowledged_by == "alice"
    world.deliver([Event(4, 32, target="audit")])
    world.settle()
    assert reasons(world) == ["opened"]


@pytest.mark.parametrize(
    ("fields", "counts"),
    [({}, False), ({"told_at": time_of(START)}, True), ({"held_in": "2026-03-02T12"}, True),
     ({"silent": "acknowledged"}, False), ({"silent": "carried on"}, False)],
)  # fmt: skip
def test_a_message_has_shown_what_it_counts_if_anybody_got_it(
    world: World, fields: dict[str, str], counts: bool
) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    variety = world.topic.told[0][0].variety
    assert bool(MessageEntry(Reason.OPENED, 1, variety=variety, **fields).keys) == counts


@pytest.mark.parametrize("end", ["narrowed", "taken back", "over"])
def test_what_an_acknowledgement_kept_from_everybody_is_not_covered_by_the_next(
    world: World, book: AlertTableBook, end: str
) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    book.acknowledge(the_only(book).alert.alert_id, "alice", "", Terms(Scope.ANY, 3 * 3600))
    world.pass_time(120)
    world.tend()
    world.deliver([Event(2, 120, target="audit", address="203.0.113.7")])
    world.notify()
    assert reasons(world) == ["opened"]

    (silent, _) = book.list(BEGAN - DAY, limit=10)
    if end == "taken back":
        book.unacknowledge(silent.alert.alert_id, "alice")
    if end == "over":
        world.pass_time(120)
        world.tend()
    book.acknowledge(silent.alert.alert_id, "alice", "what I saw", Terms(Scope.SEEN))
    world.deliver([Event(3, 125, target="audit")])
    world.settle()
    assert reasons(world) == ["opened", "changed"]


def test_a_message_that_did_not_get_out_has_shown_nothing(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(1, 0)])
    world.notify()
    ack(book)
    world.topic.broken = True
    world.deliver([Event(2, 1, target="audit")])
    with pytest.raises(NotToldError):
        world.notify()
    ack(book)
    world.topic.broken = False
    world.deliver([Event(3, 2, target="audit")])
    world.settle()
    assert reasons(world).count("changed") == 2


def test_only_the_targets_that_a_message_names_are_covered(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(number, 0, target=f"trail{number:02}") for number in range(60)])
    world.notify()
    variety = world.topic.told[0][0].variety
    assert variety is not None
    ack(book)
    named = [target.removeprefix("trail ") for target in variety.targets.first]
    world.deliver([Event(100 + number, 1, target=target) for number, target in enumerate(named)])
    world.settle()
    assert reasons(world) == ["opened"]
    assert len(named) == 10


def test_what_a_change_named_is_covered_though_others_came_before(world: World, book: AlertTableBook) -> None:
    world.deliver([Event(number, 0, target=f"trail{number:02}") for number in range(60)])
    world.notify()
    ack(book)
    variety = world.topic.told[0][0].variety
    assert variety is not None
    hidden = next(f"trail{n:02}" for n in range(60) if f"trail trail{n:02}" not in variety.targets.first)
    world.deliver([Event(200, 1, target=hidden)])
    world.notify()
    assert ack(book).acknowledged_by == "alice"
    world.deliver([Event(201, 2, target=hidden)])
    world.settle()
    assert reasons(world) == ["opened", "changed"]
