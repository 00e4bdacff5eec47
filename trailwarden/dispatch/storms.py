"""What was held back in an hour, summed up in bounded memory: by account, and by rule, account and actor.

Subscriptions filter by attributes, and each has to match a summary if it would have matched one of the held
messages. So a summary carries every value of everything that it covers; one that has an attribute and one
that lacks it (`exists: false` is a filter too) are never covered by the same summary; and if there are more
accounts than fit into one message, there are several, each with its own accounts.
https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, fields, replace
from functools import reduce
from itertools import islice
from operator import or_
from typing import Generic, Protocol, TypeVar

from trailwarden.alerts.telling import Covered, HeldAccount, HeldRow, StormSummary
from trailwarden.messages.envelope import AlertMessage
from trailwarden.rules.ruleset import Level
from trailwarden.state.outbox import Budgets, Held, Storm

_ROWS = 200
_ROWS_KEPT = 1000
_TITLES = 5
_ACCOUNTS_AT_ONCE = 500
"""How many accounts one message covers: about what fits besides the rows."""
_PARTS_AT_MOST = 40
_PARTS_WIDEST = 999_999
"""A number of parts that takes as much room as any."""
_BRIEF_VALUES = 5
"""How many values of each attribute a part has that was refused in full."""
_ACCOUNTS_KEPT = _ACCOUNTS_AT_ONCE * _PARTS_AT_MOST
_DISTINCT_KEPT = 400_000
"""How many different actors, and rows, are told apart, over all topics; beyond that their number is a lower
bound. All else is exact."""
_LEVELS = tuple(str(level) for level in Level)
_COVERED = tuple(each.name for each in fields(Covered))
_HALVED = ("rules", "regions", "reasons", "levels")


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
class _Rule:
    id: str
    title: str
    owner: str
    tactics: tuple[str, ...]


@dataclass(slots=True)
class _Account:
    """What was held of one account, among messages that have the same attributes."""

    account: str
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
class _Row:
    rule: _Rule
    level: int
    account: str
    actor: str
    alerts: int = 0
    messages: int = 0
    first: str | None = None
    last: str | None = None


_Pattern = tuple[bool, bool, bool, bool]
"""Which of region, environment, owner and tactic a message has."""


@dataclass(slots=True)
class TopicTotals:
    """What one topic was not sent one by one."""

    rules: "_Values[_Rule]"
    values: "_Values[str]"
    distinct_at_most: int
    alerts: int = 0
    messages: int = 0
    unread: int = 0
    left_out: set[str] = field(default_factory=set)
    """Accounts for which there is no room; a few of them are remembered."""
    titles: dict[str, tuple[int, str]] = field(default_factory=dict)
    """A few sentences of the worst level, with that and their account."""
    brief: bool = False
    by_account: dict[tuple[_Pattern, str], _Account] = field(default_factory=dict)
    rows: dict[int, dict[tuple[str, str, str], _Row]] = field(default_factory=dict)
    rows_kept: int = 0
    different: set[int] = field(default_factory=set)
    actors: set[int] = field(default_factory=set)
    last_alert: str = ""

    def __bool__(self) -> bool:
        return self.messages > 0

    def add(self, held: Held, environment: str) -> None:
        """Count one; those of one alert come after each other."""
        new = held.alert_id != self.last_alert
        self.last_alert = held.alert_id
        self.alerts += new
        self.messages += 1
        level = _rank(held.level)
        rule = _Rule(held.rule_id, held.rule_title, held.owner, held.tactics)
        if len(self.actors) < self.distinct_at_most:
            self.actors.add(hash(held.actor))
        self._add_account(held, environment, level, self.rules.bit(rule), new=new)
        if not self.brief:
            self._add_title(held, level)
            self._add_row(held, rule, level, new=new)

    def _add_title(self, held: Held, level: int) -> None:
        if self.titles and level > next(iter(self.titles.values()))[0]:
            self.titles.clear()
        if len(self.titles) < _TITLES and not (self.titles and level < next(iter(self.titles.values()))[0]):
            self.titles[held.title] = (level, held.account)

    def _add_account(self, held: Held, environment: str, level: int, rule: int, *, new: bool) -> None:
        pattern = (bool(held.region), bool(environment), bool(held.owner), bool(held.tactics))
        known = self.by_account.get((pattern, held.account))
        if known is None:
            if len(self.by_account) >= _ACCOUNTS_KEPT:
                if len(self.left_out) < _ACCOUNTS_KEPT:
                    self.left_out.add(held.account)
                return
            known = self.by_account[pattern, held.account] = _Account(held.account)
        known.alerts += new
        known.messages += 1
        known.levels |= 1 << level
        known.rules |= rule
        known.regions |= self.values.bit(held.region) if held.region else 0
        known.reasons |= self.values.bit(held.reason) if held.reason else 0
        if not self.brief and (not known.title or level > known.level):
            known.title = held.title
        known.level = max(known.level, level)

    def _add_row(self, held: Held, rule: _Rule, level: int, *, new: bool) -> None:
        """Of a bounded number: the worst are kept, with exact numbers. What gave way once, or found no place,
        finds none later either."""
        key = (held.rule_id, held.account, held.actor)
        if len(self.different) < self.distinct_at_most:
            self.different.add(hash(key))
        of_level = self.rows.setdefault(level, {})
        row = of_level.get(key)
        if row is None:
            if self.rows_kept >= _ROWS_KEPT:
                mildest = min(one for one, rows in self.rows.items() if rows)
                if mildest >= level:
                    return
                self.rows[mildest].popitem()
                self.rows_kept -= 1
            row = of_level[key] = _Row(rule, level, held.account, held.actor)
            self.rows_kept += 1
        row.alerts += new
        row.messages += 1
        begins, ends = held.first_event_time, held.last_event_time
        row.first = min((time for time in (row.first, begins) if time), default=None)
        row.last = max((time for time in (row.last, ends) if time), default=None)

    def sorted_rows(self) -> list[_Row]:
        """The worst and most first."""
        found = (row for rows in self.rows.values() for row in rows.values())
        return sorted(found, key=lambda row: (-row.level, -row.messages, row.rule.id, row.account, row.actor))


class StormTotals:
    """What was held back in an hour, by topic. `brief`: without rows and sentences. `unread`: how many
    messages there was no time for."""

    def __init__(self, topics: Sequence[Topic], *, brief: bool = False) -> None:
        self.messages = 0
        self.unread = 0
        rules, values = _Values[_Rule](), _Values[str]()
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
        if (name, account) not in self._environments and len(self._environments) < _ACCOUNTS_KEPT:
            self._environments[name, account] = self._topics[name].environment(account)
        found = self._environments.get((name, account))
        return self._topics[name].environment(account) if found is None else found

    def of(self, name: str) -> TopicTotals:
        """The totals of one topic."""
        self._totals[name].unread = self.unread
        return self._totals[name]


def messages_of(
    totals: TopicTotals, storm: Storm, budgets: Budgets, render: Callable[[StormSummary], AlertMessage]
) -> Iterator[tuple[StormSummary, AlertMessage]]:
    """The messages that tell a topic of all that was held back, with what they say: one, if it fits and
    everything has the same attributes; else several. Made one by one: how many there are is found out first,
    so that each says which part it is."""

    def made(accounts: list[_Account], part: int, parts: int) -> tuple[StormSummary, AlertMessage]:
        summary = _summary(totals, accounts, _Which(part, parts, storm, budgets))
        return summary, render(summary)

    chunks = list(_chunks(totals))
    if len(chunks) == 1:
        whole = made(chunks[0], 1, 1)
        if whole[1].fits or _halves(chunks[0]) is None:
            yield whole
            return
    fitting = [
        part
        for chunk in chunks
        for part in _fitting(chunk, lambda some: made(some, _PARTS_WIDEST, _PARTS_WIDEST)[1].fits)
    ]
    for number, accounts in enumerate(fitting, 1):
        yield made(accounts, number, len(fitting))


def briefer(summary: StormSummary) -> Iterator[StormSummary]:
    """What is sent of a part that was refused, the fuller first: without rows and sentences, with a few
    values of each attribute; then with no attributes but the levels and the reasons."""
    covered = summary.covered or Covered((summary.level,), (), (), (), (), (), ())
    brief = replace(
        summary,
        rows=(),
        rows_left_out=summary.rows_left_out + len(summary.rows),
        titles=(),
        brief=True,
        account_rows=summary.account_rows[:_BRIEF_VALUES],
        covered=Covered(**{name: getattr(covered, name)[:_BRIEF_VALUES] for name in _COVERED}),
    )
    yield brief
    yield replace(
        brief, account_rows=(), covered=Covered(covered.levels, covered.reasons, (), (), (), (), ())
    )


def summary_of(storm: Storm, held: Iterable[Held], budgets: Budgets) -> StormSummary:
    """The summary of an hour's messages in one, whatever their number."""
    totals = TopicTotals(_Values(), _Values(), _DISTINCT_KEPT)
    for one in held:
        totals.add(one, "")
    return _summary(totals, list(totals.by_account.values()), _Which(1, 1, storm, budgets))


