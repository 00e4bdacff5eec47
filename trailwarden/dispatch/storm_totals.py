"""What was held back in an hour, counted in bounded memory: by account, and by rule, account and actor."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from trailwarden.rules.ruleset import Level
from trailwarden.state.outbox import Held

ACCOUNTS_KEPT = 20_000
"""What all parts of a summary together name."""
TITLES = 5
_GROUPS_KEPT = 1000
"""Of protected rules, and as many of others: neither pushes the other out."""
_ROWS_KEPT = 1000
_ROWS_OF_GROUP = 200
_DISTINCT_KEPT = 400_000
"""How many different actors, and rows, are told apart, over all topics; beyond that their number is a lower
bound. All else is exact."""
LEVELS = tuple(str(level) for level in Level)

_Value = TypeVar("_Value", bound=Hashable)


class Topic(Protocol):
    """What a summary asks of a topic."""

    @property
    def name(self) -> str:
        """What it is remembered by."""

    def environment(self, account: str) -> str:
        """The account's environment, by which subscriptions filter; empty if there is none."""


class _Values(Generic[_Value]):
    """Numbers for values, so that a set of them is one whole number."""

    def __init__(self) -> None:
        self._numbers: dict[_Value, int] = {}

    def bit(self, value: _Value) -> int:
        return 1 << self._numbers.setdefault(value, len(self._numbers))

    def of(self, bits: int) -> list[_Value]:
        return [value for value, number in self._numbers.items() if bits >> number & 1]


@dataclass(frozen=True, slots=True)
class HeldRule:
    id: str
    title: str
    owner: str
    tactics: tuple[str, ...]


@dataclass(slots=True)
class AccountTotals:
    """What was held of one account, among messages that have the same attributes."""

    account: str
    pattern: "Pattern"
    alerts: int = 0
    messages: int = 0
    level: int = 0
    levels: int = 0
    rules: int = 0
    regions: int = 0
    reasons: int = 0
    title: str = ""
    split: bool = False
    """Whether it stands in several parts, which have the same counts of it."""


@dataclass(slots=True)
class RowTotals:
    """What one actor did."""

    alerts: int = 0
    messages: int = 0
    first: str | None = None
    last: str | None = None

    def count(self, held: Held, *, new: bool) -> None:
        """Count a message, and its alert if it is `new`."""
        self.alerts += new
        self.messages += 1
        begins, ends = held.first_event_time, held.last_event_time
        self.first = min((time for time in (self.first, begins) if time), default=None)
        self.last = max((time for time in (self.last, ends) if time), default=None)


@dataclass(slots=True)
class GroupTotals:
    """What was held of one rule in one account, at one level and among messages that have the same
    attributes: exact, but for the number of `actors` if it is `at_least`. Rows are of some of them."""

    rule: HeldRule
    level: int
    account: str
    pattern: "Pattern"
    protected: bool
    all: RowTotals = field(default_factory=RowTotals)
    actors: int = 0
    at_least: bool = False
    rows: dict[str, RowTotals] = field(default_factory=dict)
    full: bool = False
    """Whether an actor found no row: then no other gets one, or it would not be exact."""


