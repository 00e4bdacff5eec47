"""What an acknowledged group is known by, in a few thousand bytes: the state is written at every move.

Origins, actions, targets and accounts are kept as digests, as many as there is room for. One that was left
out counts as new: the next match that shows it ends the acknowledgement and is sent, so nothing is kept quiet
for want of room. It ends by itself as well.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from trailwarden.alerts.group_state import Acknowledgement, GroupState, Scope
from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.alerts.placement import seconds_of
from trailwarden.rules.ruleset import Level
from trailwarden.safety.text import ELLIPSIS, MASK, UNKNOWN

LONGEST = 30 * 86_400
"""How many seconds an acknowledgement lasts at most."""
BYTES_AT_MOST = 4000
"""How large an acknowledgement may be in a state, with the names and the note of whoever gave it."""
_DIGEST_BYTES = (
    12  # nobody finds an address with the digest of another, and there are trillions to choose from
)
_DIGEST_LENGTH = _DIGEST_BYTES * 4 // 3
_IN_JSON = _DIGEST_LENGTH + len('"",')
_NAMED_AT_MOST = 10
_LISTS = ("origins", "actions", "targets", "accounts")
_THE_SAME_END = 3600
"""Who acknowledges again within so many seconds, for as long, says nothing new."""

_encode = msgspec.json.Encoder().encode


def quiet_at(state: GroupState, now: int) -> bool:
    """Whether the group is acknowledged at a moment (seconds since 1970)."""
    return state.acknowledged is not None and now < ends_at(state.acknowledged)


def ends_at(known: Acknowledgement) -> int:
    """When it ends, in seconds since 1970; one that does not say when it was given is over."""
    try:
        latest = seconds_of(known.at) + LONGEST
        return min(latest, seconds_of(known.until)) if known.until else latest
    except ValueError:
        return 0


def changes_of(known: Acknowledgement, matches: Iterable[AlertMatch], alert: Alert) -> tuple[str, ...]:
    """What is new about the matches to those who acknowledged the group, the most telling first; `alert` is
    the alert as these matches make it."""
    found: dict[str, set[str]] = {"target": set(), "account": set(), "address": set(), "action": set()}
    for match in matches:
        found["target"].add(match.target)
        found["account"].add(match.account)
        found["address"].add(match.origin)
        found["action"].add(match.action)
    if known.scope is Scope.ANY and not alert.protected:
        found["target"].clear()
    covered = {
        "target": known.targets,
        "account": known.accounts,
        "address": known.origins,
        "action": known.actions,
    }
    worse = [f"level {alert.level}"] if _rank(alert.level) > _rank(known.level or alert.level) else []
    new = [f"{kind} {one}" for kind, texts in found.items() for one in _new(texts, covered[kind])]
    return tuple([*worse, *new][:_NAMED_AT_MOST])


def _rank(level: str) -> int:
    """How bad a level is; one that is none is the worst."""
    return Level.__members__.get(level.upper(), Level.CRITICAL)


def _new(texts: set[str], known: tuple[str, ...]) -> list[str]:
    covered = set(known)
    return sorted(text for text in texts if text not in {"", UNKNOWN} and not _covers(covered, text))


def _covers(known: set[str], text: str) -> bool:
    if ELLIPSIS in text or MASK in text:
        return False  # a part was cut or masked, and another may read the same
    return text in known or _digest(text) in known


def acknowledge(state: GroupState, known: Acknowledgement) -> GroupState:
    """The group, quiet until it changes character. What it was known by already stays, but for the targets of
    another scope; who was first stays too, unless there is more to say now: another note, scope or end, or
    something that was not known."""
    before = _short(state.acknowledged)
    if before is not None and not _goes_on(before, known):
        before = None
    lists = {name: _digests(getattr(known, name)) for name in _LISTS}
    note = known.note
    if before is not None:
        kept = [name for name in _LISTS if name != "targets" or known.scope is not Scope.THIS]
        lists |= {name: _together(getattr(before, name), lists[name]) for name in kept}
        note = note or before.note
        levels = [level for level in (before.level, known.level) if level]
        known = replace(known, level=max(levels, key=_rank, default=""))
        if abs(ends_at(known) - ends_at(before)) <= _THE_SAME_END:
            known = replace(known, until=before.until)
    bounded = _bounded(replace(known, note=note), lists)
    if before is not None and replace(bounded, by=before.by, at=before.at) == before:
        return replace(state, acknowledged=before)
    return replace(state, acknowledged=bounded)


def _goes_on(before: Acknowledgement, known: Acknowledgement) -> bool:
    """Whether an acknowledgement still holds when another is given."""
    try:
        return seconds_of(known.at) < ends_at(before)
    except ValueError:
        return False


def _bounded(known: Acknowledgement, lists: Mapping[str, tuple[str, ...]]) -> Acknowledgement:
    """With as many of each list as there is room for: an equal part, and what the shorter ones leave."""
    empty = _with(known, dict.fromkeys(_LISTS, ()))
    left = max(0, BYTES_AT_MOST - len(_encode(empty))) // _IN_JSON
    kept: dict[str, tuple[str, ...]] = {}
    for number, name in enumerate(sorted(_LISTS, key=lambda one: len(lists[one]))):
        kept[name] = lists[name][: left // (len(_LISTS) - number)]
        left -= len(kept[name])
    return _with(known, kept)


def _short(known: Acknowledgement | None) -> Acknowledgement | None:
    """An acknowledgement as it is kept by now: in states of old are texts."""
    if known is None:
        return None
    return _with(known, {name: _digests(getattr(known, name), kept=True) for name in _LISTS})


def _with(known: Acknowledgement, lists: Mapping[str, tuple[str, ...]]) -> Acknowledgement:
    return replace(
        known,
        origins=lists["origins"],
        actions=lists["actions"],
        targets=lists["targets"],
        accounts=lists["accounts"],
    )


def _digests(texts: Iterable[str], *, kept: bool = False) -> tuple[str, ...]:
    return tuple(text if kept and len(text) == _DIGEST_LENGTH else _digest(text) for text in texts)


def _digest(text: str) -> str:
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(made).decode()


def _together(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    known = set(before)
    return (*before, *(each for each in now if each not in known))
