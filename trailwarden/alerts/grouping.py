"""Matches → alerts: the stretches of a rule's and group's matches without a gap of the quiet time.

Which they are is a function of the set of matches (docs/architecture.md, "Alerts over time"): any order of
arrival, any split into files and any repeat ends in the same alerts with the same counts.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from trailwarden.alerts.attempts import outcome_word
from trailwarden.alerts.details import details
from trailwarden.alerts.fields import account, field_text, origin, principal, region, safe_view, target
from trailwarden.alerts.likeness import Character
from trailwarden.alerts.model import Alert, AlertBatch, AlertGroup, AlertMatch, Evidence
from trailwarden.alerts.placement import DEFAULT_QUIET, alert_id, group_key, seconds_of
from trailwarden.alerts.title import alert_title, sentence_fields, wording
from trailwarden.alerts.variety import VarietyTally
from trailwarden.delivery.records import Record
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, Rule
from trailwarden.safety.redact import redacted_record

DEFAULT_GROUP_BY = ("actor", "account")
_TIMELESS = -1
_ACTION_LIMIT = 100

Adjust = Callable[[Alert], Alert]
"""What the settings make of an alert: another level in some accounts."""


def unchanged(alert: Alert) -> Alert:
    """The alert as its rule has it."""
    return alert


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """What the settings say of all alerts: the quiet time (seconds) of rules that name none, and what becomes
    of an alert of some accounts."""

    quiet: int = DEFAULT_QUIET
    adjust: Adjust = unchanged

    def quiet_of(self, rule: Rule | Correlation) -> int:
        """The quiet time of a rule's alerts, in seconds."""
        return rule.quiet or self.quiet


DEFAULT_POLICY = AlertPolicy()


def group_of(match: Match) -> dict[str, str]:
    """The values that tell two alerts of one rule apart, by the names of their fields; no secrets."""
    names = match.rule.group_by or DEFAULT_GROUP_BY
    shown = safe_view(match.record, names)
    return {name: field_text(shown, name) for name in names}


@dataclass(frozen=True, slots=True)
class PlacedMatch:
    """A match and the group that it belongs to; its record is asked for only where it is looked at."""

    rule: Rule
    match_id: str
    event_id: str
    event_time: str | None
    group_key: str
    group: dict[str, str]
    record: Callable[[], Record]
    size: int = 0
    """About how many bytes of memory `record` holds, if that is to be known."""
    shown: Character | None = None
    """What the match is known again by, if somebody has looked; else it is read from the record."""

    def look(self) -> Character:
        """What the match is known again by."""
        return self.shown or character(self.record(), self.rule, self.group)


def placed(match: Match, record: Callable[[], Record] | None = None, size: int = 0) -> PlacedMatch:
    """The match with the group that it belongs to, none if its rule only feeds correlations; `record` gives
    its record, of so many bytes, if the match is not to be held for it."""
    rule = match.rule
    group = group_of(match) if rule.generates else {}
    key = group_key(rule.id, group, staged=rule.staged) if rule.generates else ""
    return PlacedMatch(
        rule, match.id, match.event_id, match.event_time, key, group, record or (lambda: match.record), size
    )


@dataclass(slots=True)
class Run:
    """Matches of a group without a gap, as far as they are known here. Times are in seconds since 1970."""

    first: int
    last: int
    earliest: tuple[str, str]
    """Event time and match id of the record that the alert shows."""
    match: PlacedMatch
    evidence: Evidence
    begins: str | None
    ends: str | None
    count: int = 0
    pending: list[AlertMatch] = field(default_factory=list)
    variety: VarietyTally | None = None
    """What differs among its matches; None if nobody asks, or there is one."""

    def look(self) -> VarietyTally:
        """What differs among its matches: of one, what it is."""
        if self.variety is None:
            self.variety = VarietyTally()
            self._show(self.match)
        return self.variety

    def _show(self, match: PlacedMatch) -> None:
        self.look().take(match.look(), (match.event_time or "", match.match_id))

    @property
    def size(self) -> int:
        """About how many bytes of memory it holds, its record included."""
        return self.match.size + (self.variety.size if self.variety is not None else 0)

    def take(self, other: "Run", *, looking: bool) -> None:
        """Count the matches of another run of the same group too, `looking` at what differs among them."""
        if looking and other.variety is None:
            self._show(other.match)
        elif looking:
            self.look().merge(other.look())
        if other.earliest < self.earliest:
            self.earliest, self.match, self.evidence = other.earliest, other.match, other.evidence
        if other.first < self.first:
            self.first, self.begins = other.first, other.begins
        if other.last > self.last:
            self.last, self.ends = other.last, other.ends
        self.count += other.count
        self.pending += other.pending


