"""What tends alerts and watches over their delivery: functions, clocks, roles, alarms."""

import json
from typing import Any

import pytest

from tests.infra.conftest import Synthesized, grants

ALERTING = "TrailwardenAlerting"
AUDIT = "eu-central-1:111122223333"
TABLE = f"arn:aws:dynamodb:{AUDIT}:table/trailwarden-alerts"
MAIN = f"arn:aws:sns:{AUDIT}:trailwarden-alerts"
OPERATIONS = f"arn:aws:sns:{AUDIT}:trailwarden-operations"
TEND, WATCH = "trailwarden-tend-alerts", "trailwarden-watch-alerting"
APPLY = "trailwarden-apply-requests"
TABLE_KEY = {
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
}


def logs(function: str) -> dict[str, set[str]]:
    group = f"arn:aws:logs:{AUDIT}:log-group:/aws/lambda/{function}:*"
    return {group: {"logs:CreateLogStream", "logs:PutLogEvents"}}


def function(built: Synthesized, name: str) -> dict[str, Any]:
    return built.properties(ALERTING, "AWS::Lambda::Function", FunctionName=name)


def test_the_functions_get_the_environment_of_the_contract(deployment: Synthesized) -> None:
    def own(name: str) -> dict[str, str]:
        variables = function(deployment, name)["Environment"]["Variables"]
        return {key: value for key, value in variables.items() if not key.startswith("POWERTOOLS_")}

    assert own(TEND) == {
        "ALERT_TABLE_NAME": "trailwarden-alerts",
        "ALERT_RETENTION_DAYS": "365",
        "OPERATIONS_TOPIC_ARN": OPERATIONS,
    }
    assert own(WATCH) == {"ALERT_TABLE_NAME": "trailwarden-alerts", "OPERATIONS_TOPIC_ARN": OPERATIONS}


def test_no_concurrency_is_reserved(deployment: Synthesized) -> None:
    for name in (TEND, WATCH):
        assert "ReservedConcurrentExecutions" not in function(deployment, name)


def test_the_clock_starts_them(deployment: Synthesized) -> None:
    resources = deployment.resources(ALERTING, "AWS::Lambda::Function")
    names = {key: one["Properties"]["FunctionName"] for key, one in resources.items()}
    rules = deployment.resources(ALERTING, "AWS::Events::Rule")
    started = set()
    for rule in rules.values():
        (target,) = rule["Properties"]["Targets"]
        assert "Input" not in target
        started.add((rule["Properties"]["ScheduleExpression"], names[target["Arn"]["Fn::GetAtt"][0]]))
    assert started == {("rate(1 minute)", TEND), ("cron(0 6 * * ? *)", WATCH)}
    permissions = deployment.resources(ALERTING, "AWS::Lambda::Permission").values()
    assert {one["Properties"]["SourceArn"]["Fn::GetAtt"][0] for one in permissions} == set(rules)
    assert {one["Properties"]["Principal"] for one in permissions} == {"events.amazonaws.com"}


def test_tend_alerts_may_do_what_it_does_and_nothing_else(deployment: Synthesized) -> None:
    assert grants(deployment.role(ALERTING, TEND)) == {
        TABLE: {
            "dynamodb:DeleteItem",
            "dynamodb:GetItem",
            "dynamodb:PutItem",
            "dynamodb:Query",
            "dynamodb:UpdateItem",
        },
        MAIN: {"sns:Publish"},
        OPERATIONS: {"sns:Publish"},
        "SsmParameterValuetrailwardenstatekeyarn": TABLE_KEY,
        "SsmParameterValuetrailwardenoperationskeyarn": {"kms:Decrypt", "kms:GenerateDataKey"},
        **logs(TEND),
    }


def test_tend_alerts_tells_on_every_route_and_imports_findings_where_that_is_switched_on(
    routed: Synthesized,
) -> None:
    granted = grants(routed.role(ALERTING, TEND))
    published = {resource for resource, actions in granted.items() if "sns:Publish" in actions}
    assert published == {MAIN, f"{MAIN}-network-team", f"{MAIN}-audit", OPERATIONS}
    assert granted[f"arn:aws:securityhub:{AUDIT}:product/111122223333/default"] == {
        "securityhub:BatchImportFindings"
    }


def test_watch_alerting_may_do_what_it_does_and_nothing_else(deployment: Synthesized) -> None:
    read = {"sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic"}
    assert grants(deployment.role(ALERTING, WATCH)) == {
        MAIN: read | {"sns:Publish"},
        OPERATIONS: read | {"sns:Publish"},
        TABLE: {"dynamodb:GetItem", "dynamodb:PutItem"},
        "SsmParameterValuetrailwardenstatekeyarn": TABLE_KEY,
        "SsmParameterValuetrailwardenoperationskeyarn": {
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
        },
        **logs(WATCH),
    }


def test_watch_alerting_remembers_subscriptions_and_accounts_only(deployment: Synthesized) -> None:
    (table,) = (one for one in deployment.role(ALERTING, WATCH) if one["Resource"] == TABLE)
    keys = {"dynamodb:LeadingKeys": ["SUBSCRIPTIONS#*", "ACCOUNTS"]}
    named = {"Null": {"dynamodb:LeadingKeys": "false"}}
    assert table["Condition"] == {"ForAllValues:StringLike": keys, **named}


