"""What must be remembered of published rule sets: which one is live, and how it came to be.

Publications are numbered from 1; the pointer names the live one. A publication that is made from number n
can only become number n + 1, so of two that are made at once one is too late, and is told so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from trailwarden.errors import Problem

TEAM_FOLDER = "team"
"""The origin of what people change in the team's folder by hand."""


class PublicationKind(StrEnum):
    """What made a rule set live."""

    EDIT = "edit"
    """Files of the team's folder were changed by hand."""
    PUBLISH = "publish"
    """A whole folder was handed in: `rules publish`."""
    ROLLBACK = "rollback"
    """An earlier publication was made live again: `rules rollback`."""
    SCHEDULE = "schedule"
    """Nobody did anything: an exception expired, or a deployment brought other shipped rules."""


@dataclass(frozen=True, slots=True)
class LivePointer:
    """Which rule set is live. `mirrored` tells whether the team's folder shows it yet."""

    sequence: int
    version: str
    mirrored: bool
    published_at: str
    published_by: str


@dataclass(frozen=True, slots=True)
class LiveException:
    """An exception that holds: since which day it has been live, and the last day that it holds
    (2026-01-31; empty where it says none)."""

    title: str
    owner: str
    since: str
    expires: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How much of a rule set is at work: rules and correlations that alert, that overrides switched off or
    lowered, that are on trial; and how many exceptions hold."""

    alerting: int
    off: int = 0
    lowered: int = 0
    staged: int = 0
    exceptions: int = 0


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication, complete: all that its message, the history and a rollback need.

    `version` is the rule set's, and names the artefact; `sources` names the archive of its files (shipped and
    team), which may differ where the rule set is the same. `team` and `shipped` are digests of the two parts.
    """

    sequence: int
    version: str
    kind: PublicationKind
    published_at: str
    """RFC 3339, UTC, to the second."""
    published_by: str
    """The principal that AWS names; "schedule" where nobody did anything."""
    sources: str
    team: str
    shipped: str
    claimed_author: str = ""
    """Who a submission says its author is: a claim, and no proof."""
    note: str = ""
    origin: str = TEAM_FOLDER
    """What it was made from: the team's folder, or a submission's key and object version."""
    turned_away: str = ""
    """The digest of the deployed shipped rules that a rollback went back behind; no schedule brings them."""
    changes: tuple[str, ...] = ()
    """What is other than in the publication before, a line each."""
    warnings: tuple[Problem, ...] = ()
    replaced: tuple[str, ...] = ()
    """Changes by hand that a submission replaced: path and object version, a line each."""
    exceptions: Mapping[str, LiveException] = field(default_factory=dict)
    """The exceptions that hold, by id."""
    overrides: tuple[str, ...] = ()
    """What overrides say, a line a rule."""
    silenced: tuple[str, ...] = ()
    """What alerts no longer, or less, than in the publication before: operations is notified of it."""
    standing: Standing | None = None
    """None in publications from before it was kept."""
    promoted: Mapping[str, str] = field(default_factory=dict)
    """The status that `rules promote` set, by the rule's id; empty for every other publication."""

    def pointer(self, *, mirrored: bool) -> LivePointer:
        """The pointer that makes it live."""
        return LivePointer(self.sequence, self.version, mirrored, self.published_at, self.published_by)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that was handed in and did not become live. `origin` as in `Publication`.

    `id` changes with the reason, so that the same refusal is told once.
    """

    id: str
    origin: str
    refused_at: str
    published_by: str
    reason: str
    """One line; the mistakes are in `problems`."""
    claimed_author: str = ""
    problems: tuple[Problem, ...] = ()
    more_problems: int = 0
    """How many mistakes there are besides those that were kept."""


class LiveRuleSet(Protocol):
    """What `detect` must know."""

    def live(self) -> LivePointer | None:
        """The pointer, or None where nothing was ever published; read consistently."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A rule set that functions cannot load: for how many seconds without a long pause, and whether people
    were told."""

    failing_for: float
    told: bool


class LoadTroubles(Protocol):
    """Rule sets that cannot be loaded, remembered for all functions: each of them may start afresh for every
    message, and so knows of none but its own first failure."""

    def met(self, version: str) -> Trouble:
        """The rule set could not be loaded just now."""

    def told(self, version: str) -> None:
        """People were told."""

    def over(self, version: str) -> None:
        """The rule set could be loaded."""


class RuleSetStore(LiveRuleSet, Protocol):
    """The pointer, the history and the refusals. Every call may be repeated."""

    def told(self, fact: str) -> bool:
        """Whether a fact has been told; read consistently."""

    def mark_told(self, fact: str, *, days: int = 400) -> None:
        """Remember that a fact has been told, for so many days at least."""

    def attempts(self, step: str) -> int:
        """How often a step was begun within a day, without an end; read consistently."""

    def begin(self, step: str) -> None:
        """Count that a step is begun."""

    def end(self, step: str) -> None:
        """A step has ended: it is counted anew."""

    def publish(self, publication: Publication, *, mirrored: bool) -> bool:
        """Make a publication live, in one write of pointer and history, if the live one is still the one
        before it (none, for number 1). False where it is not: somebody else was first."""

    def mark_mirrored(self, sequence: int) -> None:
        """Say that the team's folder shows the publication, if it is still live."""

    def publication(self, sequence: int) -> Publication | None:
        """One publication."""

    def history(self, limit: int = 20, before: int | None = None) -> Sequence[Publication]:
        """The newest publications (older than the number `before`), newest first."""

    def refusal(self, origin: str) -> Refusal | None:
        """The last refusal of what was handed in as `origin`."""

    def refusals(self, of: str = "", limit: int = 20) -> Sequence[Refusal]:
        """The newest refusals of the last weeks, newest first; of origins that begin with `of`. That of the
        team's folder goes when it is mended."""

    def record_refusal(self, refusal: Refusal) -> None:
        """Remember a refusal, in place of an earlier one of the same origin."""

    def clear_refusal(self, origin: str) -> None:
        """Forget the refusal of an origin that has been mended."""
