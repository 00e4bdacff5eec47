"""What a publication takes away from what people hear: for operations, whoever wrote it."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from trailwarden.checking.traffic import share_matched, some_of
from trailwarden.rules.load import RuleFolder
from trailwarden.rules.ruleset import Correlation, Level, Rule, RuleSet
from trailwarden.safety.text import one_line
from trailwarden.state.rule_sets import LiveException, Standing

_LINE = 300
_TITLES = 20
_CROWD = 10
"""From how many rules on that alert at high or critical for the first time operations is notified: all alerts
share a budget of messages, and those go out first."""
_MUCH = 10
"""Per cent of the shipped rules' own records; no rule is about a tenth of what all the others are about."""
_FEW = 100
_SOME = 500  # records: ten thousand rules may be new
_EVERY_EVENT = frozenset({"eventID", "requestID", "eventTime", "sharedEventID"})
_Either = Rule | Correlation


def silenced(
    before: RuleSet,
    after: RuleSet,
    known: Mapping[str, LiveException],
    exceptions: Mapping[str, LiveException],
    off: Collection[str] = (),
) -> tuple[str, ...]:
    """What alerts no longer, or less than before: a line for each way, with how many rules and which. New
    exceptions come first, those that hide the most before the others. `off` are the ids of the rules that
    overrides switch off."""
    old, new = _by_id(before), _by_id(after)
    both = [(old[one], new[one]) for one in old if one in new]
    gone = [old[one] for one in old if one not in new]
    found: dict[str, list[_Either]] = {
        "switched off": [one for one in gone if one.id in off],
        "no longer there": [one for one in gone if one.id not in off],
        "on trial now, told to nobody": [b for a, b in both if b.staged and not a.staged],
        "only counted for correlations now": [b for a, b in both if a.generates and not b.generates],
        "at a lower level": [b for a, b in both if b.level < a.level],
        "under changed exceptions": [b for a, b in both if _is_filtered_otherwise(a, b, known)],
        "quiet for longer, or grouped otherwise": [b for a, b in both if _is_told_less(a, b)],
    }
    urgent = [new[one] for one in new if _is_urgent(new[one]) and not (one in old and _is_urgent(old[one]))]
    if len(urgent) >= _CROWD:
        found["new at high or critical, which may use up the budget of messages"] = urgent
    lines = [*_exceptions(after, known, exceptions)]
    lines += [f"{_rules(len(rules))} {way}: {_titles(rules)}" for way, rules in found.items() if rules]
    return tuple(one_line(line, _LINE * 4) for line in lines)


def loud(before: RuleSet, after: RuleSet, records: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Rules that are new, or otherwise than before, and match much of what the shipped rules are about
    (`records`), or have a group for every event: one at high or critical would alone use up the budget of
    messages, and the others, those on trial too, are stored event by event all the same."""
    old = {one.id: one for one in before.rules}
    new = [one for one in after.rules if not one.protected]
    new = [one for one in new if one.id not in old or not _is_as_loud(old[one.id], one)]
    some = some_of(records, _SOME)
    found = {
        f"that match {_MUCH} % or more of what the shipped rules must match": [
            one for one in new if len(some) >= _FEW and share_matched(one.detection, some) * 100 >= _MUCH
        ],
        "with a group for every event": [
            one for one in new if one.generates and _EVERY_EVENT.intersection(one.group_by)
        ],
    }
    lines = [f"{_rules(len(rules))} {way}: {_titles(rules)}" for way, rules in found.items() if rules]
    return tuple(one_line(line, _LINE * 4) for line in lines)


def _is_as_loud(old: Rule, new: Rule) -> bool:
    same = (old.detection, old.group_by) == (new.detection, new.group_by)
    return same and (_is_urgent(old) or not _is_urgent(new))


def _is_filtered_otherwise(old: _Either, new: _Either, known: Collection[str]) -> bool:
    """Whether an exception that was known before hides otherwise, or is the rule's now; one that only went is
    no loss, and one that is new has a line of its own."""
    if not (isinstance(old, Rule) and isinstance(new, Rule)) or not new.filters:
        return False
    parts = dict(zip(old.filters, old.detection[-len(old.filters) :], strict=True)) if old.filters else {}
    now = zip(new.filters, new.detection[-len(new.filters) :], strict=True)
    return any(name in known and parts.get(name) != part for name, part in now)


def _is_urgent(rule: _Either) -> bool:
    return rule.generates and not rule.staged and rule.level >= Level.HIGH


def _is_told_less(old: _Either, new: _Either) -> bool:
    return new.quiet > old.quiet or (isinstance(new, Rule) and old.group_by != new.group_by)


def _exceptions(
    rule_set: RuleSet, known: Mapping[str, LiveException], now: Mapping[str, LiveException]
) -> Iterator[str]:
    hides = Counter(name for rule in rule_set.rules for name in rule.filters)
    for key, each in sorted(now.items(), key=lambda item: (-hides[item[0]], item[0])):
        owner = f"owner {each.owner or 'unknown'}"
        title = one_line(each.title, 120)
        of = f"{hides[key]:,} of {_rules(len(rule_set.rules))} (correlations not counted)"
        if key not in known:
            yield f"a new exception hides matches of {of}: {title} ({owner}, until {each.expires})"
        elif each.expires > known[key].expires:
            until = f"until {each.expires}, was {known[key].expires}"
            yield f"an exception of {of} holds longer: {title} ({owner}, {until})"


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
