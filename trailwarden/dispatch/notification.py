"""One message of an alert, from the outbox to its subscribers: what the function `notify` does with a stream
record, and `tend_alerts` with what nobody marked as told."""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from trailwarden.activity.fields import NORMALISED
from trailwarden.alerts.attack import tactics
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.dispatch.agreement import WITHDRAWN, Agreement
from trailwarden.errors import MessageRefusedError, TrailwardenError
from trailwarden.messages.message import AlertMessage
from trailwarden.messages.story import told_title
from trailwarden.safety.text import UNKNOWN
from trailwarden.state.outbox import Budgets, Held, Outbox, Outgoing, Progress, SetAside

_log = logging.getLogger(__name__)
SECURITY_HUB = "security_hub"


class Channel(Protocol):
    """A topic, in the words that suit its subscribers."""

    @property
    def name(self) -> str:
        """What it is remembered by."""

    def publish(self, message: AlertMessage) -> str:
        """Publish one message."""

    def render(self, alert: Alert, follow_up: FollowUp | None, *, short: bool = False) -> AlertMessage:
        """The message as this channel's subscribers get it; `short` without what it takes work to say."""


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
    SHORT = "told in short"
    """Describing it in full had ended the function before."""
    SET_ASIDE = "set aside"
    """Even the short form ended the function; operations is notified."""
    BUSY = "busy"
    """Another function is sending it, or died while it did."""
    REJECTED = "rejected"
    """It is none of ours, as far as its group knows: it is not sent, and operations is notified."""


class NotToldError(TrailwardenError):
    """Some of those who are to be told of a message were not; it must be tried again."""


_FULL_ATTEMPTS = 2
"""How often an alert is described in full. Whatever ended its function twice is sent in short."""
_SHORT_ATTEMPTS = 3
_MARKS_AT_MOST = 7
_REMEMBERED_AT_MOST = 10_000
LEASE = 330
"""For how many seconds a message is one function's alone: longer than any function that sends may run."""


class Notifier:
    """Publishes a message once to every channel that it is for.

    A message is claimed before anything is done for it, so that no other function sends it in the same
    moment, and so that one that ends its function is known by its attempts: after two it goes out in short
    form, and if even that ends the function, it is set aside. Marks are set after publishing: rather twice
    than never.
    A message is repeated only where the function dies between the two calls; such a repeat carries the same
    `alert_id`. A mark that is refused is tried again, and what could not be marked is remembered for as long
    as the function lives on. `pause(attempt)` waits before a mark is tried again.
    """

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        outbox: Outbox,
        channels: Callable[[Alert], Sequence[Channel]],
        budgets: Budgets,
        now: Callable[[], float],
        findings: Findings | None = None,
        pause: Callable[[int], None] = lambda _: None,
        agreement: Agreement | None = None,
    ) -> None:
        self._outbox = outbox
        self._channels = channels
        self._budgets = budgets
        self._findings = findings
        self._now = now
        self._pause = pause
        self._agreement = agreement
        self._unmarked: dict[tuple[str, str], set[str]] = {}
        """Who has a message, by the message, where that could not be noted."""

    def tell(self, message: Outgoing, alert: Alert | None = None, *, lease: float = LEASE) -> Telling:
        """Publish a message, unless it is staged, silent, held back or told. Raises where it could not be
        published everywhere, or where that could not be noted. `alert` is the alert as it was opened, where
        the caller has it; `lease` is for how many seconds the caller's function can live at most."""
        if message.silent:
            return Telling.SILENT
        alert = alert or self._outbox.alert(message.alert_id)
        if alert is None:
            raise NotToldError(f"the alert {message.alert_id} is not in the table")
        if alert.staged:
            return Telling.STAGED
        progress = self._outbox.claim(message, int(self._now() + lease))
        if progress is None:
            return Telling.BUSY
        if progress.done:
            return _outcome(progress)
        try:
            return self._reject(message, alert) or self._send(message, alert, progress)
        except Exception:
            self._release(message)
            raise

    def _reject(self, message: Outgoing, alert: Alert) -> Telling | None:
        """Set aside what the state of its group does not know."""
        why = self._agreement.disagreement(message, alert) if self._agreement is not None else ""
        if not why:
            return None
        if why == WITHDRAWN:
            self._outbox.silence(message, why)
            return Telling.SILENT
        _log.error("alert %s, %s, is not sent: %s", message.alert_id, message.key, why)
        self._outbox.silence(message, f"set aside: {why}")
        return Telling.REJECTED

    def _send(self, message: Outgoing, alert: Alert, progress: Progress) -> Telling:
        short = progress.attempts > _FULL_ATTEMPTS
        if short:
            over = progress.attempts > _FULL_ATTEMPTS + _SHORT_ATTEMPTS
            self._outbox.set_aside(message, _why(message, alert, progress.attempts, over=over), over=over)
            if over:
                return Telling.SET_ASIDE
        channels = self._channels(alert)
        if not progress.taken:
            hour = f"{datetime.fromtimestamp(self._now(), UTC):%Y-%m-%dT%H}"
            if not self._outbox.take(message, alert, hour, self._budgets):
                names = tuple(channel.name for channel in channels)
                self._outbox.hold(message, held_of(message, alert, names, short=short), hour)
                return Telling.HELD
        self._publish(message, alert, channels, progress.told_to, short=short)
        if not self._noted(lambda: self._outbox.told(message, alert.level)):
            raise NotToldError(f"the alert {alert.alert_id} is out, but that could not be noted")
        self._unmarked.pop((message.alert_id, message.key), None)
        return Telling.SHORT if short else Telling.TOLD

    def _publish(
        self,
        message: Outgoing,
        alert: Alert,
        channels: Sequence[Channel],
        told_to: frozenset[str],
        *,
        short: bool,
    ) -> None:
        """To every channel that has not got it; one that fails costs no other."""
        failures: list[Exception] = []
        told_to = told_to | self._unmarked.get((message.alert_id, message.key), set())
        finding: dict[str, Any] | None = None
        wants_finding = self._findings is not None and SECURITY_HUB not in told_to
        several = len(channels) > 1 or self._findings is not None
        for channel in channels:
            if channel.name in told_to and (finding is not None or not wants_finding):
                continue
            try:
                rendered = _rendered(channel, alert, message, short=short)
                finding = finding or rendered.finding
                if channel.name not in told_to:
                    _publish_or_shorten(channel, rendered, alert, message)
                    self._has_it(message, channel.name, several=several)
            except Exception as error:  # noqa: BLE001 (told below, when the others were tried)
                failures.append(error)
        if self._findings is not None and finding is not None and wants_finding:
            try:
                self._findings.send(finding)
                self._has_it(message, SECURITY_HUB, several=several)
            except Exception as error:  # noqa: BLE001 (told below)
                failures.append(error)
        if failures:
            said = "; ".join(f"{type(error).__name__}: {error}" for error in failures)
            raise NotToldError(f"the alert {alert.alert_id} was not told everywhere: {said}") from failures[0]

    def _has_it(self, message: Outgoing, name: str, *, several: bool) -> None:
        """Remember who has it: here at once, and in the table where there are several, since the others may
        have to be tried again."""
        self._unmarked.setdefault((message.alert_id, message.key), set()).add(name)
        if len(self._unmarked) > _REMEMBERED_AT_MOST:
            del self._unmarked[next(iter(self._unmarked))]
        if several:
            self._noted(lambda: self._outbox.told_to(message, name))

    def _noted(self, mark: Callable[[], None]) -> bool:
        """Set a mark, and try again where it is refused: it is out, and to fail now would send it again."""
        for attempt in range(_MARKS_AT_MOST):
            try:
                mark()
            except Exception:  # noqa: BLE001 (logged)
                _log.exception("what was sent could not be noted (attempt %d)", attempt + 1)
                self._pause(attempt)
            else:
                return True
        return False

    def _release(self, message: Outgoing) -> None:
        try:
            self._outbox.release(message)
        except Exception:  # noqa: BLE001 (logged)
            _log.exception("the claim on alert %s could not be given back", message.alert_id)


