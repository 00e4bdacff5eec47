"""A publisher with everything around it in memory, and a clock that a test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.rules.writing import rule_text
from trailwarden.checking import check_rules
from trailwarden.publishing.archive import Files
from trailwarden.publishing.build import Check
from trailwarden.publishing.notices import FolderChange
from trailwarden.publishing.press import Outcome
from trailwarden.publishing.publisher import Publisher
from trailwarden.publishing.submission import (
    FolderSubmission,
    RollbackSubmission,
    Submission,
    pack_submission,
)
from trailwarden.rules.ruleset import RuleSet, load_rule_set
from trailwarden.state.memory_rule_sets import MemoryRuleSetStore, MemoryRulesFolder
from trailwarden.state.rule_sets import Publication

ADA, BOB, FUNCTION = "AWS:AIDAADA", "AWS:AIDABOB", "AWS:AROA:publish"
SHIPPED_ID = "1c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"
OWN_ID = "2c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"
DAY = 86_400
NOON = 1_772_366_400.0  # 2026-03-01T12:00:00Z


def rule(title: str, rule_id: str, event: str = "StopLogging", extra: str = "") -> bytes:
    """A rule that matches one event name."""
    text = rule_text(f"sel: {{eventName: {event}}}\ncondition: sel", extra, rule_id)
    return text.replace("title: A rule", f"title: {title}").encode()


SHIPPED: Files = {"root.yml": rule("Root used", SHIPPED_ID, "ConsoleLogin", "name: root_used")}
OWN = rule("Trail stopped", OWN_ID)
OWN_LATER = rule("Trail stopped or deleted", OWN_ID, "[StopLogging, DeleteTrail]")
BROKEN = OWN.replace(b"level: high", b"level: hihg")
SWITCHED_OFF = (
    b"title: Told elsewhere\noverride:\n  rules: [root_used]\n  enabled: false\n"
    b"trailwarden: {owner: detection, reason: the identity team is told}\n"
)


class CrashError(Exception):
    """The function died here."""


@dataclass
class Operations:
    """Those who run Trailwarden, and what they were sent. A failure of the topic is `warn` in `failing`."""

    warnings: list[tuple[str, str]]

    def tell(self, subject: str, text: str) -> None:
        self.warnings.append((subject, text))


@dataclass
class World:
    """What lies around the publisher. A step named in `failing` fails once, before or after it was done."""

    shipped: Files = field(default_factory=lambda: SHIPPED)
    check: Check = check_rules
    exceptions: Any = None
    time: float = NOON
    letters: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    failing: list[str] = field(default_factory=list)
    submissions: int = 0

    def __post_init__(self) -> None:
        self.store = MemoryRuleSetStore(self.now)
        self.folder = MemoryRulesFolder(self.now)

    def now(self) -> float:
        return self.time

    def tell(self, subject: str, text: str) -> None:
        self.letters.append((subject, text))

    def publisher(self) -> Publisher:
        return Publisher(
            shipped=self.shipped,
            folder=_Failing(self.folder, self.failing),
            store=_Failing(self.store, self.failing),
            authors=_Failing(self, self.failing),
            operations=_Failing(Operations(self.warnings), self.failing),
            now=self.now,
            check=self.check,
            exceptions=self.exceptions,
        )

    def edit(self, path: str, content: bytes | None, who: str = ADA) -> FolderChange:
        """Change a file by hand; returns what S3 would announce."""
        self.folder.edit(path, content)
        return FolderChange("rules", f"team/{path}", "", content is None, who, "")

    def edited(self, path: str, content: bytes | None, who: str = ADA) -> list[Outcome]:
        """Change a file by hand, and deal with it."""
        return self.publisher().edited([self.edit(path, content, who)])

    def hand_in(self, submission: Submission, who: str = ADA) -> FolderChange:
        """Put a submission; returns what S3 would announce."""
        self.submissions += 1
        packed = pack_submission(submission, f"s{self.submissions}")
        version = self.folder.hand_in(packed.key, packed.body, packed.metadata)
        return FolderChange("rules", packed.key, version, False, who, "")

    def publish(self, files: Files, base: int, who: str = ADA) -> list[Outcome]:
        """Hand a folder in, and deal with it."""
        return self.publisher().submitted(self.hand_in(self.folder_of(files, base), who))

    def folder_of(self, files: Files, base: int) -> FolderSubmission:
        """A submission of these files."""
        return FolderSubmission(base, "Ada", "tidy", files)

    def publish_crashing(self, files: Files, base: int) -> FolderChange:
        """Hand a folder in, and die in the midst of it; returns what will be announced again."""
        change = self.hand_in(self.folder_of(files, base))
        with pytest.raises(CrashError):
            self.publisher().submitted(change)
        return change

    def unchanged(self) -> Outcome:
        """What a scheduled run says that had nothing to do."""
        return Outcome(
            "unchanged",
            f"schedule {self.live().shipped}: nothing changed",
            self.live().version,
        )

    def roll_back(self, target: int, base: int) -> list[Outcome]:
        """Hand a rollback in, and deal with it."""
        return self.publisher().submitted(self.hand_in(RollbackSubmission(base, "Ada", "noisy", target)))

    def live(self) -> Publication:
        pointer = self.store.live()
        assert pointer is not None
        publication = self.store.publication(pointer.sequence)
        assert publication is not None
        return publication

    def rules(self) -> RuleSet:
        """The live rule set, as `detect` would load it."""
        return load_rule_set(self.folder.artefact(self.live().version))

    def titles(self) -> list[str]:
        return sorted(rule.title for rule in self.rules().rules)

    def subjects(self) -> list[str]:
        """What was told since the last look."""
        told = [subject for subject, _ in self.letters]
        self.letters.clear()
        return told


class _Failing:
    """Everything that `inner` does; a call of a name in `failing` raises once: before it is done (`name`), or
    after (`name!`)."""

    def __init__(self, inner: Any, failing: list[str]) -> None:
        self._inner = inner
        self._failing = failing

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            self._fail(name)
            answer = getattr(self._inner, name)(*args, **named)
            self._fail(f"{name}!")
            return answer

        return call

    def _fail(self, step: str) -> None:
        if step in self._failing:
            self._failing.remove(step)
            raise CrashError(step)
