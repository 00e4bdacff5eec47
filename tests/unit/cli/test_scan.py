"""`trailwarden scan`: its output and exit statuses are a contract."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from tests.corpus import CORPUS, needs_corpus
from tests.samples import STOP_RULE, harmless, log_file, log_key, record
from trailwarden.cli import main
from trailwarden.cli.exits import Exit

RULE = f"""
title: Trail stopped
id: {STOP_RULE}
status: stable
level: high
logsource: {{product: aws, service: cloudtrail}}
detection:
  selection:
    eventSource: cloudtrail.amazonaws.com
    eventName: StopLogging
  condition: selection
trailwarden:
  title: "{{actor}} stopped the trail {{requestParameters.name}}"
"""


@pytest.fixture
def rules(tmp_path: Path) -> str:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "trail_stopped.yml").write_text(RULE)
    return str(folder)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Two log files deep in a folder: a match in each, and the first of them again."""
    folder = tmp_path / "logs"
    for unique, records in {
        "AAAAAAAAAAAAAAAA": [harmless(1), record(2)],
        "BBBBBBBBBBBBBBBB": [record(2), record(3, eventTime="2026-03-01T12:30:00Z")],
    }.items():
        file = folder / log_key(unique)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(log_file(records))
    return folder


def test_help_names_every_status_of_the_page() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "scan.md").read_text()
    table = page.partition("## Exit status")[2].partition("\n\n|")[2].partition("\n\n")[0]
    statuses = re.findall(r"^\| (\d+) \|", table, re.MULTILINE)
    said = " ".join(run("--help").stdout.partition("Exit status:")[2].split())
    assert set(statuses) == {str(status.value) for status in Exit}
    assert re.findall(r"(?:^|; )(\d+) ", said) == statuses


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["scan", *map(str, args)])


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_match_is_a_line_and_a_repeat_says_so(rules: str, logs: Path) -> None:
    result = run("--rules", rules, "--format", "jsonl", "--matches", logs)
    assert result.exit_code == 0
    found = lines(result)
    assert found[0] == {
        "rule_id": STOP_RULE,
        "rule_title": "Trail stopped",
        "level": "high",
        "log_file": log_key("AAAAAAAAAAAAAAAA"),
        "record_index": 1,
        "event_id": record(2)["eventID"],
        "event_time": "2026-03-01T12:00:00Z",
        "repeat": False,
        "status": "stable",
    }
    assert [(line["record_index"], line["repeat"]) for line in found] == [(1, False), (0, True), (1, False)]


def test_each_alert_is_a_line(rules: str, logs: Path) -> None:
    result = run("--rules", rules, "--format", "jsonl", logs)
    (alert,) = lines(result)
    alert_id = alert.pop("alert_id")
    assert alert == {
        "rule_id": STOP_RULE,
        "rule_title": "Trail stopped",
        "level": "high",
        "group": {"actor": "user mallory", "account": "444455556666"},
        "count": 2,
        "first_event_time": "2026-03-01T12:00:00Z",
        "last_event_time": "2026-03-01T12:30:00Z",
        "account": "444455556666",
        "region": "eu-west-1",
        "title": "user mallory stopped the trail main-trail",
        "status": "stable",
    }
    again = run("--rules", rules, "--format", "jsonl", *sorted(logs.rglob("*.gz"), reverse=True))
    assert lines(again)[0]["alert_id"] == alert_id


def test_text_is_a_table_and_what_was_read(rules: str, logs: Path) -> None:
    result = run("--rules", rules, logs)
    assert "user mallory stopped the trail main-trail" in result.stdout
    assert "Read 4 records in 2 log files with 1 rule " in result.stdout
    assert "3 matches (1 of events met before) made 1 alert." in result.stdout
    heading, row = (line.split(maxsplit=8) for line in result.stdout.splitlines()[:2])
    assert heading == ["Level", "First", "(UTC)", "Last", "Events", "Account", "Region", "Alert"]
    assert row[:7] == ["high", "2026-03-01", "12:00:00", "12:30:00", "2", "444455556666", "eu-west-1"]


