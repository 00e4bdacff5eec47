"""What somebody acknowledges who has seen an alert: for which targets, for how long, and what is refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trailwarden.alerts.acknowledging import LONGEST
from trailwarden.alerts.group_state import Acknowledgement, Scope
from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.alerts.placement import time_of
from trailwarden.errors import TrailwardenError
from trailwarden.safety.text import ELLIPSIS


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


def acknowledgement_of(
    alert: Alert, matches: Sequence[AlertMatch], who: Who, terms: Terms, *, now: int
) -> Acknowledgement:
    """What somebody acknowledges who has seen these matches of the alert. Raises `AnswerRefusedError`."""
    why = why_refused(alert, terms)
    targets = sorted({match.target for match in matches if match.target})
    if not why and terms.targets is Scope.THIS:
        targets = [target] if (target := this_target(alert, matches)) else []
        if not targets:
            why = "the alert does not say which one thing was acted on; leave out --this-target"
    if why:
        raise AnswerRefusedError(why)
    return Acknowledgement(
        by=who.name,
        at=time_of(now),
        note=who.note,
        origins=_different(match.origin for match in matches),
        actions=_different(match.action for match in matches),
        targets=tuple(targets),
        accounts=_different(match.account for match in matches),
        level=alert.level,
        scope=terms.targets,
        until=time_of(now + terms.seconds),
    )


def this_target(alert: Alert, matches: Sequence[AlertMatch]) -> str:
    """What the event acted on that the alert shows; empty where that cannot be told from others."""
    shown = next((one for one in matches if one.evidence == alert.evidence), matches[0] if matches else None)
    return shown.target if shown is not None and not shown.target.endswith(ELLIPSIS) else ""


def _different(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if text}))
