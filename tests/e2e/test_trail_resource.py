"""`AWS::CloudTrail::Trail` in the emulator's CloudFormation behaves as in AWS."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from local.cloud import wait_for
from local.emulator import Emulator

ACCOUNT = "222233334444"
REGION = "eu-central-1"
BUCKET = "trails-of-the-test"
TRAIL_ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/watch"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(region=REGION, delivery_seconds=0.1) as running:
        yield running


@pytest.fixture
def bucket(emulator: Emulator) -> Iterator[str]:
    """A bucket whose policy lets the trail `watch` write."""
    s3 = emulator.client("s3", ACCOUNT)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    let_in(s3, TRAIL_ARN)
    yield BUCKET
    s3.delete_bucket_policy(Bucket=BUCKET)  # nothing new is delivered; what is on its way may still arrive
    assert wait_for(lambda: emptied(s3), 30)


def emptied(s3: Any) -> bool:
    """Delete the bucket with what is in it; False where a log file came in between."""
    for item in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    try:
        s3.delete_bucket(Bucket=BUCKET)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketNotEmpty":
            raise
        return False
    return True


def let_in(s3: Any, trail_arn: str) -> None:
    principal = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    condition = {"aws:SourceArn": trail_arn}
    acl = {"s3:x-amz-acl": "bucket-owner-full-control"}
    statements = [
        principal
        | {
            "Action": "s3:GetBucketAcl",
            "Resource": f"arn:aws:s3:::{BUCKET}",
            "Condition": {"StringEquals": condition},
        },
        principal
        | {
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/AWSLogs/{ACCOUNT}/*",
            "Condition": {"StringEquals": condition | acl},
        },
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


def template(**properties: Any) -> str:
    trail = {
        "Type": "AWS::CloudTrail::Trail",
        "Properties": {"TrailName": "watch", "S3BucketName": BUCKET, "IsLogging": True} | properties,
    }
    outputs = {"Name": {"Value": {"Ref": "Trail"}}, "Arn": {"Value": {"Fn::GetAtt": ["Trail", "Arn"]}}}
    return json.dumps({"Resources": {"Trail": trail}, "Outputs": outputs})


def test_a_trail_is_made_changed_and_deleted_with_its_stack(emulator: Emulator, bucket: str) -> None:
    stacks, cloudtrail = emulator.client("cloudformation", ACCOUNT), emulator.client("cloudtrail", ACCOUNT)

    stacks.create_stack(StackName="trail", TemplateBody=template(IsMultiRegionTrail=True))
    stacks.get_waiter("stack_create_complete").wait(StackName="trail", WaiterConfig={"Delay": 1})
    (stack,) = stacks.describe_stacks(StackName="trail")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs == {"Name": "watch", "Arn": TRAIL_ARN}
    assert cloudtrail.get_trail(Name="watch")["Trail"]["IsMultiRegionTrail"] is True
    assert cloudtrail.get_trail_status(Name="watch")["IsLogging"] is True

    stacks.update_stack(
        StackName="trail", TemplateBody=template(IsLogging=False, EnableLogFileValidation=True)
    )
    stacks.get_waiter("stack_update_complete").wait(StackName="trail", WaiterConfig={"Delay": 1})
    assert cloudtrail.get_trail(Name="watch")["Trail"]["LogFileValidationEnabled"] is True
    assert cloudtrail.get_trail_status(Name="watch")["IsLogging"] is False

    stacks.delete_stack(StackName="trail")
    stacks.get_waiter("stack_delete_complete").wait(StackName="trail", WaiterConfig={"Delay": 1})
    assert cloudtrail.describe_trails()["trailList"] == []


def test_a_trail_that_the_bucket_does_not_let_in_is_refused(emulator: Emulator, bucket: str) -> None:
    stacks = emulator.client("cloudformation", ACCOUNT)
    let_in(emulator.client("s3", ACCOUNT), TRAIL_ARN.replace("watch", "another"))

    stacks.create_stack(StackName="refused", TemplateBody=template(), OnFailure="DO_NOTHING")
    with pytest.raises(WaiterError):
        stacks.get_waiter("stack_create_complete").wait(StackName="refused", WaiterConfig={"Delay": 1})

    reasons = [
        event.get("ResourceStatusReason", "")
        for event in stacks.describe_stack_events(StackName="refused")["StackEvents"]
    ]
    assert any("InsufficientS3BucketPolicyException" in reason for reason in reasons), reasons
    with pytest.raises(ClientError):
        emulator.client("cloudtrail", ACCOUNT).get_trail(Name="watch")
