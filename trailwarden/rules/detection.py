"""The `detection:` of a rule → pySigma's objects, each with the place that it was written at.

pySigma's own `SigmaDetections.from_dict` stops at the first mistake and knows no places. This builds the
same objects, item by item, collects every mistake, and refuses the combinations of modifiers that pySigma
lets through with a meaning that no evaluation on JSON can keep.
https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
"""

import difflib
from collections.abc import Mapping
from typing import Any

import re2
import sigma.exceptions as sigma_exceptions
from sigma.exceptions import SigmaError, SigmaRuleLocation
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RegexEngine, RegexPattern
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaCasedString, SigmaExpansion, SigmaNumber, SigmaString, SigmaType, sigma_type

from trailwarden.errors import Problem
from trailwarden.rules.bounds import (
    MAX_VALUES,
    TooLarge,
    check_conditions,
    check_growth,
    count_values,
    too_many_values,
)
from trailwarden.rules.condition_faults import condition_fault
from trailwarden.rules.cures import condition_cure, expression_cure, modifier_cure
from trailwarden.rules.document import Document, Path
from trailwarden.rules.expressions import refusal
from trailwarden.rules.fields import wrong_path
from trailwarden.rules.lists import NO_LISTS, NamedList, Unfilled, fill
from trailwarden.rules.modifiers import ENCODERS, MODIFIERS, TIME_PARTS, cased

Scalar = str | int | float | bool | None

_SCALARS = (str, int, float, bool, type(None))
_WRAPPERS = frozenset({"contains", "startswith", "endswith"})
_NOT_SELECTIONS = frozenset({"condition", "timeframe"})
_SHOWN = 200


class _QuietRegexEngine(RegexEngine):
    """RE2 with the options that the engine runs with, and without its log lines on standard error."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:  # noqa: ARG002 (none is ever given)
        options = re2.Options()
        options.log_errors = False
        compiled: RegexPattern = re2.compile(pattern, options)
        return compiled

    @property
    def error(self) -> type[Exception]:
        failure: type[Exception] = re2.error
        return failure


class _Syntax(_QuietRegexEngine):
    """The same for values, of which pySigma only asks whether they compile."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:  # noqa: ARG002 (syntax is what is checked)
        if reason := refusal(pattern):
            raise re2.error(reason)
        return _COMPILED


_COMPILED: RegexPattern = re2.compile("")
POLICY = SigmaPolicy(regex_engine=_QuietRegexEngine())
_OF_VALUES = SigmaPolicy(regex_engine=_Syntax())
_ANYTHING = SigmaDetection([SigmaDetectionItem(None, [], [SigmaString("-")])])
"""In the place of a selection that has mistakes, while the condition is read."""


def build_detections(
    document: Document,
    problems: list[Problem],
    lists: Mapping[str, NamedList] = NO_LISTS,
    *,
    key: str = "detection",
    not_selections: frozenset[str] = _NOT_SELECTIONS,
) -> SigmaDetections | None:
    """The document's detections, or None where something is wrong with them, which is then in `problems`.

    They stand under `key` (a filter's, under `filter`); `lists` fill their placeholders.
    """
    found = len(problems)
    detection = document.data.get(key)
    if not isinstance(detection, dict):
        message = f"`{key}` must be a map" if key in document.data else f"the rule has no `{key}`"
        problems.append(document.problem((key,), message, "add selections and a condition"))
        return None
    if "timeframe" in detection:
        cure = "leave it out; counting over time is what Sigma correlations are for"
        problems.append(document.problem((key, "timeframe"), "`timeframe` is not evaluated", cure))
    conditions = _conditions(document, key, problems)
    builder = _Builder(document, problems, lists)
    named = {
        name: builder.detection(definition, (key, name))
        for name, definition in detection.items()
        if name not in not_selections
    }
    if not named:
        cure = "add a selection beside the condition"
        problems.append(document.problem((key,), f"`{key}` selects nothing", cure))
    if not named or not conditions:
        return None
    # What a selection lacks says nothing of the condition, which is told in the same run.
    whole = {name: _ANYTHING if built is None else built for name, built in named.items()}
    detections = SigmaDetections(whole, conditions, policy=POLICY)  # a place here would hide the items' own
    _check_conditions(document, key, detections, problems)
    if len(problems) == found:
        return detections
    # Told when the rule is compiled; this one will not be.
    wholes = {path[:-1] for path in builder.unfilled}  # their values are told one by one
    problems.extend(
        document.problem(path, value.message, value.cure)
        for path, value in builder.unfilled.items()
        if path not in wholes
    )
    return None


