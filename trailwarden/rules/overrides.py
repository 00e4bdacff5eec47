"""Overrides: what a team says of rules that it does not keep itself, by id or name.

    title: Root use is told by another team
    override:
      rules: [4e1b5c0e-6a0e-4e0e-9d5e-0a4b8c8f4a10, root_user_used]
      enabled: false          # or  level: low
    trailwarden: {owner: detection, reason: …}

A rule that is switched off is as good as not written: what is built on it goes with it, and is named.
"""

import copy
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sigma.rule import SigmaLevel

from trailwarden.errors import Problem
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.document import Document, Path
from trailwarden.rules.naming import Named, References, unknown_reference

if TYPE_CHECKING:  # load.py reads overrides, and so cannot be imported here
    from trailwarden.rules.source import Source

_KEY = "override"
_DOCUMENT_KEYS = ("title", "id", "description", _KEY, "trailwarden")
_OVERRIDE_KEYS = ("rules", "enabled", "level")
_BLOCK_KEYS = ("owner", "reason")
_LEVELS = tuple(level.name.lower() for level in SigmaLevel)


@dataclass(frozen=True, slots=True)
class OverrideReference:
    """A rule's id or name as an override gives it, and where (line and column from 1)."""

    text: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Override:
    """An override as it was written. `level` is None where it switches its rules off."""

    path: str
    line: int
    column: int
    title: str
    rules: tuple[OverrideReference, ...]
    level: str | None
    owner: str
    reason: str

    @property
    def switches_off(self) -> bool:
        """Whether the rules are as good as not written."""
        return self.level is None

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


def is_override(document: Document) -> bool:
    """Whether a document is an override, and no rule."""
    return isinstance(document.data, dict) and _KEY in document.data


def read_overrides(documents: Iterable[Document], problems: list[Problem]) -> list[Override]:
    """The overrides among the documents; every mistake in them goes to `problems`."""
    read = [_Reader(document, problems).read() for document in documents if is_override(document)]
    return [override for override in read if override is not None]


class _Reader:
    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self._document = document
        self._problems = problems

    def read(self) -> Override | None:
        before = len(self._problems)
        data = self._document.data
        self._check_keys((), data, _DOCUMENT_KEYS, "an override's document")
        title = data.get("title", "")
        if not isinstance(title, str):
            self._refuse(("title",), "`title` must be text", "put it in quotes")
        body = data[_KEY]
        if not isinstance(body, dict):
            self._refuse((_KEY,), "`override` must be a map", f"its keys are {', '.join(_OVERRIDE_KEYS)}")
            return None
        self._check_keys((_KEY,), body, _OVERRIDE_KEYS, "`override`")
        rules = self._references(body)
        level = self._effect(body)
        owner, reason = self._block(data.get("trailwarden", {}))
        if len(self._problems) > before:
            return None
        place = self._document.place(())
        return Override(self._document.path, *place, title.strip(), rules, level, owner, reason)

    def _refuse(self, path: Path, message: str, cure: str) -> None:
        self._problems.append(self._document.problem(path, message, cure))

    def _check_keys(self, path: Path, given: Mapping[str, Any], known: Sequence[str], where: str) -> None:
        for key in given:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                cure = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
                self._refuse((*path, key), f"`{key}` is unknown in {where}", cure)

    def _references(self, body: Mapping[str, Any]) -> tuple[OverrideReference, ...]:
        path: Path = (_KEY, "rules")
        given = body.get("rules")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t for t in texts):
            self._refuse(path, "the override does not name its rules", "write a list of their ids or names")
            return ()
        places = [
            self._document.place((*path, index) if texts is given else path) for index in range(len(texts))
        ]
        return tuple(OverrideReference(text, *place) for text, place in zip(texts, places, strict=True))

    def _effect(self, body: Mapping[str, Any]) -> str | None:
        """The level, or None for a rule that is switched off; exactly one of the two must be said."""
        off, level = body.get("enabled"), body.get("level")
        if "enabled" in body and off is not False:
            cure = "write `enabled: false`, or leave it out: rules that are not named are enabled"
            self._refuse((_KEY, "enabled"), "an override can only switch rules off", cure)
        elif "enabled" in body and "level" in body:
            cure = "keep one of the two"
            self._refuse((_KEY, "level"), "a rule that is switched off has no level", cure)
        elif "enabled" not in body and "level" not in body:
            self._refuse((_KEY,), "the override changes nothing", "add `enabled: false`, or `level: low`")
        if "level" in body and (not isinstance(level, str) or level not in _LEVELS):
            near = difflib.get_close_matches(str(level), _LEVELS, n=1)
            cure = f"did you mean `{near[0]}`?" if near else f"write one of {', '.join(_LEVELS)}"
            self._refuse((_KEY, "level"), "`level` is none of Sigma's", cure)
        return level if isinstance(level, str) else None

    def _block(self, block: Any) -> tuple[str, str]:
        """Owner and reason. Both are asked for: whoever meets the override later must know whom to ask."""
        if not isinstance(block, dict):
            self._refuse(
                ("trailwarden",), "`trailwarden` must be a map", f"its keys are {', '.join(_BLOCK_KEYS)}"
            )
            return "", ""
        self._check_keys(("trailwarden",), block, _BLOCK_KEYS, "an override's `trailwarden`")
        for key in _BLOCK_KEYS:
            if not isinstance(block.get(key), str) or not block[key].strip():
                path: Path = ("trailwarden", key)
                self._refuse(
                    path, f"the override has no `{key}`", f"add `trailwarden: {{{key}: …}}`, as text"
                )
        return str(block.get("owner", "")).strip(), str(block.get("reason", "")).strip()


