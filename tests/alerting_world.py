"""Everything between a match and its subscribers, on one clock: in memory, or over a table that is played.

Functions die where a test says so, stream records get lost or come twice, and time passes by hand.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.dynamodb import FakeDynamoDB
from tests.samples import STOP_RULE, record, rule
from tests.turns import ENDLESS
from trailwarden.alerts.acknowledging import covering
from trailwarden.alerts.grouping import AlertGrouper, character
from trailwarden.alerts.groups import Acknowledgement, Span
from trailwarden.alerts.likeness import keys_of
from trailwarden.alerts.model import Alert
from trailwarden.alerts.placement import seconds_of, time_of
from trailwarden.alerts.telling import FollowUp, Heartbeat, StormSummary
from trailwarden.aws.due_table import DueTable
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.outbox_items import outgoing_of
from trailwarden.aws.outbox_table import OutboxTable
from trailwarden.aws.week_table import WeekTable
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.dispatch.agreement import Agreement
from trailwarden.dispatch.notification import Notifier, Telling
from trailwarden.dispatch.tending import Tender, TendTally
from trailwarden.engine.match import Match
from trailwarden.messages.envelope import AlertMessage
from trailwarden.messages.heartbeat import heartbeat_message
from trailwarden.messages.message import render
from trailwarden.messages.storm import storm_message
from trailwarden.rules.ruleset import Rule
from trailwarden.state.groups import Groups
from trailwarden.state.memory import MemoryGroupStore
from trailwarden.state.memory_outbox import MemoryOutbox
from trailwarden.state.outbox import Budgets, Outgoing

START = seconds_of("2026-03-02T12:00:00Z")
STOP = rule(STOP_RULE, "StopLogging", alert_title="{actor} stopped the trail")
PLENTY = Budgets(10_000, 10_000)


class CrashError(BaseException):
    """The function died here: nobody in it can catch that."""


@dataclass
class Operations:
    """What those who run it were notified of: subjects and texts."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, subject: str, text: str) -> None:
        self.told.append((subject, text))


@dataclass(frozen=True)
class Event:
    """A call that matches, so many minutes after the start."""

    number: int
    minute: int
    user: str = "mallory"
    address: str = "203.0.113.7"
    action: str = "StopLogging"
    target: str = "main"
    account: str = "444455556666"
    error: str | None = None

    def match(self, met: Rule = STOP) -> Match:
        found = record(
            self.number,
            eventTime=time_of(START + 60 * self.minute),
            eventName=self.action,
            sourceIPAddress=self.address,
            userIdentity={"type": "IAMUser", "userName": self.user, "accountId": "444455556666"},
            recipientAccountId=self.account,
            requestParameters={"name": self.target},
            errorCode=self.error,
        )
        return Match(met, found, self.number, event_identity(found), event_time(found))


def seen_by(name: str, *events: Event, level: str = "high") -> Acknowledgement:
    """What somebody acknowledges who has seen such events."""
    shown = [character(each.match().record) for each in events]
    return covering(Acknowledgement(name, time_of(START), level=level), keys_of(shown))


@dataclass
class Topic:
    """One topic: what its subscribers got. While `broken`, nothing can be published."""

    name: str = "main"
    told: list[tuple[Alert, FollowUp | None]] = field(default_factory=list)
    storms: list[StormSummary] = field(default_factory=list)
    heartbeats: list[Heartbeat] = field(default_factory=list)
    broken: bool = False
    short: int = 0
    """How many messages were asked for in short form."""
    environments: dict[str, str] = field(default_factory=dict)
    _rendered: Any = None

    def environment(self, account: str) -> str:
        return self.environments.get(account, "")

    def render(self, alert: Alert, follow_up: FollowUp | None, *, short: bool = False) -> AlertMessage:
        self._rendered = (alert, follow_up)
        self.short += short
        return render(alert, follow_up=follow_up, short=short)

    def render_storm(self, summary: StormSummary) -> AlertMessage:
        self._rendered = summary
        return storm_message(summary)

    def render_heartbeat(self, heartbeat: Heartbeat) -> AlertMessage:
        self._rendered = heartbeat
        return heartbeat_message(heartbeat)

    def publish(self, message: AlertMessage) -> str:
        if self.broken:
            raise ConnectionError("SNS is out of reach")
        assert message.subject
        told: Any = self._rendered
        if isinstance(told, StormSummary):
            self.storms.append(told)
        elif isinstance(told, Heartbeat):
            self.heartbeats.append(told)
        else:
            self.told.append(told)
        return "1"


class Dying:
    """A store that dies at the call whose number is `at`, counted over all that it hands on."""

    def __init__(self, inner: Any, world: "World") -> None:
        self._inner = inner
        self._world = world

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **keywords: Any) -> Any:
            self._world.step()
            answer = found(*arguments, **keywords)
            self._world.step()
            return answer

        return call


