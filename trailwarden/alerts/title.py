"""The title of an alert: a sentence made from the record's fields."""

import re

from trailwarden.alerts.fields import account, actor, field_text, region
from trailwarden.alerts.text import UNKNOWN, one_line
from trailwarden.delivery.records import Record
from trailwarden.rules.ruleset import Rule

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_VALUE_LIMIT = 80
_TITLE_LIMIT = 300


def alert_title(rule: Rule, record: Record) -> str:
    """The rule's sentence with `{field}` or `{field|other}` filled in; a rule without one says who, where.

    Values are put in once and never read as templates again, so a record cannot plant a placeholder.
    """
    if not rule.alert_title:
        return one_line(
            f"{rule.title}: {actor(record)} in account {account(record)}, {region(record)}", _TITLE_LIMIT
        )
    sentence = _PLACEHOLDER.sub(lambda found: _first_known(record, found.group(1)), rule.alert_title)
    return one_line(sentence, _TITLE_LIMIT)


def _first_known(record: Record, names: str) -> str:
    """The value of the first of the fields, separated by `|`, that the record has; else `unknown`."""
    texts = (field_text(record, name.strip(), _VALUE_LIMIT) for name in names.split("|"))
    return next((text for text in texts if text != UNKNOWN), UNKNOWN)