class AlertGrouper:
    """Takes matches in any order; gives the alerts that they make.

    Memory: one 32-digit id a match (unless `is_new` remembers them elsewhere), and an entry an alert, of
    those that were not yet handed over.
    """

    def __init__(
        self,
        rule_set_version: str,
        *,
        keep_matches: bool = False,
        policy: AlertPolicy = DEFAULT_POLICY,
        is_new: Callable[[str], bool] | None = None,
    ) -> None:
        self._version = rule_set_version
        self._keep_matches = keep_matches
        self._policy = policy
        self._seen: set[str] = set()
        self._is_new = is_new or self._unseen
        self._runs: dict[str, list[Run]] = {}
        self.pending = 0

    def add(self, match: Match, log_file: str) -> bool:
        """Count `match`. False where the same rule has met the same event before: told once, counted once.

        A rule that only feeds correlations opens no alert."""
        if match.rule.generates:
            return self.add_placed(placed(match), Evidence(log_file, match.record_index))
        return self._is_new(match.id)

    def add_placed(self, match: PlacedMatch, evidence: Evidence) -> bool:
        """The same for a match whose group has been found already, in another process."""
        if not self._is_new(match.match_id):
            return False
        if not match.rule.generates:
            return True
        time = match.event_time
        at = _TIMELESS if time is None else seconds_of(time)
        run = Run(at, at, (time or "", match.match_id), match, evidence, time, time, count=1)
        if self._keep_matches:
            run.pending.append(match_to_store(match, evidence))
            self.pending += 1
        self._join(self._runs.setdefault(match.group_key, []), run)
        return True

    def _unseen(self, match_id: str) -> bool:
        if match_id in self._seen:
            return False
        self._seen.add(match_id)
        return True

    def _join(self, runs: list[Run], new: Run) -> None:
        """Put a run of one match among its group's, which stay in the order of time and apart."""
        quiet, looking = self._policy.quiet_of(new.match.rule), not self._keep_matches
        place = bisect_left(runs, new.first, key=lambda run: run.first)
        before = runs[place - 1] if place else None
        after = runs[place] if place < len(runs) else None
        if before is not None and _near(before, new, quiet):
            before.take(new, looking=looking)
            if after is not None and _near(before, after, quiet):
                before.take(after, looking=looking)
                del runs[place]
        elif after is not None and _near(new, after, quiet):
            after.take(new, looking=looking)
        else:
            runs.insert(place, new)

    def held(self) -> tuple[int, int]:
        """How many runs were not handed over, and how many bytes they hold."""
        sizes = [run.size for runs in self._runs.values() for run in runs]
        return len(sizes), sum(sizes)

    def alerts(self) -> list[Alert]:
        """Every alert (of what was not handed over), worst first, then by the time of its first event."""
        found = [(run.match.rule.level, self.alert(run)) for runs in self._runs.values() for run in runs]
        found.sort(key=lambda pair: (-pair[0], pair[1].first_event_time or "", pair[1].alert_id))
        return [alert for _, alert in found]

    def drain(self) -> list[AlertBatch]:
        """Hand over the matches added since the last call, a batch for each stretch of a group's; needs
        `keep_matches`. Which alerts they belong to is for the store to say, which knows of those before."""
        return [self._batch(key, run) for key, run in self.hand_over()]

    def hand_over(self) -> list[tuple[str, Run]]:
        """Hand over the runs of matches added since the last call, each with the key of its group."""
        handed_over, self._runs, self.pending = self._runs, {}, 0
        return [(key, run) for key, runs in handed_over.items() for run in runs]

    def _batch(self, key: str, run: Run) -> AlertBatch:
        rule = run.match.rule
        group = AlertGroup(key, rule.id, run.match.group, rule.staged, self._policy.quiet_of(rule))
        return AlertBatch(group, tuple(run.pending), lambda: self.alert(run))

    def joined(self, runs: Iterable[tuple[str, Run]]) -> Iterator[Run]:
        """The runs of several calls of `hand_over`, joined where they are near. They come group by group, of
        each the earliest first, and those without a time last."""
        group, before = "", None
        for key, run in runs:
            if (
                before is not None
                and key == group
                and _near(before, run, self._policy.quiet_of(run.match.rule))
            ):
                before.take(run, looking=True)
                continue
            if before is not None:
                yield before
            group, before = key, run
        if before is not None:
            yield before

    def alert(self, run: Run) -> Alert:
        """The alert that a run of matches makes."""
        match = run.match
        quiet = self._policy.quiet_of(match.rule)
        alert = alert_of(
            match.rule,
            match.record(),
            run.evidence,
            identity=alert_id(match.rule.id, match.group, run.begins, quiet=quiet, staged=match.rule.staged),
            group=match.group,
            count=run.count,
            times=(run.begins, run.ends),
            version=self._version,
            quiet=quiet,
        )
        return self._policy.adjust(
            alert if run.variety is None else replace(alert, variety=run.variety.made())
        )


