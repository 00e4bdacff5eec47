"""What differs among the events of one alert: how many targets, addresses, actions and accounts they have,
and which are the first. A function of the set of matches, in bounded memory.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from trailwarden.alerts.likeness import NAMED_AT_MOST, Character, Keys, NamedKeys
from trailwarden.safety.text import UNKNOWN

_SIZE_OF_A_VALUE = 250  # bytes of memory, its place included
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
    """By what events are compared with those that are named here: whoever acknowledges the alert has seen
    these."""


class Placed(Protocol):
    """A match, as far as it is looked at here: `alerts.model.AlertMatch`."""

    @property
    def match_id(self) -> str: ...
    @property
    def placed(self) -> str | None: ...
    @property
    def character(self) -> Character: ...


Place = tuple[str, str]
"""By what matches are ordered: when, and their ids."""


@dataclass(slots=True)
class Different:
    """Values as they come, each with the first place of a match that has it; an empty one is none."""

    kept: dict[str, Place] = field(default_factory=dict)
    more: bool = False

    def take(self, value: str, place: Place) -> None:
        """One value."""
        if value in {"", UNKNOWN}:
            return
        if value in self.kept:
            self.kept[value] = min(place, self.kept[value])
        elif len(self.kept) < TOLD_APART_AT_MOST:
            self.kept[value] = place
        else:
            self.more = True

    def merge(self, other: "Different") -> None:
        """The values of others too."""
        self.more = self.more or other.more
        for value, place in other.kept.items():
            self.take(value, place)

    def made(self, *, whole: bool) -> Values:
        """The values."""
        first = tuple(sorted(self.kept, key=self.kept.__getitem__)[:NAMED_AT_MOST])
        return Values(first, len(self.kept), bool(first) and (self.more or not whole))


@dataclass(slots=True)
class VarietyTally:
    """Takes the character of matches, each once: in the order of their places, or with these."""

    targets: Different = field(default_factory=Different)
    addresses: Different = field(default_factory=Different)
    actions: Different = field(default_factory=Different)
    accounts: Different = field(default_factory=Different)
    denied: int = 0
    failed: int = 0
    wordings: set[str] = field(default_factory=set)
    unknown: bool = False

    @property
    def size(self) -> int:
        """About how many bytes of memory it holds."""
        return _SIZE_OF_A_VALUE * sum(
            len(each.kept) for each in (self.targets, self.addresses, self.actions, self.accounts)
        )

    def take(self, one: Character, place: Place = ("", "")) -> None:
        """One match; one of which nothing is known may have any value."""
        self.unknown = self.unknown or not (one.origin or one.action or one.target)
        self.targets.take(one.target, place)
        self.addresses.take(one.origin, place)
        self.actions.take(one.action, place)
        self.accounts.take(one.account, place)
        self.denied += one.outcome == "denied"
        self.failed += bool(one.outcome) and one.outcome != "denied"
        if len(self.wordings) < 2:
            self.wordings.add(one.wording)

    def merge(self, other: "VarietyTally") -> None:
        """What another took, too."""
        self.unknown = self.unknown or other.unknown
        self.targets.merge(other.targets)
        self.addresses.merge(other.addresses)
        self.actions.merge(other.actions)
        self.accounts.merge(other.accounts)
        self.denied += other.denied
        self.failed += other.failed
        self.wordings = set(sorted(self.wordings | other.wordings)[:2])

    def made(self, *, whole: bool = True, keys: Keys | None = None) -> Variety:
        """What was taken; `whole`: there are no other matches."""
        whole = whole and not self.unknown
        return Variety(
            targets=self.targets.made(whole=whole),
            addresses=self.addresses.made(whole=whole),
            actions=self.actions.made(whole=whole),
            accounts=self.accounts.made(whole=whole),
            denied=self.denied,
            failed=self.failed,
            alike=whole and len(self.wordings) == 1 and "" not in self.wordings,
            whole=whole,
            keys=keys or {},
        )


def variety_of(matches: Iterable[Placed]) -> Variety:
    """What differs among matches, in whatever order they come; each counts once, at its first place."""
    tally, keys, seen = VarietyTally(), NamedKeys(), set[str]()
    for match in sorted(matches, key=lambda one: (one.placed or "", one.match_id)):
        if match.match_id not in seen:
            seen.add(match.match_id)
            tally.take(match.character)
            keys.take(match.character)
    return tally.made(keys=keys.made())
