"""Matches → alerts: rule × group × UTC hour of the event.

The id of an alert is made from exactly these three, so any order of arrival, any split into files and
any repeat ends in the same alerts with the same counts; and what goes on is told again each hour. A staged
rule's alerts have ids of their own: once it is promoted, the next match opens an alert that is told, though
one of the same hour was staged.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from trailwarden.alerts.fields import account, field_text, region
from trailwarden.alerts.model import Alert, AlertBatch, AlertMatch, Evidence
from trailwarden.alerts.title import alert_title
from trailwarden.delivery.records import Record
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Correlation, Rule
from trailwarden.safety.redact import redacted

DEFAULT_GROUP_BY = ("actor", "account")
_HOUR = len("2026-01-31T23")


def group_of(match: Match) -> dict[str, str]:
    """The values that tell two alerts of one rule apart, by the names of their fields."""
    return {name: field_text(match.record, name) for name in match.rule.group_by or DEFAULT_GROUP_BY}


def alert_id(rule_id: str, group: dict[str, str], event_time: str | None, *, staged: bool = False) -> str:
    """32 hex digits, made from the rule, the group, the hour, and whether the rule is staged: the same on
    every machine, in any order."""
    hour = event_time[:_HOUR] if event_time else None
    parts = [rule_id, hour, sorted(group.items()), *(["staged"] if staged else [])]
    content = json.dumps(parts, separators=(",", ":"))
    return hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class PlacedMatch:
    """A match and the alert that counts it; its record is asked for only where the alert shows it."""

    rule: Rule
    match_id: str
    event_id: str
    event_time: str | None
    alert_id: str
    group: dict[str, str]
    record: Callable[[], Record]


def placed(match: Match) -> PlacedMatch:
    """The match with the alert that counts it."""
    group = group_of(match)
    identity = alert_id(match.rule.id, group, match.event_time, staged=match.rule.staged)
    return PlacedMatch(
        match.rule, match.id, match.event_id, match.event_time, identity, group, lambda: match.record
    )


@dataclass(slots=True)
class _OpenAlert:
    earliest: tuple[str, str]
    """Event time and match id of the record that the alert shows."""
    match: PlacedMatch
    evidence: Evidence
    count: int = 0
    first: str | None = None
    last: str | None = None
    pending: list[AlertMatch] = field(default_factory=list)


class AlertGrouper:
    """Takes matches in any order; gives the alerts that they make.

    Memory: one entry an alert and one 32-digit id a match, besides what `drain` has not yet handed over.
    """

    def __init__(self, rule_set_version: str, *, keep_matches: bool = False) -> None:
        self._version = rule_set_version
        self._keep_matches = keep_matches
        self._seen: set[str] = set()
        self._open: dict[str, _OpenAlert] = {}
        self.pending = 0

    def add(self, match: Match, log_file: str) -> bool:
        """Count `match`. False where the same rule has met the same event before: told once, counted once.

        A rule that only feeds correlations opens no alert."""
        if match.id in self._seen:
            return False
        return self.add_placed(placed(match), Evidence(log_file, match.record_index))

    def add_placed(self, match: PlacedMatch, evidence: Evidence) -> bool:
        """The same for a match whose alert has been found already, in another process."""
        if match.match_id in self._seen:
            return False
        self._seen.add(match.match_id)
        if not match.rule.generates:
            return True
        rank = (match.event_time or "", match.match_id)
        entry = self._open.get(match.alert_id)
        if entry is None:
            entry = self._open[match.alert_id] = _OpenAlert(rank, match, evidence)
        elif rank < entry.earliest:
            entry.earliest, entry.match, entry.evidence = rank, match, evidence
        entry.count += 1
        if match.event_time:
            entry.first = min(entry.first or match.event_time, match.event_time)
            entry.last = max(entry.last or match.event_time, match.event_time)
        if self._keep_matches:
            entry.pending.append(AlertMatch(match.match_id, match.event_id, match.event_time, evidence))
            self.pending += 1
        return True

    def alerts(self) -> list[Alert]:
        """Every alert, worst first, then by the time of its first event."""
        found = [
            (entry.match.rule.level, self._alert(identity, entry)) for identity, entry in self._open.items()
        ]
        found.sort(key=lambda pair: (-pair[0], pair[1].first_event_time or "", pair[1].alert_id))
        return [alert for _, alert in found]

    def drain(self) -> Iterator[AlertBatch]:
        """Hand over the matches added since the last call, by alert; needs `keep_matches`."""
        for identity, entry in self._open.items():
            if entry.pending:
                matches = tuple(entry.pending)
                entry.pending.clear()
                self.pending -= len(matches)
                yield AlertBatch(self._alert(identity, entry), matches)

    def _alert(self, identity: str, entry: _OpenAlert) -> Alert:
        return alert_of(
            entry.match.rule,
            entry.match.record(),
            entry.evidence,
            identity=identity,
            group=entry.match.group,
            count=entry.count,
            times=(entry.first, entry.last),
            version=self._version,
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
) -> Alert:
    """The alert of a rule, showing a record, its secrets masked; `times`: of the first and last event."""
    shown = redacted(record)
    return Alert(
        alert_id=identity,
        rule_id=rule.id,
        rule_title=rule.title,
        level=rule.level.name.lower(),
        group=group,
        count=count,
        first_event_time=times[0],
        last_event_time=times[1],
        title=alert_title(rule, record, group, count),
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
    )


def without_record(alert: Alert) -> Alert:
    """The alert without its record, where that is too large for the place it must fit into."""
    return replace(alert, record={}, record_omitted=True)
