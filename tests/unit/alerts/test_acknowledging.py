"""What acknowledged groups are known by: in bounded room, and never more than was seen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.unit.cli.alert_desk import alert
from trailwarden.alerts import acknowledging
from trailwarden.alerts.acknowledging import (
    BYTES_AT_MOST,
    LONGEST,
    acknowledge,
    covering,
    quiet_at,
)
from trailwarden.alerts.group_state import Acknowledgement, GroupState, Scope
from trailwarden.alerts.likeness import INCOMPARABLE, Character, digest, keys_of
from trailwarden.alerts.model import Alert, AlertMatch, Evidence
from trailwarden.alerts.placement import seconds_of, time_of
from trailwarden.state.requests import NOTE_AT_MOST

AT = "2026-03-01T12:00:00Z"
STATE = GroupState("rule", {"actor": "user mallory"})


HIGH = alert()


def seen(
    origins: Sequence[str] = (),
    actions: Sequence[str] = (),
    *,
    by: str = "alice",
    note: str = "",
    matches: Sequence[AlertMatch] = (),
) -> Acknowledgement:
    """What somebody acknowledges who has seen events from these addresses, others by these calls, and
    these."""
    shown = [*(match(origin=each) for each in origins), *(match(action=each) for each in actions), *matches]
    return covering(Acknowledgement(by, AT, note), keys_of(one.character for one in shown))


def kept(*acknowledgements: Acknowledgement) -> Acknowledgement:
    """What is left of them in the group's state, as it is read again."""
    state = STATE
    for each in acknowledgements:
        state = acknowledge(state, each)
    known = msgspec.json.decode(msgspec.json.encode(state), type=GroupState).acknowledged
    assert known is not None
    return known


def match(
    origin: str = "", action: str = "", target: str = "", account: str = "", alike: str = ""
) -> AlertMatch:
    shown = INCOMPARABLE if "..." in target or "***" in target else digest(alike or target)
    character = Character(origin, action, target, account, objects=shown, details=digest("the same"))
    return AlertMatch("0" * 32, "an-event", AT, Evidence("s3://b/k", 0), AT, character)


def changes_of(known: Acknowledgement, matches: Sequence[AlertMatch], shown: Alert) -> tuple[str, ...]:
    return acknowledging.changes_of(known, matches, shown).named


def covered(known: Acknowledgement, origins: Sequence[str] = (), actions: Sequence[str] = ()) -> int:
    """How many of them say nothing new."""
    matches = [match(origin=each) for each in origins] + [match(action=each) for each in actions]
    return sum(not changes_of(known, [each], HIGH) for each in matches)


ADDRESSES = [f"2001:db8:{number:04x}:ffff:ffff:ffff:ffff:ffff" for number in range(600)]
LONG = [f"{number:04} " + "\N{PILE OF POO}" * 190 for number in range(600)]
CALLS = [f"CallNumber{number}OfAServiceWithALongName" for number in range(600)]


