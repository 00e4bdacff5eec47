"""What was held back, summed up by rule, account and actor."""

from collections.abc import Sequence
from itertools import islice

from trailwarden.alerts.telling import HeldRow, StormSummary
from trailwarden.rules.ruleset import Level
from trailwarden.state.outbox import Budgets, Held, Storm

_ROWS = 30
_TITLES = 5


def summary_of(storm: Storm, held: Sequence[Held], budgets: Budgets) -> StormSummary:
    """The summary of an hour's messages, the worst and most first."""
    by_group: dict[tuple[str, str, str], list[Held]] = {}
    for one in held:
        by_group.setdefault((one.rule_id, one.account, one.actor), []).append(one)
    rows = sorted(
        (_row(group) for group in by_group.values()),
        key=lambda row: (-_rank(row.level), -row.messages, row.rule_id, row.account, row.actor),
    )
    worst = max(held, key=lambda one: _rank(one.level)).level
    titles = dict.fromkeys(one.title for one in held if one.level == worst)
    return StormSummary(
        hour=storm.hour,
        number=storm.number,
        final=storm.over,
        level=worst,
        alerts=len({one.alert_id for one in held}),
        messages=len(held),
        rules=len({one.rule_id for one in held}),
        accounts=len({one.account for one in held}),
        actors=len({one.actor for one in held}),
        rows=tuple(rows[:_ROWS]),
        rows_left_out=max(0, len(rows) - _ROWS),
        titles=tuple(islice(titles, _TITLES)),
        rule_budget=budgets.rule,
        overall_budget=budgets.overall,
    )


def _row(group: list[Held]) -> HeldRow:
    first = group[0]
    begins = [one.first_event_time for one in group if one.first_event_time]
    ends = [one.last_event_time for one in group if one.last_event_time]
    return HeldRow(
        rule_id=first.rule_id,
        rule_title=first.rule_title,
        level=max((one.level for one in group), key=_rank),
        account=first.account,
        actor=first.actor,
        alerts=len({one.alert_id for one in group}),
        messages=len(group),
        first_event_time=min(begins, default=None),
        last_event_time=max(ends, default=None),
        owner=first.owner,
        tactics=first.tactics,
    )


def _rank(level: str) -> int:
    return Level[level.upper()]
