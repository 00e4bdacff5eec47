"""The local cloud: the emulator with everything deployed, and what can be seen of it."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from infra.names import ALERT_TABLE, DETECT_FUNCTION, TEND_FUNCTION
from local.deployment import (
    AUDIT_ACCOUNT,
    MEMBER_ACCOUNT,
    NAMES,
    REGION,
    SECURITY_ADDRESS,
    Assembly,
    Stopwatch,
    deploy,
    prepare,
)
from local.emulator import Emulator, Mail

Found = TypeVar("Found")
_FOLLOWS_UP = re.compile(
    r"^How many: +(?P<total>[\d,]+) in all(, (?P<before>[\d,]+) of them\s+told before)?", re.MULTILINE
)
_TIMES = re.compile(r"^How many: +(?P<total>[\d,]+) times so far", re.MULTILINE)
_ALERT_ID = re.compile(r"^Alert: +(?P<id>\w+)$", re.MULTILINE)
_EVIDENCE = re.compile(r"^Evidence: +(?:s3://)?(?P<file>\S+),\s+record (?P<index>\d+)$", re.MULTILINE)
_RECORD = "\nThe record:\n"


@dataclass(frozen=True, slots=True)
class AlertMail:
    """An e-mail of an alert: its first message, or a follow-up.

    `log_file` is BUCKET/KEY. `record` is None where the e-mail left it out as too large. `total` is how many
    events the alert counts, `told_before` how many of them earlier messages had counted: None in a first one.
    """

    mail: Mail
    alert_id: str
    log_file: str
    record: dict[str, Any] | None
    total: int
    told_before: int | None = None

    @classmethod
    def parse(cls, mail: Mail) -> "AlertMail":
        alert_id, evidence = _ALERT_ID.search(mail.body), _EVIDENCE.search(mail.body)
        if alert_id is None or evidence is None:
            raise ValueError(f"an e-mail of the alert topic that is no alert: {mail.subject!r}")
        head, found, record = mail.body.partition(_RECORD)
        again, times = _FOLLOWS_UP.search(head), _TIMES.search(head)
        return cls(
            mail,
            alert_id["id"],
            evidence["file"],
            json.loads(record) if found else None,
            _number(again or times, "total", 1),
            _number(again, "before", 0) if again else None,
        )

    @classmethod
    def is_one(cls, mail: Mail) -> bool:
        """Whether the mail is of one alert: summaries and heartbeats are of many, and of none."""
        return _ALERT_ID.search(mail.body) is not None

    @property
    def event_name(self) -> str | None:
        return None if self.record is None else self.record.get("eventName")


def _number(found: re.Match[str] | None, name: str, otherwise: int) -> int:
    return int(found[name].replace(",", "")) if found and found[name] else otherwise


@dataclass(frozen=True, slots=True)
class Counts:
    """What the deployed functions say they did."""

    files: int
    records: int
    matches: int


class LocalCloud:
    """Two accounts in which everything is deployed."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.names = NAMES

    def audit(self, service: str) -> Any:
        """A client that acts as the owner of the audit account."""
        return self.emulator.client(service, AUDIT_ACCOUNT)

    def member(self, service: str) -> Any:
        """A client that acts as the owner of the member account."""
        return self.emulator.client(service, MEMBER_ACCOUNT)

    def alerts(self) -> list[AlertMail]:
        """The alerts that the security team has got, oldest first: the first message of each."""
        return [alert for alert in self.alert_mails() if alert.told_before is None]

    def alert_mails(self, address: str = SECURITY_ADDRESS) -> list[AlertMail]:
        """What somebody has got of alerts, follow-ups among it, oldest first."""
        return [AlertMail.parse(mail) for mail in self.mails_to(address) if AlertMail.is_one(mail)]

    def summaries(self, address: str = SECURITY_ADDRESS) -> list[Mail]:
        """What somebody has got of no single alert: what was held back, and heartbeats; oldest first."""
        return [mail for mail in self.mails_to(address) if not AlertMail.is_one(mail)]

    def mails_to(self, address: str) -> list[Mail]:
        """What somebody has got from the topics of alerts, oldest first."""
        return [
            mail
            for mail in self.emulator.mails
            if mail.address == address and mail.topic_arn.startswith(NAMES.alert_topic_arn)
        ]

    def operations_mails(self) -> list[Mail]:
        return [mail for mail in self.emulator.mails if mail.topic_arn == NAMES.operations_topic_arn]

    def author_mails(self) -> list[Mail]:
        """What the authors of rules were told, oldest first."""
        return [mail for mail in self.emulator.mails if mail.topic_arn == NAMES.rule_authors_topic_arn]

    def table_items(self, kind: str) -> list[dict[str, Any]]:
        """The alert table's items of one kind: `ALERT`, `MATCH`, `MORE` or `FILE`, in DynamoDB's JSON."""
        pages = (
            self.audit("dynamodb")
            .get_paginator("scan")
            .paginate(
                TableName=ALERT_TABLE,
                FilterExpression="begins_with(sk, :kind)",
                ExpressionAttributeValues={":kind": {"S": kind}},
            )
        )
        return [item for page in pages for item in page["Items"]]

    def matches_of(self, alert: AlertMail) -> list[dict[str, Any]]:
        """The items of the matches in an alert's group."""
        (item,) = self.items(f"ALERT#{alert.alert_id}", "ALERT")
        return self.items(f"GROUP#{item['group_key']['S']}", "MATCH#")

    def items(self, partition: str, beginning: str = "") -> list[dict[str, Any]]:
        """The alert table's items under one partition key, of which the sort key begins so."""
        pages = (
            self.audit("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=ALERT_TABLE,
                KeyConditionExpression="pk = :pk" + (" AND begins_with(sk, :sk)" if beginning else ""),
                ExpressionAttributeValues={":pk": {"S": partition}}
                | ({":sk": {"S": beginning}} if beginning else {}),
            )
        )
        return [item for page in pages for item in page["Items"]]

    def messages(self, since: datetime) -> list[dict[str, Any]]:
        """The items of the messages of every alert that came since then: `ALERT`, `MORE#...`."""
        days = dict.fromkeys(f"ALERTS#{day:%Y-%m-%d}" for day in (since, datetime.now(UTC)))
        listed = [item["sk"]["S"] for day in days for item in self.items(day)]
        ids = {key.rpartition("#")[2] for key in listed if key >= f"{since:%Y-%m-%dT%H:%M:%SZ}"}
        return [item for alert_id in ids for item in self.items(f"ALERT#{alert_id}")]

    def tend(self) -> dict[str, int]:
        """Run `tend_alerts` now; what it came to."""
        answer = self.audit("lambda").invoke(FunctionName=TEND_FUNCTION)
        tally: dict[str, int] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise RuntimeError(f"tend_alerts failed: {tally}\n{self.emulator.log}")
        return tally

    def counts(self) -> Counts:
        """The sums of what `detect` wrote into its log at the end of each batch."""
        pages = (
            self.audit("logs")
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{DETECT_FUNCTION}")
        )
        tallies = [
            json.loads(event["message"])["tally"]
            for page in pages
            for event in page["events"]
            if '"batch done"' in event["message"] and '"tally"' in event["message"]
        ]
        return Counts(*(sum(tally[name] for tally in tallies) for name in ("Files", "Records", "Matches")))


