"""The normalised fields of a record: who did what, to what, from where, in a few plain words.

Rules, titles and groups name them beside the record's own dotted fields; docs/fields.md lists them. They
are read from the record alone: what was learned of sessions, or stands in settings, never changes a field,
so that a rule matches, and an alert has one group, whenever and on whatever machine the record is read.
"""

from collections.abc import Callable
from functools import cached_property

from trailwarden.activity.actions import action_of, outcome_of
from trailwarden.activity.actors import actor_label, actor_of
from trailwarden.activity.describe import account_of, describe
from trailwarden.activity.identity import identity_of
from trailwarden.activity.kinds import ActorKind, Nature, Outcome
from trailwarden.activity.model import Action, Actor, Origin, Target
from trailwarden.activity.origins import origin_of
from trailwarden.activity.services import is_internal
from trailwarden.activity.targets import targets_of
from trailwarden.delivery.records import Record
from trailwarden.safety.text import UNKNOWN, one_line, visible

_SENTENCE_LIMIT = 200
_SHOWN_LIMIT = 80
_ACTOR_LIMIT = 140
"""A role's session has two names, of up to 64 characters each."""


class Facts:
    """What the normalised fields of one record are read from, each part once however many fields are
    asked."""

    def __init__(self, record: Record) -> None:
        self.record = record

    @cached_property
    def actor(self) -> Actor:
        """Who acted."""
        return actor_of(self.record)

    @cached_property
    def action(self) -> Action:
        """What was done."""
        return action_of(self.record)

    @cached_property
    def outcome(self) -> tuple[Outcome, str | None]:
        """How it ended, and the error's code."""
        return outcome_of(self.record)

    @cached_property
    def origin(self) -> Origin:
        """From where, and with what."""
        return origin_of(self.record)

    @cached_property
    def targets(self) -> tuple[tuple[Target, ...], int]:
        """What was acted on, and how many more there were."""
        return targets_of(self.record)

    def named(self, name: str) -> str | None:
        """A name of the identity, None where the record has nothing to name it by: who is called `unknown` is
        known."""
        if name != UNKNOWN:
            return name
        of = identity_of(self.record)
        parts = (of.arn, of.user_name, of.principal_id, of.invoked_by, of.account_id)
        return name if any(parts) else None


def outcome(record: Record) -> str:
    """`done`, or `failed: <error code>`: a failed call is another fact than one that succeeded."""
    return _outcome(Facts(record))


def _outcome(facts: Facts) -> str:
    _, code = facts.outcome
    return f"failed: {code}" if code else "done"


def _target(facts: Facts) -> str | None:
    targets, _ = facts.targets
    return str(targets[0]) if targets else None


def _targets(facts: Facts) -> str | None:
    targets, left_out = facts.targets
    more = f" and {left_out} more" if left_out else ""
    return one_line(", ".join(map(str, targets)) + more) if targets else None


def _truth(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _plain(name: str) -> Callable[[Facts], str | None]:
    """A field as the record has it, on one line."""
    return lambda facts: None if facts.record.get(name) is None else one_line(facts.record[name])


def _origin(facts: Facts) -> str | None:
    """The address or service as the record has it. The number in `AWS Internal/3` tells nothing apart."""
    stated = facts.record.get("sourceIPAddress")
    if isinstance(stated, str) and is_internal(stated):
        return stated.partition("/")[0]
    return None if stated is None else one_line(stated)


def _of_the_identity(name: str) -> Callable[[Facts], str | None]:
    """What tells whose session it is; missing where a delegate acts, or an exception for the person, or the
    permission set, would be one for the delegate too."""
    return lambda facts: None if facts.actor.delegate else getattr(facts.actor, name)


_FIELDS: dict[str, Callable[[Facts], str | None]] = {
    "account": lambda facts: account_of(facts.record),
    "action": lambda facts: facts.action.phrase,
    "action.infinitive": lambda facts: facts.action.infinitive,
    "action.outcome": lambda facts: facts.outcome[0].value,
    "action.service": lambda facts: None if facts.action.service == UNKNOWN else facts.action.service,
    "actor": lambda facts: facts.named(actor_label(facts.record)),
    "actor.account": lambda facts: facts.actor.account_id,
    "actor.delegate": lambda facts: facts.actor.delegate,
    "actor.issuer": _of_the_identity("issuer"),
    "actor.kind": lambda facts: None if facts.actor.kind is ActorKind.UNKNOWN else facts.actor.kind.value,
    "actor.mfa": lambda facts: _truth(facts.actor.mfa),
    "actor.name": lambda facts: facts.named(facts.actor.name),
    "actor.nature": lambda facts: None if facts.actor.nature is Nature.UNKNOWN else facts.actor.nature.value,
    "actor.session": _of_the_identity("session"),
    "actor.source_identity": _of_the_identity("source_identity"),
    "origin": _origin,
    "origin.attack_tool": lambda facts: _truth(facts.origin.attack_tool),
    "origin.service": lambda facts: facts.origin.aws_service,
    "origin.vpc_endpoint": lambda facts: facts.origin.vpc_endpoint,
    "outcome": _outcome,
    "region": _plain("awsRegion"),
    "sentence": lambda facts: describe(facts.record).sentence(_SENTENCE_LIMIT),
    "target": _target,
    "targets": _targets,
    "tool": lambda facts: facts.origin.tool,
}
_REQUEST, _RESPONSE = "requestParameters", "responseElements"
_ADDITIONAL, _SERVICE = "additionalEventData", "serviceEventDetails"
READS: dict[str, frozenset[str]] = {
    "action": frozenset({_REQUEST}),
    "action.infinitive": frozenset({_REQUEST}),
    "action.outcome": frozenset({_RESPONSE, _ADDITIONAL, _SERVICE}),
    "actor.mfa": frozenset({_ADDITIONAL}),
    "actor.nature": frozenset({_RESPONSE, _ADDITIONAL, _SERVICE}),
    "outcome": frozenset({_RESPONSE, _ADDITIONAL, _SERVICE}),
    "sentence": frozenset({_REQUEST, _RESPONSE, _ADDITIONAL, _SERVICE}),
    "target": frozenset({_REQUEST, _RESPONSE, _ADDITIONAL, _SERVICE}),
    "targets": frozenset({_REQUEST, _RESPONSE, _ADDITIONAL, _SERVICE}),
}
"""What a field may depend on of that which CloudTrail omits from large records; the others, on nothing of
it."""


def values(facts: Facts, name: str) -> tuple[str, ...]:
    """What a detection compares: the field's text, each target by itself; nothing where the record does not
    tell it. Raises `KeyError` for a name that is none."""
    if name == "targets":
        return tuple(map(str, facts.targets[0]))
    text = _FIELDS[name](facts)
    return (text,) if text else ()


def _text_of(read: Callable[[Facts], str | None]) -> Callable[[Record], str]:
    def text(record: Record) -> str:
        told = read(Facts(record))
        return UNKNOWN if told is None else told

    return text


NORMALISED: dict[str, Callable[[Record], str]] = {name: _text_of(read) for name, read in _FIELDS.items()}
"""Each field as titles and groups write it: one text, `unknown` where the record does not tell it."""


def shown_value(name: str, text: str) -> str:
    """A field's text as a sentence may show it: no character that looks like another. What a record says in
    several words (a list of names is none) stands in quotes, or it could pass for a sentence of ours."""
    shown = visible(text, _ACTOR_LIMIT if name == "actor" else _SHOWN_LIMIT)
    if name in NORMALISED or not any(len(part.split()) > 1 for part in shown.split(", ")):
        return shown
    return '"' + shown.replace('"', "'") + '"'
