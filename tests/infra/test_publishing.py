"""Publishing's template: the function, what starts it, what it may do, and the alarms."""

import json
from typing import Any

from tests.infra.conftest import Synthesized
from trailwarden.state.rules_folder import (
    RULE_SET_PREFIX,
    SOURCES_PREFIX,
    SUBMISSION_PREFIX,
    TEAM_PREFIX,
)

PUBLISHING = "TrailwardenPublishing"
AUDIT = "eu-central-1:111122223333"
BUCKET = "arn:aws:s3:::trailwarden-rules-111122223333-eu-central-1"


def statements(deployment: Synthesized) -> list[dict[str, Any]]:
    role = deployment.properties(
        PUBLISHING, "AWS::IAM::Role", RoleName="trailwarden-publish-rules-eu-central-1"
    )
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_edits_start_the_function_soon(deployment: Synthesized) -> None:
    function = deployment.properties(PUBLISHING, "AWS::Lambda::Function")
    assert function["FunctionName"] == "trailwarden-publish-rules"
    source = deployment.properties(PUBLISHING, "AWS::Lambda::EventSourceMapping")
    assert source["EventSourceArn"] == f"arn:aws:sqs:{AUDIT}:trailwarden-publish"
    assert source["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # An edit is live within a minute: it must not wait long for others to be batched with.
    assert 1 <= source["MaximumBatchingWindowInSeconds"] <= 5
    assert source["BatchSize"] >= 100


def test_the_function_gets_the_environment_of_the_contract(deployment: Synthesized) -> None:
    function = deployment.properties(PUBLISHING, "AWS::Lambda::Function")
    variables = function["Environment"]["Variables"]
    assert {name: value for name, value in variables.items() if not name.startswith("POWERTOOLS_")} == {
        "ALERT_TABLE_NAME": "trailwarden-alerts",
        "RULES_BUCKET_NAME": BUCKET.rpartition(":")[2],
        "RULE_AUTHORS_TOPIC_ARN": f"arn:aws:sns:{AUDIT}:trailwarden-rule-authors",
        "OPERATIONS_TOPIC_ARN": f"arn:aws:sns:{AUDIT}:trailwarden-operations",
    }


def test_it_runs_every_hour_and_after_its_own_deployment(deployment: Synthesized) -> None:
    hourly = deployment.properties(PUBLISHING, "AWS::Events::Rule", ScheduleExpression="rate(1 hour)")
    (after,) = (
        one["Properties"]
        for one in deployment.resources(PUBLISHING, "AWS::Events::Rule").values()
        if "EventPattern" in one["Properties"]
    )
    detail = after["EventPattern"]["detail"]
    assert detail["stack-id"] == [{"prefix": f"arn:aws:cloudformation:{AUDIT}:stack/{PUBLISHING}/"}]
    assert detail["status-details"] == {"status": ["CREATE_COMPLETE", "UPDATE_COMPLETE"]}
    (target,) = after["Targets"]
    assert json.loads(target["Input"])["source"] == "aws.events"
    assert "Input" not in hourly["Targets"][0]  # EventBridge's own event says the same
    permitted = {
        one["Properties"]["SourceArn"]["Fn::GetAtt"][0]
        for one in deployment.resources(PUBLISHING, "AWS::Lambda::Permission").values()
    }
    assert permitted == set(deployment.resources(PUBLISHING, "AWS::Events::Rule"))


def test_it_may_do_what_it_does_and_nothing_else(deployment: Synthesized) -> None:
    granted: dict[str, set[str]] = {}
    for statement in statements(deployment):
        for resource in listed(statement["Resource"]):
            name = resource if isinstance(resource, str) else resource["Ref"].split("C96584")[0]
            granted.setdefault(name, set()).update(listed(statement["Action"]))
    read = {"s3:GetObject", "s3:GetObjectVersion"}
    table = {f"dynamodb:{name}Item" for name in ("Delete", "Get", "Put", "Update")}
    assert granted == {
        f"arn:aws:sqs:{AUDIT}:trailwarden-publish": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        },
        BUCKET: {"s3:ListBucket", "s3:ListBucketVersions"},
        f"{BUCKET}/{TEAM_PREFIX}*": read | {"s3:DeleteObject", "s3:PutObject"},
        f"{BUCKET}/{SUBMISSION_PREFIX}*": read,
        f"{BUCKET}/{SOURCES_PREFIX}*": {"s3:GetObject", "s3:PutObject"},
        f"{BUCKET}/{RULE_SET_PREFIX}*": {"s3:GetObject", "s3:PutObject"},
        f"arn:aws:dynamodb:{AUDIT}:table/trailwarden-alerts": table | {"dynamodb:Query"},
        f"arn:aws:sns:{AUDIT}:trailwarden-rule-authors": {"sns:Publish"},
        f"arn:aws:sns:{AUDIT}:trailwarden-operations": {"sns:Publish"},
        "SsmParameterValuetrailwardenoperationskeyarn": {"kms:Decrypt", "kms:GenerateDataKey"},
        "SsmParameterValuetrailwardenruleskeyarn": {"kms:Decrypt", "kms:GenerateDataKey"},
        "SsmParameterValuetrailwardenstatekeyarn": {
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        },
        f"arn:aws:logs:{AUDIT}:log-group:/aws/lambda/trailwarden-publish-rules:*": {
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        },
    }


