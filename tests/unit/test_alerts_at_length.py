"""Groups that alert for weeks, alerts that join hundreds or never end: small states, small writes."""

from collections import Counter
from datetime import timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest

from tests.alerting_world import START, STOP, Event, World
from tests.turns import ENDLESS
from tests.unit.correlation.samples import A, correlation, match
from trailwarden.alerts.filing import KEPT
from trailwarden.alerts.groups import GroupState, Moved
from trailwarden.alerts.placement import group_key, time_of
from trailwarden.alerts.telling import Reason
from trailwarden.aws.correlation_table import CorrelationTable
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.match_table import COUNTED_AT_MOST, EXACT_AT_MOST
from trailwarden.correlation.correlator import Correlator
from trailwarden.rules.ruleset import RuleSet
from trailwarden.state.memory import MemoryCorrelationStore

MALLORY = {"actor": "user mallory", "account": "444455556666"}
KEY = group_key(STOP.id, MALLORY)
DAY = 86_400


@pytest.fixture(params=[False, True], ids=["memory", "DynamoDB"])
def world(request: pytest.FixtureRequest) -> World:
    return World(in_table=request.param)


def counts(world: World) -> Counter[str]:
    """How many events messages have counted, by the alert that they are of by now."""
    found: Counter[str] = Counter()
    for alert, more in world.topic.told:
        found[world.became(alert.alert_id)] += more.more if more else alert.count
    return found


def state_size(world: World) -> int:
    return len(msgspec.json.encode(world.kept.state(KEY).state))


def test_a_group_that_alerts_for_weeks_keeps_a_small_state_and_forgets_nothing(world: World) -> None:
    stretches = 200
    sizes = []
    for start in range(0, stretches, 20):
        world.deliver([Event(number, 100 * number) for number in range(start, start + 20)])
        sizes.append(state_size(world))
    assert max(sizes) < 3_000, "bytes: a move writes three units for it"
    world.notify()

    world.deliver([Event(10_000 + number, 100 * number + 5) for number in range(stretches)])  # late, each
    spans = world.spans()[KEY]
    assert len(spans) == stretches
    assert not any(span.closed for span in spans)
    for _ in range(30):
        world.pass_time(61)
        world.tend()

    assert all(span.closed for span in world.spans()[KEY])
    assert len(world.topic.told) == 2 * stretches
    assert set(counts(world).values()) == {2}
    assert state_size(world) < 3_000
    assert len(world.kept.state(KEY).state.spans) == KEPT


def test_a_file_of_many_stretches_drops_none_that_is_open() -> None:
    world = World(in_table=True)
    world.deliver([Event(number, 100 * number) for number in range(520)])
    assert len(world.spans()[KEY]) == 520
    assert not any(span.closed for span in world.spans()[KEY])
    world.pass_time(61)
    for _ in range(3):
        world.tender.tend()
    assert all(span.closed for span in world.spans()[KEY])


@pytest.mark.parametrize("dying", [0, 30, 37, 44, 51, 58])
def test_a_stretch_that_joins_hundreds_takes_several_moves_and_may_die_between(
    world: World, dying: int
) -> None:
    """A late file fills the gaps between 150 alerts: the played table refuses more than 100 items at once."""
    world.deliver([Event(number, 100 * number) for number in range(150)])
    world.notify()
    world.dying = world.steps + dying if dying else 0

    world.deliver([Event(1000 + number, 50 * number) for number in range(300)])
    world.settle()

    (span,) = world.spans()[KEY]
    assert (span.first, span.last) == (time_of(START), time_of(START + 60 * 50 * 299))
    assert counts(world)[span.alert_id] == 450 == span.told


def test_closings_inside_a_file_take_moves_of_their_own(world: World) -> None:
    for number in range(60):
        world.deliver([Event(number, number)])
        identity = world.spans()[KEY][-1].alert_id
        world.groups.close(KEY, identity)
    assert len(world.kept.state(KEY).state.cuts) == 50
    world.deliver([Event(100 + number, number) for number in range(60)])
    world.notify()
    world.settle()
    total = sum(world.kept.count(KEY, span.first, span.last).total for span in world.spans()[KEY])
    assert total == 120
    assert state_size(world) < 5_000


def test_a_state_of_old_with_hundreds_of_stretches_becomes_small() -> None:
    world = World(in_table=True)
    world.deliver([Event(number, 100 * number) for number in range(500)])
    spans = world.spans()[KEY]
    state = world.kept.state(KEY)
    old = GroupState(STOP.id, MALLORY, spans=tuple(spans))
    for pk, sk in [key for key in world.database.items if key[1].startswith("SPAN#")]:
        del world.database.items[pk, sk]
    assert world.kept.write(KEY, state.version, Moved(old))
    assert state_size(world) > 80_000

    for number in range(25):
        world.deliver([Event(5000 + number, 100 * 499 + number)])
    assert state_size(world) < 3_000
    assert len(world.spans()[KEY]) == 500
    world.settle()
    assert all(span.closed for span in world.spans()[KEY])


def test_an_old_stretch_grows_where_a_late_match_comes_near(world: World) -> None:
    world.deliver([Event(number, 100 * number) for number in range(40)])
    world.notify()
    world.settle()
    before = len(world.topic.told)

    world.deliver([Event(900, 3), Event(901, 250), Event(902, 52)])  # beside one, and between two pairs
    world.settle()

    assert len(world.spans()[KEY]) == 38
    assert sorted(more.more for _, more in world.topic.told[before:] if more) == [1, 2]
    assert sum(counts(world).values()) == 43


