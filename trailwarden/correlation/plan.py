"""A rule set's correlations, made ready: who feeds whom, and what must be kept of a record for whom."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trailwarden.alerts.fields import NORMALISED, safe_view
from trailwarden.alerts.title import ACTOR, names_actor
from trailwarden.correlation.windows import field_path
from trailwarden.delivery.records import Record, field_values
from trailwarden.rules.ruleset import EVENTS_PER_STRETCH, Correlation, RuleSet
from trailwarden.safety.redact import redacted_text
from trailwarden.safety.text import UNKNOWN, one_line
from trailwarden.state.correlations import CorrelationGroup

_HOUR = 3600
_TEXT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Feed:
    """A correlation as one of its rules feeds it; `paths` are the fields to keep of a record."""

    correlation: Correlation
    paths: tuple[str, ...]


class Plan:
    """What each rule, and each correlation, feeds. `order` has every correlation after those it refers to."""

    def __init__(self, rule_set: RuleSet, *, limit: int = EVENTS_PER_STRETCH) -> None:
        self._limit = limit
        self._by_id = {one.id: one for one in rule_set.correlations}
        self._above: dict[str, list[Correlation]] = {}
        for one in rule_set.correlations:
            for rule_id in one.rules:
                self._above.setdefault(rule_id, []).append(one)
        self.order = self._ordered()
        self._feeds = {
            rule_id: tuple(Feed(one, tuple(sorted(self._paths(one, rule_id, told=True)))) for one in above)
            for rule_id, above in self._above.items()
        }
        self._state_keys = {one.id: self._state_key(one) for one in self.order}

    def fed_by(self, rule_id: str) -> tuple[Feed, ...]:
        """The correlations that look at a rule (or correlation)."""
        return self._feeds.get(rule_id, ())

    def group(self, correlation: Correlation, rule_id: str, fields: dict[str, str]) -> dict[str, str] | None:
        """The group that an event belongs to, by its kept fields; None where a value of it is missing."""
        found = {name: fields.get(field_path(correlation, rule_id, name)) for name in correlation.group_by}
        known = {name: text for name, text in found.items() if text is not None}
        return known if len(known) == len(found) else None

    def place(self, correlation: Correlation, group: dict[str, str]) -> CorrelationGroup:
        """Where the group's events lie."""
        content = json.dumps([self._state_keys[correlation.id], sorted(group.items())])
        key = hashlib.sha256(content.encode()).hexdigest()[:32]
        span = correlation.timespan
        # What can be undone is judged by whole hours: fewer, longer stretches make one of those.
        return CorrelationGroup(key, span, span if correlation.steady else max(span, _HOUR), self._limit)

    def _ordered(self) -> list[Correlation]:
        ordered: dict[str, Correlation] = {}

        def visit(one: Correlation) -> None:
            for rule_id in one.rules:
                if rule_id in self._by_id and rule_id not in ordered:
                    visit(self._by_id[rule_id])
            ordered[one.id] = one

        for one in self._by_id.values():
            visit(one)
        return list(ordered.values())

    def _paths(self, correlation: Correlation, rule_id: str, *, told: bool = False) -> set[str]:
        """The fields of the records of a rule that a correlation, and all that is built on it, looks at; with
        what their sentences say of every event, if it is to be `told`."""
        names = (*correlation.group_by, *correlation.field)
        paths = {field_path(correlation, rule_id, name) for name in names}
        for above in self._above.get(correlation.id, ()):
            paths |= self._paths(above, correlation.id, told=told)
        if told and names_actor(correlation):
            paths.add(ACTOR)
        return paths

    def _state_key(self, correlation: Correlation) -> str:
        """Changes with all that decides which events belong together: then the state begins anew."""
        kept = [(rule_id, sorted(self._paths(correlation, rule_id))) for rule_id in correlation.rules]
        aliases = sorted((alias, sorted(fields.items())) for alias, fields in correlation.aliases.items())
        content = [correlation.id, correlation.group_by, correlation.timespan, aliases, kept]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def kept_fields(record: Record, paths: Iterable[str]) -> dict[str, str]:
    """The texts of fields, as the masked record shows them; one that holds nothing is left out."""
    paths = list(paths)
    shown = safe_view(record, paths)
    texts = {path: _shown_text(shown, path) for path in paths}
    return {path: text for path, text in texts.items() if text is not None}


def field_value(record: Record, path: str) -> str | None:
    """A field (normalised, or dotted) as text, or None where the record has nothing there.

    Several values are one text, in their order. A text that is long, or not fit to print, is shortened and
    told from its likes by a hash, which is one of the masked text.
    """
    return kept_fields(record, (path,)).get(path)


def _shown_text(shown: Record, path: str) -> str | None:
    normalise = NORMALISED.get(path)
    if normalise is not None:
        known = normalise(shown)
        return None if known == UNKNOWN else redacted_text(known)
    values = [value for value in field_values(shown, path) if value not in (None, "", [], {})]
    if not values:
        return None
    safe = redacted_text(", ".join(map(_text, values)))
    text = one_line(safe, _TEXT_LIMIT)
    if text == safe:
        return text
    digest = hashlib.sha256(safe.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{one_line(safe, _TEXT_LIMIT - 20)} #{digest}"


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
