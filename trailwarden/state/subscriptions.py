"""What the daily check reads of topics and their keys, and what it remembers from one day to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Standing(StrEnum):
    """How a subscription stands. SNS lists the first two; that one is gone, only memory can tell."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ListedSubscription:
    """A subscription as SNS lists it; one that SNS calls deleted is none."""

    protocol: str
    endpoint: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic as it was found. `key` is its KMS key (id, ARN or alias), None where it is not encrypted.
    `problem` says why it could not be read, and is empty where it could."""

    subscriptions: tuple[ListedSubscription, ...] = ()
    key: str | None = None
    missing: bool = False
    problem: str = ""
    partial: bool = False
    """There are more subscriptions than there was time to read."""


class KeyState(StrEnum):
    """Whether messages can be encrypted with a key."""

    USABLE = "usable"
    BROKEN = "broken"
    """By its own state: disabled, pending deletion, without material, or gone."""
    REFUSED = "refused"
    """By a policy: it may serve others."""
    UNKNOWN = "unknown"
    """It could not be asked."""


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """A key's state; `detail` is KMS's word for it, or what KMS answered."""

    state: KeyState
    detail: str = ""


class Topics(Protocol):
    """SNS, as far as the check reads it."""

    def look(self, topic_arn: str) -> TopicView:
        """The topic with every subscription. What AWS refuses is in the answer, not raised."""


class TopicKeys(Protocol):
    """KMS, as far as the check reads it."""

    def condition(self, key: str) -> KeyCondition:
        """Whether a message could be encrypted with the key now. What AWS refuses is in the answer."""


@dataclass(frozen=True, slots=True)
class SeenSubscription:
    """A subscription as some check saw it. `endpoint` is fit to show (no credentials in it); `since` is the
    check (seconds since the epoch) that first found it standing so; `expected`: the settings asked for it."""

    protocol: str
    endpoint: str
    standing: Standing
    since: int
    expected: bool


@dataclass(frozen=True, slots=True)
class ToldFinding:
    """A finding that people were told: its sentence, and the first and last day (2026-01-31) they were."""

    what: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class SeenTopic:
    """What a check knew of a topic when it ended: subscriptions by their identity, findings by their id."""

    subscriptions: Mapping[str, SeenSubscription] = field(default_factory=dict)
    told: Mapping[str, ToldFinding] = field(default_factory=dict)


class SubscriptionMemory(Protocol):
    """What the check remembers."""

    def seen(self, topic_arn: str) -> SeenTopic | None:
        """What the last check knew of the topic; None before the first."""

    def remember(self, topic_arn: str, seen: SeenTopic) -> None:
        """Keep this instead."""
