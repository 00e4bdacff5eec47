"""What every part asks of a record: who it is, when it happened, what stands in a field."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

# One entry of a log file's `Records`, as JSON decodes it.
Record = dict[str, Any]
Path = tuple[str, ...]

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CLAIMS: Path = ("userIdentity", "sessionContext", "webIdFederationData", "attributes")
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def event_identity(record: Record) -> str:
    """What makes two records the same event: a UUID in lower case, or 64 hex digits.

    CloudTrail gives every event a UUID (`eventID`; `eventId` in aggregated events). Only one of that form
    is trusted: samples and third-party logs reuse ids such as "1", and two events that share an identity
    count as one. Others are told apart by their content, whatever the order of its keys.
    """
    for name in ("eventID", "eventId"):
        event_id = record.get(name)
        if isinstance(event_id, str) and _UUID.fullmatch(event_id):
            return event_id.lower()
    try:
        content = _canonical(record)
    except RecursionError:
        # Nested nearly as deep as the decoder goes, and with less room here: its plain fields stand for it.
        content = _canonical({k: v for k, v in record.items() if not isinstance(v, dict | list)})
    return hashlib.sha256(content).hexdigest()


def _canonical(record: Record) -> bytes:
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode("ascii")


def event_time(record: Record) -> str | None:
    """When the event happened, as `YYYY-MM-DDTHH:MM:SSZ`; None where `eventTime` is missing or no time.

    CloudTrail writes exactly this form; offsets and fractions of other writers are brought to it, fractions
    cut off, so that the text sorts by time.
    """
    text = record.get("eventTime")
    if not isinstance(text, str) or not _RFC_3339.fullmatch(text):
        return None
    try:
        time = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{time.year:04}-{time:%m-%dT%H:%M:%SZ}"


def field_values(record: Record, path: str) -> Iterator[Any]:
    """Every value that stands at the dotted `path`, in the record's order; nothing where there is none.

    Detections, titles, groups and correlations read a field in this one way (`values_at`).
    """
    return iter(values_at(record, tuple(path.split("."))))


def values_at(value: Any, path: Path) -> tuple[Any, ...]:
    """Every value at a path that begins at a record.

    A step goes into an object by its key, and into a list element by element. Where keys are data (tags,
    encryption contexts), one may itself hold dots: `tags.karpenter.sh/discovery` is found too, beside the
    plain walk. What stands at the end is given as it is: null as None, a list as the list.
    """
    current = value
    for key, joined in _steps(path):  # most paths lead straight on
        if type(current) is not dict:
            return _values_by_branches(value, path) if type(current) is list else ()
        for longer, _ in joined:
            if longer in current:
                return _values_by_branches(value, path)
        if key not in current:
            return ()
        current = current[key]
    return (current,)


def _values_by_branches(value: Any, path: Path) -> tuple[Any, ...]:
    """`values_at` for any path: one that comes by lists, or by keys with dots."""
    steps = _steps(path)
    found: list[Any] = []
    to_visit: list[tuple[Any, int]] = [(value, 0)]  # no recursion: an attacker chooses how deep lists nest
    while to_visit:
        current, done = to_visit.pop()
        while done < len(path) and type(current) is dict:
            key, joined = steps[done]
            to_visit.extend((current[longer], then) for longer, then in joined if longer in current)
            if key not in current:
                break
            current, done = current[key], done + 1
        if done == len(path):
            found.append(current)
        elif type(current) is list:
            to_visit.extend((element, done) for element in reversed(current))
    return tuple(found)


def joins_from(path: Path) -> int:
    """The first step of a path that may be part of a key with dots.

    AWS names the fields of a record and those of `userIdentity`, but for what an identity provider claims.
    """
    if path[0] != "userIdentity":
        return 1
    return len(_CLAIMS) if path[: len(_CLAIMS)] == _CLAIMS else len(path)


@lru_cache(maxsize=8192)
def _steps(path: Path) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    """By step: its key, and the keys with dots that it may be the beginning of, each with the step that it
    leads to, from long to short, as they are put off."""
    first = joins_from(path)
    return tuple(
        (
            key,
            tuple((".".join(path[at:end]), end) for end in range(len(path), at + 1, -1) if at >= first),
        )
        for at, key in enumerate(path)
    )
