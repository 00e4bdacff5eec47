"""A first deployment that fails at any stack can be tried again, as the CDK does that: it deletes
the stack whose creation failed, and creates it anew.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import names as n
from local.cloud import wait_for
from local.deployment import AUDIT_ACCOUNT, MEMBER_ACCOUNT, REGION, Assembly
from local.emulator import Emulator
from tests.patience import SECONDS

STACKS = {
    n.LOG_ARCHIVE_STACK: AUDIT_ACCOUNT,
    n.DETECTION_STATE_STACK: AUDIT_ACCOUNT,
    n.RULES_STACK: AUDIT_ACCOUNT,
    n.DETECTION_STACK: AUDIT_ACCOUNT,
    n.ALERTING_STACK: AUDIT_ACCOUNT,
    n.PUBLISHING_STACK: AUDIT_ACCOUNT,
    n.trail_stack(AUDIT_ACCOUNT): AUDIT_ACCOUNT,
    n.trail_stack(MEMBER_ACCOUNT): MEMBER_ACCOUNT,
}
"""In the order of deployment, with their accounts."""
REFUSED = {
    "Type": "AWS::CloudTrail::Trail",
    "Properties": {"TrailName": "refused", "S3BucketName": "nowhere", "IsLogging": False},
}
"""What AWS refuses, and the emulator too."""


@pytest.fixture(scope="module")
def emulator(assembly: Assembly) -> Iterator[Emulator]:
    """Bootstrapped as far as the stacks ask for it; functions are empty."""
    with Emulator(region=REGION) as running:
        for account in dict.fromkeys(STACKS.values()):
            running.client("ssm", account).put_parameter(
                Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String"
            )
        assets = f"cdk-hnb659fds-assets-{AUDIT_ACCOUNT}-{REGION}"
        s3 = running.client("s3", AUDIT_ACCOUNT)
        s3.create_bucket(Bucket=assets, CreateBucketConfiguration={"LocationConstraint": REGION})
        for template in assembly.folder.glob("*.template.json"):
            for resource in json.loads(template.read_text("utf-8"))["Resources"].values():
                if resource["Type"] == "AWS::Lambda::Function":
                    s3.put_object(Bucket=assets, Key=resource["Properties"]["Code"]["S3Key"], Body=b"empty")
        yield running


def template_of(folder: Path, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{stack}.template.json").read_text("utf-8"))
    return found


def with_a_failure(template: dict[str, Any]) -> dict[str, Any]:
    """The same, but that it fails when all the rest is there."""
    resources = template["Resources"]
    return template | {"Resources": resources | {"Refused": REFUSED | {"DependsOn": sorted(resources)}}}


def create(cloudformation: Any, stack: str, template: dict[str, Any]) -> str:
    """Create a stack; its status in the end."""
    cloudformation.create_stack(
        StackName=stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    return wait_for(lambda: status(cloudformation, stack), SECONDS)


def delete(cloudformation: Any, stack_id: str) -> str:
    """Delete a stack; its status in the end."""
    cloudformation.delete_stack(StackName=stack_id)
    return wait_for(lambda: status(cloudformation, stack_id), SECONDS)


def status(cloudformation: Any, stack: str) -> str:
    """The stack's status; empty while something is done to it."""
    (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    return "" if found["StackStatus"].endswith("_IN_PROGRESS") else str(found["StackStatus"])


def events_of(cloudformation: Any, stack: str) -> list[dict[str, Any]]:
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
    return [event for page in pages for event in page["StackEvents"]]


def made(events: list[dict[str, Any]], status: str) -> set[str]:
    """The logical ids of what came to a status."""
    return {event["LogicalResourceId"] for event in events if event["ResourceStatus"] == status}


def test_each_stack_can_be_created_after_a_creation_that_failed(
    emulator: Emulator, assembly: Assembly
) -> None:
    for stack, account in STACKS.items():
        cloudformation = emulator.client("cloudformation", account)
        template = template_of(assembly.folder, stack)
        assert create(cloudformation, stack, with_a_failure(template)) == "ROLLBACK_COMPLETE", stack
        events = events_of(cloudformation, stack)
        assert made(events, "CREATE_COMPLETE") >= template["Resources"].keys(), stack
        assert made(events, "DELETE_COMPLETE") >= template["Resources"].keys(), stack
        assert delete(cloudformation, events[0]["StackId"]) == "DELETE_COMPLETE", stack
        assert create(cloudformation, stack, template) == "CREATE_COMPLETE", stack