def _check_conditions(
    document: Document, key: str, detections: SigmaDetections, problems: list[Problem]
) -> None:
    """Parse the conditions now, so that their mistakes are told with all the others."""
    try:
        check_conditions(detections)
    except TooLarge as error:
        problems.append(document.problem((key, "condition"), str(error), error.cure))
        return
    except (SigmaError, TypeError, RecursionError):
        pass  # told below, with its place in the list
    is_list = isinstance(document.data[key]["condition"], list)
    for index, condition in enumerate(detections.parsed_condition):
        path: Path = (key, "condition", index) if is_list else (key, "condition")
        try:
            parsed = condition.parsed
        except (SigmaError, TypeError, RecursionError):
            names = list(detections.detections)
            fault = condition_fault(condition.condition, names)
            cure = condition_cure(condition.condition, names)
            written = _shortened(condition.condition)
            problems.append(document.problem(path, f"the condition `{written}`: {_shortened(fault)}", cure))
        else:
            if parsed is None:
                problems.append(
                    document.problem(path, "the condition selects nothing", "name a selection in it")
                )


def _conditions(document: Document, key: str, problems: list[Problem]) -> list[str]:
    condition = document.data[key].get("condition")
    conditions: list[Any] = condition if isinstance(condition, list) else [condition]
    if not conditions or not all(isinstance(text, str) and text.strip() for text in conditions):
        message = f"`{key}` needs a `condition`, as text"
        cure = "add for example `condition: selection`"
        problems.append(document.problem((key, "condition"), message, cure))
        return []
    return conditions


