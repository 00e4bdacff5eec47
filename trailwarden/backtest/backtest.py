"""Matches in, a report out, in one pass and in bounded memory.

Alerts are told apart as `alerts.grouping` does (by rule, group and quiet time) and correlations judged as
`detect` does, so that what is counted is what people would have been told. Events delivered twice count once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import msgspec

from trailwarden.alerts.attempts import outcome_word
from trailwarden.alerts.fields import account, actor, field_text, origin, outcome, region
from trailwarden.alerts.grouping import alert_of, character, group_of
from trailwarden.alerts.model import Alert, Evidence
from trailwarden.alerts.placement import DEFAULT_QUIET, group_key
from trailwarden.alerts.title import alert_title
from trailwarden.alerts.variety import VarietyTally
from trailwarden.backtest.counting import Openings, Remembered, Shares, Span
from trailwarden.backtest.report import Day, ExceptionResult, Group, Reach, Report, RuleResult, Sample
from trailwarden.backtest.rules import BacktestRules, Hidden
from trailwarden.correlation.correlator import CorrelationBatch, Correlator
from trailwarden.delivery.records import Record
from trailwarden.engine.match import Match, match_id
from trailwarden.engine.visibility import Visibility
from trailwarden.messages.overview import all_failed, of_all, some_failed
from trailwarden.messages.story import told_title
from trailwarden.rules.ruleset import VISIBILITY_RULE_ID, Correlation, Level, Rule
from trailwarden.safety.redact import redacted_record
from trailwarden.safety.text import one_line
from trailwarden.state.memory import MemoryAlertStore, MemoryCorrelationStore

_CORRELATE_EVERY = 5000  # matches held in memory before their correlations are judged
_LONGEST_FILE = 366  # days: a file that spans more counts with its first and last day alone
_DAY, _HOUR = slice(0, 10), slice(11, 13)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is remembered, and how much is shown."""

    matches: int = 2_000_000
    alerts: int = 1_000_000
    values: int = 20_000
    groups: int = 50_000
    shown_values: int = 10
    shown_groups: int = 25
    samples: int = 3
    """Of each rule, and of each exception."""
    faults: int = 100


@dataclass(slots=True)
class _Counted:
    """What one rule came to."""

    rule: Rule | Correlation
    days: dict[str, list[int]] = field(default_factory=dict)
    matches: int = 0
    hidden: int = 0
    alerts: int = 0
    samples: dict[str, Sample] = field(default_factory=dict)
    """By group, the first that was met: samples that differ say more."""

    def count(self, time: str | None, matches: int, alerts: int) -> None:
        self.matches += matches
        self.alerts += alerts
        if time is not None:
            day = self.days.setdefault(time[_DAY], [0, 0])
            day[0] += matches
            day[1] += alerts


@dataclass(slots=True)
class _CountedGroup:
    rule: Rule | Correlation
    group: dict[str, str]
    title: str
    matches: int = 0
    alerts: int = 0
    span: Span = field(default_factory=Span)
    variety: VarietyTally = field(default_factory=VarietyTally)

    def told(self) -> str:
        """A sentence that is true of all that it counts."""
        if self.matches == 1 or (isinstance(self.rule, Correlation) and self.alerts == 1):
            return self.title
        variety = self.variety.made()
        if variety.alike:
            return self.title
        said = of_all(one_line(self.rule.title), self.group, variety)
        every, some = all_failed(variety, self.matches), some_failed(variety, self.matches)
        ending = f"all {every}" if every else some
        return f"{said}: {ending}" if ending else said


@dataclass(slots=True)
class _CountedException:
    hidden: Hidden
    matches: int = 0
    alerts: int = 0
    rules: dict[str, int] = field(default_factory=dict)
    span: Span = field(default_factory=Span)
    samples: dict[str, Sample] = field(default_factory=dict)


