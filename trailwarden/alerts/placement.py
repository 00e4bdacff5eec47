"""Where a match belongs: its group, and the stretch of the clock that an alert's id is made from.

Both are made from content alone: the same on every machine, in any order of arrival.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

DEFAULT_QUIET = 3600
"""Seconds without a match after which an alert is over, unless rule or settings say otherwise."""
HOUR = 3600
_encode = json.JSONEncoder(separators=(",", ":")).encode
_HOUR_TEXT = len("2026-01-31T23")
_FIRST = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
_LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


def group_key(rule_id: str, group: Mapping[str, str], *, staged: bool = False) -> str:
    """What all alerts of a rule and group have in common: 32 hex digits. A staged rule's are others: once it
    is promoted, the next match opens an alert that is told, though one was staged just now."""
    return _digest(["group", rule_id, sorted(group.items()), *(["staged"] if staged else [])])


def alert_id(  # noqa: PLR0913 (what an alert's identity is made of)
    rule_id: str,
    group: Mapping[str, str],
    first: str | None,
    *,
    quiet: int = DEFAULT_QUIET,
    staged: bool = False,
    cut: str | None = None,
) -> str:
    """32 hex digits, made from the rule, the group and the stretch of the clock, as long as the quiet time,
    in which the alert begins. Two alerts of a group begin further apart, but where one was closed by hand:
    `cut` is the moment of that."""
    began = None if first is None else _stretch(first, quiet)
    apart = cut is not None and first is not None and seconds_of(cut) >= seconds_of(first) // quiet * quiet
    parts: list[object] = [rule_id, began, sorted(group.items())]
    parts += ["staged"] if staged else []
    parts += [quiet] if quiet != DEFAULT_QUIET else []
    parts += [f"after {cut}"] if apart else []
    return _digest(parts)


def hour_of(time: str) -> str:
    """The beginning of the hour (UTC) that a time lies in, as `2026-01-31T23:00:00Z`."""
    return f"{time[:_HOUR_TEXT]}:00:00Z"


def whole_hours(seconds: int) -> int:
    """The quiet time of what is placed by the hour: at least one."""
    return max(1, -(-seconds // HOUR)) * HOUR


def seconds_of(time: str) -> int:
    """Seconds since 1970 of an RFC 3339 time in UTC."""
    return int(datetime.fromisoformat(time).timestamp())


def shifted(time: str, seconds: int) -> str:
    """The time so many seconds later; what lies outside the years 1 to 9999 is brought to their edge."""
    return time_of(seconds_of(time) + seconds)


def time_of(seconds: int) -> str:
    """The RFC 3339 time, in UTC; what lies outside the years 1 to 9999 is brought to their edge."""
    when = datetime.fromtimestamp(min(max(seconds, _FIRST), _LAST), UTC)
    return f"{when.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _stretch(first: str, quiet: int) -> str:
    if quiet == HOUR:
        return first[:_HOUR_TEXT]
    return time_of(seconds_of(first) // quiet * quiet)


def _digest(parts: list[object]) -> str:
    content = _encode(parts)
    return hashlib.sha256(content.encode("utf-8", "backslashreplace")).hexdigest()[:32]
