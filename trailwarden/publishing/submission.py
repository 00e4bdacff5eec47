"""What `rules publish` and `rules rollback` hand in: one object, so that nothing is ever half there."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

import msgspec

from trailwarden.errors import Problem, RuleError
from trailwarden.publishing.archive import Files, pack, unpack
from trailwarden.rules.folder import MAX_ARCHIVE
from trailwarden.state.rules_folder import SUBMISSION_PREFIX, SubmittedObject

_BASE, _AUTHOR, _NOTE = "trailwarden-base", "trailwarden-author", "trailwarden-note"
_PROMOTES = "trailwarden-promotes"
_MAX_AUTHOR, _MAX_NOTE = 100, 400  # characters; S3 takes 2 kB of metadata


@dataclass(frozen=True, slots=True)
class FolderSubmission:
    """A whole team's folder, made from the publication number `base` (0 where there was none)."""

    base: int
    author: str
    note: str
    files: Files
    ignored: tuple[str, ...] = ()
    promotes: bool = False
    """It is what was live, but for the status of rules: `rules promote`."""


@dataclass(frozen=True, slots=True)
class RollbackSubmission:
    """The wish that publication number `target` be live again, made when number `base` was."""

    base: int
    author: str
    note: str
    target: int


Submission = FolderSubmission | RollbackSubmission


@dataclass(frozen=True, slots=True)
class PackedSubmission:
    """What to put into the bucket. `key` begins with `submissions/`; metadata are S3's, plain ASCII."""

    key: str
    body: bytes
    metadata: dict[str, str]


class _Rollback(msgspec.Struct, forbid_unknown_fields=True):
    rollback: int


def pack_submission(submission: Submission, unique: str) -> PackedSubmission:
    """The object to put; `unique` (letters and digits) tells two submissions apart."""
    metadata = {
        _BASE: str(submission.base),
        _AUTHOR: quote(submission.author[:_MAX_AUTHOR]),
        _NOTE: quote(submission.note[:_MAX_NOTE]),
    }
    if isinstance(submission, FolderSubmission):
        metadata |= {_PROMOTES: "yes"} if submission.promotes else {}
        return PackedSubmission(f"{SUBMISSION_PREFIX}{unique}.zip", pack(submission.files), metadata)
    body = msgspec.json.encode(_Rollback(submission.target))
    return PackedSubmission(f"{SUBMISSION_PREFIX}{unique}.json", body, metadata)


def author_of(metadata: Mapping[str, str]) -> str:
    """Who the metadata say the author is: a claim."""
    return unquote(metadata.get(_AUTHOR, ""))[:_MAX_AUTHOR]


def read_submission(found: SubmittedObject) -> Submission:
    """The submission in an object. Raises `RuleError` with every mistake in it."""
    if found.problem is not None:
        raise RuleError([found.problem])
    base, author = _number(found), author_of(found.metadata)
    note = unquote(found.metadata.get(_NOTE, ""))[:_MAX_NOTE]
    if found.body is None or len(found.body) > MAX_ARCHIVE:
        message = f"the submission has {found.size:,} bytes; {MAX_ARCHIVE:,} are the most"
        raise _refused(found.key, message, "hand in the folder of rules alone")
    if found.key.endswith(".zip"):
        unpacked = unpack(found.key, found.body)
        promotes = _PROMOTES in found.metadata
        return FolderSubmission(base, author, note, unpacked.files, unpacked.ignored, promotes)
    if found.key.endswith(".json"):
        try:
            target = msgspec.json.decode(found.body, type=_Rollback).rollback
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _refused(found.key, f"no rollback: {error}", "use `trailwarden rules rollback`") from error
        return RollbackSubmission(base, author, note, target)
    raise _refused(
        found.key, "neither a folder (.zip) nor a rollback (.json)", "use `trailwarden rules publish`"
    )


def _number(found: SubmittedObject) -> int:
    written = found.metadata.get(_BASE, "")
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        message = f"the metadata `{_BASE}` do not say which publication it was made from"
        raise _refused(found.key, message, "use `trailwarden rules publish`, which does")
    return int(written)


def _refused(path: str, message: str, cure: str) -> RuleError:
    return RuleError([Problem(path, 1, 1, message, cure)])
