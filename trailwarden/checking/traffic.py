"""Test records completed with what CloudTrail writes in every record, as an organisation's traffic has it.

A rule's test record names what the rule is about. A filter may go by what stands beside that in a real
record: TLS, versions, addresses, accounts, identifiers, the time. Each value varies as in real traffic, in
the form that AWS gives it, most often what is usual today. What the test record says itself stays, and what
is added agrees with it: the account, the region, the service, and who called.
"""

import random
import re
import string
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

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
_PEOPLE = frozenset({"AssumedRole", "IAMUser"})
_UNLIKE = (0, 19, 22)
_LASTING = 0.3  # of the keys of users: sessions are the rule
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
_ID_LETTERS = string.ascii_uppercase + "234567"
_GLOBAL = frozenset({"iam", "organizations", "route53", "cloudfront", "support", "sts", "signin"})
_ARN_LIMIT = 2048
_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):(?:assumed-role/([^/]+)/(.+)|.*/(.+))?")
Record = Mapping[str, Any]


def completed(record: Record, filling: Record) -> dict[str, Any]:
    """The record with what it lacks of the filling."""
    whole = {**filling, **record}
    identity = record.get("userIdentity")
    if isinstance(identity, dict):
        whole["userIdentity"] = {**filling["userIdentity"], **identity}
    return whole


