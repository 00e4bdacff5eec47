"""Test records completed with what CloudTrail writes in every record, as an organisation's traffic has it.

A rule's test record names what the rule is about. A filter may go by what stands beside that in a real
record: TLS, versions, addresses, accounts, the time. Each value varies as in real traffic, most often what is
usual today. What the test record says itself stays.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.ruleset import Node

VARIANTS = 24
"""How many kinds of traffic there are; a filter for one account, region or network meets one or two."""
_EACH = 6
_ENOUGH = 4_000
_DAYS_AT_LEAST = 48
_SAMPLE = 48
_OFTEN = 16  # of the kinds of traffic
_VERSIONS = ("1.11",) * 18 + ("1.10",) * 3 + ("1.09",) * 2 + ("1.08",)
_KINDS = ("AssumedRole",) * 18 + ("IAMUser",) * 4 + ("FederatedUser", "AWSAccount")
_REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "us-east-1", "ap-south-1", "ap-northeast-1"),
    *("ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "us-east-1", "ca-central-1"),
    *("eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "sa-east-1", "us-east-1"),
    *("af-south-1", "eu-south-1", "me-south-1", "ap-east-1"),
)
_AGENTS = (
    "aws-cli/2.31.13 md/awscrt#0.27.6 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.13.7",
    "Boto3/1.40.30 md/Botocore#1.40.30 ua/2.1 os/linux#6.8 md/arch#aarch64 lang/python#3.12.3",
    "Boto3/1.26.0 Python/3.9.16 Linux/5.10 exec-env/AWS_Lambda_python3.9 Botocore/1.29.0",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io) aws-sdk-go-v2/1.30.3",
    "aws-sdk-go/1.55.5 (go1.22.5; linux; amd64) exec-env/AWS_ECS_FARGATE",
    "aws-sdk-java/2.28.1 Linux/6.1 OpenJDK_64-Bit_Server_VM/21.0.4 Java/21.0.4",
    "aws-sdk-js/3.645.0 ua/2.0 os/linux#5.15 lang/js md/nodejs#20.16.0 api/iam#3.645.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0",
)
_SERVICES = ("cloudformation.amazonaws.com", "autoscaling.amazonaws.com")
Record = Mapping[str, Any]


def completed(record: Record, filling: Record) -> dict[str, Any]:
    """The record with what it lacks of the filling."""
    whole = {**filling, **record}
    identity = record.get("userIdentity")
    if isinstance(identity, dict):
        whole["userIdentity"] = {**filling["userIdentity"], **identity}
    return whole


def share_matched(detection: Node, records: Sequence[Record]) -> float:
    """Which share of the records a compiled detection matches."""
    condition = compile_condition(detection)
    return sum(condition(RecordView(dict(record))) for record in records) / max(len(records), 1)


class Traffic:
    """Completions from one day to another. `seed` chooses the values: nobody can write a filter that spares
    them, for they are others then."""

    def __init__(self, seed: str, since: date, until: date) -> None:
        self._random = random.Random(seed)  # noqa: S311 (the same each time that the same folder is checked)
        self._since = datetime(since.year, since.month, since.day, tzinfo=UTC)
        self._days = max((until - since).days, 0) + 1
        self._fillings = [self._filling(number) for number in range(VARIANTS)]

    def records(self, records: Sequence[Record]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each record (by its place) in several kinds of traffic, all kinds equally often."""
        times = max(1, min(_EACH, _ENOUGH // max(len(records), 1)))
        for place, record in enumerate(records):
            for each in range(times):
                yield place, completed(record, self._fillings[(place * times + each) % VARIANTS])

    def days(
        self, records: Sequence[Record], *, thorough: bool
    ) -> Iterator[list[tuple[int, dict[str, Any]]]]:
        """The same at one moment after the other, at all hours, day by day (or month by month): of some of
        the records, in one kind of traffic each."""
        count = max(self._days, _DAYS_AT_LEAST) if thorough else min(self._days, 12)
        some = range(0, len(records), -(-len(records) // _SAMPLE) or 1)
        for number in range(count):
            day = self._since + timedelta(days=number * self._days // count)
            moment = day.replace(hour=number * 7 % 24, minute=self._random.randrange(60))
            now = [_at(filling, moment) for filling in self._fillings]
            yield [(place, completed(records[place], now[(place + number) % VARIANTS])) for place in some]

    def _filling(self, number: int) -> dict[str, Any]:
        digits = self._random
        account = f"{number * 10 // VARIANTS}{digits.randrange(10**10, 10**11):011}"
        often, region = number < _OFTEN, _REGIONS[number % len(_REGIONS)]
        name = f"{digits.getrandbits(40):x}"
        moment = self._since + timedelta(days=digits.randrange(self._days), seconds=digits.randrange(86_400))
        by_service = number in (7, 15)
        agent = _AGENTS[number % len(_AGENTS)]
        filling = {
            "eventVersion": _VERSIONS[number],
            "eventID": _uuid(digits),
            "requestID": _uuid(digits),
            "eventType": "AwsApiCall",
            "eventCategory": "Management",
            "managementEvent": True,
            "readOnly": not often,
            "awsRegion": region,
            "recipientAccountId": account,
            "eventSource": f"service{number}.amazonaws.com",
            "eventName": f"Change{name.title()}",
            "sourceIPAddress": _SERVICES[number % 2] if by_service else self._address(number),
            "userAgent": _SERVICES[number % 2] if by_service else agent,
            "userIdentity": _identity(_KINDS[number], account, name, digits),
        }
        if not by_service:
            filling["tlsDetails"] = {
                "tlsVersion": "TLSv1.2" if number % 6 == 1 else "TLSv1.3",
                "cipherSuite": "TLS_AES_128_GCM_SHA256",
                "clientProvidedHostHeader": f"service{number}.{region}.amazonaws.com",
            }
        return _at(filling, moment)

    def _address(self, number: int) -> str:
        """All over IPv4, each in a network of its own, and some of IPv6."""
        rest = [self._random.randrange(256) for _ in range(3)]
        if number in (11, 22):
            return f"2600:1f18:{rest[0]:x}:{rest[1]:x}::{rest[2]:x}"
        first = 1 + number * 222 // VARIANTS + self._random.randrange(9)
        return ".".join(map(str, (first + (first in (10, 127)), *rest)))


def _at(filling: Record, moment: datetime) -> dict[str, Any]:
    """The filling as of a moment."""
    identity = dict(filling["userIdentity"])
    if "sessionContext" in identity:
        began = f"{moment - timedelta(minutes=9):%Y-%m-%dT%H:%M:%SZ}"
        attributes = {"creationDate": began, "mfaAuthenticated": "false"}
        identity["sessionContext"] = {**identity["sessionContext"], "attributes": attributes}
    return {**filling, "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "userIdentity": identity}


def _identity(kind: str, account: str, name: str, digits: random.Random) -> dict[str, Any]:
    principal = f"A{digits.getrandbits(80):X}"
    identity: dict[str, Any] = {
        "type": kind,
        "principalId": f"{principal}:{name}",
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": f"ASIA{digits.getrandbits(64):X}",
    }
    if kind == "AssumedRole":
        role = f"arn:aws:iam::{account}:role/{name}"
        identity["arn"] = f"arn:aws:sts::{account}:assumed-role/{name}/{name}"
        issuer = {"type": "Role", "principalId": principal, "arn": role, "accountId": account}
        identity["sessionContext"] = {"sessionIssuer": {**issuer, "userName": name}}
    else:
        identity["userName"] = name
    return identity


def _uuid(digits: random.Random) -> str:
    text = f"{digits.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"
