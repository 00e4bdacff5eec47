"""Times as people read them: in UTC, and how long ago."""

from datetime import UTC, datetime

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def parsed(time: str | None) -> datetime | None:
    """An RFC 3339 time as aware UTC; None where there is none, or none that can be read."""
    if time is None:
        return None
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def spoken(time: str | None) -> str:
    """`Sun 1 March 2026, 12:00:00 UTC`: the month in letters, for `03/01` is another day elsewhere."""
    at = parsed(time)
    if at is None:
        return "unknown (the record has no time)"
    return f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M:%S} UTC"


def clock(time: str | None, beside: datetime | None = None) -> str:
    """`12:00 UTC`, with the day before it where that is not the day of `beside`; empty where unknown."""
    at = parsed(time)
    if at is None:
        return ""
    day = "" if beside and beside.date() == at.date() else f"{at.day} {_MONTHS[at.month - 1]}, "
    return f"{day}{at:%H:%M} UTC"


def date(time: str | None) -> str:
    """`1 March 2026`; empty where unknown."""
    at = parsed(time)
    return "" if at is None else f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def ago(time: str | None, now: datetime | None) -> str:
    """`5 minutes ago`, in the largest unit of which there are two, or else the smaller; empty where unknown.

    A time in the future (a clock that runs ahead) is not explained away: nothing is said.
    """
    at = parsed(time)
    if at is None or now is None:
        return ""
    seconds = int((now - at).total_seconds())
    if seconds < 0:
        return ""
    for unit, length in _UNITS:
        number = seconds // length
        if number >= 2:
            return f"{number:,} {unit}s ago"
    return "a second ago"


def lasting(seconds: int) -> str:
    """`an hour`, `30 minutes`: in the largest unit that divides it."""
    for unit, length in _UNITS:
        number, rest = divmod(seconds, length)
        if number and not rest:
            return f"{number:,} {unit}s" if number > 1 else f"{'an' if unit == 'hour' else 'a'} {unit}"
    return "no time"


def milliseconds(time: str | None) -> int | None:
    """Since the epoch; None where the time is unknown."""
    at = parsed(time)
    return None if at is None else int(at.timestamp() * 1000)
