"""All that `detect` does with a batch of notices, on files and over a table in memory."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from tests.bench.counted_table import CountedTable
from tests.detectors import NoticeDetector
from tests.samples import BUCKET, log_key, notice
from trailwarden.aws.correlation_table import CorrelationTable
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.ledger_table import LedgerTable
from trailwarden.aws.session_table import SessionTable
from trailwarden.aws.week_table import WeekTable
from trailwarden.correlation.correlator import Correlator
from trailwarden.delivery.notices import ObjectRef
from trailwarden.detection import Tally
from trailwarden.engine.engine import Engine
from trailwarden.state.groups import Groups
from trailwarden.state.weeks import week_of

_KEPT = timedelta(days=90)
_TABLE = "alerts"


class Function:
    """`detect` as it lives on between batches. Without `whole` it neither correlates nor learns sessions."""

    def __init__(self, engine: Engine, table: Any, *, whole: bool = False) -> None:
        store = GroupTable(table, _TABLE, retention=_KEPT, now=time.time, pause=_never)
        groups = Groups(store, now=time.time, pause=_never)
        events = CorrelationTable(table, _TABLE, now=time.time, pause=_never)
        self._files = _Files()
        self._weeks = WeekTable(table, _TABLE, now=time.time)
        self._detector = NoticeDetector(
            engine=engine,
            log_files=self._files,
            store=groups,
            ledger=LedgerTable(table, _TABLE, retention=_KEPT, now=time.time, pause=_never),
            operations=_Nobody(),
            log_bucket=BUCKET,
            correlator=Correlator(engine.rule_set, events, groups) if whole else None,
            sessions=SessionTable(table, _TABLE, now=time.time, pause=_never) if whole else None,
        )

    def detect(self, files: Sequence[bytes]) -> Tally:
        """Read the files, a notice each; the week's figures once, at the end."""
        tally = Tally()
        for key in self._files.put(files):
            self._detector.handle(notice(key), tally)
        self._weeks.add_seen(week_of(datetime.fromtimestamp(time.time(), UTC)), tally.seen)
        return tally


def detecting(engine: Engine) -> Callable[[bytes], int]:
    """All that the function does with one file, correlations and sessions among it, as if it were the first:
    the number of matches."""
    table = CountedTable()
    function = Function(engine, table, whole=True)

    def detect(data: bytes) -> int:
        table.clear()
        return function.detect([data]).matches

    return detect


class _Opened(BytesIO):
    """A log file, as the bucket opens it."""

    def __init__(self, data: bytes, key: str) -> None:
        super().__init__(data)
        self.file_id = f"{BUCKET}/{key}"
        self.address = f"s3://{BUCKET}/{key}"


class _Files:
    """The bucket, in memory."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def put(self, files: Sequence[bytes]) -> list[str]:
        """Put the files in the place of those before; their keys."""
        self._files = {log_key(f"{number:016}"): data for number, data in enumerate(files)}
        return list(self._files)

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[_Opened]:
        """Open one of them."""
        yield _Opened(self._files[ref.key], ref.key)


class _Nobody:
    """Nothing of what is measured is to be told to anybody."""

    def tell(self, subject: str, text: str) -> None:
        raise SystemExit(f"{subject}: {text}")


def _never(_attempt: int) -> None:
    raise SystemExit("A table in memory is never busy.")
