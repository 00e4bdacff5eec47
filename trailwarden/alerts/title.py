"""The title of an alert: a sentence made from the record's fields."""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from trailwarden.activity.fields import shown_value
from trailwarden.alerts.attempts import attempted
from trailwarden.alerts.fields import account, actor, field_text, region, safe_view
from trailwarden.delivery.records import Record
from trailwarden.rules.ruleset import Correlation, Rule
from trailwarden.safety.text import UNKNOWN, one_line, shorten, visible

ACTOR = "actor"
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_VALUE_LIMIT = 80
_WORDING_BYTES = 6
_TITLE_LIMIT = 300
_ACTORS_NAMED = 3


def alert_title(  # noqa: PLR0913 (what a sentence is made of)
    rule: Rule | Correlation,
    record: Record,
    group: dict[str, str] | None = None,
    count: int = 1,
    outcome: str = "",
    *,
    actors: Sequence[str] = (),
) -> str:
    """The rule's sentence with `{field}` or `{field|other}` filled in; a rule without one says who, where.
    `outcome` is how what did not succeed ended (`attempts.outcome_word`): it is told as an attempt.

    In a correlation's sentence the names of its `group-by` mean the group's values, `{count}` the number of
    its events, and `{actor}` the `actors` of all of them, if these are given. Values are put in once and
    never read as templates again, so a record cannot plant a placeholder.
    """
    if isinstance(rule, Correlation):
        by = {ACTOR: _named(actors)} if actors else {}
        known = {**by, **(group or {}), "count": f"{count:,}"}
        if not rule.alert_title or (len(actors) > 1 and _says_more(rule)):
            named = ", ".join(f"{name} {shown_value(name, text)}" for name, text in (group or {}).items())
            events = f"{count:,} event{'' if count == 1 else 's'}"
            ending = f", {outcome}" if outcome else ""
            who = f" by {visible(by[ACTOR])}" if by else ""
            return one_line(f"{rule.title}: {events}{who} of {named}{ending}", _TITLE_LIMIT)
    elif rule.alert_title:
        known = {}
    else:
        rule_title = attempted(rule.title, outcome)
        return one_line(
            f"{rule_title}: {visible(actor(record))} in account {account(record)}, {region(record)}",
            _TITLE_LIMIT,
        )
    template = attempted(rule.alert_title, outcome)
    sentence = _PLACEHOLDER.sub(lambda found: _first_known(record, found.group(1), known), template)
    ending = f": {outcome}"
    if outcome and template.endswith(ending):  # however long the values are, that is said
        sentence = one_line(sentence.removesuffix(ending), _TITLE_LIMIT - len(ending)) + ending
    return one_line(sentence, _TITLE_LIMIT)


def names_actor(correlation: Correlation) -> bool:
    """Whether a correlation's sentence names who acted, and its group may have several of these."""
    title = correlation.alert_title
    return bool(title) and ACTOR in _varying(title, frozenset(correlation.group_by))


def _says_more(correlation: Correlation) -> bool:
    """Whether a correlation's sentence says more of one record than who acted: of several actors, that may
    not be true of each."""
    return bool({*_varying(correlation.alert_title, frozenset({*correlation.group_by, "count"}))} - {ACTOR})


def _named(actors: Sequence[str]) -> str:
    """`user alice, user bob and 3 more`."""
    shown = [shorten(each or "somebody unknown", _VALUE_LIMIT) for each in actors[:_ACTORS_NAMED]]
    if len(actors) > _ACTORS_NAMED:
        shown.append(f"{len(actors) - _ACTORS_NAMED:,} more")
    *before, last = shown
    return f"{', '.join(before)} and {last}" if before else last


def wording(rule: Rule, record: Record, group: Iterable[str], outcome: str) -> str:
    """A digest of what the rule's sentence says of the record, but for what the fields of its `group` say:
    matches of a group that have the same are told by the same sentence. It is of what the masked record
    shows: a short secret could be guessed from its digest."""
    names = sentence_fields(rule, group)
    shown = safe_view(record, names)
    texts = "\0".join([outcome, *(field_text(shown, name, _VALUE_LIMIT) for name in names)])
    digest = hashlib.blake2b(texts.encode("utf-8", "surrogatepass"), digest_size=_WORDING_BYTES).digest()
    return base64.urlsafe_b64encode(digest).decode()


def sentence_fields(rule: Rule, group: Iterable[str]) -> tuple[str, ...]:
    """The fields that the rule's sentence names and its group does not."""
    return _varying(rule.alert_title, frozenset(group))


@lru_cache(4096)
def _varying(template: str, group: frozenset[str]) -> tuple[str, ...]:
    """The fields that a sentence names and a group does not."""
    if not template:
        return tuple(sorted({"actor", "account", "region"} - group))
    found = (name.strip() for names in _PLACEHOLDER.findall(template) for name in names.split("|"))
    return tuple(sorted({*found} - group))


def _first_known(record: Record, names: str, known: dict[str, str]) -> str:
    """The value of the first of the fields, separated by `|`, that is known; else `unknown`."""
    texts = (
        shown_value(name, known[name] if name in known else field_text(record, name, _VALUE_LIMIT))
        for name in map(str.strip, names.split("|"))
    )
    return next((text for text in texts if text != UNKNOWN), UNKNOWN)
