"""Log files in S3, opened as streams."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import botocore.exceptions
import urllib3.exceptions

from trailwarden.delivery.notices import ObjectRef
from trailwarden.errors import LogFileUnavailable

# A body that breaks off midway is a fault of the way, not of the file: it may work later.
_TRANSPORT_ERRORS = (
    botocore.exceptions.BotoCoreError,
    botocore.exceptions.HTTPClientError,
    urllib3.exceptions.HTTPError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class OpenLogFile:
    """A log file whose body has not been read yet. `file_id` changes when the object's content does."""

    ref: ObjectRef
    etag: str
    size: int
    _body: Any

    @property
    def file_id(self) -> str:
        """`bucket/key#ETag`."""
        return f"{self.ref.bucket}/{self.ref.key}#{self.etag}"

    @property
    def address(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.ref.bucket}/{self.ref.key}"

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, compressed as they are; empty at the end."""
        try:
            data: bytes = self._body.read(size)
        except _TRANSPORT_ERRORS as error:
            raise LogFileUnavailable(f"{self.address}: {error}") from error
        return data


class S3LogFiles:
    """Opens log files through one S3 client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[OpenLogFile]:
        """Open an object for reading; a 404, a 403 and every other refusal raise `LogFileUnavailable`.

        Closing without reading costs no transfer: the body is fetched as it is read.
        """
        try:
            answer = self._client.get_object(Bucket=ref.bucket, Key=ref.key)
        except (botocore.exceptions.ClientError, *_TRANSPORT_ERRORS) as error:
            raise LogFileUnavailable(f"s3://{ref.bucket}/{ref.key}: {error}") from error
        with closing(answer["Body"]) as body:
            etag = str(answer.get("ETag", "")).strip('"')
            yield OpenLogFile(ref, etag, int(answer.get("ContentLength") or 0), body)
