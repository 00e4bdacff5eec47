"""The SNS topics of alerts, which people and their tools subscribe to."""

import json
from typing import Any

from botocore.exceptions import ClientError

from trailwarden.aws.operations import REFUSED
from trailwarden.errors import MessageRefusedError
from trailwarden.messages.envelope import AlertMessage


class AlertTopic:
    """Publishes alerts, each protocol with the body that suits it."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, message: AlertMessage) -> str:
        """Publish one alert; returns the SNS message id. Raises `MessageRefusedError`, or botocore's
        errors."""
        try:
            answer = self._client.publish(
                TopicArn=self._topic_arn,
                Subject=message.subject,
                Message=message.body,
                MessageStructure="json",
                MessageAttributes={
                    name: _attribute(value) for name, value in message.attributes.items() if value
                },
            )
        except ClientError as error:
            if error.response["Error"].get("Code") in REFUSED:
                raise MessageRefusedError(f"SNS refuses the message: {error}") from error
            raise
        return str(answer["MessageId"])


def _attribute(value: str | tuple[str, ...]) -> dict[str, str]:
    """Filter policies match an array where one of its elements matches."""
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    return {"DataType": "String.Array", "StringValue": json.dumps(value)}
