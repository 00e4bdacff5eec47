"""The `correlation:` of a rule → its parts, each with its place; every mistake at once.

https://sigmahq.io/sigma-specification/specification/sigma-correlation-rules-specification.html
pySigma's `SigmaCorrelationRule` stops at the first mistake, knows no places and no ranges of two bounds;
its attributes (title, tags, …) are read by pySigma all the same.
"""

import difflib
import math
from dataclasses import dataclass
from typing import Any

from trailwarden.errors import Problem
from trailwarden.rules.block import MAX_GROUPING, Block
from trailwarden.rules.document import Document, Path
from trailwarden.rules.fields import wrong_path
from trailwarden.rules.ruleset import EVENTS_PER_STRETCH, CorrelationType
from trailwarden.rules.timespan import DAY, timespan_seconds

MAX_TIMESPAN = 90 * 24 * 3600
"""The longest timespan, in seconds: state is kept that long."""

COMPARISONS = ("lt", "lte", "gt", "gte", "eq", "neq")
_KEYS = ("type", "rules", "group-by", "timespan", "condition", "aliases", "generate", "warm-up")
_WARM_UP = 7 * DAY
_TEMPORAL = frozenset({CorrelationType.TEMPORAL, CorrelationType.TEMPORAL_ORDERED})
_COUNTS = frozenset({CorrelationType.EVENT_COUNT, CorrelationType.VALUE_COUNT}) | _TEMPORAL
_FIELDLESS = frozenset({CorrelationType.EVENT_COUNT}) | _TEMPORAL

Bound = tuple[str, int | float]


@dataclass(frozen=True, slots=True)
class Parts:
    """The `correlation:` map, checked, its references not yet resolved. `timespan` is in seconds."""

    type: CorrelationType
    references: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: int
    bounds: tuple[Bound, ...]
    field: tuple[str, ...]
    percentile: float | None
    warm_up: int
    aliases: dict[str, dict[str, str]]
    generate: bool


@dataclass(frozen=True, slots=True)
class CorrelationSource:
    """A correlation as it was written. `attributes` are pySigma's (title, level, tags, …)."""

    document: Document
    attributes: dict[str, Any]
    parts: Parts
    block: Block

    @property
    def id(self) -> str:
        """The correlation's id, as canonical lower-case text."""
        return str(self.attributes["id"])

    @property
    def name(self) -> str | None:
        """The name that other correlations may refer to it by."""
        name = self.attributes.get("name")
        return str(name) if name else None

    @property
    def title(self) -> str:
        return str(self.attributes["title"])

    @property
    def path(self) -> str:
        return self.document.path

    @property
    def line(self) -> int:
        return self.document.place(())[0]

    @property
    def column(self) -> int:
        return self.document.place(())[1]


def read_parts(document: Document, problems: list[Problem]) -> Parts | None:
    """The parts of a document's `correlation:`, or None where something is wrong, which is in `problems`."""
    return _Reader(document, problems).read()


