"""Secrets that CloudTrail records can carry, masked before anything is published or stored.

CloudTrail hides most secrets itself, but session tokens, pre-signed addresses, user data and
passwords of some services do reach the log. Account ids and access key ids are not secrets.
"""

import re
from typing import Any

MASK = "***"
TOO_DEEP = "(nested too deep)"
_MAX_DEPTH = 64

_SECRET_FIELDS = frozenset(
    {
        "authorizationtoken",
        "authtoken",
        "clientsecret",
        "currentpassword",
        "masteruserpassword",
        "newpassword",
        "oldpassword",
        "password",
        "passworddata",
        "privatekey",
        "secret",
        "secretaccesskey",
        "secretbinary",
        "secretkey",
        "secretstring",
        "sessiontoken",
        "tokenvalue",
        "userdata",
        "x-amz-security-token",
    }
)
_SIGNED_ADDRESS = re.compile(
    r"(?i)([?&](?:x-amz-signature|x-amz-security-token|x-amz-credential|signature)=)[^&\s\"]+"
)


def redacted(value: Any, field: str = "", depth: int = 0) -> Any:
    """A copy of `value` (any JSON) with secrets replaced by `***`, cut off where it nests absurdly deep."""
    if isinstance(value, (dict, list)):
        if depth >= _MAX_DEPTH:
            return TOO_DEEP
        if isinstance(value, list):
            return [redacted(item, field, depth + 1) for item in value]
        return {key: redacted(item, key, depth + 1) for key, item in value.items()}
    if isinstance(value, str) and value:
        if field.lower() in _SECRET_FIELDS:
            return MASK
        if "=" in value:
            return _SIGNED_ADDRESS.sub(rf"\g<1>{MASK}", value)
    return value
