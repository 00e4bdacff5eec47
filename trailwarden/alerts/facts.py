"""What a record says, in the few lines that an alert has for it: who, what, on what, from where.

Every text here may hold what an attacker wrote; it is on one line, bounded, and its characters are what they
look like (`text.visible`). Making links harmless is left to the forms that people read.
"""

from dataclasses import dataclass
from typing import Any

from trailwarden.alerts.fields import actor, origin
from trailwarden.alerts.text import UNKNOWN, visible
from trailwarden.delivery.records import Record, field_values

_TARGETS_AT_MOST = 5
_NAMING = ("Name", "Id", "Arn", "Identifier", "ARN")
_NOT_TARGETS = frozenset({"clientRequestToken", "roleSessionName", "principalId"})
_DENIED = ("AccessDenied", "UnauthorizedOperation", "Unauthorized", "Forbidden")


@dataclass(frozen=True, slots=True)
class Facts:
    """Empty texts and None where the record says nothing."""

    actor: str = UNKNOWN
    actor_type: str = ""
    actor_arn: str = ""
    actor_account: str = ""
    access_key_id: str = ""
    mfa: bool | None = None
    session_issuer: str = ""
    action: str = ""
    service: str = ""
    outcome: str = "done"
    """`done`, `denied` or `failed`."""
    error_code: str = ""
    error_message: str = ""
    targets: tuple[str, ...] = ()
    origin: str = UNKNOWN
    user_agent: str = ""
    account_name: str = ""
    environment: str = ""


def facts_of(record: Record) -> Facts:
    """The facts of a record, its secrets masked before."""
    if not record:
        return Facts()
    identity = record.get("userIdentity")
    identity = identity if isinstance(identity, dict) else {}
    code = _text(record, "errorCode", 100)
    message = _text(record, "errorMessage", 400)
    return Facts(
        actor=visible(actor(record)),
        actor_type=_text(identity, "type", 40),
        actor_arn=_text(identity, "arn", 400),
        actor_account=_text(identity, "accountId", 40),
        access_key_id=_text(identity, "accessKeyId", 130),
        mfa=_mfa(record),
        session_issuer=next(
            (visible(v) for v in field_values(identity, "sessionContext.sessionIssuer.arn") if v), ""
        ),
        action=_text(record, "eventName", 100) or UNKNOWN,
        service=_text(record, "eventSource", 100) or UNKNOWN,
        outcome=_outcome(record, code, message),
        error_code=code,
        error_message=message,
        targets=_targets(record),
        origin=visible(origin(record)),
        user_agent=_text(record, "userAgent", 200),
    )


def _text(holder: dict[str, Any], name: str, limit: int) -> str:
    value = holder.get(name)
    return visible(value, limit) if value not in (None, "") else ""


def _mfa(record: Record) -> bool | None:
    for value in (
        *field_values(record, "userIdentity.sessionContext.attributes.mfaAuthenticated"),
        *field_values(record, "additionalEventData.MFAUsed"),
    ):
        if str(value).lower() in {"true", "yes"}:
            return True
        if str(value).lower() in {"false", "no"}:
            return False
    return None


def _outcome(record: Record, code: str, message: str) -> str:
    """A sign-in that failed has no error code: its answer says so."""
    if any(word in code for word in _DENIED):
        return "denied"
    answer = next(field_values(record, "responseElements.ConsoleLogin"), None)
    return "failed" if code or message or answer == "Failure" else "done"


def _targets(record: Record) -> tuple[str, ...]:
    """The ARNs that the record names; else the parameters that are called a name, an id or an ARN."""
    arns = [visible(value, 300) for value in field_values(record, "resources.ARN") if isinstance(value, str)]
    if not arns:
        parameters = record.get("requestParameters")
        arns = [
            f"{visible(name, 60)} {visible(value, 200)}"
            for name, value in (parameters.items() if isinstance(parameters, dict) else ())
            if isinstance(value, str)
            and value
            and name.endswith((*_NAMING, "name"))
            and name not in _NOT_TARGETS
        ]
    return tuple(dict.fromkeys(arns))[:_TARGETS_AT_MOST]
