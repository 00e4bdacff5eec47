"""What somebody acknowledges who has seen an alert: for which targets, for how long, and what is refused."""

from collections.abc import Sequence
from dataclasses import dataclass

from trailwarden.alerts.acknowledging import LONGEST, covering
from trailwarden.alerts.group_state import Acknowledgement, Scope
from trailwarden.alerts.likeness import Character, Keys, keys_of, same_target
from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.alerts.placement import time_of
from trailwarden.errors import TrailwardenError


@dataclass(frozen=True, slots=True)
class Terms:
    """What somebody asks for who acknowledges an alert: for which targets, and for how many seconds."""

    targets: Scope = Scope.SEEN
    seconds: int = LONGEST


DEFAULT_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Who:
    """Who acknowledges, and why."""

    name: str
    note: str = ""


class AnswerRefusedError(TrailwardenError):
    """What somebody asks for may not be done to this alert, whoever asks."""


def why_refused(alert: Alert, terms: Terms) -> str:
    """Why an alert may not be acknowledged so, with the fix; empty if it may."""
    if not 0 < terms.seconds <= LONGEST:
        return (
            f"an acknowledgement lasts {LONGEST // 86_400} days at most; ask for less, and again when it ends"
        )
    if terms.targets is Scope.ANY and alert.protected:
        return (
            f"the rule {alert.rule_title!r} is protected: it cannot be acknowledged for any target; leave out"
            " --any-target"
        )
    return ""


def acknowledgement_of(  # noqa: PLR0913 (who acknowledges what, for how long, and when)
    alert: Alert, shown: Keys, matches: Sequence[AlertMatch], who: Who, terms: Terms, *, now: int
) -> Acknowledgement:
    """What somebody acknowledges to whom messages have `shown` so much of the alert; of its `matches`, those
    that act on one target matter if it is for that alone. Raises `AnswerRefusedError`."""
    why = why_refused(alert, terms)
    kept = dict(shown)
    if not why and terms.targets is Scope.THIS:
        this = this_match(alert, matches)
        if this is None:
            why = "the alert does not say which one thing was acted on; leave out --this-target"
        else:
            there = keys_of(one.character for one in matches if same_target(one.character, this))
            for kind in ("target", "deed", "details"):
                kept[kind] = tuple(each for each in there.get(kind, ()) if each in shown.get(kind, ()))
    if why:
        raise AnswerRefusedError(why)
    known = Acknowledgement(
        by=who.name,
        at=time_of(now),
        note=who.note,
        level=alert.level,
        scope=terms.targets,
        until=time_of(now + terms.seconds),
    )
    return covering(known, kept)


def this_match(alert: Alert, matches: Sequence[AlertMatch]) -> Character | None:
    """The match that the alert shows, if it says what it acted on and that can be told from all else."""
    shown = next((one for one in matches if one.evidence == alert.evidence), matches[0] if matches else None)
    character = shown.character if shown is not None else Character()
    return character if same_target(character, character) else None
