"""What differs among the events of one alert: how many targets, addresses, actions and accounts they have,
and which are the first. A function of the set of matches, in bounded memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from trailwarden.alerts.likeness import Characterised, Keys, KeyTally
from trailwarden.safety.text import UNKNOWN

NAMED_AT_MOST = 10
"""How many different values are named."""
TOLD_APART_AT_MOST = 1000
"""How many different values are counted; of more it is said that there are at least so many."""


@dataclass(frozen=True, slots=True)
class Values:
    """Different values: the first ones, in the order of the matches that have them, and how many there
    are."""

    first: tuple[str, ...] = ()
    number: int = 0
    at_least: bool = False
    """There may be more."""


@dataclass(frozen=True, slots=True)
class Variety:
    """What the events of an alert have in common, and what not."""

    targets: Values = Values()
    addresses: Values = Values()
    actions: Values = Values()
    accounts: Values = Values()
    denied: int = 0
    """How many of the events were denied."""
    failed: int = 0
    """How many failed in another way, or were a dry run."""
    alike: bool = False
    """Whether the rule's sentence says the same of each."""
    whole: bool = True
    """Whether all events were looked at, and told what they are."""
    keys: Keys = field(default_factory=dict, compare=False)
    """By what the events are compared with others: whoever acknowledges the alert has seen these."""


class Placed(Characterised, Protocol):
    """A match, as far as it is looked at here: `alerts.model.AlertMatch`."""

    @property
    def match_id(self) -> str: ...
    @property
    def placed(self) -> str | None: ...


class _Different:
    """Values, as they come; an empty one is none."""

    def __init__(self) -> None:
        self._kept: dict[str, None] = {}
        self._more = False

    def take(self, value: str) -> None:
        if value in {"", UNKNOWN} or value in self._kept:
            return
        if len(self._kept) < TOLD_APART_AT_MOST:
            self._kept[value] = None
        else:
            self._more = True

    def made(self, *, whole: bool) -> Values:
        first = tuple(self._kept)[:NAMED_AT_MOST]
        return Values(first, len(self._kept), bool(first) and (self._more or not whole))


class VarietyTally:
    """Takes the character of matches, in the order of their places; each match once."""

    def __init__(self) -> None:
        self._targets, self._addresses, self._actions, self._accounts = (_Different() for _ in range(4))
        self._outcomes = {"denied": 0, "failed": 0}
        self._wordings: set[str] = set()
        self._unknown = False
        self._keys = KeyTally()

    def take(self, one: Characterised) -> None:
        """One match; one of which nothing is known may have any value."""
        self._unknown = self._unknown or not (one.origin or one.action or one.target)
        self._targets.take(one.target)
        self._addresses.take(one.origin)
        self._actions.take(one.action)
        self._accounts.take(one.account)
        if one.outcome:
            self._outcomes["denied" if one.outcome == "denied" else "failed"] += 1
        if len(self._wordings) < 2:
            self._wordings.add(one.wording)
        self._keys.take(one)

    def made(self, *, whole: bool = True) -> Variety:
        """What was taken; `whole`: there are no other matches."""
        whole = whole and not self._unknown
        return Variety(
            targets=self._targets.made(whole=whole),
            addresses=self._addresses.made(whole=whole),
            actions=self._actions.made(whole=whole),
            accounts=self._accounts.made(whole=whole),
            denied=self._outcomes["denied"],
            failed=self._outcomes["failed"],
            alike=whole and len(self._wordings) == 1 and "" not in self._wordings,
            whole=whole,
            keys=self._keys.made(),
        )


def variety_of(matches: Iterable[Placed]) -> Variety:
    """What differs among matches, in whatever order they come; each counts once, at its first place."""
    tally, seen = VarietyTally(), set[str]()
    for match in sorted(matches, key=lambda one: (one.placed or "", one.match_id)):
        if match.match_id not in seen:
            seen.add(match.match_id)
            tally.take(match)
    return tally.made()
