"""By what a match is compared with those that somebody has seen and acknowledged.

Texts for people leave out what tells two things apart: the account, region and path of an ARN, the service of
a call, quotes and spaces. So targets and actors are compared by what the record says in full. Each value is a
digest, so that many fit into little room. What is cut or masked equals nothing, not even itself.
"""

import base64
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass

from trailwarden.safety.text import ELLIPSIS, MASK, shorten

KINDS = ("target", "actor", "account", "region", "address", "action", "deed", "details")
"""What is compared, the most telling first: what was acted on, by whom, in which account and region, from
where, by which call that ended how, that call on that target there, and what else it asked for."""
INCOMPARABLE = "?"
"""The `objects`, `principal` or `details` of a record that does not show them in full."""
ONLY_TARGETS = "="
"""With this begin the `details` of a call that asks for nothing but its targets."""
NAMED_AT_MOST = 10
"""How many different values of a kind a message names."""
_NAMED = {"actor": 1, "region": 1}
"""Kinds of which a message shows fewer: those of the event that it shows."""
_DEEDS_AT_MOST = 40
"""How many calls on targets, all of them named, are kept."""
DIGEST_BYTES = 12
"""Nobody finds an address with the digest of another, and there are trillions to choose from."""
_TARGET_LIMIT, _TARGET_IN_TEXT = 140, 60
"""What stands behind a long target is not to be cut off."""
_OUTCOMES = ("denied", "failed", "failed inside AWS", "dry run")

Keys = Mapping[str, tuple[str, ...]]
"""Digests by kind."""


@dataclass(frozen=True, slots=True)
class Character:
    """What a match is known again by, and listed by; what is empty is not known."""

    origin: str = ""
    """The address, or the AWS service, that called."""
    action: str = ""
    """The API call, by CloudTrail's name."""
    target: str = ""
    """What was acted on, in one text: `user bob (policy AdministratorAccess)`."""
    account: str = ""
    """In which it happened."""
    outcome: str = ""
    """`denied`, `failed` or `dry run`; empty if it was done."""
    wording: str = ""
    """A digest of all that the rule's sentence says of the record and not of the group, the outcome with it:
    two matches that have the same are told by the same sentence."""
    service: str = ""
    """The event source: `iam.amazonaws.com`."""
    region: str = ""
    principal: str = ""
    """Who acted, in full (`activity.actors.principal_of`). With `service`, `region` and `objects` it tells
    apart what reads alike."""
    objects: str = ""
    """A digest of what was acted on, in full; empty where nobody looked."""
    details: str = ""
    """A digest of what else the call asked for, and the rule's sentence says (`alerts.details`)."""


def digest(text: str) -> str:
    """16 characters."""
    made = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
    return base64.urlsafe_b64encode(made).decode()


class NamedKeys:
    """The keys of what a message names of matches, the one that it shows first: whoever reads the message has
    seen these, and nothing else. Of two things that read alike it names the first.

    Messages show what one event asked for, so another event's details are kept only if they are the same, or
    its targets are all that it asks for.
    """

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, str | None]] = {kind: {} for kind in KINDS}
        self._shown: str | None = None

    def take(self, one: Character) -> None:
        """The next match, in their order."""
        self._shown = one.details if self._shown is None else self._shown
        texts, named = dict(_compared(one, one.outcome)), _named(one)
        for kind, shown in named.items():
            kept = self._kept[kind]
            if kind in texts and shown not in kept and len(kept) < _NAMED.get(kind, NAMED_AT_MOST):
                kept[shown] = texts[kind]
        if all(kind not in texts or self._has(kind, named[kind], texts[kind]) for kind in _OF_A_DEED):
            self._keep("deed", texts)
            if one.details == self._shown or one.details.startswith(ONLY_TARGETS):
                self._keep("details", texts)

    def _has(self, kind: str, shown: str, text: str | None) -> bool:
        return text is not None and self._kept[kind].get(shown) == text

    def _keep(self, kind: str, texts: Mapping[str, str | None]) -> None:
        text, kept = texts.get(kind), self._kept[kind]
        if text is not None and len(kept) < _DEEDS_AT_MOST:
            kept[text] = text

    def made(self) -> Keys:
        """The keys so far."""
        whole = {kind: [text for text in kept.values() if text] for kind, kept in self._kept.items()}
        return {kind: tuple(dict.fromkeys(map(digest, texts))) for kind, texts in whole.items() if texts}


