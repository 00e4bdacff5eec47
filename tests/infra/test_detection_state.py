"""What detection must not forget: table, topics, subscriptions."""

from typing import Any

from tests.infra.conftest import Synthesized, sample, synthesize

STATE = "TrailwardenDetectionState"
ALARMS = "arn:aws:cloudwatch:eu-central-1:111122223333:alarm:trailwarden-*"


def subscriptions(deployment: Synthesized) -> dict[str, dict[str, Any]]:
    found = deployment.resources(STATE, "AWS::SNS::Subscription").values()
    return {one["Properties"]["Endpoint"]: one["Properties"] for one in found}


def test_the_alert_table_is_as_the_functions_expect(deployment: Synthesized) -> None:
    table = deployment.properties(STATE, "AWS::DynamoDB::Table")
    assert table["TableName"] == "trailwarden-alerts"
    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_the_alert_table_is_hard_to_lose(deployment: Synthesized) -> None:
    (resource,) = deployment.resources(STATE, "AWS::DynamoDB::Table").values()
    table = resource["Properties"]
    assert resource["DeletionPolicy"] == "Retain"
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["SSEType"] == "KMS"
    assert table["SSESpecification"]["KMSMasterKeyId"]["Fn::GetAtt"][0].startswith("StateKey")


def test_the_topics_are_encrypted_and_refuse_plain_http(deployment: Synthesized) -> None:
    topics = [t["Properties"] for t in deployment.resources(STATE, "AWS::SNS::Topic").values()]
    assert {topic["TopicName"] for topic in topics} == {"trailwarden-alerts", "trailwarden-operations"}
    assert all(topic["KmsMasterKeyId"]["Fn::GetAtt"][0].startswith("StateKey") for topic in topics)
    denied = [
        statement["Resource"]["Ref"]
        for statement in deployment.statements(STATE, "AWS::SNS::TopicPolicy", "PolicyDocument")
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert sorted(denied) == sorted(deployment.resources(STATE, "AWS::SNS::Topic"))


def test_our_alarms_alone_may_use_key_and_operations_topic(deployment: Synthesized) -> None:
    statements = [
        *deployment.statements(STATE, "AWS::KMS::Key", "KeyPolicy"),
        *deployment.statements(STATE, "AWS::SNS::TopicPolicy", "PolicyDocument"),
    ]
    allowed = [s for s in statements if s["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
    assert [s["Action"] for s in allowed] == [["kms:Decrypt", "kms:GenerateDataKey*"], "sns:Publish"]
    for statement in allowed:
        assert statement["Condition"] == {
            "ArnLike": {"aws:SourceArn": ALARMS},
            "StringEquals": {"aws:SourceAccount": "111122223333"},
        }


def test_subscribers_get_the_severities_they_asked_for(
    deployment: Synthesized, organization: Synthesized
) -> None:
    found = subscriptions(deployment)
    assert found["security@example.com"]["FilterPolicy"] == {"severity": ["medium", "high", "critical"]}
    assert found["+4930123456"]["FilterPolicy"] == {"severity": ["critical"]}
    assert found["+4930123456"]["FilterPolicyScope"] == "MessageAttributes"
    assert "FilterPolicy" not in found["operations@example.com"]
    queue = subscriptions(organization)["arn:aws-us-gov:sqs:us-gov-west-1:444455556666:alerts"]
    assert queue["FilterPolicy"] == {"severity": ["low", "high"]}


def test_a_subscribed_function_of_the_same_account_may_be_called(organization: Synthesized) -> None:
    permission = organization.properties(STATE, "AWS::Lambda::Permission")
    assert permission["Principal"] == "sns.amazonaws.com"
    assert permission["FunctionName"].endswith(":function:triage")
    assert permission["SourceArn"]["Ref"].startswith("AlertTopic")


def test_one_subscriber_less_leaves_the_others_alone(deployment: Synthesized, tmp_path: Any) -> None:
    raw = sample()
    first, *others = raw["subscribers"]
    without = synthesize(tmp_path, {**raw, "subscribers": others})
    before = deployment.resources(STATE, "AWS::SNS::Subscription")
    after = without.resources(STATE, "AWS::SNS::Subscription")
    gone = [one for name, one in before.items() if name not in after]
    assert [one["Properties"]["Endpoint"] for one in gone] == [first["endpoint"]]
    assert all(before[name] == one for name, one in after.items())
