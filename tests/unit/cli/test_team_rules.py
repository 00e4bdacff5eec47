"""A team's folder on top of the shipped rules: it means the same in every command."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from tests.samples import log_file, record
from trailwarden.cli import main
from trailwarden.rules.shipped import shipped_names, shipped_protected

ROOT_RULE = "3e1a03a1-660b-4fc0-9479-adf4080f2a61"
FEEDING = "image_pulled"
MINE: dict[str, Any] = {
    "title": "Ticket Closed By Hand",
    "id": "7e6f5a4b-3c2d-4e1f-8a9b-0c1d2e3f4a5b",
    "name": "ticket_closed",
    "level": "high",
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "detection": {
        "call": {"eventSource": "support.amazonaws.com", "eventName": "ResolveCase"},
        "condition": "call",
    },
    "trailwarden": {
        "tests": {"match": [{"eventSource": "support.amazonaws.com", "eventName": "ResolveCase"}]}
    },
}
CORRELATION: dict[str, Any] = {
    "title": "Images Pulled Again And Again",
    "id": "8e6f5a4b-3c2d-4e1f-8a9b-0c1d2e3f4a5b",
    "level": "high",
    "correlation": {
        "type": "event_count",
        "rules": [FEEDING],
        "group-by": ["account"],
        "timespan": "1h",
        "condition": {"gte": 2},
    },
    "trailwarden": {
        "tests": {
            "no_match": [[{"eventSource": "support.amazonaws.com", "eventName": "ResolveCase"}]],
        }
    },
}
EXCEPTION: dict[str, Any] = {
    "title": "The vault's drill",
    "logsource": {"product": "aws", "service": "cloudtrail"},
    "filter": {"rules": [ROOT_RULE], "drill": {"sourceIPAddress": "198.51.100.99"}, "condition": "drill"},
}
OVERRIDE: dict[str, Any] = {
    "title": "Root is told elsewhere",
    "override": {"rules": [ROOT_RULE], "level": "low"},
    "trailwarden": {"owner": "identity team", "reason": "The vault has an alert."},
}
BLOCK = {"owner": "identity team", "reason": "a drill", "expires": "2999-12-31"}
ALL = [MINE, CORRELATION, EXCEPTION, OVERRIDE]


def write(folder: Path, *documents: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    for number, document in enumerate(documents):
        (folder / f"{number}.yml").write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "log.json.gz"
    closed = {"eventSource": "support.amazonaws.com", "eventName": "ResolveCase"}
    file.write_bytes(log_file([record(1, **closed)]))
    return file


def run(*words: object) -> Result:
    return CliRunner().invoke(main, list(map(str, words)))


def of_each(folder: Path, log: Path) -> dict[str, Result]:
    """Every command that reads a team's folder on top of the shipped rules, without the whole of them."""
    return {
        "test": run("rules", "test", folder),
        "list": run("rules", "list", folder, "--json"),
        "coverage": run("rules", "coverage", folder),
        "explain": run("rules", "explain", "ticket_closed", f"{log}:0", "--rules", folder),
    }


def test_what_refers_to_shipped_rules_is_sound_in_every_command(tmp_path: Path, log: Path) -> None:
    folder = write(tmp_path / "team", *ALL)

    results = of_each(folder, log)

    assert {name: result.exit_code for name, result in results.items()} == dict.fromkeys(results, 0)
    assert [result.stderr for result in results.values() if "cure" in result.stderr] == []
    assert results["test"].stdout == "2 rules, 2 tests, 0 failed.\n"
    assert [one["title"] for one in json.loads(results["list"].stdout)] == [
        "Images Pulled Again And Again",
        "Ticket Closed By Hand",
    ]
    assert "The rule fires." in results["explain"].stdout


def test_a_folder_without_a_rule_of_its_own_is_one(tmp_path: Path) -> None:
    folder = write(tmp_path / "team", EXCEPTION, OVERRIDE)
    assert run("rules", "test", folder).stdout == "0 rules, 0 tests, 0 failed.\n"
    listed = run("rules", "list", folder)
    assert (listed.exit_code, listed.stdout.splitlines()[-1]) == (0, "0 rules, 1 exception, 1 override.")


