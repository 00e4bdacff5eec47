"""The state in memory: for tests and for one run on one machine."""

from collections.abc import Iterable

from trailwarden.alerts.model import Alert, AlertBatch, AlertMatch
from trailwarden.state.protocol import FileOutcome


class MemoryAlertStore:
    """An `AlertStore` that lives as long as the process."""

    def __init__(self) -> None:
        self.alerts: dict[str, Alert] = {}
        self.matches: dict[str, dict[str, AlertMatch]] = {}
        self._told: set[str] = set()

    def add(self, batches: Iterable[AlertBatch]) -> int:
        """Store the matches, then their alerts. Returns how many alerts are new."""
        opened = 0
        for batch in batches:
            known = self.matches.setdefault(batch.alert.alert_id, {})
            for match in batch.matches:
                known.setdefault(match.match_id, match)
            if batch.alert.alert_id not in self.alerts:
                self.alerts[batch.alert.alert_id] = batch.alert
                opened += 1
        return opened

    def told(self, alert_id: str) -> bool:
        """Whether the alert has been published."""
        return alert_id in self._told

    def mark_told(self, alert_id: str) -> None:
        """Remember that the alert has been published."""
        self._told.add(alert_id)


class MemoryFileLedger:
    """A `FileLedger` that lives as long as the process."""

    def __init__(self) -> None:
        self.entries: dict[str, tuple[FileOutcome, str]] = {}

    def outcome(self, file_id: str) -> FileOutcome | None:
        """How the file ended, or None where it has not been dealt with."""
        entry = self.entries.get(file_id)
        return entry[0] if entry else None

    def record(self, file_id: str, outcome: FileOutcome, detail: str = "") -> None:
        """Remember how the file ended."""
        self.entries[file_id] = (outcome, detail)