def _fitting(accounts: list[_Account], fits: Callable[[list[_Account]], bool]) -> Iterator[list[_Account]]:
    """The accounts, in halves of halves until SNS takes a message of each."""
    halves = None if fits(accounts) else _halves(accounts)
    if halves is None:
        yield accounts
        return
    for half in halves:
        yield from _fitting(half, fits)


def _halves(accounts: list[_Account]) -> tuple[list[_Account], list[_Account]] | None:
    """Half of the accounts each; of a single one, half of the rules, regions, reasons or levels each, of
    whichever it has most; None where it has but one of each."""
    middle = len(accounts) // 2
    if middle:
        return accounts[:middle], accounts[middle:]
    (only,) = accounts
    name = max(_HALVED, key=lambda name: getattr(only, name).bit_count())
    values: int = getattr(only, name)
    if values.bit_count() < 2:
        return None
    bits = [bit for bit in range(values.bit_length()) if values >> bit & 1]
    first = sum(1 << bit for bit in bits[: len(bits) // 2])
    halves = copy(only), copy(only)
    for half, own in zip(halves, (first, values & ~first), strict=True):
        setattr(half, name, own)
        half.split = True
    return [halves[0]], [halves[1]]


def _chunks(totals: TopicTotals) -> Iterator[list[_Account]]:
    """Accounts that one message covers: with the same attributes, the worst and most first."""
    by_pattern: dict[_Pattern, list[_Account]] = {}
    for (pattern, _), account in totals.by_account.items():
        by_pattern.setdefault(pattern, []).append(account)
    for accounts in by_pattern.values():
        accounts.sort(key=lambda one: (-one.level, -one.messages, one.account))
        for start in range(0, len(accounts), _ACCOUNTS_AT_ONCE):
            yield accounts[start : start + _ACCOUNTS_AT_ONCE]


@dataclass(frozen=True, slots=True)
class _Which:
    """Which message of a summary is made."""

    part: int
    parts: int
    storm: Storm
    budgets: Budgets


def _summary(totals: TopicTotals, accounts: list[_Account], which: _Which) -> StormSummary:
    names = {one.account for one in accounts}
    rules = totals.rules.of(reduce(or_, (one.rules for one in accounts), 0))
    rule_ids = {rule.id for rule in rules}
    level = max((one.level for one in accounts), default=0)
    whole = which.parts == 1
    rows = [row for row in totals.sorted_rows() if row.account in names and row.rule.id in rule_ids]
    different = len(totals.different) if whole else len(rows)
    return StormSummary(
        hour=which.storm.hour,
        number=which.storm.number,
        final=which.storm.over,
        level=_LEVELS[level],
        alerts=totals.alerts if whole else sum(one.alerts for one in accounts),
        messages=totals.messages if whole else sum(one.messages for one in accounts),
        rules=len(rule_ids),
        accounts=len(names),
        actors=len(totals.actors),
        rows=tuple(_held_row(row) for row in rows[:_ROWS]),
        rows_left_out=max(0, different - len(rows[:_ROWS])),
        titles=tuple(_titles(totals, accounts, level)),
        rule_budget=which.budgets.rule,
        overall_budget=which.budgets.overall,
        covered=_covered(totals, accounts, rules),
        account_rows=tuple(_account_row(one) for one in accounts),
        part=which.part,
        parts=which.parts,
        unread=totals.unread,
        accounts_left_out=len(totals.left_out),
        brief=totals.brief,
        split=any(one.split for one in accounts),
    )


def _titles(totals: TopicTotals, accounts: list[_Account], level: int) -> Iterable[str]:
    """Sentences of a few of the worst: of as many accounts as there are, then more of the same."""
    names = {one.account for one in accounts}
    own = [one.title for one in accounts if one.level == level and one.title]
    more = [title for title, (of, account) in totals.titles.items() if of == level and account in names]
    return islice(dict.fromkeys([*own[:_TITLES], *more]), _TITLES)


def _covered(totals: TopicTotals, accounts: list[_Account], rules: list[_Rule]) -> Covered:
    levels = reduce(or_, (one.levels for one in accounts), 0)
    return Covered(
        levels=tuple(name for number, name in reversed([*enumerate(_LEVELS)]) if levels >> number & 1),
        reasons=tuple(totals.values.of(reduce(or_, (one.reasons for one in accounts), 0))),
        rule_ids=tuple(dict.fromkeys(rule.id for rule in rules)),
        accounts=tuple(dict.fromkeys(one.account for one in accounts)),
        regions=tuple(totals.values.of(reduce(or_, (one.regions for one in accounts), 0))),
        owners=tuple(dict.fromkeys(rule.owner for rule in rules if rule.owner)),
        tactics=tuple(dict.fromkeys(tactic for rule in rules for tactic in rule.tactics)),
    )


def _held_row(row: _Row) -> HeldRow:
    return HeldRow(
        rule_id=row.rule.id,
        rule_title=row.rule.title,
        level=_LEVELS[row.level],
        account=row.account,
        actor=row.actor,
        alerts=row.alerts,
        messages=row.messages,
        first_event_time=row.first,
        last_event_time=row.last,
        owner=row.rule.owner,
        tactics=row.rule.tactics,
    )


def _account_row(one: _Account) -> HeldAccount:
    return HeldAccount(one.account, _LEVELS[one.level], one.alerts, one.messages, one.rules.bit_count())


def _rank(level: str) -> int:
    """A level that nobody knows counts as the worst."""
    return _LEVELS.index(level) if level in _LEVELS else len(_LEVELS) - 1
