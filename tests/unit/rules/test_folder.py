"""What a folder of rules holds: everything that cannot be read of it is named, by every reader."""

import os
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from trailwarden.cli.rules.folders import read_team_folder
from trailwarden.publishing.archive import pack, unpack
from trailwarden.rules.folder import files_under, rule_files
from trailwarden.rules.load import read_folder
from trailwarden.rules.naming import Named, named_by
from trailwarden.third_party import Verdict, judge_pack

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and permissions of POSIX")
RULE = """\
title: Ticket Closed
id: 7e6f5a4b-3c2d-4e1f-8a9b-0c1d2e3f4a5b
level: low
logsource: {product: aws, service: cloudtrail}
detection: {call: {eventName: ResolveCase}, condition: call}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    team = tmp_path / "team"
    (team / "a").mkdir(parents=True)
    (team / "a" / "rule.yml").write_text(RULE)
    return team


@pytest.fixture(
    params=["subfolder", "pipe", "link to nothing", "link to a folder elsewhere", "unlisted file"]
)
def unread(
    request: pytest.FixtureRequest, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Something in the folder that cannot be read, by its name."""
    name = {"subfolder": "b", "link to a folder elsewhere": "b"}.get(request.param, "b.yml")
    place = folder / name
    if request.param == "subfolder":
        place.mkdir()
        _deny(monkeypatch, os, "scandir", place)
    elif request.param == "pipe":
        os.mkfifo(place)
    elif request.param == "link to nothing":
        place.symlink_to(tmp_path / "nothing.yml")
    elif request.param == "link to a folder elsewhere":
        (tmp_path / "elsewhere").mkdir()
        place.symlink_to(tmp_path / "elsewhere")
    else:
        place.write_text(RULE)
        _deny(monkeypatch, Path, "stat", place)
    return name


def _deny(monkeypatch: pytest.MonkeyPatch, owner: Any, function: str, place: Path) -> None:
    """Permissions do not bind whoever runs tests as root."""
    original = getattr(owner, function)

    def denied(path: Any = ".", *arguments: Any, **options: Any) -> Any:
        if Path(path) == place:
            raise PermissionError(13, "Permission denied", str(path))
        return original(path, *arguments, **options)

    monkeypatch.setattr(owner, function, denied)


def test_what_cannot_be_read_is_named_by_every_reader(folder: Path, unread: str) -> None:
    place = (folder / unread).as_posix()
    assert [problem.path for problem in read_folder([folder]).problems] == [place]
    with pytest.raises(click.ClickException, match=unread):
        read_team_folder(folder)
    with pytest.raises(OSError, match=unread):
        files_under(folder)
    verdicts = {entry.path: entry.verdict for entry in judge_pack([folder])}
    assert verdicts[place] is Verdict.UNREADABLE


def test_what_is_hidden_is_left_out_by_every_reader(folder: Path) -> None:
    for path in (".github/run.yml", ".draft.yml", "a/.b/c.yml"):
        file = folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text("on: push")
    assert read_folder([folder]).problems == []
    assert [*read_team_folder(folder)] == [*files_under(folder)] == ["a/rule.yml"]


def test_suffixes_are_read_in_any_case_by_every_reader(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is taken for no rule never goes live, and nothing says so."""
    names = ["b.YML", "c.Yaml", "d.yAmL"]
    for number, name in enumerate(names):
        (folder / name).write_text(RULE.replace("7e6f5a4b", f"7e6f5a4{number:x}"))
    for name in ("e.yml.txt", "f.yaml~", "g.YML.bak", "h.ymla", "yml", "notes.md", ".i.yml.swp"):
        (folder / name).write_text("no rule")
    paths = {"a/rule.yml", *names}
    found = read_folder([folder])
    assert ({Path(each.path).name for each in found.sources}, found.problems) == ({"rule.yml", *names}, [])
    assert {*read_team_folder(folder)} == {*files_under(folder)} == paths
    assert {each.path for each in judge_pack([folder])} == {(folder / path).as_posix() for path in paths}
    assert {*unpack("folder.zip", pack(dict.fromkeys(paths, b"a: 1"))).files} == paths
    assert capsys.readouterr().err == "".join(
        f"trailwarden: {folder}/{name} is not read; if it is a rule, let its name end in .yml\n"
        for name in ("e.yml.txt", "f.yaml~", "g.YML.bak")
    )


def test_a_rule_is_called_by_its_file_whatever_the_case_of_its_suffix() -> None:
    rule = Named("", "", "Ticket Closed", "team/a/Closed.YML")
    for word in ("Closed", "a/Closed", "Closed.YML", "team/a/Closed.YML"):
        assert named_by(word, [rule]) == [rule], word
    for word in ("b/Closed", "Clos", "x/team/a/Closed.YML", "a", "team/a"):
        assert named_by(word, [rule]) == [], word


def test_a_link_within_the_folder_is_no_mistake(folder: Path) -> None:
    (folder / "current").symlink_to(folder / "a")
    assert rule_files(folder, lambda place, why: pytest.fail(f"{place}: {why}")) == [
        folder / "a" / "rule.yml"
    ]
