"""A detector that deals with a whole notice, as tests of single notices want it; its parts one by one."""

import time
from collections.abc import Callable
from typing import Any

from trailwarden.detection import Detector, LogFiles, Operations, Status, Tally
from trailwarden.engine.engine import Engine
from trailwarden.errors import LogFileUnavailable
from trailwarden.reading import Tools
from trailwarden.shift import UNLIMITED, Shift
from trailwarden.state.ledger import FileLedger
from trailwarden.state.protocol import AlertStore


class Parked:
    """A dead-letter queue."""

    def __init__(self) -> None:
        self.notices: list[tuple[str, str]] = []

    def set_aside(self, notice: str, why: str) -> None:
        self.notices.append((notice, why))


class NoticeDetector(Detector):
    """A detector; `handle` reads all objects of a notice, one after the other, each to its end."""

    def __init__(
        self,
        *,
        engine: Engine,
        store: AlertStore,
        log_files: LogFiles,
        ledger: FileLedger,
        operations: Operations,
        log_bucket: str,
        dead_letters: Parked | None = None,
        now: Callable[[], float] = time.time,
        **tools: Any,
    ) -> None:
        super().__init__(
            tools=Tools(engine=engine, store=store, **tools),
            log_files=log_files,
            ledger=ledger,
            operations=operations,
            dead_letters=dead_letters or Parked(),
            log_bucket=log_bucket,
            now=now,
        )

    def handle(self, body: str, tally: Tally, shift: Shift = UNLIMITED, *, sent_at: float = 0.0) -> list[str]:
        """The remarks. Raises after the last object what was out of reach."""
        refs, remarks = self.objects(body, tally)
        lines, out_of_reach = list(remarks), []
        for ref in refs:
            try:
                handled = self.read(ref, tally, shift, sent_at=sent_at)
            except LogFileUnavailable as error:
                out_of_reach.append(error)
                continue
            assert handled.status is Status.DONE, handled
            lines += handled.remarks
        if out_of_reach:
            raise out_of_reach[0]
        return lines
