"""Operations hear of every publication that silences, whatever way it takes, once, and through any crash."""

import re

import pytest

from tests.unit.publishing.test_exceptions import exception
from tests.unit.publishing.world import BOB, OWN, OWN_ID, SHIPPED, SWITCHED_OFF, CrashError, World, rule

LOWERED = SWITCHED_OFF.replace(b"enabled: false", b"level: low")
COUNTED = (
    b"title: Never\nid: 3c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10\nlevel: high\ncorrelation: {type: event_count, "
    b"rules: [root_used], group-by: [awsRegion], timespan: 1h, condition: {gte: 4000}}\n"
)
STAGED = OWN.replace(b"level: high", b"level: high\nstatus: experimental")
QUIET = OWN + b"trailwarden: {quiet: 7d}\n"
OTHER_FILTER = exception().replace(b"eu-west-1", b"'*'")
NOT_COUNTED, LAST = "(correlations not counted)", "2026-03-31"


def live_world() -> World:
    """The team's own rule and an exception of it are live; what was sent so far is forgotten."""
    world = World()
    world.publish({"own.yml": OWN, "pass.yml": exception()}, base=0)
    world.warnings.clear()
    return world


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("off.yml", SWITCHED_OFF, "1 rule switched off: Root used (high)"),
        ("off.yml", LOWERED, "1 rule at a lower level: Root used (low)"),
        ("never.yml", COUNTED, "1 rule only counted for correlations now: Root used (high)"),
        ("own.yml", STAGED, "1 rule on trial now, told to nobody: Trail stopped (high)"),
        ("own.yml", QUIET, "1 rule quiet for longer, or grouped otherwise: Trail stopped (high)"),
        (
            "more.yml",
            exception(title="More"),
            f"a new exception hides matches of 1 of 2 rules {NOT_COUNTED}: More (owner ada, until {LAST})",
        ),
        ("pass.yml", OTHER_FILTER, "1 rule under changed exceptions: Trail stopped (high)"),
        (
            "pass.yml",
            exception().replace(b"03-31", b"04-30"),
            "an exception of 1 of 2 rules (correlations not counted) holds longer: Let it pass",
        ),
    ],
)
def test_each_way_to_silence_is_reported_with_who_and_how_many(path: str, content: bytes, said: str) -> None:
    world = live_world()

    world.edited(path, content, who=BOB)

    ((subject, text),) = world.warnings
    assert subject == "Trailwarden: rule set 2 may hide alerts"
    assert said in " ".join(text.split())
    assert f"Who:  {BOB}" in text
    assert "At work now: " in text
    assert "Correlations count as rules that alert; rules on trial" in " ".join(text.split())


def test_an_exception_of_every_rule_comes_first_with_how_many_it_hides() -> None:
    shipped = {
        **SHIPPED,
        **{f"{n}.yml": rule(f"More {n}", f"{n}c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10") for n in range(3, 9)},
    }
    world = World(shipped=shipped)
    world.publish({"own.yml": OWN, "pass.yml": exception()}, base=0)
    world.warnings.clear()
    every = exception(title="Anything").replace(f"rules: [{OWN_ID}]".encode(), b"rules: any")

    world.publish(
        {"pass.yml": exception(), "any.yml": every, "own.yml": STAGED, "off.yml": SWITCHED_OFF}, base=1
    )

    ((_, text),) = world.warnings
    listed = text.partition("What may go unseen:\n")[2].partition("\n\n")[0]
    found = " ".join(listed.split()).removeprefix("- ").split(" - ")
    assert found == [
        f"a new exception hides matches of 7 of 7 rules {NOT_COUNTED}: Anything (owner ada, until {LAST})",
        "1 rule switched off: Root used (high)",
        "1 rule on trial now, told to nobody: Trail stopped (high)",
    ]


def test_a_rule_that_was_removed_is_not_called_switched_off() -> None:
    world = live_world()

    world.publish({"off.yml": LOWERED}, base=1)

    assert "  - 1 rule no longer there: Trail stopped (high)\n" in world.warnings[0][1]


def test_the_mail_is_narrow_and_its_commands_can_be_copied() -> None:
    world = live_world()

    world.publish({"pass.yml": exception(title="word " * 50), "own.yml": QUIET}, base=1)

    ((_, text),) = world.warnings
    assert max(len(line) for line in text.splitlines()) <= 72
    assert "  trailwarden rules rollback 1" in text.splitlines()