def test_watch_alerting_tries_the_key_itself_and_else_through_services(deployment: Synthesized) -> None:
    (tried,) = (
        statement
        for statement in deployment.role(ALERTING, WATCH)
        if statement["Action"][0].startswith("kms:") and "Condition" not in statement
    )
    assert tried["Action"] == ["kms:DescribeKey", "kms:GenerateDataKey"]
    assert set(grants([tried])) == {
        "SsmParameterValuetrailwardenstatekeyarn",
        "SsmParameterValuetrailwardenoperationskeyarn",
    }


def test_watch_alerting_sees_every_topic_and_reads_the_organisation_where_it_may(routed: Synthesized) -> None:
    granted = grants(routed.role(ALERTING, WATCH))
    watched = {name for name, actions in granted.items() if "sns:ListSubscriptionsByTopic" in actions}
    assert watched == {MAIN, f"{MAIN}-network-team", f"{MAIN}-audit", OPERATIONS}
    assert granted["*"] == {"organizations:ListAccounts"}
    members = "arn:aws:organizations::999900001111:account/o-a1b2c3d4e5/*"
    assert granted[members] == {"organizations:ListTagsForResource"}


def test_an_organisation_that_does_not_lend_its_names_is_not_asked(organization: Synthesized) -> None:
    granted = grants(organization.role(ALERTING, WATCH))
    assert not any(action.startswith("organizations:") for actions in granted.values() for action in actions)


@pytest.mark.parametrize("name", [TEND, WATCH])
def test_no_action_is_a_pattern(routed: Synthesized, name: str) -> None:
    actions = {action for listed in grants(routed.role(ALERTING, name)).values() for action in listed}
    assert not any("*" in action for action in actions)


NO_ATTRIBUTES = "NumberOfNotificationsFilteredOut-NoMessageAttributes"


def test_what_needs_a_hand_is_told_to_operations(routed: Synthesized) -> None:
    alarms = [one["Properties"] for one in routed.resources(ALERTING, "AWS::CloudWatch::Alarm").values()]
    assert {(alarm["MetricName"], alarm["Dimensions"][0]["Value"]) for alarm in alarms} == {
        ("Errors", TEND),
        ("Errors", WATCH),
        ("Errors", APPLY),
        ("RequestsSetAside", APPLY),
        ("RequestsFailed", APPLY),
        ("Invocations", TEND),
        ("Invocations", WATCH),
        ("DeafTopics", WATCH),
        ("ApproximateNumberOfMessagesVisible", "trailwarden-subscriber-dead-letters"),
        ("NumberOfNotificationsFailed", "trailwarden-alerts"),
        ("NumberOfNotificationsFailed", "trailwarden-alerts-network-team"),
        ("NumberOfNotificationsFailed", "trailwarden-alerts-audit"),
        (NO_ATTRIBUTES, "trailwarden-alerts"),
        (NO_ATTRIBUTES, "trailwarden-alerts-network-team"),
        (NO_ATTRIBUTES, "trailwarden-alerts-audit"),
    }
    for alarm in alarms:
        assert alarm["AlarmActions"] == [OPERATIONS]
        assert alarm["AlarmName"].startswith("trailwarden-")


def test_a_clock_that_stands_still_is_an_alarm_and_a_topic_without_messages_is_none(
    routed: Synthesized,
) -> None:
    silent = routed.properties(ALERTING, "AWS::CloudWatch::Alarm", AlarmName="trailwarden-tend-alerts-silent")
    assert silent["TreatMissingData"] == "breaching"
    assert silent["ComparisonOperator"] == "LessThanThreshold"
    assert silent["Threshold"] == 1
    assert silent["EvaluationPeriods"] * silent["Period"] == 15 * 60
    deaf = routed.properties(ALERTING, "AWS::CloudWatch::Alarm", MetricName="DeafTopics")
    assert (deaf["Namespace"], deaf["Threshold"], deaf["TreatMissingData"]) == (
        "Trailwarden",
        1,
        "notBreaching",
    )
    failed = routed.properties(
        ALERTING, "AWS::CloudWatch::Alarm", AlarmName="trailwarden-topic-network-team-undelivered"
    )
    assert failed["TreatMissingData"] == "notBreaching"
    assert (failed["Namespace"], failed["Statistic"], failed["Threshold"]) == ("AWS/SNS", "Sum", 1)


def test_requests_alone_are_handed_to_the_function_that_applies_them(routed: Synthesized) -> None:
    mapping = routed.properties(ALERTING, "AWS::Lambda::EventSourceMapping")
    (pattern,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "eventName": ["INSERT"],
        "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "REQUEST#"}]}}},
    }
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRecordAgeInSeconds"] == 15 * 60


def test_the_function_knows_the_role_whose_sessions_it_names(
    routed: Synthesized, deployment: Synthesized
) -> None:
    def known(synthesized: Synthesized) -> Any:
        function = synthesized.properties(ALERTING, "AWS::Lambda::Function", FunctionName=APPLY)
        return function["Environment"]["Variables"]["RESPONDERS_ROLE_ID"]

    assert known(routed)["Ref"].startswith("SsmParameterValuetrailwardenrespondersroleid")
    assert known(deployment) == "none"
    state = routed.resources("TrailwardenDetectionState", "AWS::SSM::Parameter").values()
    (value,) = (
        one["Properties"]["Value"]
        for one in state
        if one["Properties"]["Name"] == "/trailwarden/responders-role-id"
    )
    name, attribute = value["Fn::GetAtt"]
    assert name.startswith("Responders")
    assert attribute == "RoleId"
