"""Writes tests/data/AWSLogs: the sample log files of the README and of the benchmark.

    python -m tests.data.make_sample_logs

One morning in account 444455556666: an innocent deployment, scheduled service calls, and an intruder.
Names and addresses are from the ranges reserved for documentation.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.samples import MEMBER, record

HERE = Path(__file__).parent
REGION = "eu-west-1"
INTRUDER = {
    "type": "IAMUser",
    "principalId": "AIDAEXAMPLEMALLORY",
    "arn": f"arn:aws:iam::{MEMBER}:user/mallory",
    "accountId": MEMBER,
    "accessKeyId": "AKIAEXAMPLEMALLORY00",
    "userName": "mallory",
}
DEPLOYER = {
    "type": "AssumedRole",
    "principalId": "AROAEXAMPLEDEPLOY:pipeline",
    "arn": f"arn:aws:sts::{MEMBER}:assumed-role/deploy/pipeline",
    "accountId": MEMBER,
    "sessionContext": {"sessionIssuer": {"type": "Role", "userName": "deploy", "accountId": MEMBER}},
}
ADDRESSES = {"IAMUser": "203.0.113.66", "AssumedRole": "198.51.100.20", "AWSService": "unused"}
SERVICE = {"type": "AWSService", "invokedBy": "autoscaling.amazonaws.com"}
WORLD = {"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22,
                    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}  # fmt: skip

# (minute, source, name, request parameters, more fields)
Call = tuple[int, str, str, dict[str, Any] | None, dict[str, Any]]
INTRUSION: list[Call] = [
    (2, "iam", "ListUsers", None, {"readOnly": True}),
    (3, "iam", "CreateUser", {"userName": "backup-operator"}, {}),
    (4, "iam", "CreateAccessKey", {"userName": "backup-operator"}, {}),
    (5, "iam", "AttachUserPolicy",
     {"userName": "backup-operator", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}, {}),
    (7, "ec2", "AuthorizeSecurityGroupIngress", {"groupId": "sg-0example", "ipPermissions": WORLD}, {}),
    (8, "cloudtrail", "DeleteTrail", {"name": "main-trail"}, {"errorCode": "AccessDenied"}),
    (9, "cloudtrail", "StopLogging", {"name": "main-trail"}, {}),
]  # fmt: skip


def main() -> None:
    """Write the three log files."""
    intruder = [_call(100 + n, INTRUDER, call) for n, call in enumerate(INTRUSION)]
    _write("0905", "Morning000000001", [*_routine(0, 24), *intruder[:4]])
    # CloudTrail delivers some events twice, and none in order.
    _write("0910", "Morning000000002", [*reversed(intruder[3:]), *_routine(24, 40)])
    _write("0915", "Morning000000003", list(_routine(40, 60)))


def _routine(first: int, last: int) -> Iterator[dict[str, Any]]:
    for number in range(first, last):
        minute = number % 10
        if number % 3:
            origin = {
                "sourceIPAddress": "autoscaling.amazonaws.com",
                "userAgent": "autoscaling.amazonaws.com",
            }
            call: Call = (
                minute,
                "ec2",
                "DescribeInstances",
                {"instancesSet": {}},
                {"readOnly": True, **origin},
            )
            yield _call(number, SERVICE, call)
        else:
            call = (minute, "cloudformation", "UpdateStack", {"stackName": f"web-{number}"}, {})
            yield _call(number, DEPLOYER, call)


def _call(number: int, identity: dict[str, Any], call: Call) -> dict[str, Any]:
    minute, source, name, parameters, more = call
    fields = {
        "userIdentity": identity,
        "eventTime": f"2026-03-02T09:{minute:02}:{number % 60:02}Z",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": ADDRESSES[identity["type"]],
        "requestParameters": parameters,
    }
    return record(number, **{**fields, **more})


def _write(time: str, unique: str, records: list[dict[str, Any]]) -> None:
    folder = HERE / "AWSLogs" / MEMBER / "CloudTrail" / REGION / "2026" / "03" / "02"
    folder.mkdir(parents=True, exist_ok=True)
    # Plain JSON, so that a reader of the repository can see what it holds; `scan` takes it as it is.
    file = folder / f"{MEMBER}_CloudTrail_{REGION}_20260302T{time}Z_{unique}.json"
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in records)
    file.write_text(f'{{"Records":[\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