class Backtest:
    """Counts what the rules of `rules.watched` match. `add` takes each match, `file` and `fault` what was
    read besides; `report` ends it."""

    def __init__(self, rules: BacktestRules, limits: Limits | None = None) -> None:
        self._rules = rules
        self._limits = limits or Limits()
        self._visibility = Visibility(rules.deployed)
        self._correlated = MemoryAlertStore()
        self._batch: CorrelationBatch = Correlator(
            rules.deployed, MemoryCorrelationStore(), self._correlated
        ).batch()
        self._seen = Remembered(self._limits.matches)
        self._opened = Openings(self._limits.alerts)
        known: list[Rule | Correlation] = [*rules.deployed.rules, *rules.deployed.correlations]
        self._counted = {rule.id: _Counted(rule) for rule in known}
        self._exceptions: dict[str, _CountedException] = {}
        for hidden in rules.hidden.values():
            self._exceptions.setdefault(hidden.filter.id, _CountedException(hidden))
        self._groups: dict[tuple[str, ...], _CountedGroup] = {}
        self._groups_full = False
        values = self._limits.values
        self._accounts, self._actors = Shares(values), Shares(values)
        self._events, self._origins = Shares(values), Shares(values)
        self._hours = [[0] * 24 for _ in range(7)]
        self._span, self._days = Span(), set[date]()
        self._files = self._passed_over = self._records = self._repeats = 0
        self._faults: list[str] = []
        self._fault_count = 0

    def file(self, *, records: int, oldest: str | None, newest: str | None) -> None:
        """Count a log file that was read, and the times of its records."""
        self._files += 1
        self._records += records
        self._span.add(oldest)
        self._span.add(newest)
        if oldest is not None and newest is not None:
            first, last = date.fromisoformat(oldest[_DAY]), date.fromisoformat(newest[_DAY])
            length = (last - first).days
            between = range(length + 1) if length <= _LONGEST_FILE else (0, length)
            self._days.update(first + timedelta(days=number) for number in between)

    def passed_over(self, files: int) -> None:
        """Count files that rules have no use for."""
        self._passed_over += files

    def fault(self, text: str) -> None:
        """Count and keep what could not be read."""
        self._fault_count += 1
        if len(self._faults) < self._limits.faults:
            self._faults.append(text)

    def add(self, match: Match, log_file: str) -> None:
        """Count one match, of a rule or of a twin."""
        hidden = self._rules.hidden.get(match.rule.id)
        if hidden is not None:
            self._hide(hidden, match, log_file)
            return
        if match.rule.id == VISIBILITY_RULE_ID:
            rule = self._visibility.rule(match.record)
            if rule is None:  # only a twin went blind
                return
            match = msgspec.structs.replace(match, rule=rule)
        if not self._seen.is_new(match.id):
            self._repeats += 1
            return
        self._batch.add(match, log_file)
        if self._batch.pending >= _CORRELATE_EVERY:
            self._batch.flush()
        self._count(match, log_file)

    def _count(self, match: Match, log_file: str) -> None:
        rule, record, time = match.rule, match.record, match.event_time
        counted = self._counted.setdefault(rule.id, _Counted(rule))
        group = group_of(match)
        alerts = self._open(rule, rule.id, group, time)
        counted.count(time, 1, alerts)
        self._count_values(record, 1, alerts)
        if time is not None:
            self._hours[date.fromisoformat(time[_DAY]).weekday()][int(time[_HOUR])] += 1
        self._keep_sample(counted.samples, match, group, log_file)
        if rule.generates:
            entry = self._count_group(rule, group, lambda: _first_title(match, group), (1, alerts), (time,))
            if entry is not None:
                shown = character(record, rule, group)
                entry.variety.take(shown, (time or "", match.id))

    def _open(self, rule: Rule, identity: str, group: dict[str, str], time: str | None) -> int:
        """How many alerts a match adds; those of staged rules count as if they were told."""
        if not rule.generates:
            return 0
        return self._opened.opened(group_key(identity, group), time, rule.quiet or DEFAULT_QUIET)

    def _count_values(self, record: Record, matches: int, alerts: int) -> None:
        self._accounts.count(account(record), matches, alerts)
        self._actors.count(actor(record), matches, alerts)
        self._events.count(_event(record), matches, alerts)
        self._origins.count(origin(record), matches, alerts)

    def _count_group(
        self,
        rule: Rule | Correlation,
        group: dict[str, str],
        title: Callable[[], str],
        counts: tuple[int, int],
        times: tuple[str | None, ...],
    ) -> "_CountedGroup | None":
        key = (rule.id, *group.values())
        entry = self._groups.get(key)
        if entry is None:
            if len(self._groups) >= self._limits.groups:
                self._groups_full = True
                return None
            entry = self._groups[key] = _CountedGroup(rule, group, title())
        entry.matches += counts[0]
        entry.alerts += counts[1]
        for time in times:
            entry.span.add(time)
        return entry

    def _keep_sample(
        self, samples: dict[str, Sample], match: Match, group: dict[str, str], log_file: str
    ) -> None:
        key = "\n".join(group.values())
        if len(samples) < self._limits.samples and key not in samples:
            samples[key] = _sample(match, log_file)

    def _hide(self, hidden: Hidden, match: Match, log_file: str) -> None:
        """Count a match that a filter takes from its rule."""
        if not self._seen.is_new(match.id):
            return
        entry = self._exceptions[hidden.filter.id]
        rule = hidden.rule
        if self._seen.is_new(match_id(f"hidden {rule.id}", match.event_id)):
            self._counted[rule.id].hidden += 1
        group = group_of(match)
        entry.matches += 1
        entry.rules[rule.id] = entry.rules.get(rule.id, 0) + 1
        entry.span.add(match.event_time)
        entry.alerts += self._open(rule, f"hidden {hidden.filter.id} {rule.id}", group, match.event_time)
        shown = msgspec.structs.replace(match, rule=rule)
        self._keep_sample(entry.samples, shown, group, log_file)

    def report(self) -> Report:
        """What was found. Call it once, at the end."""
        self._batch.flush()
        for alert in self._correlated.standing():
            self._count_correlated(alert)
        shown = self._limits.shown_values
        rules = sorted(map(_rule_result, self._counted.values()), key=_worst_first)
        return Report(
            rule_set_version=self._rules.deployed.version,
            reach=Reach(
                self._files,
                self._passed_over,
                self._records,
                self._span.first,
                self._span.last,
                len(self._days),
            ),
            matches=sum(rule.matches for rule in rules),
            repeats=self._repeats,
            hidden=sum(rule.hidden for rule in rules),
            alerts=sum(rule.alerts for rule in rules),
            rules=tuple(rules),
            accounts=self._accounts.top(shown),
            actors=self._actors.top(shown),
            events=self._events.top(shown),
            origins=self._origins.top(shown),
            hours=tuple(map(tuple, self._hours)),
            groups=self._top_groups(),
            samples=tuple(
                sample for rule in rules for sample in _in_time(self._counted[rule.id].samples.values())
            ),
            exceptions=tuple(map(_exception_result, self._exceptions.values())),
            fault_count=self._fault_count,
            faults=tuple(self._faults),
            notes=tuple(self._notes()),
        )

    def _count_correlated(self, alert: Alert) -> None:
        counted = self._counted[alert.rule_id]
        counted.count(alert.first_event_time, 0, 1)
        self._count_values(alert.record, 0, 1)
        times = (alert.first_event_time, alert.last_event_time)
        # Its own title was made when it was opened, and may say fewer events than it counts now.
        self._count_group(
            counted.rule,
            alert.group,
            lambda: alert_title(counted.rule, alert.record, alert.group, alert.count),
            (alert.count, 1),
            times,
        )

    def _top_groups(self) -> tuple[Group, ...]:
        found = sorted(
            self._groups.values(), key=lambda one: (-one.alerts, -one.matches, -one.rule.level, one.title)
        )
        return tuple(
            Group(
                one.rule.id,
                one_line(one.rule.title),
                str(one.rule.level),
                one.group,
                one.told(),
                one.matches,
                one.alerts,
                one.span.first,
                one.span.last,
            )
            for one in found[: self._limits.shown_groups]
        )

    def _notes(self) -> list[str]:
        notes = []
        if self._seen.full:
            notes.append(f"More than {self._limits.matches:,} matches: events met twice may count twice.")
        if self._opened.full:
            notes.append(f"More than {self._limits.alerts:,} alerts: some may count twice.")
        if self._groups_full:
            notes.append(f"More than {self._limits.groups:,} groups: those met later are not among the top.")
        if any(one.full for one in (self._accounts, self._actors, self._events, self._origins)):
            notes.append(f"More than {self._limits.values:,} different values: the rest are others.")
        return notes


