"""What is remembered of a group of alerts, and what a move of it writes: types, and the geometry of spans."""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from trailwarden.alerts.model import Alert, AlertBatch, AlertMatch
from trailwarden.alerts.placement import alert_id, seconds_of
from trailwarden.alerts.telling import FollowUp
from trailwarden.alerts.variety import Variety

ACKNOWLEDGED = "acknowledged"
CARRIED_ON = "carried on"
"""The events of the alert were sent under another id, before an earlier match of it was known, or before a
late record took some of them back."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many different matches there are, the times of their first and last event, and what differs among
    them. `at_least`: there are more than `total`, and nobody counts how many."""

    total: int
    first_event_time: str | None = None
    last_event_time: str | None = None
    at_least: bool = False
    variety: Variety | None = None


Count = Callable[[str, str], Counted]
"""Counts the group's matches that are placed from one time to another, both included."""

Range = tuple[str, str]
"""From one place to another, both included."""


class Stored(Protocol):
    """What is stored of one group while it is moved. Matches are deleted only by moves of their group, so
    nothing that is read here can be gone when the move is written; more may have come."""

    def count(self, first: str, last: str) -> Counted:
        """How many different matches are placed in the range."""

    def count_of(self, ranges: Iterable[Range], without: Set[tuple[str, str]] = frozenset()) -> Counted:
        """How many different matches are placed in any of the ranges, but for those (place and id)."""

    def match_ids(self, place: str) -> set[str]:
        """The ids of the matches at a place."""

    def earliest(
        self, first: str, last: str, without: Set[tuple[str, str]] = frozenset()
    ) -> AlertMatch | None:
        """The match with the first place in the range, but for those (place and id)."""

    def latest(self, first: str, last: str) -> AlertMatch | None:
        """The match with the last place in the range."""

    def alert(self, alert_id: str) -> Alert | None:
        """The alert of that id, if there ever was one: as it was opened, or revised last."""


@dataclass(frozen=True, slots=True)
class Span:
    """One alert as a stretch of time: the placed times of its first and last match, empty where they have
    none."""

    first: str
    last: str
    alert_id: str
    counted: int
    """How many matches were handed in: never fewer than there are, and more where some came again."""
    told: int
    """How many of its matches messages have counted, those that are on their way included. It may be too low
    after some were withdrawn, and is never too high: nothing stays unsent for it."""
    heard: int
    """When a match arrived last: seconds since 1970, by our own clock."""
    closed: bool = False
    opened: int = 0
    """When its first match arrived; 0 in states of old."""
    revised: bool = False
    """Matches that messages had counted were withdrawn, and no message has said so yet."""


class Scope(StrEnum):
    """Which targets an acknowledgement covers."""

    SEEN = "seen"
    """Those that the alert had shown."""
    THIS = "this"
    """The one of the event that the alert shows."""
    ANY = "any"
    """All; of a protected rule none but those that were seen."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody has seen it: nothing is told of the group while its matches come from these origins, by these
    actions, on these targets, in these accounts and regions, by these actors, at no worse `level`, and until
    the end; a deed is an action on a target in a region, and `details` are what else it asks for. All are
    digests (`alerts.likeness`). Times are RFC 3339, UTC.
    """

    by: str
    at: str
    note: str = ""
    origins: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    level: str = ""
    """The worst that it covers; empty where nobody knows it."""
    scope: Scope = Scope.SEEN
    until: str = ""
    """When it ends; `alerts.acknowledging.LONGEST` after `at` at the latest."""
    actors: tuple[str, ...] = ()
    deeds: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupState:
    """What is remembered of a group. `spans` do not overlap, the earliest first; `cuts` are placed times
    after which somebody had the next match begin another alert.

    The state is written at every move, so it holds the latest spans alone: those whose last place is after
    `filed` (all, where that is None). The others are stored one by one (`alerts.filing`). `revisions` counts
    how often matches were withdrawn.
    """

    rule_id: str
    group: dict[str, str]
    staged: bool = False
    quiet: int = 3600
    spans: tuple[Span, ...] = ()
    cuts: tuple[str, ...] = ()
    acknowledged: Acknowledgement | None = None
    filed: str | None = None
    revisions: int = 0

    def span(self, identity: str) -> Span | None:
        """The alert of that id."""
        return next((span for span in self.spans if span.alert_id == identity), None)

    def with_span(self, span: Span) -> "GroupState":
        """The state with the span of that id replaced."""
        spans = tuple(span if known.alert_id == span.alert_id else known for known in self.spans)
        return replace(self, spans=spans)

    def with_spans(self, spans: Iterable[Span]) -> "GroupState":
        """The state with these spans, in their order."""
        return replace(self, spans=tuple(sorted(spans, key=lambda one: (one.first, one.last))))


@dataclass(frozen=True, slots=True)
class Telling:
    """A follow-up to be told of an alert. `revision` tells it from an earlier one with the same total."""

    alert_id: str
    follow_up: FollowUp
    revision: int = 0

    @property
    def key(self) -> str:
        """What it is stored by: keys sort in the order in which messages of one alert are written."""
        number = f"{self.follow_up.total:012}"
        return f"MORE#R{self.revision:08}#{number}" if self.revision else f"MORE#{number}"


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert that is new, and begins at the place `first`. `silent` says why nobody is told of it; empty
    where it is told."""

    alert: Alert
    silent: str = ""
    first: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a state becomes, and what must be written with it."""

    state: GroupState
    opened: tuple[Opened, ...] = ()
    became: tuple[tuple[str, str], ...] = ()
    """Pairs of ids: an alert that there is no more, and the one that it is a part of now."""
    tellings: tuple[Telling, ...] = ()
    due: tuple[tuple[int, str], ...] = ()
    """When (seconds since 1970) somebody must look at an alert again."""
    unacknowledged: bool = False
    acknowledged_as: str = ""
    """Where somebody acknowledged the group: the title by which people are reminded of it."""
    revised: tuple[Alert, ...] = ()
    """Alerts that there were before, as they are to be shown from now on."""
    withdrawn: tuple[str, ...] = ()
    """Ids of alerts of which no match is left."""
    deleted: tuple[tuple[str, str], ...] = ()
    """Places and ids of matches that are withdrawn."""
    filed: tuple[Span, ...] = ()
    """Spans to be stored beside the state."""
    unfiled: tuple[str, ...] = ()
    """Last places of spans that are no longer stored beside the state."""
    closed: bool = False
    """Whether a look found an alert to be over."""
    left: AlertBatch | None = None
    """What is left of a batch that takes more than one move."""

    @property
    def new(self) -> int:
        """How many alerts are new, to people."""
        return sum(opened.silent != CARRIED_ON for opened in self.opened)


def identity_of(state: GroupState, first: str) -> str:
    """The id of the group's alert that begins at a place."""
    cut = max((cut for cut in state.cuts if cut < first), default=None)
    return alert_id(
        state.rule_id, state.group, first or None, quiet=state.quiet, staged=state.staged, cut=cut
    )


def near(state: GroupState, earlier: str, later: str) -> bool:
    """Whether no longer gap than the quiet time, and no cut, lies between two places."""
    if not earlier or not later:
        return earlier == later
    if any(earlier <= cut < later for cut in state.cuts):
        return False
    return seconds_of(later) - seconds_of(earlier) <= state.quiet
