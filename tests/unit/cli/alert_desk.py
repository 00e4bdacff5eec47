"""A book of alerts for tests of commands, in memory, in the place of a deployment's."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.samples import MEMBER, STOP_RULE, record, rule
from trailwarden.activity.model import AccountInfo, Context
from trailwarden.activity.sessions import SessionLookup
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.likeness import Character, digest
from trailwarden.alerts.model import Alert, AlertMatch, Evidence
from trailwarden.cli import deployment, main
from trailwarden.cli.alerts import desk
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Level
from trailwarden.state.alert_book import AlertBook, AlertEntry, Answers
from trailwarden.state.memory_alert_book import MemoryAlertBook

CALLER = "assumed-role/trailwarden-responders/alice"
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
TOLD = "2026-03-01T12:05:00Z"


def alert(user: str = "mallory", *, level: Level = Level.HIGH, **fields: Any) -> Alert:
    """Somebody stopped a trail."""
    stopped = rule(STOP_RULE, "StopLogging", level, alert_title="{actor} stopped the trail")
    met = record(1, userIdentity={"type": "IAMUser", "userName": user, "accountId": MEMBER}, **fields)
    grouper = AlertGrouper("0" * 16)
    grouper.add(
        Match(stopped, met, 7, event_identity(met), event_time(met)), "s3://trailwarden-logs/file.json.gz"
    )
    (made,) = grouper.alerts()
    return made


def match(
    number: int, origin: str = "203.0.113.7", action: str = "StopLogging", target: str = "", **fields: Any
) -> AlertMatch:
    """One event of an alert."""
    evidence = Evidence("s3://trailwarden-logs/file.json.gz", number)
    fields = {"objects": digest(target) if target else "", "details": digest("the same"), **fields}
    return AlertMatch(
        f"{number:032x}",
        f"event {number}",
        f"2026-03-01T12:{number:02}:00Z",
        evidence,
        character=Character(origin, action, target, **fields),
    )


def entry(of: Alert, **fields: Any) -> AlertEntry:
    """The alert as it stands: told, over, and nobody looks after it, unless `fields` say otherwise."""
    made = AlertEntry(
        alert=of,
        total=of.count,
        first_event_time=of.first_event_time,
        last_event_time=of.last_event_time,
        came_at=of.first_event_time or TOLD,
        told_at=TOLD,
        over=True,
    )
    return replace(made, **fields)


def named(of: Alert, alert_id: str) -> Alert:
    """The alert under an id that a test can name."""
    return replace(of, alert_id=alert_id.ljust(32, "0"))


def take_the_place(
    monkeypatch: pytest.MonkeyPatch,
    book: AlertBook,
    sessions: SessionLookup | None = None,
    answers: Answers | None = None,
) -> None:
    """Let commands find this book, and these sessions, where a deployment is looked for."""

    def connect(region: str | None) -> deployment.Deployment:
        nothing: Any = None
        return deployment.Deployment(
            account="123456789012",
            region=region or "eu-west-1",
            partition="aws",
            caller=f"assumed-role/trailwarden-responders-{region or 'eu-west-1'}/alice",
            user_id="AROARESPONDERS:alice",
            s3=nothing,
            dynamodb=nothing,
            store=nothing,
            folder=nothing,
            staged=nothing,
            exceptions=nothing,
        )

    monkeypatch.setattr(deployment, "connect", connect)
    monkeypatch.setattr(desk, "open_book", lambda _deployment: book)
    monkeypatch.setattr(desk, "open_answers", lambda _deployment, _book: answers or book)
    context = Context(accounts={MEMBER: AccountInfo("Payments", "production")}, sessions=sessions)
    monkeypatch.setattr(desk, "_context", lambda _deployment: context)


def memory_book() -> MemoryAlertBook:
    return MemoryAlertBook(now=lambda: NOON)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["alerts", *arguments])


FIRST, SECOND, THIRD = "aaaaaaaa1111", "aaaaaaaa2222", "bbbbbbbb3333"


@pytest.fixture
def book(monkeypatch: pytest.MonkeyPatch) -> MemoryAlertBook:
    """Three alerts of a day: one untold and low, one acknowledged, one held and critical."""
    made = memory_book()
    low = alert("carol", level=Level.LOW, eventTime="2026-03-01T09:00:00Z", recipientAccountId="111122223333")
    made.add(entry(named(low, FIRST), told_at=None))
    acknowledged = {"acknowledged_by": "user/bob", "acknowledged_at": TOLD, "note": "a drill"}
    made.add(entry(named(alert("mallory"), SECOND), **acknowledged), [match(1), match(2)])
    critical = alert("eve", level=Level.CRITICAL, eventTime="2026-03-01T11:00:00Z")
    made.add(entry(named(critical, THIRD), held=True, total=1200), [match(3, "198.51.100.4", "DeleteTrail")])
    take_the_place(monkeypatch, made)
    return made


SINCE = ("--since", "2026-03-01")


def listed(*options: str) -> list[str]:
    """The beginnings of the ids that are listed, in their order."""
    result = run("list", *SINCE, "--json", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(line)["alert_id"].rstrip("0") for line in result.stdout.splitlines()]
