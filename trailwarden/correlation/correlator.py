"""Matches → the events of correlations' groups → alerts, the same for every order of arrival.

Events are written first, then read back with whatever others have written, then judged. So of two functions
that race on one group, the one that reads last sees the events of both, and what it finds is stored.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from trailwarden.alerts.grouping import (
    DEFAULT_POLICY,
    AlertPolicy,
    alert_of,
    character,
)
from trailwarden.alerts.likeness import Character
from trailwarden.alerts.model import Alert, AlertBatch, AlertGroup, AlertMatch, Evidence, without_record
from trailwarden.alerts.placement import (
    alert_id,
    group_key,
    hour_of,
    seconds_of,
    time_of,
    whole_hours,
)
from trailwarden.alerts.title import ACTOR, names_actor
from trailwarden.correlation.plan import Plan, kept_fields
from trailwarden.correlation.windows import DAY, GroupEvent, group_events, satisfied, value_of, window_start
from trailwarden.delivery.records import Record
from trailwarden.engine.match import Match, match_id
from trailwarden.errors import TrailwardenError
from trailwarden.rules.ruleset import EVENTS_PER_STRETCH, Correlation, CorrelationType, RuleSet
from trailwarden.state.correlations import CorrelationEvent, CorrelationGroup, CorrelationStore
from trailwarden.state.protocol import RevisableAlertStore
from trailwarden.state.retrying import PATIENT, Patience, jitter

_HOUR = 3600
_REMEMBERED = 50_000
_AT_ONCE = jitter(0.02)
"""How long to wait before a group is judged again: its events are there already."""


class UnsettledGroupError(TrailwardenError):
    """A group whose events changed each time that it was judged; the notice must come again."""


@dataclass(slots=True)
class CorrelationTally:
    """What the matches came to."""

    events: int = 0
    missing_group: int = 0
    """Matches that a correlation skipped, for a value of its group was missing."""
    missing_time: int = 0
    """Matches that a correlation skipped, for their record has no time."""
    alerts: int = 0
    """Alerts that are new."""


@dataclass(frozen=True, slots=True)
class _InHand:
    """An event to be judged, and the record that an alert can show for it."""

    event: CorrelationEvent
    record: Record
    evidence: Evidence
    whole: bool = True
    """Whether the record is all of it, or what was kept."""


@dataclass(slots=True)
class _Hour:
    """What is found in an hour: by match id, the events of the windows that were satisfied in it."""

    earliest: CorrelationEvent
    """The first of these events."""
    matches: dict[str, AlertMatch] = field(default_factory=dict)
    actors: dict[str, None] = field(default_factory=dict)
    """Who acted in them, if the correlation's sentence names that; empty for an event that does not say."""
    counted: int = 0
    """The place from which on events are not yet among `matches`: windows only move on."""


class Correlator:
    """The correlations of one rule set over one state.

    `first_seen` needs of each value and day (UTC) the earliest event alone. `_earliest` remembers those that
    are stored and judged, so that the many that come after them on the day cost nothing.
    """

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        rule_set: RuleSet,
        events: CorrelationStore,
        alerts: RevisableAlertStore,
        *,
        limit: int = EVENTS_PER_STRETCH,
        policy: AlertPolicy = DEFAULT_POLICY,
        patience: Patience = PATIENT,
    ) -> None:
        self.patience = patience
        """How long a group is judged again whose events others add to meanwhile."""
        self.plan = Plan(rule_set, limit=limit)
        self.policy = policy
        self.version = rule_set.version
        self.most_counted = 2 * limit
        """How many events of an hour count at most: two stretches full."""
        self.events = events
        self.alerts = alerts
        self._earliest: dict[tuple[str, str], tuple[str, str]] = {}

    def says_nothing_new(self, key: tuple[str, str], event: CorrelationEvent) -> bool:
        """Whether an earlier event of the same value and day has been stored and judged."""
        return key in self._earliest and self._earliest[key] <= event.rank

    def remember(self, key: tuple[str, str], event: CorrelationEvent) -> None:
        """This event has been stored and judged."""
        if len(self._earliest) >= _REMEMBERED:
            self._earliest.clear()
        self._earliest[key] = min(event.rank, self._earliest.get(key, event.rank))

    def batch(self) -> "CorrelationBatch":
        """For the matches of one file, or of a part of it."""
        return CorrelationBatch(self)