def keys_of(matches: Iterable[Character]) -> Keys:
    """All keys of some matches."""
    found: dict[str, dict[str, None]] = {}
    for match in matches:
        for kind, text in _compared(match, match.outcome):
            if text is not None:
                found.setdefault(kind, {})[digest(text)] = None
    return {kind: tuple(digests) for kind, digests in found.items()}


def together(keys: Iterable[Keys]) -> dict[str, tuple[str, ...]]:
    """All keys, each once."""
    found: dict[str, dict[str, None]] = {}
    for each in keys:
        for kind, digests in each.items():
            found.setdefault(kind, {}).update(dict.fromkeys(digests))
    return {kind: tuple(digests) for kind, digests in found.items()}


def same_target(one: Character, other: Character) -> bool:
    """Whether two matches act on the same, and the records show on what."""
    shown = bool(one.target) and one.objects not in {"", INCOMPARABLE}
    return shown and (one.objects, one.region) == (other.objects, other.region)


def news_of(
    match: Character, known: Mapping[str, Set[str]], kinds: Collection[str] = KINDS
) -> Iterator[tuple[str, str]]:
    """What a match shows, of these kinds, that is not among the known keys: the kind, and what to call it. A
    call that succeeded also covers that it fails, never the other way round."""
    nothing: Set[str] = frozenset()
    new = {
        kind
        for (kind, text), (_, done) in zip(_compared(match, match.outcome), _compared(match, ""), strict=True)
        if kind in kinds
        and (text is None or known.get(kind, nothing).isdisjoint((digest(text), digest(done or ""))))
    }
    where = f" in {match.region}" if match.region else ""
    if "target" in new and match.target:
        yield (
            "target",
            f"{shorten(match.target, _TARGET_LIMIT)}{where}" if "region" in new else match.target,
        )
    elif "region" in new:
        yield "region", match.region
    for kind, shown in (("actor", match.principal), ("account", match.account), ("address", match.origin)):
        if kind in new:
            yield kind, shown
    if "action" in new:
        yield "action", f"{match.action}{_ended(match, known)}"
    elif "target" in new and not match.target:
        yield "action", f"{match.action} without a target"
    elif not new & {"target", "region"} and new & {"deed", "details"}:
        on = f" on {shorten(match.target, _TARGET_IN_TEXT)}" if match.target else ""
        yield "action", f"{match.action}{on}{where if 'deed' in new else _otherwise(match)}"


def _otherwise(match: Character) -> str:
    """How the parameters of a call differ that is known."""
    shown = match.details not in {"", INCOMPARABLE}
    return " with other parameters" if shown else " with parameters that cannot be compared"


def _ended(match: Character, known: Mapping[str, Set[str]]) -> str:
    """What is new of a call that is known, but ended otherwise."""
    before = {
        digest(text) for end in _OUTCOMES for kind, text in _compared(match, end) if kind == "action" and text
    }
    if before.isdisjoint(known.get("action", ())):
        return ""
    return f", now {match.outcome}" if match.outcome else ", which had not succeeded"


def _compared(one: Character, outcome: str) -> Iterator[tuple[str, str | None]]:
    """What is compared of a match, by kind; None cannot be compared. What nobody looked at is left out."""
    if one.principal:
        yield "actor", None if one.principal == INCOMPARABLE else _whole(one.principal)
    if one.account:
        yield "account", _whole(one.account)
    if one.origin:
        yield "address", _whole(one.origin)
    if one.region:
        yield "region", _whole(one.region)
    call = _whole(f"{one.service}\0{one.action}\0{outcome}")
    if one.action:
        yield "action", call
    if one.action or one.target:
        what = one.objects if one.objects not in {"", INCOMPARABLE} else None
        deed = f"{call}\0{one.region}\0{what}" if what and call is not None else None
        yield "target", what
        yield "deed", deed
        yield "details", f"{deed}\0{one.details}" if deed and one.details not in {"", INCOMPARABLE} else None


_OF_A_DEED = ("target", "region", "action")


def _named(one: Character) -> dict[str, str]:
    """What messages say of a match, by kind."""
    return {
        "target": one.target,
        "actor": one.principal,
        "account": one.account,
        "region": one.region,
        "address": one.origin,
        "action": f"{one.action}\0{one.outcome}",
    }


def _whole(text: str) -> str | None:
    return None if ELLIPSIS in text or MASK in text else text
