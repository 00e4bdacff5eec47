"""Completion, as the shells ask for it; and colours, which are for terminals alone."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from trailwarden.cli import main

ROOT = Path(__file__).resolve().parents[3]


def completed(*words: str, by: str = "bash") -> list[str]:
    """What a shell is told to offer for the last word."""
    environment = {
        "_TRAILWARDEN_COMPLETE": f"{by}_complete",
        "COMP_WORDS": " ".join(("trailwarden", *words)),
        "COMP_CWORD": words[-1] if by == "fish" else str(len(words)),
    }
    result = CliRunner().invoke(main, prog_name="trailwarden", env=environment)
    assert result.exit_code == 0
    return result.stdout.splitlines()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_the_shells_own(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell], prog_name="trailwarden")
    assert result.exit_code == 0
    assert f"_TRAILWARDEN_COMPLETE={shell}_complete" in result.stdout


@pytest.mark.parametrize(("shell", "checker"), [("bash", "bash -n"), ("zsh", "zsh -n"), ("fish", "fish -n")])
def test_the_shell_can_read_its_script(shell: str, checker: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here to read the script")
    script = tmp_path / "script"
    script.write_text(CliRunner().invoke(main, ["completion", shell], prog_name="trailwarden").stdout)
    assert subprocess.run([*checker.split(), str(script)], check=False).returncode == 0


def test_commands_and_options_are_completed() -> None:
    assert completed("rules", "cov") == ["plain,coverage"]
    assert "plain,--navigator" in completed("rules", "coverage", "--")
    assert completed("rules", "list", "--level", "cri") == ["plain,critical"]


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ("trail_st", "trail_stopped_or_deleted"),
        ("01b8", "01b85956-1b01-4c82-a79c-2d945cbc460e"),
        ("console_sign_in_fa", "console_sign_in_failed"),
    ],
)
def test_shipped_rules_are_completed_by_file_id_and_name(begun: str, expected: str) -> None:
    assert completed("rules", "backtest", begun) == [f"plain,{expected}"]


def test_an_id_is_offered_once_it_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "AWSLogs").mkdir()
    (tmp_path / ".hidden").touch()
    monkeypatch.chdir(tmp_path)
    offered = completed("rules", "backtest", "")
    assert "plain,trail_stopped_or_deleted" in offered
    assert "plain,AWSLogs" in offered
    assert not any(word.startswith(("plain,01b85956", "plain,.hidden")) for word in offered)


@pytest.mark.parametrize("command", ["test", "compile", "list", "backtest", "import"])
def test_paths_are_left_to_the_shell(command: str) -> None:
    assert completed("rules", command, "./my") == ["file,./my"]


def test_titles_are_shown_where_the_shell_can(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert completed("rules", "backtest", "trail_w", by="fish") == [
        "plain,trail_weakened\tTrail Made To See Less"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are opened as Unix does")
@pytest.mark.parametrize(("no_color", "coloured"), [(False, True), (True, False)])
def test_colours_are_for_terminals_and_no_color_is_honoured(no_color: bool, coloured: bool) -> None:
    import os
    import pty

    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)}
    environment.pop("NO_COLOR", None)
    if no_color:
        environment["NO_COLOR"] = "1"
    command = [sys.executable, "-m", "trailwarden", "rules", "list", "--level", "critical"]
    process = subprocess.Popen(command, stdout=follower, cwd=ROOT, env=environment)
    os.close(follower)
    seen = b""
    try:
        while chunk := os.read(leader, 4096):
            seen += chunk
    except OSError:
        pass  # the terminal is closed once nobody writes to it
    finally:
        os.close(leader)
    assert process.wait() == 0
    assert b"critical" in seen
    # Red or yellow, on text or ground; bold is no colour.
    assert (b"\x1b[1;37;41m" in seen or b"41m" in seen) is coloured
