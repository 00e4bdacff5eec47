"""Correlations as written → compiled: references resolved, circles and undoings refused, levels settled."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

import msgspec

from trailwarden.errors import Problem
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.document import Path
from trailwarden.rules.naming import References, unknown_reference
from trailwarden.rules.protection import protected_ids
from trailwarden.rules.ruleset import Correlation, Level, Rule
from trailwarden.rules.shipped import shipped_names
from trailwarden.rules.source import Source, named

_Usable = Rule | Correlation
_Marked = TypeVar("_Marked", Rule, Correlation)


def compile_correlations(
    sources: Sequence[Source], rules: Sequence[Rule], problems: list[Problem]
) -> tuple[tuple[Rule, ...], tuple[Correlation, ...]]:
    """The rules, those that only feed correlations marked so, and the correlations that can be used."""
    correlations = _Compiler(sources, rules, problems).compiled()
    guarded = protected_ids(sources)
    silent = silenced(correlations, sources, guarded)

    def marked(one: _Marked) -> _Marked:
        return msgspec.structs.replace(one, generates=one.id not in silent, protected=one.id in guarded)

    return tuple(map(marked, rules)), tuple(map(marked, correlations))


def silenced(
    correlations: Iterable[Correlation], sources: Sequence[Source], guarded: Collection[str]
) -> set[str]:
    """The ids of the rules that only feed correlations: those that a correlation which sends alerts refers
    to, unless one of these leaves them to alert themselves. A correlation on trial silences nothing, and of
    the protected rules only a correlation that ships silences any."""
    shipped = {source.id for source in sources if source.document.shipped}
    speaking = {
        source.id for source in sources if isinstance(source, CorrelationSource) and source.parts.generate
    }
    kept = [one for one in correlations if not one.staged]
    referred = {
        rule_id for one in kept for rule_id in one.rules if one.id in shipped or rule_id not in guarded
    }
    return referred - {rule_id for one in kept if one.id in speaking for rule_id in one.rules}


class _Compiler:
    def __init__(self, sources: Sequence[Source], rules: Sequence[Rule], problems: list[Problem]) -> None:
        self._sources = sources
        self._problems = problems
        self._known = {source.id: source for source in sources}
        names = Counter(source.name for source in sources if source.name)
        self._ambiguous = {name for name, count in names.items() if count > 1}
        self._ids = {source.name: source.id for source in sources if source.name}
        self._usable: dict[str, _Usable] = {rule.id: rule for rule in rules}
        self._open: list[str] = []
        self._done: set[str] = set()

    def compiled(self) -> list[Correlation]:
        for source in self._sources:
            if isinstance(source, CorrelationSource):
                self._compile(source)
        return [one for one in self._usable.values() if isinstance(one, Correlation)]

    def _refuse(self, source: CorrelationSource, path: Path, message: str, cure: str) -> None:
        self._problems.append(source.document.problem(("correlation", *path), message, cure))

    def _compile(self, source: CorrelationSource) -> None:
        """Compile a correlation after those that it refers to; what is refused is not usable."""
        if source.id in self._done or source.id in self._open:
            return
        self._open.append(source.id)
        before = len(self._problems)
        referred = self._referred(source)
        aliases = self._aliases(source, [one.id for one in referred])
        self._open.pop()
        self._done.add(source.id)
        if len(self._problems) == before and referred:
            self._usable[source.id] = _compiled(source, referred, aliases)

    def _referred(self, source: CorrelationSource) -> list[_Usable]:
        found: list[_Usable] = []
        for index, reference in enumerate(source.parts.references):
            path: Path = ("rules", index)
            rule_id = self._resolve(source, path, reference)
            if rule_id is None:
                continue
            if rule_id in self._open:
                titles = [self._known[one].title for one in self._open[self._open.index(rule_id) :]]
                circle = " → ".join([*titles, self._known[rule_id].title])
                self._refuse(source, path, f"the correlations go in a circle: {circle}", "break the circle")
                continue
            other = self._known[rule_id]
            if isinstance(other, CorrelationSource):
                self._compile(other)
            usable = self._usable.get(rule_id)
            if usable is None:
                message = f"`{reference}` has a mistake, so this correlation cannot be used"
                self._refuse(source, path, message, f"mend {other.path}:{other.line} first")
            elif isinstance(usable, Correlation) and not usable.steady:
                message = (
                    f"what `{reference}` finds can be undone by later events, so nothing may build on it"
                )
                cure = "give it a count (event_count, value_count, temporal) and `gt` or `gte` alone"
                self._refuse(source, path, message, cure)
            elif usable in found:
                self._refuse(source, path, f"`{reference}` is named twice", "keep one")
            else:
                found.append(usable)
        return found

    def _resolve(self, source: CorrelationSource, path: Path, reference: str) -> str | None:
        """The id that a reference means: an id, whatever its case, or a name."""
        if reference.lower() in self._known:
            return reference.lower()
        if reference in self._ambiguous:
            self._refuse(source, path, f"the name `{reference}` belongs to several rules", "refer to the id")
            return None
        if reference in self._ids:
            return self._ids[reference]
        self._refuse(source, path, *self._missing(reference))
        return None

    def _missing(self, reference: str) -> tuple[str, str]:
        """What to say of a reference that is no rule's here; rules that ship may not have been read."""
        if reference in References(shipped_names()):
            message = f"`{reference}` ships with Trailwarden, and is not among the rules that were read"
            return message, "read these on top of the rules that ship, as `scan --team` does"
        others = [rule for rule in shipped_names() if rule.id not in self._known]
        known = [*map(named, self._sources), *others]
        return unknown_reference(reference, known, f"there is no sound rule `{reference}`")

    def _aliases(self, source: CorrelationSource, rule_ids: list[str]) -> dict[str, dict[str, str]]:
        """The aliases by rule id; one that is used must say what it means in every rule."""
        aliases: dict[str, dict[str, str]] = {}
        used = {*source.parts.group_by, *source.parts.field}
        for alias, fields in source.parts.aliases.items():
            aliases[alias] = {}
            for rule, name in fields.items():
                path: Path = ("aliases", alias, rule)
                rule_id = self._resolve(source, path, rule)
                if rule_id is not None and rule_id in rule_ids:
                    aliases[alias][rule_id] = name
                elif rule_id is not None:
                    cure = "list it under `rules`, or leave it out"
                    self._refuse(source, path, f"the correlation does not look at `{rule}`", cure)
            for missing in sorted(set(rule_ids) - set(aliases[alias])) if alias in used else ():
                message = f"the alias `{alias}` says nothing of the rule {self._known[missing].title!r}"
                self._refuse(source, ("aliases", alias), message, "name the field that it means there")
            if alias not in used:
                cure = "name it in `group-by`, or leave it out"
                self._refuse(source, ("aliases", alias), f"the alias `{alias}` is not used", cure)
        return aliases


def _compiled(
    source: CorrelationSource, referred: Sequence[_Usable], aliases: dict[str, dict[str, str]]
) -> Correlation:
    parts, attributes, block = source.parts, source.attributes, source.block
    level = attributes.get("level")
    status = attributes.get("status")
    return Correlation(
        id=source.id,
        title=source.title,
        level=Level[level.name] if level is not None else max(one.level for one in referred),
        type=parts.type,
        rules=tuple(one.id for one in referred),
        group_by=parts.group_by,
        timespan=parts.timespan,
        bounds=parts.bounds,
        field=parts.field,
        percentile=parts.percentile,
        warm_up=parts.warm_up,
        aliases=aliases,
        description=(attributes.get("description") or "").strip(),
        author=attributes.get("author") or "",
        status=str(status) if status is not None else "",
        tags=tuple(map(str, attributes.get("tags") or ())),
        references=tuple(map(str, attributes.get("references") or ())),
        falsepositives=tuple(map(str, attributes.get("falsepositives") or ())),
        quiet=block.quiet,
        alert_title=block.alert_title,
        runbook=block.runbook,
        owner=block.owner,
    )