def _outcome(progress: Progress) -> Telling:
    if progress.told:
        return Telling.TOLD_BEFORE
    return Telling.HELD if progress.held else Telling.SET_ASIDE


def _rendered(channel: Channel, alert: Alert, message: Outgoing, *, short: bool) -> AlertMessage:
    """The message in full; in short where that fails, whatever the reason."""
    if not short:
        try:
            return channel.render(alert, message.follow_up)
        except Exception:  # noqa: BLE001 (logged)
            _log.exception("alert %s cannot be described in full for %s", alert.alert_id, channel.name)
    return channel.render(alert, message.follow_up, short=True)


def _publish_or_shorten(channel: Channel, rendered: AlertMessage, alert: Alert, message: Outgoing) -> None:
    try:
        channel.publish(rendered)
    except MessageRefusedError:
        _log.exception("%s refuses alert %s as it is: a short form follows", channel.name, alert.alert_id)
        channel.publish(channel.render(alert, message.follow_up, short=True))


def _why(message: Outgoing, alert: Alert, attempts: int, *, over: bool) -> SetAside:
    became = "it was NOT sent" if over else "it is sent in short form"
    return SetAside(
        key=f"MESSAGE#{message.alert_id}#{message.key}{'#OVER' if over else ''}",
        what=f"sending an alert ended its function {attempts - 1} times: {became}",
        rule_id=alert.rule_id,
        level=alert.level,
        account=alert.account,
        alert_id=message.alert_id,
        attempts=attempts - 1,
    )


def held_of(message: Outgoing, alert: Alert, channels: tuple[str, ...], *, short: bool = False) -> Held:
    """The message as a summary counts it; in short without what it takes work to describe."""
    times = message.follow_up or alert
    actor_name, title = alert.group.get("actor", ""), alert.rule_title
    if not short:
        try:
            actor_name = actor_name or (NORMALISED["actor"](alert.record) if alert.record else "")
            title = told_title(alert, follow_up=message.follow_up)
        except Exception:  # noqa: BLE001 (logged)
            _log.exception("alert %s cannot be described in full for a summary", alert.alert_id)
    return Held(
        alert_id=message.alert_id,
        key=message.key,
        rule_id=alert.rule_id,
        rule_title=alert.rule_title,
        level=alert.level,
        account=alert.account,
        actor=actor_name or UNKNOWN,
        title=title,
        first_event_time=times.first_event_time,
        last_event_time=times.last_event_time,
        channels=channels,
        owner=alert.owner,
        tactics=tactics(alert.tags),
        region=alert.region if alert.region != UNKNOWN else "",
        reason=(message.follow_up.reason if message.follow_up else Reason.OPENED).value,
        protected=alert.protected,
    )
