"""What must happen to alerts without a new match: what the function `tend_alerts` does every minute.

It closes what has been quiet and has the rest of it told, tells what nobody marked as told, sums up what was
held back, and once a week says that all is well. Everything may be repeated; what fails stays on the list.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from trailwarden.alerts.groups import CHECK_AFTER
from trailwarden.alerts.telling import Heartbeat, StormSummary, Suppressed, WatchedAccount
from trailwarden.dispatch.notification import Notifier, Telling
from trailwarden.dispatch.storms import summary_of
from trailwarden.messages.message import AlertMessage
from trailwarden.state.groups import Due, Groups, GroupStore
from trailwarden.state.outbox import Budgets, Outbox, Outgoing, Storm, Storms
from trailwarden.state.weeks import Seen, Weeks, week_bounds, week_of

_log = logging.getLogger(__name__)
_AT_ONCE = 1000
_GROWTH = 10
_SETTLED = timedelta(minutes=2)
"""How long after an hour's end nothing more is held back in it."""
_HEARTBEAT_HOUR = timedelta(hours=7)
"""When on Monday (UTC) the heartbeat of the week before is due."""
_MISSED_FOR = 4
"""For how many weeks an account that fell silent is named."""


class DueList(Protocol):
    """What must be looked at."""

    def due(self, now: int, limit: int) -> Iterable[Due]:
        """What is due, the earliest first, at most `limit`."""

    def put(self, due: Due) -> None:
        """Put something on the list."""

    def remove(self, due: Due) -> None:
        """Take something off the list."""


class Acknowledged(Protocol):
    """Which groups are kept quiet."""

    def acknowledged(self) -> Sequence[str]:
        """A line each: what, and who said so."""


class Broadcast(Protocol):
    """A topic that is told of storms and of weeks."""

    @property
    def name(self) -> str:
        """What it is remembered by."""

    def publish(self, message: AlertMessage) -> str:
        """Publish one message."""

    def render_storm(self, summary: StormSummary) -> AlertMessage:
        """What was held back, as this topic's subscribers get it."""

    def render_heartbeat(self, heartbeat: Heartbeat) -> AlertMessage:
        """The week, as this topic's subscribers get it."""


@dataclass(slots=True)
class TendTally:
    """What one run came to; every number is a metric."""

    looked_at: int = 0
    closed: int = 0
    told_late: int = 0
    """Messages that nobody had marked as told, told now."""
    failed: int = 0
    summaries: int = 0
    heartbeats: int = 0
    left: int = 0
    """Whether there was more than the run had time for."""


