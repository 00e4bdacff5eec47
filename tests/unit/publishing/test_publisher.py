"""Edits, submissions and rollbacks become live or are refused; nothing is told twice, nothing is mixed."""

from datetime import date

import pytest

from tests.unit.publishing.world import (
    ADA,
    BOB,
    BROKEN,
    OWN,
    OWN_ID,
    OWN_LATER,
    SHIPPED,
    SWITCHED_OFF,
    CrashError,
    World,
    rule,
)
from trailwarden.checking import Finding, Severity
from trailwarden.publishing.notices import FolderChange
from trailwarden.state.rule_sets import PublicationKind


def test_an_edit_goes_live_over_the_shipped_rules_and_says_what_changed() -> None:
    world = World()

    outcomes = world.edited("own.yml", OWN)

    assert [outcome.result for outcome in outcomes] == ["published", "told"]
    assert world.titles() == ["Root used", "Trail stopped"]
    live = world.live()
    assert (live.sequence, live.kind, live.published_by) == (1, PublicationKind.EDIT, ADA)
    ((subject, text),) = world.letters
    assert subject == f"Trailwarden: rule set 1 is live (version {live.version})"
    assert "added: rule 'Trail stopped' (high)" in text
    assert ADA in text
    assert "Root used" not in text  # it was live before, from the asset


def test_an_edit_that_comes_again_changes_and_tells_nothing() -> None:
    world = World()
    change = world.edit("own.yml", OWN)
    world.publisher().edited([change])
    world.subjects()

    assert world.publisher().edited([change]) == []

    assert world.live().sequence == 1
    assert world.subjects() == []


def test_an_empty_folder_that_was_never_published_publishes_nothing() -> None:
    world = World()
    assert world.publisher().edited([]) == []
    assert world.publisher().scheduled() == []
    assert world.store.live() is None


def test_a_broken_edit_leaves_the_live_rules_and_is_told_once_with_every_mistake() -> None:
    world = World()
    world.edited("own.yml", OWN)
    world.subjects()
    world.edit("other.yml", b"title: [")

    world.edited("own.yml", BROKEN, who=BOB)
    world.publisher().scheduled()
    world.publisher().edited([])

    assert world.titles() == ["Root used", "Trail stopped"]
    ((subject, text),) = world.letters
    assert subject == "Trailwarden: a rule set was refused"
    assert "own.yml:3:1: " in text
    assert "other.yml:2:1: not YAML" in text
    assert "; write one of informational, low" in text
    assert BOB in text
    assert "still rule set 1" in text
    refusal = world.store.refusal("team")
    assert refusal is not None
    assert {problem.path for problem in refusal.problems} == {"own.yml", "other.yml"}


def test_a_mended_folder_forgets_its_refusal_and_breaking_it_again_is_told_again() -> None:
    world = World()
    world.edited("own.yml", OWN)
    world.edited("own.yml", BROKEN)
    world.subjects()

    world.edited("own.yml", OWN)
    assert world.store.refusal("team") is None
    assert world.subjects() == []  # what is live is what was live
    world.edited("own.yml", BROKEN)

    assert world.subjects() == ["Trailwarden: a rule set was refused"]


def test_a_failing_test_and_a_failing_check_refuse_too_and_all_is_told_at_once() -> None:
    world = World(
        check=lambda sources, *, today: [
            Finding(sources[0].path, 9, 1, "never true", "mend it", code="x", severity=Severity.ERROR)
        ]
    )
    tests = "trailwarden:\n  tests:\n    match: [{eventName: DeleteTrail}]"

    world.edited("own.yml", rule("Trail stopped", OWN_ID, extra=tests))

    ((_, text),) = world.letters
    assert "own.yml:12:13: Trail stopped: does not match this record, and must" in text
    assert ":9:1: never true; mend it" in text
    assert world.store.live() is None


def test_a_team_rule_with_a_shipped_id_is_refused_with_the_cure() -> None:
    world = World()
    world.edited("own.yml", SHIPPED["root.yml"])
    ((_, text),) = world.letters
    assert "is also that of shipped:root.yml:1" in text
    assert "write an override for the shipped rule" in text


def test_an_override_switches_a_shipped_rule_off_and_back_on() -> None:
    world = World()
    world.edited("own.yml", OWN)
    world.subjects()
    world.edited("off.yml", SWITCHED_OFF)
    assert world.titles() == ["Trail stopped"]
    assert "override added: root_used: switched off (detection: the identity" in world.letters[0][1]
    assert "removed: rule 'Root used'" in world.letters[0][1]

    world.edited("off.yml", None)

    assert world.titles() == ["Root used", "Trail stopped"]
    assert "override removed: root_used: switched off" in world.letters[1][1]


