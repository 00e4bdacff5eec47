"""One alert as its subscribers get it: a subject, and for each protocol the body that suits it."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from trailwarden.activity.model import Context
from trailwarden.alerts.attack import tactics
from trailwarden.alerts.model import Alert
from trailwarden.alerts.telling import FollowUp
from trailwarden.messages.chat import chat_notification
from trailwarden.messages.email import email_text
from trailwarden.messages.envelope import (
    DEFAULT_BODIES,
    AlertMessage,
    Bodies,
    enveloped,
    first_that_fits,
)
from trailwarden.messages.form import Form
from trailwarden.messages.limits import MESSAGE_LIMIT
from trailwarden.messages.ocsf import detection_finding
from trailwarden.messages.payload import SCHEMA, alert_json
from trailwarden.messages.security_hub import finding
from trailwarden.messages.story import CUTS, Story, short_story, shortened, story_of
from trailwarden.safety.text import UNKNOWN, defanged

_log = logging.getLogger(__name__)
_Written = TypeVar("_Written")
__all__ = ["MESSAGE_LIMIT", "SCHEMA", "AlertMessage", "Bodies", "Form", "render"]


def render(  # noqa: PLR0913 (an alert, and what is known besides)
    alert: Alert,
    *,
    follow_up: FollowUp | None = None,
    now: datetime | None = None,
    context: Context | None = None,
    bodies: Bodies = DEFAULT_BODIES,
    short: bool = False,
) -> AlertMessage:
    """The message of an alert, cut until it fits, never dropped. `follow_up` says what is told of it after
    its first message; `now` (aware) says how long ago it was; `context` names accounts, places and the people
    behind sessions. `short` leaves out everything that is described from the record."""
    plain = short_story(alert, now, context, follow_up)
    if short:
        return _message(plain, plain, bodies)
    story = story_of(alert, now, context, follow_up)
    return first_that_fits(_message(shortened(story, cut), plain, bodies) for cut in CUTS)


def _message(story: Story, plain: Story, bodies: Bodies) -> AlertMessage:
    """One form that cannot be written costs no other: it is written of the `plain` story."""

    def written(write: Callable[[Story], _Written]) -> _Written:
        try:
            return write(story)
        except Exception:  # noqa: BLE001 (whatever it was, the message goes out)
            _log.exception("alert %s cannot be written in full", story.alert.alert_id)
            return write(plain)

    level, headline = story.alert.level.upper(), written(lambda one: defanged(one.headline()))
    wanted = {form for _, form in bodies.protocols()}
    hub = bodies.security_hub
    return enveloped(
        headline=f"[{level}] {headline}",
        sms=f"{level}: {headline}",
        email=written(email_text),
        payload=written(alert_json),
        forms={form: written(write) for form, write in _FORMS.items() if form in wanted},
        attributes=_attributes(story),
        bodies=bodies,
        finding=written(lambda one: finding(one, hub)) if hub else None,
    )


_FORMS = {Form.OCSF: detection_finding, Form.CHAT: chat_notification}


def _attributes(story: Story) -> dict[str, str | tuple[str, ...]]:
    """What filter policies can ask for. At most ten, or SQS's raw delivery would drop the message:
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html"""
    alert = story.alert
    return {
        "severity": alert.level,
        "reason": story.reason.value,
        "rule_id": alert.rule_id,
        "account": alert.account,
        "region": alert.region if alert.region != UNKNOWN else "",
        "environment": story.environment or "",
        "owner": alert.owner,
        "tactic": tactics(alert.tags),
    }