class CorrelationBatch:
    """Takes matches; `flush` stores them and judges the groups that they belong to.

    One that is dropped before `flush` has changed nothing; one that fails in it can be made again.
    """

    def __init__(self, correlator: Correlator) -> None:
        self._correlator = correlator
        self._plan = correlator.plan
        self._findings = {one.id for one in correlator.plan.order}
        self._version = correlator.version
        self._most_counted = correlator.most_counted
        self._events = correlator.events
        self._alerts = correlator.alerts
        self._waiting: dict[str, dict[tuple[str, str], _InHand]] = {}
        self.tally = CorrelationTally()
        self.pending = 0

    def add(self, match: Match, log_file: str) -> None:
        """Take a match, wherever it is referred to."""
        for feed in self._plan.fed_by(match.rule.id):
            if match.event_time is None:
                self.tally.missing_time += 1
                continue
            event = CorrelationEvent(
                time=match.event_time,
                match_id=match.id,
                event_id=match.event_id,
                rule_id=match.rule.id,
                log_file=log_file,
                record_index=match.record_index,
                fields=kept_fields(match.record, feed.paths),
            )
            evidence = Evidence(log_file, match.record_index)
            self._wait(feed.correlation, _InHand(event, match.record, evidence))

    def flush(self) -> int:
        """Store and judge what waits, correlations after those that they are built on. Returns how many
        alerts are new."""
        opened = 0
        for correlation in self._plan.order:
            waiting = self._waiting.pop(correlation.id, {})
            by_group: dict[str, tuple[dict[str, str], CorrelationGroup, list[_InHand]]] = {}
            for one in waiting.values():
                group = self._plan.group(correlation, one.event.rule_id, one.event.fields) or {}
                place = self._plan.place(correlation, group)
                by_group.setdefault(place.key, (group, place, []))[2].append(one)
            for group, place, in_hand in by_group.values():
                known = [self._characterised(one) for one in in_hand]
                self._events.add(place, [one.event for one in known])
                opened += self._judge(_Judged(correlation, group, place), known)
            if correlation.type is CorrelationType.FIRST_SEEN:
                for key, one in waiting.items():
                    self._correlator.remember(key, one.event)
        self.pending = 0
        self.tally.alerts += opened
        return opened

    def _characterised(self, one: _InHand) -> _InHand:
        """The event with what alerts know it by again; what a correlation handed on has that already."""
        if one.event.character or one.event.rule_id in self._findings:
            return one
        known = {name: text for name, text in asdict(character(one.record)).items() if text}
        return replace(one, event=replace(one.event, character=known))

    def _wait(self, correlation: Correlation, one: _InHand) -> None:
        group = self._plan.group(correlation, one.event.rule_id, one.event.fields)
        if group is None:
            self.tally.missing_group += 1
            return
        waiting = self._waiting.setdefault(correlation.id, {})
        if correlation.type is CorrelationType.FIRST_SEEN:
            key = _value_of_day(correlation, self._plan.place(correlation, group), one.event)
            self.tally.events += 1
            if self._correlator.says_nothing_new(key, one.event):
                return
            self.pending += key not in waiting
            waiting[key] = min(one, waiting.get(key, one), key=lambda known: known.event.rank)
        elif waiting.setdefault(one.event.rank, one) is one:
            self.tally.events += 1
            self.pending += 1

    def _judge(self, judged: "_Judged", in_hand: Iterable[_InHand]) -> int:
        ordered = sorted(in_hand, key=lambda one: one.event.rank)
        return sum(self._judge_run(judged, run) for run in _runs(ordered, judged.correlation.timespan))

    def _judge_run(self, judged: "_Judged", run: list[_InHand]) -> int:
        """Judge the windows that hold an event of the run, which is no longer than a timespan.

        Where findings can be undone, whole hours are judged, and again until the events that were judged are
        those that are there after the alerts were written: the last of several functions to write is right.
        """
        opened = 0
        for _ in self._correlator.patience.tries(_AT_ONCE):
            stored = self._read(judged, run)
            opened += self._tell(judged, run, stored)
            if judged.correlation.steady or self._read(judged, run) == stored:
                return opened
        raise UnsettledGroupError(
            f"{judged.correlation.title}: its events change faster than they are judged"
        )

    def _read(self, judged: "_Judged", run: list[_InHand]) -> list[CorrelationEvent]:
        """All events that the windows to be judged can hold."""
        place, (first, last) = judged.place, judged.affected(run)
        begins = place.number(time_of(window_start(judged.correlation, first)))
        ends = place.number(time_of(last))
        return [event for number in range(begins, ends + 1) for event in self._events.read(place, number)]

    def _tell(self, judged: "_Judged", run: list[_InHand], stored: list[CorrelationEvent]) -> int:
        """Store what the alerts of these events count; hand on what satisfies. Returns new alerts."""
        correlation = judged.correlation
        events = group_events(correlation, stored)
        first, last = judged.affected(run)
        hours: dict[str, _Hour] = {}
        named = names_actor(correlation)
        for anchor in satisfied(correlation, events):
            event = events[anchor.place]
            if not first <= event.seconds <= last:
                continue
            place = hour_of(event.event.time)
            hour = hours.setdefault(place, _Hour(events[anchor.first].event))
            for one in events[max(anchor.first, hour.counted) : anchor.last + 1]:
                counted = _counted(correlation, one, place)
                hour.matches[counted.match_id] = counted
                if named:
                    hour.actors[one.event.fields.get(ACTOR, "")] = None
            hour.counted = anchor.last + 1
            self._hand_on(judged, event, run)
        if not correlation.generates:
            return 0
        if not correlation.steady:
            inside = [one.event.time for one in events if first <= one.seconds <= last]
            self._withdraw(judged, hours, inside)
        return self._alerts.add(list(self._batches(judged, hours, run)))

    def _batches(
        self, judged: "_Judged", hours: dict[str, _Hour], run: list[_InHand]
    ) -> Iterator[AlertBatch]:
        """What the group does not count yet, by the hour: nothing is written twice."""
        correlation, group = judged.correlation, judged.group
        key = group_key(correlation.id, group, staged=correlation.staged)
        quiet = whole_hours(self._correlator.policy.quiet_of(correlation))
        for place, hour in hours.items():
            known = self._alerts.matches_of(key, place)
            fresh = [match for match_id, match in hour.matches.items() if match_id not in known]
            room = max(0, self._most_counted - len(known))
            yield AlertBatch(
                AlertGroup(key, correlation.id, group, correlation.staged, quiet),
                tuple(fresh[:room]),
                partial(self._alert, judged, place, hour, run),
                placed=place,
                revisable=not correlation.steady,
            )

    def _alert(self, judged: "_Judged", place: str, hour: _Hour, run: list[_InHand]) -> Alert:
        """The alert as what is in hand shows it."""
        correlation, group = judged.correlation, judged.group
        quiet = whole_hours(self._correlator.policy.quiet_of(correlation))
        shown = _shown(correlation, hour, run)
        if shown is None:
            shown = _kept(hour.earliest, group)
        times = [match.event_time for match in hour.matches.values() if match.event_time]
        alert = alert_of(
            correlation,
            shown.record,
            shown.evidence,
            identity=alert_id(correlation.id, group, place, quiet=quiet, staged=correlation.staged),
            group=group,
            count=min(len(hour.matches), self._most_counted),
            times=(min(times), max(times)),
            version=self._version,
            quiet=quiet,
            actors=tuple(hour.actors),
            outcome=_common([match.character.outcome for match in hour.matches.values()]),
        )
        alert = self._correlator.policy.adjust(alert)
        return alert if shown.whole else without_record(alert)

    def _withdraw(self, judged: "_Judged", hours: dict[str, _Hour], times: Iterable[str]) -> None:
        """Take back what the group counts no longer in the events' hours."""
        correlation = judged.correlation
        key = group_key(correlation.id, judged.group, staged=correlation.staged)
        for place in {hour_of(time) for time in times}:
            held = hours[place].matches.keys() if place in hours else set()
            gone = self._alerts.matches_of(key, place) - held
            if gone:
                self._alerts.withdraw(key, place, gone)

    def _hand_on(self, judged: "_Judged", event: GroupEvent, run: list[_InHand]) -> None:
        """An event that satisfies a correlation is an event for those that refer to it."""
        correlation, item = judged.correlation, event.event
        near = next((one for one in run if one.event.event_id == item.event_id), None)
        shown = near or _kept(item, judged.group)
        for feed in self._plan.fed_by(correlation.id):
            fields = {path: item.fields[path] for path in feed.paths if path in item.fields}
            handed = CorrelationEvent(
                time=item.time,
                match_id=match_id(correlation.id, item.event_id),
                event_id=item.event_id,
                rule_id=correlation.id,
                log_file=item.log_file,
                record_index=item.record_index,
                fields=fields,
                character=item.character,
            )
            self._wait(feed.correlation, replace(shown, event=handed))


