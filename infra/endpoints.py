"""What SNS endpoints and IAM principals look like, checked before a deployment fails on one half-way."""

import re
from urllib.parse import urlsplit

PROTOCOLS = ("email", "email-json", "https", "sms", "sqs", "lambda")

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[A-Za-z0-9-]{2,}", re.ASCII)
_SMS = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_RESOURCES = {
    "sqs": re.compile(r"[A-Za-z0-9_-]{1,80}"),
    "lambda": re.compile(r"function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_-]+)?"),
}


_PRINCIPAL = re.compile(r"(root|(role|user)/[\w+=,.@/-]{1,512})", re.ASCII)


def principal_mistake(arn: object, partition: str) -> str | None:
    """What is wrong with the ARN of a role, a user or an account (`…:root`), in words; None if nothing is."""
    parts = arn.split(":", 5) if isinstance(arn, str) else []
    if len(parts) != 6 or [parts[0], parts[2], parts[3]] != ["arn", "iam", ""]:
        return f"{arn!r} is no ARN such as arn:{partition}:iam::111122223333:role/detection-engineers"
    if parts[1] != partition:
        return f"{arn!r} lies in the partition {parts[1]}, not in {partition}"
    if not re.fullmatch(r"\d{12}", parts[4], re.ASCII):
        return f"{arn!r} has no account of 12 digits"
    if not _PRINCIPAL.fullmatch(parts[5]):
        return f"{arn!r} names no role, no user and no account (root); patterns are not taken"
    return None


def endpoint_mistake(protocol: str, endpoint: str, partition: str) -> str | None:
    """What is wrong with the endpoint, in words; None when nothing is, or when the protocol is unknown."""
    match protocol:
        case "email" | "email-json":
            return None if _EMAIL.fullmatch(endpoint) else f"{endpoint!r} is no e-mail address"
        case "sms":
            return None if _SMS.fullmatch(endpoint) else f"{endpoint!r} is no number such as +4930123456"
        case "https":
            return None if _is_https(endpoint) else f"{endpoint!r} is no https:// address"
        case "sqs" | "lambda":
            return _arn_mistake(protocol, endpoint, partition)
        case _:
            return None


def _is_https(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _arn_mistake(service: str, endpoint: str, partition: str) -> str | None:
    parts = endpoint.split(":", 5)
    if (
        len(parts) != 6
        or parts[0] != "arn"
        or parts[2] != service
        or not _RESOURCES[service].fullmatch(parts[5])
    ):
        return f"{endpoint!r} is no ARN of {service}"
    if parts[1] != partition:
        return f"{endpoint!r} lies in the partition {parts[1]}, not in {partition}"
    if not re.fullmatch(r"\d{12}", parts[4], re.ASCII):
        return f"{endpoint!r} has no account of 12 digits"
    return None
