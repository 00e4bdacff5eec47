"""Which accounts have been silent, and whether operations knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Silence:
    """Times are in seconds since 1970. `since`: of the newest record; if none was ever read, of when that
    was first seen. `reported_at` is 0 until operations was notified."""

    since: int
    ever_read: bool
    reported_at: int = 0


class Silences(Protocol):
    """What is remembered of silent accounts, by account."""

    def begin(self) -> Mapping[str, Silence] | None:
        """Take it on to look at the accounts: what was kept last; None if that was done within the hour."""

    def keep(self, silences: Mapping[str, Silence]) -> None:
        """Keep these instead."""
