"""One message of an alert, from the outbox to its subscribers: what the function `notify` does with a stream
record, and `tend_alerts` with what nobody marked as told."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from trailwarden.alerts.attack import tactics
from trailwarden.alerts.fields import actor
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp
from trailwarden.dispatch.agreement import Agreement
from trailwarden.errors import TrailwardenError
from trailwarden.messages.message import AlertMessage
from trailwarden.messages.story import told_title
from trailwarden.safety.text import UNKNOWN
from trailwarden.state.outbox import Budgets, Held, Outbox, Outgoing

_log = logging.getLogger(__name__)
SECURITY_HUB = "security_hub"


class Channel(Protocol):
    """A topic, in the words that suit its subscribers."""

    @property
    def name(self) -> str:
        """What it is remembered by."""

    def publish(self, message: AlertMessage) -> str:
        """Publish one message."""

    def render(self, alert: Alert, follow_up: FollowUp | None) -> AlertMessage:
        """The message as this channel's subscribers get it."""


class Findings(Protocol):
    """Where findings are imported: Security Hub."""

    def send(self, finding: dict[str, Any]) -> None:
        """Import a finding, or update it."""


class Telling(StrEnum):
    """What became of a message that was to be told."""

    TOLD = "told"
    TOLD_BEFORE = "told before"
    STAGED = "staged"
    """Kept for those who look after the rule; people are not to be woken by it."""
    SILENT = "silent"
    """Somebody acknowledged it, or it was told under another id."""
    HELD = "held back"
    """More than the budgets allow: a summary tells of it."""
    SET_ASIDE = "set aside"
    """It is none of ours, as far as its group knows: it is not sent, and operations are notified."""


class NotToldError(TrailwardenError):
    """Some of those who are to be told of a message were not; it must be tried again."""


class Notifier:
    """Publishes a message once to every channel that it is for.

    Marks are set after publishing: rather twice than never. A message is repeated only where the function
    dies between the two calls; such a repeat carries the same `alert_id`.
    """

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        outbox: Outbox,
        channels: Callable[[Alert], Sequence[Channel]],
        budgets: Budgets,
        now: Callable[[], float],
        findings: Findings | None = None,
        agreement: Agreement | None = None,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._budgets = budgets
        self._findings = findings
        self._now = now
        self._agreement = agreement

    def tell(self, message: Outgoing, alert: Alert | None = None) -> Telling:
        """Publish a message, unless it is staged, silent, held back or told. Raises where it could not be
        published everywhere. `alert` is the alert as it was opened, where the caller has it."""
        if message.silent:
            return Telling.SILENT
        alert = alert or self._outbox.alert(message.alert_id)
        if alert is None:
            raise NotToldError(f"the alert {message.alert_id} is not in the table")
        if alert.staged:
            return Telling.STAGED
        if self._agreement is not None and (why := self._agreement.disagreement(message, alert)):
            _log.error("alert %s, %s, is not sent: %s", message.alert_id, message.key, why)
            self._outbox.silence(message, f"set aside: {why}")
            return Telling.SET_ASIDE
        progress = self._outbox.progress(message)
        if progress.told:
            return Telling.TOLD_BEFORE
        channels = self._channels(alert)
        if progress.held or not (progress.taken or self._take(message, alert, channels)):
            return Telling.HELD
        self._publish(message, alert, channels, progress.told_to)
        try:
            self._outbox.told(message, alert.level)
        except Exception:  # noqa: BLE001 (whatever it was, the alert is out)
            # It is told. To fail now would only have it told again.
            _log.exception("alert %s is told, but that could not be noted", alert.alert_id)
        return Telling.TOLD

    def _take(self, message: Outgoing, alert: Alert, channels: Sequence[Channel]) -> bool:
        hour = f"{datetime.fromtimestamp(self._now(), UTC):%Y-%m-%dT%H}"
        held = held_of(message, alert, tuple(channel.name for channel in channels))
        return self._outbox.take(message, held, hour, self._budgets)

    def _publish(
        self, message: Outgoing, alert: Alert, channels: Sequence[Channel], told_to: frozenset[str]
    ) -> None:
        """To every channel that has not got it; one that fails costs no other."""
        failures: list[Exception] = []
        finding: dict[str, Any] | None = None
        several = len(channels) > 1 or self._findings is not None
        for channel in channels:
            try:
                rendered = channel.render(alert, message.follow_up)
                finding = finding or rendered.finding
                if channel.name not in told_to:
                    channel.publish(rendered)
                    self._note(message, channel.name, several=several)
            except Exception as error:  # noqa: BLE001 (told below, when the others were tried)
                failures.append(error)
        if self._findings is not None and finding is not None and SECURITY_HUB not in told_to:
            try:
                self._findings.send(finding)
                self._note(message, SECURITY_HUB, several=several)
            except Exception as error:  # noqa: BLE001 (told below)
                failures.append(error)
        if failures:
            said = "; ".join(f"{type(error).__name__}: {error}" for error in failures)
            raise NotToldError(f"the alert {alert.alert_id} was not told everywhere: {said}") from failures[0]

    def _note(self, message: Outgoing, name: str, *, several: bool) -> None:
        """Remember who has it, where there is more than one: the others may have to be tried again."""
        if not several:
            return
        try:
            self._outbox.told_to(message, name)
        except Exception:  # noqa: BLE001 (it is out: rather twice than never)
            _log.exception("%s has alert %s, but that could not be noted", name, message.alert_id)


def held_of(message: Outgoing, alert: Alert, channels: tuple[str, ...]) -> Held:
    """The message as a summary counts it."""
    times = message.follow_up or alert
    return Held(
        alert_id=message.alert_id,
        key=message.key,
        rule_id=alert.rule_id,
        rule_title=alert.rule_title,
        level=alert.level,
        account=alert.account,
        actor=alert.group.get("actor") or (actor(alert.record) if alert.record else UNKNOWN),
        title=told_title(alert),
        first_event_time=times.first_event_time,
        last_event_time=times.last_event_time,
        channels=channels,
        owner=alert.owner,
        tactics=tactics(alert.tags),
    )