@dataclass(frozen=True, slots=True)
class _Judged:
    """A group that is judged."""

    correlation: Correlation
    group: dict[str, str]
    place: CorrelationGroup

    def affected(self, run: list[_InHand]) -> tuple[int, int]:
        """From when to when (seconds, both included) an event of the run can change what holds."""
        first = seconds_of(run[0].event.time)
        last = seconds_of(run[-1].event.time) + self.correlation.timespan
        if not self.correlation.steady:
            unit = DAY if self.correlation.type is CorrelationType.FIRST_SEEN else _HOUR
            first, last = first - first % unit, last - last % unit + unit - 1
        return first, last


def _runs(ordered: list[_InHand], timespan: int) -> Iterator[list[_InHand]]:
    """The events in runs no longer than a timespan, so that what is read for each is bounded."""
    run: list[_InHand] = []
    for one in ordered:
        if run and seconds_of(one.event.time) - seconds_of(run[0].event.time) > timespan:
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _value_of_day(
    correlation: Correlation, place: CorrelationGroup, event: CorrelationEvent
) -> tuple[str, str]:
    """What tells the events of a value and a day from others."""
    value = value_of(correlation, event)
    return place.key + event.time[: len("2026-01-31")], "" if value is None else f"={value}"


def _counted(correlation: Correlation, one: GroupEvent, place: str) -> AlertMatch:
    """The event as the group counts it."""
    item = one.event
    return AlertMatch(
        match_id(correlation.id, item.event_id),
        item.event_id,
        item.time,
        Evidence(item.log_file, item.record_index),
        placed=place,
        character=Character(**item.character),
    )


def _common(outcomes: Iterable[str]) -> str:
    """How all ended; empty if they ended in several ways."""
    different = {*outcomes}
    return different.pop() if len(different) == 1 else ""


def _shown(correlation: Correlation, hour: _Hour, run: list[_InHand]) -> _InHand | None:
    """The record that the alert shows: the earliest one in hand that it counts. None if it counts none of
    these: one that came late satisfied it together with others, or counts for nothing."""
    for one in run:
        if match_id(correlation.id, one.event.event_id) in hour.matches:
            return one
    return None


def _kept(event: CorrelationEvent, group: dict[str, str]) -> _InHand:
    """An event whose record is not in hand: what was kept of it, for the title, and where it lies."""
    record: Record = {"eventTime": event.time}
    if "account" in group:
        record["recipientAccountId"] = group["account"]
    for path, text in event.fields.items():
        *above, name = path.split(".")
        inner: Any = record
        for each in above:
            inner = inner.setdefault(each, {}) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner[name] = text
    return _InHand(event, record, Evidence(event.log_file, event.record_index), whole=False)
