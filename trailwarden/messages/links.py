"""Links into the AWS console, made from identifiers alone: nothing that a record holds can lead elsewhere.

The hosts are AWS's own, one a partition; what is put behind them is checked for its shape, and
percent-encoded.
Hosts: https://docs.aws.amazon.com/general/latest/gr/signin-service.html
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from trailwarden.delivery.records import Record, field_values

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,2}-\d{1,2}")
_EVENT_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ACCESS_KEY = re.compile(r"[A-Z0-9]{8,128}")
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
"""What CloudTrail writes for a user name that no user has: nothing can be looked up by it."""
_NAME = re.compile(r"[\w+=,.@/:*-]{1,512}", re.ASCII)
_HOSTS = (
    ("cn-", "console.amazonaws.cn"),
    ("us-gov-", "console.amazonaws-us-gov.com"),
    ("eusc-", "console.amazonaws-eusc.eu"),
)
_WITHOUT_CONSOLE = ("us-iso", "eu-iso")
_IAM = {"userName": "users", "roleName": "roles", "groupName": "groups"}

# By service: the parameter that names the resource, and the page of the console that shows it.
# `{r}` is the region, `{v}` the value, percent-encoded.
_PAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "cloudtrail.amazonaws.com": (
        ("trailName", "cloudtrailv2/home?region={r}#/trails"),
        ("name", "cloudtrailv2/home?region={r}#/trails"),
    ),
    "config.amazonaws.com": (("configurationRecorderName", "config/home?region={r}#/settings"),),
    "ec2.amazonaws.com": (
        ("groupId", "ec2/home?region={r}#SecurityGroup:groupId={v}"),
        ("ModifySecurityGroupRulesRequest.GroupId", "ec2/home?region={r}#SecurityGroup:groupId={v}"),
        ("snapshotId", "ec2/home?region={r}#SnapshotDetails:snapshotId={v}"),
        ("imageId", "ec2/home?region={r}#ImageDetails:imageId={v}"),
        ("instanceId", "ec2/home?region={r}#InstanceDetails:instanceId={v}"),
        ("instancesSet.items.instanceId", "ec2/home?region={r}#InstanceDetails:instanceId={v}"),
    ),
    "guardduty.amazonaws.com": (("detectorId", "guardduty/home?region={r}#/settings"),),
    "kms.amazonaws.com": (("keyId", "kms/home?region={r}#/kms/keys/{v}"),),
    "lambda.amazonaws.com": (("functionName", "lambda/home?region={r}#/functions/{v}"),),
    "rds.amazonaws.com": (
        ("dBSnapshotIdentifier", "rds/home?region={r}#db-snapshot:id={v}"),
        ("dBInstanceIdentifier", "rds/home?region={r}#database:id={v}"),
    ),
    "s3.amazonaws.com": (("bucketName", "s3/buckets/{v}?region={r}"),),
    "secretsmanager.amazonaws.com": (("secretId", "secretsmanager/secret?name={v}&region={r}"),),
    "ssm.amazonaws.com": (("name", "systems-manager/parameters/{v}/description?region={r}"),),
}


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses in the console, or None: the event, what was acted on, what the actor did besides."""

    event: str | None = None
    resource: str | None = None
    history: str | None = None


def links_of(record: Record) -> Links:
    """The links that a record allows. They lead into the account that the reader is signed in to."""
    region = record.get("awsRegion")
    host = _host(region)
    if host is None or not isinstance(region, str):
        return Links()
    base = f"https://{region}.{host}/"
    return Links(
        event=_event(record, base, region),
        resource=_resource(record, base, region),
        history=_history(record, base, region),
    )


def _host(region: Any) -> str | None:
    """The console's host for a region's partition; None where there is no such region or console."""
    if not isinstance(region, str) or not _REGION.fullmatch(region) or region.startswith(_WITHOUT_CONSOLE):
        return None
    return next((host for prefix, host in _HOSTS if region.startswith(prefix)), "console.aws.amazon.com")


def _event(record: Record, base: str, region: str) -> str | None:
    """The console's event history keeps management events alone, of 90 days."""
    event_id = record.get("eventID")
    if not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        return None
    if record.get("managementEvent") is False or record.get("eventCategory", "Management") != "Management":
        return None
    return f"{base}cloudtrailv2/home?region={region}#/events/{event_id}"


def _history(record: Record, base: str, region: str) -> str | None:
    """By access key where there is one, for that tells one session from another; else by user name."""
    identity = record.get("userIdentity")
    if not isinstance(identity, dict):
        return None
    key = identity.get("accessKeyId")
    for attribute, value in (
        ("AccessKeyId", key if isinstance(key, str) and _ACCESS_KEY.fullmatch(key) else None),
        ("Username", identity.get("userName")),
        ("Username", "root" if identity.get("type") == "Root" else None),
    ):
        encoded = _encoded(value)
        if encoded:
            return f"{base}cloudtrailv2/home?region={region}#/events?{attribute}={encoded}"
    return None


def _resource(record: Record, base: str, region: str) -> str | None:
    source = record.get("eventSource")
    if source == "iam.amazonaws.com":
        return _iam(record, base)
    for parameter, page in _PAGES.get(source if isinstance(source, str) else "", ()):
        for value in field_values(record, f"requestParameters.{parameter}"):
            encoded = _encoded(value)
            if encoded:
                return base + page.format(r=region, v=encoded)
    return None


def _iam(record: Record, base: str) -> str | None:
    parameters = record.get("requestParameters")
    if not isinstance(parameters, dict):
        return None
    for parameter, kind in _IAM.items():
        encoded = _encoded(parameters.get(parameter))
        if encoded:
            return f"{base}iam/home#/{kind}/details/{encoded}"
    policy = _encoded(parameters.get("policyArn"))
    return f"{base}iam/home#/policies/details/{policy}" if policy else None


def _encoded(value: Any) -> str | None:
    if not isinstance(value, str) or value == HIDDEN or not _NAME.fullmatch(value):
        return None
    return quote(value, safe="")
