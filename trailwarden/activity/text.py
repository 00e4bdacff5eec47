"""How texts of a record are read: safely, whatever JSON stands there."""

from collections.abc import Mapping
from typing import Any

from trailwarden.safety.text import one_line

NAME_LIMIT = 128


def mapping(value: Any) -> Mapping[str, Any]:
    """`value` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(holder: Mapping[str, Any], *names: str, limit: int = NAME_LIMIT) -> str | None:
    """The first of the named fields that holds text, on one line; None where none does.

    Some sources write all keys in lower case.
    """
    for name in names:
        for key in (name, name.lower()):
            value = holder.get(key)
            if isinstance(value, str) and value:
                clean = one_line(value, limit)
                if clean:
                    return clean
    return None


def arn_account(arn: str | None) -> str | None:
    """The account in an ARN; None where it names none."""
    parts = (arn or "").split(":", 5)
    return parts[4] or None if len(parts) == 6 and parts[0] == "arn" else None


def arn_region(arn: str | None) -> str | None:
    """The region in an ARN; None where it names none."""
    parts = (arn or "").split(":", 5)
    return parts[3] or None if len(parts) == 6 and parts[0] == "arn" else None


def role_path_begins(arn: str | None, path: str) -> bool:
    """Whether an ARN is that of a role whose path begins with `path`, which begins and ends with a slash.

    Anyone who may create roles chooses the rest of a path, and may repeat a reserved path there.
    """
    parts = (arn or "").split(":", 5)
    return len(parts) == 6 and parts[2] == "iam" and parts[5].startswith(f"role{path}")


def arn_service(arn: str | None) -> str:
    """The service in an ARN; empty for a text that is no ARN."""
    parts = (arn or "").split(":", 5)
    return parts[2] if len(parts) == 6 and parts[0] == "arn" else ""


def arn_resource(arn: str) -> str:
    """What an ARN names, without partition, service, region and account; the text itself if it is no ARN."""
    parts = arn.split(":", 5)
    return parts[5] if len(parts) == 6 and parts[0] == "arn" else arn