def _event(record: Record) -> str:
    """`iam CreateUser`: the service, without the domain that all have, and the call."""
    source, name = field_text(record, "eventSource"), field_text(record, "eventName")
    return one_line(f"{source.removesuffix('.amazonaws.com')} {name}")


def _title(rule: Rule, record: Record) -> str:
    """The sentence of a rule, as an alert would have it."""
    return alert_title(rule, redacted_record(record), outcome=outcome_word(record))


def _first_title(match: Match, group: dict[str, str]) -> str:
    """The sentence that an alert of this match alone would have."""
    alert = alert_of(
        match.rule,
        match.record,
        Evidence("", 0),
        identity="",
        group=group,
        count=1,
        times=(match.event_time, match.event_time),
        version="",
    )
    return told_title(alert)


def _sample(match: Match, log_file: str) -> Sample:
    record = match.record
    return Sample(
        rule_id=match.rule.id,
        rule_title=one_line(match.rule.title),
        level=str(match.rule.level),
        event_time=match.event_time,
        actor=actor(record),
        account=account(record),
        region=region(record),
        origin=origin(record),
        event=_event(record),
        outcome=outcome(record),
        title=_title(match.rule, record),
        log_file=one_line(log_file, 1100),
        record_index=match.record_index,
    )


def _in_time(samples: Iterable[Sample]) -> list[Sample]:
    return sorted(samples, key=lambda sample: sample.event_time or "")


def _rule_result(counted: _Counted) -> RuleResult:
    rule = counted.rule
    days = tuple(Day(day, *counts) for day, counts in sorted(counted.days.items()))
    return RuleResult(
        id=rule.id,
        title=one_line(rule.title),
        level=str(rule.level),
        status=rule.status,
        correlation=isinstance(rule, Correlation),
        generates=rule.generates,
        matches=counted.matches,
        hidden=counted.hidden,
        alerts=counted.alerts,
        days=days,
    )


def _worst_first(rule: RuleResult) -> tuple[int, int, int, str]:
    return -rule.alerts, -rule.matches, -Level[rule.level.upper()], rule.title


def _exception_result(counted: _CountedException) -> ExceptionResult:
    source = counted.hidden.filter
    return ExceptionResult(
        id=source.id,
        title=one_line(source.title),
        owner=one_line(source.owner),
        reason=one_line(source.reason, 1000),
        path=source.path,
        line=source.line,
        matches=counted.matches,
        alerts=counted.alerts,
        rules=counted.rules,
        first_event_time=counted.span.first,
        last_event_time=counted.span.last,
        samples=tuple(_in_time(counted.samples.values())),
    )
