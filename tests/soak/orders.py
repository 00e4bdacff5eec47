"""Any order of arrival, with what a late record undoes, repeats, crashes, races and losses: what counts at
the end has been sent, and `scan`, the table and the messages agree.

An order is made from its number alone.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any

from tests.alerting_world import CrashError, Dying, World
from tests.soak.watched import Watched
from tests.turns import ENDLESS, Turns
from tests.unit.correlation.naive import naive_outcome
from tests.unit.correlation.samples import A, B, correlation, match
from trailwarden.alerts.group_state import Span, identity_of
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.telling import Reason
from trailwarden.aws.correlation_table import CorrelationTable
from trailwarden.correlation.correlator import Correlator
from trailwarden.dispatch.agreement import WITHDRAWN
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, CorrelationType, RuleSet
from trailwarden.state.memory import MemoryAlertStore, MemoryCorrelationStore

HOUR, DAY = 3600, 86_400
Outcome = list[tuple[str, str, tuple[str, ...], str, str, int]]
"""Of each alert: its id, its rule, its group, first and last event time, how many events."""


@dataclass
class Order:
    """What happens, drawn from a number. `steps`: files that arrive together, and what is done after them."""

    number: int
    in_table: bool
    correlations: list[Correlation]
    matches: list[Match]
    steps: list[tuple[list[list[Match]], str, int]]
    dying: int


@dataclass
class Figures:
    """What a run of orders came to."""

    orders: int = 0
    files: int = 0
    withdrawals: int = 0
    moves_lost: int = 0
    """How often a function found that another had moved its group on."""
    crashes: int = 0
    messages: int = 0
    recounted: int = 0
    alerts: int = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def lines(self) -> list[str]:
        """The figures, for people."""
        return [
            f"{self.orders:,} orders of {self.files:,} files ended in {self.alerts:,} alerts",
            f"{self.messages:,} messages ({self.recounted:,} recounted), {self.withdrawals:,} withdrawals",
            f"{self.moves_lost:,} moves overtaken, {self.crashes:,} functions died",
            ", ".join(f"{kind}: {number:,}" for kind, number in sorted(self.kinds.items())),
        ]


class _World(World):
    """A world with correlations, in which functions take turns."""

    def __init__(self, order: Order) -> None:
        self.turns = Turns(order.number)
        self.order = order
        self.crashed = 0
        super().__init__(in_table=order.in_table, dying=order.dying)
        clock: Callable[[], float] = lambda: self.now  # noqa: E731
        events: Any = (
            CorrelationTable(self.database, "alerts", now=clock, pause=lambda _: None)
            if order.in_table
            else MemoryCorrelationStore()
        )
        self.correlator = Correlator(
            RuleSet((A, B), tuple(order.correlations)),
            Dying(events, self),
            self.groups,
            patience=ENDLESS,
        )

    def watched(self, store: Any) -> Any:
        self.seen_by = Watched(store)
        return self.seen_by

    def step(self) -> None:
        self.turns.pass_on()
        try:
            super().step()
        except CrashError:
            self.crashed += 1
            raise

    def read(self, file: Sequence[Match]) -> None:
        """One file through `detect`; a function that dies has its notice again."""
        try:
            self._read(file)
        except CrashError:
            self._read(file)

    def _read(self, file: Sequence[Match]) -> None:
        grouper = AlertGrouper("v1", keep_matches=True)
        batch = self.correlator.batch()
        for one in file:
            grouper.add(one, "s3://bucket/key")
            batch.add(one, "s3://bucket/key")
        self.groups.add(grouper.drain())
        batch.flush()


def drawn(number: int) -> Order:
    """The order of a number."""
    chance = random.Random(number)  # noqa: S311 (no secret)
    kind = chance.choice(["first_seen", "first_seen", "lt", "eq", "gte", "plain", "chain"])
    correlations = (
        [] if kind == "plain" else _chain(chance) if kind == "chain" else [_correlation(kind, chance)]
    )
    found = [_match(n, kind, chance) for n in range(chance.randint(2, 12))]
    arriving = [*found, *chance.choices(found, k=chance.randint(0, 4))]
    chance.shuffle(arriving)
    files: list[list[Match]] = []
    while arriving:
        size = chance.choice([1, 1, 2, 3])
        files.append(arriving[:size])
        arriving = arriving[size:]
    steps = []
    while files:
        together = chance.choice([1, 1, 2, 3])
        what = chance.choice(["notify", "lose", "tend", "nothing", "race"])
        steps.append((files[:together], what, chance.choice([0, 1, 30, 61, 200])))
        files = files[together:]
    dying = chance.choice([0, chance.randint(1, 150), chance.randint(1, 400)])
    return Order(number, chance.random() < 0.5, correlations, found, steps, dying)


def _correlation(kind: str, chance: random.Random) -> Correlation:
    if kind == "first_seen":
        return correlation(
            "first_seen", A, field=("what",), bounds=(("gte", 1),), timespan=2 * DAY,
            warm_up=chance.choice([0, HOUR, DAY]), quiet=chance.choice([0, 0, 3 * HOUR]) or None,
        )  # fmt: skip
    bound = chance.randint(2, 3)
    return correlation("event_count", A, bounds=((kind, bound),), quiet=chance.choice([0, 5 * HOUR]) or None)


def _chain(chance: random.Random) -> list[Correlation]:
    """A correlation, and one on what it finds, by another field."""
    timespan = chance.choice([60, 600, HOUR])
    bounds, shown = (("gte", chance.randint(1, 2)),), chance.random() < 0.5
    lower = correlation("event_count", A, bounds=bounds, timespan=timespan, generates=shown)
    upper: dict[str, Any] = {"id": "upper", "group_by": (chance.choice(["who", "what"]),)}
    if chance.random() < 0.7:
        bounds = ((chance.choice(["gte", "gte", "lt", "eq"]), chance.randint(1, 2)),)
        return [lower, correlation("event_count", lower, bounds=bounds, timespan=timespan, **upper)]
    upper |= {"bounds": (("gte", 1),), "timespan": 2 * DAY, "warm_up": chance.choice([0, HOUR])}
    return [lower, correlation("first_seen", lower, field=("address",), **upper)]


def _match(number: int, kind: str, chance: random.Random) -> Match:
    if kind == "first_seen":
        at = chance.choice([-DAY, -DAY, 0, 0, 0, DAY]) + chance.choice([0, 1, 2, 3, 4, 6]) * HOUR
        return match(number, at + chance.choice([0, 600, 1200]), A, what=chance.choice(["x", "y", "z"]))
    at = chance.choice([0, 1, 2, 3, 5, 8]) * HOUR + chance.choice([0, 10, 50, 59, 61, 3590])
    who = chance.choice(["eve", "eve", "mallory"])
    more = {"what": chance.choice(["x", "y"]), "address": chance.choice(["z", "w"])}
    return match(number, at, chance.choice([A, A, B]), who, **more)


def play(number: int, figures: Figures | None = None) -> None:
    """Live through the order of a number, and look whether all is as it should be."""
    play_order(drawn(number), figures)


def play_order(order: Order, figures: Figures | None = None) -> None:
    """The same of an order."""
    log = logging.getLogger("trailwarden")
    before = log.level
    log.setLevel(logging.CRITICAL)  # functions die here on purpose
    try:
        _play(order, figures or Figures())
    finally:
        log.setLevel(before)


def _play(order: Order, figures: Figures) -> None:
    world = _World(order)
    for files, what, minutes in order.steps:
        _arrive(world, files, racing=what == "race")
        world.pass_time(minutes)
        if what == "notify":
            world.notify()
        elif what == "lose":
            world.notify(lose=True)
        elif what == "tend":
            world.tend()
    world.dying = 0
    world.notify()
    world.settle()
    _hold(world, order)
    figures.orders += 1
    figures.files += sum(len(files) for files, _, _ in order.steps)
    figures.crashes += world.crashed
    figures.messages += len(world.topic.told)
    figures.recounted += sum(
        more is not None and more.reason is Reason.RECOUNTED for _, more in world.topic.told
    )
    figures.alerts += sum(map(len, world.spans().values()))
    figures.withdrawals += world.seen_by.withdrawn
    figures.moves_lost += world.seen_by.refused
    figures.kinds["played table" if order.in_table else "memory"] += 1


def _arrive(world: _World, files: list[list[Match]], *, racing: bool) -> None:
    if not racing:
        for file in files:
            world.read(file)
        return
    world.turns.run([*(partial(world.read, file) for file in files), world.tend])


def _hold(world: _World, order: Order) -> None:
    ends = _outcome(world)
    assert ends == _scanned(order), "the table says what scan says"
    ids = {one.id for one in order.correlations}
    correlated = [one for one in ends if one[1] in ids]
    assert [one[1:] for one in correlated] == naive_outcome(order.correlations, order.matches)
    sent: dict[str, set[str]] = {}
    told = Counter((alert.alert_id, follow_up) for alert, follow_up in world.topic.told)
    silenced = _silenced(world)
    assert set(silenced.values()) <= {WITHDRAWN}, "nothing of ours is taken for another's"
    written = Counter(
        (alert_id, follow_up)
        for _, alert_id, key, follow_up in world.seen_by.written
        if (alert_id, key) not in silenced
    )
    assert not written - told, "every message is sent"
    assert (told - written).total() <= world.crashed, "and once, but for one that somebody died over"
    _check_messages(world, sent)
    for key, spans in world.spans().items():
        for span in spans:
            _check_span(world, key, span, sent.get(key, set()))
    assert list(world.due.due(int(world.now) + 10**9, 1000)) == []
    _check_gone(world)


def _silenced(world: _World) -> dict[tuple[str, str], str]:
    """Why messages were not sent, by alert and key, of those that were written to be."""
    if not world.in_table:
        return dict(world.outbox.silenced)
    return {
        (alert_id, key): item["silent"]["S"]
        for _, alert_id, key, _ in world.seen_by.written
        if "silent" in (item := world.database.items[f"ALERT#{alert_id}", key])
    }


def _check_messages(world: _World, sent: dict[str, set[str]]) -> None:
    """What messages claim is true; `sent` gets the matches that they count."""
    published = {(alert.alert_id, _key(more)) for alert, more in world.topic.told}
    silenced = _silenced(world)
    for group_key, alert_id, key, follow_up in world.seen_by.written:
        if (alert_id, key) in silenced:
            continue
        ids = world.seen_by.covers[alert_id, key]
        before = sent.setdefault(group_key, set())
        if follow_up is not None:
            assert follow_up.total == len(ids)
            new = len(ids - before)
            if follow_up.reason is Reason.RECOUNTED:
                assert new <= follow_up.more <= follow_up.total
            elif not _stands_twice(world):
                assert follow_up.more == new, (follow_up, new)
        assert (alert_id, key.rpartition("#")[2]) in published or (alert_id, key) in published
        before |= ids


def _stands_twice(world: _World) -> bool:
    return any(one.type is not CorrelationType.FIRST_SEEN for one in world.order.correlations)


def _key(follow_up: Any) -> str:
    return "ALERT" if follow_up is None else f"{follow_up.total:012}"


def _check_span(world: _World, key: str, span: Span, sent: set[str]) -> None:
    ids = {match.match_id for match in world.kept.matches(key, span.first, span.last)}
    assert ids, "an alert has matches"
    assert ids <= sent, "every match that counts has been sent"
    assert span.told <= len(ids)
    state = world.kept.state(key).state
    assert span.alert_id == identity_of(state, span.first)
    alert = world.kept.alert(span.alert_id)
    assert alert is not None
    assert world.became(span.alert_id) == span.alert_id
    assert not _is_withdrawn(world, span.alert_id)
    if alert.record:  # what it shows still counts
        shown = {match.event_id for match in world.kept.matches(key, span.first, span.last)}
        assert alert.record["eventID"] in shown


def _check_gone(world: _World) -> None:
    """Of an alert that is no more, it is said what became of it."""
    standing = {span.alert_id for spans in world.spans().values() for span in spans}
    for alert_id in {alert_id for _, alert_id, _, _ in world.seen_by.written}:
        after = world.became(alert_id)
        assert after in standing or _is_withdrawn(world, after), alert_id


def _is_withdrawn(world: _World, alert_id: str) -> bool:
    if world.in_table:
        return "withdrawn_at" in world.database.items[f"ALERT#{alert_id}", "ALERT"]
    return alert_id in world.kept.withdrawn


def _outcome(world: _World) -> Outcome:
    found: Outcome = []
    for key, spans in world.spans().items():
        for span in spans:
            counted = world.kept.count(key, span.first, span.last)
            alert = world.kept.alert(span.alert_id)
            times = str(counted.first_event_time), str(counted.last_event_time)
            found.append((span.alert_id, alert.rule_id, tuple(alert.group.values()), *times, counted.total))
    return sorted(found, key=lambda one: one[1:])


def _scanned(order: Order) -> Outcome:
    """What `scan` says: all in one go, in the order of time, in memory."""
    alerts = MemoryAlertStore()
    batch = Correlator(RuleSet((A, B), tuple(order.correlations)), MemoryCorrelationStore(), alerts).batch()
    grouper = AlertGrouper("v1", keep_matches=True)
    for one in sorted(order.matches, key=lambda one: one.event_time or ""):
        grouper.add(one, "s3://bucket/key")
        batch.add(one, "s3://bucket/key")
    alerts.add(grouper.drain())
    batch.flush()
    return sorted(
        (
            (
                alert.alert_id, alert.rule_id, tuple(alert.group.values()),
                str(alert.first_event_time), str(alert.last_event_time), alert.count,
            )
            for alert in alerts.standing()
        ),
        key=lambda one: one[1:],
    )  # fmt: skip