@pytest.mark.parametrize(("before", "after"), [(None, "high"), ("medium", "critical"), ("stage", "high")])
def test_many_rules_that_become_urgent_at_once_are_reported(before: str | None, after: str) -> None:
    """They could use up what all alerts share."""
    world = live_world()
    if before is not None:
        world.publish({"own.yml": OWN, "pass.yml": exception(), **crowd(10, before)}, base=1)
        world.warnings.clear()

    world.publish({"own.yml": OWN, "pass.yml": exception(), **crowd(10, after)}, base=world.live().sequence)

    ((_, text),) = world.warnings
    said = " ".join(text.split())
    assert (
        f"10 rules new at high or critical, which may use up the budget of messages: Crowd 0 ({after})"
        in said
    )


def test_a_few_urgent_rules_or_many_milder_ones_are_the_authors_alone() -> None:
    world = live_world()
    team = {"own.yml": OWN, "pass.yml": exception(), **crowd(9, "critical")}
    one = {"one.yml": rule("One more", "4c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10")}
    milder = {f"mild-{path}": text for path, text in crowd(20, "medium", first=100).items()}

    world.publish(team, base=1)
    world.publish(team | one, base=2)
    world.publish(team | one | milder, base=3)

    assert world.warnings == []


def crowd(number: int, level: str, first: int = 0) -> dict[str, bytes]:
    """Rules of a level; `stage`: of level high, on trial."""
    status = "experimental" if level == "stage" else "stable"
    level = "high" if level == "stage" else level
    return {
        f"crowd-{n}.yml": rule(f"Crowd {n}", f"{n:08}-6a0e-4e0e-9d5e-0a4b8c8f4a10")
        .replace(b"level: high", f"level: {level}".encode())
        .replace(b"level:", f"status: {status}\nlevel:".encode())
        for n in range(first, first + number)
    }


def test_what_takes_nothing_away_is_the_authors_alone() -> None:
    world = live_world()

    world.edited("new.yml", rule("New", "4c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10"))
    world.edited("pass.yml", None)

    assert world.live().sequence == 3
    assert world.warnings == []


def test_what_undoes_it_is_named_by_number_and_of_the_first_there_is_another() -> None:
    world = World()
    world.publish({"own.yml": OWN}, base=0)
    world.edited("off.yml", SWITCHED_OFF)
    world.edited("own.yml", QUIET)

    def ends(sent: list[tuple[str, str]]) -> list[str]:
        return [text.splitlines()[-1].strip() for _, text in sent]

    numbered = ["trailwarden rules rollback 1", "trailwarden rules rollback 2"]
    assert ends(world.letters) == ["trailwarden rules publish --empty EMPTY_FOLDER", *numbered]
    assert ends(world.warnings) == numbered


def test_a_rollback_that_silences_is_reported_too() -> None:
    world = live_world()
    world.edited("off.yml", SWITCHED_OFF)
    world.edited("off.yml", None)
    world.warnings.clear()

    world.roll_back(2, base=3)

    assert ["1 rule switched off: Root used" in text for _, text in world.warnings] == [True]
    assert world.live().standing is not None


@pytest.mark.parametrize("step", ["tell", "tell!", "mark_told", "mark_told!", "publish!"])
def test_no_crash_keeps_it_from_operations(step: str) -> None:
    world = live_world()
    change = world.edit("off.yml", SWITCHED_OFF)
    world.failing.append(step)
    with pytest.raises(CrashError):
        world.publisher().edited([change])
    for _ in range(3):
        world.publisher().edited([change])

    # At least once; twice only where the crash came between sending and remembering it.
    assert len(world.warnings) == 1 + (step in {"tell!", "mark_told"})
    assert world.live().sequence == 2


def test_the_first_publication_is_compared_with_what_ships() -> None:
    world = World(shipped={**SHIPPED, "more.yml": rule("More", OWN_ID)})

    world.edited("off.yml", SWITCHED_OFF)

    assert ["1 rule switched off: Root used" in text for _, text in world.warnings] == [True]
    standing = world.live().standing
    assert standing is not None
    assert (standing.alerting, standing.off) == (1, 1)


PROTECTED = SHIPPED["root.yml"] + b"trailwarden: {protected: true}\n"


def test_a_rollback_behind_a_deployment_keeps_the_protected_rules_of_the_deployment() -> None:
    world = World(shipped=SHIPPED)
    world.publish({"own.yml": OWN, "off.yml": SWITCHED_OFF}, base=0)  # before the rule was protected
    world.shipped = {"root.yml": PROTECTED}
    world.publish({"own.yml": OWN}, base=1)

    world.roll_back(1, base=2)

    assert world.live().kind == "rollback"
    (root,) = [one for one in world.rules().rules if one.title == "Root used"]
    assert root.protected
    world.publisher().scheduled()
    assert "Root used" in world.titles()
    assert world.live().sequence == 3


