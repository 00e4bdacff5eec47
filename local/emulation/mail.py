"""E-mail subscribers of SNS topics: the emulator accepts them and sends nothing, so their post is kept here.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.services import sns

SendMail = Callable[[str, str, str, str, datetime], None]
"""(topic's ARN, address, subject, body, time)"""
SUBJECT_WITHOUT_ONE = "AWS Notification Message"


def send_mail_with(send: SendMail) -> None:
    """Have every message that SNS hands to an e-mail subscriber told to `send` too."""
    fan_out = sns._fanout  # noqa: SLF001 (where every message passes)

    def fan_out_with_mail(  # noqa: PLR0913, PLR0917 (the emulator's signature)
        topic_arn: str,
        message_id: str,
        message: str,
        subject: str,
        message_structure: str = "",
        message_attributes: Mapping[str, Any] | None = None,
        *arguments: Any,
        **keywords: Any,
    ) -> None:
        fan_out(
            topic_arn,
            message_id,
            message,
            subject,
            message_structure,
            message_attributes,
            *arguments,
            **keywords,
        )
        topic = sns._topic_by_arn_any_scope(topic_arn) or {"subscriptions": ()}  # noqa: SLF001
        body = sns._resolve_message_for_protocol(message, message_structure, "email")  # noqa: SLF001
        for subscription in topic["subscriptions"]:
            if (
                subscription.get("protocol") == "email"
                and subscription.get("confirmed")
                and sns._matches_filter_policy(subscription, message_attributes or {}, body)  # noqa: SLF001
            ):
                send(
                    topic_arn,
                    subscription["endpoint"],
                    subject or SUBJECT_WITHOUT_ONE,
                    body,
                    datetime.now(UTC),
                )

    sns._fanout = fan_out_with_mail  # noqa: SLF001