class _Builder:
    def __init__(self, document: Document, problems: list[Problem], lists: Mapping[str, NamedList]) -> None:
        self._document = document
        self._problems = problems
        self._lists = lists
        self.unfilled: dict[Path, Unfilled] = {}
        self._spent = 0  # values that the items so far have grown to

    def location(self, path: Path) -> SigmaRuleLocation:
        """Where pySigma's object was written."""
        line, column = self._document.place(path)
        return SigmaRuleLocation(self._document.path, line, column)  # type: ignore[arg-type] # it makes a Path

    def detection(self, definition: Any, path: Path) -> SigmaDetection | None:
        """One named selection: a map (all of), a list (any of), or keywords."""
        items: list[SigmaDetectionItem | SigmaDetection | None]
        if isinstance(definition, dict):
            items = [self._item(key, value, (*path, key)) for key, value in definition.items()]
        elif isinstance(definition, list) and not all(isinstance(value, _SCALARS) for value in definition):
            items = [self.detection(value, (*path, index)) for index, value in enumerate(definition)]
        else:
            items = [self._item(None, definition, path)] if definition != [] else []
        if not items:
            self._refuse(path, f"`{path[-1]}` is empty", "give it a field and a value, or leave it out")
        built = [item for item in items if item is not None]
        return SigmaDetection(built, self.location(path)) if built and len(built) == len(items) else None

    def _refuse(self, path: Path, message: str, cure: str) -> None:
        self._problems.append(self._document.problem(path, message, cure))

    def _item(self, key: str | None, value: Any, path: Path) -> SigmaDetectionItem | None:
        name, *modifiers = (key or "").split("|")
        before = len(self._problems)
        self._check_key(name, modifiers, path)
        values = value if isinstance(value, list) else [value]
        places: list[Path] = [(*path, index) for index in range(len(values))] if values is value else [path]
        if not values:
            self._refuse(path, f"`{key}` has an empty list of values", "list values, or write null")
        for element, place in zip(values, places, strict=True):
            self._check_value(name, modifiers, element, place)
        if len(self._problems) > before:
            return None
        for element, place in zip(values, places, strict=True):
            if self._spent <= MAX_VALUES and (item := self._convert(name, modifiers, [element], place)):
                self._spent += count_values(item.value)
                if self._spent > MAX_VALUES:
                    refusal = too_many_values(self._spent)
                    self._refuse(place, str(refusal), refusal.cure)
        whole = len(self._problems) == before and self._spent <= MAX_VALUES
        return self._convert(name, modifiers, values, path) if whole else None

    def _check_key(self, name: str, modifiers: list[str], path: Path) -> None:
        if name and (told := wrong_path(name)):
            self._refuse(path, *told)
        for modifier in modifiers:
            if modifier not in MODIFIERS:
                near = next(iter(difflib.get_close_matches(modifier, MODIFIERS)), "")
                cure = f"did you mean `{near}`?" if near else f"known are {', '.join(sorted(MODIFIERS))}"
                self._refuse(path, f"the modifier `{modifier}` is unknown", cure)
        if "expand" in modifiers and (
            before := ENCODERS.intersection(modifiers[: modifiers.index("expand")])
        ):
            message = f"`{min(before)}` would encode the placeholder itself"
            self._refuse(path, message, "write `expand` before it")
        wrappers = _WRAPPERS.intersection(modifiers)
        if "re" in modifiers and wrappers:
            cure = "write `.*`, `^` or `$` into the expression, which is searched for anywhere"
            self._refuse(path, f"`re` and `{min(wrappers)}` do not go together", cure)
        if not name and not wrappers <= {"contains"}:
            cure = "name a field, or leave the modifier out: a keyword is searched for anywhere"
            self._refuse(path, f"a keyword cannot take `{max(wrappers)}`", cure)
        self._check_time_parts(name, [each for each in modifiers if each in TIME_PARTS], path)

    def _check_time_parts(self, name: str, parts: list[str], path: Path) -> None:
        if parts and not name:
            self._refuse(path, f"a keyword cannot take `{min(parts)}`", "name a field that holds a time")
        elif len(parts) > 1:
            lines = " and ".join(f"`{name}|{part}`" for part in dict.fromkeys(parts))
            cure = f"write lines of their own: {lines}" if len(set(parts)) > 1 else "keep one of them"
            self._refuse(path, f"`{parts[0]}` and `{parts[1]}` cannot be read of one value", cure)

    def _check_value(self, name: str, modifiers: list[str], value: Any, path: Path) -> None:
        if not isinstance(value, _SCALARS):
            cure = "walk into objects with a dotted field, such as requestParameters.userName"
            self._refuse(path, "a value must be text, a number, true, false or null", cure)
        elif "re" in modifiers and not isinstance(value, str):
            self._refuse(path, "a regular expression must be text", "put it in quotes")
        elif "expand" in modifiers and not isinstance(value, str):
            self._refuse(path, "a placeholder must be text", "put it in quotes, such as '%Administrators%'")
        elif parts := TIME_PARTS.keys() & set(modifiers):
            self._check_time_part(min(parts), value, path)
        elif not name and not modifiers and (value is None or isinstance(value, bool) or value == ""):
            cure = "put a word in quotes, or name a field"
            self._refuse(path, "a keyword must be text or a number, and not empty", cure)

    def _check_time_part(self, part: str, value: Any, path: Path) -> None:
        bounds = TIME_PARTS[part]
        if not isinstance(value, int) or isinstance(value, bool) or value not in bounds:
            message = f"`{part}` is a whole number from {bounds[0]} to {bounds[-1]}"
            self._refuse(path, message, "write such a number, without quotes")

    def _make(self, name: str, modifiers: list[str], values: list[Any], path: Path) -> SigmaDetectionItem:
        """pySigma's item of our modifiers; placeholders are filled before any other modifier acts."""
        place, made = self.location(path), []
        for value in values:
            if "expand" in modifiers:
                made.append(fill(value, self._lists, in_regex="re" in modifiers))
            elif "re" in modifiers:
                made.append(SigmaString.from_str(value))
            else:
                made.append(sigma_type(value))
        left_out = {"expand", "cased"} if "fieldref" in modifiers else {"expand"}
        acting = [MODIFIERS[modifier] for modifier in modifiers if modifier not in left_out]
        if unfilled := [value for value in made if isinstance(value, Unfilled)]:
            missing = Unfilled((name for value in unfilled for name in value.names), self._lists)
            self.unfilled[path] = missing
            acting, made = [], [missing]
        check_growth(made, modifiers)
        item = SigmaDetectionItem(name or None, acting, made, source=place, policy=_OF_VALUES)
        if "fieldref" in modifiers and "cased" in modifiers:
            item.value = [cased(value) for value in item.value]
        return item

    def _convert(
        self, name: str, modifiers: list[str], values: list[Any], path: Path
    ) -> SigmaDetectionItem | None:
        """pySigma's item; a mistake is told where `path` is."""
        try:
            item = self._make(name, modifiers, values, path)
        except TooLarge as error:
            self._refuse(path, str(error), error.cure)
            return None
        except sigma_exceptions.SigmaRegularExpressionError as error:
            reason = str(error.__cause__)
            cure = expression_cure(next((str(each) for each in values if refusal(str(each))), ""), reason)
            self._refuse(path, f"RE2 cannot express the regular expression: {reason}", cure)
            return None
        except (ValueError, TypeError, AttributeError) as error:
            self._refuse(path, _said(error, modifiers), modifier_cure(name, modifiers, values))
            return None
        if "cased" in modifiers and not all(map(_keeps_case, item.value)):
            self._refuse(path, "another modifier undoes `cased`", "write `cased` last")
            return None
        for number, written in zip(item.value, values, strict=False):
            if type(number) is SigmaNumber and number.number != written:
                self._refuse(path, f"{written} is too large to compare as a number", "put it in quotes")
                return None
        return item


def _shortened(condition: str) -> str:
    return condition if len(condition) <= _SHOWN else condition[:_SHOWN] + "…"


def _said(error: Exception, modifiers: list[str]) -> str:
    """pySigma's words, with the modifiers' names instead of its classes'."""
    text = str(error.args[0]) if error.args else type(error).__name__
    for modifier in modifiers:
        text = text.replace(f"Modifier {MODIFIERS[modifier].__name__}", f"the modifier `{modifier}` is")
    return text


def _keeps_case(value: SigmaType) -> bool:
    if isinstance(value, SigmaExpansion):
        return all(map(_keeps_case, value.values))
    return not isinstance(value, SigmaString) or isinstance(value, SigmaCasedString)
