"""By what a match is compared with those that somebody has seen and acknowledged.

Texts for people leave out what tells two things apart: the account, region and path of an ARN, the service of
a call, quotes and spaces. So targets and actors are compared by what the record says in full. Each value is a
digest, so that many fit into little room. What is cut or masked equals nothing, not even itself.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Protocol

from trailwarden.safety.text import ELLIPSIS, MASK

KINDS = ("target", "actor", "account", "address", "action", "deed")
"""What is compared, the most telling first: what was acted on, by whom, in which account, from where, by
which call that ended how, and that call on that target."""
INCOMPARABLE = "?"
"""The `objects` or `principal` of a record that does not show them in full."""
KEYS_AT_MOST = 200
"""How many keys of a kind are kept: more than an acknowledgement has room for."""
DIGEST_BYTES = 12
"""Nobody finds an address with the digest of another, and there are trillions to choose from."""
_OUTCOMES = ("denied", "failed", "failed inside AWS", "dry run")

Keys = Mapping[str, tuple[str, ...]]
"""Digests by kind."""


class Characterised(Protocol):
    """A match, as far as it is compared with others: `alerts.model.AlertMatch`."""

    @property
    def origin(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def wording(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def region(self) -> str: ...
    @property
    def principal(self) -> str: ...
    @property
    def objects(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Character:
    """The character of a match without the match: the fields of `alerts.model.AlertMatch`."""

    origin: str = ""
    action: str = ""
    target: str = ""
    account: str = ""
    outcome: str = ""
    wording: str = ""
    service: str = ""
    region: str = ""
    principal: str = ""
    objects: str = ""


def digest(text: str) -> str:
    """16 characters."""
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(made).decode()


class KeyTally:
    """The keys of matches as they come, up to a bound for each kind."""

    def __init__(self) -> None:
        self._texts: dict[str, dict[str, None]] = {kind: {} for kind in KINDS}

    def take(self, one: Characterised) -> None:
        for kind, text in _compared(one, one.outcome):
            kept = self._texts[kind]
            if text is not None and len(kept) < KEYS_AT_MOST:
                kept[text] = None

    def made(self) -> Keys:
        return {kind: tuple(map(digest, texts)) for kind, texts in self._texts.items() if texts}


def keys_of(matches: Iterable[Characterised]) -> Keys:
    """The keys of some matches."""
    tally = KeyTally()
    for match in matches:
        tally.take(match)
    return tally.made()


def together(keys: Iterable[Keys]) -> dict[str, tuple[str, ...]]:
    """All keys, each once."""
    found: dict[str, dict[str, None]] = {}
    for each in keys:
        for kind, digests in each.items():
            found.setdefault(kind, {}).update(dict.fromkeys(digests))
    return {kind: tuple(digests) for kind, digests in found.items()}


def same_target(one: Characterised, other: Characterised) -> bool:
    """Whether two matches act on the same, and the records show on what."""
    shown = bool(one.target) and one.objects != INCOMPARABLE and _is_whole(one.target, one.objects)
    return shown and (_object(one), one.region) == (_object(other), other.region)


def news_of(match: Characterised, known: Mapping[str, Set[str]]) -> Iterator[tuple[str, str]]:
    """What a match shows that is not among the known keys: the kind, and what to call it. A call that
    succeeded also covers that it fails, never the other way round."""
    new = {
        kind
        for (kind, text), (_, done) in zip(_compared(match, match.outcome), _compared(match, ""), strict=True)
        if kind in known and (text is None or known[kind].isdisjoint((digest(text), digest(done or ""))))
    }
    if "target" in new and match.target:
        yield "target", match.target
    for kind, shown in (("actor", match.principal), ("account", match.account), ("address", match.origin)):
        if kind in new:
            yield kind, shown
    if "action" in new:
        yield "action", f"{match.action}{_ended(match, known)}"
    elif "target" in new and not match.target:
        yield "action", f"{match.action} without a target"
    elif "deed" in new and "target" not in new:
        yield "action", f"{match.action} on {match.target}" if match.target else match.action


def _ended(match: Characterised, known: Mapping[str, Set[str]]) -> str:
    """What is new of a call that is known, but ended otherwise."""
    before = {
        digest(text) for end in _OUTCOMES for kind, text in _compared(match, end) if kind == "action" and text
    }
    if known["action"].isdisjoint(before):
        return ""
    return f", now {match.outcome}" if match.outcome else ", which had not succeeded"


def _compared(one: Characterised, outcome: str) -> Iterator[tuple[str, str | None]]:
    """What is compared of a match, by kind; None cannot be compared. What nobody looked at is left out."""
    if one.principal:
        yield "actor", None if one.principal == INCOMPARABLE else _whole(one.principal)
    if one.account:
        yield "account", _whole(one.account)
    if one.origin:
        yield "address", _whole(one.origin)
    call = _whole(f"{one.service}\0{one.action}\0{outcome}")
    if one.action:
        yield "action", call
    if one.action or one.target:
        where = f"{one.region}\0{_object(one)}"
        shown = one.objects != INCOMPARABLE and _is_whole(one.target, one.objects)
        yield "target", where if shown else None
        yield "deed", f"{call}\0{where}" if shown and call is not None else None


def _object(one: Characterised) -> str:
    return one.objects or f"text {one.target}"


def _is_whole(target: str, objects: str) -> bool:
    """Whether the text says all, if nothing else does."""
    return bool(objects) or _whole(target) is not None


def _whole(text: str) -> str | None:
    return None if ELLIPSIS in text or MASK in text else text
