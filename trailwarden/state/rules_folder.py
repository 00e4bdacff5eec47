"""Where the rules that people edit lie, and what is made of them: the protocol of the rules bucket."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trailwarden.errors import Problem, TrailwardenError

TEAM_PREFIX = "team/"
SUBMISSION_PREFIX = "submissions/"
SOURCES_PREFIX = "sources/"
RULE_SET_PREFIX = "rule-sets/"


class FolderBusyError(TrailwardenError):
    """The team's folder changed each time that it was read; it must be read again."""


@dataclass(frozen=True, slots=True)
class TeamFile:
    """One YAML file of the team's folder. `modified` is RFC 3339, UTC, to the second."""

    content: bytes
    version_id: str
    modified: str


@dataclass(frozen=True, slots=True)
class TeamSnapshot:
    """The team's folder as it was at one moment, by path below `team/`.

    `problems` names files that cannot be taken (too large, too many, not readable, a path that leads
    elsewhere); their paths, each with its time as in `TeamFile`, are `untaken`; `ignored` are the paths of
    files that are no YAML.
    """

    files: Mapping[str, TeamFile]
    problems: tuple[Problem, ...] = ()
    untaken: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @property
    def contents(self) -> dict[str, bytes]:
        """The files' contents by path."""
        return {path: file.content for path, file in self.files.items()}


@dataclass(frozen=True, slots=True)
class SubmittedObject:
    """An object under `submissions/`. `body` is None if it is larger than a submission may be, or cannot be
    read: then `problem` says why."""

    key: str
    version_id: str
    body: bytes | None
    size: int
    metadata: Mapping[str, str]
    problem: Problem | None = None


class RuleSetArtefacts(Protocol):
    """Compiled rule sets, by version."""

    def artefact(self, version: str) -> bytes:
        """The artefact's bytes. Raises where it cannot be had."""


class RulesFolder(RuleSetArtefacts, Protocol):
    """The rules bucket. Writing the same again changes nothing."""

    def team(self) -> TeamSnapshot:
        """The team's folder at one moment. Raises `FolderBusyError` where it does not hold still."""

    def is_mirror(self, path: str) -> bool:
        """Whether the file was written by `put_team`, and no person has changed it since."""

    def put_team(self, path: str, content: bytes) -> None:
        """Write one file of the team's folder, marked as no person's edit."""

    def remove_team(self, path: str) -> None:
        """Remove one file of the team's folder; one that is gone is no error."""

    def submission(self, key: str, version_id: str) -> SubmittedObject | None:
        """What was handed in, or None where it is gone. An empty `version_id` means the newest."""

    def put_artefact(self, version: str, data: bytes) -> None:
        """Store a compiled rule set."""

    def put_sources(self, sources: str, data: bytes) -> None:
        """Store an archive of sources."""

    def sources(self, sources: str) -> bytes:
        """An archive of sources. Raises where it cannot be had."""