def test_what_would_leave_nothing_at_work_is_refused() -> None:
    world = World()

    world.edited("off.yml", SWITCHED_OFF)

    assert world.store.live() is None
    assert "off.yml:1:1: no rule besides the protected ones would alert" in world.letters[0][1]


def test_nothing_that_rule_writers_write_becomes_a_link() -> None:
    world = live_world()
    world.letters.clear()

    hosts = (
        "https://evil.example/a",
        "www.evil.example",
        "evil.co.uk",
        "ftp://evil.example",
        "mailto:a@evil.io",
    )
    for number, host in enumerate(hosts):
        world.edited(f"{number}.yml", exception(title=f"'See {host} now'"))

    texts = [subject + text for subject, text in (*world.letters, *world.warnings)]
    assert texts
    assert not [host for host in hosts for text in texts if host in text]


MANY = {
    f"{n:02}.yml": rule(f"More {n}", f"{n:02}1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10", f"Stop{n}Logging")
    + f"trailwarden: {{tests: {{match: [{{eventName: Stop{n}Logging}}]}}}}\n".encode()
    for n in range(10, 40)
}


@pytest.mark.parametrize(
    ("selection", "block", "said"),
    [
        ("eventName: '*'", b"", "that match 10 % or more"),
        ("tlsDetails.tlsVersion|exists: true", b"", "that match 10 % or more"),
        ("eventName|startswith: Stop1", b"", "that match 10 % or more"),
        ("eventName: GetUser", b"trailwarden: {group_by: [eventID], quiet: 1m}\n", "a group for every event"),
        (
            "eventName: GetUser",
            b"trailwarden: {group_by: [awsRegion, requestID]}\n",
            "a group for every event",
        ),
        ("eventName: Stop11Logging", b"", ""),
        ("eventName: GetUser", b"trailwarden: {group_by: [awsRegion]}\n", ""),
    ],
)
def test_one_urgent_rule_that_could_use_up_the_budget_is_reported(
    selection: str, block: bytes, said: str
) -> None:
    world = World(shipped=MANY)
    loud = OWN.replace(b"eventName: StopLogging", selection.encode()) + block
    world.edited("loud.yml", loud)

    texts = [" ".join(text.split()) for _, text in world.warnings]

    assert [said in text for text in texts] == ([True] if said else [])

    world.edited("loud.yml", loud + b"# again\n")
    assert len(world.warnings) == len(texts)


@pytest.mark.parametrize("level", [b"low", b"informational"])
@pytest.mark.parametrize("status", [b"stable", b"test", b"experimental"])
@pytest.mark.parametrize(
    ("selection", "block"),
    [
        (b"eventName|endswith: Logging", b""),
        (b"eventName: GetUser", b"trailwarden: {group_by: [actor, sharedEventID]}\n"),
    ],
)
def test_a_rule_that_would_be_stored_event_by_event_is_reported_at_any_level(
    level: bytes, status: bytes, selection: bytes, block: bytes
) -> None:
    world = World(shipped=MANY)
    quiet = OWN.replace(b"eventName: StopLogging", selection) + block
    quiet = re.sub(rb"(?m)^level: .*$", b"level: " + level + b"\nstatus: " + status, quiet)
    world.edited("quiet.yml", quiet)

    (text,) = [" ".join(text.split()) for _, text in world.warnings]
    assert f"({level.decode()})" in text


def test_what_changed_begins_with_the_exception_that_hides_of_every_rule() -> None:
    world = World(shipped=MANY)
    world.publish({"own.yml": OWN}, base=0)

    world.publish({"own.yml": OWN, "pass.yml": exception().replace(f"[{OWN_ID}]".encode(), b"any")}, base=1)

    first, alone, files = world.live().changes
    assert first.startswith("exception added: ")
    assert alone.startswith("changed by exceptions alone: ")
    assert alone.endswith(f" and {len(MANY) - 2} more")  # three of them, and the team's own, are named
    assert files == "files: +pass.yml"

    world.publish({"own.yml": OWN.replace(b"level: high", b"level: low")}, base=2)

    gone, other, *_ = world.live().changes
    assert gone.startswith("exception removed: ")
    assert "level high → low" in other or "level" in other
