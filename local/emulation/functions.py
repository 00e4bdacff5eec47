"""Gives each function the credentials of its own role.

The emulator does so only where it enforces IAM; else functions act as the account's owner, and their calls
could not be told from a person's.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sts


def act_by_their_roles() -> None:
    """Have the emulator start functions with the credentials of `role_credentials`."""
    lambda_runtime.execution_credentials = role_credentials
    lambda_svc.execution_credentials = role_credentials


def role_credentials(configuration: Mapping[str, Any]) -> dict[str, str]:
    """The variables with a session of the function's role; the same session every time."""
    arn, role_arn, name = (configuration[key] for key in ("FunctionArn", "Role", "FunctionName"))
    account_id, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    digest = hashlib.sha256(f"{arn} {role_arn}".encode()).hexdigest().upper()
    access_key_id, secret, token = f"ASIA{digest[:16]}", digest[16:56], digest[:32].lower()
    sts.register_session(
        access_key_id,
        {
            "Arn": f"arn:aws:sts::{account_id}:assumed-role/{role}/{name}",
            "UserId": f"{role}:{name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {
        "AWS_ACCESS_KEY_ID": access_key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
    }
