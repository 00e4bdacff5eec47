"""What a follow-up says that the first message of its alert did not, in words.

Texts here may hold what an attacker chose (an address, the name of a call): whoever shows them to people says
them by `text.harmless`, or defangs the whole.
"""

from collections.abc import Sequence
from dataclasses import replace

from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.messages.overview import together
from trailwarden.messages.when import lasting, parsed, spoken
from trailwarden.safety.text import shorten, visible

CHANGES_AT_MOST = 10
_CHANGE_LIMIT = 180
_NAME_LIMIT = 120
_ROOM_IN_HEADLINE = 32
_SHORT_ROOM = 64
_NAMED_OF_A_KIND = 2
_KINDS = {
    "level": "levels",
    "target": "targets",
    "actor": "actors",
    "account": "accounts",
    "region": "regions",
    "address": "addresses",
    "action": "actions",
}


def bounded(follow_up: FollowUp) -> FollowUp:
    """The follow-up as it may be told: on one line each, bounded."""
    return replace(
        follow_up,
        changes=tuple(visible(change, _CHANGE_LIMIT) for change in follow_up.changes[:CHANGES_AT_MOST]),
        acknowledged_by=visible(follow_up.acknowledged_by, _NAME_LIMIT) if follow_up.acknowledged_by else "",
    )


def news(follow_up: FollowUp) -> str:
    """`+19,999 more`, or `+3 more, new address 203.0.113.7`: what stands before the alert's title."""
    if follow_up.reason is Reason.RECOUNTED:
        return "recounted"
    plus = "more than " if follow_up.at_least else "+"
    return _with_changes(f"{plus}{follow_up.more:,} more" if follow_up.more > 0 else "again", follow_up)


def total_of(follow_up: FollowUp) -> str:
    """`20,000`, or `more than 1,000,000`: how many events there are."""
    return f"{'more than ' if follow_up.at_least else ''}{follow_up.total:,}"


def first_words(follow_up: FollowUp, *, alike: bool = False) -> str:
    """The same, as the first words of a mail: `3 more, with a new address 203.0.113.7`; `3 more like this` if
    the title is true of all."""
    if follow_up.reason is Reason.RECOUNTED:
        return "Recounted"
    many = "More than " if follow_up.at_least else ""
    same = " like this" if alike else ""
    number = f"{many}{follow_up.more:,} more{same}" if follow_up.more > 0 else "Again"
    if not follow_up.changes:
        return number
    return f"{number}, with {together([_new(*one) for one in _by_kind(follow_up.changes).items()])}"


def _by_kind(changes: Sequence[str]) -> dict[str, list[str]]:
    """What is new, by its kind; what has none stands under an empty one."""
    found: dict[str, list[str]] = {}
    for change in changes:
        kind, _, name = change.partition(" ")
        known = kind in _KINDS and bool(name)
        found.setdefault(kind if known else "", []).append(name if known else change)
    return found


def _new(kind: str, names: Sequence[str]) -> str:
    """`a new target user bob`, `new addresses 203.0.113.7, 198.51.100.4 and 3 more`."""
    if kind == "level":
        return f"a worse level, {shorten(names[0], _SHORT_ROOM)}"
    shown = [shorten(name, _SHORT_ROOM) for name in names[:_NAMED_OF_A_KIND]]
    left = len(names) - len(shown)
    listed = together([*shown, f"{left} more"] if left else shown)
    if not kind:
        return f"a new {listed}"
    return f"a new {kind} {listed}" if len(names) == 1 else f"new {_KINDS[kind]} {listed}"


def summed_up(follow_up: FollowUp, quiet: int) -> str:
    """`20,000 in all since Sun 1 March 2026, 03:00:00 UTC, and nothing more for an hour`."""
    since = f" since {spoken(follow_up.first_event_time)}" if parsed(follow_up.first_event_time) else ""
    if follow_up.reason is Reason.RECOUNTED:
        return f"Late records took some of its events back; {_left(follow_up, since)}"
    said = f"{total_of(follow_up)} in all{since}"
    if follow_up.reason is Reason.QUIET:
        return f"{said}, and nothing more for {lasting(quiet)}"
    if follow_up.reason is Reason.GREW:
        grown = _grown(follow_up)
        return f"{said}, {grown}" if grown else said
    if follow_up.reason is Reason.CHANGED:
        known = acknowledged(follow_up)
        return f"{said}; it had been {known}, before this was sent" if known else said
    return said


def _left(follow_up: FollowUp, since: str) -> str:
    """`3 are left since Sun 1 March 2026, 03:00:00 UTC, of which at most 1 is new`."""
    total, new = follow_up.total, follow_up.more
    if not total:
        return "none is left"
    one = total == 1 and not follow_up.at_least
    left = f"{total_of(follow_up)} {'is' if one else 'are'} left{since}"
    if follow_up.at_least or new >= total:  # so many that it says nothing
        return left
    if new <= 0:
        return f"{left}, {'which is not' if one else 'none of which is'} new"
    return f"{left}, of which at most {new:,} {'is' if new == 1 else 'are'} new"


def acknowledged(follow_up: FollowUp) -> str:
    """`acknowledged by alice on Sun 1 March 2026, 03:20:00 UTC`; empty where it was not."""
    by = f" by {follow_up.acknowledged_by}" if follow_up.acknowledged_by else ""
    at = f" on {spoken(follow_up.acknowledged_at)}" if parsed(follow_up.acknowledged_at or None) else ""
    return f"acknowledged{by}{at}" if by or at else ""


def _with_changes(number: str, follow_up: FollowUp) -> str:
    if not follow_up.changes:
        return number
    first, *others = follow_up.changes
    if first.startswith("level "):
        return f"{number}, now {first.removeprefix('level ')}"
    if not others and len(first) <= _ROOM_IN_HEADLINE:
        return f"{number}, new {first}"
    kinds = [
        kind if len(names) == 1 else _KINDS.get(kind, kind)
        for kind, names in _by_kind(follow_up.changes).items()
    ]
    return f"{number}, new {together(kinds[:2])}" if kinds[0] else number


def _grown(follow_up: FollowUp) -> str:
    told = follow_up.total - follow_up.more
    if told <= 0:
        return ""
    times, rest = divmod(follow_up.total, told)
    if times < 2:
        return ""
    number = {10: "ten", 100: "a hundred", 1000: "a thousand"}.get(times, f"{times:,}")
    more = "more than " if rest or follow_up.at_least else ""
    return f"{more}{number} times what was told before"
