"""The team's folder made to show what is live: what it may overwrite, and what it must name."""

import boto3
import pytest
from moto import mock_aws

from tests.unit.publishing.world import OWN, OWN_ID, OWN_LATER, World, rule
from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.publishing.mirror import Step, hand_edits, steps
from trailwarden.state.memory_rule_sets import MemoryRulesFolder
from trailwarden.state.rules_folder import TeamFile, TeamSnapshot

BEFORE, AFTER = "2026-03-01T11:59:59Z", "2026-03-01T12:00:01Z"


def file(content: bytes, modified: str = BEFORE) -> TeamFile:
    return TeamFile(content, "v1", modified)


def plan(files: dict[str, TeamFile], live: dict[str, bytes], **untaken: str) -> list[Step]:
    """What is to do for a publication of 12:00:00, after one of `{"a.yml": b"old"}`."""
    world = World()
    world.publish({"own.yml": OWN}, base=0)
    snapshot = TeamSnapshot(files, untaken={f"{name}.yml": modified for name, modified in untaken.items()})
    return list(steps(MemoryRulesFolder(world.now), snapshot, world.live(), live, before={"a.yml": b"old"}))


def test_a_folder_that_shows_what_is_live_needs_nothing() -> None:
    assert plan({"a.yml": file(b"new")}, {"a.yml": b"new"}) == []


def test_what_was_live_before_is_replaced_or_removed_without_a_word() -> None:
    assert plan({"a.yml": file(b"old", AFTER)}, {"a.yml": b"new"}) == [Step("a.yml", b"new")]
    assert plan({"a.yml": file(b"old")}, {}) == [Step("a.yml", None)]
    assert plan({}, {"b.yml": b"new"}) == [Step("b.yml", b"new")]


def test_an_edit_from_before_is_replaced_and_named_and_one_from_after_is_left() -> None:
    live = {"a.yml": b"new"}
    assert plan({"a.yml": file(b"mine")}, live) == [Step("a.yml", b"new", "a.yml (version v1)")]
    assert plan({"a.yml": file(b"mine", AFTER)}, live) == []


def test_files_that_could_not_be_taken_go_unless_they_are_newer() -> None:
    assert plan({}, {}, big=BEFORE) == [Step("big.yml", None, "big.yml (not read, or removed)")]
    assert plan({}, {}, big=AFTER) == []


def test_a_file_that_could_not_be_taken_where_one_is_live_is_replaced_by_it() -> None:
    live = {"big.yml": b"live"}
    assert plan({}, live, big=BEFORE) == [Step("big.yml", b"live", "big.yml (not read, or removed)")]
    assert plan({}, live, big=AFTER) == []


def test_a_live_file_that_cannot_be_read_is_named_once() -> None:
    snapshot = TeamSnapshot({}, untaken={"big.yml": BEFORE})
    assert list(hand_edits(snapshot, {"big.yml": b"live"}, {})) == ["big.yml (not read, or removed)"]


def test_hand_edits_are_what_is_neither_live_nor_submitted() -> None:
    snapshot = TeamSnapshot(
        {"a.yml": file(b"mine"), "b.yml": file(b"live"), "c.yml": file(b"same as submitted")},
        untaken={"big.yml": BEFORE},
    )
    live = {"a.yml": b"live", "b.yml": b"live", "gone.yml": b"live"}
    submitted = {"c.yml": b"same as submitted", "gone.yml": b"live", "new.yml": b""}
    assert list(hand_edits(snapshot, live, submitted)) == [
        "a.yml (version v1)",
        "gone.yml (not read, or removed)",
        "big.yml (not read, or removed)",
    ]


def test_an_edit_made_while_the_submission_went_live_is_named_in_a_letter_of_its_own() -> None:
    """Between the look at the folder and the mirror, in the same second: nobody's edit is lost silently."""
    world = World(failing=["put_team"])
    change = world.publish_crashing({"own.yml": OWN}, base=0)
    world.edit("own.yml", rule("By hand", OWN_ID))

    world.publisher().submitted(change)

    assert world.folder.team().contents == {"own.yml": OWN}
    subject, text = world.letters[-1]
    assert subject == "Trailwarden: rule set 1 replaced changes by hand"
    assert "own.yml (version v2)" in text


def test_a_mirror_that_is_interrupted_again_and_again_ends_well() -> None:
    world = World()
    files = {f"{number}.yml": b"name: L%d\nvalues: [a]\n" % number for number in range(5)} | {"own.yml": OWN}
    world.failing += ["put_team!"] * 5
    change = world.publish_crashing(files, base=0)
    for _ in range(4):
        with pytest.raises(Exception, match="put_team!"):
            world.publisher().submitted(change)
    assert not world.store.live().mirrored  # type: ignore[union-attr]
    world.publisher().settle()
    assert world.folder.team().contents == files
    assert world.store.live().mirrored  # type: ignore[union-attr]
    assert len(world.subjects()) == 1


def test_on_s3_the_mirror_is_known_by_its_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror's own file, newer than the publication, is replaced; a person's is not."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="rules")
        folder, world = RulesBucket(s3, "rules"), World()
        world.publish({"own.yml": OWN}, base=0)  # in March; S3's clock says later
        folder.put_team("mirrored.yml", OWN_LATER)
        s3.put_object(Bucket="rules", Key="team/mine.yml", Body=OWN_LATER)
        live = {"mirrored.yml": OWN, "mine.yml": OWN}
        assert list(steps(folder, folder.team(), world.live(), live, {})) == [Step("mirrored.yml", OWN)]
