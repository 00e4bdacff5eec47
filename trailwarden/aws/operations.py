"""A topic whose subscribers are told in plain words: those who run Trailwarden, or who write its rules.

It knows nothing of alerts: the functions that only tell what needs a hand start without their words.
"""

from typing import Any

from botocore.exceptions import ClientError

from trailwarden.errors import MessageRefusedError
from trailwarden.messages.limits import MESSAGE_LIMIT, SUBJECT_LIMIT
from trailwarden.safety.text import printable_ascii, within_bytes

REFUSED = frozenset(
    {
        "InvalidParameter",
        "InvalidParameterValue",
        "ParameterValueInvalid",
        "ValidationError",
        "ValidationException",
    }
)
"""What SNS answers to a message that it does not take."""
_TEXT_LIMIT = MESSAGE_LIMIT - 1024  # the subject and the attributes count too
_CUT = "\n\nThe rest does not fit into a message.\n"


class OperationsTopic:
    """Tells whoever runs Trailwarden what needs a hand."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def tell(self, subject: str, text: str) -> None:
        """Publish one plain message. Raises `MessageRefusedError`, or botocore's errors."""
        publish_text(self._client, self._topic_arn, subject, text)


def publish_text(client: Any, topic_arn: str, subject: str, text: str, **more: Any) -> None:
    """Publish one plain message that fits. Raises `MessageRefusedError`, or botocore's errors."""
    try:
        client.publish(
            TopicArn=topic_arn,
            Subject=printable_ascii(subject, SUBJECT_LIMIT),
            Message=within_bytes(text, _TEXT_LIMIT, _CUT),
            **more,
        )
    except ClientError as error:
        if error.response["Error"].get("Code") in REFUSED:
            raise MessageRefusedError(f"SNS refuses the message: {error}") from error
        raise
