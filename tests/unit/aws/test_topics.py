"""What SNS is asked to publish."""

from typing import Any

from tests.unit.messages.test_approved import SITUATIONS
from trailwarden.aws.topics import AlertTopic
from trailwarden.messages.message import render

TOPIC = "arn:aws:sns:eu-west-1:444455556666:trailwarden-alerts"


class Sns:
    """Keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def publish(self, **arguments: Any) -> dict[str, str]:
        self.asked.append(arguments)
        return {"MessageId": "1"}


def test_each_protocol_has_its_body_and_several_values_make_an_array() -> None:
    sns = Sns()
    message = render(next(found for found in SITUATIONS if found.name == "root-signed-in").alert)
    assert AlertTopic(sns, TOPIC).publish(message) == "1"
    (asked,) = sns.asked
    assert (asked["TopicArn"], asked["MessageStructure"]) == (TOPIC, "json")
    assert asked["Message"] == message.body
    attributes = asked["MessageAttributes"]
    assert attributes["severity"] == {"DataType": "String", "StringValue": "high"}
    assert attributes["tactic"] == {
        "DataType": "String.Array",
        "StringValue": '["initial-access", "privilege-escalation"]',
    }
    assert len(attributes) <= 10, "SQS drops a raw message with more"
