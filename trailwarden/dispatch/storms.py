"""The messages that sum up what was held back in an hour.

Subscriptions filter by attributes, and each has to match a summary if it would have matched one of the held
messages. So a summary carries every value of everything that it covers; one that has an attribute and one
that lacks it (`exists: false` is a filter too) are never covered by the same summary; and if there are more
accounts than fit into one message, there are several, each with its own accounts.
https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import reduce
from itertools import islice, zip_longest
from operator import or_

from trailwarden.alerts.telling import Covered, HeldAccount, HeldGroup, HeldRow, StormSummary
from trailwarden.dispatch.storm_totals import (
    ACCOUNTS_KEPT,
    LEVELS,
    TITLES,
    AccountTotals,
    GroupTotals,
    HeldRule,
    Pattern,
    TopicTotals,
)
from trailwarden.messages.envelope import AlertMessage
from trailwarden.state.outbox import Budgets, Held, Storm

_ROWS = 200
_FIRST_GROUPS = 10
"""How many groups come first, the worst and largest; then those of protected rules, then the others."""
_ACCOUNTS_AT_ONCE = 500
"""How many accounts one message covers: about what fits besides the rows."""
_PARTS_WIDEST = 999_999
"""A number of parts that takes as much room as any."""
_BRIEF_VALUES = 5
"""How many values of each attribute a part has that was refused in full."""
_COVERED = tuple(each.name for each in fields(Covered))
_HALVED = ("rules", "regions", "reasons", "levels")


def messages_of(
    totals: TopicTotals, storm: Storm, budgets: Budgets, render: Callable[[StormSummary], AlertMessage]
) -> Iterator[tuple[StormSummary, AlertMessage]]:
    """The messages that tell a topic of all that was held back, with what they say: one, if it fits and
    everything has the same attributes; else several. Made one by one: how many there are is found out first,
    so that each says which part it is."""

    def made(accounts: list[AccountTotals], part: int, parts: int) -> tuple[StormSummary, AlertMessage]:
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


def part_key(summary: StormSummary) -> str:
    """What a part covers, whatever it counts: by that it is known again when the rest is tried again."""
    covered = summary.covered or Covered((summary.level,), (), (), (), (), (), ())
    values = [sorted(getattr(covered, name)) for name in _COVERED]
    return hashlib.sha256(repr(values).encode(errors="surrogatepass")).hexdigest()[:16]


def summary_of(storm: Storm, held: Iterable[Held], budgets: Budgets) -> StormSummary:
    """The summary of an hour's messages in one, whatever their number."""
    totals = TopicTotals()
    for one in held:
        totals.add(one, "")
    return _summary(totals, list(totals.by_account.values()), _Which(1, 1, storm, budgets))


def _fitting(
    accounts: list[AccountTotals], fits: Callable[[list[AccountTotals]], bool]
) -> Iterator[list[AccountTotals]]:
    """The accounts, in halves of halves until SNS takes a message of each."""
    halves = None if fits(accounts) else _halves(accounts)
    if halves is None:
        yield accounts
        return
    for half in halves:
        yield from _fitting(half, fits)


def _halves(accounts: list[AccountTotals]) -> tuple[list[AccountTotals], list[AccountTotals]] | None:
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


def _chunks(totals: TopicTotals) -> Iterator[list[AccountTotals]]:
    """Accounts that one message covers: with the same attributes, the worst first. Which one covers an
    account does not depend on how much it has, so that parts stay the same while more is held back."""
    by_pattern: dict[Pattern, list[AccountTotals]] = {}
    for (pattern, _), account in totals.by_account.items():
        by_pattern.setdefault(pattern, []).append(account)
    for accounts in by_pattern.values():
        accounts.sort(key=lambda one: (-one.level, one.account))
        for start in range(0, len(accounts), _ACCOUNTS_AT_ONCE):
            chunk = accounts[start : start + _ACCOUNTS_AT_ONCE]
            yield sorted(chunk, key=lambda one: (-one.level, -one.messages, one.account))


@dataclass(frozen=True, slots=True)
class _Which:
    """Which message of a summary is made."""

    part: int
    parts: int
    storm: Storm
    budgets: Budgets


