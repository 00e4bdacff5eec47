"""The sentence of a rule, of a call that did not succeed: `{actor} stopped the trail {name}` becomes
`{actor} tried to stop the trail {name}: denied`.

It is the template that is changed, before values are put in: no value is taken for a verb, and none can keep
a sentence from saying how the call ended.
"""

import re

from trailwarden.activity.actions import action_of, outcome_of
from trailwarden.activity.kinds import Outcome
from trailwarden.activity.wording import INFINITIVES
from trailwarden.delivery.records import Record

DENIED, FAILED, FAILED_INSIDE, DRY_RUN = "denied", "failed", "failed inside AWS", "dry run"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_SUBJECT = re.compile(
    r"(\{actor\}|Someone|Somebody|The root user(?: of account \{account\})?) (\{action\}|\w+)"
)
_ANOTHER_VERB = re.compile(r"(?:(?<= and )|(?<= or )|(?<=, ))\w+")
_ENDS_IN_AN_OUTCOME = re.compile(
    r"\{[^{}]*\b(?:outcome|errorCode|errorMessage|sentence)\b[^{}]*\}"
    r"|(?i:\b(?:denied|den(?:y|ies|ial)|refus(?:ed|als?)|reject(?:ed|ions?)|fail(?:ed|s|ing|ures?)?|errors?|tr(?:y|ied|ies)"
    r"|attempt(?:ed|s)?|guess(?:ed|es)?|could not|unsuccessful(?:ly)?|without success)\b)"
)


def outcome_word(record: Record) -> str:
    """How a call ended that did not succeed; empty if it did."""
    outcome, _ = outcome_of(record)
    if outcome is Outcome.DONE:
        return ""
    action = action_of(record)
    if action.dry_run:
        return DRY_RUN
    if outcome is Outcome.DENIED:
        return DENIED
    return FAILED_INSIDE if action.unsure else FAILED


def attempted(template: str, outcome: str) -> str:
    """The template of a sentence, as that of an attempt that ended so; as it is, if it says so itself."""
    if not outcome or _ENDS_IN_AN_OUTCOME.search(template):
        return template
    found = _SUBJECT.match(template)
    verb = found[2] if found else ""
    infinitive = "{action.infinitive}" if verb == "{action}" else INFINITIVES.get(verb)
    if found is None or infinitive is None:
        return f"Attempt ({outcome}): {template}"
    rest = _ANOTHER_VERB.sub(lambda other: INFINITIVES.get(other[0], other[0]), template[found.end() :])
    return f"{found[1]} tried to {infinitive}{rest}: {outcome}"
