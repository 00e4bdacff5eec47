"""The compiled rule set: what the engine reads at run time, without pySigma or YAML.

The artefact is JSON: `{"format": 5, "version": <16 hex digits>, "rules": [...], "correlations": [...],
"exceptions": [...]}`. It is reproducible to the byte (all sorted by id, keys sorted), and its version is a
hash of its content, so an artefact that was altered or cut does not load. One of another format is refused:
of a newer one this reader cannot know the meaning, and an older one does not hold what exceptions hide.

A rule's `detection` is nested lists, made so that each leaf is one predicate on one field's values:

    ["and", node, ...]   ["or", node, ...]   ["not", node]
    ["field", "dotted.path", predicate]      any value of the field satisfies the predicate
    ["normalised", name, predicate]          the same of a normalised field (docs/fields.md), which is missing
                                             where the record does not tell it
    ["fieldref", field, field, "is" | "starts" | "ends" | "contains" (each with `_cased` to the letter)]
                                             each field "dotted.path" or ["normalised", name]
    ["keyword", predicate]                   any scalar of the record satisfies the predicate

    ["is", text, ...]  ["is_cased", text, ...]      one of the texts, as a whole
    ["like", glob, ...]  ["like_cased", glob, ...]  one of the globs: `*`, `?`, and `\\` before a literal
    ["number", n]  ["lt", n]  ["lte", n]  ["gt", n]  ["gte", n]
    ["re", pattern, flags]  ["cidr", network]  ["null"]  ["exists"]
    ["time", "minute" | "hour" | "day" | "week" | "month" | "year", "eq" | "lt" | "lte" | "gt" | "gte", n]

A rule with filters is `["and", part, ..., ["not", dropped], ...]`: its last nodes are one `not` a filter, in
the order of `filters`. So what each filter hides of each rule (`Rule.hidden`) stands in the artefact without
being written twice.

Predicates depend on the field's value alone (not on the rule), so an engine may memoise them by value.
What each means on JSON stands in `trailwarden.engine.predicates`.
"""

import hashlib
from collections.abc import Iterator
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any

import msgspec

from trailwarden.errors import RuleSetError

FORMAT = 5
EVENTS_PER_STRETCH = 5000
"""How many events of a correlation's group count in each stretch of its timespan (docs/correlations.md)."""

STAGED_STATUSES = frozenset({"test", "experimental", "deprecated", "unsupported"})
"""Sigma's statuses that are not ready, or no longer meant, to wake people; `stable`, or none, tells them.
https://sigmahq.io/docs/basics/rules.html"""

VISIBILITY_RULE_ID = "7d1e4a52-9c0b-4f63-8a9e-2b6c51f0d3a7"
"""The id of the built-in rule for records with omitted contents, the same in every rule set and version."""
VISIBILITY_TITLE = "Contents Omitted From A Record"

Node = list[Any]


class Level(IntEnum):
    """Sigma's five levels, in order. https://sigmahq.io/docs/basics/rules.html"""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5

    def __str__(self) -> str:
        return self.name.lower()


