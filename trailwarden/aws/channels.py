"""The topics that alerts are told to, each in the words that suit its subscribers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from trailwarden.activity.model import AccountInfo, Context
from trailwarden.alerting import Alerting, Route
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp, Heartbeat, StormSummary
from trailwarden.aws.topics import AlertTopic
from trailwarden.messages.envelope import AlertMessage, Bodies
from trailwarden.messages.heartbeat import heartbeat_message
from trailwarden.messages.message import render
from trailwarden.messages.security_hub import SecurityHub
from trailwarden.messages.storm import storm_message

Names = Callable[[], Mapping[str, AccountInfo]]
"""Names and environments of accounts, by id, as they are known now."""


class TopicChannel:
    """One topic: a `Channel` of alerts, and a `Broadcast` of storms and weeks."""

    def __init__(
        self, client: Any, route: Route, *, context: Callable[[], Context], hub: SecurityHub | None
    ) -> None:
        self.route = route
        self._topic = AlertTopic(client, route.topic_arn)
        self._context = context
        self._bodies = Bodies(https=route.https, queue=route.queue, security_hub=hub)

    @property
    def name(self) -> str:
        """The route's name."""
        return self.route.name

    def publish(self, message: AlertMessage) -> str:
        """Publish one message. Raises botocore's errors."""
        return self._topic.publish(message)

    def render(self, alert: Alert, follow_up: FollowUp | None, *, short: bool = False) -> AlertMessage:
        """The message as this topic's subscribers get it, as of now."""
        return render(
            alert,
            follow_up=follow_up,
            now=datetime.now(UTC),
            context=self._context(),
            bodies=self._bodies,
            short=short,
        )

    def environment(self, account: str) -> str:
        """The account's environment; empty if there is none."""
        info = self._context().accounts.get(account)
        return (info.environment if info else None) or ""

    def render_storm(self, summary: StormSummary) -> AlertMessage:
        """What was held back of what this topic would have been told."""
        return storm_message(summary, context=self._context(), bodies=self._bodies)

    def render_heartbeat(self, heartbeat: Heartbeat) -> AlertMessage:
        """The week."""
        return heartbeat_message(heartbeat, context=self._context(), bodies=self._bodies)


class Channels:
    """All topics of a deployment. `known` is what is known of accounts, places and sessions; `names` are
    asked for each message, since they may be learned meanwhile."""

    def __init__(self, client: Any, alerting: Alerting, *, known: Context, names: Names) -> None:
        self._alerting = alerting
        self._names = names
        self._known = known
        hub = SecurityHub(alerting.account, alerting.region, _partition(alerting.main.topic_arn))
        self._hub = hub if alerting.security_hub else None
        self.all: Sequence[TopicChannel] = [
            TopicChannel(client, route, context=self.context, hub=self._hub) for route in alerting.topics
        ]
        self._by_name = {channel.name: channel for channel in self.all}

    def of(self, alert: Alert) -> Sequence[TopicChannel]:
        """The topics that an alert is for."""
        info = self._names().get(alert.account)
        routes = self._alerting.routes_of(alert, info.environment if info else None)
        return [self._by_name[route.name] for route in routes]

    def context(self) -> Context:
        """What is known besides the record, as of now."""
        return replace(self._known, accounts=self._names())


def _partition(arn: str) -> str:
    return arn.split(":")[1]
