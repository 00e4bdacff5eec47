"""One new alert, from the store to its subscribers: what the function `notify` does with a stream record."""

import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from trailwarden.alerts.message import AlertMessage
from trailwarden.alerts.model import Alert
from trailwarden.state.protocol import AlertStore

_log = logging.getLogger(__name__)


class Topic(Protocol):
    """Where alerts are published."""

    def publish(self, message: AlertMessage) -> str:
        """Publish one; returns the id of the message."""


class Telling(StrEnum):
    """What became of an alert that was to be told."""

    TOLD = "told"
    TOLD_BEFORE = "told before"
    STAGED = "staged"
    """Kept for those who look after the rule; people are not to be woken by it."""


class Notifier:
    """Publishes an alert once; one that is staged, never.

    The mark is set after publishing: rather twice than never. An alert is repeated only where the function
    dies between the two calls; such a repeat carries the same `alert_id`.
    """

    def __init__(self, *, store: AlertStore, topic: Topic, render: Callable[[Alert], AlertMessage]) -> None:
        self._store = store
        self._topic = topic
        self._render = render

    def tell(self, alert: Alert) -> Telling:
        """Publish the alert, unless it is staged or had been told. Raises where it could not be published."""
        if alert.staged:
            return Telling.STAGED
        if self._store.told(alert.alert_id):
            return Telling.TOLD_BEFORE
        self._topic.publish(self._render(alert))
        try:
            self._store.mark_told(alert.alert_id)
        except Exception:  # noqa: BLE001 (whatever it was, the alert is out)
            # It is told. To fail now would only have it told again.
            _log.exception("alert %s is told, but that could not be noted", alert.alert_id)
        return Telling.TOLD
