"""The figures of the heartbeat, each read for itself."""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from trailwarden.alerts.telling import (
    KEPT_QUIET,
    READ_AND_SENT,
    SUPPRESSED,
    Heartbeat,
    Suppressed,
    WatchedAccount,
)
from trailwarden.state.weeks import Seen, WeekFigures, Weeks, week_bounds, week_of

_log = logging.getLogger(__name__)
_Figure = TypeVar("_Figure")
_MISSED_FOR = 4
"""For how many weeks an account that fell silent is named."""


class Acknowledged(Protocol):
    """Which groups are kept quiet."""

    def acknowledged(self) -> Sequence[str]:
        """A line each: what, and who said so."""


class HeartbeatFigures:
    """What a week came to, for its heartbeat. `accounts` are those that the settings name: the heartbeat says
    where nothing was read of them, and which of them nobody records (`unrecorded`)."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        weeks: Weeks,
        acknowledged: Acknowledged,
        rule_set_version: Callable[[], str],
        accounts: Collection[str],
        suppressed: Callable[[datetime], Suppressed] = lambda _since: Suppressed(),
        *,
        unrecorded: Collection[str] = (),
    ) -> None:
        self._weeks = weeks
        self._acknowledged = acknowledged
        self._rule_set_version = rule_set_version
        self._accounts = accounts
        self._suppressed = suppressed
        self._unrecorded = tuple(unrecorded)

    def of(self, week: str, *, brief: bool = False) -> Heartbeat:
        """The week. A figure that cannot be read is named, and costs no other; `brief`: without what there
        may be much of."""
        unknown: list[str] = []
        since, until = week_bounds(week)
        figures = _read(READ_AND_SENT, lambda: self._weeks.figures(week), WeekFigures(), unknown)
        accounts = dict(figures.accounts)
        quiet: Sequence[str] = ()
        if not brief:
            for back in range(1, _MISSED_FOR + 1):
                for name in self._known_in(week_of(since - timedelta(days=7 * back)), unknown):
                    accounts.setdefault(name, Seen())
            quiet = _read(KEPT_QUIET, self._acknowledged.acknowledged, (), unknown)
        for name in self._accounts:
            accounts.setdefault(name, Seen())
        return Heartbeat(
            week=week,
            since=f"{since:%Y-%m-%dT%H:%M:%SZ}",
            until=f"{until:%Y-%m-%dT%H:%M:%SZ}",
            log_files=sum(seen.files for seen in accounts.values()),
            records=sum(seen.records for seen in accounts.values()),
            accounts=tuple(
                WatchedAccount(name, seen.records, seen.newest) for name, seen in sorted(accounts.items())
            ),
            told=dict(figures.told),
            held=figures.held,
            staged=figures.staged,
            acknowledged=tuple(quiet),
            rule_set_version=_read("the rule set", self._rule_set_version, "", unknown),
            suppressed=_read(SUPPRESSED, lambda: self._suppressed(since), Suppressed(), unknown),
            unknown=tuple(unknown),
            unrecorded=self._unrecorded,
        )

    def _known_in(self, week: str, unknown: list[str]) -> Collection[str]:
        found = _read(f"accounts of {week}", lambda: self._weeks.figures(week), WeekFigures(), unknown)
        return found.accounts.keys()


def _read(name: str, figure: Callable[[], _Figure], otherwise: _Figure, unknown: list[str]) -> _Figure:
    try:
        return figure()
    except Exception:  # noqa: BLE001 (logged, and named in the heartbeat)
        _log.exception("a figure of the heartbeat cannot be read: %s", name)
        unknown.append(name)
        return otherwise
