"""Fields as alerts write them: the normalised ones (`activity.fields`), and the record's own as a person
reads them. No secret is in them, whether the record is masked or not."""

import json
from collections.abc import Iterable
from functools import partial
from typing import Any

from trailwarden.activity.actors import principal_of
from trailwarden.activity.fields import NORMALISED
from trailwarden.activity.targets import acted_on
from trailwarden.alerts.likeness import INCOMPARABLE, digest
from trailwarden.delivery.records import Record, field_values
from trailwarden.safety.redact import redacted, redacted_members, redacted_record, redacted_text
from trailwarden.safety.text import UNKNOWN, one_line

__all__ = [
    "NORMALISED", "account", "actor", "field_text", "origin", "outcome", "principal", "region", "safe_view",
    "target",
]  # fmt: skip

_READ_AT_MOST = 4096
_OF_MANY_MEMBERS = frozenset({"target", "targets", "sentence"})
"""Normalised fields that are read from what a call asked for and was answered."""


def safe_view(record: Record, names: Iterable[str]) -> Record:
    """The record as fields of these names are to be read from it: they hold what the masked record shows.

    A secret is known by what is around it (its call, its name, its pair), so a field
    cannot be masked by itself; nothing of it is kept, not even a hash: a short password can be guessed."""
    names = list(names)
    if not _OF_MANY_MEMBERS.isdisjoint(names):
        return redacted_record(record)
    members = {name.partition(".")[0] for name in names if name not in NORMALISED}
    return {**record, **redacted_members(record, members)} if members else record


def field_text(record: Record, name: str, limit: int = 200) -> str:
    """A normalised field by its name, else the record's dotted field; several values joined by commas.

    `unknown` where the record has no such value. Of a record that is not masked, `safe_view` is to be read.
    """
    normalise = NORMALISED.get(name)
    if normalise is not None:
        return redacted_text(normalise(record))
    texts = [text for value in field_values(record, name) for text in _texts(value, limit)]
    if not texts:
        return UNKNOWN
    return one_line(", ".join(dict.fromkeys(texts)), limit)


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


def target(record: Record) -> tuple[str, str]:
    """What was acted on, in one text (`activity.targets.acted_on`), empty where the record does not say; and
    a digest of all of it. Of what holds a secret there is no digest: a short one could be guessed."""
    shown, whole = acted_on(record)
    if whole is None or any(redacted_text(one) != one for one in whole):
        return redacted_text(shown), INCOMPARABLE
    return redacted_text(shown), digest("\0".join(whole))


def principal(record: Record) -> str:
    """Who acted, in full (`activity.actors.principal_of`)."""
    return redacted_text(principal_of(record)) or INCOMPARABLE


actor, account, origin, outcome, region = (
    partial(field_text, name=name) for name in ("actor", "account", "origin", "outcome", "region")
)
