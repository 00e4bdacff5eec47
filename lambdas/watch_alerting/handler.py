"""A placeholder, so that the stacks can be built: the function `watch_alerting` takes its place."""

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Does nothing."""
    return {}
