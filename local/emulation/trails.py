"""Trails: `AWS::CloudTrail::Trail` for the emulator's CloudFormation, and which trails a call belongs to.

The emulator has the calls of CloudTrail's API but not the resource type. The resource is made here of those
same calls, so that a deployed trail is the one that DescribeTrails shows and StopLogging stops.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudtrail-trail.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudtrail, kms, s3, sns
from ministack.services.cloudformation import provisioners

from local.emulation.policies import lets_cloudtrail

RESOURCE_TYPE = "AWS::CloudTrail::Trail"
Properties = Mapping[str, Any]
SELECTORS = ("EventSelectors", "AdvancedEventSelectors")
API_NAMES = {"KMSKeyId": "KmsKeyId", "EnableLogFileValidation": "EnableLogFileValidation"} | {
    name: name
    for name in (
        "CloudWatchLogsLogGroupArn",
        "CloudWatchLogsRoleArn",
        "IncludeGlobalServiceEvents",
        "IsMultiRegionTrail",
        "IsOrganizationTrail",
        "S3BucketName",
        "S3KeyPrefix",
        "SnsTopicName",
    )
}
"""The resource's properties and what CreateTrail calls them."""
BOOLEANS = frozenset(
    {"EnableLogFileValidation", "IncludeGlobalServiceEvents", "IsMultiRegionTrail", "IsOrganizationTrail"}
)


class TrailError(Exception):
    """CloudTrail would refuse this trail; the message begins with the name of its error."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a trail's log files go. `topic_arn` is None for a trail without notices."""

    trail_arn: str
    bucket: str
    prefix: str | None
    topic_arn: str | None


def register() -> None:
    """Teach the emulator's CloudFormation the resource type."""
    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE] = {  # noqa: SLF001 (its only register)
        "create": _create,
        "update": _update,
        "delete": _delete,
    }


def logging_destinations(
    account_id: str, region: str, *, read_only: bool | None = None
) -> frozenset[Destination]:
    """Where an event of `account_id` in `region` is delivered to now."""
    return frozenset(
        _destination(trail)
        for (owner, home, name), trail in list(cloudtrail._trails.all_items())  # noqa: SLF001 (the emulator's store)
        if owner == account_id
        and trail.get("IsLogging")
        and (home == region or trail.get("IsMultiRegionTrail"))
        and _selects(owner, home, name, read_only=read_only)
    )


def _selects(account_id: str, region: str, name: str, *, read_only: bool | None) -> bool:
    selectors = cloudtrail._event_selectors.get_scoped(account_id, region, name)  # noqa: SLF001
    if not selectors or "FieldSelectors" in selectors[0]:
        return True
    wanted = {"ReadOnly": True, "WriteOnly": False}
    return any(
        selector.get("IncludeManagementEvents", True)
        and (read_only is None or wanted.get(selector.get("ReadWriteType", "All"), read_only) == read_only)
        for selector in selectors
    )


def _destination(trail: Mapping[str, Any]) -> Destination:
    topic = trail.get("SnsTopicName") or None
    if topic is not None and not topic.startswith("arn:"):
        _, _, _, region, account_id, _ = trail["TrailARN"].split(":", 5)
        topic = f"arn:aws:sns:{region}:{account_id}:{topic}"
    return Destination(trail["TrailARN"], trail["S3BucketName"], trail.get("S3KeyPrefix") or None, topic)


