"""Detection's templates: queues, event sources, roles, alarms."""

import json
from typing import Any

import pytest

from tests.infra.conftest import ROOT, Synthesized, grants

DETECTION = "TrailwardenDetection"
AUDIT = "eu-central-1:111122223333"


def queue(deployment: Synthesized, name: str) -> dict[str, Any]:
    return deployment.properties(DETECTION, "AWS::SQS::Queue", QueueName=name)


def role(deployment: Synthesized, function: str) -> list[dict[str, Any]]:
    return deployment.role(DETECTION, function)


@pytest.mark.parametrize(("variant", "timeout"), [("deployment", 120), ("organization", 300)])
def test_the_ingest_queue_gives_the_function_time(
    variant: str, timeout: int, request: pytest.FixtureRequest
) -> None:
    built: Synthesized = request.getfixturevalue(variant)
    ingest = queue(built, "trailwarden-ingest")
    feeds = built.resources(DETECTION, "AWS::Lambda::EventSourceMapping").values()
    (window,) = (
        feed["Properties"].get("MaximumBatchingWindowInSeconds", 0)
        for feed in feeds
        if "StartingPosition" not in feed["Properties"]  # that of a stream
    )
    assert ingest["VisibilityTimeout"] >= 6 * timeout + window
    receives = ingest["RedrivePolicy"]["maxReceiveCount"]
    assert 100 <= receives <= 1000, "every run of a large file is a receive, and SQS takes no more"
    # What fails for ever is among the dead letters while there is a week left to look at it.
    assert receives * ingest["VisibilityTimeout"] <= ingest["MessageRetentionPeriod"] / 2
    detect = built.properties(DETECTION, "AWS::Lambda::Function", FunctionName="trailwarden-detect")
    assert detect["Timeout"] == timeout


