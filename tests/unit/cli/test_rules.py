"""`trailwarden rules compile` and `test`."""

import json
from pathlib import Path

from click.testing import CliRunner

from tests.unit.cli.test_scan import RULE
from trailwarden.cli import main
from trailwarden.rules.ruleset import load_rule_set

TESTS = """
  tests:
    match:
      - {eventSource: cloudtrail.amazonaws.com, eventName: StopLogging}
    no_match:
      - {eventSource: cloudtrail.amazonaws.com, eventName: StartLogging}
"""


def write(tmp_path: Path, text: str) -> str:
    file = tmp_path / "rule.yml"
    file.write_text(text)
    return str(file)


def test_compile_writes_an_artefact_that_loads(tmp_path: Path) -> None:
    output = tmp_path / "ruleset.json"
    result = CliRunner().invoke(main, ["rules", "compile", write(tmp_path, RULE), "-o", str(output)])
    assert result.exit_code == 0
    assert load_rule_set(output.read_bytes()).version in result.stdout


def test_compile_writes_nothing_where_a_rule_is_broken(tmp_path: Path) -> None:
    output = tmp_path / "ruleset.json"
    broken = write(tmp_path, RULE.replace("condition: selection", "condition: selektion"))
    result = CliRunner().invoke(main, ["rules", "compile", broken, "-o", str(output)])
    assert result.exit_code == 2
    assert "rule.yml:" in result.stderr
    assert not output.exists()


def test_test_counts_and_passes(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["rules", "test", write(tmp_path, RULE.rstrip() + TESTS)])
    assert (result.exit_code, result.stdout) == (0, "1 rule, 2 tests, 0 failed.\n")


def test_test_names_what_fails(tmp_path: Path) -> None:
    wrong = RULE.rstrip() + TESTS.replace("StartLogging", "StopLogging")
    result = CliRunner().invoke(main, ["rules", "test", write(tmp_path, wrong)])
    assert result.exit_code == 1
    assert "rule.yml:" in result.stderr
    assert "must not" in result.stderr


def test_the_shipped_rules_pass_their_tests() -> None:
    result = CliRunner().invoke(main, ["rules", "test"])
    assert result.exit_code == 0, result.stderr


def test_a_script_reads_what_fails(tmp_path: Path) -> None:
    wrong = RULE.rstrip() + TESTS.replace("StartLogging", "StopLogging")
    result = CliRunner().invoke(main, ["rules", "test", "--json", write(tmp_path, wrong)])
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["rules"], told["tests"]) == (1, 2)
    assert [failure["path"].rpartition("/")[2] for failure in told["failures"]] == ["rule.yml"]
