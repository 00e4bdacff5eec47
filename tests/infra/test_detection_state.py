"""What detection must not forget: table, topics, subscriptions."""

from typing import Any

from infra.subscribers import SEVERITIES
from tests.infra.conftest import Synthesized, notices, sample, synthesize

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
    assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["SSEType"] == "KMS"
    assert table["SSESpecification"]["KMSMasterKeyId"]["Fn::GetAtt"][0].startswith("StateKey")


def test_the_topics_are_encrypted_and_refuse_plain_http(deployment: Synthesized) -> None:
    topics = [t["Properties"] for t in deployment.resources(STATE, "AWS::SNS::Topic").values()]
    assert {topic["TopicName"] for topic in topics} == {"trailwarden-alerts", "trailwarden-operations"}
    keys = {topic["TopicName"]: topic["KmsMasterKeyId"]["Fn::GetAtt"][0] for topic in topics}
    assert keys["trailwarden-alerts"].startswith("StateKey")
    # Of its own: so that it can tell that the other one refuses.
    assert keys["trailwarden-operations"].startswith("OperationsKey")
    denied = [
        statement["Resource"]["Ref"]
        for statement in deployment.statements(STATE, "AWS::SNS::TopicPolicy", "PolicyDocument")
        if statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    ]
    assert sorted(denied) == sorted(deployment.resources(STATE, "AWS::SNS::Topic"))


