"""What is other in one publication than in the one before, in lines for people."""

from collections.abc import Iterator, Mapping, Sequence, Set

from msgspec.structs import replace

from trailwarden.publishing.archive import Files
from trailwarden.rules.ruleset import Correlation, Rule, RuleSet
from trailwarden.safety.text import one_line
from trailwarden.state.rule_sets import LiveException

_LINE = 300
_FILES_NAMED = 20
_RULES_NAMED = 3
_SHOWN = ("title", "level", "status", "type", "timespan")
_WORDS = {
    "detection": "condition",
    "filters": "exceptions",
    "group_by": "grouping",
    "alert_title": "alert title",
    "bounds": "bounds",
    "rules": "the rules it is built on",
    "falsepositives": "false positives",
}


def rule_changes(before: RuleSet | None, after: RuleSet, only: Set[str] | None = None) -> list[str]:
    """Rules and correlations that came, went or are other, by title; `only` those of these ids. Those that
    differ by exceptions alone are one line: an exception for all rules would bury the others."""
    old, new = _by_id(before, only), _by_id(after, only)
    changed = [one for one in new if one in old and old[one] != new[one]]
    by_exceptions = [one for one in changed if _own(old[one]) == _own(new[one])]
    lines = [f"added: {_named(new[one])}" for one in new if one not in old]
    lines += [f"removed: {_named(old[one])}" for one in old if one not in new]
    lines += [
        f"changed: {_named(new[one])}: {_differences(old[one], new[one], after)}"
        for one in changed
        if one not in by_exceptions
    ]
    if by_exceptions:
        titles = ", ".join(repr(one_line(new[one].title, 120)) for one in by_exceptions[:_RULES_NAMED])
        more = f" and {len(by_exceptions) - _RULES_NAMED:,} more" if len(by_exceptions) > _RULES_NAMED else ""
        lines.append(f"changed by exceptions alone: {titles}{more}")
    return [one_line(line, _LINE) for line in lines]


def status_changes(before: RuleSet | None, after: RuleSet) -> dict[str, str]:
    """The status of each rule and correlation whose status is other now, by id."""
    old = _by_id(before)
    return {
        one: rule.status
        for one, rule in _by_id(after).items()
        if one in old and old[one].status != rule.status
    }


def exception_changes(
    before: Mapping[str, LiveException], after: Mapping[str, LiveException], expired: Mapping[str, str]
) -> list[str]:
    """Exceptions that came, ended or were moved; `expired` gives the last day of those that are over."""
    lines = []
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old is None and new is not None:
            lines.append(
                f"exception added: {new.title} (owner {new.owner or 'unknown'}, until {new.expires})"
            )
        elif old is not None and new is None:
            why = f"expired on {expired[key]}" if key in expired else "removed"
            lines.append(f"exception {why}: {old.title} (owner {old.owner or 'unknown'})")
        elif old is not None and new is not None and old.expires != new.expires:
            lines.append(f"exception holds until {new.expires} (was {old.expires}): {new.title}")
    return [one_line(line, _LINE) for line in lines]


def override_changes(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Overrides that came or went."""
    return [
        *(f"override added: {line}" for line in after if line not in before),
        *(f"override removed: {line}" for line in before if line not in after),
    ]


def file_changes(before: Files, after: Files) -> list[str]:
    """The team's files that came, went or are other: all in one line, for they say little by themselves."""
    names = [*(f"+{path}" for path in after if path not in before)]
    names += [f"-{path}" for path in before if path not in after]
    names += [f"~{path}" for path in after if path in before and before[path] != after[path]]
    if not names:
        return []
    more = f" and {len(names) - _FILES_NAMED} more" if len(names) > _FILES_NAMED else ""
    named = ", ".join(one_line(name, 100) for name in sorted(names, key=lambda name: name[1:])[:_FILES_NAMED])
    return [f"files: {named}{more}"]


def _by_id(rule_set: RuleSet | None, only: Set[str] | None = None) -> dict[str, Rule | Correlation]:
    if rule_set is None:
        return {}
    every: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    return {one.id: one for one in every if only is None or one.id in only}


def _own(one: Rule | Correlation) -> Rule | Correlation:
    """A rule without the exceptions at the end of its condition."""
    if isinstance(one, Correlation) or not one.filters:
        return one
    own = one.detection[1 : -len(one.filters)]
    return replace(one, filters=(), detection=own[0] if len(own) == 1 else ["and", *own])


def _named(one: Rule | Correlation) -> str:
    kind = "rule" if isinstance(one, Rule) else "correlation"
    status = f", {one.status}" if one.status else ""
    return f"{kind} {one_line(one.title, 120)!r} ({one.level}{status}) {one.id}"


def _differences(old: Rule | Correlation, new: Rule | Correlation, after: RuleSet) -> str:
    if type(old) is not type(new):
        return "rule and correlation changed places"
    return ", ".join(_difference(old, new, after))


def _difference(old: Rule | Correlation, new: Rule | Correlation, after: RuleSet) -> Iterator[str]:
    for name in new.__struct_fields__:
        before, now = getattr(old, name), getattr(new, name)
        if before == now:
            continue
        if name == "generates":
            yield "sends alerts of its own again" if now else _silenced_by(new, after)
            continue
        word = _WORDS.get(name, name.replace("_", " "))
        yield f"{word} {before or 'none'} → {now or 'none'}" if name in _SHOWN else word


def _silenced_by(rule: Rule | Correlation, after: RuleSet) -> str:
    """That a rule sends no alerts any more, and because of which correlations."""
    above = [one for one in after.correlations if rule.id in one.rules and not one.staged]
    titles = " and ".join(repr(one_line(one.title, 80)) for one in above[:_RULES_NAMED])
    more = f" and {len(above) - _RULES_NAMED:,} more" if len(above) > _RULES_NAMED else ""
    return f"sends no alerts any more, only counted for the correlation {titles}{more}"
