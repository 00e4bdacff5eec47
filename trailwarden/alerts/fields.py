"""Fields as alerts write them: the normalised ones (`activity.fields`), and the record's own as a person
reads them. No secret is in them, whether the record is masked or not."""

import json
from functools import partial
from typing import Any

from trailwarden.activity.fields import NORMALISED
from trailwarden.activity.targets import acted_on
from trailwarden.delivery.records import Record, field_values
from trailwarden.safety.redact import MASK, hides, redacted, redacted_text
from trailwarden.safety.text import UNKNOWN, one_line

__all__ = ["NORMALISED", "account", "actor", "field_text", "origin", "outcome", "region", "target"]

_READ_AT_MOST = 4096


def field_text(record: Record, name: str, limit: int = 200) -> str:
    """A normalised field by its name, else the record's dotted field; several values joined by commas.

    `unknown` where the record has no such value.
    """
    normalise = NORMALISED.get(name)
    if normalise is not None:
        return redacted_text(normalise(record))
    secret = hides(name)
    texts = [text for value in field_values(record, name) for text in _texts(value, limit)]
    if not texts:
        return UNKNOWN
    return MASK if secret else one_line(", ".join(dict.fromkeys(texts)), limit)


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
    return [one_line(redacted_text(value[:_READ_AT_MOST]) if isinstance(value, str) else value, limit)]


def target(record: Record) -> str:
    """What was acted on, in one text (`activity.targets.acted_on`); empty where the record does not say."""
    return redacted_text(acted_on(record))


actor, account, origin, outcome, region = (
    partial(field_text, name=name) for name in ("actor", "account", "origin", "outcome", "region")
)