def test_closing_by_hand_counts_what_is_there_not_what_came_again(world: World) -> None:
    """Three events that came four times each: the next one is told all the same."""
    for _ in range(4):
        world.deliver([Event(number, number) for number in range(3)])
    world.notify()
    identity = world.spans()[KEY][0].alert_id
    world.groups.close(KEY, identity)

    world.deliver([Event(9, 1)])
    world.settle()

    assert [(more.total, more.more) for _, more in world.topic.told if more] == [(4, 1)]


def test_an_alert_that_outlives_what_is_kept_goes_on_as_another() -> None:
    """One match a day for three times as long as matches are kept."""
    world, kept_days = World(in_table=True), 60
    world.kept._retention = kept_days * DAY
    rule = msgspec.structs.replace(STOP, quiet=2 * DAY)
    for day in range(3 * kept_days):
        world.deliver([Event(day, 24 * 60 * day)], met=rule)
        world.pass_time(24 * 60)
        world.tend()
        for key, item in list(world.database.items.items()):
            if "expires_at" in item and int(item["expires_at"]["N"]) < world.now:
                del world.database.items[key]
    world.settle()

    sent = sum(more.more if more else alert.count for alert, more in world.topic.told)
    assert sent == 3 * kept_days
    opened = [alert for alert, more in world.topic.told if more is None]
    assert 8 <= len(opened) <= 13
    reasons = {more.reason for _, more in world.topic.told if more}
    assert Reason.RECOUNTED not in reasons


class Huge:
    """A table of which one group has ever so many matches."""

    def __init__(self, matches: int, *, correlated: bool = False) -> None:
        self.matches = matches
        self.correlated = correlated
        self.requests = 0

    def query(self, **request: Any) -> dict[str, Any]:
        self.requests += 1
        if request.get("ScanIndexForward") is False:
            return {"Items": [self._item(self.matches - 1, whole=True)], "Count": 1}
        start = int(request.get("ExclusiveStartKey", {"n": -1})["n"]) + 1
        end = min(start + 3000, self.matches)
        more = {"LastEvaluatedKey": {"n": end - 1}} if end < self.matches else {}
        if request.get("Select") == "COUNT":
            return {"Count": end - start, **more}
        return {"Items": [self._item(number) for number in range(start, end)], **more}

    def _item(self, number: int, *, whole: bool = False) -> dict[str, Any]:
        place = time_of(START + number)
        item: dict[str, Any] = {"sk": {"S": f"MATCH#{place}#{number:032x}"}}
        if self.correlated:
            item["event_time"] = {"S": place}
        if whole:
            texts = ("event_id", "log_file", "origin", "action")
            item |= {name: {"S": "x"} for name in texts} | {"record_index": {"N": "0"}}
        return item


@pytest.mark.parametrize(
    ("matches", "total", "at_least"),
    [
        (EXACT_AT_MOST - 1, EXACT_AT_MOST - 1, False),
        (250_000, 250_000, False),
        (COUNTED_AT_MOST, COUNTED_AT_MOST, False),
        (1_600_000, COUNTED_AT_MOST, True),
    ],
)
def test_a_huge_alert_is_counted_in_bounded_requests(matches: int, total: int, at_least: bool) -> None:
    client = Huge(matches)
    table = GroupTable(client, "t", retention=timedelta(days=365), now=lambda: 0.0, pause=lambda _: None)
    counted = table.count("g", "2026", "2027")
    assert (counted.total, counted.at_least) == (total, at_least)
    assert counted.first_event_time == time_of(START)
    assert counted.last_event_time == time_of(START + matches - 1)
    assert client.requests <= 340


def test_events_that_may_stand_twice_are_not_counted_blindly() -> None:
    client = Huge(1_600_000, correlated=True)
    table = GroupTable(client, "t", retention=timedelta(days=365), now=lambda: 0.0, pause=lambda _: None)
    counted = table.count("g", "2026", "2027")
    assert counted.at_least
    assert EXACT_AT_MOST <= counted.total < EXACT_AT_MOST + 3000
    assert client.requests <= 40


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize("in_table", [False, True], ids=["memory", "DynamoDB"])
def test_three_regions_and_a_late_record_are_sent_in_every_order(
    order: tuple[int, ...], in_table: bool
) -> None:
    """First sight of three regions at 02:00, 03:10 and 04:10; the first of them was used the day before."""
    world = World(in_table=in_table)
    rules = [correlation("first_seen", A, field=("what",), bounds=(("gte", 1),), timespan=30 * DAY)]
    minutes = [(-10 * 60, "r1"), (-8 * 60 - 50, "r2"), (-7 * 60 - 50, "r3"), (-34 * 60, "r1")]
    found = [match(n, 60 * minute, A, what=what) for n, (minute, what) in enumerate(minutes)]
    events: Any = MemoryCorrelationStore()
    if in_table:
        events = CorrelationTable(world.database, "alerts", now=lambda: world.now, pause=lambda _: None)
    correlator = Correlator(RuleSet((A,), tuple(rules)), events, world.groups, patience=ENDLESS)
    for number in order:
        batch = correlator.batch()
        batch.add(found[number], "file")
        batch.flush()
        world.notify()
    world.settle()

    spans = [span for spans in world.spans().values() for span in spans]
    assert [(span.first, span.closed) for span in spans] == [
        ("2026-03-01T03:00:00Z", True),
        ("2026-02-28T02:00:00Z", True),
    ] or len(spans) == 2
    named = {alert.alert_id for alert, _ in world.topic.told}
    reached = {world.became(each) for each in named}
    assert {span.alert_id for span in spans} <= reached
    assert all(span.told == world.kept.count(key, span.first, span.last).total
               for key, spans in world.spans().items() for span in spans)  # fmt: skip