def some_of(records: Sequence[Record], count: int) -> list[RecordView]:
    """About as many of the records, evenly chosen, to hold many detections against."""
    return [RecordView(dict(record)) for record in records[:: max(1, len(records) // count)]]


def share_matched(detection: Node, views: Sequence[RecordView]) -> float:
    """Which share of the records a compiled detection matches."""
    condition = compile_condition(detection)
    return sum(map(condition, views)) / max(len(views), 1)


class Traffic:
    """Completions from one day to another. `seed` chooses the values: nobody can write a filter that spares
    them, for they are others then."""

    def __init__(self, seed: str, since: date, until: date) -> None:
        self._random = random.Random(seed)  # noqa: S311 (the same each time that the same folder is checked)
        self._since = datetime(since.year, since.month, since.day, tzinfo=UTC)
        self._days = max((until - since).days, 0) + 1
        self._kinds = [_Kind(number, self._random) for number in range(VARIANTS)]
        self._moments = [
            self._since
            + timedelta(days=self._random.randrange(self._days), seconds=self._random.randrange(86_400))
            for _ in range(VARIANTS)
        ]

    def records(self, records: Sequence[Record]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each record (by its place) in several kinds of traffic, all kinds equally often."""
        times = max(1, min(_EACH, _ENOUGH // max(len(records), 1)))
        for place, record in enumerate(records):
            for each in range(times):
                number = (place * times + each) % VARIANTS
                yield place, self._kinds[number].completed(record, self._moments[number])

    def unlike(self, record: Record) -> list[dict[str, Any]]:
        """The record in kinds of traffic that have nothing in common but what all traffic has."""
        return [self._kinds[number].completed(record, self._moments[number]) for number in _UNLIKE]

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
            yield [
                (place, self._kinds[(place + number) % VARIANTS].completed(records[place], moment))
                for place in some
            ]


class _Kind:
    """A kind of traffic: callers of one account, from one network, by one program."""

    def __init__(self, number: int, digits: random.Random) -> None:
        self._number = number
        self._digits = digits
        self._account = f"{number * 10 // VARIANTS}{digits.randrange(10**10, 10**11):011}"
        self._region = _REGIONS[number % len(_REGIONS)]
        self._by_service = number in (7, 15)
        self._endpoint = f"vpce-0{digits.getrandbits(64):016x}" if number == 12 else None
        self._address = _address(number, digits, private=self._endpoint is not None)

    def completed(self, record: Record, moment: datetime) -> dict[str, Any]:
        """The record as this traffic has it at a moment. Whether a user or a role's session calls is seldom
        what a rule is about: this traffic's caller stands in for the other."""
        identity = record.get("userIdentity")
        kind = identity.get("type") if isinstance(identity, dict) else None
        if kind in _PEOPLE and kind != _KINDS[self._number]:
            record = {
                **record,
                "userIdentity": {"accountId": _Caller.of(record["userIdentity"], self).account},
            }
        return completed(record, self._filling(record, moment))

    def _filling(self, record: Record, moment: datetime) -> dict[str, Any]:
        number, digits = self._number, self._digits
        identity = record.get("userIdentity")
        caller = _Caller.of(identity if isinstance(identity, dict) else {}, self)
        region = str(record.get("awsRegion", self._region))
        service = str(record.get("eventSource", f"service{number}.amazonaws.com")).partition(".")[0]
        called = caller.identity(moment, digits)
        filling: dict[str, Any] = {
            "eventVersion": _VERSIONS[number],
            "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "eventID": _uuid(digits),
            "requestID": _letters(digits, 16) if number % 4 == 3 else _uuid(digits),
            "eventType": "AwsApiCall",
            "eventCategory": "Management",
            "managementEvent": True,
            "readOnly": number >= _OFTEN,
            "awsRegion": region,
            "recipientAccountId": caller.account,
            "eventSource": f"{service}.amazonaws.com",
            "eventName": f"Change{digits.getrandbits(40):x}".title(),
            "sourceIPAddress": _SERVICES[number % 2] if self._by_service else self._address,
            "userAgent": _SERVICES[number % 2] if self._by_service else _AGENTS[number % len(_AGENTS)],
            "userIdentity": called,
        }
        if self._by_service:
            called["invokedBy"] = _SERVICES[number % 2]
            return filling
        host = f"{service}.amazonaws.com" if service in _GLOBAL else f"{service}.{region}.amazonaws.com"
        old = number % 6 == 1
        filling["tlsDetails"] = {
            "tlsVersion": "TLSv1.2" if old else "TLSv1.3",
            "cipherSuite": "ECDHE-RSA-AES128-GCM-SHA256" if old else "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": host,
        }
        if self._endpoint is not None:
            filling["vpcEndpointId"] = self._endpoint
        return filling

    @property
    def number(self) -> int:
        return self._number

    @property
    def account(self) -> str:
        return self._account

    @property
    def digits(self) -> random.Random:
        return self._digits


class _Caller:
    """Who calls, as far as a test record says, and else somebody of this kind of traffic."""

    def __init__(self, kind: str, account: str, name: str, session: str) -> None:
        self._kind = kind
        self.account = account
        self._name = name
        self._session = session

    @classmethod
    def of(cls, identity: Record, traffic: _Kind) -> "_Caller":
        kind = str(identity.get("type") or _KINDS[traffic.number])
        found = _ACCOUNT.match(str(identity.get("arn", ""))[:_ARN_LIMIT])
        account, role, session, user = found.groups() if found else (None, None, None, None)
        own = str(identity.get("accountId") or account or traffic.account)
        name = role or identity.get("userName") or user or _name(traffic.number, traffic.digits)
        return cls(kind, own, str(name), session or _session(traffic.number, traffic.digits))

    def identity(self, moment: datetime, digits: random.Random) -> dict[str, Any]:
        """Its `userIdentity`, as https://docs.aws.amazon.com/awscloudtrail/latest/userguide/
        cloudtrail-event-reference-user-identity.html has it for its type."""
        account, name = self.account, self._name
        identity: dict[str, Any] = {"type": self._kind, "accountId": account}
        if self._kind == "AWSAccount":
            return {**identity, "principalId": f"{_unique_id('AROA', digits)}:{self._session}"}
        if self._kind == "AssumedRole":
            return {**identity, **self._assumed(moment, digits)}
        if self._kind == "FederatedUser":
            identity |= {
                "principalId": f"{account}:{name}",
                "arn": f"arn:aws:sts::{account}:federated-user/{name}",
            }
        elif self._kind == "Root":
            identity |= {"principalId": account, "arn": f"arn:aws:iam::{account}:root"}
        else:
            identity |= {
                "principalId": _unique_id("AIDA", digits),
                "arn": f"arn:aws:iam::{account}:user/{name}",
            }
            identity["userName"] = name
        if self._kind == "IAMUser" and digits.random() < _LASTING:
            return {**identity, "accessKeyId": "AKIA" + _letters(digits, 16)}
        identity["sessionContext"] = {"attributes": _attributes(moment)}
        return {**identity, "accessKeyId": "ASIA" + _letters(digits, 16)}

    def _assumed(self, moment: datetime, digits: random.Random) -> dict[str, Any]:
        account, name = self.account, self._name
        path = "aws-reserved/sso.amazonaws.com/" if name.startswith("AWSReservedSSO_") else ""
        principal = _unique_id("AROA", digits)
        issuer = {
            "type": "Role",
            "principalId": principal,
            "arn": f"arn:aws:iam::{account}:role/{path}{name}",
            "accountId": account,
            "userName": name,
        }
        return {
            "principalId": f"{principal}:{self._session}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{name}/{self._session}",
            "accessKeyId": "ASIA" + _letters(digits, 16),
            "sessionContext": {"sessionIssuer": issuer, "attributes": _attributes(moment)},
        }


def _attributes(moment: datetime) -> dict[str, str]:
    began = f"{moment - timedelta(minutes=9):%Y-%m-%dT%H:%M:%SZ}"
    return {"creationDate": began, "mfaAuthenticated": "false"}


def _name(number: int, digits: random.Random) -> str:
    """A role's, or a user's: those of permission sets, of instances and functions, of pipelines."""
    name = f"{digits.getrandbits(40):x}"
    return f"AWSReservedSSO_{name.title()}_{digits.getrandbits(64):016x}" if number % 3 == 0 else name


def _session(number: int, digits: random.Random) -> str:
    """The name of a role's session, as people, instances, functions and SDKs have it."""
    name = f"{digits.getrandbits(40):x}"
    if number % 3 == 0:
        return f"{name}@example.com"
    if number % 3 == 1:
        return f"i-0{digits.getrandbits(64):016x}"
    return name if number % 2 else f"botocore-session-{digits.getrandbits(30)}"


def _address(number: int, digits: random.Random, *, private: bool) -> str:
    """All over IPv4, each in a network of its own, and some of IPv6."""
    rest = [digits.randrange(256) for _ in range(3)]
    if number in (11, 21):
        return f"2600:1f18:{rest[0]:x}:{rest[1]:x}::{rest[2]:x}"
    first = 1 + number * 222 // VARIANTS + digits.randrange(9)
    return ".".join(map(str, (10 if private else first + (first in (10, 127)), *rest)))


def _letters(digits: random.Random, count: int) -> str:
    return "".join(digits.choices(_ID_LETTERS, k=count))


def _unique_id(prefix: str, digits: random.Random) -> str:
    """Of a role or a user: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"""
    return prefix + _letters(digits, 17)


def _uuid(digits: random.Random) -> str:
    return str(UUID(int=digits.getrandbits(128), version=4))
