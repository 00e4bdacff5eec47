"""What can be wrong with a log file, and how much of one is taken in."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class DefectReason(StrEnum):
    """Why a file, a part of it or a record could not be read as it should, in a word."""

    EMPTY = "empty"  # no bytes, or a gzip of none
    CORRUPT_GZIP = "corrupt_gzip"  # damaged, or its checksum does not fit
    TRUNCATED_GZIP = "truncated_gzip"
    TRAILING_GARBAGE = "trailing_garbage"  # bytes after the gzip data that are neither gzip nor padding
    FILE_TOO_LARGE = "file_too_large"
    NOT_JSON = "not_json"
    NO_RECORDS = "no_records"  # JSON without a list of records
    TRUNCATED_JSON = "truncated_json"
    MALFORMED_JSON = "malformed_json"  # between or after the records; they themselves are read
    MALFORMED_RECORD = "malformed_record"
    MENDED_RECORD = "mended_record"  # read, with its unreadable characters or numbers replaced
    RECORD_NOT_OBJECT = "record_not_object"
    RECORD_TOO_DEEP = "record_too_deep"
    RECORD_TOO_LARGE = "record_too_large"


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing wrong; `record_index` counts from 0 in `Records`, None where no one record is meant."""

    reason: DefectReason
    detail: str
    record_index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a log file is held or taken in; memory is bounded by them whatever the file holds.

    CloudTrail writes at most 50 MB compressed a file and 256 KB a record: the defaults leave an order of
    magnitude, and stop what was made to exhaust its reader. All in bytes, but `defects`.
    """

    read_size: int = 64 * 1024
    record_size: int = 4 * 1024 * 1024  # one record's JSON; also what stands before and after the records
    decoded_size: int = 2 * 1024 * 1024 * 1024  # the whole file, decompressed
    defects: int = 1000  # defects described one by one; more are only counted

    def __post_init__(self) -> None:
        for name in ("read_size", "record_size", "decoded_size", "defects"):
            if getattr(self, name) < 1:
                raise ValueError(f"the limit {name} must be at least 1, not {getattr(self, name)}")


class DefectLog:
    """Defects as they are met: the first ones described, all of them counted by reason."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.described: list[Defect] = []
        self.counts: Counter[DefectReason] = Counter()

    def add(self, reason: DefectReason, detail: str, record_index: int | None = None) -> None:
        self.counts[reason] += 1
        if len(self.described) < self._limit:
            self.described.append(Defect(reason, detail, record_index))
