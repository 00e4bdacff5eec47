"""What is published: a subject, the bodies by protocol, and what subscriptions filter by.

SNS takes 256 KiB for all bodies and attributes together, and a subject of fewer than 100 printable ASCII
characters: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trailwarden.messages.form import Form
from trailwarden.messages.limits import MESSAGE_LIMIT, SMS_LIMIT, SUBJECT_LIMIT
from trailwarden.messages.security_hub import SecurityHub
from trailwarden.safety.text import UNKNOWN, one_line, printable_ascii

_ATTRIBUTE_LIMIT = 200
_WEB = ("http", "https")
_QUEUES = ("sqs", "lambda", "firehose")


@dataclass(frozen=True, slots=True)
class Bodies:
    """Which form each kind of subscriber gets, besides e-mail and SMS.

    `https` serves HTTP too; Amazon Q Developer's chats subscribe by it. `queue` serves SQS, Lambda and
    Firehose. Everything else, JSON e-mail among it, gets Trailwarden's own form. `security_hub`: where a
    finding is made for, or None.
    """

    https: Form = Form.ALERT
    queue: Form = Form.ALERT
    security_hub: SecurityHub | None = None

    def protocols(self) -> Iterator[tuple[tuple[str, ...], Form]]:
        """The protocols, and the form that each gets."""
        yield _WEB, self.https
        yield _QUEUES, self.queue


DEFAULT_BODIES = Bodies()


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

    @property
    def fits(self) -> bool:
        """Whether SNS takes it."""
        return self.size <= MESSAGE_LIMIT


def first_that_fits(attempts: Iterable[AlertMessage]) -> AlertMessage:
    """The first message that SNS takes, of ever shorter ones; the last where none does. The others are not
    made."""
    message: AlertMessage | None = None
    for message in attempts:
        if message.fits:
            break
    assert message is not None  # noqa: S101 (there is a way to shorten everything)
    return message


def enveloped(  # noqa: PLR0913 (the parts that SNS takes)
    *,
    headline: str,
    email: str,
    payload: dict[str, Any],
    forms: Mapping[Form, dict[str, Any]],
    attributes: Mapping[str, str | tuple[str, ...]],
    bodies: Bodies,
    finding: dict[str, Any] | None = None,
    sms: str | None = None,
) -> AlertMessage:
    """The parts put together. `headline` becomes the subject, and the SMS unless that is given: it links
    nothing. Where `forms` lacks a form, its protocols get the payload. Of the attributes, those that are not
    known are left out."""
    text = as_json(payload)
    by_protocol = {"default": text, "email": email, "sms": printable_ascii(sms or headline, SMS_LIMIT)}
    for protocols, form in bodies.protocols():
        if form in forms:
            by_protocol |= dict.fromkeys(protocols, as_json(forms[form]))
    return AlertMessage(
        subject=printable_ascii(headline, SUBJECT_LIMIT),
        email=email,
        payload=text,
        body=as_json(by_protocol),
        attributes={name: _attribute(value) for name, value in attributes.items() if value},
        finding=finding,
    )


def as_json(value: Any) -> str:
    """JSON whose text is valid UTF-8: half a character, which JSON can hold, is replaced."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _attribute(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    return value if isinstance(value, tuple) else one_line(value, _ATTRIBUTE_LIMIT) or UNKNOWN


def _attribute_text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else json.dumps(value)