def test_a_staged_rules_alerts_are_shown_with_its_status(rules: str, logs: Path) -> None:
    (file,) = Path(rules).glob("*.yml")
    file.write_text(file.read_text().replace("status: stable", "status: experimental"))

    (alert,) = lines(run("--rules", rules, "--format", "jsonl", logs))
    text = run("--rules", rules, logs).stdout
    matches = run("--rules", rules, "--matches", logs).stdout

    assert alert["status"] == "experimental"
    assert "user mallory stopped the trail main-trail [experimental]" in text
    assert matches.count("Trail stopped [experimental]  ") == 3


def test_text_of_each_match(rules: str, logs: Path) -> None:
    result = run("--rules", rules, "--matches", logs)
    assert result.stdout.count("Trail stopped") == 3
    assert result.stdout.count("(repeat)") == 1


def test_a_file_given_by_itself_goes_by_its_name(rules: str, logs: Path) -> None:
    (file, _) = sorted(logs.rglob("*.gz"))
    (match,) = lines(run("--rules", rules, "--format", "jsonl", "--matches", file))
    assert match["log_file"] == file.name


def test_rules_default_to_the_shipped_ones(logs: Path) -> None:
    (alert,) = lines(run("--format", "jsonl", logs))
    assert "main-trail" in alert["title"]


@pytest.mark.parametrize(("level", "status"), [("critical", 0), ("high", 1), ("low", 1)])
def test_an_alert_at_or_above_the_level_fails_the_scan(
    rules: str, logs: Path, level: str, status: int
) -> None:
    assert run("--rules", rules, "--fail-on", level, logs).exit_code == status


def test_input_that_cannot_be_read_is_named_and_the_rest_evaluated(rules: str, logs: Path) -> None:
    (first, second) = sorted(logs.rglob("*.gz"))
    second.write_bytes(gzip.compress(b'{"Records": nothing}'))
    result = run("--rules", rules, "--format", "jsonl", logs, logs / "no-such-folder")
    assert result.exit_code == 3
    assert len(lines(result)) == 1
    assert second.relative_to(logs).as_posix() in result.stderr
    assert "no-such-folder" in result.stderr
    assert first.name not in result.stderr


def test_a_file_that_can_be_read_in_part_is_named(rules: str, tmp_path: Path) -> None:
    file = tmp_path / "part.json"
    file.write_text(json.dumps({"Records": [record(1), 7, record(2)]}))
    result = run("--rules", rules, "--format", "jsonl", "--matches", file)
    assert result.exit_code == 3
    assert [line["record_index"] for line in lines(result)] == [0, 2]
    assert "part.json, record 1: record_not_object" in result.stderr


def test_an_alert_to_fail_on_outweighs_input_that_cannot_be_read(rules: str, logs: Path) -> None:
    assert run("--rules", rules, "--fail-on", "low", logs, "no-such-file").exit_code == 1


@pytest.mark.parametrize("args", [(), ("--format", "xml", "."), ("--fail-on", "huge", "."), ("--bogus", ".")])
def test_wrong_usage_is_told(args: tuple[str, ...]) -> None:
    result = run(*args)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_a_bad_rule_is_named_with_its_cure_and_the_others_evaluated(rules: str, logs: Path) -> None:
    bad = Path(rules, "bad.yml")
    bad.write_text(RULE.replace(STOP_RULE, "no uuid").replace("level: high", "level: hgih"))
    result = run("--rules", rules, "--format", "jsonl", logs)
    assert result.exit_code == 2
    assert len(lines(result)) == 1
    assert result.stderr.count(f"{bad.as_posix()}:") >= 2
    assert "cure:" in result.stderr


def test_no_rule_at_all_is_wrong(tmp_path: Path, logs: Path) -> None:
    result = run("--rules", tmp_path / "nowhere", logs)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere" in result.stderr


