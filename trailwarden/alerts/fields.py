"""Fields as alerts write them: the normalised ones (`activity.fields`), and the record's own as a person
reads them."""

import json
from typing import Any

from trailwarden.activity.fields import NORMALISED, outcome
from trailwarden.delivery.records import Record, field_values
from trailwarden.safety.redact import redacted
from trailwarden.safety.text import UNKNOWN, one_line

__all__ = ["NORMALISED", "account", "actor", "field_text", "origin", "outcome", "region"]

actor, account, origin, region = (NORMALISED[name] for name in ("actor", "account", "origin", "region"))


def field_text(record: Record, name: str, limit: int = 200) -> str:
    """A normalised field by its name, else the record's dotted field; several values joined by commas.

    `unknown` where the record has no such value.
    """
    normalise = NORMALISED.get(name)
    if normalise is not None:
        return normalise(record)
    texts = [text for value in field_values(record, name) for text in _texts(value, limit)]
    return one_line(", ".join(dict.fromkeys(texts)), limit) if texts else UNKNOWN


def _texts(value: Any, limit: int) -> list[str]:
    """What a person reads of a JSON value: nothing for null, the elements of a list, JSON for an object."""
    if value is None:
        return []
    if isinstance(value, list):
        return [text for element in value for text in _texts(element, limit)]
    if isinstance(value, dict):
        return [one_line(json.dumps(redacted(value), separators=(",", ":")), limit)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [one_line(value, limit)]
