"""boto3 clients as Trailwarden wants them: botocore's own retries, bounded waits."""

from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=30,
    user_agent_extra="trailwarden",
)


def client(service: str) -> Any:
    """A client for `service` in the environment's account and region. Make it once, when the module loads."""
    return boto3.client(service, config=_CONFIG)
