"""A scan says of an alert what its messages and `alerts list` would say."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.alerting_world import START, STOP, Event, World
from tests.unit.aws.alert_books import book_of
from trailwarden.cli.scanner import Scanner
from trailwarden.engine.engine import Engine
from trailwarden.messages.story import told_title
from trailwarden.rules.ruleset import RuleSet

CASES = {
    "one": [Event(1, 0)],
    "the same": [Event(1, 0), Event(2, 1)],
    "targets": [Event(1, 5, target="b"), Event(2, 1), Event(3, 3, target="c"), Event(4, 2, target="d")],
    "some denied": [Event(1, 0), Event(2, 1, error="AccessDenied")],
    "all denied": [Event(1, 0, error="AccessDenied"), Event(2, 1, error="AccessDenied", target="b")],
    "actions and addresses": [Event(1, 0), Event(2, 1, action="DeleteTrail", address="198.51.100.4")],
    "two alerts": [Event(1, 0), Event(2, 200), Event(3, 201, target="b")],
    "an ARN": [Event(1, 0, target="arn:aws:cloudtrail:eu-west-1:444455556666:trail/main")],
    "twice": [Event(1, 0), Event(1, 0), Event(2, 1, target="b")],
}


def listed(events: list[Event]) -> list[str]:
    """What `alerts list` says."""
    world = World(in_table=True)
    for event in events:
        world.deliver([event])
    since = datetime.fromtimestamp(START, UTC) - timedelta(days=1)
    return sorted(told_title(entry.now) for entry in book_of(world).list(since, limit=10))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("hold", [1, 8_000_000], ids=["put away", "in memory"])
def test_a_scan_says_the_same_sentence_as_the_table(name: str, hold: int) -> None:
    events = CASES[name]
    scanner = Scanner(Engine(RuleSet((STOP,))), None, lambda _: None, hold=hold)
    for event in events:
        scanner.matched(event.match(), "file.json")
    assert sorted(alert.title for alert in scanner.alerts().alerts()) == listed(events)
