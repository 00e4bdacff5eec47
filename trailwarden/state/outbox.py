"""What must be told, how far that has got, and what was held back since there was too much of it.

Every call may be repeated: a second time changes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp, Reason

_SHARES = {"informational": 50, "low": 50, "medium": 70, "high": 90, "critical": 100}


@dataclass(frozen=True, slots=True)
class Budgets:
    """How many messages an hour are sent one by one: of a rule, and of all rules together.

    The milder a level, the smaller the part of the whole that it may use up: whoever makes noise on purpose
    cannot drown what is worse.
    """

    rule: int = 10
    overall: int = 60

    def overall_for(self, level: str) -> int:
        """How far the overall budget may be used up by a message of that level."""
        return max(1, self.overall * _SHARES.get(level, 100) // 100)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message of an alert: its first one, or a follow-up. `silent` says why nobody is to be told."""

    alert_id: str
    key: str = "ALERT"
    """`ALERT`, or `MORE#<total>`."""
    follow_up: FollowUp | None = None
    silent: str = ""
    written_at: int = 0
    """Seconds since 1970."""

    @property
    def is_news(self) -> bool:
        """Whether a week counts it among its alerts: the first message of one, or the one that breaks the
        silence of one that was acknowledged. The others tell more of the same."""
        return self.follow_up is None or self.follow_up.reason is Reason.CHANGED


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the telling of a message has got. `told_to` names what has it already; `taken` tells that it
    was counted against the budgets, `held` that there was nothing left of them."""

    told: bool = False
    told_to: frozenset[str] = frozenset()
    taken: bool = False
    held: bool = False

    @property
    def done(self) -> bool:
        """Whether nothing is left to be done for it."""
        return self.told or self.held


@dataclass(frozen=True, slots=True)
class Held:
    """A message that was held back."""

    alert_id: str
    key: str
    rule_id: str
    rule_title: str
    level: str
    account: str
    actor: str
    title: str
    first_event_time: str | None
    last_event_time: str | None
    channels: tuple[str, ...] = ()
    """Names of those who would have been told of it one by one."""
    owner: str = ""
    tactics: tuple[str, ...] = ()
    """The rule's: by them subscriptions filter."""


@dataclass(frozen=True, slots=True)
class Storm:
    """An hour (`2026-03-01T12`, UTC) in which messages were held back: `number` summaries told `told` of
    them."""

    hour: str
    number: int = 0
    told: int = 0
    over: bool = False
    """Whether the last summary came after the hour's end."""
    told_to: frozenset[str] = frozenset()
    """Names of topics that have the next summary already, while others could not be told of it."""
    telling: int = 0
    """How many messages that summary told those of; 0 where nobody has it."""


class Outbox(Protocol):
    """The messages of alerts."""

    def alert(self, alert_id: str) -> Alert | None:
        """The alert as it was opened."""

    def progress(self, message: Outgoing) -> Progress:
        """How far the message has got; read consistently."""

    def take(self, message: Outgoing, held: Held, hour: str, budgets: Budgets) -> bool:
        """Count the message against the budgets of the hour, once. Where one is used up, remember it as held
        back in that hour, and say False."""

    def silence(self, message: Outgoing, why: str) -> None:
        """Remember that nobody is to be told of it, and why."""

    def became(self, alert_id: str) -> str | None:
        """The id of the alert that this one is a part of now; None where it is one itself."""

    def told_to(self, message: Outgoing, name: str) -> None:
        """Remember that one of several topics has it."""

    def told(self, message: Outgoing, level: str) -> None:
        """Remember that all have it, and count it, where it is news, among this week's of the level."""

    def messages(self, alert_id: str) -> list[tuple[Outgoing, Progress]]:
        """All messages of an alert."""


class Storms(Protocol):
    """What was held back, by the hour of telling."""

    def storms(self) -> Sequence[Storm]:
        """The hours of which something has not been summed up for good."""

    def held(self, hour: str) -> Iterator[Held]:
        """What was held back in the hour, in no order."""

    def count_held(self, hour: str) -> int:
        """How many messages were held back in the hour."""

    def begin_summary(self, storm: Storm) -> bool:
        """Take it on to sum up the hour; False where somebody else does, or did."""

    def summary_told(self, storm: Storm, name: str) -> None:
        """Remember that one of several topics has the summary, which tells of `telling` messages."""

    def summarised(self, storm: Storm) -> None:
        """Remember what has been summed up."""
