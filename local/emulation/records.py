"""A call → its CloudTrail record, as a trail of management events has it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from local.emulation import spelling
from local.emulation.calls import Call
from local.emulation.operations import Operation, Outcome, operation_of, xml_document
from trailwarden.delivery.records import Record

UserIdentityOf = Callable[[str, str], dict[str, Any]]
"""(account, access key) → `userIdentity`."""

GLOBAL_SERVICES = frozenset({"iam", "organizations", "route53", "cloudfront"})
"""Their events are in us-east-1, wherever the caller was."""
GLOBAL_REGION = "us-east-1"

DATA_OPERATIONS: Mapping[str, frozenset[str]] = {
    "cloudwatch": frozenset({"GetMetricData", "GetMetricStatistics", "ListMetrics", "PutMetricData"}),
    "dynamodb": frozenset(
        {
            *(
                "BatchExecuteStatement",
                "BatchGetItem",
                "BatchWriteItem",
                "ExecuteStatement",
                "ExecuteTransaction",
            ),
            *("DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"),
            *("TransactGetItems", "TransactWriteItems"),
        }
    ),
    "dynamodbstreams": frozenset({"GetRecords", "GetShardIterator"}),
    "kinesis": frozenset({"GetRecords", "GetShardIterator", "PutRecord", "PutRecords"}),
    "lambda": frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
    "logs": frozenset({"PutLogEvents"}),
    "s3": frozenset(
        {"DeleteObjects", "ListMultipartUploads", "ListObjectVersions", "ListObjects", "ListObjectsV2"}
    ),
    "sns": frozenset({"Publish", "PublishBatch"}),
    "sqs": frozenset(
        {
            *(
                "ChangeMessageVisibility",
                "ChangeMessageVisibilityBatch",
                "DeleteMessage",
                "DeleteMessageBatch",
            ),
            *(
                "GetQueueAttributes",
                "GetQueueUrl",
                "ListDeadLetterSourceQueues",
                "ListQueueTags",
                "ListQueues",
            ),
            *("ReceiveMessage", "SendMessage", "SendMessageBatch"),
        }
    ),
}
"""What is a data event, or no event at all; S3's operations on objects are besides."""

READ_ONLY = re.compile(
    r"(AssumeRole|BatchGet|Check|Decrypt|Describe|Encrypt|Estimate|FilterLogEvents|GenerateDataKey|Get|Head"
    r"|List|Lookup|Preview|Search|Select|Simulate|StartQuery|Validate|Verify|View)"
)

S3_NAMES: Mapping[str, str] = {
    "DeletePublicAccessBlock": "DeleteBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketLifecycleConfiguration": "GetBucketLifecycle",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketLifecycleConfiguration": "PutBucketLifecycle",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}
LAMBDA_V2 = frozenset(
    {
        "AddPermission",
        "GetFunction",
        "GetFunctionConfiguration",
        "GetPolicy",
        "RemovePermission",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
    }
)
LAMBDA_DATED = re.compile(r"/(2015-03-31|2016-08-19|2017-10-31|2018-10-31)/")


def record_of(call: Call, user_identity: UserIdentityOf) -> Record | None:
    """The record of `call`; None for data events and for what is no call of AWS's API."""
    operation = operation_of(call)
    if operation is None or _is_data_event(operation):
        return None
    outcome = operation.outcome(call)
    read_only = READ_ONLY.match(operation.name) is not None
    record: Record = {
        "eventVersion": "1.11",
        "userIdentity": user_identity(call.account_id, call.access_key_id),
        "eventTime": call.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{operation.service.endpoint_prefix}.amazonaws.com",
        "eventName": _event_name(operation, call),
        "awsRegion": GLOBAL_REGION if operation.service.service_name in GLOBAL_SERVICES else call.region,
        "sourceIPAddress": call.source_ip,
        "userAgent": call.headers.get("user-agent", ""),
    }
    if outcome.error_code is not None:
        record["errorCode"] = _error_code(operation, outcome.error_code)
        record["errorMessage"] = outcome.error_message
    return record | {
        "requestParameters": _request_parameters(operation, call) or None,
        "responseElements": _response_elements(operation, outcome, call, read_only=read_only) or None,
        "requestID": call.request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": call.account_id,
        "eventCategory": "Management",
    }


def _is_data_event(operation: Operation) -> bool:
    service = operation.service.service_name
    if operation.name in DATA_OPERATIONS.get(service, ()):
        return True
    shape = operation.model.input_shape
    return service == "s3" and shape is not None and "Key" in shape.members


def _event_name(operation: Operation, call: Call) -> str:
    if operation.service.service_name == "s3":
        return S3_NAMES.get(operation.name, operation.name)
    if operation.service.service_name == "lambda" and (dated := LAMBDA_DATED.match(call.path)):
        return operation.name + dated[1].replace("-", "") + ("v2" if operation.name in LAMBDA_V2 else "")
    return operation.name


def _request_parameters(operation: Operation, call: Call) -> dict[str, Any]:
    shape = operation.model.input_shape
    if operation.service.service_name == "s3":
        return _s3_parameters(operation, call)
    if shape is None:
        return {}
    spell = spelling.ec2_request if operation.protocol == "ec2" else spelling.request
    spelled: dict[str, Any] = spell(shape, operation.parameters)
    return spelled


def _s3_parameters(operation: Operation, call: Call) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if "Bucket" in operation.parameters:
        parameters["bucketName"] = operation.parameters["Bucket"]
    parameters["Host"] = call.headers.get("host", "")
    parameters |= {
        name: values[0] for name, values in call.query.items() if not name.lower().startswith("x-")
    }
    parameters |= {
        name: value for name, value in call.headers.items() if name.startswith(("x-amz-acl", "x-amz-grant-"))
    }
    document = xml_document(call.body)
    if document is not None and document[1]:
        parameters[document[0]] = document[1]
    elif operation.name == "PutBucketPolicy":
        parameters["bucketPolicy"] = call.body.decode("utf-8", "replace")
    return parameters


def _response_elements(
    operation: Operation, outcome: Outcome, call: Call, *, read_only: bool
) -> dict[str, Any]:
    shape = operation.model.output_shape
    session = operation.name.startswith("AssumeRole")
    if (
        outcome.error_code is not None
        or (read_only and not session)
        or operation.service.service_name == "s3"
    ):
        return {}
    if operation.protocol == "ec2":
        answered = spelling.ec2_response(shape, outcome.result) if shape is not None else {}
        return {"requestId": call.request_id, "_return": True} | answered
    if shape is None:
        return {}
    comma = "" if operation.service.service_name == "iam" else ","
    spelled: dict[str, Any] = spelling.response(shape, outcome.result, comma=comma)
    return spelled


def _error_code(operation: Operation, code: str) -> str:
    """EC2 says whose fault it was; the others name the exception where their model has one."""
    if operation.protocol == "ec2":
        return f"Client.{code}"
    for shape in operation.model.error_shapes:
        if code in {shape.error_code, shape.name}:
            return str(shape.name)
    return code
