"""One API call as it went over the wire, with its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Call:
    """What the emulator was asked and what it answered. Header names are in lower case."""

    time: datetime
    account_id: str
    region: str
    access_key_id: str
    source_ip: str
    request_id: str
    service: str  # as the request was signed for: "ec2", "monitoring", ...
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes
