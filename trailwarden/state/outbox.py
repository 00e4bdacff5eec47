"""What must be told, how far that has got, and what was held back since there was too much of it.

Every call may be repeated: a second time changes nothing. A message is claimed before anything is done for
it, and the claim counts an attempt: one that kills its function, without an exception that anybody could
catch, is known by its attempts.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp, Reason

_SHARES = {"informational": 50, "low": 50, "medium": 70, "high": 90, "critical": 100}
_SERIOUS = frozenset({"high", "critical"})
_ACCOUNT_IN_KEY = 64
"""Characters. Whatever is longer is no account id, and is hashed: keys of the table are bounded."""

Use = tuple[str, int | None]
"""A counter of an hour, and how far it may be used up; None if it only counts."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """How many messages an hour are sent one by one: of a rule, and of all rules together.

    The milder a level, the smaller the part of the whole that it may use up: whoever makes noise on purpose
    cannot drown what is worse. Beyond both, each account has its first alerts of level `high` and of
    `critical` sent, up to `spare` of all accounts, and each protected rule its first alerts of an account, up
    to `reserve`: no other account, and no other rule, uses that up.
    """

    rule: int = 10
    overall: int = 60

    @property
    def first(self) -> int:
        """How many alerts of an account are its first ones."""
        return max(1, min(3, self.rule, self.overall // 20))

    @property
    def spare(self) -> int:
        """How many first alerts of accounts are sent beyond the overall budget."""
        return self.overall // 2

    @property
    def reserve(self) -> int:
        """How many first alerts of protected rules are sent beyond the overall budget."""
        return self.overall

    def ways(self, alert: Alert) -> list[tuple[Use, ...]]:
        """What may be used for a message of the alert, the first that has enough left: each counter of it is
        counted up. What a message counts as of its account counts whichever way it is sent, so a storm of
        one account gets no more than before."""
        account = _in_key(alert.account)
        of_account = f"ACCOUNT#{alert.level}#{account}" if alert.level in _SERIOUS else ""
        of_rule = f"PROTECTED#{alert.rule_id}#{account}" if alert.protected else ""
        counted: list[Use] = [(name, None) for name in (of_account, of_rule) if name]
        ways = [((f"RULE#{alert.rule_id}", self.rule), ("ALL", self.overall_for(alert.level)), *counted)]
        if of_rule:
            ways.append(((of_rule, self.first), ("RESERVE", self.reserve), *_without(counted, of_rule)))
        if of_account:
            ways.append(((of_account, self.first), ("SPARE", self.spare), *_without(counted, of_account)))
        return [way for way in ways if all(most is None or most > 0 for _, most in way)]

    def overall_for(self, level: str) -> int:
        """How far the overall budget may be used up by a message of that level."""
        return max(1, self.overall * _SHARES.get(level, 100) // 100)


def _without(counted: Sequence[Use], name: str) -> list[Use]:
    return [use for use in counted if use[0] != name]


def _in_key(account: str) -> str:
    if len(account) <= _ACCOUNT_IN_KEY:
        return account
    return hashlib.sha256(account.encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message of an alert: its first one, or a follow-up. `silent` says why nobody is to be told."""

    alert_id: str
    key: str = "ALERT"
    """`ALERT`, or `MORE#<total>`, or `MORE#R<revision>#<total>`."""
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
    attempts: int = 0
    """How often sending it was begun and not ended, in success or in failure; this time included."""
    set_aside: bool = False
    """It is not tried again: `SetAside` says why."""

    @property
    def done(self) -> bool:
        """Whether nothing is left to be done for it."""
        return self.told or self.held or self.set_aside


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
    region: str = ""
    reason: str = ""
    """`opened`, `grew`, `quiet` or `changed`; empty if it was kept before this was."""
    protected: bool = False
    """Whether the rule is protected."""

    @property
    def urgent(self) -> tuple[str, ...]:
        """What a summary must name at once, if none of the hour has: an account with something serious, a
        protected rule in an account."""
        account = _in_key(self.account)
        serious = (f"ACCOUNT#{self.level}#{account}",) if self.level in _SERIOUS else ()
        return (*serious, f"PROTECTED#{self.rule_id}#{account}") if self.protected else serious