class RuleException(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A filter that is in force in this rule set. `expires` is the last day (YYYY-MM-DD, UTC) on which it
    holds; owner, reason and `expires` are empty in a filter without a `trailwarden:` block, which never
    expires. `title` and the rest are for people: the conditions stand in the rules."""

    id: str
    title: str
    owner: str = ""
    reason: str = ""
    expires: str = ""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One compiled rule. `alert_title` is a template with `{dotted.field}` placeholders, or empty;
    an empty `group_by` leaves the grouping to the default (actor × account). `quiet` (seconds) is how long
    nothing must match for an alert to be over, 0 leaves it to the settings. `filters` are the ids of the
    Sigma filters that `detection` already holds. A rule that does not generate only feeds correlations: its
    matches are told to nobody. What is `protected` is as the deployment has it (`guard.py`)."""

    id: str
    title: str
    level: Level
    detection: Node
    status: str = ""
    description: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    quiet: int = 0
    alert_title: str = ""
    runbook: tuple[str, ...] = ()
    owner: str = ""
    filters: tuple[str, ...] = ()
    generates: bool = True
    protected: bool = False

    @property
    def staged(self) -> bool:
        """Whether its alerts are stored and counted, but told to nobody."""
        return self.status in STAGED_STATUSES

    @property
    def own_detection(self) -> Node:
        """The rule's condition as its author wrote it: without the filters."""
        if not self.filters:
            return self.detection
        parts = self.detection[1 : -len(self.filters)]
        return parts[0] if len(parts) == 1 else ["and", *parts]

    def hidden(self) -> Iterator["Hidden"]:
        """What each of its filters hides, in the order of `filters`.

        Raises `RuleSetError` where the condition does not end in its filters.
        """
        count = len(self.filters)
        if not count:
            return
        name, *parts = self.detection
        own, filters = parts[:-count], parts[-count:]
        if name != "and" or not own or any(part[0] != "not" for part in filters):
            raise RuleSetError(
                f"The condition of rule {self.id} does not end in its filters. Compile it again."
            )
        for filter_id, (_, dropped) in zip(self.filters, filters, strict=True):
            detection = ["and", *own, dropped]
            yield Hidden(filter_id, msgspec.structs.replace(self, detection=detection, filters=()))


class Hidden(msgspec.Struct, frozen=True):
    """What one exception hides of one rule. The condition of `rule` holds where the rule's own and the
    exception's both do; all else about it is as in the rule set."""

    exception_id: str
    rule: Rule


class CorrelationType(StrEnum):
    """What a correlation asks of the events in a window; docs/correlations.md says what each means."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"
    VALUE_SUM = "value_sum"
    VALUE_AVG = "value_avg"
    VALUE_MEDIAN = "value_median"
    VALUE_PERCENTILE = "value_percentile"
    FIRST_SEEN = "first_seen"
    """Trailwarden's own: Sigma has none."""


class Correlation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One compiled correlation.

    `rules` are the ids of what it refers to, in the order written; `timespan` is in seconds; `bounds` are
    comparisons that must all hold, such as `("gte", 10)`; `field` names the fields whose values count;
    `warm_up` (seconds) is how long `first_seen` must know a group before it says anything of it;
    `aliases` gives, by alias and id of a referred rule, the field meant. `generates` as in `Rule`.
    """

    id: str
    title: str
    level: Level
    type: CorrelationType
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: int
    bounds: tuple[tuple[str, int | float], ...]
    field: tuple[str, ...] = ()
    percentile: float | None = None
    warm_up: int = 0
    aliases: dict[str, dict[str, str]] = {}
    generates: bool = True
    description: str = ""
    author: str = ""
    status: str = ""
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    quiet: int = 0
    alert_title: str = ""
    runbook: tuple[str, ...] = ()
    owner: str = ""
    protected: bool = False

    @property
    def staged(self) -> bool:
        """As in `Rule`; its own status decides, whatever those of its rules are."""
        return self.status in STAGED_STATUSES

    @property
    def steady(self) -> bool:
        """Whether a window that satisfies it still does after more events: what holds is never undone."""
        counts = {
            CorrelationType.EVENT_COUNT,
            CorrelationType.VALUE_COUNT,
            CorrelationType.TEMPORAL,
            CorrelationType.TEMPORAL_ORDERED,
        }
        return self.type in counts and all(name in {"gt", "gte"} for name, _ in self.bounds)


class RuleSet(msgspec.Struct, frozen=True, dict=True):
    """Compiled rules, correlations and the exceptions in force, in the order of their ids, under a version
    made from their content."""

    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...] = ()
    exceptions: tuple[RuleException, ...] = ()

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.rules, key=lambda rule: rule.id))
        msgspec.structs.force_setattr(self, "rules", ordered)
        correlations = tuple(sorted(self.correlations, key=lambda correlation: correlation.id))
        msgspec.structs.force_setattr(self, "correlations", correlations)
        exceptions = tuple(sorted(self.exceptions, key=lambda exception: exception.id))
        msgspec.structs.force_setattr(self, "exceptions", exceptions)

    @cached_property
    def version(self) -> str:
        """16 hex digits of a hash of the content: equal rules have equal versions, wherever compiled."""
        return _content_version(_encode([self.rules, self.correlations, self.exceptions]))

    @cached_property
    def hidden(self) -> tuple[Hidden, ...]:
        """What exceptions hide, rule by rule."""
        return tuple(hidden for rule in self.rules for hidden in rule.hidden())

    @cached_property
    def uses_insights(self) -> bool:
        """Whether a rule names what only Insights records have: `insightDetails`, their type or category."""
        return any(b"insight" in _encode(rule.detection).lower() for rule in self.rules)


class _Header(msgspec.Struct):
    """What every format, however new, begins with."""

    format: int


class _Artefact(msgspec.Struct, forbid_unknown_fields=True):
    format: int
    rules: tuple[Rule, ...]
    correlations: tuple[Correlation, ...]
    exceptions: tuple[RuleException, ...]
    version: str


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _content_version(content: bytes) -> str:
    return hashlib.sha256(b"trailwarden rule set %d\n%s" % (FORMAT, content)).hexdigest()[:16]


def dump_rule_set(rule_set: RuleSet) -> bytes:
    """The artefact; the same rules give the same bytes, whatever order they were read in."""
    artefact = _Artefact(
        format=FORMAT,
        rules=rule_set.rules,
        correlations=rule_set.correlations,
        exceptions=rule_set.exceptions,
        version=rule_set.version,
    )
    return _encode(artefact)


def load_rule_set(data: bytes) -> RuleSet:
    """Read an artefact; raises `RuleSetError` where it is damaged, was altered, or is of another format."""
    try:
        written = msgspec.json.decode(data, type=_Header).format
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RuleSetError(f"The compiled rule set is damaged: {error}. Compile it again.") from error
    if written != FORMAT:
        cure = "Deploy the Trailwarden that wrote it" if written > FORMAT else "Compile the rules again"
        raise RuleSetError(
            f"The compiled rule set is of format {written}, and this reader knows format {FORMAT}. {cure}."
        )
    try:
        artefact = msgspec.json.decode(data, type=_Artefact)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RuleSetError(f"The compiled rule set is damaged: {error}. Compile it again.") from error
    rule_set = RuleSet(artefact.rules, artefact.correlations, artefact.exceptions)
    if rule_set.version != artefact.version:
        raise RuleSetError(
            f"The compiled rule set was altered: it says version {artefact.version or 'nothing'}, "
            f"and its content has version {rule_set.version}. Compile it again."
        )
    return rule_set