def test_every_queue_is_encrypted_kept_long_and_refuses_plain_http(deployment: Synthesized) -> None:
    queues = deployment.resources(DETECTION, "AWS::SQS::Queue")
    assert {q["Properties"]["QueueName"] for q in queues.values()} == {
        "trailwarden-ingest",
        "trailwarden-ingest-dead-letters",
        "trailwarden-delivery-dead-letters",
        "trailwarden-notify-dead-letters",
    }
    for resource in queues.values():
        assert resource["Properties"]["SqsManagedSseEnabled"] is True
        assert resource["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    closed = {
        statement["Resource"]["Fn::GetAtt"][0]
        for statement in deployment.statements(DETECTION, "AWS::SQS::QueuePolicy", "PolicyDocument")
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert closed == set(queues)


def test_the_delivery_topic_alone_feeds_the_queue(deployment: Synthesized) -> None:
    topic = f"arn:aws:sns:{AUDIT}:trailwarden-delivery"
    subscription = deployment.properties(DETECTION, "AWS::SNS::Subscription")
    assert subscription["TopicArn"] == topic
    assert subscription["RawMessageDelivery"] is True
    undelivered = subscription["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert undelivered.startswith("DeliveryDeadLetters")
    allowed = [
        statement
        for statement in deployment.statements(DETECTION, "AWS::SQS::QueuePolicy", "PolicyDocument")
        if statement["Effect"] == "Allow"
    ]
    assert {statement["Resource"]["Fn::GetAtt"][0] for statement in allowed} == {
        subscription["Endpoint"]["Fn::GetAtt"][0],
        undelivered,
    }
    for statement in allowed:
        assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
        assert statement["Action"] == "sqs:SendMessage"
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": topic}}


def test_detect_repeats_only_the_notices_that_failed(deployment: Synthesized) -> None:
    concurrency = {"MaximumConcurrency": 10}
    source = deployment.properties(DETECTION, "AWS::Lambda::EventSourceMapping", ScalingConfig=concurrency)
    assert source["BatchSize"] == 10
    assert source["EventSourceArn"]["Fn::GetAtt"][0].startswith("Ingest")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_notify_is_fed_with_what_is_to_be_told_only_and_for_a_bounded_time(deployment: Synthesized) -> None:
    source = deployment.properties(
        DETECTION, "AWS::Lambda::EventSourceMapping", StartingPosition="TRIM_HORIZON"
    )
    assert "alertstream" in source["EventSourceArn"]["Ref"]
    (pattern,) = (json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"])
    told = ["ALERT", {"prefix": "MORE#"}]
    assert pattern == {"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": told}}}}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BisectBatchOnFunctionError"] is True
    assert 60 <= source["MaximumRecordAgeInSeconds"] <= 24 * 3600
    assert 3 <= source["MaximumRetryAttempts"] <= 10, "one that fails must not hold up what is behind it"
    destination = source["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert destination.startswith("NotifyDeadLetters")


def test_detect_may_do_what_it_does_and_nothing_else(deployment: Synthesized) -> None:
    statements = role(deployment, "trailwarden-detect")
    assert grants(statements) == {
        f"arn:aws:sqs:{AUDIT}:trailwarden-ingest": {
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        },
        f"arn:aws:sqs:{AUDIT}:trailwarden-ingest-dead-letters": {"sqs:SendMessage"},
        "arn:aws:s3:::trailwarden-logs-111122223333-eu-central-1/AWSLogs/*": {"s3:GetObject"},
        f"arn:aws:dynamodb:{AUDIT}:table/trailwarden-alerts": {
            "dynamodb:BatchGetItem",
            "dynamodb:BatchWriteItem",
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
        f"arn:aws:sns:{AUDIT}:trailwarden-operations": {"sns:Publish"},
        "arn:aws:s3:::trailwarden-rules-111122223333-eu-central-1/rule-sets/*": {"s3:GetObject"},
        "SsmParameterValuetrailwardenlogkeyarn": {"kms:Decrypt"},
        "SsmParameterValuetrailwardenruleskeyarn": {"kms:Decrypt"},
        "SsmParameterValuetrailwardenstatekeyarn": STATE_KEY_ACTIONS,
        "SsmParameterValuetrailwardenoperationskeyarn": {"kms:Decrypt", "kms:GenerateDataKey"},
        f"arn:aws:logs:{AUDIT}:log-group:/aws/lambda/trailwarden-detect:*": {
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        },
    }


def test_detect_changes_nothing_but_counters_and_alerts(deployment: Synthesized) -> None:
    statements = role(deployment, "trailwarden-detect")
    assert keys_by_action(statements, "dynamodb:UpdateItem") == {"ALERT#*", "EXCEPTION#*", "WEEK#*"}
    assert keys_by_action(statements, "dynamodb:DeleteItem") == {"ACKNOWLEDGED", "GROUP#*"}


def keys_by_action(statements: list[dict[str, Any]], action: str) -> set[str]:
    """The partition keys that the action is bound to."""
    found: set[str] = set()
    for statement in statements:
        listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if action in listed and "ForAnyValue:StringEquals" not in statement["Condition"]:
            assert set(statement["Condition"]) == {"ForAllValues:StringLike", "Null"}
            found |= set(statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"])
    return found


def test_notify_may_do_what_it_does_and_nothing_else(deployment: Synthesized) -> None:
    statements = role(deployment, "trailwarden-notify")
    assert grants(statements) == {
        "SsmParameterValuetrailwardenalertstreamarn": {
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        },
        f"arn:aws:dynamodb:{AUDIT}:table/trailwarden-alerts": {
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
        f"arn:aws:sns:{AUDIT}:trailwarden-alerts": {"sns:Publish"},
        f"arn:aws:sqs:{AUDIT}:trailwarden-notify-dead-letters": {"sqs:SendMessage"},
        "SsmParameterValuetrailwardenstatekeyarn": STATE_KEY_ACTIONS,
        f"arn:aws:logs:{AUDIT}:log-group:/aws/lambda/trailwarden-notify:*": {
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        },
    }


def test_notify_writes_what_became_of_messages_and_nothing_else(deployment: Synthesized) -> None:
    statements = role(deployment, "trailwarden-notify")
    assert keys_by_action(statements, "dynamodb:PutItem") == {"HELD#*", "SETASIDE"}
    assert keys_by_action(statements, "dynamodb:UpdateItem") == {"ALERT#*", "BUDGET#*", "STORMS", "WEEK#*"}


def test_notify_publishes_on_every_route_and_imports_findings_where_that_is_switched_on(
    routed: Synthesized, deployment: Synthesized
) -> None:
    granted = grants(role(routed, "trailwarden-notify"))
    published = {resource for resource, actions in granted.items() if "sns:Publish" in actions}
    assert published == {
        f"arn:aws:sns:{AUDIT}:trailwarden-alerts",
        f"arn:aws:sns:{AUDIT}:trailwarden-alerts-network-team",
        f"arn:aws:sns:{AUDIT}:trailwarden-alerts-audit",
    }
    product = f"arn:aws:securityhub:{AUDIT}:product/111122223333/default"
    assert granted[product] == {"securityhub:BatchImportFindings"}
    assert not any("securityhub" in name for name in grants(role(deployment, "trailwarden-notify")))


STATE_KEY_ACTIONS = {
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}


@pytest.mark.parametrize("function", ["trailwarden-detect", "trailwarden-notify"])
def test_no_action_is_a_pattern_and_keys_are_used_through_a_service(
    deployment: Synthesized, function: str
) -> None:
    for statement in role(deployment, function):
        actions = statement["Action"]
        listed = [actions] if isinstance(actions, str) else actions
        assert all("*" not in action for action in listed)
        if listed[0].startswith("kms:"):
            assert statement["Condition"]["StringEquals"]["kms:ViaService"].endswith(
                ".eu-central-1.amazonaws.com"
            )


def test_the_functions_get_the_environment_of_the_contract(deployment: Synthesized) -> None:
    variables = {
        function["Properties"]["FunctionName"]: set(function["Properties"]["Environment"]["Variables"])
        for function in deployment.resources(DETECTION, "AWS::Lambda::Function").values()
    }
    powertools = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
    assert variables == {
        "trailwarden-detect": powertools
        | {
            "ALERT_TABLE_NAME",
            "OPERATIONS_TOPIC_ARN",
            "LOG_BUCKET_NAME",
            "RULES_BUCKET_NAME",
            "ALERT_RETENTION_DAYS",
            "INGEST_QUEUE_URL",
            "INGEST_DEAD_LETTER_QUEUE_URL",
        },
        "trailwarden-notify": powertools | {"ALERT_TABLE_NAME"},
    }


@pytest.mark.parametrize(
    ("variant", "runtime", "architecture", "days"),
    [("deployment", "python3.14", "arm64", 90), ("organization", "python3.13", "x86_64", 400)],
)
def test_the_functions_run_on_what_the_settings_say(
    variant: str, runtime: str, architecture: str, days: int, request: pytest.FixtureRequest
) -> None:
    built: Synthesized = request.getfixturevalue(variant)
    for function in built.resources(DETECTION, "AWS::Lambda::Function").values():
        assert function["Properties"]["Runtime"] == runtime
        assert function["Properties"]["Architectures"] == [architecture]
        assert function["Properties"]["Handler"] == "handler.handler"
    groups = built.resources(DETECTION, "AWS::Logs::LogGroup").values()
    assert {
        group["Properties"]["LogGroupName"]: group["Properties"]["RetentionInDays"] for group in groups
    } == {
        "/aws/lambda/trailwarden-detect": days,
        "/aws/lambda/trailwarden-notify": days,
    }


def test_what_needs_a_hand_is_told_to_operations(deployment: Synthesized) -> None:
    alarms = [a["Properties"] for a in deployment.resources(DETECTION, "AWS::CloudWatch::Alarm").values()]
    watched = {(alarm["MetricName"], alarm["Dimensions"][0]["Value"]) for alarm in alarms}
    assert watched >= {
        ("ApproximateNumberOfMessagesVisible", "trailwarden-ingest-dead-letters"),
        ("ApproximateNumberOfMessagesVisible", "trailwarden-delivery-dead-letters"),
        ("ApproximateNumberOfMessagesVisible", "trailwarden-notify-dead-letters"),
        ("ApproximateAgeOfOldestMessage", "trailwarden-ingest"),
        ("NumberOfMessagesSent", "trailwarden-ingest"),
        ("Errors", "trailwarden-detect"),
        ("Errors", "trailwarden-notify"),
        ("IteratorAge", "trailwarden-notify"),
        ("AlertsNotTold", "trailwarden-notify"),
    }
    for alarm in alarms:
        assert alarm["AlarmActions"] == [f"arn:aws:sns:{AUDIT}:trailwarden-operations"]
        assert alarm["AlarmName"].startswith("trailwarden-")


def test_the_metric_of_alerts_that_were_not_told_is_the_one_that_notify_counts(
    deployment: Synthesized,
) -> None:
    alarm = deployment.properties(DETECTION, "AWS::CloudWatch::Alarm", MetricName="AlertsNotTold")
    function = deployment.properties(DETECTION, "AWS::Lambda::Function", FunctionName="trailwarden-notify")
    variables = function["Environment"]["Variables"]
    assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]
    assert '"AlertsNotTold"' in (ROOT / "lambdas" / "notify" / "handler.py").read_text(encoding="utf-8")
