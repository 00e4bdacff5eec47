"""The title of an alert: a sentence made from the record's fields."""

import re

from trailwarden.alerts.fields import account, actor, field_text, region
from trailwarden.alerts.text import one_line
from trailwarden.delivery.records import Record
from trailwarden.rules.ruleset import Rule

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_VALUE_LIMIT = 80
_TITLE_LIMIT = 300


def alert_title(rule: Rule, record: Record) -> str:
    """The rule's sentence with `{field}` filled in; a rule without one says who met it, and where.

    Values are put in once and never read as templates again, so a record cannot plant a placeholder.
    """
    if not rule.alert_title:
        return one_line(
            f"{rule.title}: {actor(record)} in account {account(record)}, {region(record)}", _TITLE_LIMIT
        )
    sentence = _PLACEHOLDER.sub(
        lambda found: field_text(record, found.group(1).strip(), _VALUE_LIMIT), rule.alert_title
    )
    return one_line(sentence, _TITLE_LIMIT)
