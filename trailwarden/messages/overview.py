"""What is true of all events that a message counts: the rule, what its group says, the first of the different
targets, actions and addresses, and how many there are.

Texts here may hold what an attacker chose, on one line each: whoever shows them to people says them by
`text.harmless`, or defangs the whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trailwarden.activity.fields import shown_value
from trailwarden.alerts.variety import Values, Variety
from trailwarden.safety.text import shorten, visible

_IN_SENTENCE = 3
_NAME_LIMIT = 60
LISTED_LIMIT = 160
_TEXT_LIMIT = 200
_SAID_ELSEWHERE = frozenset({"actor", "account", "origin", "region"})


def of_all(rule_title: str, group: Mapping[str, str], variety: Variety, actor: str = "") -> str:
    """`Access Key Created For Another User by user mallory, on user alice, user bob, user carol and 13 more`.

    `actor` is how the group's actor is called, if it is better known than the group has it.
    """
    said = rule_title
    if "actor" in group:
        said += f" by {actor or shown_value('actor', group['actor'])}"
    if "origin" in group:
        said += f" from {shown_value('origin', group['origin'])}"
    others = [
        f"{visible(name, _NAME_LIMIT)} {shown_value(name, text)}"
        for name, text in group.items()
        if name not in _SAID_ELSEWHERE
    ]
    said += f" with {', '.join(others)}" if others else ""
    if variety.targets.first:
        said += f", on {named(variety.targets, targets=True)}"
    if variety.actions.number > 1:
        said += f" ({named(variety.actions)})"
    if variety.addresses.number > 1 and "origin" not in group:
        said += f", from {named(variety.addresses)}"
    return said


def all_failed(variety: Variety | None, count: int) -> str:
    """`denied`, `failed` or `denied or failed`, where that holds of all events; else nothing."""
    if variety is None or not count or variety.denied + variety.failed < count:
        return ""
    if not variety.failed:
        return "denied"
    return "denied or failed" if variety.denied else "failed"


def some_failed(variety: Variety | None, count: int) -> str:
    """`30 of 1,204 denied`, where that holds of some events; else nothing."""
    if variety is None:
        return ""
    number = variety.denied + variety.failed
    if not number or number >= count:
        return ""
    least = "" if variety.whole else "at least "
    how = (
        "denied or failed" if variety.denied and variety.failed else "denied" if variety.denied else "failed"
    )
    return f"{least}{number:,} of {count:,} {how}"


def named(values: Values, most: int = _IN_SENTENCE, *, targets: bool = False) -> str:
    """`user alice, user bob and 14 more`: the first of them in a sentence. What a record says in several
    words stands in quotes; of a target, the name (`activity.targets.acted_on`)."""
    first = [shorten(_quoted(text, as_it_is=targets), _NAME_LIMIT) for text in values.first[:most]]
    left = left_out(values, len(first))
    return together([*first, left] if left else first)


def _quoted(text: str, *, as_it_is: bool) -> str:
    return visible(text, LISTED_LIMIT) if as_it_is else shown_value("", text)


def left_out(values: Values, shown: int) -> str:
    """`14 more`, `at least 990 more`, `perhaps others`; empty if all are shown."""
    more = values.number - shown
    if values.at_least:
        return f"at least {more:,} more" if more > 0 else "perhaps others"
    return f"{more:,} more" if more > 0 else ""


def together(texts: Sequence[str]) -> str:
    """`a, b and c`."""
    *before, last = texts or [""]
    return f"{', '.join(before)} and {last}" if before else last


def overview_json(variety: Variety | None) -> dict[str, Any] | None:
    """The same for machines; None where nobody looked."""
    if variety is None:
        return None
    lists = ("targets", "addresses", "actions", "accounts")
    return {
        **{name: _values_json(getattr(variety, name)) for name in lists},
        "denied": variety.denied,
        "failed": variety.failed,
        "whole": variety.whole,
    }


def _values_json(values: Values) -> dict[str, Any]:
    first = [shorten(text, _TEXT_LIMIT) for text in values.first]
    return {"first": first, "count": values.number, "count_is_at_least": values.at_least}
