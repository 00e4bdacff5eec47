"""What SNS is asked to publish."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.messages.test_approved import SITUATIONS
from trailwarden.aws.operations import OperationsTopic
from trailwarden.aws.subscriptions import SnsTopics
from trailwarden.aws.topics import AlertTopic
from trailwarden.errors import MessageRefusedError
from trailwarden.messages.limits import MESSAGE_LIMIT
from trailwarden.messages.message import render

TOPIC = "arn:aws:sns:eu-west-1:444455556666:trailwarden-alerts"


class Sns:
    """Keeps what it is asked."""

    def __init__(self, code: str = "") -> None:
        self.asked: list[dict[str, Any]] = []
        self.code = code

    def publish(self, **arguments: Any) -> dict[str, str]:
        if self.code:
            raise ClientError({"Error": {"Code": self.code}}, "Publish")
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


Tell = Callable[[str, str], None]
TELLERS: list[Callable[[Any], Tell]] = [
    lambda sns: OperationsTopic(sns, TOPIC).tell,
    lambda sns: lambda subject, text: SnsTopics(sns).tell(TOPIC, subject, text),
]


@pytest.mark.parametrize("teller", TELLERS)
@pytest.mark.parametrize("letter", ["a", "\u00e9", "\u4e2d", "\U00020000", "\ud800", "\n\u00e9a\U0001f4a5"])
def test_a_text_has_no_more_bytes_than_sns_takes(teller: Callable[[Any], Tell], letter: str) -> None:
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: 262,144 bytes, not characters."""
    sns = Sns()
    tell = teller(sns)
    for length in (1, 1000, MESSAGE_LIMIT // 4, MESSAGE_LIMIT, 3 * MESSAGE_LIMIT):
        text = letter * (length // len(letter) or 1)
        tell("Trailwarden: \u4e2d" * 20, text)
        asked = sns.asked[-1]
        sent = asked["Message"]
        size = len(sent.encode()) + len(asked["Subject"]) + len(str(asked.get("MessageAttributes", "")))
        assert size <= MESSAGE_LIMIT
        written = text.encode("utf-8", "replace").decode()
        if sent != written:
            head, _, ending = sent.rpartition("\n\n")
            assert written.startswith(head)
            assert ending == "The rest does not fit into a message.\n"
            assert len(head.encode()) > MESSAGE_LIMIT - 1100, "no more is left out than must be"


@pytest.mark.parametrize("teller", TELLERS)
def test_what_sns_refuses_for_good_is_told_from_what_may_pass(teller: Callable[[Any], Tell]) -> None:
    for code in ("InvalidParameter", "InvalidParameterValue", "ValidationError"):
        with pytest.raises(MessageRefusedError):
            teller(Sns(code))("subject", "text")
    for code in ("Throttled", "InternalError", "KMSThrottling", "AuthorizationError"):
        with pytest.raises(ClientError):
            teller(Sns(code))("subject", "text")
