"""Messages that were held back, and what sums them up, for tests."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trailwarden.activity.model import AccountInfo, Context
from trailwarden.alerts.telling import StormSummary
from trailwarden.dispatch.storm_totals import StormTotals
from trailwarden.dispatch.storms import messages_of
from trailwarden.messages.envelope import AlertMessage, Bodies
from trailwarden.messages.form import Form
from trailwarden.messages.storm import storm_message
from trailwarden.state.outbox import Budgets, Held, Storm

STORM = Storm("2026-03-02T12", 1, over=True)


@dataclass
class Topic:
    """A topic, and what is known of accounts."""

    name: str = "main"
    environments: Mapping[str, str] = field(default_factory=dict)
    bodies: Bodies = field(default_factory=lambda: Bodies(https=Form.CHAT))

    def environment(self, account: str) -> str:
        return self.environments.get(account, "")

    def render(self, summary: StormSummary) -> AlertMessage:
        known = {account: AccountInfo(None, name) for account, name in self.environments.items()}
        return storm_message(summary, context=Context(accounts=known), bodies=self.bodies)


def held(number: int, **fields: Any) -> Held:
    given: dict[str, Any] = {
        "alert_id": f"{number:032x}",
        "key": "ALERT",
        "rule_id": "rule-1",
        "rule_title": "A rule",
        "level": "low",
        "account": "444455556666",
        "actor": f"user {number}",
        "title": f"user {number} did it",
        "first_event_time": "2026-03-02T11:58:00Z",
        "last_event_time": "2026-03-02T11:59:00Z",
        "channels": ("main",),
        "region": "eu-west-1",
        "reason": "opened",
    }
    return Held(**(given | fields))


def summed_up(topic: Topic, messages: Iterator[Held] | list[Held]) -> Iterator[AlertMessage]:
    totals = StormTotals([topic])
    for one in messages:
        totals.add(one)
    return (message for _, message in messages_of(totals.of(topic.name), STORM, Budgets(), topic.render))


def parts_of(messages: list[Held], topic: Topic) -> list[tuple[StormSummary, AlertMessage]]:
    totals = StormTotals([topic])
    for one in messages:
        totals.add(one)
    return list(messages_of(totals.of(topic.name), STORM, Budgets(), topic.render))


def wide(number: int, name: str) -> str:
    return f"{name}-{number}-".ljust(128, "x")