class _Reader:
    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems
        self._map: dict[str, Any] = {}

    def read(self) -> Parts | None:
        before = len(self._problems)
        given = self._document.data["correlation"]
        if not isinstance(given, dict):
            self._refuse((), "`correlation` must be a map", f"its keys are {', '.join(_KEYS)}")
            return None
        self._map = given
        for key in given:
            if key not in _KEYS:
                self._unknown((key,), key, _KEYS, "correlation")
        kind = self._type()
        references = self._references()
        aliases = self._aliases()
        group_by = self._group_by()
        timespan = self._timespan(kind)
        warm_up = self._warm_up(kind, timespan)
        bounds, fields, percentile = self._condition(kind, len(references))
        generate = self._generate()
        if len(self._problems) > before or kind is None:
            return None
        return Parts(
            kind, references, group_by, timespan, bounds, fields, percentile, warm_up, aliases, generate
        )

    def _refuse(self, path: Path, message: str, cure: str) -> None:
        self._problems.append(self._document.problem(("correlation", *path), message, cure))

    def _unknown(self, path: Path, key: str, known: tuple[str, ...], where: str) -> None:
        near = difflib.get_close_matches(key, known, n=1)
        cure = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
        self._refuse(path, f"`{key}` is unknown in `{where}`", cure)

    def _type(self) -> CorrelationType | None:
        given, known = self._map.get("type"), tuple(CorrelationType)
        if given in known:
            return CorrelationType(given)
        if given is None:
            self._refuse(("type",), "the correlation has no `type`", f"write one of {', '.join(known)}")
            return None
        near = difflib.get_close_matches(str(given), known, n=1)
        cure = f"did you mean `{near[0]}`?" if near else f"write one of {', '.join(known)}"
        self._refuse(("type",), f"`{given}` is no correlation type", cure)
        return None

    def _texts(self, key: str, what: str) -> tuple[str, ...]:
        """A list of different texts; one alone is a list of one. Missing or empty is a mistake."""
        given = self._map.get(key)
        values = [given] if isinstance(given, str) else given
        if not isinstance(values, list) or not values:
            problem = "is no list of texts" if values else "is missing or empty"
            self._refuse((key,), f"`{key}` {problem}", f"list {what}")
            return ()
        sound = []
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value.strip():
                self._refuse((key, index), f"an element of `{key}` is no text", f"list {what}")
            elif value in sound:
                self._refuse((key, index), f"`{value}` stands twice in `{key}`", "keep one")
            else:
                sound.append(value)
        return tuple(sound)

    def _references(self) -> tuple[str, ...]:
        return self._texts("rules", "the ids or names of the rules that it looks at")

    def _group_by(self) -> tuple[str, ...]:
        names = self._texts("group-by", "the fields that tell two groups apart, such as userIdentity.arn")
        self._check_count(("group-by",), len(names))
        for index, name in enumerate(names):
            self._check_field(("group-by", index), name)
        return names

    def _check_count(self, path: Path, count: int) -> None:
        if count > MAX_GROUPING:
            message = f"`{path[-1]}` names {count:,} fields; {MAX_GROUPING} are the most"
            self._refuse(path, message, "name those that tell two groups apart")

    def _check_field(self, path: Path, name: Any) -> bool:
        told = wrong_path(name if isinstance(name, str) else "")
        if told is None:
            return True
        message, cure = told
        self._refuse(path, message if isinstance(name, str) else f"`{name}` is no field", cure)
        return False

    def _seconds(self, key: str) -> int:
        given = self._map.get(key)
        cure = "write a number and one of s, m, h, d, such as 10m"
        if given is None:
            self._refuse((key,), f"the correlation has no `{key}`", cure)
            return 0
        seconds = timespan_seconds(given)
        if seconds is None:
            self._refuse((key,), f"`{given}` is no timespan", cure)
            return 0
        return seconds

    def _timespan(self, kind: CorrelationType | None) -> int:
        given, seconds = self._map.get("timespan"), self._seconds("timespan")
        if seconds > MAX_TIMESPAN:
            days = MAX_TIMESPAN // DAY
            self._refuse(("timespan",), f"`{given}` is longer than {days} days", f"write at most {days}d")
        if kind is CorrelationType.FIRST_SEEN and seconds % DAY:
            self._refuse(
                ("timespan",), "`first_seen` looks back over whole days", "write a number of days: 30d"
            )
        return seconds

    def _warm_up(self, kind: CorrelationType | None, timespan: int) -> int:
        path: Path = ("warm-up",)
        if "warm-up" not in self._map:
            return min(_WARM_UP, timespan) if kind is CorrelationType.FIRST_SEEN else 0
        if kind is not CorrelationType.FIRST_SEEN:
            self._refuse(path, "only `first_seen` has a `warm-up`", "leave it out")
            return 0
        seconds = self._seconds("warm-up")
        if seconds > timespan:
            self._refuse(
                path, "the `warm-up` is longer than the `timespan`", "write less: nothing else is remembered"
            )
        return seconds

    def _aliases(self) -> dict[str, dict[str, str]]:
        given = self._map.get("aliases", {})
        cure = "write each as `alias: {name of a rule: field}`"
        if not isinstance(given, dict):
            self._refuse(("aliases",), "`aliases` must be a map", cure)
            return {}
        for alias, fields in given.items():
            if not isinstance(fields, dict) or not fields:
                self._refuse(("aliases", alias), f"the alias `{alias}` must be a map", cure)
                continue
            for rule, name in fields.items():
                self._check_field(("aliases", alias, rule), name)
        return given

    def _generate(self) -> bool:
        """The specification has it beside `correlation:`, its tools within: both are read."""
        for value in (self._map.get("generate"), self._document.data.get("generate")):
            if value is not None and not isinstance(value, bool):
                self._refuse(("generate",), "`generate` must be true or false", "write true, or leave it out")
            elif value is not None:
                return value
        return False

    def _condition(
        self, kind: CorrelationType | None, rule_count: int
    ) -> tuple[tuple[Bound, ...], tuple[str, ...], float | None]:
        nothing: tuple[tuple[Bound, ...], tuple[str, ...], None] = ((), (), None)
        given = self._map.get("condition")
        if given is None and kind in _TEMPORAL:
            return (("gte", rule_count),), (), None
        cure = "write a comparison, such as `{gte: 10}`"
        if not isinstance(given, dict):
            problem = "must be a map" if given is not None else "is missing"
            self._refuse(("condition",), f"`condition` {problem}", cure)
            return nothing
        if kind is CorrelationType.FIRST_SEEN:
            for key in given:
                if key != "field":
                    self._refuse(("condition", key), f"`first_seen` knows no `{key}`", "name a `field` alone")
            return (("gte", 1),), self._fields(kind, given), None
        known = (*COMPARISONS, "field", "percentile")
        for key in given:
            if key not in known:
                self._unknown(("condition", key), key, known, "condition")
        bounds = tuple(
            (name, given[name])
            for name in COMPARISONS
            if name in given and self._check_bound(kind, name, given[name], rule_count)
        )
        if kind is None:
            return nothing
        if not set(given) & set(COMPARISONS):
            self._refuse(("condition",), "the condition compares nothing", cure)
        if len(bounds) > 2:
            self._refuse(("condition",), "a condition has at most two comparisons", "chain correlations")
        return bounds, self._fields(kind, given), self._percentile(kind, given)

    def _check_bound(self, kind: CorrelationType | None, name: str, value: Any, rule_count: int) -> bool:
        path: Path = ("condition", name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            self._refuse(path, f"`{value}` is no number", "write a number")
            return False
        if kind not in _COUNTS:
            return True
        if not isinstance(value, int) or value < 0:
            self._refuse(path, f"a count cannot be compared with {value}", "write a whole number from 0 on")
            return False
        most = rule_count if kind in _TEMPORAL else EVENTS_PER_STRETCH
        if name in {"gt", "gte", "eq"} and value + (name == "gt") > most:
            reason = "there are no more rules" if kind in _TEMPORAL else "no window holds more events"
            self._refuse(path, f"`{name}: {value}` can never hold: {reason} than {most:,}", "write less")
            return False
        return True

    def _fields(self, kind: CorrelationType, condition: dict[str, Any]) -> tuple[str, ...]:
        given = condition.get("field")
        path: Path = ("condition", "field")
        if kind in _FIELDLESS:
            if given is not None:
                self._refuse(path, f"`{kind}` looks at no `field`", "leave it out, or use value_count")
            return ()
        names = given if isinstance(given, list) else [given]
        if given is None or not names:
            self._refuse(path, f"`{kind}` needs a `field`", "name the field whose values count")
            return ()
        if len(names) > 1 and kind not in {CorrelationType.VALUE_COUNT, CorrelationType.FIRST_SEEN}:
            self._refuse(path, f"`{kind}` looks at one field", "name one")
        self._check_count(path, len(names))
        return tuple(str(name) for name in names if self._check_field(path, name))

    def _percentile(self, kind: CorrelationType, condition: dict[str, Any]) -> float | None:
        given = condition.get("percentile")
        path: Path = ("condition", "percentile")
        if given is None:
            return None
        if kind is not CorrelationType.VALUE_PERCENTILE:
            self._refuse(path, f"`{kind}` knows no `percentile`", "leave it out, or use value_percentile")
        elif isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 100:
            self._refuse(path, f"`{given}` is no percentile", "write a number from 0 to 100")
        else:
            return float(given)
        return None