def test_digests_and_other_files_are_passed_over(rules: str, tmp_path: Path) -> None:
    digest = tmp_path / (
        "AWSLogs/444455556666/CloudTrail-Digest/eu-west-1/2026/03/01/"
        "444455556666_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260301T120000Z.json.gz"
    )
    digest.parent.mkdir(parents=True)
    digest.write_bytes(gzip.compress(b"{}"))
    (tmp_path / "AWSLogs" / "README.md").write_text("no log file")
    (tmp_path / "AWSLogs" / "log.json.gz").write_bytes(log_file([harmless(1)]))
    result = run("--rules", rules, tmp_path / "AWSLogs")
    assert result.exit_code == 0
    assert "Passed over 1 file of digests or Insights." in result.stdout
    assert "passed over 1 file that is not named *.json, *.json.gz or *.gz: README.md" in result.stderr


def _digest(folder: Path) -> None:
    (folder / "444455556666_CloudTrail-Digest_eu-west-1_main_eu-west-1_20260301T120000Z.json.gz").touch()


@pytest.mark.parametrize(
    ("lay", "said"),
    [
        (lambda _folder: None, "holds no log file, nothing named *.json, *.json.gz or *.gz"),
        (
            lambda folder: [(folder / name).touch() for name in "dacb"],
            "holds no log file, only 4 files that are not named *.json, *.json.gz or *.gz: a, b, c, ...",
        ),
        (lambda folder: (folder / "deep" / "deeper").mkdir(parents=True), "holds no log file, nothing"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe: a named pipe in a folder is not read"),
    ],
    ids=["empty", "other names", "folders", "a pipe"],
)
def test_a_folder_with_nothing_to_read_does_not_pass(
    rules: str, logs: Path, tmp_path: Path, lay: Callable[[Path], object], said: str
) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    lay(folder)
    result = run("--rules", rules, "--fail-on", "critical", "--format", "jsonl", logs, folder)
    assert result.exit_code == 3
    assert said in result.stderr
    assert len(lines(result)) == 1, "what can be read is evaluated"


def test_digests_alone_are_nothing_to_read(rules: str, tmp_path: Path) -> None:
    folder = tmp_path / "AWSLogs/444455556666/CloudTrail-Digest/eu-west-1/2026/03/01"
    folder.mkdir(parents=True)
    _digest(folder)
    result = run("--rules", rules, "--fail-on", "low", tmp_path)
    assert result.exit_code == 3
    assert "no log file was read, only 1 file of digests or Insights passed over" in result.stderr


@pytest.mark.parametrize("name", ["A.JSON", "b.Json.Gz", "c.GZ"])
def test_suffixes_are_read_in_any_case(rules: str, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / name).write_bytes(log_file([record(1)]))
    (match,) = lines(run("--rules", rules, "--format", "jsonl", "--matches", folder))
    assert match["log_file"] == name


def test_a_named_pipe_under_another_name_is_named_and_no_fault(rules: str, logs: Path) -> None:
    os.mkfifo(logs / "control")
    result = run("--rules", rules, logs)
    assert result.exit_code == 0
    assert f"{logs / 'control'}: a named pipe in a folder is not read; name it as a PATH" in result.stderr


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", "a path is empty; write . for the current folder"),
        ("  ", "a path is empty"),
        ("s3://", "'s3://' names no bucket; write s3://BUCKET/PREFIX"),
        ("S3:///AWSLogs", "names no bucket"),
        ("s3://a bucket/x", "names no bucket"),
    ],
)
@pytest.mark.parametrize(
    "command", [["scan"], ["scan", ".", "--rules"], ["rules", "backtest"], ["rules", "check"]]
)
def test_a_path_that_is_none_is_wrong_usage(command: list[str], path: str, said: str) -> None:
    result = CliRunner().invoke(main, [*command, path])
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("path", ["", "  "])
@pytest.mark.parametrize(
    "command",
    [["rules", "new", "A title", "--dir"], ["rules", "import", "rules", "--into"], ["rules", "pull", "-y"]],
)
def test_a_folder_to_write_to_that_is_empty_is_wrong_usage(
    command: list[str], path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rules").mkdir()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, [*command, path])
    assert result.exit_code == 2
    assert "a path is empty; write . for the current folder" in result.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / "rules"]