def test_no_alert_and_no_log_file_is_within_its_reach(deployment: Synthesized) -> None:
    """Whoever can write rules cannot, through this function, touch what the rules found."""
    keys = {
        action: set(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
        for statement in statements(deployment)
        for action in listed(statement["Action"])
        if action.startswith("dynamodb:")
    }
    assert keys == {
        "dynamodb:DeleteItem": {"RULESET"},
        "dynamodb:GetItem": {"RULESET"},
        "dynamodb:PutItem": {"RULESET"},
        "dynamodb:Query": {"RULESET", "EXCEPTION#*"},
        "dynamodb:UpdateItem": {"RULESET"},
    }


def test_keys_are_used_through_a_service_and_folders_listed_alone(deployment: Synthesized) -> None:
    for statement in statements(deployment):
        actions = listed(statement["Action"])
        assert all("*" not in action for action in actions)
        if actions[0].startswith("kms:"):
            via = statement["Condition"]["StringEquals"]["kms:ViaService"]
            assert via.endswith(".eu-central-1.amazonaws.com")
        if "s3:ListBucket" in actions:
            prefixes = statement["Condition"]["StringLike"]["s3:prefix"]
            assert prefixes == [f"{TEAM_PREFIX}*", f"{SUBMISSION_PREFIX}*"]


def test_what_needs_a_hand_is_told_to_operations(deployment: Synthesized) -> None:
    alarms = [
        one["Properties"] for one in deployment.resources(PUBLISHING, "AWS::CloudWatch::Alarm").values()
    ]
    (missed,) = (alarm for alarm in alarms if alarm["TreatMissingData"] == "breaching")
    (hourly,) = (
        name
        for name, one in deployment.resources(PUBLISHING, "AWS::Events::Rule").items()
        if "ScheduleExpression" in one["Properties"]
    )
    assert missed["Dimensions"] == [{"Name": "RuleName", "Value": {"Ref": hourly}}]
    assert (missed["Namespace"], missed["MetricName"]) == ("AWS/Events", "Invocations")
    watched = [alarm for alarm in alarms if alarm is not missed]
    assert {(alarm["MetricName"], alarm["Dimensions"][0]["Value"]) for alarm in watched} == {
        ("ApproximateNumberOfMessagesVisible", "trailwarden-publish-dead-letters"),
        ("ApproximateAgeOfOldestMessage", "trailwarden-publish"),
        ("Errors", "trailwarden-publish-rules"),
    }
    for alarm in alarms:
        assert alarm["AlarmActions"] == [f"arn:aws:sns:{AUDIT}:trailwarden-operations"]
        assert alarm["AlarmName"].startswith("trailwarden-")