_TITLE = next(each.named.title for each in shipped_protected() if each.named.title)
_SENTENCE = next(each.alert_title for each in shipped_protected() if "{" in each.alert_title)
STOLEN = [
    ({"id": ROOT_RULE}, "is also that of"),
    ({"id": ROOT_RULE.upper()}, "is also that of"),
    ({"title": _TITLE}, "reads like that of the protected rule"),
    ({"title": _TITLE.upper().replace("O", "0")}, "reads like that of the protected rule"),
    ({"trailwarden": {"title": _SENTENCE}}, "reads like that of the protected rule"),
]


@pytest.mark.parametrize(("change", "said"), STOLEN)
def test_what_takes_a_shipped_rules_place_is_refused_by_every_command(
    tmp_path: Path, log: Path, change: dict[str, Any], said: str
) -> None:
    folder = write(tmp_path / "team", {**MINE, **change})
    results = of_each(folder, log) if change == STOLEN[0][0] else {"test": run("rules", "test", folder)}
    results["check"] = run("rules", "check", folder)
    for name, result in results.items():
        assert said in result.output, name
    assert (results["check"].exit_code, results["test"].exit_code) == (2, 2)


def test_the_shipped_rules_come_first_in_whatever_order_they_are_named(tmp_path: Path) -> None:
    shipped = next(each for each in shipped_names() if each.id == ROOT_RULE)
    team = write(tmp_path / "team", {**MINE, "id": ROOT_RULE})
    result = run("rules", "list", team, shipped.path, "--json")
    assert (result.exit_code, [one["title"] for one in json.loads(result.stdout)]) == (2, [shipped.title])
    assert f"{team}/0.yml" in result.stderr


def test_scan_with_rules_is_exactly_these_rules(tmp_path: Path, log: Path) -> None:
    folder = write(tmp_path / "team", {**MINE, "id": ROOT_RULE}, EXCEPTION, OVERRIDE)
    result = run("scan", "--rules", folder, log)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "with 1 rule" in result.stdout

    alone = run("scan", "--rules", write(tmp_path / "alone", EXCEPTION), log)
    assert alone.exit_code == 2
    assert f"{tmp_path}/alone: 1 filter, and no rule to evaluate; --team DIR reads a folder" in alone.stderr
    both = run("scan", "--rules", write(tmp_path / "both", EXCEPTION, OVERRIDE), log)
    assert (both.exit_code, "1 filter and 1 override, and no rule" in both.stderr) == (2, True)

    counted = run("scan", "--rules", write(tmp_path / "counted", CORRELATION, MINE), log)
    assert counted.exit_code == 2
    assert f"`{FEEDING}` ships with Trailwarden, and is not among the rules that were read" in counted.stderr
    assert run("scan", "--rules", folder, "--team", folder, log).exit_code == 2


def test_scan_with_a_team_is_what_would_be_live(tmp_path: Path) -> None:
    ended = {**EXCEPTION, "trailwarden": BLOCK}
    folder = write(tmp_path / "team", MINE, CORRELATION, ended, OVERRIDE)
    file = tmp_path / "log.json.gz"
    root = {"type": "Root", "accountId": "111122223333", "arn": "arn:aws:iam::111122223333:root"}
    closed = {"eventSource": "support.amazonaws.com", "eventName": "ResolveCase"}
    file.write_bytes(log_file([record(1, userIdentity=root, **closed)]))

    result = run("scan", "--team", folder, "--format", "jsonl", file)

    assert (result.exit_code, result.stderr) == (0, "")
    levels = {one["rule_title"]: one["level"] for one in map(json.loads, result.stdout.splitlines())}
    assert levels["Ticket Closed By Hand"] == "high"
    assert levels["Root User Used"] == "low"


