"""The queue that feeds a function, and its dead-letter queue."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

_AT_ONCE = 10  # DeleteMessageBatch takes no more
_LONGEST = 11 * 3600  # seconds; SQS hides a message for 12 hours at most, counted from when it was received
_WHY_LIMIT = 500


class FeedingQueue:
    """The messages that a function was given, by their receipt handles.

    `client` makes the client when it is needed, which most runs do not. What is deleted, or made visible
    again, before the function returns need not be said by the function.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
    """

    def __init__(self, client: Callable[[], Any], queue_url: str, dead_letters_url: str) -> None:
        self._make_client = client
        self._url = queue_url
        self._dead_letters_url = dead_letters_url

    @cached_property
    def _client(self) -> Any:
        return self._make_client()

    def delete(self, handles: Sequence[str]) -> None:
        """These messages are done with; one that cannot be deleted comes again, and is done with again."""
        for start in range(0, len(handles), _AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle}
                for number, handle in enumerate(handles[start : start + _AT_ONCE])
            ]
            self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def postpone(self, handle: str, seconds: int) -> None:
        """This message is to come again after so many seconds."""
        self._client.change_message_visibility(
            QueueUrl=self._url, ReceiptHandle=handle, VisibilityTimeout=max(0, min(seconds, _LONGEST))
        )

    def set_aside(self, notice: str, why: str) -> None:
        """Put a message of our own among the dead letters, from where people have it tried again."""
        self._client.send_message(
            QueueUrl=self._dead_letters_url,
            MessageBody=notice,
            MessageAttributes={"why": {"DataType": "String", "StringValue": why[:_WHY_LIMIT] or "unknown"}},
        )
