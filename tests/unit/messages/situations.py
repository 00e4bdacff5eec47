"""The situations of which the alerts are approved: a rule met a record, and what the mail should say.

Rules are the shipped ones where one of them tells of the situation, else a rule made for the test.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from tests.samples import rule
from trailwarden.activity.model import Context
from trailwarden.alerts.grouping import AlertGrouper, alert_of, group_of
from trailwarden.alerts.model import Alert, Evidence
from trailwarden.alerts.telling import FollowUp
from trailwarden.alerts.variety import Values, Variety
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.engine import Engine
from trailwarden.engine.match import Match
from trailwarden.messages.envelope import DEFAULT_BODIES
from trailwarden.messages.message import AlertMessage, Bodies, render
from trailwarden.rules import shipped_rules_path
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import Level, Rule, RuleSet

OWN_RULE = "5a0e8f0a-6f0e-4f6b-8a51-0d1a5c1f2b77"
NOW = datetime(2026, 3, 1, 3, 6, 30, tzinfo=UTC)
LOG_FILE = (
    "s3://trailwarden-logs-444455556666-eu-west-1/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/01/"
    "111122223333_CloudTrail_eu-west-1_20260301T0305Z_AbCdEf0123456789.json.gz"
)


@dataclass(frozen=True, slots=True)
class Situation:
    """One alert, by the name of the file that holds its approved mail."""

    name: str
    alert: Alert
    now: datetime = NOW
    follow_up: FollowUp | None = None
    context: Context | None = None
    short: bool = False

    def message(self, bodies: Bodies = DEFAULT_BODIES) -> AlertMessage:
        """As it is published."""
        return render(
            self.alert,
            follow_up=self.follow_up,
            now=self.now,
            context=self.context,
            bodies=bodies,
            short=self.short,
        )


@cache
def shipped() -> RuleSet:
    """The rules that ship, compiled once."""
    return compile_rules(load_rules([shipped_rules_path()]), today=NOW.date())


@cache
def engine() -> Engine:
    """An engine of the shipped rules."""
    return Engine(shipped())


def by_rule(name: str, title: str, record: Record) -> Situation:
    """A shipped rule, by its title, met the record: it must, or the situation is not a real one."""
    met = next(found for found in engine().matches(record) if found.title == title)
    return Situation(name, _alert(met, record))


def told(  # noqa: PLR0917 (a sentence, a reason, what to do)
    name: str,
    record: Record,
    title: str,
    level: Level = Level.MEDIUM,
    why: str = "",
    runbook: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
) -> Situation:
    """A rule of the test's own met the record."""
    own = rule(
        OWN_RULE,
        str(record.get("eventName") or record.get("eventType")),
        level,
        alert_title=title,
        description=why,
        runbook=runbook,
        tags=tags,
        owner="security team",
    )
    return Situation(name, _alert(own, record))


def various(
    targets: Sequence[str] = (),
    actions: Sequence[str] = (),
    addresses: Sequence[str] = ("203.0.113.7",),
    *,
    more: int = 0,
    alike: bool = False,
    **fields: Any,
) -> Variety:
    """What differs among events: of so many `more` targets no name is known."""
    return Variety(
        Values(tuple(targets), len(targets) + more),
        Values(tuple(addresses), len(addresses)),
        Values(tuple(actions), len(actions)),
        alike=alike,
        **fields,
    )


def repeated(situation: Situation, count: int, lasting: timedelta, variety: Variety) -> Situation:
    """The same alert, told when it had been met `count` times."""
    first = situation.alert.first_event_time
    assert first
    last = datetime.fromisoformat(first) + lasting
    times = last.strftime("%Y-%m-%dT%H:%M:%SZ")
    alert = replace(situation.alert, count=count, last_event_time=times, variety=variety)
    return replace(situation, alert=alert, now=last + timedelta(minutes=5))


def correlated(  # noqa: PLR0917 (what a correlation finds)
    name: str,
    title: str,
    record: Record,
    group: dict[str, str],
    count: int,
    variety: Variety,
) -> Situation:
    """A shipped correlation found `count` events, of which `record` is the first."""
    correlation = next(found for found in shipped().correlations if found.title == title)
    alert = alert_of(
        correlation,
        record,
        Evidence(LOG_FILE, 4),
        identity="c" * 32,
        group=group,
        count=count,
        times=(event_time(record), "2026-03-01T03:05:10Z"),
        version="0123456789abcdef",
    )
    return Situation(name, replace(alert, variety=variety))


def _alert(met: Rule, record: Record) -> Alert:
    match = Match(met, record, 41, event_identity(record), event_time(record))
    grouper = AlertGrouper("0123456789abcdef")
    grouper.add(match, LOG_FILE)
    (alert,) = grouper.alerts()
    assert alert.group == group_of(match)
    return alert