def _near(earlier: Run, later: Run, quiet: int) -> bool:
    """Whether two runs of a group are one."""
    if _TIMELESS in {earlier.first, later.first}:
        return earlier.first == later.first
    return later.first - earlier.last <= quiet


def match_to_store(match: PlacedMatch, evidence: Evidence) -> AlertMatch:
    """The match as a store keeps it."""
    return AlertMatch(
        match.match_id,
        match.event_id,
        match.event_time,
        evidence,
        placed=match.event_time,
        character=match.look(),
    )


def character(record: Record, rule: Rule | None = None, group: Iterable[str] = ()) -> Character:
    """What a match is known again by, and listed by; the wording only of a rule."""
    outcome = outcome_word(record)
    acted_on, objects = target(record)
    return Character(
        origin=origin(record),
        action=field_text(record, "eventName", _ACTION_LIMIT),
        target=acted_on,
        account=account(record),
        outcome=outcome,
        wording=wording(rule, record, group, outcome) if rule is not None else "",
        service=field_text(record, "eventSource", _ACTION_LIMIT),
        region=region(record),
        principal=principal(record),
        objects=objects,
        details=details(record, sentence_fields(rule, group) if rule is not None else ()),
    )


def alert_of(  # noqa: PLR0913 (the parts of an alert)
    rule: Rule | Correlation,
    record: Record,
    evidence: Evidence,
    *,
    identity: str,
    group: dict[str, str],
    count: int,
    times: tuple[str | None, str | None],
    version: str,
    quiet: int = DEFAULT_QUIET,
    outcome: str | None = None,
    actors: Sequence[str] = (),
) -> Alert:
    """The alert of a rule, showing a record; `times`: of the first and last event; `outcome` how all of its
    events ended that did not succeed, None if the record says it; `actors` (masked) who acted in them, empty
    if the record says it. Here its secrets are masked, once: all that is stored or sent of the alert is made
    of the masked record, and of `group`, which `group_of` masked."""
    shown = redacted_record(record)
    ended = outcome_word(record) if outcome is None else outcome
    return Alert(
        alert_id=identity,
        rule_id=rule.id,
        rule_title=rule.title,
        level=rule.level.name.lower(),
        group=group,
        count=count,
        first_event_time=times[0],
        last_event_time=times[1],
        title=alert_title(rule, shown, group, count, ended, actors=actors),
        account=account(shown),
        region=region(shown),
        evidence=evidence,
        rule_set_version=version,
        description=rule.description,
        runbook=tuple(rule.runbook),
        tags=tuple(rule.tags),
        references=tuple(rule.references),
        owner=rule.owner,
        record=shown,
        status=rule.status,
        staged=rule.staged,
        group_key=group_key(rule.id, group, staged=rule.staged),
        quiet=quiet,
        protected=rule.protected,
    )
