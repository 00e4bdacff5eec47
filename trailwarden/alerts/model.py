"""The alert: what people get. The matches of one rule for one group, opened by the first."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from trailwarden.alerts.likeness import Character
from trailwarden.alerts.variety import Variety
from trailwarden.safety.safe_record import SafeRecord


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a record lies: the log file (a path, or `s3://bucket/key`) and the index in its `Records`."""

    log_file: str
    record_index: int


@dataclass(frozen=True, slots=True)
class AlertMatch:
    """One match that an alert counts. Times are RFC 3339, UTC, to the second; None where unknown.

    `placed` is the time that grouping goes by: the event's own, or the beginning of the hour (UTC) in which a
    correlation found it.
    """

    match_id: str
    event_id: str
    event_time: str | None
    evidence: Evidence
    placed: str | None = None
    character: Character = field(default_factory=Character)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `record` is the earliest matching record that is known, its secrets masked.

    `count` counts the different events that matched; an event that arrived twice counts once. `status` is the
    rule's, as Sigma names them, or empty; a `staged` alert is kept and counted, and told to nobody.
    """

    alert_id: str
    rule_id: str
    rule_title: str
    level: str
    group: dict[str, str]
    count: int
    first_event_time: str | None
    last_event_time: str | None
    title: str
    account: str
    region: str
    evidence: Evidence
    rule_set_version: str
    description: str = ""
    runbook: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    owner: str = ""
    record: SafeRecord = field(default_factory=lambda: SafeRecord({}))
    record_omitted: bool = False
    status: str = ""
    staged: bool = False
    group_key: str = ""
    """What all alerts of this rule and group have in common: 32 hex digits."""
    quiet: int = 3600
    """After how many seconds without a match the alert is over."""
    protected: bool = False
    """Whether the rule is protected; of alerts that were stored before this was, it is not known."""
    variety: Variety | None = None
    """What differs among the events that it counts; None where nobody looked."""


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """What all alerts of a rule and the values of its `group_by` have in common."""

    key: str
    """32 hex digits."""
    rule_id: str
    values: dict[str, str]
    staged: bool = False
    quiet: int = 3600
    """After how many seconds without a match an alert of it is over."""


@dataclass(frozen=True, slots=True)
class AlertBatch:
    """Matches that some log file adds to a group. No gap between them is longer than its quiet time.

    `make` makes the alert as the file showed it: its record masked, its title worded. Most batches join an
    alert that there is, and never ask. `placed` says where the batch belongs when all of its matches had been
    stored before. `revisable`: matches of the group may be withdrawn.
    """

    group: AlertGroup
    matches: tuple[AlertMatch, ...]
    make: Callable[[], Alert]
    placed: str | None = None
    revisable: bool = False

    @property
    def alert(self) -> Alert:
        """The alert as the file showed it, made anew."""
        return self.make()


def without_record(alert: Alert) -> Alert:
    """The alert without its record, where that is too large for the place it must fit into."""
    return replace(alert, record=SafeRecord({}), record_omitted=True)
