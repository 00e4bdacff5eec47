"""`trailwarden rules check`, `new` and `explain`."""

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.samples import log_file, record
from tests.unit.checking.writing import framed
from trailwarden.cli import main

WRONG = "detection: {selection: {eventSource: iam.amazonaws.com, username: x}, condition: selection}"
NEVER = "detection: {a: {eventName: A}, b: {eventName: B}, condition: a and b}"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["rules", *map(str, words)])


def rule_file(tmp_path: Path, fragment: str = "{}") -> Path:
    file = tmp_path / "rule.yml"
    file.write_text(framed(fragment))
    return file


def records_file(tmp_path: Path) -> Path:
    file = tmp_path / "log.json.gz"
    file.write_bytes(
        log_file([record(1), record(2, eventSource="iam.amazonaws.com", eventName="CreateUser")])
    )
    return file


@pytest.mark.parametrize(
    ("fragment", "options", "status"),
    [("{}", (), 0), ("{}", ("--strict",), 0), (WRONG, (), 0), (WRONG, ("--strict",), 1), (NEVER, (), 2)],
)
def test_check_leaves_with_what_it_found(
    tmp_path: Path, fragment: str, options: tuple[str, ...], status: int
) -> None:
    assert run("check", *options, rule_file(tmp_path, fragment)).exit_code == status


def test_check_says_where_what_and_how(tmp_path: Path) -> None:
    file = rule_file(tmp_path, WRONG)
    result = run("check", file)
    first, cure = [
        line for line in result.stdout.splitlines() if "unknown-field" in line or "did you" in line
    ]
    line = 1 + next(i for i, text in enumerate(file.read_text().splitlines()) if "username" in text)
    assert first.startswith(f"{file}:{line}:5: warning: CloudTrail's records have no field `username`")
    assert cure == "    cure: did you mean `userIdentity.userName`?"
    assert result.stdout.endswith("1 rule, 0 errors, 1 warning.\n")


def test_check_speaks_json(tmp_path: Path) -> None:
    (told,) = json.loads(run("check", "--json", rule_file(tmp_path, NEVER)).stdout)[-1:]
    assert set(told) == {"path", "line", "column", "severity", "code", "message", "cure"}
    codes = {each["code"]: each["severity"] for each in json.loads(run("check", "--json", tmp_path).stdout)}
    assert codes["never-true"] == "error"


ROOT_RULE = "3e1a03a1-660b-4fc0-9479-adf4080f2a61"
FILTER: dict[str, Any] = {
    "title": "Night shift",
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "trailwarden": {"owner": "identity team", "reason": "The shift makes users."},
}


def folder_of(tmp_path: Path, **parts: Any) -> Path:
    """A folder with one document in it, and no rule."""
    until = (datetime.now(UTC).date() + timedelta(days=100)).isoformat()
    whole: dict[str, Any] = {**FILTER, **parts}
    if "filter" in whole:
        whole["trailwarden"] = {"expires": until, **whole["trailwarden"]}
    else:
        del whole["logsource"]
    (tmp_path / "change.yml").write_text(json.dumps(whole))
    return tmp_path


def codes_of(folder: Path) -> list[tuple[str, str]]:
    return [(each["severity"], each["code"]) for each in json.loads(run("check", "--json", folder).stdout)]


def filtering(rules: Any, **selection: Any) -> dict[str, Any]:
    return {"rules": rules, "selection": selection, "condition": "selection"}


def test_a_folder_of_filters_is_checked_against_what_ships(tmp_path: Path) -> None:
    wide = filtering("any", **{"eventSource|endswith": ".amazonaws.com"})
    folder = folder_of(tmp_path, filter=wide, trailwarden={**FILTER["trailwarden"], "expires": "9999-12-31"})
    result = run("check", folder)
    codes = codes_of(folder)
    assert result.exit_code == 2
    assert result.stdout.splitlines()[-1].startswith("0 rules, 3 errors")
    errors = [code for severity, code in codes if severity == "error"]
    assert sorted(errors) == ["exception-too-long", "filter-hides-protected", "filters-hide-most"]
    assert [severity for severity, _ in codes[:3]] == ["error"] * 3
    assert [code for _, code in codes].count("filter-hides-rule") == 1
    assert [code for _, code in codes].count("filter-hides-test") == 1
    assert re.search(r"everything that \d+ rules \(", result.stdout)


def test_a_filter_of_a_shipped_rule_is_sound(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, filter=filtering([ROOT_RULE], sourceIPAddress="198.51.100.99"))
    assert codes_of(folder) == []


def test_a_filter_without_an_end_is_an_error_as_it_is_for_publication(tmp_path: Path) -> None:
    whole = filtering([ROOT_RULE], sourceIPAddress="198.51.100.99")
    folder = folder_of(tmp_path, filter=whole)
    file = folder / "change.yml"
    file.write_text(
        json.dumps(
            {key: value for key, value in json.loads(file.read_text()).items() if key != "trailwarden"}
        )
    )
    assert codes_of(folder) == [("error", "invalid")]


