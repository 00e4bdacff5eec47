"""What a publication takes away from what people hear: for operations, whoever wrote it."""

from collections.abc import Iterator, Mapping, Sequence

from trailwarden.rules.load import RuleFolder
from trailwarden.rules.ruleset import Correlation, Level, Rule, RuleSet
from trailwarden.safety.text import one_line
from trailwarden.state.rule_sets import LiveException, Standing

_LINE = 300
_TITLES = 20
_Either = Rule | Correlation


def silenced(
    before: RuleSet,
    after: RuleSet,
    known: Mapping[str, LiveException],
    exceptions: Mapping[str, LiveException],
) -> tuple[str, ...]:
    """What alerts no longer, or less than before: a line for each way, with how many rules and which."""
    old, new = _by_id(before), _by_id(after)
    both = [(old[one], new[one]) for one in old if one in new]
    found: dict[str, list[_Either]] = {
        "no longer there": [old[one] for one in old if one not in new],
        "on trial now, told to nobody": [b for a, b in both if b.staged and not a.staged],
        "only counted for correlations now": [b for a, b in both if a.generates and not b.generates],
        "at a lower level": [b for a, b in both if b.level < a.level],
        "under other exceptions": [b for a, b in both if _is_filtered_otherwise(a, b)],
        "quiet for longer, or grouped otherwise": [b for a, b in both if _is_told_less(a, b)],
    }
    lines = [f"{_rules(len(rules))} {way}: {_titles(rules)}" for way, rules in found.items() if rules]
    lines += _exceptions(known, exceptions)
    return tuple(one_line(line, _LINE * 4) for line in lines)


def _is_filtered_otherwise(old: _Either, new: _Either) -> bool:
    """Whether an exception came, or an exception's condition changed; one that only went is no loss."""
    if not (isinstance(old, Rule) and isinstance(new, Rule)) or not new.filters:
        return False
    parts = dict(zip(old.filters, old.detection[-len(old.filters) :], strict=True)) if old.filters else {}
    now = zip(new.filters, new.detection[-len(new.filters) :], strict=True)
    return any(parts.get(name) != part for name, part in now)


def _is_told_less(old: _Either, new: _Either) -> bool:
    return new.quiet > old.quiet or (isinstance(new, Rule) and old.group_by != new.group_by)


def _exceptions(known: Mapping[str, LiveException], now: Mapping[str, LiveException]) -> Iterator[str]:
    for key, each in sorted(now.items()):
        owner = f"owner {each.owner or 'unknown'}"
        if key not in known:
            yield f"new exception: {each.title} ({owner}, until {each.expires})"
        elif each.expires > known[key].expires:
            until = f"until {each.expires}, was {known[key].expires}"
            yield f"exception holds longer: {each.title} ({owner}, {until})"


def standing_of(folder: RuleFolder, rule_set: RuleSet) -> Standing:
    """How much of a rule set is at work, and how much of it was taken away."""
    every: list[_Either] = [*rule_set.rules, *rule_set.correlations]
    levels = {source.id: source.document.data.get("level") for source in folder.sources}
    return Standing(
        alerting=sum(one.generates and not one.staged for one in every),
        off=len(folder.switched_off),
        lowered=sum(_is_lowered(one, levels.get(one.id)) for one in every),
        staged=sum(one.staged for one in every),
        exceptions=len(rule_set.exceptions),
    )


def _is_lowered(one: _Either, written: object) -> bool:
    name = str(written or "").upper()
    return name in Level.__members__ and one.level < Level[name]


def _by_id(rule_set: RuleSet) -> dict[str, _Either]:
    every: list[_Either] = [*rule_set.rules, *rule_set.correlations]
    return {one.id: one for one in every}


def _rules(count: int) -> str:
    return f"{count:,} rule" if count == 1 else f"{count:,} rules"


def _titles(rules: Sequence[_Either]) -> str:
    worst = sorted(rules, key=lambda one: (-one.level, one.title))
    named = "; ".join(f"{one_line(one.title, 60)} ({one.level})" for one in worst[:_TITLES])
    return named + (f"; and {len(rules) - _TITLES} more" if len(rules) > _TITLES else "")
