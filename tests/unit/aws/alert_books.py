"""The alert book over the table of a world in which alerts come and are told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.alerting_world import START, World
from trailwarden.aws.alert_book import AlertTableBook, open_alert_book
from trailwarden.state.alert_book import AlertEntry

BEGAN = datetime.fromtimestamp(START, UTC)
DAY = timedelta(days=1)


def book_of(world: World) -> AlertTableBook:
    return open_alert_book(world.database, "alerts", now=lambda: world.now, pause=lambda _: None)


@pytest.fixture
def world() -> World:
    return World(in_table=True)


@pytest.fixture
def book(world: World) -> AlertTableBook:
    return book_of(world)


def the_only(book: AlertTableBook, since: datetime = BEGAN - DAY) -> AlertEntry:
    (entry,) = book.list(since, limit=10)
    return entry


def reasons(world: World) -> list[str]:
    """Why subscribers were told, in order."""
    return [str(follow_up.reason) if follow_up else "opened" for _, follow_up in world.topic.told]


def reminders(world: World) -> list[dict[str, Any]]:
    return [item for (pk, _), item in world.database.items.items() if pk == "ACKNOWLEDGED"]