def test_shipped_rules_are_named_by_id_name_title_and_file(log: Path) -> None:
    rule = next(each for each in shipped_names() if each.id == ROOT_RULE)
    file = Path(rule.path)
    for word in (
        rule.id,
        rule.title,
        rule.title.upper(),
        file.stem,
        file.name,
        f"{file.parent.name}/{file.stem}",
    ):
        found = json.loads(run("rules", "list", word, "--json").stdout)
        assert [one["id"] for one in found] == [ROOT_RULE], word
        assert run("rules", "explain", word, f"{log}:0").exit_code == 0, word
    assert run("rules", "test", FEEDING).stdout.startswith("1 rule, ")
    for command in (("list",), ("test",), ("check",), ("coverage",)):
        missing = run("rules", *command, rule.title[:-1])
        assert (missing.exit_code, f"did you mean `{rule.title}`?" in missing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("word", "said", "cure"),
    [
        ("Root User Used", "is a rule's title", f"write `{ROOT_RULE}` (Root User Used)"),
        ("root user used", "is a rule's title", f"write `{ROOT_RULE}` (Root User Used)"),
        ("Image_Pulled", "names are compared with their case", f"write `{FEEDING}`"),
        ("image_puled", "there is no rule", f"did you mean `{FEEDING}`?"),
        ("3e1a03a1-660b-4fc0-9479-adf4080f2a62", "there is no rule", f"did you mean `{ROOT_RULE}`"),
        ("qqqqqqqq", "there is no rule", "`trailwarden rules list` shows those that ship"),
    ],
)
@pytest.mark.parametrize(
    "document", [EXCEPTION, OVERRIDE, CORRELATION], ids=["filter", "override", "correlation"]
)
def test_what_a_document_calls_a_rule_otherwise_is_said_with_what_to_write(
    tmp_path: Path, document: dict[str, Any], word: str, said: str, cure: str
) -> None:
    kind = next(each for each in ("filter", "override", "correlation") if each in document)
    wrong = {**document, kind: {**document[kind], "rules": [word]}}
    result = run("rules", "list", write(tmp_path / "team", MINE, wrong))
    assert result.exit_code == 2
    assert f"`{word}`" in result.stderr
    assert said.replace("no rule", "no sound rule" if kind == "correlation" else "no rule") in result.stderr
    assert cure in result.stderr


def test_explain_shows_a_shipped_rule_under_the_teams_files(tmp_path: Path, log: Path) -> None:
    off = {**OVERRIDE, "override": {"rules": [ROOT_RULE], "enabled": False}}
    shown = run("rules", "explain", ROOT_RULE, f"{log}:0", "--rules", write(tmp_path / "a", EXCEPTION)).stdout
    assert "filter The vault's drill: does not apply" in shown
    shown = run("rules", "explain", ROOT_RULE, f"{log}:0", "--rules", write(tmp_path / "b", off)).stdout
    assert "It is switched off by an override in the team's folder." in shown


def test_check_holds_a_rule_against_the_shipped_ones_whatever_else_the_folder_holds(tmp_path: Path) -> None:
    """As publication does, which reads all of them; a rule alone has few of them read beside it."""
    shipped = next(each for each in shipped_names() if each.id == ROOT_RULE)
    written = next(yaml.safe_load_all(Path(shipped.path).read_text()))
    detection = dict(reversed(written["detection"].items()))
    same = {**MINE, "title": shipped.title.upper(), "detection": detection}

    found = json.loads(run("rules", "check", "--json", write(tmp_path / "team", same)).stdout)

    assert {"duplicate-title", "duplicate-detection"} <= {each["code"] for each in found}
    assert {Path(each["path"]).name for each in found} == {"0.yml"}


def test_a_correlation_that_goes_with_what_an_override_switches_off_is_named_by_check(tmp_path: Path) -> None:
    feeding = next(each for each in shipped_names() if each.name == FEEDING)
    off = {**OVERRIDE, "override": {"rules": [feeding.id], "enabled": False}}
    result = run("rules", "check", write(tmp_path / "team", CORRELATION, off))
    assert "[switched-off-with]" in result.stdout
    assert "'Images Pulled Again And Again' is built on" in result.stdout


@pytest.mark.parametrize("ends", [True, False])
def test_a_filter_that_publication_refuses_is_named_where_it_is_evaluated(tmp_path: Path, ends: bool) -> None:
    folder, log = tmp_path / "team", tmp_path / "log.json.gz"
    folder.mkdir()
    exception = {**EXCEPTION, "trailwarden": BLOCK} if ends else EXCEPTION
    (folder / "drill.yml").write_text(yaml.safe_dump_all([MINE, exception]))
    log.write_bytes(log_file([record(1)]))
    line = 1 + (folder / "drill.yml").read_text().splitlines().index("---") + 1
    for command in (
        ["scan", "--team", folder, log],
        ["rules", "backtest", folder, log],
        ["rules", "test", folder],
    ):
        told = f"{folder}/drill.yml:{line}: `rules publish` refuses this filter"
        assert (told in run(*command).stderr) is not ends
