"""What must be remembered between two log files, and by whom.

Every call may be repeated: a second time changes nothing.
"""

from collections.abc import Iterable, Set
from enum import StrEnum
from typing import Protocol

from trailwarden.alerts.model import AlertBatch


class FileOutcome(StrEnum):
    """How the reading of a log file (or of a notice) ended for good."""

    READ = "read"
    UNREADABLE = "unreadable"


class AlertStore(Protocol):
    """Alerts and the matches that they count."""

    def add(self, batches: Iterable[AlertBatch]) -> int:
        """Store the matches, then their alerts. Returns how many alerts are new.

        An alert that is there already keeps what it was opened with; a match that is there already is not
        counted again. Raises where not all of it could be stored.
        """

    def told(self, alert_id: str) -> bool:
        """Whether the alert has been published."""

    def mark_told(self, alert_id: str) -> None:
        """Remember that the alert has been published."""


class RevisableAlertStore(AlertStore, Protocol):
    """An `AlertStore` in which correlations also see, and take back, what an alert counts."""

    def matches_of(self, alert_id: str) -> set[str]:
        """The ids of the matches that the alert counts; read consistently."""

    def withdraw(self, alert_id: str, match_ids: Set[str]) -> None:
        """Remove matches from the alert. What was told stays told; an alert without matches is void."""


class FileLedger(Protocol):
    """Which log files have been dealt with: a file is read once even where notices repeat."""

    def outcome(self, file_id: str) -> FileOutcome | None:
        """How the file ended, or None where it has not been dealt with."""

    def record(self, file_id: str, outcome: FileOutcome, detail: str = "") -> None:
        """Remember how the file ended; `detail` says why, for people."""
