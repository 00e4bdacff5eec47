"""`trailwarden rules publish`, `status`, `history`, `rollback` and `diff` on a deployment."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from infra.names import ALERT_TABLE, RULE_WRITERS_ROLE
from tests.unit.cli.deployed import (
    ACCOUNT,
    DELETED,
    NAMES,
    REGION,
    STOPPED,
    Deployed,
    deployed,
    folder,
    published,
    run,
)
from trailwarden.cli import deployment
from trailwarden.cli.rules import publish, submitting
from trailwarden.errors import Problem
from trailwarden.state.rule_sets import Refusal

__all__ = ["deployed", "folder"]  # the fixtures

BROKEN = DELETED.replace("condition: selection", "condition: selektion")

NEXT_YEAR = (datetime.now(UTC).date() + timedelta(days=365)).isoformat()


def test_publish_makes_the_folder_live_and_says_what_changed(deployed: Deployed, folder: Path) -> None:
    result = published(folder, "--note", "the first")
    live = deployed.store.live()
    assert live is not None
    assert live.sequence == 1
    assert f"Rule set 1, version {live.version}, is live" in result.stdout
    assert "added: rule 'Trail stopped'" in result.stdout
    assert deployed.team() == {"trails/stopped.yml": STOPPED}
    publication = deployed.store.publication(1)
    assert publication is not None
    assert (publication.note, publication.claimed_author) == ("the first", "user/moto")


def test_publish_checks_here_first_and_hands_in_nothing_that_is_broken(
    deployed: Deployed, folder: Path
) -> None:
    (folder / "deleted.yml").write_text(BROKEN)
    result = run("publish", str(folder), "--yes")
    assert result.exit_code == 2
    assert f"{folder}/deleted.yml:9:" in result.stderr
    assert "cure: " in result.stderr
    assert "nothing was handed in" in result.stderr
    assert deployed.store.live() is None
    assert deployed.authors.letters == []


def test_publish_tells_every_mistake_that_only_the_deployment_finds(
    deployed: Deployed, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another Trailwarden may be deployed there than here, and judge otherwise."""
    published(folder)
    (folder / "deleted.yml").write_text(BROKEN)
    monkeypatch.setattr(publish, "_check", lambda *_: None)
    result = run("publish", str(folder), "--yes")
    assert result.exit_code == 1
    assert f"{folder}/deleted.yml:9:" in result.stderr
    assert "refused" in result.stderr
    assert "rule set 1 is still live" in result.stderr
    live = deployed.store.live()
    assert live is not None
    assert live.sequence == 1


def test_publishing_the_same_again_is_done_already(deployed: Deployed, folder: Path) -> None:
    published(folder)
    result = published(folder)
    assert "is live and has exactly these files" in result.stdout
    assert len(deployed.store.history()) == 1


def test_publish_from_an_older_base_is_refused(deployed: Deployed, folder: Path) -> None:
    published(folder)
    (folder / "deleted.yml").write_text(DELETED)
    published(folder, "--base", "1")
    (folder / "deleted.yml").unlink()
    result = run("publish", str(folder), "--base", "1")
    assert result.exit_code == 1
    assert "rule set 2 is live" in result.stderr
    assert len(deployed.team()) == 2


def test_publish_does_not_empty_the_rules_by_mistake(
    deployed: Deployed, folder: Path, tmp_path: Path
) -> None:
    published(folder)
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert run("publish", str(nothing)).exit_code == 2
    assert deployed.team()
    published(nothing, "--empty")
    assert deployed.team() == {}


