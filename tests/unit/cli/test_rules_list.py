"""`trailwarden rules list` and `coverage`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.samples import STOP_RULE
from tests.unit.backtest.test_backtest import DRILLS, STOP, TWICE
from trailwarden.cli import main

_MORE = """tags: [attack.persistence, attack.t1098.003, cis.aws.5.4]
trailwarden:
  owner: Red Team
  tests:
    match: [{eventName: StopLogging}, {eventName: stoplogging}]
    no_match: [{eventName: StartLogging}]
"""
_OTHER = """
title: Untagged
id: 6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b09
status: experimental
level: low
logsource: {product: aws, service: cloudtrail}
detection:
  call: {eventName: DeleteTrail}
  condition: call
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stop.yml").write_text(STOP + _MORE)
    (tmp_path / "other.yml").write_text(_OTHER)
    (tmp_path / "twice.yml").write_text(TWICE)
    (tmp_path / "filter.yml").write_text(DRILLS)
    return tmp_path


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, args)])


def listed(*args: str | Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("list", *args, "--json").stdout)
    return found


def test_rules_are_listed_worst_first(folder: Path) -> None:
    found = listed(folder)
    assert [one["title"] for one in found] == ["Stopped twice", "Trail stopped", "Untagged"]
    assert [one["kind"] for one in found] == ["correlation", "rule", "rule"]
    assert found[1] == {
        "id": STOP_RULE,
        "name": "trail_stopped",
        "title": "Trail stopped",
        "kind": "rule",
        "level": "high",
        "status": "stable",
        "tags": ["attack.persistence", "attack.t1098.003", "cis.aws.5.4"],
        "owner": "Red Team",
        "generates": False,
        "filters": ["drills"],
        "tests": {"match": 2, "no_match": 1},
        "path": (folder / "stop.yml").as_posix(),
        "line": 2,
    }


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        (["--level", "high"], ["Trail stopped"]),
        (["--level", "high", "--level", "low"], ["Trail stopped", "Untagged"]),
        (["--status", "experimental"], ["Untagged"]),
        (["--tag", "attack.t1098"], ["Trail stopped"]),
        (["--tag", "attack.t109"], []),
        (["--tag", "cis.*"], ["Trail stopped"]),
        (["--owner", "red"], ["Trail stopped"]),
        (["--owner", "red", "--level", "low"], []),
    ],
)
def test_options_choose(folder: Path, options: list[str], titles: list[str]) -> None:
    assert [one["title"] for one in listed(folder, *options)] == titles


def test_the_list_reads_plain_where_it_is_piped(folder: Path) -> None:
    result = run("list", folder)
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "Trail stopped (feeds correlations)" in result.stdout
    assert result.stdout.endswith("3 rules, 1 exception.\n")


def test_a_broken_rule_is_named_and_the_others_listed(folder: Path) -> None:
    (folder / "broken.yml").write_text("title: x\n")
    result = run("list", folder, "--json")
    assert result.exit_code == 2
    assert "broken.yml" in result.stderr
    assert len(json.loads(result.stdout)) == 3


def test_coverage_counts_what_tells_somebody(folder: Path) -> None:
    (folder / "twice.yml").unlink()
    found = json.loads(run("coverage", folder, "--json").stdout)
    assert [(one["id"], len(one["rules"])) for one in found["techniques"]] == [("T1098.003", 1)]
    assert found["techniques"][0]["rules"] == [{"id": STOP_RULE, "title": "Trail stopped", "level": "high"}]
    assert found["tactics"][0]["id"] == "persistence"
    assert (found["controls"][0]["framework"], found["controls"][0]["id"]) == ("cis.aws", "5.4")
    assert [one["title"] for one in found["untagged"]] == ["Untagged"]
    text = run("coverage", folder).stdout
    assert "1 rule cover 1 tactic, 1 technique, 1 CIS control." not in text
    assert "1 rule covers 1 tactic, 1 technique, 1 CIS control." in text
    assert "1 rule without such tags: Untagged" in text


def test_coverage_writes_a_navigator_layer(folder: Path, tmp_path: Path) -> None:
    (folder / "twice.yml").unlink()
    layer = tmp_path / "layer.json"
    assert run("coverage", folder, "--navigator", layer).exit_code == 0
    made = json.loads(layer.read_text())
    assert [one["techniqueID"] for one in made["techniques"]] == ["T1098.003"]


def test_the_shipped_rules_are_all_tagged() -> None:
    assert json.loads(run("coverage", "--json").stdout)["untagged"] == []


@pytest.mark.parametrize(
    "tag", ["attack.t1098", "t1098", "T1098.003", "t109*", "persistence", "attack.Persis*"]
)
def test_a_tag_is_named_as_the_table_shows_it_or_in_full(folder: Path, tag: str) -> None:
    result = run("list", folder, "--tag", tag, "--json")
    assert [one["id"] for one in json.loads(result.stdout)] == [STOP_RULE]
    assert result.stderr == ""


def test_a_tag_that_no_rule_has_is_named_with_the_nearest(folder: Path) -> None:
    result = run("list", folder, "--tag", "persistance", "--tag", "t1098", "--tag", "zzz")
    assert result.stderr == (
        "trailwarden: no rule has the tag `persistance`; did you mean `persistence`?\n"
        "trailwarden: no rule has the tag `zzz`\n"
    )
    assert "1 rule" in result.stdout
