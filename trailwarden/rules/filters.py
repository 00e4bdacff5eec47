"""Sigma filters: one exception for many rules, written once.

A filter drops the matches that its condition names: rule and not filter. That is how the specification's
own example reads (`condition: selection`). Filters written for pySigma say what remains instead
(`condition: not selection`, joined to the rule with `and`). The two are told apart by what the condition
says of a record that none of its selections meets: no filter is there to drop every such record, so a
condition that holds for it says what remains.
https://github.com/SigmaHQ/sigma-specification/blob/main/specification/sigma-filters-specification.md
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sigma.conditions import ConditionAND, ConditionNOT, ConditionOR
from sigma.rule import SigmaDetections

from trailwarden.errors import Problem
from trailwarden.rules.block import read_exception
from trailwarden.rules.detection import build_detections
from trailwarden.rules.document import Document, Path
from trailwarden.rules.lists import NamedList
from trailwarden.rules.naming import Named, References, unknown_reference

_KEY = "filter"
_NOT_SELECTIONS = frozenset({"condition", "rules"})
_FITTING = {"product": "aws", "service": "cloudtrail"}


@dataclass(frozen=True, slots=True)
class FilterReference:
    """A rule's id or name as a filter gives it, and where (line and column from 1)."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class FilterSource:
    """A filter as it was written. `id` is its title where it has no id of its own; `rules` is None for `any`;
    `says_what_remains` where its condition is pySigma's way round. `expires` is the last day, in UTC, on
    which it holds; None where it has no `trailwarden:` block, so that it holds for ever."""

    path: str
    line: int
    column: int
    id: str
    title: str
    rules: tuple[FilterReference, ...] | None
    detections: SigmaDetections
    says_what_remains: bool
    owner: str = ""
    reason: str = ""
    expires: date | None = None


def is_filter(document: Document) -> bool:
    """Whether a document is a Sigma filter."""
    return isinstance(document.data, dict) and _KEY in document.data


def read_filters(
    documents: Iterable[Document], lists: Mapping[str, NamedList], problems: list[Problem]
) -> list[FilterSource]:
    """The filters among the documents; every mistake in them goes to `problems`. Of filters with one id, the
    first is taken."""
    filters: dict[str, FilterSource] = {}
    for document in filter(is_filter, documents):
        found = _read_filter(document, lists, problems)
        if found is not None and (known := filters.setdefault(found.id, found)) is not found:
            problems.append(_same_id(document, found, known))
    return list(filters.values())


def _same_id(document: Document, found: FilterSource, known: FilterSource) -> Problem:
    if "id" in document.data:
        message = f"the id {found.id} is also that of {known.path}:{known.line}"
        return document.problem(("id",), message, "give each filter an id of its own")
    message = (
        f"the title {found.title!r}, which is the id of a filter without one, is also that of {known.path}"
    )
    cure = "add an `id:`, a UUID such as the command `uuidgen` makes, or write another title"
    return document.problem(("title",), message, cure)


def _read_filter(
    document: Document, lists: Mapping[str, NamedList], problems: list[Problem]
) -> FilterSource | None:
    before = len(problems)
    data = document.data
    title, own_id = data.get("title"), data.get("id")
    if not isinstance(title, str) or not title.strip():
        cure = "add `title:`; say in a few words what the filter lets pass"
        problems.append(document.problem(("title",), "the filter has no `title`", cure))
    if "id" in data and (not isinstance(own_id, str) or not own_id.strip()):
        problems.append(document.problem(("id",), "`id` must be text", "write a UUID, or leave it out"))
    _check_log_source(document, problems)
    block = read_exception(document, problems)
    rules = _references(document, problems)
    detections = build_detections(document, problems, lists, key=_KEY, not_selections=_NOT_SELECTIONS)
    if detections is not None and len(detections.condition) != 1:
        cure = "join the conditions with `or`"
        problems.append(document.problem((_KEY, "condition"), "a filter has one condition", cure))
    if len(problems) > before or detections is None:
        return None
    remains = _holds_for_none(detections.parsed_condition[0].parse(postprocess=False))
    name = str(own_id).lower() if own_id else str(title)
    place = document.place(())
    found = FilterSource(document.path, *place, name, str(title), rules, detections, remains)
    if block is None:
        return found
    return replace(found, owner=block.owner, reason=block.reason, expires=block.expires)


def _check_log_source(document: Document, problems: list[Problem]) -> None:
    """The log source, which must not keep the filter from every CloudTrail rule."""
    cure = "write `product: aws` and `service: cloudtrail`, or leave the filter out"
    given = document.data.get("logsource")
    if not isinstance(given, dict) or not given:
        problems.append(document.problem(("logsource",), "the filter has no `logsource` map", cure))
        return
    named = {key: given[key] for key in ("category", "product", "service") if given.get(key) is not None}
    if not named or any(_FITTING.get(key) != value for key, value in named.items()):
        written = ", ".join(f"{key} {value}" for key, value in named.items())
        message = f"the log source ({written}) fits no CloudTrail rule"
        problems.append(document.problem(("logsource",), message, cure))


def _references(document: Document, problems: list[Problem]) -> tuple[FilterReference, ...] | None:
    """The rules that a filter names; None for `any`, and for none at all, which is then in `problems`."""
    body = document.data[_KEY]
    given = body.get("rules") if isinstance(body, dict) else None
    if isinstance(given, str) and given.lower() == "any":
        return None
    path: Path = (_KEY, "rules")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        cure = "write `rules: any`, or a list of the rules' ids or names"
        problems.append(document.problem(path, "the filter does not name its rules", cure))
        return None
    places = [document.place((*path, index) if texts is given else path) for index in range(len(texts))]
    return tuple(FilterReference(text, *place) for text, place in zip(texts, places, strict=True))


def _holds_for_none(condition: Any) -> bool:
    """Whether the parsed condition holds for a record that meets none of its selections."""
    if isinstance(condition, ConditionNOT):
        return not _holds_for_none(condition.args[0])
    if isinstance(condition, ConditionAND):
        return all(map(_holds_for_none, condition.args))
    return isinstance(condition, ConditionOR) and any(map(_holds_for_none, condition.args))


def filters_of(
    rule_id: str, rule_name: str | None, filters: Sequence[FilterSource]
) -> tuple[FilterSource, ...]:
    """The filters that apply to one rule, in the order of their ids."""
    applying = [
        each
        for each in filters
        if each.rules is None
        or any(ref.text == rule_name or ref.text.lower() == rule_id.lower() for ref in each.rules)
    ]
    return tuple(sorted(applying, key=lambda each: each.id))


def check_references(
    filters: Sequence[FilterSource],
    rules: Sequence[Named],
    correlations: Sequence[Named],
    problems: list[Problem],
) -> None:
    """Refuse by name what a filter calls a rule and is none, or is a correlation. Rules that have mistakes of
    their own are among `rules`: it is they that are told."""
    known, grouped = References(rules), References(correlations)
    for each in filters:
        for reference in each.rules or ():
            if reference.text in grouped:
                message = f"`{reference.text}` is a correlation, and filters apply to rules"
                cure = "name the rules that the correlation refers to"
            elif reference.text in known:
                continue
            else:
                message, cure = unknown_reference(reference.text, rules)
            problems.append(Problem(each.path, reference.line, reference.column, message, cure))
