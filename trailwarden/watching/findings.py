"""What is wrong with a topic, from what it is, what the settings ask for and what the last check saw.

Nothing here reads or writes; `words.py` says the findings.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from trailwarden.alerting import Expected
from trailwarden.state.subscriptions import (
    KeyCondition,
    KeyState,
    SeenSubscription,
    SeenTopic,
    Standing,
    TopicView,
)
from trailwarden.watching.endpoints import identity, shown

FORGOTTEN = timedelta(days=35)
"""After how long a subscription that nobody asked for in the settings is no longer missed."""


class Kind(StrEnum):
    """What is wrong."""

    NO_TOPIC = "no topic"
    UNREADABLE = "unreadable"
    DEAF = "deaf"
    """Nobody has confirmed a subscription."""
    KEY = "key"
    VANISHED = "vanished"
    """It was confirmed, and is not there any more."""
    SWITCHED_OFF = "switched off"
    """It was confirmed, and waits for confirmation again."""
    PENDING = "pending"
    NEVER_THERE = "never there"


@dataclass(frozen=True, slots=True)
class WatchedTopic:
    """A topic to watch. `alerts`: alerts go there, so that nothing may keep people from hearing it."""

    arn: str
    alerts: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a topic, or with a subscription of it; `key` where its KMS key is."""

    kind: Kind
    topic: WatchedTopic
    subscription: SeenSubscription | None = None
    identity: str = ""
    key: str = ""
    key_condition: KeyCondition | None = None
    detail: str = ""

    @property
    def id(self) -> str:
        """The same for the same trouble, from day to day."""
        return f"{self.kind.value}/{self.identity}" if self.identity else self.kind.value

    @property
    def deafening(self) -> bool:
        """Whether nobody at all hears what is published there."""
        if self.kind is Kind.KEY:
            return self.key_condition is not None and self.key_condition.state is KeyState.BROKEN
        return self.kind in {Kind.NO_TOPIC, Kind.DEAF}

    @property
    def urgent(self) -> bool:
        """Whether it is told every day for as long as it lasts: alerts are being lost."""
        return self.topic.alerts and (self.deafening or self.kind is Kind.KEY)


def standing_now(
    view: TopicView, expected: Iterable[Expected], before: SeenTopic | None, now: int
) -> dict[str, SeenSubscription]:
    """The topic's subscriptions by identity: those listed, and those of before that are missed."""
    asked = {identity(one.protocol, one.endpoint) for one in expected}
    known: Mapping[str, SeenSubscription] = before.subscriptions if before else {}
    listed: dict[str, SeenSubscription] = {}
    for one in view.subscriptions:
        key = identity(one.protocol, one.endpoint)
        if key in listed and one.standing is Standing.PENDING:
            continue  # asked again while the first is at work
        if one.standing is Standing.PENDING and key not in asked and key not in known:
            continue  # whoever asked for it, nobody misses it
        listed[key] = SeenSubscription(
            one.protocol, shown(one.protocol, one.endpoint), one.standing, now, key in asked
        )
    found = {key: _since(one, known.get(key)) for key, one in listed.items()}
    for key, old in known.items():
        if key not in found and view.partial:
            found[key] = old  # it may stand further down the list
        elif key not in found and _is_missed(old, expected=key in asked, now=now):
            gone = replace(old, standing=Standing.GONE, since=now, expected=key in asked)
            found[key] = _since(gone, old)
    return found


def _since(now: SeenSubscription, before: SeenSubscription | None) -> SeenSubscription:
    """With the first time that it was seen standing so. One that was confirmed and is pending again keeps
    being told from one that never was: it counts as gone until it is confirmed."""
    if before is None:
        return now
    if now.standing is Standing.PENDING and before.standing is not Standing.PENDING:
        now = replace(now, standing=Standing.GONE)
    return replace(now, since=before.since) if now.standing is before.standing else now


def _is_missed(old: SeenSubscription, *, expected: bool, now: int) -> bool:
    if old.standing is Standing.PENDING:
        return False  # it was never confirmed, and asked for it is found missing without memory
    if old.expected and not expected:
        return False  # the settings let it go
    if old.standing is Standing.GONE and not expected:
        return now - old.since < FORGOTTEN.total_seconds()
    return True


def findings_of(
    topic: WatchedTopic,
    view: TopicView,
    expected: Iterable[Expected],
    standing: Mapping[str, SeenSubscription],
    key: KeyCondition | None,
) -> Iterator[Finding]:
    """Everything that is wrong with a topic, the worst first. `standing` is from `standing_now`."""
    if view.missing or view.problem:
        kind = Kind.NO_TOPIC if view.missing else Kind.UNREADABLE
        yield Finding(kind, topic, detail=view.problem)
        return
    if key is not None and key.state in {KeyState.BROKEN, KeyState.REFUSED}:
        yield Finding(Kind.KEY, topic, key=view.key or "", key_condition=key)
    if view.partial:
        yield Finding(Kind.UNREADABLE, topic, detail="it has more subscriptions than there is time to read")
    elif not any(one.standing is Standing.CONFIRMED for one in view.subscriptions):
        yield Finding(Kind.DEAF, topic)
    waiting = {
        identity(one.protocol, one.endpoint) for one in view.subscriptions if one.standing is Standing.PENDING
    }
    for place, one in standing.items():
        if one.standing is Standing.GONE:
            kind = Kind.SWITCHED_OFF if place in waiting else Kind.VANISHED
            yield Finding(kind, topic, one, place)
        elif one.standing is Standing.PENDING and one.expected:
            yield Finding(Kind.PENDING, topic, one, place)
    for each in expected:
        place = identity(each.protocol, each.endpoint)
        if place not in standing and not view.partial:
            missing = SeenSubscription(
                each.protocol, shown(each.protocol, each.endpoint), Standing.GONE, 0, expected=True
            )
            yield Finding(Kind.NEVER_THERE, topic, missing, place)