def _summary(totals: TopicTotals, accounts: list[AccountTotals], which: _Which) -> StormSummary:
    covered = {(one.pattern, one.account) for one in accounts}
    rules = totals.rules.of(reduce(or_, (one.rules for one in accounts), 0))
    rule_ids = {rule.id for rule in rules}
    level = max((one.level for one in accounts), default=0)
    whole = which.parts == 1
    groups = [
        group
        for of_rank in totals.groups.values()
        for group in of_rank.values()
        if (group.pattern, group.account) in covered and group.rule.id in rule_ids
    ]
    rows = tuple(islice(_rows(groups), _ROWS))
    different = len(totals.different) if whole else sum(group.actors + group.at_least for group in groups)
    return StormSummary(
        hour=which.storm.hour,
        number=which.storm.number,
        final=which.storm.over,
        level=LEVELS[level],
        alerts=totals.alerts if whole else sum(one.alerts for one in accounts),
        messages=totals.messages if whole else sum(one.messages for one in accounts),
        rules=len(rule_ids),
        accounts=len({one.account for one in accounts}),
        actors=len(totals.actors),
        rows=rows,
        rows_left_out=max(0, different - len(rows)),
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
        groups=len(groups),
        lower_bounds=tuple(_lower_bounds(totals)),
        all_parts=None if whole else (totals.alerts, _rules_in(totals)),
    )


def _rules_in(totals: TopicTotals) -> int:
    """How many rules all accounts have together."""
    every = reduce(or_, (one.rules for one in totals.by_account.values()), 0)
    return len({rule.id for rule in totals.rules.of(every)})


def _lower_bounds(totals: TopicTotals) -> Iterator[str]:
    """Which numbers of a summary say how many there are at least."""
    if totals.unread:
        yield from ("alerts", "messages", "rules", "accounts")
    if totals.unread or totals.actors.at_least:
        yield "actors"
    if totals.unread or totals.different.at_least or totals.groups_left_out:
        yield from ("rows_left_out", "groups")
    if totals.unread or len(totals.left_out) >= ACCOUNTS_KEPT:
        yield "accounts_left_out"


def _rows(groups: list[GroupTotals]) -> Iterator[HeldRow]:
    """One of each group, then a second of each, and so on: however many actors one has, the others are named.
    The worst and largest groups come first, then all of protected rules."""
    groups = sorted(groups, key=_worst)
    groups[_FIRST_GROUPS:] = sorted(groups[_FIRST_GROUPS:], key=lambda group: not group.protected)
    for round_of_rows in zip_longest(*map(_rows_of, groups)):
        yield from (row for row in round_of_rows if row is not None)


def _worst(group: GroupTotals) -> tuple[int, bool, int, str, str]:
    """The worst come first; of a level those of protected rules, and the largest."""
    return -group.level, not group.protected, -group.all.messages, group.rule.id, group.account


def _rows_of(group: GroupTotals) -> Iterator[HeldRow]:
    """A group's rows, the largest first; each has the counts of all."""
    whole = HeldGroup(
        group.all.alerts,
        group.all.messages,
        group.actors + group.at_least,
        group.at_least,
        group.all.first,
        group.all.last,
    )
    for actor, row in sorted(group.rows.items(), key=lambda each: (-each[1].messages, each[0])):
        yield HeldRow(
            rule_id=group.rule.id,
            rule_title=group.rule.title,
            level=LEVELS[group.level],
            account=group.account,
            actor=actor,
            alerts=row.alerts,
            messages=row.messages,
            first_event_time=row.first,
            last_event_time=row.last,
            owner=group.rule.owner,
            tactics=group.rule.tactics,
            protected=group.protected,
            group=whole,
        )


def _titles(totals: TopicTotals, accounts: list[AccountTotals], level: int) -> Iterable[str]:
    """Sentences of a few of the worst: of as many accounts as there are, then more of the same."""
    names = {one.account for one in accounts}
    own = [one.title for one in accounts if one.level == level and one.title]
    more = [title for title, (of, account) in totals.titles.items() if of == level and account in names]
    return islice(dict.fromkeys([*own[:TITLES], *more]), TITLES)


def _covered(totals: TopicTotals, accounts: list[AccountTotals], rules: list[HeldRule]) -> Covered:
    levels = reduce(or_, (one.levels for one in accounts), 0)
    return Covered(
        levels=tuple(name for number, name in reversed([*enumerate(LEVELS)]) if levels >> number & 1),
        reasons=tuple(totals.values.of(reduce(or_, (one.reasons for one in accounts), 0))),
        rule_ids=tuple(dict.fromkeys(rule.id for rule in rules)),
        accounts=tuple(dict.fromkeys(one.account for one in accounts)),
        regions=tuple(totals.values.of(reduce(or_, (one.regions for one in accounts), 0))),
        owners=tuple(dict.fromkeys(rule.owner for rule in rules if rule.owner)),
        tactics=tuple(dict.fromkeys(tactic for rule in rules for tactic in rule.tactics)),
    )


def _account_row(one: AccountTotals) -> HeldAccount:
    return HeldAccount(one.account, LEVELS[one.level], one.alerts, one.messages, one.rules.bit_count())