@pytest.mark.parametrize("origins", [ADDRESSES, LONG, ["203.0.113.7"]], ids=["IPv6", "4-byte", "one"])
@pytest.mark.parametrize("actions", [CALLS, LONG, ["StopLogging"]], ids=["calls", "4-byte", "one"])
@pytest.mark.parametrize("note", ["", '"\\' * (NOTE_AT_MOST // 2), "\N{PILE OF POO}" * NOTE_AT_MOST])
def test_the_state_stays_small_and_covers_only_what_was_seen(
    origins: Sequence[str], actions: Sequence[str], note: str
) -> None:
    known = kept(seen(origins, actions, by="\N{PILE OF POO}" * 200, note=note))

    assert len(msgspec.json.encode(known)) <= BYTES_AT_MOST
    assert known.note == note
    assert covered(known, origins) == len(known.origins) >= min(len(origins), 25)
    assert covered(known, (), actions) == len(known.actions) >= min(len(actions), 25)
    assert covered(known, [f"{each} " for each in origins], [f"{each}s" for each in actions]) == 0


def test_an_origin_is_not_covered_by_an_action_of_its_name() -> None:
    known = kept(seen(["ec2.amazonaws.com"], ["StopLogging"]))
    assert covered(known, ["StopLogging"], ["ec2.amazonaws.com"]) == 0


def test_what_was_left_out_is_named_as_new() -> None:
    known = kept(seen(ADDRESSES, ["StopLogging"]))
    changes = changes_of(known, [match(origin=each, action="StopLogging") for each in ADDRESSES], HIGH)
    assert changes == tuple(f"address {each}" for each in ADDRESSES[len(known.origins) :][:10])


def test_a_name_that_was_cut_says_nothing_of_those_that_begin_like_it() -> None:
    cut = "A" * 97 + "..."
    assert covered(kept(seen([cut], [cut])), [cut], [cut]) == 0


def test_later_acknowledgements_add_until_there_is_no_room() -> None:
    first = kept(seen(["203.0.113.7"], ["StopLogging"], note="a drill"))
    known = kept(
        seen(["203.0.113.7"], ["StopLogging"], note="a drill"),
        seen(["198.51.100.4"], ["DeleteTrail"], by="bob"),
        *(seen([each], [call], by="bob") for each, call in zip(ADDRESSES, CALLS, strict=True)),
    )
    assert known.by == "bob"
    assert known.note == "a drill"
    assert covered(known, ["203.0.113.7", "198.51.100.4"], ["StopLogging", "DeleteTrail"]) == 4
    assert len(msgspec.json.encode(known)) <= BYTES_AT_MOST
    assert covered(known, ADDRESSES, CALLS) + 4 == len(known.origins) + len(known.actions)
    assert set(first.origins) < set(known.origins)


def test_who_says_the_same_again_changes_nothing() -> None:
    first = seen(ADDRESSES[:20], CALLS[:5], note="a drill")
    assert kept(first, seen(ADDRESSES[:20], CALLS[:5], by="bob")) == kept(first)


TARGETS = [f"user {number} of a team whose name is long" for number in range(600)]
ACCOUNTS = [f"{number:012}" for number in range(600)]


def test_the_most_telling_news_come_first() -> None:
    stopped = match("203.0.113.7", "StopLogging", "trail main", ACCOUNTS[0])
    known = replace(seen(matches=[stopped, match(target="trail main")]), level="medium")
    found = changes_of(kept(known), [match("198.51.100.4", "DeleteTrail", "trail audit", ACCOUNTS[1])], HIGH)
    assert found == (
        *("level high", "target trail audit", f"account {ACCOUNTS[1]}", "address 198.51.100.4"),
        "action DeleteTrail",
    )
    assert changes_of(kept(known), [match(target="trail main")], replace(HIGH, level="medium")) == ()
    assert changes_of(kept(known), [match(target="trail main")], replace(HIGH, level="low")) == ()
    assert changes_of(kept(known), [match()], replace(HIGH, level="dire")) == ("level dire",)


def test_every_list_has_its_share_of_the_room() -> None:
    shown = [*(match(target=each) for each in TARGETS), *(match(account=each) for each in ACCOUNTS)]
    full = seen(ADDRESSES, CALLS, matches=shown)
    known = kept(full)
    assert len(msgspec.json.encode(known)) <= BYTES_AT_MOST
    sizes = [len(one) for one in (known.origins, known.actions, known.targets, known.accounts)]
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 40
    few = kept(replace(full, origins=full.origins[:1], actions=full.actions[:1], accounts=full.accounts[:1]))
    assert len(few.targets) >= 100


def test_what_one_text_does_not_say_in_full_is_never_covered() -> None:
    cut = "instance i-1 (instance i-2, instance i-3)..."
    assert changes_of(kept(seen(matches=[match(target=cut)])), [match(target=cut)], HIGH) == (
        f"target {cut}",
    )


@pytest.mark.parametrize(
    ("scopes", "covers_first", "covers_second"),
    [
        ([Scope.SEEN, Scope.SEEN], True, True),
        ([Scope.SEEN, Scope.THIS], False, True),
        ([Scope.THIS, Scope.SEEN], True, True),
        ([Scope.ANY, Scope.THIS], False, True),
        ([Scope.ANY, Scope.SEEN], True, True),
        ([Scope.THIS, Scope.ANY], True, True),
    ],
)
def test_the_scope_that_was_given_last_holds(
    scopes: list[Scope], covers_first: bool, covers_second: bool
) -> None:
    given = [
        replace(seen(by=by, matches=[match(target=target)]), scope=scope)
        for by, target, scope in zip("ab", ("user a", "user b"), scopes, strict=True)
    ]
    known = kept(*given)
    assert (not changes_of(known, [match(target="user a")], HIGH)) == covers_first
    assert (not changes_of(known, [match(target="user b")], HIGH)) == covers_second
    assert (not changes_of(known, [match(target="user c")], HIGH)) == (scopes[1] is Scope.ANY)
    protected = replace(HIGH, protected=True)
    assert changes_of(known, [match(target="user c")], protected) == ("target user c",)


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, LONGEST),
        ({"until": time_of(seconds_of(AT) + 60)}, 60),
        ({"until": time_of(seconds_of(AT) + 2 * LONGEST)}, LONGEST),
        ({"until": "9999-12-31T23:59:59Z"}, LONGEST),
        ({"until": "never"}, 0),
        ({"at": "yesterday"}, 0),
    ],
)
def test_it_ends_after_thirty_days_at_most(fields: dict[str, Any], seconds: int) -> None:
    state = GroupState("rule", {}, acknowledged=replace(seen(), **fields))
    began = seconds_of(AT)
    assert quiet_at(state, began + seconds - 1) == bool(seconds)
    assert not quiet_at(state, began + seconds)


