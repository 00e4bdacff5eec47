"""Correlations that keep rules of other files from sending alerts, without their author having said so."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from trailwarden.checking.places import at
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.correlation_compile import silenced
from trailwarden.rules.finding import Finding
from trailwarden.rules.ruleset import Correlation, Rule, RuleSet
from trailwarden.rules.source import Source

_CODE = "only-counted"
_CURE = (
    "write `generate: true` under `correlation:` to keep its alerts; `generate: false` if they are not wanted"
)


def only_counted(
    sources: Sequence[Source], judged: Sequence[Source], rule_set: RuleSet, guarded: Collection[str]
) -> Iterator[Finding]:
    """The rules that would send alerts if a correlation did not refer to them; of one on trial, those that
    would send none once it is stable. Rules in its own file are there for it."""
    paths = {source.id: source.path for source in sources}
    compiled = {one.id: one for one in rule_set.correlations}
    excusing = {source.id for source in sources if _is_meant(source, compiled.get(source.id), paths)}
    every: dict[str, Rule | Correlation] = {**{one.id: one for one in rule_set.rules}, **compiled}
    for source in judged:
        own = compiled.get(source.id)
        if not isinstance(source, CorrelationSource) or own is None or source.id in excusing:
            continue
        others = [one for one in compiled.values() if one is not own]
        silent = silenced([*others, replace(own, status="")], sources, guarded)
        silent -= silenced([one for one in others if one.id in excusing], sources, guarded)
        for index, rule_id in enumerate(own.rules):
            other = every[rule_id]
            if rule_id in silent and paths[rule_id] != source.path and not other.staged:
                yield at(source, ("correlation", "rules", index), _CODE, _message(own, other), _CURE)


def _is_meant(source: Source, own: Correlation | None, paths: Mapping[str, str]) -> bool:
    """Whether a correlation's author said what becomes of its rules' alerts, or has written them for it."""
    if not isinstance(source, CorrelationSource):
        return False
    data = source.document.data
    if "generate" in data or "generate" in data["correlation"]:
        return True
    return own is not None and all(paths[rule_id] == source.path for rule_id in own.rules)


def _message(own: Correlation, other: Rule | Correlation) -> str:
    rule = f"the rule {other.title!r} ({other.level})"
    if own.staged:
        return f"once this correlation is stable, {rule} will send no alerts: only the correlation's are sent"
    return f"{rule} sends no alerts because of this correlation: only the correlation's are sent"
