"""Whether what is to be sent is what `detect` stored: the alert, its id and its group's state agree.

Roles are the first wall: functions alone write alerts. This is the second: an item that was put there by
itself, under an id that anyone can work out, does not go out as ours. An alert and the span of its group are
written in one transaction, so what is read after it has both.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from trailwarden.alerts.groups import GroupState, Span
from trailwarden.alerts.model import Alert
from trailwarden.alerts.placement import group_key
from trailwarden.state.groups import GroupBusyError, KeptState
from trailwarden.state.outbox import Outgoing

_READ_AT_MOST = 5
"""How often a state is read that others move meanwhile."""
_BECAME_AT_MOST = 1000
"""An alert gets another id each time that it begins a quiet time earlier."""
WITHDRAWN = "all that it counted was taken back"
"""What is said of an alert that was ours, and of which nothing is left to send."""
_ABSENT = "its group has no such alert"


class States(Protocol):
    """The states of groups; reads are consistent."""

    def state(self, group_key: str) -> KeptState | None:
        """A group's state; None where there is none."""

    def filed(self, group_key: str, first: str, last: str) -> Sequence[Span]:
        """The spans, of those that are stored beside the group's state, that touch a range."""

    def filed_alert(self, group_key: str, alert_id: str) -> Span | None:
        """The span of an alert, of those that are stored beside the group's state."""


class Agreement:
    """Holds messages against the states of groups. `became(alert_id)` gives the id of the alert that one is a
    part of now, where its item says so, and an empty one where it says that nothing is left of it."""

    def __init__(self, states: States, became: Callable[[str], str | None]) -> None:
        self._states = states
        self._became = became

    def disagreement(self, message: Outgoing, alert: Alert) -> str:
        """Why the message is not one that we wrote, or `WITHDRAWN`; empty if it is to be sent.

        An alert that could not be read in full has no group values of its own: those of the state stand.
        Raises `GroupBusyError` where the group is moved so often that nothing can be said.
        """
        if alert.alert_id != message.alert_id:
            return "its item holds another alert"
        if not _has_its_key(message):
            return "its follow-up lies under the key of another"
        kept = self._states.state(alert.group_key)
        for _ in range(_READ_AT_MOST):
            if kept is None:
                return "its group has no state"
            why = _other_group(kept.state, alert) or self._missing(kept.state, alert)
            before, kept = kept, self._states.state(alert.group_key) if why else kept
            if kept is not None and kept.version == before.version:
                return why
        raise GroupBusyError(f"the group {alert.group_key} is moved while its alert is looked for")

    def _missing(self, state: GroupState, alert: Alert) -> str:
        """Why the group has neither the alert nor the one that it became; empty if it has."""
        alert_id = alert.alert_id
        for _ in range(_BECAME_AT_MOST):
            if state.span(alert_id) is not None:
                return ""
            if state.filed is not None and self._states.filed_alert(alert.group_key, alert_id) is not None:
                return ""
            after = self._became(alert_id)
            if after is None:
                return _ABSENT
            if not after:
                return self._withdrawn(state, alert.group_key)
            alert_id = after
        return _ABSENT

    def _withdrawn(self, state: GroupState, group_key: str) -> str:
        """What is to be said of an alert that was taken back. What the message counts may be a part of
        another alert of the group by now, and is not sent again with that: so as long as the group has any,
        the message is sent."""
        if state.spans or (state.filed is not None and self._states.filed(group_key, "", "~")):
            return ""
        return WITHDRAWN


def _other_group(state: GroupState, alert: Alert) -> str:
    """Why the alert is none of the group's; empty if it may be."""
    if alert.group_key != group_key(state.rule_id, state.group, staged=state.staged):
        return "its group is not that of its rule and values"
    if (state.rule_id, state.staged) != (alert.rule_id, alert.staged) or (
        alert.group and alert.group != state.group
    ):
        return "its group is that of another rule, or of other values"
    return ""


def _has_its_key(message: Outgoing) -> bool:
    if message.follow_up is None:
        return message.key == "ALERT"
    return message.key.startswith("MORE#") and message.key.endswith(f"#{message.follow_up.total:012}")
