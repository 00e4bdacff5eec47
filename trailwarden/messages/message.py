"""One alert as its subscribers get it: a subject, and for each protocol the body that suits it."""

from datetime import datetime

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
from trailwarden.messages.story import CUTS, Story, shortened, story_of
from trailwarden.safety.text import UNKNOWN, defanged

__all__ = ["MESSAGE_LIMIT", "SCHEMA", "AlertMessage", "Bodies", "Form", "render"]


def render(
    alert: Alert,
    *,
    follow_up: FollowUp | None = None,
    now: datetime | None = None,
    context: Context | None = None,
    bodies: Bodies = DEFAULT_BODIES,
) -> AlertMessage:
    """The message of an alert, cut until it fits, never dropped. `follow_up` says what is told of it after
    its first message; `now` (aware) says how long ago it was; `context` names accounts, places and the people
    behind sessions."""
    story = story_of(alert, now, context, follow_up)
    return first_that_fits(_message(shortened(story, cut), bodies) for cut in CUTS)


def _message(story: Story, bodies: Bodies) -> AlertMessage:
    level, headline = story.alert.level.upper(), defanged(story.headline())
    wanted = {form for _, form in bodies.protocols()}
    return enveloped(
        headline=f"[{level}] {headline}",
        sms=f"{level}: {headline}",
        email=email_text(story),
        payload=alert_json(story),
        forms={form: write(story) for form, write in _FORMS.items() if form in wanted},
        attributes=_attributes(story),
        bodies=bodies,
        finding=finding(story, bodies.security_hub) if bodies.security_hub else None,
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
