"""One alert as its subscribers get it: a subject, and for each protocol the body that suits it.

SNS takes 256 KiB for all bodies and attributes together, and a subject of fewer than 100 printable ASCII
characters: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trailwarden.activity.model import Context
from trailwarden.alerts.attack import tactics
from trailwarden.alerts.chat import chat_notification
from trailwarden.alerts.email import email_text
from trailwarden.alerts.form import Form
from trailwarden.alerts.model import Alert
from trailwarden.alerts.ocsf import detection_finding
from trailwarden.alerts.payload import SCHEMA, alert_json
from trailwarden.alerts.security_hub import SecurityHub, finding
from trailwarden.alerts.story import CUTS, Story, shortened, story_of
from trailwarden.safety.text import UNKNOWN, defanged, one_line, printable_ascii

__all__ = ["MESSAGE_LIMIT", "SCHEMA", "SUBJECT_LIMIT", "AlertMessage", "Bodies", "Form", "render"]

SUBJECT_LIMIT = 99
SMS_LIMIT = 140
MESSAGE_LIMIT = 256 * 1024
_ATTRIBUTE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Bodies:
    """Which form each kind of subscriber gets, besides e-mail and SMS.

    `https` serves HTTP too; Amazon Q Developer's chats subscribe by it. `queue` serves SQS, Lambda and
    Firehose. Everything else, JSON e-mail among it, gets the alert's own form. `security_hub`: where a
    finding is made for, or None.
    """

    https: Form = Form.ALERT
    queue: Form = Form.ALERT
    security_hub: SecurityHub | None = None


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """What is published. `body` is for `MessageStructure=json`; `attributes` are to filter by, a tuple where
    there may be several values; `finding` is for Security Hub, where that is switched on."""

    subject: str
    email: str
    payload: str
    body: str
    attributes: dict[str, str | tuple[str, ...]]
    finding: dict[str, Any] | None = None

    @property
    def size(self) -> int:
        """What SNS counts, in bytes: bodies, attributes with their names and types, and the subject."""
        attributes = sum(
            len(name.encode()) + len("String.Array") + len(_attribute_text(value).encode())
            for name, value in self.attributes.items()
        )
        return len(self.body.encode()) + attributes + len(self.subject)


_QUEUES = ("sqs", "lambda", "firehose")
_DEFAULT = Bodies()


def render(
    alert: Alert,
    *,
    now: datetime | None = None,
    context: Context | None = None,
    bodies: Bodies = _DEFAULT,
) -> AlertMessage:
    """The message of an alert, cut until it fits, never dropped. `now` (aware) says how long ago it was;
    `context` names accounts, places and the people behind sessions."""
    story = story_of(alert, now, context)
    message = _message(story, bodies)
    for cut in CUTS[1:]:
        if message.size <= MESSAGE_LIMIT:
            break
        message = _message(shortened(story, cut), bodies)
    return message


def _message(story: Story, bodies: Bodies) -> AlertMessage:
    alert = story.alert
    title = defanged(story.title())
    payload = _json(alert_json(story))
    email = email_text(story)
    by_protocol = {
        "default": payload,
        "email": email,
        "sms": printable_ascii(f"{alert.level.upper()}: {title}", SMS_LIMIT),
    }
    for protocols, form in ((("http", "https"), bodies.https), (_QUEUES, bodies.queue)):
        if form is not Form.ALERT:
            text = _json(_FORMS[form](story))
            by_protocol |= dict.fromkeys(protocols, text)
    return AlertMessage(
        subject=printable_ascii(f"[{alert.level.upper()}] {title}", SUBJECT_LIMIT),
        email=email,
        payload=payload,
        body=_json(by_protocol),
        attributes=_attributes(story),
        finding=finding(story, bodies.security_hub) if bodies.security_hub else None,
    )


_FORMS = {Form.OCSF: detection_finding, Form.CHAT: chat_notification}


def _attributes(story: Story) -> dict[str, str | tuple[str, ...]]:
    """What filter policies can ask for; what is not known is left out. At most ten, or SQS's raw delivery
    would drop the message: https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html"""
    alert = story.alert
    values: dict[str, str | tuple[str, ...]] = {
        "severity": alert.level,
        "rule_id": alert.rule_id,
        "account": alert.account,
        "region": alert.region if alert.region != UNKNOWN else "",
        "environment": story.environment or "",
        "owner": alert.owner,
        "tactic": tactics(alert.tags),
    }
    return {name: _attribute(value) for name, value in values.items() if value}


def _attribute(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return value if isinstance(value, tuple) else one_line(value, _ATTRIBUTE_LIMIT) or UNKNOWN


def _attribute_text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _json(value: Any) -> str:
    """JSON whose text is valid UTF-8: half a character, which JSON can hold, is replaced."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
