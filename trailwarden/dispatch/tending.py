"""What must happen to alerts without a new match: what the function `tend_alerts` does every minute.

It closes what has been quiet and has the rest of it told, tells what nobody marked as told, sums up what was
held back, and once a week says that all is well. Everything may be repeated; what fails stays on the list.

What is due is put off before it is worked on, with its attempts counted: whatever ends the function without
an exception (its time, its memory) is not first in line in the next run, and stops nothing behind it.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from trailwarden.alerts.groups import CHECK_AFTER
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import Heartbeat, StormSummary, Suppressed
from trailwarden.dispatch.heartbeats import Acknowledged, HeartbeatFigures
from trailwarden.dispatch.notification import Notifier, Telling
from trailwarden.dispatch.set_aside import set_aside_letter
from trailwarden.dispatch.storm_totals import StormTotals
from trailwarden.dispatch.storms import briefer, messages_of, part_key
from trailwarden.errors import MessageRefusedError
from trailwarden.messages.message import AlertMessage
from trailwarden.state.groups import Due, Groups, GroupStore
from trailwarden.state.outbox import Budgets, Heard, Outbox, Outgoing, SetAside, SetAsides, Storm, Storms
from trailwarden.state.weeks import Weeks, week_of

_log = logging.getLogger(__name__)
_GROWTH = 10
_POSTPONED = 330
"""For how many seconds what is due is put off before it is worked on: longer than the function may run. Each
attempt that does not end doubles it, to a day at most."""
_POSTPONED_AT_MOST = 86_400
_ATTEMPTS = 3
"""How often something is tried before it is set aside: then operations is notified, and it is tried ever more
rarely. Of summaries and heartbeats, how often in full."""
_FAILED_AT_MOST = 900
"""For how many seconds at most a topic that failed is left alone. Each failure doubles it."""
_PROTECTED_AFTER = 300
"""How many seconds after a summary the next one tells of what was held back of protected rules."""
_SETTLED = timedelta(minutes=2)
"""How long after an hour's end nothing more is held back in it."""
_HEARTBEAT_HOUR = timedelta(hours=7)
"""When on Monday (UTC) the heartbeat of the week before is due."""


class DueList(Protocol):
    """What must be looked at."""

    def due(self, now: int) -> Iterable[Due]:
        """What is due, the earliest first."""

    def put(self, due: Due) -> None:
        """Put something on the list."""

    def postpone(self, due: Due, at: int) -> Due | None:
        """Move it to later (seconds since 1970), with an attempt more; None if it is not on the list any
        more: done, or another function is at it."""

    def remove(self, due: Due) -> None:
        """Take something off the list."""


class Broadcast(Protocol):
    """A topic that is told of storms and of weeks."""

    @property
    def name(self) -> str:
        """What it is remembered by."""

    def publish(self, message: AlertMessage) -> str:
        """Publish one message."""

    def environment(self, account: str) -> str:
        """The account's environment, by which subscriptions filter; empty if there is none."""

    def render_storm(self, summary: StormSummary) -> AlertMessage:
        """What was held back, as this topic's subscribers get it."""

    def render_heartbeat(self, heartbeat: Heartbeat) -> AlertMessage:
        """The week, as this topic's subscribers get it."""


class Operations(Protocol):
    """Those who run Trailwarden."""

    def tell(self, subject: str, text: str) -> None:
        """Notify them."""


@dataclass(slots=True)
class TendTally:
    """What one run came to; every number stands in its log line."""

    looked_at: int = 0
    closed: int = 0
    told_late: int = 0
    """Messages that nobody had marked as told, told now."""
    failed: int = 0
    set_aside: int = 0
    """What operations was notified of, since it ended its function again and again."""
    summaries: int = 0
    heartbeats: int = 0
    silences: int = 0
    """Accounts of which operations was notified that they fell silent, or that records come again."""
    left: int = 0
    """Whether there was more than the run had time for."""