def wait_for(find: Callable[[], Found], seconds: float) -> Found:
    """What `find` finds as soon as that is true; after `seconds` whatever it finds."""
    deadline = time.monotonic() + seconds
    while not (found := find()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@contextmanager
def local_cloud(
    *,
    enforce_iam: bool = False,
    assembly: Assembly | None = None,
    before_deploying: Callable[[Emulator], None] = lambda _: None,
    stopwatch: Stopwatch | None = None,
) -> Iterator[LocalCloud]:
    """Start the emulator, deploy everything, and stop it all at the end.

    `before_deploying` acts in the accounts while no trail watches them yet. An `assembly` from an earlier
    call saves the synthesis. Raises `EmulatorError` and `DeploymentError`.
    """
    stopwatch = stopwatch or Stopwatch()
    with ExitStack() as stack:
        with stopwatch.phase("Starting the AWS emulator"):
            emulator = stack.enter_context(Emulator(region=REGION, enforce_iam=enforce_iam))
        folder = emulator.folder / "deployment"
        folder.mkdir()
        with stopwatch.phase("Building the stacks, bootstrapping two accounts"):
            built = prepare(emulator, folder, assembly, stopwatch.say)
        before_deploying(emulator)
        with stopwatch.phase("Deploying with the CDK command line"):
            deploy(emulator, built, stopwatch.say)
        yield LocalCloud(emulator)
