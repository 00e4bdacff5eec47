"""Exceptions: filters with `trailwarden: {owner, reason, expires}`; which of them hold on a day.

`expires` is the last day, in UTC, on which an exception holds: from the next midnight on it is left out when
the rules are compiled. Filters without the block (SigmaHQ's, say) hold for ever; who publishes refuses them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

from trailwarden.errors import Problem
from trailwarden.rules.block import example_day
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.source import RuleSource, Source

SOON_DAYS = 14
"""An exception that expires within so many days is warned of."""
LONGEST_DAYS = 400
"""One that holds for longer is refused: a year, and time to review it."""


def today_utc() -> date:
    """The day that counts where none is given."""
    return datetime.now(UTC).date()


def exceptions_of(sources: Iterable[Source]) -> list[FilterSource]:
    """The filters that apply to any of the rules, expired or not, in the order of their ids."""
    found = {each.id: each for source in sources if isinstance(source, RuleSource) for each in source.filters}
    return [found[key] for key in sorted(found)]


def has_expired(exception: FilterSource, today: date) -> bool:
    """Whether the filter no longer holds on that day (UTC)."""
    return exception.expires is not None and exception.expires < today


def in_force(source: Source, today: date) -> Source:
    """The rule under the filters that still hold on that day (UTC)."""
    if not isinstance(source, RuleSource):
        return source
    return replace(source, filters=tuple(each for each in source.filters if not has_expired(each, today)))


def expired_exceptions(sources: Iterable[Source], today: date) -> list[FilterSource]:
    """The exceptions that compiling on that day (UTC) leaves out: their owners want to know."""
    return [each for each in exceptions_of(sources) if has_expired(each, today)]


def exceptions_without_expiry(sources: Iterable[Source]) -> list[Problem]:
    """The filters that would hold for ever, each as a mistake: a published exception has an owner, a reason
    and an end."""
    message = "the filter has no `trailwarden:` block, so nobody owns it and it would hold for ever"
    cure = f"add `trailwarden: {{owner: ..., reason: ..., expires: {example_day()}}}`"
    return sorted(
        Problem(each.path, each.line, each.column, message, cure)
        for each in exceptions_of(sources)
        if each.expires is None
    )


def expiry_warnings(exception: FilterSource, today: date) -> Iterator[tuple[str, str]]:
    """What an author should know of when the exception ends: messages with their cures."""
    if exception.expires is None:
        return
    days = (exception.expires - today).days
    if days < 0:
        message = f"the exception expired on {exception.expires} and holds no longer"
        yield message, "take it out, or agree on a new date with its owner"
    elif days <= SOON_DAYS:
        left = "today" if days == 0 else f"in {days} day{'s' if days > 1 else ''}, on {exception.expires}"
        yield f"the exception expires {left}", "take it out, or agree on a new date with its owner"
