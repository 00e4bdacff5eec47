"""What is handed in: packed and read back, and refused by name where it is not ours."""

from dataclasses import replace

import pytest

from trailwarden.errors import RuleError
from trailwarden.publishing.submission import (
    FolderSubmission,
    PackedSubmission,
    RollbackSubmission,
    Submission,
    pack_submission,
    read_submission,
)
from trailwarden.rules.folder import MAX_ARCHIVE
from trailwarden.state.rules_folder import SubmittedObject

FOLDER = FolderSubmission(3, "Åsa Öberg", "quieter – at last", {"a.yml": b"x: 1\n"})
ROLLBACK = RollbackSubmission(3, "Ada", "", 1)


def stored(packed: PackedSubmission, **other: object) -> SubmittedObject:
    found = SubmittedObject(packed.key, "v1", packed.body, len(packed.body), packed.metadata)
    return replace(found, **other)  # type: ignore[arg-type]


def refusal(found: SubmittedObject) -> str:
    with pytest.raises(RuleError) as caught:
        read_submission(found)
    return str(caught.value)


@pytest.mark.parametrize("submission", [FOLDER, ROLLBACK])
def test_what_is_packed_is_read_back(submission: Submission) -> None:
    packed = pack_submission(submission, "abc")
    assert packed.key.startswith("submissions/abc.")
    assert all(value.isascii() for value in packed.metadata.values())
    assert read_submission(stored(packed)) == submission


@pytest.mark.parametrize("base", ["", "-1", "1e3", "²", "1" * 12])
def test_a_base_that_is_no_number_is_refused(base: str) -> None:
    packed = pack_submission(FOLDER, "abc")
    assert "use `trailwarden rules publish`" in refusal(
        stored(packed, metadata={**packed.metadata, "trailwarden-base": base})
    )


def test_a_submission_that_is_too_large_is_refused_unread() -> None:
    packed = pack_submission(FOLDER, "abc")
    assert "9,000,000 bytes" in refusal(stored(packed, body=None, size=9_000_000))
    assert refusal(stored(packed, body=b"\0" * (MAX_ARCHIVE + 1)))


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("submissions/a.txt", b"x"),
        ("submissions/a.zip", b"x"),
        ("submissions/a.json", b"\xff"),
        ("submissions/a.json", b'{"rollback": "1"}'),
        ("submissions/a.json", b'{"rollback": 1, "more": 2}'),
        ("submissions/a.json", b"[" * 100_000),
    ],
)
def test_what_is_neither_folder_nor_rollback_is_refused(key: str, body: bytes) -> None:
    packed = pack_submission(FOLDER, "abc")
    assert refusal(stored(packed, key=key, body=body)).startswith(f"{key}:1:1: ")
