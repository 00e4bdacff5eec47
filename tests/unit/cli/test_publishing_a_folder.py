"""`rules publish`, `promote` and `pull`: nothing is done unasked, undone in silence or overwritten."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from tests.unit.cli.deployed import DELETED, STOPPED, Deployed, deployed, folder, published, run
from trailwarden.cli.rules import publish
from trailwarden.cli.rules.pull import planned
from trailwarden.cli.rules.submitting import confirm

__all__ = ["deployed", "folder"]  # the fixtures

STOPPED_ID = "0b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10"


@pytest.fixture(autouse=True)
def only_checked_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is checked here is what is checked there: once is enough where it is sound."""
    monkeypatch.setattr(publish, "_check", lambda *_: None)


def test_without_a_terminal_and_without_yes_nothing_is_done(deployed: Deployed, folder: Path) -> None:
    published(folder)
    (folder / "deleted.yml").write_text(DELETED)
    published(folder)
    changed = DELETED.replace("high", "low")
    (folder / "deleted.yml").write_text(changed)

    for command in (("publish", folder), ("rollback",), ("promote", "trail_stopped"), ("pull", folder)):
        result = run(*map(str, command))
        assert result.exit_code == 2, command
        assert "There is no terminal to ask on: add --yes." in result.stderr, command

    assert len(deployed.store.history()) == 2
    assert (folder / "deleted.yml").read_text() == changed


def test_publish_shows_what_is_other_before_it_asks(deployed: Deployed, folder: Path) -> None:
    published(folder)
    file = folder / "trails" / "stopped.yml"
    file.write_text(STOPPED.replace("test", "stable").replace("high", "low").replace("StopLogging", "X"))
    (folder / "deleted.yml").write_text(DELETED)

    shown = run("publish", str(folder)).stderr

    changed = next(line for line in shown.splitlines() if line.startswith("changed"))
    assert changed.endswith("trails/stopped.yml: status test → stable, level high → low, detection")
    assert "Publish 2 changes (1 with another status)?" in shown


MANY = """\
title: Trails Stopped Again And Again
id: 7a1f7c0e-6f0d-4a56-8a55-5d7cf2f2a222
status: {status}
level: critical
correlation:
  type: event_count
  rules: [7a1f7c0e-6f0d-4a56-8a55-5d7cf2f2a111]
  group-by: [account]
  timespan: 1h
  condition: {{gte: 3}}
"""
SILENCED = (
    "effect    changed: rule 'Trail deleted' (high) 7a1f7c0e-6f0d-4a56-8a55-5d7cf2f2a111: sends no alerts any"
    " more, only counted for the correlation 'Trails Stopped Again And Again'"
)


def test_a_rule_that_falls_silent_is_named_before_it_does(deployed: Deployed, folder: Path) -> None:
    (folder / "deleted.yml").write_text(DELETED)
    published(folder)
    (folder / "many.yml").write_text(MANY.format(status="test"))
    assert "effect" not in run("publish", str(folder)).stderr
    published(folder)
    (folder / "many.yml").write_text(MANY.format(status="stable"))

    assert SILENCED in run("publish", str(folder)).stderr.splitlines()
    assert SILENCED in run("diff", str(folder)).stdout.splitlines()
    assert json.loads(run("diff", str(folder), "--json").stdout)["effects"] == [SILENCED]
    assert SILENCED in run("promote", "Trails Stopped Again And Again").stderr.splitlines()

    promoted = run("promote", "Trails Stopped Again And Again", "--yes")
    assert SILENCED.removeprefix("effect    ") in promoted.stdout
    (folder / "many.yml").unlink()
    assert "Trail deleted' (high) 7a1f7c0e-6f0d-4a56-8a55-5d7cf2f2a111: sends alerts of its own again" in (
        run("diff", str(folder)).stdout
    )


def test_what_a_filter_does_to_rules_that_nobody_edited_is_shown(deployed: Deployed, folder: Path) -> None:
    published(folder)
    (folder / "hidden.yml").write_text(
        "title: Drills\nid: 7a1f7c0e-6f0d-4a56-8a55-5d7cf2f2a333\nlogsource: {product: aws}\n"
        f"filter: {{rules: [{STOPPED_ID}], drill: {{account: '111122223333'}}, condition: not drill}}\n"
    )

    shown = run("publish", str(folder)).stderr.splitlines()

    assert "effect    changed by exceptions alone: 'Trail stopped'" in shown


