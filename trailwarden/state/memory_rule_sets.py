"""The state of published rule sets, and the rules bucket, in memory: for tests and for one machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from trailwarden.state.rule_sets import LivePointer, Publication, Refusal
from trailwarden.state.rules_folder import SubmittedObject, TeamFile, TeamSnapshot

_DAY = 86_400


class MemoryRuleSetStore:
    """A `RuleSetStore` that lives as long as the process. `now` gives seconds since the epoch."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._live: LivePointer | None = None
        self._publications: dict[int, Publication] = {}
        self._refusals: dict[str, Refusal] = {}
        self._told: dict[str, float] = {}
        self._attempts: dict[str, tuple[int, float]] = {}

    def live(self) -> LivePointer | None:
        """The pointer, or None where nothing was ever published."""
        return self._live

    def publish(self, publication: Publication, *, mirrored: bool) -> bool:
        """Make a publication live; False where somebody else was first."""
        before = self._live.sequence if self._live else 0
        if publication.sequence != before + 1:
            return self._publications.get(publication.sequence) == publication
        self._publications[publication.sequence] = publication
        self._live = publication.pointer(mirrored=mirrored)
        return True

    def mark_mirrored(self, sequence: int) -> None:
        """Say that the team's folder shows the publication, if it is still live."""
        if self._live is not None and self._live.sequence == sequence:
            self._live = replace(self._live, mirrored=True)

    def publication(self, sequence: int) -> Publication | None:
        """One publication."""
        return self._publications.get(sequence)

    def history(self, limit: int = 20, before: int | None = None) -> Sequence[Publication]:
        """The newest publications (older than the number `before`), newest first."""
        numbers = sorted(self._publications, reverse=True)
        return [self._publications[n] for n in numbers if before is None or n < before][:limit]

    def refusal(self, origin: str) -> Refusal | None:
        """The last refusal of what was handed in as `origin`."""
        return self._refusals.get(origin)

    def refusals(self, of: str = "", limit: int = 20) -> Sequence[Refusal]:
        """The newest refusals, newest first."""
        found = (each for each in self._refusals.values() if each.origin.startswith(of))
        return sorted(found, key=lambda each: each.refused_at, reverse=True)[:limit]

    def record_refusal(self, refusal: Refusal) -> None:
        """Remember a refusal, in place of an earlier one of the same origin."""
        self._refusals[refusal.origin] = refusal

    def clear_refusal(self, origin: str) -> None:
        """Forget the refusal of an origin that has been mended."""
        self._refusals.pop(origin, None)

    def told(self, fact: str) -> bool:
        """Whether a fact has been told, and not longer ago than it is remembered."""
        return self._told.get(fact, 0) > self._now()

    def mark_told(self, fact: str, *, days: int = 400) -> None:
        """Remember that a fact has been told, for so many days."""
        self._told[fact] = self._now() + days * _DAY

    def attempts(self, step: str) -> int:
        """How often a step was begun within a day, without an end."""
        number, until = self._attempts.get(step, (0, 0.0))
        return number if until > self._now() else 0

    def begin(self, step: str) -> None:
        """Count that a step is begun."""
        self._attempts[step] = (self.attempts(step) + 1, self._now() + _DAY)

    def end(self, step: str) -> None:
        """A step has ended: it is counted anew."""
        self._attempts.pop(step, None)


class MemoryRulesFolder:
    """A `RulesFolder` that lives as long as the process. Tests write to it as people would, with `edit`."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._versions = 0
        self._team: dict[str, TeamFile] = {}
        self._mirrored: set[str] = set()
        self._objects: dict[str, bytes] = {}
        self._submissions: dict[str, SubmittedObject] = {}

    def edit(self, path: str, content: bytes | None) -> None:
        """Write one file by hand; None removes it."""
        self._mirrored.discard(path)
        if content is None:
            self._team.pop(path, None)
        else:
            self._team[path] = TeamFile(content, self._version(), self._time())

    def hand_in(self, key: str, body: bytes, metadata: Mapping[str, str]) -> str:
        """Put a submission; returns its object version."""
        version = self._version()
        self._submissions[key] = SubmittedObject(key, version, body, len(body), dict(metadata))
        return version

    def team(self) -> TeamSnapshot:
        """The team's folder."""
        return TeamSnapshot(dict(self._team))

    def is_mirror(self, path: str) -> bool:
        """Whether the file was written by `put_team`, and no person has changed it since."""
        return path in self._mirrored

    def put_team(self, path: str, content: bytes) -> None:
        """Write one file of the team's folder, marked as no person's edit."""
        self.edit(path, content)
        self._mirrored.add(path)

    def remove_team(self, path: str) -> None:
        """Remove one file of the team's folder."""
        self.edit(path, None)

    def submission(self, key: str, version_id: str) -> SubmittedObject | None:
        """What was handed in, or None where it is gone."""
        found = self._submissions.get(key)
        return found if found and version_id in ("", found.version_id) else None

    def put_artefact(self, version: str, data: bytes) -> None:
        """Store a compiled rule set."""
        self._objects[f"rule-sets/{version}"] = data

    def artefact(self, version: str) -> bytes:
        """The artefact's bytes. Raises KeyError where there is none."""
        return self._objects[f"rule-sets/{version}"]

    def put_sources(self, sources: str, data: bytes) -> None:
        """Store an archive of sources."""
        self._objects[f"sources/{sources}"] = data

    def sources(self, sources: str) -> bytes:
        """An archive of sources. Raises KeyError where there is none."""
        return self._objects[f"sources/{sources}"]

    def _version(self) -> str:
        self._versions += 1
        return f"v{self._versions}"

    def _time(self) -> str:
        return datetime.fromtimestamp(int(self._now()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
