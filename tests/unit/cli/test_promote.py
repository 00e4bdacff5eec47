"""`trailwarden rules promote`, in a folder and on a deployment."""

from pathlib import Path

import pytest

from tests.unit.cli.deployed import DELETED, STOPPED, Deployed, deployed, folder, published, run
from trailwarden.cli import deployment

__all__ = ["deployed", "folder"]  # the fixtures


def test_promote_sets_the_status_and_leaves_the_rest_of_the_file(deployed: Deployed, folder: Path) -> None:
    published(folder)
    result = run("promote", "trail_stopped", "--yes")
    assert result.exit_code == 0, result.output
    assert deployed.team() == {
        "trails/stopped.yml": STOPPED.replace("status: test  # for a week", "status: stable  # for a week")
    }
    again = run("promote", "trail_stopped", "--yes")
    assert (again.exit_code, again.stdout) == (0, "Trail stopped is stable already.\n")
    assert run("promote", "Trail stopped", "--to", "experimental", "--yes").exit_code == 0
    assert run("promote", "no such rule", "--yes").exit_code == 2


def test_promote_in_a_folder_needs_no_deployment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment, "connect", lambda *_: pytest.fail("AWS was asked"))
    rule = "0b2c6f8e-1f7e-4b8a-9b4a-3d3b8f6f4a10"
    result = run("promote", rule, "--dir", str(folder))
    assert result.exit_code == 0, result.output
    assert "test → stable" in result.stdout
    assert "status: stable  # for a week\n" in (folder / "trails" / "stopped.yml").read_text()


PROMOTED = "status: stable  # for a week"


@pytest.mark.parametrize(
    ("at", "rule", "to"),
    [
        (".", "{folder}/trails/stopped.yml", "{folder}"),
        (".", "./{folder}/../{folder}/trails/stopped.yml", "{root}/{folder}/"),
        (".", "{root}/{folder}/trails/stopped.yml", "{folder}"),
        (".", "trails/stopped.yml", "{folder}"),
        (".", "{folder}/trails/stopped.yml", "link"),
        ("{folder}/trails", "stopped.yml", ".."),
        ("{folder}/trails", "../trails/stopped.yml", "{root}/{folder}"),
        ("elsewhere", "stopped.yml", "../{folder}"),
    ],
)
def test_promote_takes_the_path_that_a_shell_completes(  # noqa: PLR0917 (fixtures)
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str, rule: str, to: str
) -> None:
    words = {"folder": folder.name, "root": str(tmp_path)}
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "stopped.yml").write_text(DELETED)
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path / at.format(**words))

    result = run("promote", rule.format(**words), "--dir", to.format(**words))

    assert result.exit_code == 0, result.output
    assert PROMOTED in (folder / "trails" / "stopped.yml").read_text()
    assert "stable" not in (tmp_path / "elsewhere" / "stopped.yml").read_text()


def test_a_path_on_disk_means_that_file_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "stopped.yml").write_text(DELETED)
    monkeypatch.chdir(folder)

    result = run("promote", "stopped.yml", "--dir", ".")

    assert result.exit_code == 0, result.output
    assert PROMOTED not in (folder / "trails" / "stopped.yml").read_text()
    assert "status: stable" in (folder / "stopped.yml").read_text()


def test_promote_says_of_a_folder_what_to_name_instead(folder: Path) -> None:
    result = run("promote", str(folder / "trails"), "--dir", str(folder))

    assert (result.exit_code, "it is a folder: name its files" in result.stderr) == (2, True)


def test_a_path_on_disk_is_that_of_the_live_rule_in_its_folder(
    deployed: Deployed, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "stopped.yml").write_text(DELETED.replace("level: high", "status: test\nlevel: high"))
    published(folder)
    monkeypatch.chdir(folder.parent)

    assert run("promote", f"{folder.name}/trails/stopped.yml", "--yes").exit_code == 0
    assert (
        PROMOTED in deployed.team()["trails/stopped.yml"],
        "stable" in deployed.team()["stopped.yml"],
    ) == (
        True,
        False,
    )
