"""Correlations and matches of our own, both stores, and what they end in."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.dynamodb import FakeDynamoDB
from tests.samples import event_id, record, rule
from trailwarden.alerts.placement import seconds_of, time_of
from trailwarden.aws.correlation_table import CorrelationTable
from trailwarden.aws.group_table import GroupTable
from trailwarden.correlation.correlator import CorrelationBatch, Correlator
from trailwarden.delivery.records import event_time
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import EVENTS_PER_STRETCH, Correlation, CorrelationType, Level, Rule, RuleSet
from trailwarden.state.correlations import CorrelationStore
from trailwarden.state.groups import Groups
from trailwarden.state.memory import MemoryAlertStore, MemoryCorrelationStore
from trailwarden.state.protocol import RevisableAlertStore
from trailwarden.state.retrying import PATIENT, Patience

A, B, C = (rule(name, f"Do{name}") for name in ("rule-a", "rule-b", "rule-c"))
RULES = (A, B, C)
START = seconds_of("2026-03-01T12:00:00Z")

# Rule, group, first event time, last event time, how many events.
Told = tuple[str, tuple[str, ...], str, str, int]


def correlation(kind: str, *rules: Rule | Correlation, **fields: Any) -> Correlation:
    """A correlation of the rules (of the first, if none is given) by `who`, in a window of 60 seconds."""
    defaults: dict[str, Any] = {
        "id": "correlation",
        "title": "Together",
        "level": Level.HIGH,
        "rules": tuple(one.id for one in rules or (A,)),
        "group_by": ("who",),
        "timespan": 60,
        "bounds": (("gte", 3),),
    }
    return Correlation(type=CorrelationType(kind), **{**defaults, **fields})


def match(number: int, seconds: int | None, met: Rule = A, who: str | None = "eve", **fields: Any) -> Match:
    """The event `number`, `seconds` after the start, met by a rule."""
    when = None if seconds is None else time_of(START + seconds)
    found = record(number, eventTime=when, who=who, **fields)
    return Match(met, found, number, event_id(number), event_time(found))


@dataclass
class World:
    """The state of one kind, and the correlations over it."""

    correlations: Sequence[Correlation]
    rules: Sequence[Rule] = RULES
    limit: int = EVENTS_PER_STRETCH
    events: CorrelationStore = field(default_factory=MemoryCorrelationStore)
    alerts: RevisableAlertStore = field(default_factory=MemoryAlertStore)
    told: Callable[[], list[Told]] | None = None
    patience: Patience = PATIENT

    def batch(self) -> CorrelationBatch:
        rule_set = RuleSet(tuple(self.rules), tuple(self.correlations))
        return Correlator(
            rule_set, self.events, self.alerts, limit=self.limit, patience=self.patience
        ).batch()

    def take(self, *files: Iterable[Match]) -> CorrelationBatch:
        """Deal with the matches of each file, one file after the other."""
        batch = self.batch()
        for number, file in enumerate(files):
            for found in file:
                batch.add(found, f"file-{number}")
            batch.flush()
        return batch

    def outcome(self) -> list[Told]:
        """What alerts there are, whatever the state is kept in."""
        if self.told is not None:
            return self.told()
        assert isinstance(self.alerts, MemoryAlertStore)
        return sorted(
            (
                alert.rule_id,
                tuple(alert.group.values()),
                str(alert.first_event_time),
                str(alert.last_event_time),
                alert.count,
            )
            for alert in self.alerts.standing()
        )


def dynamodb_world(correlations: Sequence[Correlation], client: Any = None, **more: Any) -> World:
    """The same over DynamoDB: a fake of it, unless a client is given."""
    database = client or FakeDynamoDB()
    pause: Callable[[int], None] = lambda _: None  # noqa: E731
    table = GroupTable(database, "alerts", retention=timedelta(days=90), now=lambda: 1000.0, pause=pause)
    alerts = Groups(table, now=lambda: 1000.0, pause=pause, patience=more.get("patience", PATIENT))
    events = CorrelationTable(database, "alerts", now=lambda: 1000.0, pause=pause)
    world = World(correlations, events=events, alerts=alerts, **more)
    world.told = lambda: told_by(database, table)
    return world


def told_by(database: Any, table: GroupTable) -> list[Told]:
    """The alerts in a table, each with what it counts."""
    items = database.scan(TableName="alerts", ConsistentRead=True)["Items"]
    found: list[Told] = []
    for key in [item["pk"]["S"].removeprefix("GROUP#") for item in items if item["sk"]["S"] == "GROUP"]:
        kept = table.state(key)
        assert kept is not None
        for span in [*table.filed(key, "", "~"), *kept.state.spans]:
            counted = table.count(key, span.first, span.last)
            times = str(counted.first_event_time), str(counted.last_event_time)
            found.append((kept.state.rule_id, tuple(kept.state.group.values()), *times, counted.total))
    return sorted(found)