def test_publish_that_hears_nothing_says_so(
    deployed: Deployed, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.works = False
    result = run("publish", str(folder), "--yes", "--wait", "0")
    assert result.exit_code == 3
    assert "no outcome within 0 s" in result.stderr


def test_publish_in_json(deployed: Deployed, folder: Path) -> None:
    made = json.loads(published(folder, "--json").stdout)
    assert (made["outcome"], made["sequence"], made["kind"]) == ("published", 1, "publish")
    assert made["submission"].startswith("submissions/")


def test_history_lists_who_published_what_newest_first(deployed: Deployed, folder: Path) -> None:
    assert "Nothing was ever published" in run("history").stdout
    published(folder, "--note", "the first")
    deployed.edit("deleted.yml", DELETED)
    first, second = run("history").stdout.splitlines()
    assert first.startswith("*     2  ")
    assert "edit" in first
    assert second.startswith("      1  ")
    assert "'the first'" in second
    assert "added: rule 'Trail deleted'" in run("history", "--changes").stdout
    (line,) = run("history", "--json", "--before", "2").stdout.splitlines()
    assert json.loads(line)["sequence"] == 1


def test_rollback_to_the_same_content_says_so_and_hands_nothing_in(deployed: Deployed, folder: Path) -> None:
    published(folder)
    (folder / "deleted.yml").write_text(DELETED)
    published(folder)
    assert run("rollback", "1", "--yes").exit_code == 0

    result = run("rollback", "1", "--yes")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Rule set 3, version ")
    assert "has exactly the rules and files of rule set 1: there is nothing to go back to" in result.stdout
    assert len(deployed.store.history()) == 3


def test_rollback_goes_back_to_the_one_before(deployed: Deployed, folder: Path) -> None:
    published(folder)
    (folder / "deleted.yml").write_text(DELETED)
    published(folder)
    result = run("rollback", "--note", "too noisy", "--yes")
    assert result.exit_code == 0, result.output
    assert "Rule set 3" in result.stdout
    assert deployed.team() == {"trails/stopped.yml": STOPPED}
    versions = [one.version for one in deployed.store.history()]
    assert versions[0] == versions[2] != versions[1]
    assert run("rollback", "2", "--yes").exit_code == 0
    assert len(deployed.team()) == 2


def test_there_is_nothing_to_roll_back_to_before_the_first(deployed: Deployed, folder: Path) -> None:
    assert run("rollback", "--yes").exit_code == 2
    published(folder)
    result = run("rollback", "--yes")
    assert result.exit_code == 2
    assert "there is none before it" in result.stderr
    missing = run("rollback", "7", "--yes")
    assert missing.exit_code == 2
    assert "there is no publication 7" in missing.stderr


def test_diff_names_the_rules_and_shows_the_lines(deployed: Deployed, folder: Path) -> None:
    published(folder)
    assert run("diff", str(folder), "--exit-code").stdout == "No difference.\n"
    (folder / "trails" / "stopped.yml").write_text(STOPPED.replace("level: high", "level: critical"))
    (folder / "deleted.yml").write_text(DELETED)
    result = run("diff", str(folder), "--exit-code")
    assert result.exit_code == 1
    assert "added     rule Trail deleted (7a1f7c0e-6f0d-4a56-8a55-5d7cf2f2a111), deleted.yml" in result.stdout
    assert "changed   rule Trail stopped" in result.stdout
    assert "-level: high\n+level: critical\n" in result.stdout
    assert "+++ " + folder.as_posix() + "/deleted.yml" in result.stdout


def test_diff_tells_what_was_moved_or_only_laid_out_anew(deployed: Deployed, folder: Path) -> None:
    (folder / "deleted.yml").write_text(DELETED)
    published(folder)
    (folder / "deleted.yml").rename(folder / "trails" / "deleted.yml")
    (folder / "trails" / "stopped.yml").write_text(STOPPED.replace("  # for a week", ""))
    kinds = {
        one["title"]: one["change"]
        for one in json.loads(run("diff", str(folder), "--json").stdout)["documents"]
    }
    assert kinds == {"Trail deleted": "moved", "Trail stopped": "rewritten"}


def test_diff_of_two_publications_and_of_edits_that_are_not_live(deployed: Deployed, folder: Path) -> None:
    published(folder)
    (folder / "deleted.yml").write_text(DELETED)
    published(folder)
    assert "removed   rule Trail deleted" in run("diff", "--from", "2", "--to", "1").stdout
    assert "added     rule Trail deleted" in run("diff", "--from", "1").stdout
    assert run("diff").stdout == "No difference.\n"
    deployed.edit("broken.yml", BROKEN.replace("7a1f7c0e", "7a1f7c0f"))
    assert "broken.yml" in run("diff").stdout
    assert run("diff", str(folder), "--to", "1").exit_code == 2


def test_status_tells_what_is_live_pending_refused_and_staged(deployed: Deployed, folder: Path) -> None:
    assert "Nothing was ever published" in run("status").stdout
    published(folder, "--note", "the first")
    deployed.edit("broken.yml", BROKEN)
    text = run("status").stdout
    assert "Live:  rule set 1, version " in text
    assert "Note:  the first" in text
    assert "In the rules bucket's folder, but not live:\n  added     rule Trail deleted" in text
    assert "Refused " in text
    assert "broken.yml:9:" in text
    assert "Staged (told to nobody)" in text
    assert "     0  high          test         Trail stopped" in text


def test_status_prints_few_of_many_refusals_and_their_mistakes(deployed: Deployed, folder: Path) -> None:
    published(folder)
    problems = tuple(Problem("a.yml", line, 1, "wrong", "mend") for line in range(1000))
    for number in range(200):
        at = f"2026-03-01T12:{number // 60:02}:{number % 60:02}Z"
        refusal = Refusal(str(number), f"submissions/{number}.zip@v", at, "AWS:AIDABOB", f"Number {number}.")
        deployed.store.record_refusal(replace(refusal, problems=problems if number == 199 else ()))
    text = run("status").stdout
    assert [line.rpartition(" ")[2] for line in text.splitlines() if line.startswith("Refused ")] == [
        "199.",
        "198.",
        "197.",
    ]
    assert text.count("a.yml:") == 20
    assert "  and 980 more\n" in text
    refusals = json.loads(run("status", "--json").stdout)["refusals"]
    assert [len(each["problems"]) for each in refusals] == [1000, 0, 0]


def test_status_in_json_holds_exceptions_with_what_they_hid(deployed: Deployed, folder: Path) -> None:
    (folder / "exception.yml").write_text(EXCEPTION)
    published(folder)
    deployed.hide(3, EXCEPTION_ID, "2999-01-01")
    status = json.loads(run("status", "--json").stdout)
    (exception,) = status["exceptions"]
    assert exception["id"] == EXCEPTION_ID
    assert exception["expires"] == NEXT_YEAR
    assert (exception["hidden"], exception["last_hidden"]) == (3, "2999-01-01")
    assert status["live"]["sequence"] == 1
    assert status["staged"][0]["alerts"] == 0
    assert f"until {NEXT_YEAR}  The drill (owner identity team" in run("status").stdout


EXCEPTION_ID = "c6a5f3f2-6f0d-4a56-8a55-5d7cf2f2a222"
EXCEPTION = f"""\
title: The drill
id: {EXCEPTION_ID}
logsource: {{product: aws, service: cloudtrail}}
filter:
  rules: [trail_stopped]
  selection: {{userIdentity.userName: drill}}
  condition: not selection
trailwarden: {{owner: identity team, reason: a drill, expires: {NEXT_YEAR}}}
"""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredToken", "the AWS credentials have expired"),
        ("ExpiredTokenException", "the AWS credentials have expired"),
        ("UnrecognizedClientException", "AWS does not know these credentials"),
        ("AccessDenied", f"take the role {RULE_WRITERS_ROLE}-{REGION}, whose"),
        ("ThrottlingException", "GetItem failed: said (ThrottlingException)"),
    ],
)
def test_what_aws_refuses_is_told_in_a_line(
    deployed: Deployed, code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    def refuse(*_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "said"}}, "GetItem")

    monkeypatch.setattr("trailwarden.aws.rule_set_table.RuleSetTable.live", refuse)
    result = run("status")
    assert result.exit_code == 3
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_where_nothing_is_deployed_says_where_was_looked(deployed: Deployed) -> None:
    result = run("status", "--region", "eu-west-3")
    assert result.exit_code == 2
    assert result.stderr == (
        f"trailwarden: there is no Trailwarden with live rules in account {ACCOUNT}, region eu-west-3;"
        f" name --region, or use the audit account's credentials (its role {RULE_WRITERS_ROLE}-eu-west-3),"
        f" for these are {ACCOUNT}'s\n"
    )


