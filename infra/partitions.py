"""Which regions there are, and the partition of each, from the data that botocore ships (no network)."""

import functools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from botocore.loaders import create_loader
from botocore.session import Session

PARTITIONS = ("aws", "aws-cn", "aws-eusc", "aws-us-gov")
"""Those that Trailwarden's policies and names were made for; isolated ones (`aws-iso…`) are none of them."""
ENABLED_BY_DEFAULT = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1"),
        *("ap-southeast-2", "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2"),
        *("eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    }
)
"""The regions of `aws` that need not be enabled: those from before March 20, 2019, which stay the only ones.
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html"""
_SMS = "pinpoint-sms-voice-v2"
_MOST_SERVICES = "amazonaws.com"


@functools.cache
def partitions_by_region() -> Mapping[str, str]:
    """`{"eu-central-1": "aws", "cn-north-1": "aws-cn", ...}`, without pseudo-regions like `aws-global`."""
    found = {
        region: partition
        for partition, known in _partitions().items()
        for region in known["regions"]
        if not region.endswith("-global")
    }
    return MappingProxyType(found)


def open_regions() -> tuple[str, ...]:
    """The regions of all partitions but the isolated ones (`aws-iso`, `aws-iso-b`, ...)."""
    return tuple(region for region, name in partitions_by_region().items() if not name.startswith("aws-iso"))


def endpoint_suffixes(partition: str) -> tuple[str, ...]:
    """What the names of services may end in that a policy names by their endpoint (`kms:ViaService`).

    AWS documents `amazonaws.com` and nothing else of a partition that has another domain; its own templates
    write either. https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
    """
    return tuple(dict.fromkeys((_MOST_SERVICES, _partitions()[partition]["outputs"]["dnsSuffix"])))


@functools.cache
def sms_regions() -> frozenset[str]:
    """Where SNS can send SMS at all: where the service is that delivers them for it.

    https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-phone-number-as-subscriber.html
    """
    session = Session()
    return frozenset(
        region
        for partition in PARTITIONS
        for region in session.get_available_regions(_SMS, partition_name=partition)
    )


@functools.cache
def _partitions() -> Mapping[str, Any]:
    data = create_loader().load_data("partitions")
    return {each["id"]: each for each in data["partitions"] if each["id"] in PARTITIONS}
