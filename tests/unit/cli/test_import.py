"""`trailwarden rules import`: each rule of a pack taken, warned of or refused, and the pack left as it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.corpus import CORPUS, needs_corpus
from tests.samples import STOP_RULE
from tests.unit.backtest.test_backtest import DRILLS, STOP
from trailwarden.cli import main

WINDOWS = """
title: Whoami
id: 6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b10
logsource: {category: process_creation, product: windows}
detection: {call: {Image|endswith: whoami.exe}, condition: call}
"""
UNKNOWN_FIELD = STOP.replace("{eventName: StopLogging}", "{eventNam: x}").replace("2b01", "2b11")
PLACEHOLDER = STOP.replace("{eventName: StopLogging}", "{eventName|expand: '%Nothing%'}").replace(
    "2b01", "2b12"
)


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["rules", "import", *map(str, args)])


def verdicts(result: Result) -> dict[str, str]:
    return {Path(one["path"]).name: one["verdict"] for one in json.loads(result.stdout)["rules"]}


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yml").write_text(text)
    return folder


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "pack"
    folder.mkdir()
    return folder


def test_each_rule_has_a_verdict_and_its_reason(pack: Path) -> None:
    write(pack, a=STOP, b=WINDOWS, c=UNKNOWN_FIELD, d=PLACEHOLDER, e="a: [b")
    (pack / "f.yml").write_bytes(b"\xff\xfe")
    result = run(pack, "--json")
    assert result.exit_code == 2
    assert verdicts(result) == {
        "a.yml": "taken",
        "b.yml": "other_logs",
        "c.yml": "warned",
        "d.yml": "refused",
        "e.yml": "unreadable",
        "f.yml": "unreadable",
    }
    report = json.loads(result.stdout)
    assert report["summary"] == {"taken": 1, "warned": 1, "refused": 1, "other_logs": 1, "unreadable": 2}
    reasons: dict[str, list[Any]] = {Path(one["path"]).name: one["problems"] for one in report["rules"]}
    assert "%Nothing%" in reasons["d.yml"][0]["message"]
    assert reasons["d.yml"][0]["cure"]
    assert "no field `eventNam`" in reasons["c.yml"][0]["message"]
    assert "is not CloudTrail" in reasons["b.yml"][0]["message"]


@pytest.mark.parametrize(
    ("files", "status"),
    [
        ({"a": STOP, "b": WINDOWS, "c": UNKNOWN_FIELD}, 0),
        ({"a": STOP, "b": PLACEHOLDER}, 2),
        ({"a": STOP, "b": "a: [b"}, 3),
        ({"b": WINDOWS}, 0),
    ],
)
def test_the_exit_status_tells_scripts(pack: Path, files: dict[str, str], status: int) -> None:
    assert run(write(pack, **files)).exit_code == status


def test_problems_go_to_their_document_of_a_file(pack: Path) -> None:
    write(pack, a=f"{STOP}---{WINDOWS}---{PLACEHOLDER}---{DRILLS}")
    found = json.loads(run(pack, "--json").stdout)["rules"]
    assert [(one["kind"], one["verdict"]) for one in found] == [
        ("rule", "taken"),
        ("rule", "other_logs"),
        ("rule", "refused"),
        ("filter", "taken"),
    ]


def test_ids_that_are_taken_are_told(pack: Path) -> None:
    shipped = "01b85956-1b01-4c82-a79c-2d945cbc460e"
    write(pack, a=STOP, b=STOP, c=STOP.replace(STOP_RULE, shipped))
    result = run(pack)
    assert verdicts(run(pack, "--json")) == {"a.yml": "taken", "b.yml": "refused", "c.yml": "refused"}
    assert f"the id {shipped} is also that of the shipped rule 'Trail Stopped Or Deleted'" in result.stdout


def test_text_counts_and_names_other_logs_only_when_asked(pack: Path) -> None:
    write(pack, a=STOP, b=WINDOWS, c=UNKNOWN_FIELD)
    text = run(pack).stdout
    assert text.endswith("3 rules: 2 taken (1 with a warning), 1 refused (1 for other logs).\n")
    assert "Whoami" not in text
    assert "Whoami" in run(pack, "--all").stdout
    assert "\x1b" not in text


def test_copies_are_the_pack_to_the_byte_and_nothing_is_overwritten(pack: Path, tmp_path: Path) -> None:
    (pack / "deep").mkdir()
    taken = f"# ours\r\n{STOP}".encode()
    (pack / "deep" / "a.yml").write_bytes(taken)
    write(pack, b=WINDOWS, c=f"{UNKNOWN_FIELD}---{PLACEHOLDER}")
    before = {file: file.read_bytes() for file in pack.rglob("*.yml")}
    into = tmp_path / "team"
    first = run(pack, "--into", into)
    assert [file.relative_to(into).as_posix() for file in into.rglob("*.yml")] == ["deep/a.yml"]
    assert (into / "deep" / "a.yml").read_bytes() == taken
    assert "c.yml was not copied: not all that is in it was taken" in first.stderr
    (into / "deep" / "a.yml").write_text("mine")
    second = run(pack, "--into", into)
    assert second.exit_code == 2
    assert "is there, and differs" in second.stderr
    assert (into / "deep" / "a.yml").read_text() == "mine"
    assert {file: file.read_bytes() for file in pack.rglob("*.yml")} == before


def test_a_pack_cannot_write_on_the_terminal(pack: Path) -> None:
    write(pack, a=STOP.replace("title: Trail stopped", 'title: "\\e]0;owned\\aTrail \\e[2Jstopped"'))
    text = run(pack).stdout
    assert "stopped" in text
    assert "\x1b" not in text
    assert "\x07" not in text


@needs_corpus
def test_sigmahqs_rules_are_taken_but_for_the_one_with_placeholders() -> None:
    report = json.loads(run(CORPUS / "sigma_aws", "--json").stdout)
    refused = [one for one in report["rules"] if one["verdict"] == "refused"]
    assert [Path(one["path"]).name.split("_")[0] for one in refused] == ["placeholder"]
    assert report["summary"]["taken"] + report["summary"]["warned"] == len(report["rules"]) - 1


@pytest.mark.parametrize(
    ("line", "name", "meant"),
    [
        ("region: eu-west-1", "region", "awsRegion"),
        ("account|startswith: '1'", "account", "recipientAccountId"),
        ("action: StopLogging", "action", "eventName"),
        ("target|contains: x", "target", "resources.ARN"),
        ("tool|re: curl", "tool", "userAgent"),
        ("actor: alice", "actor", "userIdentity.arn"),
        ("sourceIPAddress|fieldref: origin", "origin", "sourceIPAddress"),
    ],
)
def test_names_that_mean_normalised_fields_here_are_told(
    pack: Path, line: str, name: str, meant: str
) -> None:
    write(pack, a=STOP.replace("{eventName: StopLogging}", f"{{eventName: StopLogging, {line}}}"))
    (rule,) = json.loads(run(pack, "--json").stdout)["rules"]

    assert rule["verdict"] == "warned"
    assert any(f"`{name}` is read as the normalised field" in one["message"] for one in rule["problems"])
    assert any(f"`{meant}`" in one["cure"] for one in rule["problems"])


def test_names_that_say_that_they_are_normalised_are_let_be(pack: Path) -> None:
    line = "actor.kind: root, action.outcome: denied"
    write(pack, a=STOP.replace("{eventName: StopLogging}", f"{{eventName: StopLogging, {line}}}"))
    assert verdicts(run(pack, "--json")) == {"a.yml": "taken"}
