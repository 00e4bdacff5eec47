"""Log files in S3: what may work later is told from what is read."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from moto import mock_aws

from trailwarden.aws.log_files import S3LogFiles
from trailwarden.delivery.notices import ObjectRef
from trailwarden.errors import LogFileUnavailable

REF = ObjectRef("log-archive", "AWSLogs/a b+c.json.gz")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="log-archive")
        yield client


def test_an_object_is_read_as_it_lies(s3: Any) -> None:
    s3.put_object(Bucket=REF.bucket, Key=REF.key, Body=b"abcdef")
    with S3LogFiles(s3).open(REF) as opened:
        assert (opened.size, opened.address) == (6, "s3://log-archive/AWSLogs/a b+c.json.gz")
        assert [opened.read(4), opened.read(4), opened.read(4)] == [b"abcd", b"ef", b""]


def test_the_id_changes_with_the_content(s3: Any) -> None:
    ids = []
    for body in (b"one", b"two", b"one"):
        s3.put_object(Bucket=REF.bucket, Key=REF.key, Body=body)
        with S3LogFiles(s3).open(REF) as opened:
            ids.append(opened.file_id)
    assert ids[0] == ids[2] != ids[1]


def test_what_is_gone_may_come_back(s3: Any) -> None:
    with pytest.raises(LogFileUnavailable, match="NoSuchKey"), S3LogFiles(s3).open(REF):
        pass


class Refusing:
    """An S3 client that answers every request with one error code."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_object(self, **_: Any) -> Any:
        raise ClientError({"Error": {"Code": self._code, "Message": self._code}}, "GetObject")


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "InternalError", "KMS.DisabledException"])
def test_what_is_denied_or_throttled_may_work_later(code: str) -> None:
    with pytest.raises(LogFileUnavailable, match=code), S3LogFiles(Refusing(code)).open(REF):
        pass


class BreakingOff:
    """An S3 client whose body ends before its length."""

    def get_object(self, **_: Any) -> Any:
        return {"Body": StreamingBody(BytesIO(b"half"), 8), "ETag": '"e"', "ContentLength": 8}


def test_a_body_that_breaks_off_is_no_fault_of_the_file() -> None:
    with (
        S3LogFiles(BreakingOff()).open(REF) as opened,
        pytest.raises(LogFileUnavailable, match="a b\\+c"),
    ):
        list(iter(lambda: opened.read(4), b""))
