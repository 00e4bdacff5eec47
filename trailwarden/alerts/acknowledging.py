"""What an acknowledged group is known by, in a few thousand bytes: the state is written at every move.

What was seen is kept as digests (`alerts.likeness`), as many as there is room for. One that was left
out counts as new: the next match that shows it ends the acknowledgement and is sent, so nothing is kept quiet
for want of room. It ends by itself as well.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from trailwarden.alerts.group_state import Acknowledgement, GroupState, Scope
from trailwarden.alerts.likeness import DIGEST_BYTES, KINDS, Character, Keys, keys_of, news_of, together
from trailwarden.alerts.model import Alert, AlertMatch
from trailwarden.alerts.placement import seconds_of
from trailwarden.alerts.telling import FollowUp
from trailwarden.rules.ruleset import Level

LONGEST = 30 * 86_400
"""How many seconds an acknowledgement lasts at most."""
BYTES_AT_MOST = 6144
"""How large an acknowledgement may be in a state, with the names and the note of whoever gave it."""
_IN_JSON = DIGEST_BYTES * 4 // 3 + len('"",')
_NAMED_AT_MOST = 10
_COLLECTED_AT_MOST = 1000
_LISTS = {
    "target": "targets",
    "actor": "actors",
    "account": "accounts",
    "address": "origins",
    "action": "actions",
    "deed": "deeds",
    "details": "details",
    "region": "regions",
}
_OF_TARGETS = ("targets", "deeds", "details")
_THE_SAME_END = 3600
"""Who acknowledges again within so many seconds, for as long, says nothing new."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new to those who acknowledged a group, the most telling first, as a message names it; and the
    keys of the first matches of which it names all that is new: whoever reads it has seen these."""

    named: tuple[str, ...] = ()
    keys: Keys = field(default_factory=dict)

    def shown_by(self, follow_up: FollowUp) -> FollowUp:
        """The message with the changes: who reads it has seen them, besides what it shows anyway."""
        if follow_up.variety is None:
            return replace(follow_up, changes=self.named)
        keys = together([follow_up.variety.keys, self.keys])
        return replace(follow_up, changes=self.named, variety=replace(follow_up.variety, keys=keys))


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


def keys_in(known: Acknowledgement) -> Keys:
    """What an acknowledgement covers."""
    return {kind: getattr(known, name) for kind, name in _LISTS.items()}


def covering(known: Acknowledgement, keys: Keys) -> Acknowledgement:
    """The acknowledgement, covering these alone."""
    return _with(known, {name: tuple(keys.get(kind, ())) for kind, name in _LISTS.items()})


def changes_of(
    known: Acknowledgement, matches: Iterable[AlertMatch], alert: Alert, *, besides: Iterable[Keys] = ()
) -> Changes:
    """What is new about the matches to those who acknowledged the group; `alert` is the alert as these
    matches make it. `besides`: what was seen, though the acknowledgement leaves it out."""
    covered = {kind: set(digests) for kind, digests in together([keys_in(known), *besides]).items()}
    any_target = known.scope is Scope.ANY and not alert.protected
    kinds = [kind for kind in KINDS if not any_target or _LISTS[kind] not in _OF_TARGETS]
    found: dict[str, set[str]] = {kind: set() for kind in KINDS}
    new: list[tuple[Character, set[str]]] = []
    for match in matches:
        news = list(news_of(match.character, covered, kinds))
        for kind, shown in news:
            if len(found[kind]) < _COLLECTED_AT_MOST:
                found[kind].add(shown)
        if news and len(new) < _COLLECTED_AT_MOST:
            new.append((match.character, {f"{kind} {shown}" for kind, shown in news}))
    worse = [f"level {alert.level}"] if _rank(alert.level) > _rank(known.level or alert.level) else []
    texts = [f"{kind} {one}" for kind, texts in found.items() for one in sorted(texts)]
    named = tuple([*worse, *texts][:_NAMED_AT_MOST])
    return Changes(named, keys_of(_meant_by(named, new)))


def _meant_by(named: Iterable[str], new: Iterable[tuple[Character, set[str]]]) -> list[Character]:
    """The first matches of which texts name all that is new. A text that reads the same of two targets means
    the first."""
    known, meant, found = {*named}, dict[str, tuple[str, str, str]](), list[Character]()
    for match, said in new:
        what = (match.objects, match.region, match.principal)
        if said <= known and {meant.setdefault(text, what) for text in sorted(said)} == {what}:
            found.append(match)
    return found[:_NAMED_AT_MOST]


def _rank(level: str) -> int:
    """How bad a level is; one that is none is the worst."""
    return Level.__members__.get(level.upper(), Level.CRITICAL)


def acknowledge(state: GroupState, known: Acknowledgement) -> GroupState:
    """The group, quiet until it changes character. What it was known by already stays, but for the targets of
    another scope; who was first stays too, unless there is more to say now: another note, scope or end, or
    something that was not known."""
    before = state.acknowledged
    if before is not None and not _goes_on(before, known):
        before = None
    lists: dict[str, tuple[str, ...]] = {name: getattr(known, name) for name in _LISTS.values()}
    note = known.note
    if before is not None:
        kept = [name for name in lists if name not in _OF_TARGETS or known.scope is not Scope.THIS]
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
    empty = _with(known, dict.fromkeys(lists, ()))
    left = max(0, BYTES_AT_MOST - len(_encode(empty))) // _IN_JSON
    kept: dict[str, tuple[str, ...]] = {}
    for number, name in enumerate(sorted(lists, key=lambda one: len(lists[one]))):
        kept[name] = lists[name][: left // (len(lists) - number)]
        left -= len(kept[name])
    return _with(known, kept)


def _with(known: Acknowledgement, lists: Mapping[str, tuple[str, ...]]) -> Acknowledgement:
    return replace(
        known,
        origins=lists["origins"],
        actions=lists["actions"],
        targets=lists["targets"],
        accounts=lists["accounts"],
        actors=lists["actors"],
        deeds=lists["deeds"],
        details=lists["details"],
        regions=lists["regions"],
    )


def _together(before: tuple[str, ...], now: tuple[str, ...]) -> tuple[str, ...]:
    known = set(before)
    return (*before, *(each for each in now if each not in known))
