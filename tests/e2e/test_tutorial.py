"""The first pages of docs/rules.md, step by step, as somebody new would walk them."""

import re
import shlex
from pathlib import Path

import pytest

from local.cloud import wait_for
from tests.e2e.authors import Author
from tests.e2e.conftest import Archive
from tests.e2e.intruders import alerts_about, stopped_trail
from tests.pages import ROOT, Shown, assert_shown, shown_commands, tutorial
from tests.patience import SECONDS
from tests.samples import log_file

PAGE = ROOT / "docs" / "rules.md"
STEPS = list(shown_commands(PAGE, tutorial(PAGE)))
_YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_RULE = "/tmp/team/user_made_by_hand.yml"  # noqa: S108 (what the page says; the test has a folder of its own)


@pytest.fixture
def reader(archive: Archive, tmp_path: Path) -> Author:
    return Author(archive.cloud, tmp_path / "team")


def walk(reader: Author, shown: Shown) -> str:
    here = f"{reader.folder.parent}/"
    program, group, *words = (word.replace("/tmp/", here) for word in shlex.split(shown.command))  # noqa: S108
    assert (program, group) == ("trailwarden", "rules")
    printed = reader.must(*words).replace(here, "/tmp/")  # noqa: S108
    assert_shown(shown, printed)
    return printed


def test_the_first_rule_is_written_tried_published_seen_and_undone(archive: Archive, reader: Author) -> None:
    steps = {shown.command.split()[2]: shown for shown in STEPS}
    assert [*steps] == [
        *("new", "check", "test", "explain", "backtest"),
        *("publish", "status", "promote", "history", "diff", "pull", "rollback"),
    ]
    walk(reader, steps["new"])
    file = Path(_RULE.replace("/tmp", str(reader.folder.parent)))  # noqa: S108
    assert "eventName: CreateUser" in file.read_text()
    file.write_text(_YAML.findall(tutorial(PAGE))[0])
    for step in ("check", "test", "explain", "backtest", "publish"):
        walk(reader, steps[step])
    assert "User Made By Hand" in walk(reader, steps["status"])

    walk(reader, steps["promote"])
    assert "status: stable" in reader.team()[file.name]

    def told() -> bool:
        return any("by hand" in alert.mail.subject for alert in alerts_about(archive.cloud, "hannah"))

    def made_and_told() -> bool:
        made = stopped_trail(
            "hannah",
            eventName="CreateUser",
            eventSource="iam.amazonaws.com",
            requestParameters={"userName": "somebody"},
        )
        archive.announce(archive.put(log_file([made])))
        wait_for(told, 3.0)
        return told()

    assert wait_for(made_and_told, 3 * SECONDS), archive.cloud.emulator.log
    assert "users made by hand" in walk(reader, steps["history"])
    assert "status: stable" in walk(reader, steps["diff"])
    assert "status: test" in file.read_text()
    walk(reader, steps["pull"])
    assert "status: stable" in file.read_text()
    walk(reader, steps["rollback"])
    assert "status: test" in reader.team()[file.name]
