"""One record → one `Activity`."""

from trailwarden.activity.model import Activity, Context
from trailwarden.delivery.records import Record

__all__ = ["describe"]


def describe(record: Record, context: Context | None = None) -> Activity:
    """Who did what, to what, from where. Never fails, whatever the record holds."""
    raise NotImplementedError
