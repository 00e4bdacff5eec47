"""What an acknowledged group is known by, in a few thousand bytes: the state is written at every move.

Origins and actions are kept as digests, as many as there is room for. One that was left out counts as new:
the next match that shows it ends the acknowledgement and is sent, so nothing is kept quiet for want of room.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import replace

import msgspec

from trailwarden.alerts.group_state import Acknowledgement, GroupState
from trailwarden.alerts.model import AlertMatch
from trailwarden.safety.text import ELLIPSIS

BYTES_AT_MOST = 4000
"""How large an acknowledgement may be in a state, with the names and the note of whoever gave it."""
_DIGEST_BYTES = (
    12  # nobody finds an address with the digest of another, and there are trillions to choose from
)
_DIGEST_LENGTH = _DIGEST_BYTES * 4 // 3
_IN_JSON = _DIGEST_LENGTH + len('"",')
_NAMED_AT_MOST = 10

_encode = msgspec.json.Encoder().encode


def changes_of(known: Acknowledgement, matches: Iterable[AlertMatch]) -> tuple[str, ...]:
    """What is new about the matches to whoever acknowledged the group, the most telling first."""
    origins, actions = set[str](), set[str]()
    for match in matches:
        origins.add(match.origin)
        actions.add(match.action)
    found = [
        *(f"address {one}" for one in _new(origins, known.origins)),
        *(f"action {one}" for one in _new(actions, known.actions)),
    ]
    return tuple(found[:_NAMED_AT_MOST])


def _new(texts: set[str], known: tuple[str, ...]) -> list[str]:
    covered = set(known)
    return sorted(text for text in texts if text and not _covers(covered, text))


def _covers(known: set[str], text: str) -> bool:
    if text.endswith(ELLIPSIS):
        return False  # it was cut, and another may begin like it
    return text in known or _digest(text) in known


def acknowledge(state: GroupState, known: Acknowledgement) -> GroupState:
    """The group, quiet until it changes character. What it was known by already stays; who was first stays
    too, unless there is more to say now: another note, or an origin or action that was not known."""
    before = _short(state.acknowledged)
    origins, actions, note = _digests(known.origins), _digests(known.actions), known.note
    if before is not None:
        origins, actions = _together(before.origins, origins), _together(before.actions, actions)
        note = note or before.note
    bounded = _bounded(replace(known, note=note), origins, actions)
    if before is not None and replace(bounded, by=before.by, at=before.at) == before:
        return replace(state, acknowledged=before)
    return replace(state, acknowledged=bounded)


def _bounded(known: Acknowledgement, origins: tuple[str, ...], actions: tuple[str, ...]) -> Acknowledgement:
    """With as many of both as there is room for: half of it for actions, if there are so many."""
    room = max(0, BYTES_AT_MOST - len(_encode(replace(known, origins=(), actions=())))) // _IN_JSON
    actions = actions[: max(room // 2, room - len(origins))]
    return replace(known, origins=origins[: room - len(actions)], actions=actions)


def _short(known: Acknowledgement | None) -> Acknowledgement | None:
    """An acknowledgement as it is kept by now: in states of old are texts."""
    if known is None:
        return None
    origins, actions = _digests(known.origins, kept=True), _digests(known.actions, kept=True)
    return replace(known, origins=origins, actions=actions)


def _digests(texts: Iterable[str], *, kept: bool = False) -> tuple[str, ...]:
    return tuple(text if kept and len(text) == _DIGEST_LENGTH else _digest(text) for text in texts)


def _digest(text: str) -> str:
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(made).decode()


def _together(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    known = set(before)
    return (*before, *(each for each in now if each not in known))
