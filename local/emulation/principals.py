"""`aws:PrincipalArn` of a session: in AWS the ARN of its role, in the emulator that of the session.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
"""

import re
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam

_SESSION = re.compile(r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")


def name_sessions_by_their_roles() -> None:
    """Have policies see the role of a session as its principal."""
    resolve = iam_evaluator._resolve_condition_key  # noqa: SLF001 (where every condition is looked up)

    def resolve_with_role(key: str, context: iam_evaluator.EvalContext) -> Any:
        found = resolve(key, context)
        if key.lower() != "aws:principalarn" or not isinstance(found, str):
            return found
        return role_arn(found)

    iam_evaluator._resolve_condition_key = resolve_with_role  # noqa: SLF001


def role_arn(principal_arn: str) -> str:
    """The ARN of a session's role; that of any other principal as it is."""
    session = _SESSION.fullmatch(principal_arn)
    if session is None:
        return principal_arn
    known = iam._roles.get_scoped(session["account"], None, session["role"]) or {}  # noqa: SLF001
    plain = f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}"
    return str(known.get("Arn") or plain)
