"""The normalised fields of a record: who did what, to what, from where, in a few plain words.

Titles and groups name them beside the record's own dotted fields. `userIdentity`'s shapes:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

import json
from collections.abc import Callable
from typing import Any

from trailwarden.alerts.redact import redacted
from trailwarden.alerts.text import UNKNOWN, one_line
from trailwarden.delivery.records import Record, field_values


def actor(record: Record) -> str:
    """Who acted, as a person would name them: `user alice`, `role Admin (session bob)`, `root of 1111…`."""
    identity = record.get("userIdentity")
    if not isinstance(identity, dict):
        return UNKNOWN
    naming = _ACTORS.get(str(identity.get("type")), _principal)
    return one_line(naming(identity))


def _text(identity: dict[str, Any], *names: str) -> str | None:
    """The first of the named fields that holds text."""
    return next((value for name in names if isinstance(value := identity.get(name), str) and value), None)


def _root(identity: dict[str, Any]) -> str:
    return f"root of {_text(identity, 'accountId') or UNKNOWN}"


def _iam_user(identity: dict[str, Any]) -> str:
    arn_name = (_text(identity, "arn") or "").rpartition("/")[2]
    return f"user {_text(identity, 'userName') or arn_name or _principal(identity)}"


def _assumed_role(identity: dict[str, Any]) -> str:
    """`arn:aws:sts::<account>:assumed-role/<role>/<session>`; the principal id ends in `:<session>`."""
    arn = _text(identity, "arn") or ""
    _, found, path = arn.partition(":assumed-role/")
    role, _, session = path.rpartition("/") if found else ("", "", "")
    context = identity.get("sessionContext")
    issuer = context.get("sessionIssuer") if isinstance(context, dict) else None
    role = (_text(issuer, "userName") if isinstance(issuer, dict) else None) or role
    session = session or (_text(identity, "principalId") or "").partition(":")[2]
    if role and session:
        return f"role {role} (session {session})"
    return f"role {role}" if role else _principal(identity)


def _aws_service(identity: dict[str, Any]) -> str:
    return f"AWS service {_text(identity, 'invokedBy', 'principalId') or UNKNOWN}"


def _aws_account(identity: dict[str, Any]) -> str:
    return f"account {_text(identity, 'accountId', 'principalId') or UNKNOWN}"


def _named(kind: str) -> Callable[[dict[str, Any]], str]:
    def name(identity: dict[str, Any]) -> str:
        return f"{kind} {_text(identity, 'userName') or _principal(identity)}"

    return name


def _identity_center_user(identity: dict[str, Any]) -> str:
    on_behalf = identity.get("onBehalfOf")
    user = _text(on_behalf, "userId") if isinstance(on_behalf, dict) else None
    return f"Identity Center user {_text(identity, 'userName') or user or _principal(identity)}"


def _principal(identity: dict[str, Any]) -> str:
    return _text(identity, "arn", "userName", "principalId", "invokedBy", "accountId") or UNKNOWN


_ACTORS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Root": _root,
    "IAMUser": _iam_user,
    "AssumedRole": _assumed_role,
    "Role": _named("role"),
    "FederatedUser": _named("federated user"),
    "SAMLUser": _named("SAML user"),
    "WebIdentityUser": _named("web identity"),
    "IdentityCenterUser": _identity_center_user,
    "Directory": _named("directory user"),
    "AWSService": _aws_service,
    "AWSAccount": _aws_account,
}


def account(record: Record) -> str:
    """The account in which it happened: the one that the record was delivered to."""
    identity = record.get("userIdentity")
    own = record.get("recipientAccountId")
    found = own or (identity.get("accountId") if isinstance(identity, dict) else None)
    return one_line(found) if found else UNKNOWN


def region(record: Record) -> str:
    """The region of the call, as CloudTrail names it."""
    return one_line(record.get("awsRegion"))


def origin(record: Record) -> str:
    """The address, or the AWS service, that the call came from."""
    return one_line(record.get("sourceIPAddress"))


def outcome(record: Record) -> str:
    """`done`, or `failed: <error code>`: a failed call is another fact than one that succeeded."""
    code = record.get("errorCode")
    return f"failed: {one_line(code)}" if code else "done"


NORMALISED: dict[str, Callable[[Record], str]] = {
    "account": account,
    "actor": actor,
    "origin": origin,
    "outcome": outcome,
    "region": region,
}


def field_text(record: Record, name: str, limit: int = 200) -> str:
    """A normalised field by its name, else the record's dotted field; several values joined by commas.

    `unknown` where the record has no such value.
    """
    normalise = NORMALISED.get(name)
    if normalise is not None:
        return normalise(record)
    texts = [text for value in field_values(record, name) for text in _texts(value, limit)]
    return one_line(", ".join(dict.fromkeys(texts)), limit) if texts else UNKNOWN


def _texts(value: Any, limit: int) -> list[str]:
    """What a person reads of a JSON value: nothing for null, the elements of a list, JSON for an object."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for element in value for text in _texts(element, limit)]
    if isinstance(value, dict):
        return [one_line(json.dumps(redacted(value), separators=(",", ":")), limit)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [one_line(value, limit)]
