"""How CloudTrail spells what a call asked and answered.

Mostly the model's names with a small first letter. EC2 has its own way, older than the models: lists are
`{"items": [...]}`, and a list of ids becomes a set of objects. Of EC2's newer operations CloudTrail writes
the whole request under one key, and of RunInstances the image in a set; neither is reproduced here.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"

EC2_SETS: Mapping[str, tuple[str, str]] = {
    "Add": ("add", ""),
    "AllocationIds": ("allocationIdsSet", "allocationId"),
    "Filters": ("filterSet", ""),
    "GroupIds": ("securityGroupIdSet", "groupId"),
    "GroupNames": ("securityGroupSet", "groupName"),
    "ImageIds": ("imagesSet", "imageId"),
    "InstanceIds": ("instancesSet", "instanceId"),
    "IpPermissions": ("ipPermissions", ""),
    "IpRanges": ("ipRanges", ""),
    "Ipv6Ranges": ("ipv6Ranges", ""),
    "Owners": ("ownersSet", "owner"),
    "PrefixListIds": ("prefixListIds", ""),
    "Remove": ("remove", ""),
    "Resources": ("resourcesSet", "resourceId"),
    "TagSpecifications": ("tagSpecificationSet", ""),
    "Tags": ("tagSet", ""),
    "UserIdGroupPairs": ("groups", ""),
    "Values": ("valueSet", "value"),
}
"""A list's name in the model: its name in CloudTrail, and the key of each item where items are scalars."""

EC2_WRITTEN_EVEN_IF_EMPTY: Mapping[str, tuple[str, ...]] = {
    "IpPermission": ("UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds"),
}


def request(shape: Shape, value: Any) -> Any:
    """`value` as `requestParameters` holds it; what the model calls sensitive is hidden."""
    if shape.metadata.get("sensitive"):
        return HIDDEN
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            small(name): request(shape.members[name], value[name])
            for name in shape.members
            if name in value and shape.members[name].type_name != "blob"
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [request(shape.member, item) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {str(key): request(shape.value, item) for key, item in value.items()}
    return _plain(value)


def response(shape: Shape, value: Any, *, comma: str = ",") -> Any:
    """`value` as `responseElements` holds it; what the model calls sensitive is left out.

    `comma` stands between a date and its time: IAM has none there.
    """
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            small(name): response(member, value[name], comma=comma)
            for name, member in shape.members.items()
            if name in value and member.type_name != "blob" and not member.metadata.get("sensitive")
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [response(shape.member, item, comma=comma) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {str(key): response(shape.value, item, comma=comma) for key, item in value.items()}
    return _plain(value, comma)


def ec2_request(shape: Shape, value: Any) -> Any:
    """`value` as `requestParameters` holds it for EC2."""
    if not isinstance(shape, StructureShape) or not isinstance(value, Mapping):
        return "<sensitiveDataRemoved>" if shape.metadata.get("sensitive") else _plain(value)
    spelled: dict[str, Any] = {}
    for name, member in shape.members.items():
        if isinstance(member, ListShape):
            items = value.get(name, [])
            if items or name in EC2_WRITTEN_EVEN_IF_EMPTY.get(shape.name, ()):
                set_name, key = _ec2_set(name, member)
                spelled[set_name] = _ec2_items(member, items, key)
        elif name in value:
            spelled[small(member.serialization.get("name", name))] = ec2_request(member, value[name])
    return spelled


def _ec2_set(name: str, shape: ListShape) -> tuple[str, str]:
    singular = small(shape.serialization.get("name", name))
    scalar = not isinstance(shape.member, StructureShape)
    set_name, key = EC2_SETS.get(name, (f"{singular}Set", singular))
    return set_name, key or (singular if scalar else "")


def _ec2_items(shape: ListShape, items: list[Any], key: str) -> dict[str, Any]:
    if not items:
        return {}
    if isinstance(shape.member, StructureShape):
        return {"items": [ec2_request(shape.member, item) for item in items]}
    return {"items": [{key: _plain(item)} for item in items]}


def ec2_response(shape: Shape, value: Any) -> Any:
    """`value` as `responseElements` holds it for EC2: under the names of the answer on the wire."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        spelled = {}
        for name, member in shape.members.items():
            if name in value and not member.metadata.get("sensitive"):
                wire = member.serialization.get("name", name)
                spelled["_return" if wire == "return" else small(wire)] = ec2_response(member, value[name])
        return spelled
    if isinstance(shape, ListShape) and isinstance(value, list):
        return {"items": [ec2_response(shape.member, item) for item in value]} if value else {}
    return _plain(value)


def small(name: str) -> str:
    """`UserName` → `userName`; `SSHPublicKey` → `sSHPublicKey`, as CloudTrail has it too."""
    return name[:1].lower() + name[1:]


def _plain(value: Any, comma: str = ",") -> Any:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        hour = moment.hour % 12 or 12
        return f"{moment:%b} {moment.day}, {moment.year}{comma} {hour}:{moment:%M:%S %p}"
    if isinstance(value, bytes):
        return None
    return value