class Tender:
    """One run is `tend`; `now` gives seconds since 1970. `accounts` are those that the settings name: the
    heartbeat says where nothing was read of them, and which are `unrecorded`. `silence` looks for accounts
    that fell silent (`SilenceWatch.check`)."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        store: GroupStore,
        groups: Groups,
        due: DueList,
        outbox: Outbox,
        storms: Storms,
        set_asides: SetAsides,
        operations: Operations,
        weeks: Weeks,
        acknowledged: Acknowledged,
        notifier: Notifier,
        topics: Sequence[Broadcast],
        budgets: Budgets,
        rule_set_version: Callable[[], str],
        accounts: Collection[str],
        now: Callable[[], float],
        suppressed: Callable[[datetime], Suppressed] = lambda _since: Suppressed(),
        unrecorded: Collection[str] = (),
        silence: Callable[[], int] = lambda: 0,
    ) -> None:
        self._store = store
        self._groups = groups
        self._due = due
        self._outbox = outbox
        self._storms = storms
        self._set_asides = set_asides
        self._operations = operations
        self._weeks = weeks
        self._silence = silence
        self._figures = HeartbeatFigures(
            weeks, acknowledged, rule_set_version, accounts, suppressed, unrecorded=unrecorded
        )
        self._notifier = notifier
        self._topics = topics
        self._budgets = budgets
        self._now = now

    def tend(
        self,
        *,
        enough: Callable[[], bool] = lambda: False,
        out_of_time: Callable[[], bool] = lambda: False,
    ) -> TendTally:
        """Do what is due, until there is `enough` of it: what is left waits for the next run. Something long
        that was begun goes on until it is `out_of_time`."""
        tally = TendTally()
        self._guarded(tally, "what was set aside", lambda: self._report_set_aside(tally))
        self._guarded(tally, "the summaries", lambda: self._sum_up(tally, enough, out_of_time))
        if not enough():
            self._guarded(tally, "the heartbeat", lambda: self._heartbeat(tally))
            self._guarded(tally, "silent accounts", lambda: self._look_for_silence(tally))
        self._guarded(tally, "what is due", lambda: self._all_due(tally, enough))
        return tally

    def _guarded(self, tally: TendTally, what: str, step: Callable[[], None]) -> None:
        """One thing that fails stops only itself: it is still on the list."""
        try:
            step()
        except Exception:  # noqa: BLE001 (whatever it was, the others must not wait for it)
            tally.failed += 1
            _log.exception("%s must be looked at again", what)

    def _all_due(self, tally: TendTally, enough: Callable[[], bool]) -> None:
        for due in self._due.due(int(self._now())):
            if enough():
                tally.left = 1
                break
            self._guarded(
                tally,
                f"alert {due.alert_id}",
                lambda due=due: self._put_off_and_look(due, tally, enough),  # type: ignore[misc]
            )

    def _put_off_and_look(self, due: Due, tally: TendTally, enough: Callable[[], bool]) -> None:
        delay = min(_POSTPONED * 2 ** min(due.attempts, 10), _POSTPONED_AT_MOST)
        later = self._due.postpone(due, int(self._now()) + delay)
        if later is None:
            return
        if later.attempts > _ATTEMPTS:
            self._set_asides.add(_looked_after(due, self._outbox.alert(due.alert_id)))
        self._look(later, tally, enough)

    def _look(self, due: Due, tally: TendTally, enough: Callable[[], bool]) -> None:
        tally.looked_at += 1
        waiting = self._tell_late(due, tally, enough)
        # Whatever else it waits for, what is not told yet is to be seen to first.
        again_at = int(self._now()) + CHECK_AFTER if waiting else None
        moved = self._groups.look(due, again_at=again_at)
        if not moved.state.rule_id:
            self._due.remove(due)
        tally.closed += moved.closed

    def _tell_late(self, due: Due, tally: TendTally, enough: Callable[[], bool]) -> bool:
        """Tell what should have been told by now; whether something is not told yet."""
        waiting = False
        for message, progress in self._outbox.messages(due.alert_id):
            if progress.done or message.silent:
                continue
            if self._now() - message.written_at < CHECK_AFTER or enough():
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
        tally.told_late += outcome in {Telling.TOLD, Telling.SHORT}
        return outcome is not Telling.BUSY

    def _report_set_aside(self, tally: TendTally) -> None:
        """Notify operations, once, of what was set aside since the last run: in one message."""
        found = self._set_asides.unreported()
        if not found:
            return
        self._operations.tell(*set_aside_letter(found))
        for why in found:
            self._set_asides.reported(why)
        tally.set_aside += len(found)

    def _look_for_silence(self, tally: TendTally) -> None:
        tally.silences += self._silence()

    def _sum_up(self, tally: TendTally, enough: Callable[[], bool], out_of_time: Callable[[], bool]) -> None:
        for storm in self._storms.storms():
            if enough():
                tally.left = 1
                return
            self._guarded(
                tally,
                f"what was held back in {storm.hour}",
                lambda storm=storm: self._sum_up_hour(storm, tally, out_of_time),  # type: ignore[misc]
            )

    def _sum_up_hour(self, storm: Storm, tally: TendTally, out_of_time: Callable[[], bool]) -> None:
        """Each topic is told of what it would have been told one by one. One that fails keeps no other from
        the next summary; it is tried again, ever more rarely, and not told again what it has."""
        held, over = self._storms.count_held(storm.hour), self._is_over(storm.hour)
        if not self._wanting(storm, held, over=over):
            if over and not storm.over and not self._lacking(storm, held):
                self._storms.summarised(replace(storm, over=True))
            return
        begun = self._storms.begin_summary(storm)
        if begun is None:
            return
        brief = begun.attempts > _ATTEMPTS
        if brief:
            self._set_asides.add(_ended_in(begun))
        try:
            totals = self._totals(storm.hour, held, out_of_time, brief=brief)
        except Exception:
            self._storms.summary_failed(storm)
            raise
        failure: Exception | None = None
        for topic in self._wanting(begun, held, over=over):
            try:
                self._tell_topic(begun, topic, totals, over=over)
            except Exception as error:  # noqa: BLE001 (raised below, when the others were told)
                failure = error
        self._storms.summarised(begun)
        if failure is not None:
            raise failure
        tally.summaries += 1

    def _wanting(self, storm: Storm, held: int, *, over: bool) -> list[Broadcast]:
        """The topics that must not wait."""
        return [
            topic
            for topic in self._topics
            if self._wants_summary(storm, storm.heard.get(topic.name, Heard()), held, over=over)
        ]

    def _lacking(self, storm: Storm, held: int) -> bool:
        """Whether a topic has not heard of something that is held."""
        known = (storm.heard.get(topic.name, Heard()) for topic in self._topics)
        return any(heard.parts or held > heard.told for heard in known)

    def _wants_summary(self, storm: Storm, heard: Heard, held: int, *, over: bool) -> bool:
        """Whether what is held must not wait for the hour's end: there is ten times as much; an account or a
        protected rule that no summary has named; or more of a protected rule, some minutes after the last."""
        if self._now() < heard.again_at:
            return False
        if heard.parts:
            return True
        if held <= heard.told:
            return False
        if over or held >= _GROWTH * heard.told or storm.urgent > heard.urgent:
            return True
        return storm.protected > heard.protected and self._now() >= heard.at + _PROTECTED_AFTER

    def _is_over(self, hour: str) -> bool:
        ends = datetime.fromisoformat(f"{hour}:00:00+00:00") + timedelta(hours=1)
        return datetime.fromtimestamp(self._now(), UTC) >= ends + _SETTLED

    def _totals(self, hour: str, count: int, out_of_time: Callable[[], bool], *, brief: bool) -> StormTotals:
        totals = StormTotals(self._topics, brief=brief)
        for number, one in enumerate(self._storms.held(hour)):
            totals.add(one)
            if number % 1000 == 999 and out_of_time():
                break
        totals.unread = max(0, count - totals.messages)
        return totals

    def _tell_topic(self, storm: Storm, topic: Broadcast, totals: StormTotals, *, over: bool) -> None:
        """Every part of the summary; one that fails costs no other, and those that are out are not sent again
        with the rest. What came meanwhile is left to the next summary."""
        before, now = storm.heard.get(topic.name, Heard()), int(self._now())
        heard = before
        if not before.parts:
            told = totals.messages + totals.unread
            heard = Heard(before.number + 1, told, storm.urgent, storm.protected, now, over)
        if not totals.of(topic.name):
            self._storms.summary_told(storm, topic.name, replace(heard, number=before.number, parts=()))
            return
        failure: Exception | None = None
        shown = replace(storm, number=heard.number, over=heard.over)
        render = partial(self._written, topic)
        for summary, message in messages_of(totals.of(topic.name), shown, self._budgets, render):
            key = part_key(summary)
            if key in heard.parts:
                continue
            try:
                self._publish_part(topic, summary, message)
                heard = replace(heard, parts=(*heard.parts, key))
                if summary.parts > 1:
                    self._storms.summary_told(storm, topic.name, heard)
            except Exception as error:  # noqa: BLE001 (raised below, when the others were sent)
                failure = error
        if failure is None:
            done = replace(heard, at=now, parts=(), failures=0, again_at=0)
            self._storms.summary_told(storm, topic.name, done)
            return
        delay = min(_POSTPONED * 2 ** min(before.failures, 10), _FAILED_AT_MOST)
        known = heard if heard.parts else before
        failed = replace(known, failures=before.failures + 1, again_at=now + delay)
        self._storms.summary_told(storm, topic.name, failed)
        raise failure

    def _written(self, topic: Broadcast, summary: StormSummary) -> AlertMessage:
        """The message; brief if it cannot be written in full, whatever the reason."""
        try:
            return topic.render_storm(summary)
        except Exception:
            _log.exception("the summary of %s cannot be written in full for %s", summary.hour, topic.name)
            self._set_asides.add(_in_brief(topic, summary))
            for brief in briefer(summary):
                with suppress(Exception):
                    return topic.render_storm(brief)
            raise

    def _publish_part(self, topic: Broadcast, summary: StormSummary, message: AlertMessage) -> None:
        """One that the topic refuses goes out briefer, and at the third refusal not at all: to repeat it
        would help nobody, and would keep the hour from being summed up. Operations is notified."""
        try:
            topic.publish(message)
        except MessageRefusedError:
            _log.exception("%s refuses a part of the summary of %s", topic.name, summary.hour)
        else:
            return
        for brief in briefer(summary):
            try:
                topic.publish(topic.render_storm(brief))
            except MessageRefusedError:
                _log.exception("%s refuses even the brief summary of %s", topic.name, summary.hour)
            else:
                self._set_asides.add(_in_brief(topic, summary))
                return
        self._set_asides.add(_in_brief(topic, summary, over=True))

    def _heartbeat(self, tally: TendTally) -> None:
        """The week before the one of Monday's seven o'clock that has passed last."""
        now = datetime.fromtimestamp(self._now(), UTC)
        week = week_of(now - timedelta(days=7) - _HEARTBEAT_HOUR)
        failure: Exception | None = None
        for topic in self._topics:
            attempt = self._weeks.begin_heartbeat(week, topic.name)
            if not attempt:
                continue
            try:
                heartbeat = self._figures.of(week, brief=attempt > _ATTEMPTS)
                topic.publish(topic.render_heartbeat(heartbeat))
                self._weeks.heartbeat_told(week, topic.name)
                tally.heartbeats += 1
            except Exception as error:  # noqa: BLE001 (raised below, when the others were told)
                failure = error
                self._weeks.heartbeat_failed(week, topic.name)
        if failure is not None:
            raise failure


def _ended_in(storm: Storm) -> SetAside:
    return SetAside(
        f"STORM#{storm.hour}#{storm.number}",
        f"summing up what was held back in {storm.hour} (UTC) ended its function {storm.attempts - 1} "
        "times: the summary is sent without rows and sentences",
        attempts=storm.attempts - 1,
    )


def _looked_after(due: Due, alert: Alert | None) -> SetAside:
    return SetAside(
        f"DUE#{due.group_key}#{due.alert_id}",
        f"looking after an alert did not end {due.attempts} times: it is tried ever more rarely",
        rule_id=alert.rule_id if alert else "",
        level=alert.level if alert else "",
        account=alert.account if alert else "",
        alert_id=due.alert_id,
        attempts=due.attempts,
    )


def _in_brief(topic: Broadcast, summary: StormSummary, *, over: bool = False) -> SetAside:
    """A part of a summary that is sent in brief; if it is `over`, not at all."""
    part = f"part {summary.part} of {summary.parts} of the summary" if summary.parts > 1 else "the summary"
    became = "it was NOT sent" if over else "it is sent in brief"
    return SetAside(
        f"STORM#{summary.hour}#{summary.number}#{topic.name}#{part_key(summary)}{'#OVER' if over else ''}",
        f"{part} of what was held back in {summary.hour} (UTC), for the topic {topic.name}: {became}",
        level=summary.level,
        account=summary.account_rows[0].account if summary.accounts == 1 and summary.account_rows else "",
    )