def test_a_submission_replaces_the_folder_which_then_shows_it() -> None:
    world = World()
    world.edited("old.yml", OWN)

    outcomes = world.publish({"new/own.yml": OWN_LATER}, base=1, who=BOB)

    assert [outcome.result for outcome in outcomes] == ["published", "told", "mirrored"]
    assert world.titles() == ["Root used", "Trail stopped or deleted"]
    assert world.folder.team().contents == {"new/own.yml": OWN_LATER}
    live = world.live()
    assert (live.published_by, live.claimed_author, live.note) == (BOB, "Ada", "tidy")
    assert "claims to be Ada" in world.letters[1][1]
    assert "title Trail stopped → Trail stopped or deleted, condition" in world.letters[1][1]
    # What the mirror wrote is announced too, and is no edit.
    mirrored = FolderChange("rules", "team/new/own.yml", "", False, "AWS:function", "")
    assert world.publisher().edited([mirrored]) == []


def test_a_submission_names_the_edits_by_hand_that_it_replaces() -> None:
    world = World()
    world.edited("own.yml", OWN)
    world.edit("own.yml", BROKEN)
    world.edit("hasty.yml", b"x: 1")
    world.subjects()

    world.publish({"own.yml": OWN_LATER}, base=1)

    ((_, text),) = world.letters
    assert "  - own.yml (version v2)" in text
    assert "  - hasty.yml (version v3)" in text
    assert world.folder.team().contents == {"own.yml": OWN_LATER}


def test_an_edit_that_comes_after_a_submission_went_live_survives_the_mirror() -> None:
    world = World()
    world.edited("own.yml", OWN)
    world.failing.append("put_team")
    change = world.publish_crashing({"own.yml": OWN_LATER, "b.yml": b"values: [a]\nname: L\n"}, base=1)
    world.time += 5
    world.folder.edit("own.yml", rule("By hand", OWN_ID))

    world.publisher().submitted(change)
    assert world.store.live().mirrored  # type: ignore[union-attr]
    world.publisher().edited([])

    assert world.titles() == ["By hand", "Root used"]
    assert world.live().sequence == 3


def test_of_two_submissions_from_one_base_the_second_is_refused_and_told() -> None:
    world = World()
    world.publish({"a.yml": OWN}, base=0)
    world.subjects()

    world.publish({"a.yml": OWN_LATER}, base=0, who=BOB)

    assert world.titles() == ["Root used", "Trail stopped"]
    ((subject, text),) = world.letters
    assert subject == "Trailwarden: a rule set was refused"
    assert f"rule set 1, by {ADA} (claims to be Ada)" in text
    assert world.folder.team().contents == {"a.yml": OWN}


def test_a_submission_that_comes_again_is_neither_published_nor_refused_again() -> None:
    world = World()
    accepted = world.hand_in(world.folder_of({"a.yml": OWN}, base=0))
    refused = world.hand_in(world.folder_of({"a.yml": BROKEN}, base=1))
    for _ in range(3):
        world.publisher().submitted(accepted)
        world.publisher().submitted(refused)
    assert world.live().sequence == 1
    assert [subject.partition(" (")[0] for subject in world.subjects()] == [
        "Trailwarden: rule set 1 is live",
        "Trailwarden: a rule set was refused",
    ]


def test_submitting_what_is_live_already_is_answered() -> None:
    world = World()
    world.publish({"a.yml": OWN}, base=0)
    world.publish({"a.yml": OWN}, base=1)
    assert world.live().sequence == 1
    assert "it is what is live already" in world.letters[-1][1]


def test_a_rollback_brings_back_rules_files_and_overrides_without_compiling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    world.publish({"own.yml": OWN, "off.yml": SWITCHED_OFF}, base=0)
    world.publish({"own.yml": OWN_LATER}, base=1)
    first = world.store.publication(1)
    assert first is not None
    monkeypatch.setattr("trailwarden.publishing.press.build", None)

    world.roll_back(1, base=2)

    live = world.live()
    assert (live.sequence, live.version, live.kind) == (3, first.version, PublicationKind.ROLLBACK)
    assert world.titles() == ["Trail stopped"]
    assert world.folder.team().contents == {"own.yml": OWN, "off.yml": SWITCHED_OFF}
    text = world.letters[-1][1]
    assert "back to rule set 1 of 2026-03-01T12:00:00Z" in text
    assert "override added: root_used" in text


def test_a_rollback_to_what_is_live_or_never_was_is_refused() -> None:
    world = World()
    world.publish({"own.yml": OWN}, base=0)
    world.roll_back(1, base=1)
    world.roll_back(7, base=1)
    assert world.live().sequence == 1
    assert "what rule set 1 has is live already: there is nothing to go back to" in world.letters[-2][1]
    assert "there is no rule set 7 to go back to" in world.letters[-1][1]


def test_a_rollback_to_the_content_of_what_is_live_says_where_it_is_live() -> None:
    world = World()
    world.publish({"own.yml": OWN}, base=0)
    world.publish({}, base=1)
    world.roll_back(1, base=2)
    world.roll_back(1, base=3)
    assert world.live().sequence == 3
    assert "what rule set 1 has is live already, as rule set 3: there is nothing" in world.letters[-1][1]


