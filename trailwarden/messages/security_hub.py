"""The alert as a finding in AWS Security Hub's format, for `BatchImportFindings`.

https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
"""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from trailwarden.activity.model import Activity
from trailwarden.alerts.attack import tactics
from trailwarden.alerts.likeness import NAMED_AT_MOST
from trailwarden.messages.overview import named
from trailwarden.messages.story import Story
from trailwarden.messages.when import parsed
from trailwarden.safety.text import UNKNOWN, defanged, one_line, shorten

_NEVER = "1970-01-01T00:00:00.000Z"
# https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html
_TACTIC_TYPES = {
    "initial-access": "Initial Access",
    "execution": "Execution",
    "persistence": "Persistence",
    "privilege-escalation": "Privilege Escalation",
    "defense-evasion": "Defense Evasion",
    "credential-access": "Credential Access",
    "discovery": "Discovery",
    "lateral-movement": "Lateral Movement",
    "collection": "Collection",
    "command-and-control": "Command and Control",
}
_SEVERITIES = {
    "informational": "INFORMATIONAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "critical": "CRITICAL",
}


@dataclass(frozen=True, slots=True)
class SecurityHub:
    """The account and region that findings are imported into: the importing function's own."""

    account: str
    region: str
    partition: str = "aws"


def finding(story: Story, hub: SecurityHub) -> dict[str, Any]:
    """One finding. Importing it again updates it: its id is the alert's.

    Severity and types stand in `FindingProviderFields` alone: Security Hub fills the fields of the same name
    from there, and an update that named those itself would undo what its users set.
    https://docs.aws.amazon.com/securityhub/latest/userguide/finding-update-batchimportfindings.html
    """
    alert = story.alert
    # An update is ignored unless it is later than the finding, and two may be made within a second.
    now = f"{story.now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z" if story.now else None
    first = _time(alert.first_event_time) or now or _NEVER
    last = _time(alert.last_event_time) or first
    found: dict[str, Any] = {
        "SchemaVersion": "2018-10-08",
        "Id": f"trailwarden/{alert.alert_id}",
        "ProductArn": (
            f"arn:{hub.partition}:securityhub:{hub.region}:{hub.account}:product/{hub.account}/default"
        ),
        "GeneratorId": f"trailwarden/{alert.rule_id}",
        "AwsAccountId": hub.account,
        "FirstObservedAt": first,
        "LastObservedAt": last,
        "CreatedAt": first,
        "UpdatedAt": now or last,
        "FindingProviderFields": {
            "Severity": {"Label": _SEVERITIES.get(alert.level, "INFORMATIONAL"), "Original": alert.level},
            "Types": _types(story),
        },
        "Title": shorten(defanged(story.title()), 256),
        "Description": one_line(f"{story.sentence()}. {alert.description}", 1024),
        "ProductFields": _product_fields(story),
        "Resources": _resources(story, hub),
        "Workflow": {"Status": "NEW"},
        "RecordState": "ACTIVE",
    }
    if story.links.event:
        found["SourceUrl"] = story.links.event
    if alert.runbook:
        found["Remediation"] = {"Recommendation": {"Text": _runbook(story)}}
    if story.activity:
        found["Action"] = _action(story, story.activity)
    return found


def _time(time: str | None) -> str | None:
    at = parsed(time)
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _types(story: Story) -> list[str]:
    named = [f"TTPs/{_TACTIC_TYPES[name]}" for name in tactics(story.alert.tags) if name in _TACTIC_TYPES]
    return named or ["Unusual Behaviors/User"]


def _runbook(story: Story) -> str:
    steps = " ".join(f"{number}. {step}" for number, step in enumerate(story.alert.runbook, 1))
    return one_line(steps, 512)


def _product_fields(story: Story) -> dict[str, str]:
    alert = story.alert
    fields = {
        "trailwarden/RuleTitle": alert.rule_title,
        "trailwarden/RuleSetVersion": alert.rule_set_version,
        "trailwarden/Owner": alert.owner,
        "trailwarden/Count": str(alert.count),
        "trailwarden/Reason": story.reason.value,
        "trailwarden/Changes": ", ".join(story.follow_up.changes) if story.follow_up else "",
        "trailwarden/LogFile": alert.evidence.log_file,
        "trailwarden/RecordIndex": str(alert.evidence.record_index),
        "trailwarden/Actor": story.activity.actor.through if story.activity else "",
        "trailwarden/Account": alert.account,
    }
    if story.variety is not None and alert.count > 1:
        fields |= {
            "trailwarden/Targets": named(story.variety.targets, NAMED_AT_MOST, targets=True),
            "trailwarden/Actions": named(story.variety.actions, NAMED_AT_MOST),
            "trailwarden/Addresses": named(story.variety.addresses, NAMED_AT_MOST),
        }
    return {name: shorten(value, 1024) for name, value in fields.items() if value}


def _resources(story: Story, hub: SecurityHub) -> list[dict[str, Any]]:
    """What was acted on by its ARN, and the account in which it happened."""
    alert = story.alert
    region = hub.region if alert.region == UNKNOWN else alert.region
    named = [target.arn for target in story.activity.targets if target.arn] if story.activity else []
    resources = [{"Type": "Other", "Id": shorten(target, 512), "Region": region} for target in named]
    resources.append({"Type": "AwsAccount", "Id": f"AWS::::Account:{alert.account}", "Region": region})
    return [{**resource, "Partition": hub.partition} for resource in resources]


def _action(story: Story, activity: Activity) -> dict[str, Any]:
    action, origin = activity.action, activity.origin
    call: dict[str, Any] = {
        "Api": shorten(action.event_name, 128),
        "ServiceName": shorten(action.service, 128),
        "FirstSeen": _time(story.alert.first_event_time) or _NEVER,
        "LastSeen": _time(story.alert.last_event_time) or _NEVER,
    }
    if origin.aws_service:
        call |= {"CallerType": "domain", "DomainDetails": {"Domain": origin.aws_service}}
    elif origin.address:
        call["CallerType"] = "remoteIp"
        if origin.address.count(".") == 3:  # the format has no place for IPv6
            call["RemoteIpDetails"] = {"IpAddressV4": origin.address}
    return {"ActionType": "AWS_API_CALL", "AwsApiCallAction": call}
