"""The oldest and the newest event of a log file, of which the delivery lag is made."""

from collections.abc import Iterable
from typing import Any

from trailwarden.delivery.records import event_time


class EventTimes:
    """Takes `eventTime` as records hold it; gives the ends in RFC 3339, UTC, to the second, or None.

    CloudTrail writes one form, in which texts sort as times do. So only the first and the last text of a
    run of records are read as times, unless those are none.
    """

    __slots__ = ("newest", "oldest")

    def __init__(self) -> None:
        self.oldest: str | None = None
        self.newest: str | None = None

    def add(self, values: Iterable[Any]) -> None:
        """Count the `eventTime` of some records."""
        texts = {value for value in values if type(value) is str}
        if not texts:
            return
        first, last = _as_time(min(texts)), _as_time(max(texts))
        if first is None or last is None:
            times = [time for text in texts if (time := _as_time(text)) is not None]
            if not times:
                return
            first, last = min(times), max(times)
        self.oldest = first if self.oldest is None or first < self.oldest else self.oldest
        self.newest = last if self.newest is None or last > self.newest else self.newest


def _as_time(text: str) -> str | None:
    return event_time({"eventTime": text})