def test_our_alarms_alone_may_use_key_and_operations_topic(deployment: Synthesized) -> None:
    keys = deployment.resources(STATE, "AWS::KMS::Key")
    for name, key in keys.items():
        services = [
            statement
            for statement in key["Properties"]["KeyPolicy"]["Statement"]
            if "Service" in statement["Principal"]
        ]
        assert len(services) == name.startswith("OperationsKey")
        assert key["DeletionPolicy"] == "RetainExceptOnCreate"
        assert key["Properties"]["EnableKeyRotation"] is True
    statements = [
        *deployment.statements(STATE, "AWS::KMS::Key", "KeyPolicy"),
        *deployment.statements(STATE, "AWS::SNS::TopicPolicy", "PolicyDocument"),
    ]
    allowed = [s for s in statements if s["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
    assert [s["Action"] for s in allowed] == [["kms:Decrypt", "kms:GenerateDataKey*"], "sns:Publish"]
    key, topic = (statement["Condition"] for statement in allowed)
    assert topic == {
        "ArnLike": {"aws:SourceArn": ALARMS},
        "StringEquals": {"aws:SourceAccount": "111122223333"},
    }
    # SNS makes this call for CloudWatch: what it says of the alarm is no condition of its success.
    assert key == {
        "ArnLikeIfExists": {"aws:SourceArn": ALARMS},
        "StringEqualsIfExists": {"aws:SourceAccount": "111122223333"},
        "StringEquals": {
            "kms:EncryptionContext:aws:sns:topicArn": (
                "arn:aws:sns:eu-central-1:111122223333:trailwarden-operations"
            )
        },
    }


def test_subscribers_get_the_severities_they_asked_for_and_mail_the_heartbeat(
    deployment: Synthesized, organization: Synthesized
) -> None:
    found = subscriptions(deployment)
    mail = {"severity": ["medium", "high", "critical", "heartbeat"]}
    assert found["security@example.com"]["FilterPolicy"] == mail
    assert found["+4930123456"]["FilterPolicy"] == {"severity": ["critical"]}
    assert found["+4930123456"]["FilterPolicyScope"] == "MessageAttributes"
    assert "FilterPolicy" not in found["operations@example.com"]
    elsewhere = subscriptions(organization)
    queue = elsewhere["arn:aws-us-gov:sqs:us-gov-west-1:111122223333:alerts"]
    assert queue["FilterPolicy"] == {"severity": ["low", "high"]}
    function = elsewhere["arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:triage"]
    assert function["FilterPolicy"] == {"severity": list(SEVERITIES)}


def test_what_machines_do_not_take_is_kept(deployment: Synthesized, organization: Synthesized) -> None:
    for built, kept in (
        (deployment, {"https://hooks.example.com/trailwarden"}),
        (
            organization,
            {
                "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:triage",
                "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:alerts",
            },
        ),
    ):
        (queue, *others) = built.resources(STATE, "AWS::SQS::Queue")
        assert not others
        where = {"deadLetterTargetArn": {"Fn::GetAtt": [queue, "Arn"]}}
        found = {name: one for name, one in subscriptions(built).items() if "RedrivePolicy" in one}
        assert set(found) == kept
        assert all(one["RedrivePolicy"] == where for one in found.values())
        alarm = built.properties(
            "TrailwardenAlerting", "AWS::CloudWatch::Alarm", AlarmName="trailwarden-subscriber-dead-letters"
        )
        name = "trailwarden-subscriber-dead-letters"
        assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": name}]
        assert built.properties(STATE, "AWS::SQS::Queue")["QueueName"] == name


def test_every_topic_may_put_there_what_was_not_taken(routed: Synthesized) -> None:
    (accept,) = (
        one
        for one in routed.statements(STATE, "AWS::SQS::QueuePolicy", "PolicyDocument")
        if one["Effect"] == "Allow"
    )
    topics = [
        topic["Properties"]["TopicName"] for topic in routed.resources(STATE, "AWS::SNS::Topic").values()
    ]
    assert {arn.rpartition(":")[2] for arn in accept["Condition"]["ArnEquals"]["aws:SourceArn"]} == {
        *topics,
        "trailwarden-rule-authors",
    }
    assert accept["Principal"] == {"Service": "sns.amazonaws.com"}


def test_the_owner_of_a_queue_or_function_elsewhere_may_subscribe_it_and_no_other(
    routed: Synthesized,
) -> None:
    """SNS takes a function from its owner alone, and leaves a queue pending until its owner confirms."""
    elsewhere = {
        ("lambda", "arn:aws:lambda:eu-central-1:555566667777:function:triage"): "Operations",
        ("sqs", "arn:aws:sqs:eu-west-1:555566667777:siem"): "Route",
    }
    found = routed.resources(STATE, "AWS::SNS::Subscription").values()
    assert not {endpoint for _, endpoint in elsewhere} & {one["Properties"]["Endpoint"] for one in found}
    let_in = {}
    for policy in routed.resources(STATE, "AWS::SNS::TopicPolicy").values():
        for one in policy["Properties"]["PolicyDocument"]["Statement"]:
            if one["Effect"] == "Allow" and one["Action"] == "sns:Subscribe":
                asked = one["Condition"]["StringEquals"]
                let_in[asked["sns:Protocol"], asked["sns:Endpoint"]] = one["Resource"]["Ref"]
                assert one["Principal"] == {"AWS": "arn:aws:iam::555566667777:root"}
    assert let_in.keys() == elsewhere.keys()
    assert all(let_in[one].startswith(topic) for one, topic in elsewhere.items())
    said = notices(routed)
    for _, endpoint in elsewhere:
        assert any(endpoint in each and "docs/settings.md" in each for each in said)


def test_a_route_has_a_topic_of_its_own_with_its_subscribers(routed: Synthesized) -> None:
    topics = routed.resources(STATE, "AWS::SNS::Topic")
    names = {name: topic["Properties"]["TopicName"] for name, topic in topics.items()}
    assert sorted(names.values()) == [
        "trailwarden-alerts",
        "trailwarden-alerts-audit",
        "trailwarden-alerts-network-team",
        "trailwarden-operations",
    ]
    for name, topic in topics.items():
        key = topic["Properties"]["KmsMasterKeyId"]["Fn::GetAtt"][0]
        assert key.startswith("OperationsKey" if "operations" in names[name] else "StateKey")
    found = routed.resources(STATE, "AWS::SNS::Subscription").values()
    told = [one["Properties"] for one in found if "network" in names[one["Properties"]["TopicArn"]["Ref"]]]
    assert {one["Endpoint"]: one["FilterPolicy"]["severity"] for one in told} == {
        "network@example.com": ["high", "critical", "heartbeat"],
        "+4930123456": list(SEVERITIES),
    }
    # The same telephone is subscribed to the main topic too: the two do not get into each other's way.
    assert len([one for one in found if one["Properties"]["Endpoint"] == "+4930123456"]) == 2


def test_there_is_no_responders_role_without_responders(deployment: Synthesized) -> None:
    assert not deployment.resources(STATE, "AWS::IAM::Role")
    assert "RespondersRoleArn" not in deployment.templates[STATE]["Outputs"]


def test_responders_read_and_answer_alerts_and_nothing_else(routed: Synthesized) -> None:
    role = routed.properties(STATE, "AWS::IAM::Role", RoleName="trailwarden-responders-eu-central-1")
    assert "ManagedPolicyArns" not in role
    (policy,) = role["Policies"]
    *table, key = policy["PolicyDocument"]["Statement"]
    for statement in table:
        assert statement["Resource"] == "arn:aws:dynamodb:eu-central-1:111122223333:table/trailwarden-alerts"
    assert [(statement["Action"], keys_of(statement)) for statement in table] == [
        (
            ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"],
            ["ALERT#*", "ALERTS#*", "GROUP#*", "DUE#*", "ACCOUNTS", "SESSION#*"],
        ),
        ("dynamodb:PutItem", ["REQUEST#${aws:userid}"]),
        ("dynamodb:GetItem", ["OUTCOME#${aws:userid}"]),
    ]
    assert all(action.startswith("kms:") for action in key["Action"])
    assert key["Resource"]["Fn::GetAtt"][0].startswith("StateKey")
    assert key["Condition"] == {"StringEquals": {"kms:ViaService": "dynamodb.eu-central-1.amazonaws.com"}}


def keys_of(statement: dict[str, Any]) -> list[str]:
    condition = statement["Condition"]
    assert set(condition) == {"ForAllValues:StringLike", "Null"}
    assert condition["Null"] == {"dynamodb:LeadingKeys": "false"}  # or a scan, which names none, would pass
    keys: list[str] = condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return keys


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
