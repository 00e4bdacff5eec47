"""Accounts of which no record came for a day: operations is notified of it once, and when it is over.

It is looked at once an hour, in the figures of the week, which know when an account was last read. Notified
first and then remembered: a crash in between notifies twice, and never not at all.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from trailwarden.messages.layout import counted, wrapped
from trailwarden.messages.when import parsed, spoken
from trailwarden.safety.text import harmless
from trailwarden.state.silence import Silence, Silences
from trailwarden.state.weeks import Weeks, week_before, week_of

_HOUR = 3600
_DAY = 86_400
_FORGOTTEN = 28 * _DAY
"""After how long an account that the settings do not name is no longer missed: it may be closed."""
_SHOWN = 50


class Operations(Protocol):
    """Those who run Trailwarden."""

    def tell(self, subject: str, text: str) -> None:
        """Notify them. Raises where that fails."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What an hour's look came to. `silent` are accounts that fell silent, `back` those that did before."""

    silences: Mapping[str, Silence]
    silent: tuple[str, ...]
    back: tuple[str, ...]
    heard: int
    """Of how many accounts something came within the day."""


class SilenceWatch:
    """`check`, as often as one likes. `accounts` are those that the settings name; `name` words an account;
    `now` gives seconds since 1970."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        weeks: Weeks,
        silences: Silences,
        operations: Operations,
        accounts: Collection[str],
        name: Callable[[str], str],
        now: Callable[[], float],
    ) -> None:
        self._weeks = weeks
        self._silences = silences
        self._operations = operations
        self._accounts = frozenset(accounts)
        self._name = name
        self._now = now
        self._next = 0

    def check(self) -> int:
        """Look, if an hour has passed; of how many accounts operations was notified."""
        now = int(self._now())
        if now < self._next:
            return 0
        self._next = now + _HOUR
        known = self._silences.begin()
        if known is None:
            return 0
        looked = self._look(known, now)
        if looked.silent or looked.back:
            self._operations.tell(*self._letter(looked))
        self._silences.keep(looked.silences)
        return len(looked.silent) + len(looked.back)

    def _look(self, known: Mapping[str, Silence], now: int) -> _Looked:
        newest = self._newest(now)
        silences: dict[str, Silence] = {}
        silent, back = [], []
        for account in sorted({*newest, *self._accounts, *known}):
            before, last = known.get(account), newest.get(account)
            if last is not None and now - last < _DAY:
                if before and before.reported_at:
                    back.append(account)
                continue
            silence = _silence(before, last, now)
            if account not in self._accounts and now - silence.since >= _FORGOTTEN:
                continue
            if not silence.reported_at and now - silence.since >= _DAY:
                silence = replace(silence, reported_at=now)
                silent.append(account)
            silences[account] = silence
        heard = sum(now - last < _DAY for last in newest.values())
        return _Looked(silences, tuple(silent), tuple(back), heard)

    def _newest(self, now: int) -> Mapping[str, int]:
        """When the newest record of each account was, as this week and the last one know."""
        moment = datetime.fromtimestamp(now, UTC)
        found: dict[str, int] = {}
        for week in (week_before(moment), week_of(moment)):
            for account, seen in self._weeks.figures(week).accounts.items():
                at = parsed(seen.newest)
                if at is not None:
                    found[account] = max(found.get(account, 0), int(at.timestamp()))
        return found

    def _letter(self, looked: _Looked) -> tuple[str, str]:
        """Subject and text."""
        back = f"records of {counted(len(looked.back), 'account')} come again"
        if not looked.silent:
            return f"Trailwarden: {back}", "\n".join(self._again(looked)) + "\n"
        whose = counted(len(looked.silent), "account") if looked.heard else "any account"
        subject = f"Trailwarden: no record of {whose} for a day{f'; {back}' if looked.back else ''}"
        lines = [*self._silent(looked), *(("", *self._again(looked)) if looked.back else ())]
        return subject, "\n".join(lines) + "\n"

    def _silent(self, looked: _Looked) -> Iterator[str]:
        if not looked.heard:
            yield from wrapped(
                "Nothing was read of any account for a day: log files do not arrive, or are not read. "
                "Whatever happens now is not seen.",
                "",
                "",
            )
        else:
            whose = "these accounts" if len(looked.silent) > 1 else "this account"
            yield f"Nothing was read of {whose} for a day:"
        yield ""
        for account in looked.silent[:_SHOWN]:
            silence = looked.silences[account]
            yield from wrapped(harmless(self._name(account), 200), "  ", "    ")
            yield f"    {_since(silence)}"
        if len(looked.silent) > _SHOWN:
            yield f"  and {len(looked.silent) - _SHOWN:,} more"
        yield ""
        yield "Check first"
        for number, step in enumerate(_STEPS, 1):
            text, *commands = step.split("\n")
            yield from wrapped(text, f"  {number}. ", "     ")
            yield from (f"     {command}" for command in commands)
        yield ""
        yield from wrapped("You are notified of this once, and when records come again.", "", "")

    def _again(self, looked: _Looked) -> Iterator[str]:
        yield "Records come again of"
        for account in looked.back[:_SHOWN]:
            yield from wrapped(harmless(self._name(account), 200), "  ", "    ")
        if len(looked.back) > _SHOWN:
            yield f"  and {len(looked.back) - _SHOWN:,} more"


_STEPS = (
    (
        "Is the trail there, and does it log? With the account's credentials (the management account's, if "
        "the organization has one trail):\naws cloudtrail get-trail-status --name trailwarden"
    ),
    (
        "If it delivers, do Trailwarden's alarms say that log files are not read?\n"
        "aws cloudwatch describe-alarms --alarm-name-prefix trailwarden- \\\n"
        "  --state-value ALARM --query 'MetricAlarms[].AlarmName'"
    ),
    (
        "An account that is closed, or in which nobody does anything, has nothing to read: take it out of "
        "the settings, if they name it."
    ),
)


def _silence(before: Silence | None, last: int | None, now: int) -> Silence:
    """The silence of an account, continued if it is the one of before."""
    if last is None:
        return before or Silence(now, ever_read=False)
    reported_at = before.reported_at if before else 0
    return Silence(last, ever_read=True, reported_at=reported_at)


def _since(silence: Silence) -> str:
    if not silence.ever_read:
        return "nothing was ever read of it"
    at = datetime.fromtimestamp(silence.since, UTC)
    return f"the last record is of {spoken(at.isoformat())}"
