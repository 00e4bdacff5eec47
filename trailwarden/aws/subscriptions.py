"""SNS as the daily check sees it: who is subscribed to a topic, and a message to all of them."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trailwarden.aws.operations import publish_text
from trailwarden.safety.text import one_line
from trailwarden.state.subscriptions import ListedSubscription, Standing, TopicView

_DELETED = "Deleted"
_PENDING = frozenset({"PendingConfirmation", "pending confirmation"})
_READ_AT_MOST = 20_000
_SECONDS = 10.0
"""For how long the subscriptions of one topic are read: no topic takes the time of the others."""
_MISSING = frozenset({"NotFound", "NotFoundException"})
# Who subscribed to some severities only gets nothing that has none.
_TO_EVERYBODY = {"severity": {"DataType": "String", "StringValue": "critical"}}


class SnsTopics:
    """`Topics` and `Operations` of the daily check over SNS."""

    def __init__(self, client: Any, *, now: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._now = now

    def look(self, topic_arn: str) -> TopicView:
        """The topic's key and its subscriptions: all, unless there are more than a few seconds read.

        A subscription that waits for its confirmation has `PendingConfirmation` for an ARN, one that was
        ended `Deleted`: https://docs.aws.amazon.com/sns/latest/api/API_Subscription.html
        """
        try:
            attributes = self._client.get_topic_attributes(TopicArn=topic_arn)["Attributes"]
            pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn)
            listed, partial = self._listed(pages)
        except ClientError as error:
            if error.response["Error"].get("Code") in _MISSING:
                return TopicView(missing=True)
            return TopicView(problem=one_line(str(error), 400))
        except BotoCoreError as error:
            return TopicView(problem=one_line(str(error), 400))
        return TopicView(
            subscriptions=tuple(listed),
            key=attributes.get("KmsMasterKeyId") or None,
            partial=partial,
        )

    def _listed(self, pages: Iterable[dict[str, Any]]) -> tuple[list[ListedSubscription], bool]:
        """What there is time and memory for, and whether there is more: a topic may have millions."""
        begun, found = self._now(), list[ListedSubscription]()
        for page in pages:
            if len(found) >= _READ_AT_MOST or self._now() - begun > _SECONDS:
                return found, True
            listed = page.get("Subscriptions", [])
            found += [_listed(each) for each in listed if each["SubscriptionArn"] != _DELETED]
        return found, False

    def tell(self, topic_arn: str, subject: str, text: str) -> None:
        """Publish one plain message that passes every filter by severity. Raises `MessageRefusedError`, or
        botocore's errors."""
        publish_text(self._client, topic_arn, subject, text, MessageAttributes=_TO_EVERYBODY)


def _listed(subscription: dict[str, str]) -> ListedSubscription:
    pending = subscription["SubscriptionArn"] in _PENDING
    return ListedSubscription(
        protocol=subscription.get("Protocol", ""),
        endpoint=subscription.get("Endpoint", ""),
        standing=Standing.PENDING if pending else Standing.CONFIRMED,
    )