def test_an_override_of_a_shipped_rule_is_sound_and_of_a_protected_one_is_not(tmp_path: Path) -> None:
    assert codes_of(folder_of(tmp_path, override={"rules": [ROOT_RULE], "enabled": False})) == []
    protected = "01b85956-1b01-4c82-a79c-2d945cbc460e"
    folder = folder_of(tmp_path, override={"rules": [protected], "enabled": False})
    assert codes_of(folder) == [("error", "invalid")]
    assert "is protected" in run("check", folder).stdout


def test_check_prints_no_colours_into_a_pipe(tmp_path: Path) -> None:
    assert "\x1b" not in run("check", rule_file(tmp_path, NEVER)).stdout


def test_new_writes_a_rule_that_passes(tmp_path: Path) -> None:
    made = run("new", "Trail Stopped!", "--dir", tmp_path / "deep" / "rules")
    assert made.exit_code == 0
    file = tmp_path / "deep" / "rules" / "trail_stopped.yml"
    assert run("check", file).exit_code == 0
    assert run("test", file).exit_code == 0


def test_new_from_a_record_matches_it(tmp_path: Path) -> None:
    log = records_file(tmp_path)
    assert run("new", "--from-record", f"{log}:1", "--dir", tmp_path / "rules").exit_code == 0
    file = tmp_path / "rules" / "create_user_called.yml"
    assert run("check", file).exit_code == 0
    assert run("test", file).exit_code == 0
    assert "The rule fires." in run("explain", file, f"{log}:1").stdout
    assert "The rule does not fire." in run("explain", file, f"{log}:0").stdout


def test_new_overwrites_nothing(tmp_path: Path) -> None:
    assert run("new", "A rule", "--dir", tmp_path).exit_code == 0
    before = (tmp_path / "a_rule.yml").read_text()
    again = run("new", "A rule", "--dir", tmp_path)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert (tmp_path / "a_rule.yml").read_text() == before


def test_new_needs_a_title_or_a_record(tmp_path: Path) -> None:
    assert run("new", "--dir", tmp_path).exit_code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "status", "said"),
    [
        ("{log}", 2, "FILE:INDEX"),
        ("{log}:x", 2, "FILE:INDEX"),
        ("{log}:7", 2, "holds 2 records"),
        ("{log}.gone:0", 3, "No such file"),
        ("{broken}:0", 3, "cannot be read"),
        ("{folder}:0", 2, "folder"),
    ],
)
def test_a_record_that_is_not_there_is_told(tmp_path: Path, place: str, status: int, said: str) -> None:
    log, broken = records_file(tmp_path), tmp_path / "broken.json.gz"
    broken.write_bytes(gzip.compress(b"{")[:10])
    named = place.format(log=log, broken=broken, folder=tmp_path)
    result = run("explain", rule_file(tmp_path), named)
    assert (result.exit_code, said in result.stderr) == (status, True), result.stderr


def test_explain_finds_rules_by_file_id_name_and_title(tmp_path: Path) -> None:
    file, log = rule_file(tmp_path, "name: made"), records_file(tmp_path)
    for rule in (file, "0c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10", "made", "user created"):
        result = run("explain", rule, f"{log}:1", "--rules", tmp_path)
        assert result.exit_code == 0, result.stderr
        assert 'eventName: "CreateUser"   is "CreateUser"' in result.stdout
    missing = run("explain", "user creatd", f"{log}:1", "--rules", tmp_path)
    assert missing.exit_code == 2
    assert "did you mean `User Created`?" in missing.stderr


def test_explain_names_the_line_that_failed_and_the_filter_that_hides(tmp_path: Path) -> None:
    log = records_file(tmp_path)
    rule = rule_file(
        tmp_path,
        "{}\n---\ntitle: Drill\nlogsource: {product: aws}\n"
        "filter: {rules: any, drill: {userIdentity.userName: mallory}, condition: drill}\n",
    )
    failed = run("explain", rule, f"{log}:0").stdout
    assert 'it is "StopLogging"' in failed
    hidden = run("explain", rule, f"{log}:1").stdout
    assert "hidden by the filter `Drill`" in " ".join(hidden.split())


def test_explain_speaks_json(tmp_path: Path) -> None:
    (told,) = json.loads(run("explain", "--json", rule_file(tmp_path), f"{records_file(tmp_path)}:1").stdout)
    assert told["fired"] is True
    assert told["condition"]["kind"] == "selection"
    lines = told["condition"]["parts"][0]["parts"]
    assert [line["met"] for line in lines] == [["iam.amazonaws.com"], ["CreateUser"]]


def test_explain_lets_no_record_write_to_the_terminal(tmp_path: Path) -> None:
    log = tmp_path / "log.json.gz"
    log.write_bytes(log_file([record(1, eventName="\x1b[31mCreate\u202eUser[bold]")]))
    shown = run("explain", rule_file(tmp_path), f"{log}:0").stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]" in shown
