"""Calls become records as CloudTrail writes them; the shapes follow real records of the same operations."""

from typing import Any

import pytest

from local.emulation.calls import Call
from local.emulation.records import record_of
from tests.unit.local.wire import ACCOUNT, REGION, call

IDENTITY = {"type": "IAMUser", "userName": "robot", "accountId": ACCOUNT}


def record(made: Call) -> dict[str, Any]:
    found = record_of(made, lambda account, key: IDENTITY)
    assert found is not None
    return found


def test_every_record_has_the_fields_of_a_management_event() -> None:
    made = record(call("cloudtrail", "stop_logging", {"Name": "trailwarden"}, answer=b"{}"))

    assert made.pop("eventID")
    assert made.pop("userAgent").startswith("Boto3/")
    assert made == {
        "eventVersion": "1.11",
        "userIdentity": IDENTITY,
        "eventTime": "2026-11-22T09:05:07Z",
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {"name": "trailwarden"},
        "responseElements": None,
        "requestID": "7b0ed37e-0a44-4b1c-94c8-3ba3b1b1d9e5",
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def test_ec2_has_items_and_the_wires_names() -> None:
    answer = b"""<AuthorizeSecurityGroupIngressResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
        <requestId>x</requestId><return>true</return><securityGroupRuleSet><item>
        <securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId><isEgress>false</isEgress>
        <fromPort>22</fromPort><cidrIpv4>0.0.0.0/0</cidrIpv4></item></securityGroupRuleSet>
        </AuthorizeSecurityGroupIngressResponse>"""
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "maintenance"}, {"CidrIp": "10.0.0.0/8"}],
    }

    made = record(
        call(
            "ec2",
            "authorize_security_group_ingress",
            {"GroupId": "sg-1", "IpPermissions": [permission]},
            answer=answer,
        )
    )

    assert made["requestParameters"] == {
        "groupId": "sg-1",
        "ipPermissions": {
            "items": [
                {
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                    "groups": {},
                    "ipRanges": {
                        "items": [
                            {"cidrIp": "0.0.0.0/0", "description": "maintenance"},
                            {"cidrIp": "10.0.0.0/8"},
                        ]
                    },
                    "ipv6Ranges": {},
                    "prefixListIds": {},
                }
            ]
        },
    }
    assert made["responseElements"] == {
        "requestId": made["requestID"],
        "_return": True,
        "securityGroupRuleSet": {
            "items": [
                {
                    "securityGroupRuleId": "sgr-1",
                    "groupId": "sg-1",
                    "isEgress": False,
                    "fromPort": 22,
                    "cidrIpv4": "0.0.0.0/0",
                }
            ]
        },
    }


def test_ec2_lists_of_ids_and_filters_are_sets() -> None:
    made = record(
        call(
            "ec2",
            "describe_instances",
            {"InstanceIds": ["i-1", "i-2"], "Filters": [{"Name": "tag:a", "Values": ["b", "c"]}]},
            answer=b"<DescribeInstancesResponse/>",
        )
    )

    assert made["requestParameters"] == {
        "instancesSet": {"items": [{"instanceId": "i-1"}, {"instanceId": "i-2"}]},
        "filterSet": {"items": [{"name": "tag:a", "valueSet": {"items": [{"value": "b"}, {"value": "c"}]}}]},
    }
    assert made["responseElements"] is None
    assert made["readOnly"] is True


def test_a_new_access_key_is_recorded_without_its_secret() -> None:
    answer = b"""<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
        <CreateAccessKeyResult><AccessKey><UserName>robot</UserName><AccessKeyId>AKIA1</AccessKeyId>
        <Status>Active</Status><SecretAccessKey>very-secret</SecretAccessKey>
        <CreateDate>2026-11-22T21:05:07Z</CreateDate></AccessKey></CreateAccessKeyResult>
        </CreateAccessKeyResponse>"""

    made = record(call("iam", "create_access_key", {"UserName": "robot"}, answer=answer))

    assert made["awsRegion"] == "us-east-1", "IAM is global: its events are in us-east-1"
    assert made["requestParameters"] == {"userName": "robot"}
    assert made["responseElements"] == {
        "accessKey": {
            "userName": "robot",
            "accessKeyId": "AKIA1",
            "status": "Active",
            "createDate": "Nov 22, 2026 9:05:07 PM",
        }
    }


def test_lists_of_the_query_protocol_are_plain() -> None:
    made = record(
        call(
            "iam",
            "create_user",
            {"UserName": "robot", "Tags": [{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "b"}]},
            answer=b"<CreateUserResponse><CreateUserResult/></CreateUserResponse>",
        )
    )

    assert made["requestParameters"]["tags"] == [
        {"key": "team", "value": "a"},
        {"key": "cost", "value": "b"},
    ]


