"""What becomes of edits, submissions and the passing of time: a live rule set, or a refusal that is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from trailwarden.errors import Problem
from trailwarden.publishing.archive import Files
from trailwarden.publishing.notices import FolderChange
from trailwarden.rules.load import Source
from trailwarden.state.rule_sets import ExceptionLedger, RuleSetStore
from trailwarden.state.rules_folder import RulesFolder

Check = Callable[[Sequence[Source]], Sequence[Problem]]
"""More that can be wrong with sound rules; what it returns stops a publication."""


class Authors(Protocol):
    """Who is told what became live and what was refused: the topic of the rules' authors."""

    def tell(self, subject: str, text: str) -> None:
        """Tell it once."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step came to, for logs and metrics."""

    kind: str
    """published, refused, mirrored, unchanged, told."""
    detail: str
    version: str = ""


class Publisher:
    """One run deals with what a batch of notices announced. Each method may be repeated after a crash."""

    def __init__(  # noqa: PLR0913 (its parts, each passed in)
        self,
        *,
        shipped: Files,
        folder: RulesFolder,
        store: RuleSetStore,
        authors: Authors,
        now: Callable[[], float],
        check: Check | None = None,
        exceptions: ExceptionLedger | None = None,
    ) -> None:
        self._shipped = shipped
        self._folder = folder
        self._store = store
        self._authors = authors
        self._now = now
        self._check = check
        self._exceptions = exceptions

    def settle(self) -> list[Outcome]:
        """Finish what an earlier run began: tell of the live publication, make the team's folder show it."""
        raise NotImplementedError

    def edited(self, changes: Sequence[FolderChange]) -> list[Outcome]:
        """Publish the team's folder as it is, if it is not what is live."""
        raise NotImplementedError

    def submitted(self, change: FolderChange) -> list[Outcome]:
        """Publish, roll back or refuse one submission."""
        raise NotImplementedError

    def scheduled(self) -> list[Outcome]:
        """Take out what expired, bring the shipped rules of a new deployment, report idle exceptions."""
        raise NotImplementedError
