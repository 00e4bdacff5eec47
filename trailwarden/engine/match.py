"""A match: one rule met one record."""

import hashlib

import msgspec

from trailwarden.delivery.records import Record
from trailwarden.rules.ruleset import Rule


def match_id(rule_id: str, event_id: str) -> str:
    """The id of a match of the rule (or correlation) and the event."""
    return hashlib.sha256(f"{rule_id}\n{event_id}".encode()).hexdigest()[:32]


class Match(msgspec.Struct, frozen=True):
    """One rule met one record; `record_index` is the record's place in its file's `Records`, from 0.

    `event_time` is RFC 3339, UTC, to the second, or None where the record has none that can be read.
    """

    rule: Rule
    record: Record
    record_index: int
    event_id: str
    event_time: str | None

    @property
    def id(self) -> str:
        """32 hex digits made from the rule and the event alone: the same event in two files, a file
        delivered twice or a batch tried again is the same match."""
        return match_id(self.rule.id, self.event_id)
