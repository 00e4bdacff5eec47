"""`trailwarden rules backtest`: what it takes for rules and for log files, what it prints, how it ends."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from tests.corpus import CORPUS, needs_corpus
from tests.samples import STOP_RULE, harmless, log_file, log_key, record
from tests.unit.backtest.test_backtest import DRILLS, STOP, TWICE
from trailwarden.cli import main

SHIPPED_STOP = "trail_stopped_or_deleted"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    for unique, records in {
        "AAAAAAAAAAAAAAAA": [harmless(1), record(2)],
        "BBBBBBBBBBBBBBBB": [record(2), record(3, eventTime="2026-03-01T12:30:00Z")],
    }.items():
        file = folder / log_key(unique)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(log_file(records))
    return folder


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yml"
    file.write_text(STOP)
    return file


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["rules", "backtest", *map(str, args)])


def found(result: Result) -> dict[str, Any]:
    assert result.exit_code in {0, 2, 3}, result.output
    loaded: dict[str, Any] = json.loads(result.stdout)
    return loaded


def test_a_rule_file_on_a_folder_of_log_files(rule_file: Path, logs: Path) -> None:
    result = run(rule_file, logs, "--json")
    assert result.exit_code == 0
    report = found(result)
    assert (report["matches"], report["repeats"], report["alerts"], report["alerts_a_day"]) == (2, 1, 1, 1.0)
    assert report["reach"] == {
        "files": 2,
        "passed_over": 0,
        "records": 4,
        "first_event_time": "2026-03-01T12:00:00Z",
        "last_event_time": "2026-03-01T12:30:00Z",
        "days": 1,
    }
    assert [one["id"] for one in report["rules"]] == [STOP_RULE]


@pytest.mark.parametrize(
    "word", [SHIPPED_STOP, "01b85956-1b01-4c82-a79c-2d945cbc460e", "trail stopped or deleted"]
)
def test_a_shipped_rule_by_its_file_id_or_title(word: str, logs: Path) -> None:
    report = found(run(word, logs, "--json"))
    assert [one["title"] for one in report["rules"]] == ["Trail Stopped Or Deleted"]
    assert report["alerts"] == 1


def test_all_shipped_rules_where_none_is_named(logs: Path) -> None:
    assert len(found(run(logs, "--json"))["rules"]) > 5


def test_an_unknown_word_names_the_nearest_rule(logs: Path) -> None:
    result = run("trail_stoped_or_deleted", logs)
    assert result.exit_code == 2
    assert f"did you mean `{SHIPPED_STOP}`?" in result.stderr


def test_log_files_must_be_named(rule_file: Path) -> None:
    result = run(rule_file)
    assert result.exit_code == 2
    assert "No log files are named" in result.stderr


def test_a_folder_that_holds_both_must_be_told_apart(logs: Path, tmp_path: Path, rule_file: Path) -> None:
    assert rule_file.parent == tmp_path
    result = run(tmp_path, logs)
    assert result.exit_code == 2
    assert "--rules" in result.stderr
    assert found(run("--rules", tmp_path, logs, "--json"))["alerts"] == 1


def test_a_filter_alone_shows_what_it_hides_of_shipped_rules(tmp_path: Path) -> None:
    shipped_id = "1e3ae8bf-2258-4fd0-802f-5564b5017502"  # of one that is not protected
    file = tmp_path / "exception.yml"
    file.write_text(DRILLS.replace("trail_stopped", shipped_id))
    logs = tmp_path / "logs" / log_key("AAAAAAAAAAAAAAAA")
    logs.parent.mkdir(parents=True)
    called = {"eventSource": "ec2.amazonaws.com", "eventName": "DeleteFlowLogs"}
    logs.write_bytes(log_file([record(2, **called), record(3, **called)]))
    report = found(run(file, logs, "--json"))
    assert [one["id"] for one in report["rules"]] == [shipped_id]
    assert (report["alerts"], report["hidden"]) == (0, 2)
    assert report["exceptions"][0]["matches"] == 2
    text = run(file, logs).stdout
    assert "It hides 2 matches of 1 alert of 1 rule" in text


def test_a_rule_with_the_id_of_a_shipped_one_is_refused_as_publication_does(
    tmp_path: Path, logs: Path
) -> None:
    shipped_id = "01b85956-1b01-4c82-a79c-2d945cbc460e"
    file = tmp_path / "mine.yml"
    file.write_text(STOP.replace(STOP_RULE, shipped_id))
    result = run(file, logs, "--json")
    assert result.exit_code == 2
    assert f"the id {shipped_id} is also that of " in result.stderr
    assert "write an override for the shipped rule" in result.stderr


def test_a_correlation_brings_what_feeds_it_and_a_rule_what_is_built_on_it(
    tmp_path: Path, logs: Path
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "stop.yml").write_text(STOP)
    (tmp_path / "rules" / "twice.yml").write_text(TWICE)
    report = found(run(tmp_path / "rules", logs, "--json"))
    assert {one["title"]: one["alerts"] for one in report["rules"]} == {
        "Stopped twice": 1,
        "Trail stopped": 0,
    }
    shipped = found(run("console_sign_in_failed", logs, "--json"))
    titles = {one["title"] for one in shipped["rules"]}
    assert {"Console Passwords Guessed", "Console Sign-In Failed"} <= titles
    assert "Trail Stopped Or Deleted" not in titles


def test_a_broken_rule_costs_itself_alone(tmp_path: Path, rule_file: Path, logs: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(STOP.replace("condition: call", "condition: kall").replace(STOP_RULE, ""))
    result = run(rule_file, broken, logs, "--json")
    assert result.exit_code == 2
    assert "broken.yml:" in result.stderr
    assert found(result)["alerts"] == 1
    alone = run(broken, logs)
    assert (alone.exit_code, alone.stdout) == (2, "")


def test_what_cannot_be_read_is_named_and_the_rest_read(rule_file: Path, logs: Path) -> None:
    (logs / "broken.json").write_text("no JSON")
    result = run(rule_file, logs, logs / "missing.json", "--json")
    assert result.exit_code == 3
    report = found(result)
    assert (report["fault_count"], report["alerts"]) == (2, 1)
    assert "broken.json" in result.stderr
    assert "missing.json" in result.stderr


def test_objects_in_s3(rule_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="log-archive")
        s3.put_object(Bucket="log-archive", Key=log_key(), Body=log_file([record(1)]))
        result = run(rule_file, "s3://log-archive/AWSLogs", "--json")
    assert found(result)["alerts"] == 1


def test_the_text_is_plain_where_it_is_piped(rule_file: Path, logs: Path) -> None:
    text = run(rule_file, logs).stdout
    assert text.startswith("“Trail stopped” would have raised 1 alert (in one day).\nRead 4 records in 2 log")
    assert "2 matches made 1 alert; 0 hidden by exceptions; 1 met before." in text
    assert "user mallory" in text
    assert "\x1b" not in text


def test_nothing_found_is_said(rule_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "quiet.json.gz"
    file.write_bytes(log_file([harmless(1)]))
    text = run(rule_file, file).stdout
    assert "would have raised no alert in 1 day of records." in text
    assert "1 rule found nothing." in text


def test_the_page_needs_a_folder(rule_file: Path, logs: Path, tmp_path: Path) -> None:
    result = run(rule_file, logs, "--html", tmp_path / "missing" / "report.html")
    assert result.exit_code == 2
    assert "There is no folder" in result.stderr


@needs_corpus
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_matches_on_the_corpus_are_those_of_the_oracle(jobs: str) -> None:
    expected = json.loads((CORPUS / "sigma_aws_matches.json").read_text())
    report = found(run(CORPUS / "sigma_aws", CORPUS / "AWSLogs", "--json", "--jobs", jobs))
    by_rule = {one["id"]: one["matches"] for one in report["rules"]}
    assert report["matches"] + report["repeats"] == sum(map(len, expected.values()))
    assert {rule_id for rule_id, number in by_rule.items() if number} == {
        rule_id for rule_id, places in expected.items() if places
    }