@dataclass(frozen=True, slots=True)
class Overridden:
    """The rules that are left. `switched_off` are those that are not; `warnings` say what else went."""

    sources: "list[Source]"
    switched_off: "list[Source]"
    warnings: list[Problem]


def apply_overrides(
    overrides: Sequence[Override],
    sources: "Sequence[Source]",
    named: Sequence[Named],
    problems: list[Problem],
) -> Overridden:
    """The rules under the overrides; what they name and is no rule goes to `problems`.

    `named` are all rules that there are: those that have mistakes of their own too, for it is they that are
    told, and those that are not read. Two overrides that say different things of one rule are both wrong, and
    neither holds.
    """
    said = _by_rule(overrides, sources, named, problems)
    kept: list[Source] = []
    off: dict[str, tuple[Source, Override]] = {}
    for source in sources:
        override = said.get(source.id)
        if override is None:
            kept.append(source)
        elif override.level is None:
            off[source.id] = source, override
        else:
            kept.append(_at_level(source, override.level))
    warnings = _dragged(kept, off)
    left = [source for source in kept if source.id not in off]
    return Overridden(left, [source for source, _ in off.values()], warnings)


def _by_rule(
    overrides: Sequence[Override],
    sources: "Sequence[Source]",
    named: Sequence[Named],
    problems: list[Problem],
) -> dict[str, Override]:
    """The override of each rule, by the rule's id."""
    ids = {source.id for source in sources}
    names = {source.name: source.id for source in sources if source.name}
    known_names = References(named)
    said: dict[str, Override] = {}
    for override in overrides:
        for reference in override.rules:
            rule_id = reference.text.lower() if reference.text.lower() in ids else names.get(reference.text)
            if rule_id is None:
                if reference.text not in known_names:
                    problems.append(_problem(override, reference, *unknown_reference(reference.text, named)))
                continue
            known = said.setdefault(rule_id, override)
            if known is not override and known.level != override.level:
                message = f"the override at {known.place} says something else of `{reference.text}`"
                problems.append(_problem(override, reference, message, "name the rule in one of the two"))
    return said


def _problem(override: Override, reference: OverrideReference, message: str, cure: str) -> Problem:
    return Problem(override.path, reference.line, reference.column, message, cure)


def _at_level(source: "Source", level: str) -> "Source":
    sigma_level = SigmaLevel[level.upper()]
    if isinstance(source, CorrelationSource):
        return replace(source, attributes={**source.attributes, "level": sigma_level})
    rule = copy.copy(source.rule)
    rule.level = sigma_level
    return replace(source, rule=rule)


def _dragged(kept: "Sequence[Source]", off: "dict[str, tuple[Source, Override]]") -> list[Problem]:
    """Switch off, and name, the correlations that are built on what is switched off, and those on them."""
    warnings: list[Problem] = []
    found = True
    while found:
        found = False
        names = {key for source, _ in off.values() for key in (source.id, source.name) if key}
        for source in kept:
            if source.id in off or not isinstance(source, CorrelationSource):
                continue
            below = next(
                (ref for ref in source.parts.references if ref in names or ref.lower() in names), None
            )
            if below is not None:
                _, override = off[_id_of(below, off)]
                off[source.id] = source, override
                found = True
                warnings.append(
                    Problem(
                        override.path,
                        override.line,
                        override.column,
                        f"the correlation {source.title!r} is built on `{below}` and is switched off with it",
                        "name it in the override too, or give the rule a level instead of switching it off",
                    )
                )
    return warnings


def _id_of(reference: str, off: "Mapping[str, tuple[Source, Override]]") -> str:
    """The id of what is switched off, by id or name."""
    if reference.lower() in off:
        return reference.lower()
    return next(rule_id for rule_id, (source, _) in off.items() if source.name == reference)