@dataclass(frozen=True, slots=True)
class Heard:
    """What a topic has heard of an hour: `number` summaries, the last of which counted `told` messages, when
    there were so many `urgent` and `protected` ones. A topic that fails keeps no other waiting."""

    number: int = 0
    told: int = 0
    urgent: int = 0
    protected: int = 0
    at: int = 0
    """When the last summary was sent, in seconds since 1970."""
    over: bool = False
    """Whether the last summary was made after the hour's end."""
    parts: tuple[str, ...] = ()
    """What it has of the last summary, while the rest could not be sent; empty if it has all."""
    failures: int = 0
    again_at: int = 0
    """Since it failed, nothing is sent before then."""


@dataclass(frozen=True, slots=True)
class Storm:
    """An hour (`2026-03-01T12`, UTC) in which messages were held back. `number` counts its summaries."""

    hour: str
    number: int = 0
    over: bool = False
    """Whether the hour is over, and every topic has heard all of it."""
    urgent: int = 0
    """How many accounts and protected rules in accounts (`Held.urgent`) were held back."""
    protected: int = 0
    """How many messages of protected rules were held back: at least those that were."""
    attempts: int = 0
    """How often a summary was begun since the last one that ended."""
    heard: Mapping[str, Heard] = field(default_factory=dict)
    """By topic."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something that ended its function again and again, or that SNS refused. It is kept, and operations is
    notified once.

    `key` is unique; `what` says in a line what it is and what became of it.
    """

    key: str
    what: str
    rule_id: str = ""
    level: str = ""
    account: str = ""
    alert_id: str = ""
    attempts: int = 0

    @property
    def unsent(self) -> bool:
        """Whether it is a message of an alert that nobody got."""
        return self.key.startswith("MESSAGE#") and self.key.endswith("#OVER")

    @property
    def in_short(self) -> bool:
        """Whether it is a message of an alert that is sent in short form."""
        return self.key.startswith("MESSAGE#") and not self.unsent


class Outbox(Protocol):
    """The messages of alerts."""

    def alert(self, alert_id: str) -> Alert | None:
        """The alert as it was opened."""

    def progress(self, message: Outgoing) -> Progress:
        """How far the message has got; read consistently."""

    def claim(self, message: Outgoing, until: int) -> Progress | None:
        """Count an attempt to send the message, and keep every other function from it until then (seconds
        since 1970). None if another function has it; what is done already is not claimed, and its progress
        says so."""

    def release(self, message: Outgoing) -> None:
        """Give a claim back, and take its attempt back: sending failed, and the function is well."""

    def take(self, message: Outgoing, alert: Alert, hour: str, budgets: Budgets) -> bool:
        """Count the message against the budgets of the hour, once; False if there is no way that has enough
        left."""

    def hold(self, message: Outgoing, held: Held, hour: str) -> None:
        """Remember it as held back in that hour."""

    def set_aside(self, message: Outgoing, why: SetAside, *, over: bool) -> None:
        """Keep what operations must know of it; if it is `over`, it is not tried again."""

    def silence(self, message: Outgoing, why: str) -> None:
        """Remember that nobody is to be told of it, and why."""

    def became(self, alert_id: str) -> str | None:
        """The id of the alert that this one is a part of now; None where it is one itself, and an empty one
        if all that it counted was withdrawn."""

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
        """What was held back in the hour, the messages of one alert after each other."""

    def count_held(self, hour: str) -> int:
        """How many messages were held back in the hour."""

    def begin_summary(self, storm: Storm) -> Storm | None:
        """Take it on to sum up the hour: the storm as it is now, this attempt counted. None if another
        function does, or did."""

    def summary_failed(self, storm: Storm) -> None:
        """It could not be made, and the function is well: the attempt does not count."""

    def summary_told(self, storm: Storm, name: str, heard: Heard) -> None:
        """Remember what a topic has heard."""

    def summarised(self, storm: Storm) -> None:
        """Let go of the hour, and remember whether it is over."""


class SetAsides(Protocol):
    """What was set aside, for operations."""

    def add(self, why: SetAside) -> None:
        """Keep it; what is kept already stays as it is."""

    def unreported(self) -> Sequence[SetAside]:
        """What operations has not been notified of, some of it where there is much."""

    def reported(self, why: SetAside) -> None:
        """Remember that operations was."""
