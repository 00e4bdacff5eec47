"""The outbox, what was held back, what is due and the figures of weeks, in memory: for tests, and for one run
on one machine."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from trailwarden.alerts.groups import Opened
from trailwarden.alerts.model import Alert
from trailwarden.state.groups import Due
from trailwarden.state.memory import MemoryGroupStore
from trailwarden.state.outbox import Budgets, Heard, Held, Outgoing, Progress, SetAside, Storm
from trailwarden.state.weeks import Seen, WeekFigures, week_before, week_of

_NOTHING = Progress()
_Key = tuple[str, str]


class MemoryOutbox:
    """`Outbox`, `Storms`, `SetAsides`, `DueList` and `Weeks` over a `MemoryGroupStore`."""

    def __init__(self, kept: MemoryGroupStore, *, now: Callable[[], float]) -> None:
        self._kept = kept
        self._now = now
        self._progress: dict[_Key, Progress] = {}
        self._claimed: dict[_Key, int] = {}
        self.silenced: dict[_Key, str] = {}
        """Why messages are not sent, of those that were written to be."""
        self._set_aside: dict[str, SetAside] = {}
        self._reported: set[str] = set()
        self._summing: Counter[str] = Counter()
        self._used: Counter[_Key] = Counter()
        self._held: dict[str, dict[_Key, Held]] = {}
        self._storms: dict[str, Storm] = {}
        self._urgent: set[tuple[str, str]] = set()
        self._seen: dict[str, dict[str, Seen]] = {}
        self._counted: Counter[_Key] = Counter()
        self._first_week: str | None = None
        self._weeks_told: set[_Key] = set()

    def written(self) -> list[Outgoing]:
        """Every message that was ever written, in order: what the table's stream brings."""
        found = (
            Outgoing(one.alert.alert_id, silent=one.silent, written_at=at)
            if isinstance(one, Opened)
            else Outgoing(one.alert_id, one.key, one.follow_up, written_at=at)
            for at, one in self._kept.outbox
        )
        return [replace(one, silent=one.silent or self.silenced.get(_key(one), "")) for one in found]

    def alert(self, alert_id: str) -> Alert | None:
        """The alert as it was opened."""
        return self._kept.alerts.get(alert_id)

    def progress(self, message: Outgoing) -> Progress:
        """How far the message has got."""
        return self._progress.get(_key(message), _NOTHING)

    def claim(self, message: Outgoing, until: int) -> Progress | None:
        """Count an attempt; None if another function has it."""
        progress = self.progress(message)
        if progress.done:
            return progress
        if self._claimed.get(_key(message), 0) > self._now():
            return None
        self._claimed[_key(message)] = until
        self._progress[_key(message)] = replace(progress, attempts=progress.attempts + 1)
        return self.progress(message)

    def release(self, message: Outgoing) -> None:
        """Give a claim back, and its attempt."""
        progress = self.progress(message)
        self._claimed.pop(_key(message), None)
        self._progress[_key(message)] = replace(progress, attempts=progress.attempts - 1)

    def take(self, message: Outgoing, alert: Alert, hour: str, budgets: Budgets) -> bool:
        """Count the message against the budgets of the hour; False if no way has enough left."""
        progress = self.progress(message)
        if progress.taken or progress.held:
            return progress.taken
        for way in budgets.ways(alert):
            if all(most is None or self._used[hour, name] < most for name, most in way):
                self._used.update((hour, name) for name, _ in way)
                self._progress[_key(message)] = replace(progress, taken=True)
                return True
        return False

    def hold(self, message: Outgoing, held: Held, hour: str) -> None:
        """Remember it as held back in that hour."""
        progress = self.progress(message)
        self._held.setdefault(hour, {})[_key(message)] = held
        storm = self._storms.setdefault(hour, Storm(hour))
        new = {(hour, name) for name in held.urgent} - self._urgent
        self._urgent |= new
        self._storms[hour] = replace(
            storm, urgent=storm.urgent + len(new), protected=storm.protected + held.protected
        )
        if not progress.held:
            self._progress[_key(message)] = replace(progress, held=True)
            self._count("HELD", message.is_news)

    def set_aside(self, message: Outgoing, why: SetAside, *, over: bool) -> None:
        """Keep what operations must know of it."""
        self.add(why)
        if over:
            self._progress[_key(message)] = replace(self.progress(message), set_aside=True)

    def add(self, why: SetAside) -> None:
        """Keep it."""
        self._set_aside.setdefault(why.key, why)

    def unreported(self) -> Sequence[SetAside]:
        """What operations has not been notified of."""
        return [why for key, why in self._set_aside.items() if key not in self._reported]

    def reported(self, why: SetAside) -> None:
        """Remember that operations was."""
        self._reported.add(why.key)

    def silence(self, message: Outgoing, why: str) -> None:
        """Remember that nobody is to be told of it."""
        self.silenced[_key(message)] = why

    def became(self, alert_id: str) -> str | None:
        """The id of the alert that this one is a part of now, empty if nothing is left of it."""
        return self._kept.became.get(alert_id, "" if alert_id in self._kept.withdrawn else None)

    def told_to(self, message: Outgoing, name: str) -> None:
        """Remember that one of several topics has it."""
        progress = self.progress(message)
        self._progress[_key(message)] = replace(progress, told_to=progress.told_to | {name})

    def told(self, message: Outgoing, level: str) -> None:
        """Remember that all have it."""
        progress = self.progress(message)
        if not progress.told:
            self._progress[_key(message)] = replace(progress, told=True)
            self._count(f"TOLD#{level}", message.is_news)

    def messages(self, alert_id: str) -> list[tuple[Outgoing, Progress]]:
        """All messages of an alert."""
        return [(one, self.progress(one)) for one in self.written() if one.alert_id == alert_id]

    def storms(self) -> Sequence[Storm]:
        """The hours in which something was held back."""
        return list(self._storms.values())

    def held(self, hour: str) -> Iterator[Held]:
        """What was held back in the hour."""
        return iter([held for _, held in sorted(self._held.get(hour, {}).items())])

    def count_held(self, hour: str) -> int:
        """How many messages were held back in the hour."""
        return len(self._held.get(hour, {}))

    def begin_summary(self, storm: Storm) -> Storm | None:
        """Take it on to sum up the hour."""
        known = self._storms[storm.hour]
        if known.number != storm.number:
            return None
        self._storms[storm.hour] = replace(known, attempts=known.attempts + 1)
        return self._storms[storm.hour]

    def summary_failed(self, storm: Storm) -> None:
        """Take the attempt back."""
        known = self._storms[storm.hour]
        self._storms[storm.hour] = replace(known, attempts=known.attempts - 1)

    def summary_told(self, storm: Storm, name: str, heard: Heard) -> None:
        """Remember what a topic has heard."""
        known = self._storms[storm.hour]
        self._storms[storm.hour] = replace(known, heard={**known.heard, name: heard})

    def summarised(self, storm: Storm) -> None:
        """Let go of the hour."""
        known = self._storms[storm.hour]
        self._storms[storm.hour] = replace(known, number=storm.number + 1, over=storm.over, attempts=0)

    def due(self, now: int, limit: int | None = None) -> Iterable[Due]:
        """What is due, the earliest first."""
        return sorted((due for due in self._kept.due if due.at <= now), key=lambda due: due.at)[:limit]

    def put(self, due: Due) -> None:
        """Put something on the list."""
        self._kept.due.add(due)

    def postpone(self, due: Due, at: int) -> Due | None:
        """Move it to later, with an attempt more."""
        if due not in self._kept.due:
            return None
        later = replace(due, at=at, attempts=due.attempts + 1)
        self._kept.due.discard(due)
        self._kept.due.add(later)
        return later

    def remove(self, due: Due) -> None:
        """Take something off the list."""
        self._kept.due.discard(due)

    def add_seen(self, week: str, seen: Mapping[str, Seen]) -> None:
        """Count what was read, by account."""
        known = self._seen.setdefault(week, {})
        for account, each in seen.items():
            known[account] = known.get(account, Seen()).plus(each)

    def add_staged(self, number: int) -> None:
        """Count alerts that were told to nobody."""
        self._count("STAGED", number)

    def figures(self, week: str) -> WeekFigures:
        """What the week came to."""
        counted = {name: number for (of, name), number in self._counted.items() if of == week}
        return WeekFigures(
            accounts=self._seen.get(week, {}),
            told={name.removeprefix("TOLD#"): n for name, n in counted.items() if name.startswith("TOLD#")},
            held=counted.get("HELD", 0),
            staged=counted.get("STAGED", 0),
        )

    def begin_heartbeat(self, week: str, name: str) -> int:
        """Take it on to tell a topic of the week; weeks from before the first call are passed over."""
        if self._first_week is None:
            self._first_week = week_before(datetime.fromtimestamp(self._now(), UTC))
        if week <= self._first_week or (week, name) in self._weeks_told:
            return 0
        self._summing[f"{week} {name}"] += 1
        return self._summing[f"{week} {name}"]

    def heartbeat_failed(self, week: str, name: str) -> None:
        """Take the attempt back."""
        self._summing[f"{week} {name}"] -= 1

    def heartbeat_told(self, week: str, name: str) -> None:
        """Remember that a topic was told of the week."""
        self._weeks_told.add((week, name))

    def _count(self, name: str, number: int = 1) -> None:
        self._counted[week_of(datetime.fromtimestamp(self._now(), UTC)), name] += number


def _key(message: Outgoing) -> _Key:
    return message.alert_id, message.key