@pytest.mark.parametrize(
    ("status", "then", "told"),
    [("stable", "", "stable → test"), ("experimental", " --to experimental", "experimental → test")],
)
def test_a_folder_does_not_take_a_promotion_back_in_silence(
    deployed: Deployed, folder: Path, status: str, then: str, told: str
) -> None:
    published(folder)
    assert run("promote", "Trail stopped", "--to", status, "--note", "a quiet week", "--yes").exit_code == 0
    (folder / "deleted.yml").write_text(DELETED)

    refused = run("publish", str(folder), "--yes")

    assert refused.exit_code == 1
    assert f"Trail stopped: {told} (set in publication 2 of " in refused.stderr
    assert f"`trailwarden rules promote {STOPPED_ID}{then} --dir {folder}`" in refused.stderr
    assert len(deployed.store.history()) == 2

    assert run("promote", STOPPED_ID, "--to", status, "--dir", str(folder)).exit_code == 0
    published(folder)
    assert f"status: {status}" in deployed.team()["trails/stopped.yml"]


def test_a_promotion_can_be_undone_on_purpose_and_is_then_forgotten(deployed: Deployed, folder: Path) -> None:
    published(folder)
    assert run("promote", "trail_stopped", "--yes").exit_code == 0
    published(folder, "--undo-promotions")
    assert "status: test" in deployed.team()["trails/stopped.yml"]
    (folder / "trails" / "stopped.yml").write_text(STOPPED.replace("status: test", "status: experimental"))
    published(folder)


def test_a_promoted_rule_without_an_id_is_known_by_what_it_finds(deployed: Deployed, folder: Path) -> None:
    file = folder / "trails" / "stopped.yml"
    file.write_text(STOPPED.replace(f"id: {STOPPED_ID}\n", ""))
    published(folder)
    assert run("promote", "trail_stopped", "--yes").exit_code == 0
    refused = run("publish", str(folder), "--yes")
    assert refused.exit_code == 1
    assert f"`trailwarden rules promote 'Trail stopped' --dir {folder}`" in refused.stderr


def test_a_status_that_the_folder_itself_set_is_the_folders_to_change(
    deployed: Deployed, folder: Path
) -> None:
    published(folder)
    assert run("promote", "trail_stopped", "--dir", str(folder)).exit_code == 0
    published(folder)
    (folder / "trails" / "stopped.yml").write_text(STOPPED)
    published(folder)


def test_many_rules_are_promoted_in_one_publication(deployed: Deployed, folder: Path) -> None:
    staged = DELETED.replace("level: high", "status: test\nlevel: high")
    (folder / "deleted.yml").write_text(staged)
    (folder / "late.yml").write_text(staged.replace("7a1f7c0e", "8a1f7c0e").replace("deleted", "late"))
    published(folder)

    result = run("promote", "trail_stopped", "deleted", "TRAIL LATE", "--yes")

    assert result.exit_code == 0, result.output
    assert "late.yml: Trail late: test → stable" in result.stderr
    assert len(deployed.store.history()) == 2
    assert all("status: stable" in text for text in deployed.team().values())


def test_every_word_that_names_no_rule_is_told_and_nothing_is_promoted(
    deployed: Deployed, folder: Path
) -> None:
    published(folder)
    result = run("promote", "trail_stoped", "nothing of the kind", "trail_stopped", "--yes")
    assert result.exit_code == 2
    assert (
        "no rule 'trail_stoped' among the team's live rules; did you mean `trail_stopped`?" in result.stderr
    )
    assert "no rule 'nothing of the kind'" in result.stderr
    assert len(deployed.store.history()) == 1


def test_pull_writes_what_is_live_and_names_the_rest(
    deployed: Deployed, folder: Path, tmp_path: Path
) -> None:
    assert run("pull", str(tmp_path / "new")).exit_code == 2
    (folder / "deleted.yml").write_text(DELETED)
    published(folder)
    assert run("promote", "trail_stopped", "--yes").exit_code == 0
    here = tmp_path / "here"
    (here / "trails").mkdir(parents=True)
    (here / "trails" / "stopped.yml").write_text(STOPPED)
    (here / "draft.yml").write_text("title: A draft\n")
    (here / "README.md").write_text("no rule")

    asked = run("pull", str(here))
    assert (asked.exit_code, "status test → stable" in asked.stderr) == (2, True)
    assert not (here / "deleted.yml").exists()

    pulled = run("pull", str(here), "--yes")
    assert pulled.exit_code == 0, pulled.output
    assert (here / "trails" / "stopped.yml").read_text() == deployed.team()["trails/stopped.yml"]
    assert "not live, left (--delete removes it): draft.yml" in pulled.stdout
    assert (here / "draft.yml").exists()
    assert "A draft, draft.yml" in run("diff", str(here)).stdout.splitlines()[0]

    result = json.loads(run("pull", str(here), "--delete", "--yes", "--json").stdout)
    assert (result["written"], result["removed"], result["sequence"]) == ([], ["draft.yml"], 2)
    assert (here / "README.md").exists()
    assert run("pull", str(here)).exit_code == 0  # nothing to lose, nothing to ask
    assert run("diff", str(here)).stdout == "No difference.\n"