def test_a_rollback_whose_artefact_is_of_another_format_is_compiled_from_its_sources() -> None:
    world = World()
    world.publish({"own.yml": OWN}, base=0)
    world.publish({"own.yml": OWN_LATER}, base=1)
    first = world.store.publication(1)
    assert first is not None
    world.folder.put_artefact(first.version, b'{"format": 1}')

    world.roll_back(1, base=2)

    assert world.titles() == ["Root used", "Trail stopped"]
    assert world.live().kind == PublicationKind.ROLLBACK


def test_the_schedule_brings_new_shipped_rules_but_not_behind_a_rollback() -> None:
    world = World()
    world.publish({"own.yml": OWN}, base=0)
    world.shipped = {**SHIPPED, "more.yml": rule("More", "3c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10", "X")}

    world.publisher().scheduled()
    assert world.titles() == ["More", "Root used", "Trail stopped"]
    assert world.live().kind == PublicationKind.SCHEDULE
    assert "added: rule 'More'" in world.letters[-1][1]
    assert world.publisher().scheduled() == [world.unchanged()]

    world.roll_back(1, base=2)
    world.publisher().scheduled()
    assert world.titles() == ["Root used", "Trail stopped"]
    assert world.live().sequence == 3

    world.edited("own.yml", OWN_LATER)  # whoever goes on takes what is deployed
    assert world.titles() == ["More", "Root used", "Trail stopped or deleted"]


def test_shipped_rules_that_do_not_go_with_the_teams_are_told_once_and_the_old_stay() -> None:
    world = World()
    world.publish({"off.yml": SWITCHED_OFF, "own.yml": OWN}, base=0)
    world.subjects()
    world.shipped = {"other.yml": rule("Other", "3c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10", "X")}

    world.publisher().scheduled()
    world.publisher().scheduled()

    assert world.titles() == ["Trail stopped"]
    ((subject, text),) = world.letters
    assert subject == "Trailwarden: a rule set was refused"
    assert "off.yml:3:11: there is no rule with the id or name `root_used`" in text


def test_the_schedule_finds_an_edit_whose_notice_was_lost() -> None:
    world = World()
    world.edit("own.yml", OWN)
    world.publisher().scheduled()
    assert world.titles() == ["Root used", "Trail stopped"]
    assert world.live().published_by == "an unknown principal"


STEPS = [
    "team",
    "submission",
    "put_artefact",
    "put_sources",
    "publish",
    "tell",
    "mark_told",
    "put_team",
    "remove_team",
    "mark_mirrored",
]


@pytest.mark.parametrize("moment", ["", "!"])
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_and_a_redelivery_end_in_the_same_state(step: str, moment: str) -> None:
    quiet, crashed = World(), World()
    for world in (quiet, crashed):
        world.edited("own.yml", OWN)
        world.edited("gone.yml", b"name: L\nvalues: [a]\n")
        world.subjects()
    quiet.publish({"own.yml": OWN_LATER, "b.yml": b"name: M\nvalues: [a]\n"}, base=2)

    crashed.failing.append(step + moment)
    change = crashed.publish_crashing({"own.yml": OWN_LATER, "b.yml": b"name: M\nvalues: [a]\n"}, base=2)
    crashed.time += 60
    crashed.publisher().submitted(change)

    assert not crashed.failing, "the step was never reached"
    assert crashed.rules().version == quiet.rules().version
    assert crashed.live().sequence == quiet.live().sequence == 3
    assert crashed.live().changes == quiet.live().changes
    assert crashed.folder.team().contents == quiet.folder.team().contents
    assert crashed.store.live().mirrored  # type: ignore[union-attr]
    # Told first, then remembered: a crash in between tells twice, and never not at all.
    told_twice = step + moment in ("tell!", "mark_told")
    assert [subject for subject, _ in crashed.letters] == [quiet.letters[0][0]] * (1 + told_twice)


def test_a_crash_of_an_edit_is_made_good_by_the_next_run_of_any_kind() -> None:
    for step in ("publish!", "tell", "tell!", "clear_refusal"):
        world = World(failing=[step])
        with pytest.raises(CrashError):
            world.edited("own.yml", OWN)
        world.publisher().settle()
        world.publisher().scheduled()
        assert world.titles() == ["Root used", "Trail stopped"], step
        assert world.live().sequence == 1
        assert world.letters


def test_an_edit_and_a_submission_at_once_end_in_one_of_the_two() -> None:
    """The submission goes live while the edit compiles: the edit is too late, and is named as replaced."""
    world = World()
    world.edited("own.yml", OWN)
    submission = world.hand_in(world.folder_of({"own.yml": OWN_LATER}, base=1), who=BOB)
    overtaken: list[bool] = []

    def overtake(_sources: object, *, today: date) -> list[Finding]:
        if not overtaken:
            overtaken.append(True)
            world.publisher().submitted(submission)
        return []

    world.check = overtake
    world.edited("own.yml", rule("By hand", OWN_ID))

    assert world.titles() == ["Root used", "Trail stopped or deleted"]
    assert world.live().sequence == 2
    assert world.folder.team().contents == {"own.yml": OWN_LATER}
    assert "own.yml (version v3)" in world.letters[-1][1]
