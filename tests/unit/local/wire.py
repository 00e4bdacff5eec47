"""Calls as AWS's own SDK writes them on the wire, without a network."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError

from local.emulation.calls import Call

ACCOUNT = "444455556666"
REGION = "eu-central-1"
TIME = datetime(2026, 11, 22, 9, 5, 7, tzinfo=UTC)


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Any:
        yield self._body


def call(
    service: str,
    method: str,
    parameters: Mapping[str, Any],
    *,
    status: int = 200,
    answer: bytes = b"",
) -> Call:
    """The call that `boto3.client(service).method(**parameters)` makes, answered with `answer`."""
    sent: list[AWSPreparedRequest] = []
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url="http://127.0.0.1:4566",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
    )

    def answered(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, status, {}, _Raw(answer))

    client.meta.events.register("before-send", answered)
    try:
        getattr(client, method)(**parameters)
    except ClientError:
        assert status >= 400
    request = sent[0]
    address = urlsplit(request.url)
    body = request.body or b""
    return Call(
        time=TIME,
        account_id=ACCOUNT,
        region=REGION,
        access_key_id="AKIAEXAMPLE",
        source_ip="127.0.0.1",
        request_id="7b0ed37e-0a44-4b1c-94c8-3ba3b1b1d9e5",
        service=client.meta.service_model.signing_name,
        method=request.method,
        path=address.path,
        query=parse_qs(address.query, keep_blank_values=True),
        headers={"host": address.netloc}
        | {
            name.lower(): value.decode() if isinstance(value, bytes) else str(value)
            for name, value in request.headers.items()
        },
        body=body if isinstance(body, bytes) else body.read() if hasattr(body, "read") else body.encode(),
        status=status,
        response_headers={},
        response_body=answer,
    )
