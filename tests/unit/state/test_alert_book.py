"""What every alert book holds to: whoever writes another adds it to the fixture."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.dynamodb import FakeDynamoDB
from tests.unit.cli.alert_desk import alert, entry, match, named
from trailwarden.alerts.groups import Moved, Span, begun
from trailwarden.alerts.model import AlertBatch, AlertGroup, AlertMatch
from trailwarden.aws.alert_book import AlertTableBook, open_alert_book
from trailwarden.aws.group_table import GroupTable, alert_key, item_of
from trailwarden.state.alert_book import AlertEntry, AmbiguousAlertError
from trailwarden.state.memory_alert_book import MemoryAlertBook

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW, MERGED = "aaaaaaaa".ljust(32, "1"), "aaaaaaaa".ljust(32, "2"), "bbbbbbbb".ljust(32, "0")
TABLE = "trailwarden-alerts"
Book = AlertTableBook | MemoryAlertBook
Filled = tuple[Book, Callable[..., None]]


@pytest.fixture(params=["memory", "fake", "moto"])
def filled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filled]:
    """A book, and what puts an alert into it."""
    if request.param == "memory":
        book = MemoryAlertBook(now=lambda: NOON)

        def add(entry: AlertEntry, matches: Iterable[AlertMatch] = ()) -> None:
            book.add(entry, matches)

        yield book, add
    elif request.param == "fake":
        yield over_a_table(FakeDynamoDB(page=2))
    else:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "testing")
        with mock_aws():
            dynamodb = boto3.client("dynamodb", region_name="eu-west-1")
            create_alert_table(dynamodb, TABLE)
            yield over_a_table(dynamodb)


def over_a_table(client: Any) -> Filled:
    """A book over a table, into which alerts are put item by item, as they stand."""
    table = GroupTable(client, TABLE, retention=timedelta(days=9), now=NOON.timestamp, pause=lambda _: None)
    made = open_alert_book(client, TABLE, now=NOON.timestamp, pause=lambda _: None)

    def add(entry: AlertEntry, matches: Iterable[AlertMatch] = ()) -> None:
        alert, came = entry.alert, int(datetime.fromisoformat(entry.came_at).timestamp())
        placed = [replace(one, placed=one.event_time) for one in matches]
        client.put_item(
            TableName=TABLE,
            Item=alert_key(alert.alert_id)
            | item_of(alert=msgspec.json.encode(alert).decode(), opened_at=came)
            | (item_of(became=entry.became) if entry.became else {}),
        )
        listed = item_of(pk=f"ALERTS#{entry.came_at[:10]}", sk=f"{entry.came_at}#{alert.alert_id}")
        client.put_item(TableName=TABLE, Item=listed)
        group = AlertGroup(alert.group_key, alert.rule_id, alert.group, alert.staged, alert.quiet)
        table.put_matches([AlertBatch(group, tuple(placed), lambda: alert)])
        places = [one.placed or "" for one in placed] or [alert.first_event_time or ""]
        count = len(placed) or entry.total
        span = Span(min(places), max(places), alert.alert_id, count, count, came, closed=entry.over)
        kept = table.state(alert.group_key)
        state = kept.state if kept else begun(group)
        ends = int(NOON.timestamp()) + 600
        moved = Moved(
            state if entry.became else replace(state, spans=(*state.spans, span)),
            due=() if entry.over else ((ends, alert.alert_id),),
        )
        assert table.write(alert.group_key, kept.version if kept else 0, moved)

    return made, add


@pytest.fixture
def book(filled: Filled) -> Book:
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


def test_alerts_are_listed_newest_first_within_bounds(book: Book) -> None:
    assert ids(book.list(at(0), limit=10)) == [NEW, OLD]
    assert ids(book.list(at(0), limit=1)) == [NEW]
    assert ids(book.list(at(9), at(11), limit=10)) == [OLD]
    assert ids(book.list(at(11), limit=10)) == [NEW]
    assert ids(book.list(at(12), limit=10)) == []
    assert ids(book.list(at(0), limit=1, wanted=lambda one: one.alert.alert_id == OLD)) == [OLD]


def test_earlier_alerts_that_are_not_over_are_listed_if_asked_for_after_what_came(filled: Filled) -> None:
    book, add = filled
    add(entry(named(alert("old", eventTime="2026-03-01T07:00:00Z"), OLD)))
    for came, name in (("11:10", "e"), ("11:30", "d")):
        goes_on = named(alert(name, eventTime=f"2026-03-01T{came}:00Z"), name * 32)
        add(entry(goes_on, over=False))
    add(entry(named(alert("new", eventTime="2026-03-01T11:45:00Z"), NEW)))
    since = datetime(2026, 3, 1, 11, 40, tzinfo=UTC)
    assert ids(book.list(since, limit=10)) == [NEW]
    assert ids(book.list(since, limit=10, ongoing=True)) == [NEW, "d" * 32, "e" * 32]
    assert ids(book.list(since, limit=2, ongoing=True)) == [NEW, "d" * 32]
    assert ids(book.list(since, at(12), limit=10)) == [NEW]
    assert ids(book.list(at(11), limit=10, ongoing=True)) == [NEW, "d" * 32, "e" * 32]


def test_an_alert_is_found_by_its_id_or_a_beginning_that_no_other_has(book: Book) -> None:
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


def test_matches_are_given_oldest_first(book: Book) -> None:
    assert [one.event_time for one in book.matches(NEW, 2)] == [
        "2026-03-01T12:01:00Z",
        "2026-03-01T12:02:00Z",
    ]


def test_whoever_acknowledged_first_stays_unless_there_is_more_to_say(book: Book) -> None:
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


def test_an_alert_is_closed_once(book: Book) -> None:
    closed = book.close(NEW, "alice")
    assert (closed.closed, closed.closed_by, closed.closed_at) == (True, "alice", "2026-03-01T12:00:00Z")
    assert closed.closing_note == ""
    assert book.close(NEW, "bob", "the note of another") == closed
    assert book.get(NEW) == closed


def test_an_alert_is_closed_with_a_note(book: Book) -> None:
    closed = book.close(NEW, "alice", "a planned test")
    assert (closed.closing_note, closed.note) == ("a planned test", "")
    assert book.get(NEW) == closed


def test_what_is_not_there_cannot_be_changed(book: Book) -> None:
    with pytest.raises(KeyError):
        book.close("cccccccc", "alice")
    with pytest.raises(KeyError):
        book.acknowledge(NEW[:10], "alice", "")
    with pytest.raises(KeyError):
        book.unacknowledge("cccccccc", "alice")
