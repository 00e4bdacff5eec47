"""Whether what is to be sent is what `detect` stored: the alert, its id and its group's state agree.

Roles are the first wall: functions alone write alerts. This is the second: an item that was put there by
itself, under an id that anyone can work out, does not go out as ours. An alert and the span of its group are
written in one transaction, so what is read after it has both.
"""

from collections.abc import Callable
from typing import Protocol

from trailwarden.alerts.groups import GroupState
from trailwarden.alerts.model import Alert
from trailwarden.alerts.placement import group_key
from trailwarden.state.groups import KeptState
from trailwarden.state.outbox import Outgoing

_BECAME_AT_MOST = 20


class States(Protocol):
    """The states of groups; reads are consistent."""

    def state(self, group_key: str) -> KeptState | None:
        """A group's state; None where there is none."""


class Agreement:
    """Holds messages against the states of groups. `became(alert_id)` gives the id of the alert that one is a
    part of now, where its item says so."""

    def __init__(self, states: States, became: Callable[[str], str | None]) -> None:
        self._states = states
        self._became = became

    def disagreement(self, message: Outgoing, alert: Alert) -> str:
        """Why the message is not one that we wrote; empty where it is."""
        if alert.alert_id != message.alert_id:
            return "its item holds another alert"
        if message.key != _key_of(message):
            return "its follow-up lies under the key of another"
        if alert.group_key != group_key(alert.rule_id, alert.group, staged=alert.staged):
            return "its group is not that of its rule and values"
        kept = self._states.state(alert.group_key)
        if kept is None:
            return "its group has no state"
        state = kept.state
        if (state.rule_id, state.group, state.staged) != (alert.rule_id, alert.group, alert.staged):
            return "its group is that of another rule, or of other values"
        if not self._knows(state, alert.alert_id):
            return "its group has no such alert, or all that it counted was taken back"
        return ""

    def _knows(self, state: GroupState, alert_id: str) -> bool:
        """Whether the group has the alert, or the one that it became."""
        for _ in range(_BECAME_AT_MOST):
            if state.span(alert_id) is not None:
                return True
            after = self._became(alert_id)
            if after is None:
                return False
            alert_id = after
        return False


def _key_of(message: Outgoing) -> str:
    return f"MORE#{message.follow_up.total:012}" if message.follow_up else "ALERT"