class Tender:
    """One run is `tend`; `now` gives seconds since 1970. `accounts` are those that the settings name: the
    heartbeat says where nothing was read of them."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        store: GroupStore,
        groups: Groups,
        due: DueList,
        outbox: Outbox,
        storms: Storms,
        weeks: Weeks,
        acknowledged: Acknowledged,
        notifier: Notifier,
        topics: Sequence[Broadcast],
        budgets: Budgets,
        rule_set_version: Callable[[], str],
        accounts: Collection[str],
        now: Callable[[], float],
        suppressed: Callable[[datetime], Suppressed] = lambda _since: Suppressed(),
    ) -> None:
        self._suppressed = suppressed
        self._store = store
        self._groups = groups
        self._due = due
        self._outbox = outbox
        self._storms = storms
        self._weeks = weeks
        self._acknowledged = acknowledged
        self._notifier = notifier
        self._topics = topics
        self._budgets = budgets
        self._rule_set_version = rule_set_version
        self._accounts = accounts
        self._now = now

    def tend(self, *, enough: Callable[[], bool] = lambda: False) -> TendTally:
        """Do what is due, until there is `enough` of it: what is left waits for the next run."""
        tally = TendTally()
        self._guarded(tally, "a summary", lambda: self._sum_up(tally))
        self._guarded(tally, "the heartbeat", lambda: self._heartbeat(tally))
        for due in self._due.due(int(self._now()), _AT_ONCE):
            if enough():
                tally.left = 1
                break
            self._guarded(tally, f"alert {due.alert_id}", lambda due=due: self._look(due, tally))  # type: ignore[misc]
        return tally

    def _guarded(self, tally: TendTally, what: str, step: Callable[[], None]) -> None:
        """One thing that fails stops only itself: it is still on the list."""
        try:
            step()
        except Exception:  # noqa: BLE001 (whatever it was, the others must not wait for it)
            tally.failed += 1
            _log.exception("%s must be looked at again", what)

    def _look(self, due: Due, tally: TendTally) -> None:
        tally.looked_at += 1
        waiting = self._tell_late(due, tally)
        # Whatever else it waits for, what is not told yet is to be seen to first.
        again_at = int(self._now()) + CHECK_AFTER if waiting else None
        moved = self._groups.look(due, again_at=again_at)
        if not moved.state.rule_id:
            self._due.remove(due)
        tally.closed += moved.closed

    def _tell_late(self, due: Due, tally: TendTally) -> bool:
        """Tell what should have been told by now; whether something is not told yet."""
        waiting = False
        for message, progress in self._outbox.messages(due.alert_id):
            if progress.done or message.silent:
                continue
            if self._now() - message.written_at < CHECK_AFTER:
                waiting = True
                continue
            waiting = not self._told(message, tally) or waiting
        return waiting

    def _told(self, message: Outgoing, tally: TendTally) -> bool:
        try:
            outcome = self._notifier.tell(message)
        except Exception:  # noqa: BLE001 (it stays on the list)
            tally.failed += 1
            _log.exception("alert %s could not be told", message.alert_id)
            return False
        tally.told_late += outcome is Telling.TOLD
        return True

    def _sum_up(self, tally: TendTally) -> None:
        for storm in self._storms.storms():
            held = self._storms.count_held(storm.hour)
            over = self._is_over(storm.hour)
            if held > storm.told and (over or held >= _GROWTH * storm.told):
                if self._storms.begin_summary(storm):
                    self._tell_storm(replace(storm, number=storm.number + 1, over=over))
                    tally.summaries += 1
            elif over and not storm.over:
                self._storms.summarised(replace(storm, over=True))

    def _is_over(self, hour: str) -> bool:
        ends = datetime.fromisoformat(f"{hour}:00:00+00:00") + timedelta(hours=1)
        return datetime.fromtimestamp(self._now(), UTC) >= ends + _SETTLED

    def _tell_storm(self, storm: Storm) -> None:
        """Each topic is told of what it would have been told one by one. Where one fails, the summary comes
        again, but not to those who have it."""
        held = list(self._storms.held(storm.hour))
        telling = storm.telling or len(held)
        failure: Exception | None = None
        for topic in self._topics:
            of_topic = [one for one in held if topic.name in one.channels]
            if not of_topic or topic.name in storm.told_to:
                continue
            try:
                topic.publish(topic.render_storm(summary_of(storm, of_topic, self._budgets)))
                self._storms.summary_told(replace(storm, telling=telling), topic.name)
            except Exception as error:  # noqa: BLE001 (raised below, when the others were told)
                failure = error
        if failure is not None:
            raise failure
        self._storms.summarised(replace(storm, told=telling))

    def _heartbeat(self, tally: TendTally) -> None:
        """The week before the one of Monday's seven o'clock that has passed last."""
        now = datetime.fromtimestamp(self._now(), UTC)
        week = week_of(now - timedelta(days=7) - _HEARTBEAT_HOUR)
        wanting = [topic for topic in self._topics if self._weeks.begin_heartbeat(week, topic.name)]
        if not wanting:
            return
        heartbeat = self._heartbeat_of(week)
        failure: Exception | None = None
        for topic in wanting:
            try:
                topic.publish(topic.render_heartbeat(heartbeat))
                self._weeks.heartbeat_told(week, topic.name)
                tally.heartbeats += 1
            except Exception as error:  # noqa: BLE001 (raised below, when the others were told)
                failure = error
        if failure is not None:
            raise failure

    def _heartbeat_of(self, week: str) -> Heartbeat:
        figures = self._weeks.figures(week)
        since, until = week_bounds(week)
        earlier = (week_of(since - timedelta(days=7 * back)) for back in range(1, _MISSED_FOR + 1))
        known = {name for each in earlier for name in self._weeks.figures(each).accounts}
        silent = {name: Seen() for name in (*self._accounts, *known)}
        accounts = sorted((silent | dict(figures.accounts)).items())
        return Heartbeat(
            week=week,
            since=f"{since:%Y-%m-%dT%H:%M:%SZ}",
            until=f"{until:%Y-%m-%dT%H:%M:%SZ}",
            log_files=sum(seen.files for _, seen in accounts),
            records=sum(seen.records for _, seen in accounts),
            accounts=tuple(WatchedAccount(name, seen.records, seen.newest) for name, seen in accounts),
            told=dict(figures.told),
            held=figures.held,
            staged=figures.staged,
            acknowledged=tuple(self._acknowledged.acknowledged()),
            rule_set_version=self._rule_set_version(),
            suppressed=self._suppressed(since),
        )
