"""Which regions there are, and the partition of each, from the data that botocore ships (no network)."""

import functools
from collections.abc import Mapping
from types import MappingProxyType

from botocore.loaders import create_loader


@functools.cache
def partitions_by_region() -> Mapping[str, str]:
    """`{"eu-central-1": "aws", "cn-north-1": "aws-cn", ...}`, without pseudo-regions like `aws-global`."""
    data = create_loader().load_data("partitions")
    found = {
        region: partition["id"]
        for partition in data["partitions"]
        for region in partition["regions"]
        if not region.endswith("-global")
    }
    return MappingProxyType(found)
