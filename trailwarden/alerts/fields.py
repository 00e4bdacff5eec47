"""The normalised fields of a record: who did what, to what, from where, in a few plain words.

Titles and groups name them beside the record's own dotted fields; docs/fields.md lists them. They are read
from the record alone: what was learned of sessions, or stands in settings, never changes a field, so that an
alert has one group whenever, and on whatever machine, it is made.
"""

import json
from collections.abc import Callable
from typing import Any

from trailwarden.activity.actions import action_of, outcome_of
from trailwarden.activity.actors import actor_label, actor_of
from trailwarden.activity.describe import account_of, describe
from trailwarden.activity.origins import origin_of
from trailwarden.activity.targets import targets_of
from trailwarden.delivery.records import Record, field_values
from trailwarden.safety.redact import redacted
from trailwarden.safety.text import UNKNOWN, one_line

_SENTENCE_LIMIT = 200


def actor(record: Record) -> str:
    """Who acted, as a person would name them: `user alice`, `role Admin (session bob)`, `root of 1111…`."""
    return actor_label(record)


def account(record: Record) -> str:
    """The account in which it happened: the one that the record was delivered to."""
    return account_of(record) or UNKNOWN


def region(record: Record) -> str:
    """The region of the call, as CloudTrail names it."""
    return one_line(record.get("awsRegion"))


def origin(record: Record) -> str:
    """The address, or the AWS service, that the call came from."""
    return one_line(record.get("sourceIPAddress"))


def outcome(record: Record) -> str:
    """`done`, or `failed: <error code>`: a failed call is another fact than one that succeeded."""
    _, code = outcome_of(record)
    return f"failed: {code}" if code else "done"


def _target(record: Record) -> str:
    targets, _ = targets_of(record)
    return str(targets[0]) if targets else UNKNOWN


def _targets(record: Record) -> str:
    targets, left_out = targets_of(record)
    more = f" and {left_out} more" if left_out else ""
    return one_line(", ".join(map(str, targets)) + more) if targets else UNKNOWN


def _truth(value: bool | None) -> str:
    return UNKNOWN if value is None else str(value).lower()


NORMALISED: dict[str, Callable[[Record], str]] = {
    "account": account,
    "action": lambda record: action_of(record).phrase,
    "action.infinitive": lambda record: action_of(record).infinitive,
    "action.outcome": lambda record: outcome_of(record)[0].value,
    "action.service": lambda record: action_of(record).service,
    "actor": actor,
    "actor.account": lambda record: actor_of(record).account_id or UNKNOWN,
    "actor.issuer": lambda record: actor_of(record).issuer or UNKNOWN,
    "actor.kind": lambda record: actor_of(record).kind.value,
    "actor.mfa": lambda record: _truth(actor_of(record).mfa),
    "actor.name": lambda record: actor_of(record).name,
    "actor.nature": lambda record: actor_of(record).nature.value,
    "actor.session": lambda record: actor_of(record).session or UNKNOWN,
    "actor.source_identity": lambda record: actor_of(record).source_identity or UNKNOWN,
    "origin": origin,
    "origin.attack_tool": lambda record: _truth(origin_of(record).attack_tool),
    "origin.service": lambda record: origin_of(record).aws_service or UNKNOWN,
    "origin.vpc_endpoint": lambda record: origin_of(record).vpc_endpoint or UNKNOWN,
    "outcome": outcome,
    "region": region,
    "sentence": lambda record: describe(record).sentence(_SENTENCE_LIMIT),
    "target": _target,
    "targets": _targets,
    "tool": lambda record: origin_of(record).tool or UNKNOWN,
}


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
