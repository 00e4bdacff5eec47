"""Times as people give them: a moment, or how long."""

import re
from datetime import UTC, datetime, timedelta

import click

from trailwarden.safety.text import one_line

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"(\d{1,5})([mhdw])")


def span(_context: click.Context, _parameter: click.Parameter, value: str) -> timedelta:
    """How long: `90m`, `24h`, `7d`, `2w`."""
    found = _SPAN.fullmatch(value.strip().lower())
    if not found:
        raise click.BadParameter(f"{one_line(value, 40)!r} is not a length of time: give 90m, 24h, 7d")
    return int(found.group(1)) * _UNITS[found.group(2)]


def moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """The aware time that is meant: `24h`, `7d` are so long ago; a day or time is in UTC unless it says
    otherwise."""
    if value is None:
        return None
    text = value.strip()
    ago = _SPAN.fullmatch(text.lower())
    try:
        if ago:
            return datetime.now(UTC) - int(ago.group(1)) * _UNITS[ago.group(2)]
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        said = f"{one_line(value, 40)!r} is not a time: give 90m, 24h, 7d, or 2026-03-01T12:00"
        raise click.BadParameter(said) from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
