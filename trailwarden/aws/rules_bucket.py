"""The rules bucket: the team's folder read at one moment, submissions, artefacts and sources.

`ListObjectsV2` shows a folder at one moment, `GetObject` an object at another. So each object is got on
condition that it is still the one that was listed, and the folder is listed again at the end: only where
nothing changed in between is it a snapshot.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from trailwarden.errors import Problem
from trailwarden.rules.folder import MAX_ARCHIVE, MAX_FILE, MAX_FILES, MAX_TOTAL, is_rule_file, unsafe_path
from trailwarden.safety.text import one_line
from trailwarden.state.rules_folder import (
    RULE_SET_PREFIX,
    SOURCES_PREFIX,
    TEAM_PREFIX,
    FolderBusyError,
    SubmittedObject,
    TeamFile,
    TeamSnapshot,
)

_ATTEMPTS = 5
_MIRROR = "trailwarden-mirror"
_GONE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "412", "PreconditionFailed", "NotFound"})
_INVALID = frozenset({"InvalidArgument", "405", "MethodNotAllowed"})
# Refusals that have nothing to do with the object: the caller is too fast, late, or has no valid credentials.
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_OF_THE_CALLER = re.compile(
    r"Throttl|TooManyRequests|SlowDown|LimitExceeded|ThroughputExceeded|Timeout|TimeTooSkewed|Token"
    r"|AccessKeyId|Signature|AuthorizationHeader|InvalidSecurity|NotSignedUp|AccountProblem|Redirect"
    r"|NoSuchBucket|OperationAborted|Conflict"
)
_ALL_REASONS = (
    "it cannot be read: S3 answers {code}",
    "upload it again with the bucket's own encryption and the storage class STANDARD",
)
_REASONS = {
    "InvalidObjectState": (
        "it is archived, and S3 does not return it",
        "upload it again with the storage class STANDARD, or delete it",
    ),
    "InvalidRequest": (
        "it cannot be read without the key that it was encrypted with (SSE-C)",
        "upload it again with the bucket's own encryption, or delete it",
    ),
    "AccessDenied": (
        "it may not be read: it is encrypted under a key that Trailwarden may not use, or a policy denies it",
        "upload it again with the bucket's own encryption, or delete it",
    ),
}


@dataclass(frozen=True, slots=True)
class _Listed:
    path: str
    etag: str
    size: int
    modified: str


class _ChangedError(Exception):
    """An object is not the one that was listed."""


class RulesBucket:
    """`RulesFolder` over one S3 bucket. Contents are kept by ETag between snapshots: a function that lives on
    reads only what changed."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._known: dict[tuple[str, str], TeamFile] = {}

    def team(self) -> TeamSnapshot:
        """The team's folder at one moment. Raises `FolderBusyError` where it does not hold still."""
        for _ in range(_ATTEMPTS):
            listed = list(self._list())
            try:
                snapshot = self._read(listed)
            except _ChangedError:
                continue
            if list(self._list()) == listed:
                return snapshot
        raise FolderBusyError(f"s3://{self._bucket}/{TEAM_PREFIX} changed each time that it was read")

    def _list(self) -> Iterator[_Listed]:
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": TEAM_PREFIX}
        while True:
            page = self._client.list_objects_v2(**request)
            for item in page.get("Contents", []):
                path = item["Key"].removeprefix(TEAM_PREFIX)
                if path and not path.endswith("/"):  # what the console makes for an empty folder
                    yield _Listed(path, item["ETag"], item["Size"], _time(item["LastModified"]))
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def _read(self, listed: list[_Listed]) -> TeamSnapshot:
        files: dict[str, TeamFile] = {}
        problems: list[Problem] = []
        untaken: dict[str, str] = {}
        total = 0
        for item in listed:
            if not is_rule_file(item.path):
                continue
            total += item.size
            file = _refused(item, len(files), total) or self._file(item)
            if isinstance(file, Problem):
                problems.append(file)
                untaken[item.path] = item.modified
            else:
                files[item.path] = file
        self._known = {(item.path, item.etag): files[item.path] for item in listed if item.path in files}
        ignored = tuple(item.path for item in listed if not is_rule_file(item.path))
        return TeamSnapshot(files, tuple(problems), untaken, ignored)

    def _file(self, item: _Listed) -> TeamFile | Problem:
        known = self._known.get((item.path, item.etag))
        if known is not None and known.modified == item.modified:
            return known
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=TEAM_PREFIX + item.path, IfMatch=item.etag
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                raise _ChangedError from error
            return _unreadable(item.path, error)
        with answer["Body"] as body:
            content: bytes = body.read()
        return TeamFile(content, str(answer.get("VersionId", "")), item.modified)

    def is_mirror(self, path: str) -> bool:
        """Whether the file was written by `put_team`, and no person has changed it since."""
        try:
            answer = self._client.head_object(Bucket=self._bucket, Key=TEAM_PREFIX + path)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE or _is_of_the_object(error):
                return False
            raise
        return _MIRROR in answer["Metadata"]

    def put_team(self, path: str, content: bytes) -> None:
        """Write one file of the team's folder, marked as no person's edit."""
        self._client.put_object(
            Bucket=self._bucket, Key=TEAM_PREFIX + path, Body=content, Metadata={_MIRROR: "yes"}
        )

    def remove_team(self, path: str) -> None:
        """Remove one file of the team's folder; its versions stay."""
        self._client.delete_object(Bucket=self._bucket, Key=TEAM_PREFIX + path)

    def submission(self, key: str, version_id: str) -> SubmittedObject | None:
        """What was handed in, or None where it is gone. An empty `version_id` means the newest."""
        request = {"Bucket": self._bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
        try:
            answer = self._client.get_object(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE | _INVALID:
                return None
            problem = _unreadable(key, error)
            # Without the right to list, which a condition binds here, S3 denies what is gone.
            listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
            if key not in {item["Key"] for item in listed.get("Contents", [])}:
                return None
            return SubmittedObject(key, version_id, None, 0, {}, problem)
        with answer["Body"] as body:
            size = int(answer["ContentLength"])
            content = body.read() if size <= MAX_ARCHIVE else None
        version = str(answer.get("VersionId") or answer["ETag"].strip('"'))
        return SubmittedObject(key, version, content, size, dict(answer["Metadata"]))

    def submit(self, key: str, body: bytes, metadata: dict[str, str]) -> str:
        """Hand something in; returns its origin, which publications and refusals name."""
        answer = self._client.put_object(Bucket=self._bucket, Key=key, Body=body, Metadata=metadata)
        return f"{key}@{answer.get('VersionId') or answer['ETag'].strip(chr(34))}"

    def put_artefact(self, version: str, data: bytes) -> None:
        """Store a compiled rule set."""
        self._put(f"{RULE_SET_PREFIX}{version}.json", data)

    def artefact(self, version: str) -> bytes:
        """The artefact's bytes. Raises botocore's errors."""
        return self._get(f"{RULE_SET_PREFIX}{version}.json")

    def put_sources(self, sources: str, data: bytes) -> None:
        """Store an archive of sources."""
        self._put(f"{SOURCES_PREFIX}{sources}.zip", data)

    def sources(self, sources: str) -> bytes:
        """An archive of sources. Raises botocore's errors."""
        return self._get(f"{SOURCES_PREFIX}{sources}.zip")

    def _put(self, key: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def _get(self, key: str) -> bytes:
        with self._client.get_object(Bucket=self._bucket, Key=key)["Body"] as body:
            data: bytes = body.read()
        return data


def _time(modified: datetime) -> str:
    return modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _unreadable(path: str, error: ClientError) -> Problem:
    """That S3 does not return an object, if that is for the object's sake; raises the error if it may pass.

    It names no more of the answer than its code: a refusal is told once as long as it says the same.
    """
    if not _is_of_the_object(error):
        raise error
    code = error.response["Error"]["Code"]
    reason, fix = _REASONS.get(code, _ALL_REASONS)
    return Problem(path, 1, 1, reason.format(code=one_line(code, 80)), fix)


def _is_of_the_object(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response["Error"].get("Code", "")
    return 400 <= status < 500 and status not in {408, 429} and not _OF_THE_CALLER.search(code)


def _refused(item: _Listed, count: int, total: int) -> Problem | None:
    """Why a listed file is not read; None where it is."""
    reason, cure = unsafe_path(item.path), "name the file plainly"
    if reason is None and item.size > MAX_FILE:
        reason, cure = f"the file has {item.size:,} bytes; {MAX_FILE:,} are the most", "split the file"
    if reason is None and (count >= MAX_FILES or total > MAX_TOTAL):
        reason = f"the folder holds more than {MAX_FILES:,} files, or {MAX_TOTAL >> 20} MiB"
        cure = "shorten the folder"
    return Problem(item.path, 1, 1, reason, cure) if reason else None
