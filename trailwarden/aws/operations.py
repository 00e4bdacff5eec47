"""A topic whose subscribers are told in plain words: those who run Trailwarden, or who write its rules.

It knows nothing of alerts: the functions that only tell what needs a hand start without their words.
"""

from typing import Any

from trailwarden.messages.limits import SUBJECT_LIMIT
from trailwarden.safety.text import printable_ascii


class OperationsTopic:
    """Tells whoever runs Trailwarden what needs a hand."""

    def __init__(self, client: Any, topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def tell(self, subject: str, text: str) -> None:
        """Publish one plain message. Raises botocore's errors."""
        self._client.publish(
            TopicArn=self._topic_arn, Subject=printable_ascii(subject, SUBJECT_LIMIT), Message=text
        )