def test_pull_writes_nothing_hidden_and_nothing_outside(
    deployed: Deployed, folder: Path, tmp_path: Path
) -> None:
    published(folder)
    deployed.edit(".github/workflows/run.yml", DELETED)
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    here.mkdir()
    elsewhere.mkdir()
    (here / "trails").symlink_to(elsewhere)

    result = run("pull", str(here), "--yes")

    assert result.exit_code != 0
    assert ".github/workflows/run.yml" not in [str(path) for path in here.rglob("*")]
    assert list(elsewhere.iterdir()) == []
    assert not (here / ".github").exists()


def _hidden_folder(here: Path) -> None:
    (here / ".git").mkdir()
    (here / "g").symlink_to(".git")


def _other_folder(here: Path) -> None:
    (here / "drafts").mkdir()
    (here / "drafts" / "a.yml").write_text("title: A draft")
    (here / "g").symlink_to("drafts")


def _other_file(here: Path) -> None:
    (here / "g").mkdir()
    (here / "b.yml").write_text("title: Another")
    (here / "g" / "a.yml").symlink_to("../b.yml")


def _link_to_nothing(here: Path) -> None:
    (here / "g").symlink_to("nowhere")


def _file_for_a_folder(here: Path) -> None:
    (here / "g").write_text("notes")


def _folder_for_a_file(here: Path) -> None:
    (here / "g" / "a.yml").mkdir(parents=True)


@pytest.mark.parametrize(
    ("lay", "says"),
    [
        (_hidden_folder, "leads to .git/a.yml by a link"),
        (_other_folder, "leads to drafts/a.yml by a link"),
        (_other_file, "leads to b.yml by a link"),
        (_link_to_nothing, "leads to nowhere/a.yml by a link"),
        (_file_for_a_folder, "g, which is not a folder"),
        (_folder_for_a_file, "is a folder here"),
    ],
)
def test_what_pull_cannot_write_is_known_before_the_first_write(
    tmp_path: Path, lay: Callable[[Path], None], says: str
) -> None:
    lay(tmp_path)
    there = {file.relative_to(tmp_path).as_posix(): b"" for file in tmp_path.rglob("*.yml") if file.is_file()}

    pull = planned(tmp_path, there, {"a.yml": b"1", "g/a.yml": b"2"}, delete=False)

    assert (pull.write, pull.overwrite) == (("a.yml",), ())
    (why,) = pull.refused
    assert why.startswith("g/a.yml ")
    assert says in why


def test_a_live_path_that_no_file_may_have_stops_only_itself(tmp_path: Path) -> None:
    long = f"{'n' * 300}.yml"
    team = dict.fromkeys(["a.yml", "b.yml", "b.yml/c.yml", "b.yml/d/e.yml", f"x/{long}", long], b"")

    pull = planned(tmp_path / "new", {}, team, delete=False)

    assert pull.write == ("a.yml", "b.yml")
    assert [why.partition(" ")[0][:13] for why in pull.refused] == [
        "b.yml/c.yml",
        "b.yml/d/e.yml",
        "nnnnnnnnnnnnn",
        "x/nnnnnnnnnnn",
    ]
    assert "b.yml, which cannot be a file and a folder" in pull.refused[0]


def test_what_is_write_protected_is_named_and_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("locked/a.yml", "locked/old.yml", "b.yml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("title: Old")
    monkeypatch.setattr("os.access", lambda path, _: Path(path).name not in {"locked", "b.yml"})
    there = dict.fromkeys(["locked/a.yml", "locked/old.yml", "b.yml"], b"title: Old")

    pull = planned(
        tmp_path, there, dict.fromkeys(["locked/a.yml", "locked/c.yml", "b.yml"], b""), delete=True
    )

    assert (pull.write, pull.overwrite, pull.remove) == ((), ("locked/a.yml",), ())
    assert [why.partition(" ")[0] for why in pull.refused] == ["b.yml", "locked/c.yml", "locked/old.yml"]


@pytest.mark.parametrize(("answer", "status"), [("y\n", None), ("n\n", 2)])
def test_on_a_terminal_the_answer_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, status: int | None
) -> None:
    terminal = StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    if status is None:
        confirm("Publish 2 changes?", yes=False)
        return
    with pytest.raises(SystemExit) as left:
        confirm("Publish 2 changes?", yes=False)
    assert left.value.code == status
    assert "Nothing was handed in." in capsys.readouterr().err
