"""Where the corpus lies, and the marker of tests that read it: they skip, saying so, where it is missing."""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

CORPUS = Path(__file__).resolve().parents[1].parent / "shared" / "corpus"

Test = TypeVar("Test")

_MISSING = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus (../shared/corpus) is not here")


def needs_corpus(test: Test) -> Test:
    """Mark a test that reads the corpus."""
    return cast("Test", pytest.mark.corpus(_MISSING(cast("Any", test))))


def log_files() -> Iterator[Path]:
    """Every log file under `AWSLogs`, in a fixed order."""
    yield from sorted((CORPUS / "AWSLogs").rglob("*.json.gz"))


@cache
def records_of(path: Path) -> tuple[dict[str, Any], ...]:
    """The records of a log file, read with the standard library alone."""
    return tuple(json.loads(gzip.decompress(path.read_bytes()))["Records"])


@cache
def corpus_records() -> tuple[tuple[str, int, dict[str, Any]], ...]:
    """Every record of `AWSLogs`: the file (relative to the corpus, with `/`), its index, the record."""
    return tuple(
        (path.relative_to(CORPUS).as_posix(), index, record)
        for path in log_files()
        for index, record in enumerate(records_of(path))
    )