@dataclass
class World:
    """The state in memory (or in a played table), and the functions over it."""

    in_table: bool = False
    budgets: Budgets = PLENTY
    topics: Sequence[Topic] = field(default_factory=lambda: [Topic()])
    now: float = float(START)
    dying: int = 0
    """The step at which the function dies, once; 0 for never."""
    steps: int = 0
    seen: int = 0
    operations: "Operations" = field(default_factory=Operations)

    def __post_init__(self) -> None:
        clock: Callable[[], float] = lambda: self.now  # noqa: E731
        pause: Callable[[int], None] = lambda _: None  # noqa: E731
        if self.in_table:
            self.database = FakeDynamoDB()
            self.kept: Any = GroupTable(
                self.database, "alerts", retention=timedelta(days=365), now=clock, pause=pause
            )
            self.outbox: Any = OutboxTable(self.database, "alerts", now=clock, pause=pause)
            self.due: Any = DueTable(self.database, "alerts", now=clock)
            self.weeks: Any = WeekTable(self.database, "alerts", now=clock)
        else:
            self.kept = MemoryGroupStore(now=clock)
            self.outbox = self.due = self.weeks = MemoryOutbox(self.kept, now=clock)
        self.groups = Groups(Dying(self.watched(self.kept), self), now=clock, pause=pause, patience=ENDLESS)
        dying_outbox = Dying(self.outbox, self)
        self.notifier = Notifier(
            outbox=dying_outbox,
            channels=lambda _: self.topics,
            budgets=self.budgets,
            now=clock,
            agreement=Agreement(self.kept, self.outbox.became),
        )
        self.tender = Tender(
            store=self.kept,
            groups=self.groups,
            due=self.due,
            outbox=dying_outbox,
            storms=self.outbox,
            set_asides=self.outbox,
            operations=self.operations,
            weeks=self.weeks,
            acknowledged=self.due if self.in_table else _Nothing(),
            notifier=self.notifier,
            topics=self.topics,
            budgets=self.budgets,
            rule_set_version=lambda: "v1",
            accounts=["444455556666"],
            now=clock,
        )

    @property
    def topic(self) -> Topic:
        return self.topics[0]

    def watched(self, store: Any) -> Any:
        """The store as functions see it; a test may look on."""
        return store

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.dying:
            raise CrashError

    def deliver(self, events: Iterable[Event], *, met: Rule = STOP, drained: int = 500) -> None:
        """One log file through `detect`; a function that dies has its notice again."""
        kept = list(events)
        for _ in range(2):
            try:
                self._detect(kept, met, drained)
            except CrashError:
                continue
            return
        raise AssertionError("died twice")

    def _detect(self, events: Sequence[Event], met: Rule, drained: int) -> None:
        grouper = AlertGrouper("v1", keep_matches=True)
        for event in events:
            grouper.add(event.match(met), "s3://bucket/key")
            if grouper.pending >= drained:
                self.groups.add(grouper.drain())
        self.groups.add(grouper.drain())

    def written(self) -> list[Outgoing]:
        """All that the table's stream ever brought, in order."""
        if not self.in_table:
            return list(self.outbox.written())
        return [outgoing_of(item) for item in self.database.inserted if item["pk"]["S"].startswith("ALERT#")]

    def notify(self, *, lose: bool = False) -> list[Telling]:
        """What is new in the stream through `notify`; what fails comes again."""
        new = self.written()[self.seen :]
        self.seen += len(new)
        return [] if lose else [outcome for one in new if (outcome := self._tell(one)) is not None]

    def _tell(self, message: Outgoing) -> Telling | None:
        for _ in range(2):
            try:
                return self.notifier.tell(message)
            except CrashError:
                continue
        raise AssertionError("died twice")

    def tend(self) -> TendTally:
        """`tend_alerts`, and `notify` with what that wrote."""
        try:
            tally = self.tender.tend()
        except CrashError:
            tally = self.tender.tend()
        self.notify()
        return tally

    def pass_time(self, minutes: float) -> None:
        self.now += 60 * minutes

    def settle(self) -> None:
        """Days pass, and all that is due is done."""
        for _ in range(30):
            self.pass_time(100)
            self.tend()

    def spans(self) -> dict[str, list[Span]]:
        """The alerts of each group, by its key."""
        if self.in_table:
            keys = [pk.removeprefix("GROUP#") for pk, sk in self.database.items if sk == "GROUP"]
        else:
            keys = list(self.kept.every_state())
        return {key: [*self._filed(key), *self.kept.state(key).state.spans] for key in keys}

    def _filed(self, key: str) -> list[Span]:
        found: list[Span] = []
        while page := self.kept.filed(key, f"{found[-1].last}!" if found else "", "~"):
            found += page
        return found

    def became(self, alert_id: str) -> str:
        """The id that an alert has by now."""
        while True:
            if self.in_table:
                item = self.database.items.get((f"ALERT#{alert_id}", "ALERT"), {})
                after = item.get("became", {}).get("S")
            else:
                after = self.kept.became.get(alert_id)
            if after is None:
                return alert_id
            alert_id = after


class _Nothing:
    def acknowledged(self) -> Sequence[str]:
        return []
