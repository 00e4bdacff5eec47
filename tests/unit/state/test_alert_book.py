"""What every alert book holds to: whoever writes another adds it to the fixture."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import pytest

from tests.unit.cli.alert_desk import alert, entry, match, named
from trailwarden.alerts.model import AlertMatch
from trailwarden.state.alert_book import AlertBook, AlertEntry, AmbiguousAlertError
from trailwarden.state.memory_alert_book import MemoryAlertBook

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW, MERGED = "aaaaaaaa".ljust(32, "1"), "aaaaaaaa".ljust(32, "2"), "bbbbbbbb".ljust(32, "0")
Filled = tuple[AlertBook, Callable[..., None]]


@pytest.fixture(params=["memory"])
def filled(request: pytest.FixtureRequest) -> Filled:
    """A book, and what puts an alert into it."""
    book = MemoryAlertBook(now=lambda: NOON)

    def add(entry: AlertEntry, matches: Iterable[AlertMatch] = ()) -> None:
        book.add(entry, matches)

    return book, add


@pytest.fixture
def book(filled: Filled) -> AlertBook:
    """Two alerts of a day whose ids begin alike, and one that became the second."""
    made, add = filled
    add(entry(named(alert("old", eventTime="2026-03-01T09:00:00Z"), OLD)))
    add(entry(named(alert("new", eventTime="2026-03-01T11:00:00Z"), NEW)), [match(3), match(1), match(2)])
    add(entry(named(alert("late", eventTime="2026-03-01T10:00:00Z"), MERGED), became=NEW))
    return made


def ids(found: Iterable[AlertEntry]) -> list[str]:
    return [one.alert.alert_id for one in found]


def at(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC)


def test_alerts_are_listed_newest_first_within_bounds(book: AlertBook) -> None:
    assert ids(book.list(at(0), limit=10)) == [NEW, OLD]
    assert ids(book.list(at(0), limit=1)) == [NEW]
    assert ids(book.list(at(9), at(11), limit=10)) == [OLD]
    assert ids(book.list(at(11), limit=10)) == [NEW]
    assert ids(book.list(at(12), limit=10)) == []


def test_an_alert_is_found_by_its_id_or_a_beginning_that_no_other_has(book: AlertBook) -> None:
    for name in (NEW, NEW[:9], MERGED, MERGED[:8]):
        found = book.get(name)
        assert found is not None
        assert found.alert.alert_id == NEW
    assert book.get("cccccccc") is None
    assert book.get(MERGED[:7]) is None
    with pytest.raises(AmbiguousAlertError) as caught:
        book.get("aaaaaaaa")
    assert ids(caught.value.entries) == [NEW, OLD]


def test_a_beginning_that_leads_to_one_alert_by_two_ids_is_clear(filled: Filled) -> None:
    book, add = filled
    add(entry(named(alert(), NEW)))
    add(entry(named(alert(), OLD), became=NEW))
    found = book.get("aaaaaaaa")
    assert found is not None
    assert found.alert.alert_id == NEW


def test_matches_are_given_oldest_first(book: AlertBook) -> None:
    assert [one.event_time for one in book.matches(NEW, 2)] == [
        "2026-03-01T12:01:00Z",
        "2026-03-01T12:02:00Z",
    ]


def test_whoever_acknowledged_first_stays_unless_there_is_more_to_say(book: AlertBook) -> None:
    first = book.acknowledge(NEW, "alice", "mine")
    assert (first.acknowledged_by, first.acknowledged_at, first.note) == (
        "alice",
        "2026-03-01T12:00:00Z",
        "mine",
    )
    assert book.acknowledge(NEW, "bob", "") == first
    assert book.acknowledge(NEW, "bob", "mine") == first
    assert book.acknowledge(MERGED, "bob", "no, mine").acknowledged_by == "bob"
    assert book.unacknowledge(NEW, "bob").acknowledged_by == ""
    assert book.unacknowledge(NEW, "bob").note == ""


def test_an_alert_is_closed_once(book: AlertBook) -> None:
    closed = book.close(NEW, "alice")
    assert (closed.closed, closed.closed_by, closed.closed_at) == (True, "alice", "2026-03-01T12:00:00Z")
    assert book.close(NEW, "bob") == closed
    assert book.get(NEW) == closed


def test_what_is_not_there_cannot_be_changed(book: AlertBook) -> None:
    with pytest.raises(KeyError):
        book.close("cccccccc", "alice")
    with pytest.raises(KeyError):
        book.acknowledge(NEW[:10], "alice", "")
    with pytest.raises(KeyError):
        book.unacknowledge("cccccccc", "alice")