class _Distinct:
    """A number of different values, exact up to a bound: beyond it there is one more at least."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._seen: set[int] = set()
        self.at_least = False

    def __len__(self) -> int:
        return len(self._seen) + self.at_least

    def is_new(self, value: Hashable) -> bool | None:
        """Whether it was not seen before; None if that is not known."""
        number = hash(value)
        if number in self._seen:
            return False
        if len(self._seen) >= self._at_most:
            self.at_least = True
            return None
        self._seen.add(number)
        return True


Pattern = tuple[bool, bool, bool, bool]
"""Which of region, environment, owner and tactic a message has."""


@dataclass(slots=True)
class TopicTotals:
    """What one topic was not sent one by one."""

    rules: "_Values[HeldRule]" = field(default_factory=_Values)
    values: "_Values[str]" = field(default_factory=_Values)
    distinct_at_most: int = _DISTINCT_KEPT
    alerts: int = 0
    messages: int = 0
    unread: int = 0
    left_out: set[str] = field(default_factory=set)
    """Accounts for which there is no room; as many of them are remembered."""
    titles: dict[str, tuple[int, str]] = field(default_factory=dict)
    """A few sentences of the worst level, with that and their account."""
    brief: bool = False
    by_account: dict[tuple[Pattern, str], AccountTotals] = field(default_factory=dict)
    groups: dict[tuple[bool, int], dict[tuple[Pattern, str, str], GroupTotals]] = field(default_factory=dict)
    """By whether the rule is protected and the level; then by pattern, rule and account."""
    groups_kept: Counter[bool] = field(default_factory=Counter)
    groups_left_out: bool = False
    rows_kept: int = 0
    different: _Distinct = field(init=False)
    """Rows, whether they are kept or not."""
    actors: _Distinct = field(init=False)
    last_alert: str = ""

    def __post_init__(self) -> None:
        self.different, self.actors = _Distinct(self.distinct_at_most), _Distinct(self.distinct_at_most)

    def __bool__(self) -> bool:
        return self.messages > 0

    def add(self, held: Held, environment: str) -> None:
        """Count one; those of one alert come after each other."""
        new = held.alert_id != self.last_alert
        self.last_alert = held.alert_id
        self.alerts += new
        self.messages += 1
        level = _rank(held.level)
        rule = HeldRule(held.rule_id, held.rule_title, held.owner, held.tactics)
        pattern = (bool(held.region), bool(environment), bool(held.owner), bool(held.tactics))
        self.actors.is_new(held.actor)
        self._add_account(held, pattern, level, self.rules.bit(rule), new=new)
        if not self.brief:
            self._add_title(held, level)
            self._add_row(held, rule, level, pattern, new=new)

    def _add_title(self, held: Held, level: int) -> None:
        if self.titles and level > next(iter(self.titles.values()))[0]:
            self.titles.clear()
        if len(self.titles) < TITLES and not (self.titles and level < next(iter(self.titles.values()))[0]):
            self.titles[held.title] = (level, held.account)

    def _add_account(self, held: Held, pattern: Pattern, level: int, rule: int, *, new: bool) -> None:
        known = self.by_account.get((pattern, held.account))
        if known is None:
            if len(self.by_account) >= ACCOUNTS_KEPT:
                if len(self.left_out) < ACCOUNTS_KEPT:
                    self.left_out.add(held.account)
                return
            known = self.by_account[pattern, held.account] = AccountTotals(held.account, pattern)
        known.alerts += new
        known.messages += 1
        known.levels |= 1 << level
        known.rules |= rule
        known.regions |= self.values.bit(held.region) if held.region else 0
        known.reasons |= self.values.bit(held.reason) if held.reason else 0
        if not self.brief and (not known.title or level > known.level):
            known.title = held.title
        known.level = max(known.level, level)

    def _group(self, held: Held, rule: HeldRule, level: int, pattern: Pattern) -> GroupTotals | None:
        """Of a bounded number of protected rules, and of others: the worst are kept. What gave way once, or
        found no place, finds none later either."""
        rank, key = (held.protected, level), (pattern, held.rule_id, held.account)
        of_rank = self.groups.setdefault(rank, {})
        group = of_rank.get(key)
        if group is None:
            if self.groups_kept[held.protected] >= _GROUPS_KEPT:
                self.groups_left_out = True
                mildest = min(one for one, kept in self.groups.items() if kept and one[0] is held.protected)
                if mildest >= rank:
                    return None
                _, gone = self.groups[mildest].popitem()
                self.groups_kept[held.protected] -= 1
                self.rows_kept -= len(gone.rows)
            group = of_rank[key] = GroupTotals(rule, level, held.account, pattern, held.protected)
            self.groups_kept[held.protected] += 1
        return group

    def _add_row(self, held: Held, rule: HeldRule, level: int, pattern: Pattern, *, new: bool) -> None:
        """Each group has a row, so that many actors of one cost no other its own; some have more. Every actor
        is counted."""
        new_actor = self.different.is_new((pattern, held.rule_id, held.account, level, held.actor))
        group = self._group(held, rule, level, pattern)
        if group is None:
            return
        group.all.count(held, new=new)
        group.actors += new_actor is True
        group.at_least = group.at_least or new_actor is None
        row = group.rows.get(held.actor)
        if row is None and not group.full:
            group.full = bool(group.rows) and (
                self.rows_kept >= _ROWS_KEPT or len(group.rows) >= _ROWS_OF_GROUP
            )
            if not group.full:
                row = group.rows[held.actor] = RowTotals()
                self.rows_kept += 1
        if row is not None:
            row.count(held, new=new)


class StormTotals:
    """What was held back in an hour, by topic. `brief`: without rows and sentences. `unread`: how many
    messages there was no time for."""

    def __init__(self, topics: Sequence[Topic], *, brief: bool = False) -> None:
        self.messages = 0
        self.unread = 0
        rules, values = _Values[HeldRule](), _Values[str]()
        self._environments: dict[tuple[str, str], str] = {}
        self._topics = {topic.name: topic for topic in topics}
        most = _DISTINCT_KEPT // max(1, len(topics))
        self._totals = {topic.name: TopicTotals(rules, values, most, brief=brief) for topic in topics}

    def add(self, held: Held) -> None:
        """Count one; those of one alert come after each other."""
        self.messages += 1
        for name in dict.fromkeys(held.channels):
            if name in self._topics:
                self._totals[name].add(held, self._environment(name, held.account))

    def _environment(self, name: str, account: str) -> str:
        if (name, account) not in self._environments and len(self._environments) < ACCOUNTS_KEPT:
            self._environments[name, account] = self._topics[name].environment(account)
        found = self._environments.get((name, account))
        return self._topics[name].environment(account) if found is None else found

    def of(self, name: str) -> TopicTotals:
        """The totals of one topic."""
        self._totals[name].unread = self.unread
        return self._totals[name]


def _rank(level: str) -> int:
    """A level that nobody knows counts as the worst."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS) - 1
