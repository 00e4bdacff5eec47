"""Who made a call: CloudTrail's `userIdentity`, looked up in the emulator's IAM and STS."""

import re
from datetime import UTC, datetime
from typing import Any

from ministack.core.iam_evaluator import CredentialResolutionError, resolve_credential
from ministack.services import iam, sts

ADMINISTRATOR_ROLE = "LocalAdministrator"
ADMINISTRATOR_SESSION = "operator"
ACCOUNT_KEY = re.compile(r"\d{12}")


def user_identity(account_id: str, access_key_id: str) -> dict[str, Any]:
    """The `userIdentity` of a call in `account_id`.

    The emulator lets anybody in who signs with an account's number. No such key exists in AWS; it stands
    for the machine's owner, who would have come by single sign-on: a session of an administrator's role,
    not the account's root user, whose use is an alarm of its own.
    """
    if ACCOUNT_KEY.fullmatch(access_key_id):
        return _assumed_role(account_id, access_key_id, ADMINISTRATOR_ROLE, ADMINISTRATOR_SESSION)
    credential = resolve_credential(access_key_id, account_id) if access_key_id else None
    if credential is None or isinstance(credential, CredentialResolutionError):
        return {"type": "Unknown", "accountId": account_id, "accessKeyId": access_key_id}
    if credential.principal_type == "User":
        return {
            "type": "IAMUser",
            "principalId": credential.principal_id,
            "arn": credential.principal_arn,
            "accountId": credential.account_id,
            "accessKeyId": access_key_id,
            "userName": credential.principal_name,
        }
    role, _, session = credential.principal_arn.partition(":assumed-role/")[2].partition("/")
    identity = _assumed_role(credential.account_id, access_key_id, role, session)
    issued = (sts._sessions.get(access_key_id) or {}).get("IssuedAt")  # noqa: SLF001 (the emulator's store)
    if isinstance(issued, int | float):
        identity["sessionContext"]["attributes"]["creationDate"] = _instant(issued)
    return identity


def _assumed_role(account_id: str, access_key_id: str, role: str, session: str) -> dict[str, Any]:
    known = iam._roles.get_scoped(account_id, None, role) or {}  # noqa: SLF001 (the emulator's store)
    role_id = str(known.get("RoleId") or f"AROA{role.upper():X<17}"[:21])
    return {
        "type": "AssumedRole",
        "principalId": f"{role_id}:{session}",
        "arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{session}",
        "accountId": account_id,
        "accessKeyId": access_key_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": str(known.get("Arn") or f"arn:aws:iam::{account_id}:role/{role}"),
                "accountId": account_id,
                "userName": role,
            },
            "attributes": {"mfaAuthenticated": "false"},
        },
    }


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