@pytest.mark.parametrize("word", ["", "  "])
def test_an_empty_word_means_no_rule(word: str) -> None:
    result = CliRunner().invoke(main, ["rules", "explain", word, "log.json:0"])
    assert result.exit_code == 2
    assert "there is no file, folder or rule" in result.stderr
    assert "egular expression" not in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"hi\n", 'begins with "hi"'), (b"\x28\xb5\x2f\xfdabc", "begins with the bytes 28 b5 2f fd 61 62 63")],
)
def test_what_is_no_log_file_is_shown_as_it_is(rules: str, tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "x.gz"
    file.write_bytes(content)
    result = run("--rules", rules, file)
    assert result.stderr == f"trailwarden: {file}: not_json: neither gzip nor JSON: {said}\n"


def test_hostile_names_reach_no_terminal(rules: str, tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[2Jb.json"
    file.write_text("[")
    result = run("--rules", rules, file)
    assert result.exit_code == 3
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize("prefix", ["", "/AWSLogs", "/AWSLogs/"])
def test_s3_addresses_are_read(rules: str, monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="log-archive")
        s3.put_object(Bucket="log-archive", Key=log_key(), Body=log_file([record()]))
        s3.put_object(Bucket="log-archive", Key="AWSLogsElsewhere/x.json", Body=log_file([record(9)]))
        found = lines(run("--rules", rules, "--format", "jsonl", "--matches", f"s3://log-archive{prefix}"))
        missing = run("--rules", rules, "s3://log-archive/none", "s3://no-such-bucket/x")
    expected = log_key().removeprefix(prefix.strip("/")).removeprefix("/")
    assert expected in [line["log_file"] for line in found]
    assert len(found) == (2 if prefix == "" else 1)
    assert missing.exit_code == 3
    assert "s3://log-archive/none" in missing.stderr
    assert "no-such-bucket" in missing.stderr


def test_objects_of_other_names_are_named(rules: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="log-archive")
        for key in ("case/A.JSON.GZ", "case/", "case/notes.txt", "other/b.log"):
            s3.put_object(Bucket="log-archive", Key=key, Body=log_file([record()]))
        mixed = run("--rules", rules, "--format", "jsonl", "S3://log-archive/case")
        other = run("--rules", rules, "s3://log-archive/other")
        named = run("--rules", rules, "--format", "jsonl", "s3://log-archive/other/b.log")
    left = "that is not named *.json, *.json.gz or *.gz"
    assert (mixed.exit_code, len(lines(mixed))) == (0, 1)
    assert mixed.stderr == f"trailwarden: S3://log-archive/case: passed over 1 file {left}: notes.txt\n"
    assert other.exit_code == 3
    assert f"s3://log-archive/other: holds no log file, only 1 file {left}: b.log" in other.stderr
    assert (named.exit_code, len(lines(named))) == (0, 1), "as a file that is named is read whatever its name"


def test_a_reader_that_goes_away_is_no_fault_of_the_input(rules: str, logs: Path) -> None:
    """As in `trailwarden scan ... | head -1`, with more lines than a pipe holds."""
    file = logs / "many.json.gz"
    file.write_bytes(log_file(record(number) for number in range(2000)))
    command = [
        sys.executable,
        "-m",
        "trailwarden",
        "scan",
        "--rules",
        rules,
        "--format",
        "jsonl",
        "--matches",
    ]
    with subprocess.Popen(
        [*command, file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["rule_id"] == STOP_RULE
        process.stdout.close()
        assert "cannot" not in process.stderr.read()


@needs_corpus
def test_the_oracle_is_reproduced_through_the_command() -> None:
    """As a script would call it: a process, a folder of rules, standard output read line by line."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "trailwarden", "scan", "--format", "jsonl", "--matches"),
            *("--rules", str(CORPUS / "sigma_aws"), str(CORPUS / "AWSLogs")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    oracle = json.loads((CORPUS / "sigma_aws_matches.json").read_text())
    expected = {
        (rule_id, file.removeprefix("AWSLogs/"), index)
        for rule_id, matches in oracle.items()
        for file, index in matches
    }
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert {(line["rule_id"], line["log_file"], line["record_index"]) for line in found} == expected
    assert len(found) == len(expected)
    assert result.returncode == 2, "the pack holds one rule with placeholders that nobody filled"
    assert "%Legitimate_Countries%" in result.stderr