def test_rules_of_another_account_than_the_credentials_are_refused(deployed: Deployed, folder: Path) -> None:
    """The table is the caller's own whatever account is named, and would be read and written beside the other
    account's bucket."""
    published(folder, "--audit-account", ACCOUNT)
    live = deployed.store.live()
    (folder / "deleted.yml").write_text(DELETED)
    pulled = folder.parent / "pulled"
    role = f"{RULE_WRITERS_ROLE}-{REGION}"
    for command in (
        *(["status"], ["history"], ["rollback"], ["promote", "trail_stopped"]),
        *(["publish", str(folder), "--yes"], ["diff", str(folder)], ["pull", str(pulled)]),
    ):
        result = run(*command, "--audit-account", "999988887777")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            f"trailwarden: the credentials are of account {ACCOUNT}, not of 999988887777; assume the role"
            f" {role} of account 999988887777: set AWS_PROFILE to a profile with"
            f" role_arn = arn:aws:iam::999988887777:role/{role}"
            " and role_session_name = moto (the setting rule_writers names who may)\n"
        )
    assert deployed.store.live() == live
    assert not pulled.exists()


@pytest.mark.parametrize("columns", [60, 80])
def test_status_and_history_fit_a_terminal(
    deployed: Deployed, folder: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    published(folder, "--note", "a note of many words " * 8)
    deployed.edit("deleted.yml", BROKEN)
    monkeypatch.setattr("trailwarden.cli.tables._is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    for command in (["status"], ["history", "--changes"]):
        result = run(*command)
        assert result.exit_code == 0, result.output
        assert max(map(len, result.stdout.splitlines())) <= columns
        assert "a note of many words" in " ".join(result.stdout.split())


def test_without_a_region_or_credentials_nothing_is_guessed(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)
    result = run("history")
    assert (result.exit_code, result.stderr) == (
        2,
        "trailwarden: no region is known; give --region, or set AWS_REGION\n",
    )


def test_the_region_is_also_known_by_the_name_that_other_aws_tools_look_for(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    monkeypatch.setenv("AWS_REGION", REGION)
    assert run("history").exit_code == 0
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert run("history").exit_code == 0


def test_the_commands_look_where_the_stacks_put_it() -> None:
    assert deployment.rules_bucket(ACCOUNT, REGION) == NAMES.rules_bucket
    assert deployment.TABLE == ALERT_TABLE
    assert deployment.RULES.role_in(REGION) == NAMES.role(RULE_WRITERS_ROLE)
    assert submitting.WAIT_SECONDS == 60
