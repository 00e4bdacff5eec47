"""The title of an alert: a sentence made from the record's fields."""

import re

from trailwarden.activity.fields import NORMALISED
from trailwarden.alerts.fields import account, actor, field_text, region
from trailwarden.delivery.records import Record
from trailwarden.rules.ruleset import Correlation, Rule
from trailwarden.safety.text import UNKNOWN, one_line, visible

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_VALUE_LIMIT = 80
_ACTOR_LIMIT = 140
"""A role's session has two names, of up to 64 characters each."""
_TITLE_LIMIT = 300


def alert_title(
    rule: Rule | Correlation, record: Record, group: dict[str, str] | None = None, count: int = 1
) -> str:
    """The rule's sentence with `{field}` or `{field|other}` filled in; a rule without one says who, where.

    In a correlation's sentence the names of its `group-by` mean the group's values, and `{count}` the number
    of its events. Values are put in once and never read as templates again, so a record cannot plant a
    placeholder.
    """
    if isinstance(rule, Correlation):
        known = {**(group or {}), "count": f"{count:,}"}
        if not rule.alert_title:
            named = ", ".join(f"{name} {_value(name, text)}" for name, text in (group or {}).items())
            return one_line(
                f"{rule.title}: {count:,} event{'' if count == 1 else 's'} of {named}", _TITLE_LIMIT
            )
    elif rule.alert_title:
        known = {}
    else:
        return one_line(
            f"{rule.title}: {visible(actor(record))} in account {account(record)}, {region(record)}",
            _TITLE_LIMIT,
        )
    sentence = _PLACEHOLDER.sub(lambda found: _first_known(record, found.group(1), known), rule.alert_title)
    return one_line(sentence, _TITLE_LIMIT)


def _first_known(record: Record, names: str, known: dict[str, str]) -> str:
    """The value of the first of the fields, separated by `|`, that is known; else `unknown`."""
    texts = (
        _value(name, known[name] if name in known else field_text(record, name, _VALUE_LIMIT))
        for name in map(str.strip, names.split("|"))
    )
    return next((text for text in texts if text != UNKNOWN), UNKNOWN)


def _value(name: str, text: str) -> str:
    """A field's text as a sentence may show it: no character that looks like another. What a record says in
    several words (a list of names is none) stands in quotes, or it could pass for a sentence of ours."""
    shown = visible(text, _ACTOR_LIMIT if name == "actor" else _VALUE_LIMIT)
    if name in NORMALISED or not any(len(part.split()) > 1 for part in shown.split(", ")):
        return shown
    return '"' + shown.replace('"', "'") + '"'
