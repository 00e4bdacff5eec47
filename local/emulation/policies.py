"""Whether a policy lets CloudTrail's service principal do what a trail needs."""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy

CLOUDTRAIL = "cloudtrail.amazonaws.com"


def lets_cloudtrail(  # noqa: PLR0913 (a policy question has this many parts)
    policy: str | bytes | Mapping[str, Any] | None,
    action: str,
    resource: str,
    *,
    trail_arn: str | None,
    region: str,
    context: Mapping[str, str] | None = None,
) -> bool:
    """Whether `policy` allows `action` on `resource` to CloudTrail acting for the trail `trail_arn`; None
    where the request names no trail, which happens when another service makes it for CloudTrail."""
    if isinstance(policy, str | bytes):
        policy = json.loads(policy or "{}")
    source = {"aws:sourcearn": trail_arn, "aws:sourceaccount": trail_arn.split(":")[4]} if trail_arn else {}
    evaluated = EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource,
        region=region,
        secure_transport=True,
        service_context=source | {key.lower(): value for key, value in (context or {}).items()},
    )
    return bool(evaluate_resource_policy(policy, evaluated, service=CLOUDTRAIL).decision == "Allow")