def _create(logical_id: str, properties: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    name = properties.get("TrailName") or f"{stack_name}-{logical_id}"
    _check_policies(name, properties)
    _call("CreateTrail", {"Name": name} | _parameters(properties))
    _apply(name, properties)
    return name, _attributes(name)


def _update(name: str, old: Properties, new: Properties, stack_name: str) -> tuple[str, dict[str, str]]:
    wanted = new.get("TrailName")
    if wanted and wanted != name:
        created = _create(name, new, stack_name)
        _delete(name, old)
        return created
    _check_policies(name, new)
    gone = {API_NAMES[key]: "" for key in old if key in API_NAMES and key not in new and key not in BOOLEANS}
    _call("UpdateTrail", {"Name": name} | gone | _parameters(new))
    _apply(name, new)
    return name, _attributes(name)


def _delete(name: str, properties: Properties) -> None:
    del properties
    if cloudtrail._trails.get(name) is not None:  # noqa: SLF001 (already gone is deleted, as in AWS)
        _call("DeleteTrail", {"Name": name})


def _parameters(properties: Properties) -> dict[str, Any]:
    return {
        api: _boolean(properties[key]) if key in BOOLEANS else properties[key]
        for key, api in API_NAMES.items()
        if key in properties
    }


def _boolean(value: Any) -> bool:
    return str(value).lower() == "true"


def _apply(name: str, properties: Properties) -> None:
    """What CreateTrail has no parameter for: selectors, tags, and whether the trail logs."""
    trail = cloudtrail._trails[name]  # noqa: SLF001 (the emulator's store)
    destination = _destination(trail)
    if destination.topic_arn is not None:
        trail["SnsTopicARN"] = destination.topic_arn  # DescribeTrails has it in AWS
    for selectors in SELECTORS:
        if properties.get(selectors):
            _call("PutEventSelectors", {"TrailName": name, selectors: properties[selectors]})
    if properties.get("Tags"):
        _call("AddTags", {"ResourceId": destination.trail_arn, "TagsList": properties["Tags"]})
    _call("StartLogging" if _boolean(properties.get("IsLogging", False)) else "StopLogging", {"Name": name})


def _attributes(name: str) -> dict[str, str]:
    trail = cloudtrail._trails[name]  # noqa: SLF001 (the emulator's store)
    return {"Arn": trail["TrailARN"], "SnsTopicArn": trail.get("SnsTopicARN", "")}


def _call(action: str, parameters: dict[str, Any]) -> None:
    status, _, body = cloudtrail._DISPATCH[action](parameters)  # noqa: SLF001 (the emulator's table of calls)
    if status >= 400:
        answer = json.loads(body)
        raise TrailError(f"{answer.get('__type', status)}: {answer.get('message', '')}")


def _check_policies(name: str, properties: Properties) -> None:
    """Refuse what CloudTrail refuses: a bucket, topic or key whose policy does not let it in."""
    trail_arn = f"arn:aws:cloudtrail:{get_region()}:{get_account_id()}:trail/{name}"
    problems = [
        *_bucket_problems(trail_arn, properties),
        *_topic_problems(trail_arn, properties),
        *_key_problems(trail_arn, properties),
    ]
    if problems:
        raise TrailError("; ".join(problems))


def _bucket_problems(trail_arn: str, properties: Properties) -> Iterator[str]:
    bucket = properties.get("S3BucketName", "")
    owner = s3._bucket_owner_account(bucket)  # noqa: SLF001 (the emulator's index of buckets)
    if owner is None:
        yield f"S3BucketDoesNotExistException: {bucket}"
        return
    policy = s3._bucket_policies.get_scoped(owner, None, bucket)  # noqa: SLF001
    prefix = f"{properties['S3KeyPrefix']}/" if properties.get("S3KeyPrefix") else ""
    written = f"arn:aws:s3:::{bucket}/{prefix}AWSLogs/{get_account_id()}/CloudTrail/probe"
    full_control = {"s3:x-amz-acl": "bucket-owner-full-control"}
    region = get_region()
    if not (
        lets_cloudtrail(
            policy, "s3:GetBucketAcl", f"arn:aws:s3:::{bucket}", trail_arn=trail_arn, region=region
        )
        and lets_cloudtrail(
            policy, "s3:PutObject", written, trail_arn=trail_arn, region=region, context=full_control
        )
    ):
        yield f"InsufficientS3BucketPolicyException: the policy of {bucket} does not let {trail_arn} write"


def _topic_problems(trail_arn: str, properties: Properties) -> Iterator[str]:
    topic = properties.get("SnsTopicName")
    if not topic:
        return
    _, _, _, region, account_id, _ = trail_arn.split(":", 5)
    arn = topic if topic.startswith("arn:") else f"arn:aws:sns:{region}:{account_id}:{topic}"
    policy, _ = sns.topic_policy_for_arn(arn) or ("", "")
    if not lets_cloudtrail(policy, "sns:Publish", arn, trail_arn=trail_arn, region=region):
        yield f"InsufficientSnsTopicPolicyException: the policy of {arn} does not let {trail_arn} publish"


def _key_problems(trail_arn: str, properties: Properties) -> Iterator[str]:
    key = properties.get("KMSKeyId", "")
    if not key.startswith("arn:"):
        return
    _, _, _, region, account_id, _ = key.split(":", 5)
    with request_scope(account_id, region):
        policy, _ = kms.key_policy_for_arn(key) or ("", "")
    file = {"kms:EncryptionContext:aws:cloudtrail:arn": trail_arn}
    # What other services do for CloudTrail (S3 for a bucket key) need not name the trail.
    for action, source, context in (
        ("kms:GenerateDataKey", trail_arn, file),
        ("kms:Decrypt", None, {}),
        ("kms:DescribeKey", trail_arn, {}),
    ):
        if not lets_cloudtrail(policy, action, key, trail_arn=source, region=region, context=context):
            yield (
                f"InsufficientEncryptionPolicyException: the policy of {key} does not let CloudTrail"
                f" {action} for {trail_arn}"
            )
