"""Counts in bounded memory: a rule may match every record of a year, with names that callers chose."""

from dataclasses import dataclass, field

from trailwarden.alerts.placement import seconds_of
from trailwarden.backtest.report import Share

OTHERS = "(others)"


@dataclass(slots=True)
class Remembered:
    """Ids that were met, 64 bits of each: about 80 bytes an id, up to `most`. Past that, every id that is
    not known counts as new, and `full` says so."""

    most: int
    full: bool = False
    _known: set[int] = field(default_factory=set)

    def is_new(self, identity: str) -> bool:
        """Whether the id (of hex digits) is met for the first time."""
        number = int(identity[:16], 16)
        if number in self._known:
            return False
        if len(self._known) < self.most:
            self._known.add(number)
        else:
            self.full = True
        return True


@dataclass(slots=True)
class Openings:
    """The alerts of groups: stretches of event time without a gap of the quiet time, at most `most` of them.
    Past that a match that belongs to none that is known counts as an alert, and `full` says so."""

    most: int
    full: bool = False
    _known: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    _count: int = 0

    def opened(self, group: str, time: str | None, quiet: int) -> int:
        """How many alerts a match adds to its group (of hex digits): one, none, or one fewer where it closes
        the gap between two. Matches may come in any order: the sum ends the same."""
        at = -1 if time is None else seconds_of(time)
        runs = self._known.get(int(group[:16], 16), [])
        near = [run for run in runs if run[0] - quiet <= at <= run[1] + quiet and (run[0] < 0) == (at < 0)]
        if not near and self._count >= self.most:
            self.full = True
            return 1
        for run in near:
            runs.remove(run)
        runs.append((min([at, *(run[0] for run in near)]), max([at, *(run[1] for run in near)])))
        self._known[int(group[:16], 16)] = runs
        self._count += 1 - len(near)
        return 1 - len(near)


@dataclass(slots=True)
class Shares:
    """Matches and alerts by value, of at most `most` values; what comes later counts as others."""

    most: int
    _counts: dict[str, list[int]] = field(default_factory=dict)

    def count(self, value: str, matches: int, alerts: int) -> None:
        """Add to a value."""
        entry = self._counts.get(value)
        if entry is None:
            entry = self._counts.setdefault(value if len(self._counts) < self.most else OTHERS, [0, 0])
        entry[0] += matches
        entry[1] += alerts

    @property
    def full(self) -> bool:
        """Whether values were left out."""
        return OTHERS in self._counts

    def top(self, number: int) -> tuple[Share, ...]:
        """The values with most alerts, then matches; what is left of them as one, last."""
        found = sorted(
            (Share(value, *counts) for value, counts in self._counts.items() if value != OTHERS),
            key=lambda share: (-share.alerts, -share.matches, share.value),
        )
        matches, alerts = self._counts.get(OTHERS, (0, 0))
        rest = found[number:]
        matches += sum(share.matches for share in rest)
        alerts += sum(share.alerts for share in rest)
        return (*found[:number], *([Share(OTHERS, matches, alerts)] if matches or alerts else []))


@dataclass(slots=True)
class Span:
    """The earliest and the latest of some times."""

    first: str | None = None
    last: str | None = None

    def add(self, time: str | None) -> None:
        """Take a time; None changes nothing."""
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)
