"""Log files made for a test, and what the reader makes of them."""

import gzip
import io
import json
from collections.abc import Sequence
from typing import Any

from trailwarden.delivery.defects import DefectReason, Limits
from trailwarden.delivery.logfile import LogFileReader

# A record beside which a bad one can stand: its first key opens every record of a real file.
GOOD: list[dict[str, Any]] = [
    {"eventVersion": "1.11", "eventName": name, "requestParameters": None} for name in ("A", "B", "C")
]


def file_of(*elements: dict[str, Any] | bytes) -> bytes:
    """A log file's JSON with these elements; bytes stand as they are."""
    parts = [e if isinstance(e, bytes) else json.dumps(e, separators=(",", ":")).encode() for e in elements]
    return b'{"Records":[%b]}' % b",".join(parts)


def file_with(bad: bytes) -> bytes:
    """A log file whose second record is `bad`, the others being `GOOD`."""
    return file_of(GOOD[0], bad, GOOD[1], GOOD[2])


# What is left of `file_with(…)` when only the bad record is lost.
GOOD_AROUND = [(0, GOOD[0]), (2, GOOD[1]), (3, GOOD[2])]


def read(content: bytes, limits: Limits | None = None) -> tuple[list[tuple[int, Any]], LogFileReader]:
    """All records of a log file, and the reader that read them."""
    reader = LogFileReader(io.BytesIO(content), limits)
    return list(reader.records()), reader


def reasons(reader: LogFileReader) -> list[tuple[DefectReason, int | None]]:
    """The reader's defects, without their wording."""
    return [(defect.reason, defect.record_index) for defect in reader.defects]


def zipped(*members: bytes) -> bytes:
    """One gzip file of these members; the same bytes every time."""
    return b"".join(gzip.compress(member, mtime=0) for member in members)


def numbered(records: Sequence[Any]) -> list[tuple[int, Any]]:
    """Records as the reader gives them from a good file."""
    return list(enumerate(records))