def test_a_password_is_hidden() -> None:
    made = record(
        call(
            "iam",
            "create_login_profile",
            {"UserName": "robot", "Password": "very-secret"},
            answer=b"<CreateLoginProfileResponse><CreateLoginProfileResult/></CreateLoginProfileResponse>",
        )
    )

    assert "very-secret" not in str(made)


NO_SUCH_USER = (
    b"<ErrorResponse><Error><Code>NoSuchEntity</Code><Message>none</Message></Error></ErrorResponse>"
)
NOT_ALLOWED = (
    b"<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors>"
    b"<RequestID>x</RequestID></Response>"
)
NO_SUCH_TRAIL = b'{"__type":"TrailNotFoundException","message":"none"}'


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (
            call("iam", "get_user", {"UserName": "nobody"}, status=404, answer=NO_SUCH_USER),
            "NoSuchEntityException",
        ),
        (
            call("ec2", "terminate_instances", {"InstanceIds": ["i-1"]}, status=403, answer=NOT_ALLOWED),
            "Client.UnauthorizedOperation",
        ),
        (
            call("cloudtrail", "delete_trail", {"Name": "gone"}, status=400, answer=NO_SUCH_TRAIL),
            "TrailNotFoundException",
        ),
    ],
    ids=["iam", "ec2", "cloudtrail"],
)
def test_a_failed_call_says_why_and_has_no_response(made: Call, code: str) -> None:
    failed = record(made)

    assert failed["errorCode"] == code
    assert failed["errorMessage"] in {"none", "no"}
    assert failed["responseElements"] is None


@pytest.mark.parametrize(
    ("method", "parameters", "name", "expected"),
    [
        ("list_buckets", {}, "ListBuckets", {}),
        ("get_bucket_policy", {"Bucket": "b-1"}, "GetBucketPolicy", {"bucketName": "b-1", "policy": ""}),
        (
            "put_public_access_block",
            {"Bucket": "b-1", "PublicAccessBlockConfiguration": {"BlockPublicAcls": False}},
            "PutBucketPublicAccessBlock",
            {
                "bucketName": "b-1",
                "publicAccessBlock": "",
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": "false"},
            },
        ),
        ("delete_bucket", {"Bucket": "b-1"}, "DeleteBucket", {"bucketName": "b-1"}),
    ],
)
def test_s3_calls_are_told_apart(
    method: str, parameters: dict[str, Any], name: str, expected: dict[str, Any]
) -> None:
    made = record(call("s3", method, parameters, answer=b"<x/>"))

    assert made["eventName"] == name
    assert made["requestParameters"] == {"Host": "127.0.0.1:4566"} | expected


@pytest.mark.parametrize(
    ("service", "method", "parameters"),
    [
        ("s3", "put_object", {"Bucket": "b-1", "Key": "a/b c", "Body": b"x"}),
        ("s3", "list_objects_v2", {"Bucket": "b-1"}),
        ("dynamodb", "get_item", {"TableName": "t", "Key": {"pk": {"S": "a"}}}),
        ("sqs", "send_message", {"QueueUrl": "http://127.0.0.1:4566/1/q", "MessageBody": "x"}),
        ("sqs", "get_queue_attributes", {"QueueUrl": "http://127.0.0.1:4566/1/q"}),
        ("sns", "publish", {"TopicArn": "arn:aws:sns:eu-central-1:444455556666:t", "Message": "x"}),
        ("lambda", "invoke", {"FunctionName": "f"}),
    ],
)
def test_data_events_are_not_in_a_trail_of_management_events(
    service: str, method: str, parameters: dict[str, Any]
) -> None:
    answers = {"s3": b"<ListBucketResult/>", "sns": b"<PublishResponse><PublishResult/></PublishResponse>"}
    made = call(service, method, parameters, answer=answers.get(service, b"{}"))

    assert record_of(made, lambda account, key: IDENTITY) is None


@pytest.mark.parametrize(
    ("method", "parameters", "name"),
    [
        ("list_functions", {}, "ListFunctions20150331"),
        ("get_policy", {"FunctionName": "f"}, "GetPolicy20150331v2"),
        ("delete_function", {"FunctionName": "f"}, "DeleteFunction20150331"),
    ],
)
def test_lambdas_events_carry_the_date_of_its_api(method: str, parameters: dict[str, Any], name: str) -> None:
    made = record(call("lambda", method, parameters, answer=b"{}"))

    assert made["eventName"] == name
    assert (made["requestParameters"] or {}) == {
        key[:1].lower() + key[1:]: value for key, value in parameters.items()
    }


def test_what_is_no_call_of_an_api_has_no_record() -> None:
    made = call("cloudtrail", "stop_logging", {"Name": "x"}, answer=b"{}")
    strange = Call(
        **{name: getattr(made, name) for name in Call.__slots__}
        | {"headers": {}, "path": "/odd", "body": b"<"}
    )

    assert record_of(strange, lambda account, key: IDENTITY) is None