def test_what_is_over_is_not_carried_on() -> None:
    later = time_of(seconds_of(AT) + LONGEST)
    known = kept(seen(["203.0.113.7"], note="a drill"), replace(seen(["198.51.100.4"]), at=later))
    assert (covered(known, ["203.0.113.7"]), covered(known, ["198.51.100.4"]), known.note) == (0, 1, "")


def test_who_gives_it_longer_or_shorter_says_something_new() -> None:
    first = replace(seen(["203.0.113.7"]), until=time_of(seconds_of(AT) + 86_400))
    soon = time_of(seconds_of(AT) + 5)
    same = replace(first, by="bob", at=soon, until=time_of(seconds_of(AT) + 86_405))
    assert kept(first, same) == kept(first)
    longer = replace(first, by="bob", at=soon, until=time_of(seconds_of(AT) + 2 * 86_400))
    assert (kept(first, longer).by, kept(first, longer).until) == ("bob", longer.until)
    shorter = replace(first, by="bob", at=soon, until=time_of(seconds_of(AT) + 7200))
    assert (kept(first, shorter).by, kept(first, shorter).until) == ("bob", shorter.until)


@pytest.mark.parametrize(
    "target", ["object logs/a...b", 'object "a long..." (log stream s)', "secret prod/***"]
)
def test_a_target_of_which_a_part_is_not_shown_is_new_each_time(target: str) -> None:
    shown = [match(target=target), match(target="user bob")]
    known = seen(matches=shown)
    assert changes_of(known, shown, HIGH) == (f"target {target}",)


def test_a_message_that_names_what_is_new_covers_that_and_of_what_reads_alike_the_first() -> None:
    known = seen(matches=[match(target="user bob")])
    first, alike = match(target="user eve"), match(target="user eve", alike="another eve")
    others = [match(target=f"user {number:02}") for number in range(30)]
    changes = acknowledging.changes_of(known, [first, alike, *others], HIGH)
    assert changes.named == tuple(f"target user {number:02}" for number in range(10))
    then = covering(known, changes.keys)
    assert [one.character.target for one in others if not changes_of(then, [one], HIGH)] == [
        one.character.target for one in others[:10]
    ]
    assert changes_of(then, [first], HIGH) == ("target user eve",)

    changes = acknowledging.changes_of(known, [first, alike], HIGH)
    then = covering(known, changes.keys)
    assert [changes_of(then, [one], HIGH) for one in (first, alike)] == [(), ("target user eve",)]
