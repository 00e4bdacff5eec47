"""What README.md and docs/ show is what a reader gets: each command is run, each line shown must appear."""

import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pages import PAGES, ROOT, Shown, assert_shown, shown_commands, without_tutorial
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.shipped import shipped_rules_path

EXAMPLES = "docs/examples"
_SHIPPED_VERSION = re.compile(r"(?:rule set|rules, version) ([0-9a-f]{16})\b")
_EXPIRES = re.compile(r"(expires: )\d{4}-\d{2}-\d{2}")
_MAKE_TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


SHOWN = [shown for page in PAGES for shown in shown_commands(page, without_tutorial(page))]
OURS = [shown for shown in SHOWN if shown.command.startswith("trailwarden ")]


@pytest.mark.parametrize("shown", OURS, ids=lambda shown: f"{shown.page}: {shown.command}")
def test_a_command_of_ours_prints_what_its_page_shows(shown: Shown, tmp_path: Path) -> None:
    words = [word.replace("/tmp/", f"{tmp_path}/") for word in shlex.split(shown.command)[1:]]  # noqa: S108
    words = [str(_in_force(tmp_path)) if word == EXAMPLES else word for word in words]
    result = subprocess.run(
        [sys.executable, "-m", "trailwarden", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    printed = result.stdout.replace(str(tmp_path / "examples"), EXAMPLES)
    assert_shown(shown, printed.replace(f"{tmp_path}/", "/tmp/"))  # noqa: S108


def _in_force(folder: Path) -> Path:
    """The examples as they would be written today: an exception in them ends in some months."""
    examples = folder / "examples"
    shutil.copytree(ROOT / EXAMPLES, examples)
    soon = datetime.now(UTC).date() + timedelta(days=200)
    for file in examples.glob("*.yml"):
        file.write_text(_EXPIRES.sub(rf"\g<1>{soon}", file.read_text()))
    return examples


def test_the_examples_hold_an_exception_that_ends() -> None:
    assert any(_EXPIRES.search(file.read_text()) for file in (ROOT / EXAMPLES).glob("*.yml"))


@pytest.mark.parametrize(
    "shown",
    [shown for shown in SHOWN if shown.command.startswith("make ")],
    ids=lambda shown: f"{shown.page}: {shown.command}",
)
def test_a_make_target_that_a_page_shows_is_there(shown: Shown) -> None:
    targets = [word for word in shlex.split(shown.command, comments=True)[1:] if "=" not in word]
    assert targets
    assert set(targets) <= _MAKE_TARGETS


def test_the_pages_show_the_version_of_the_shipped_rules() -> None:
    lines = [line for shown in OURS for line in shown.output]
    shown = {version for line in lines for version in _SHIPPED_VERSION.findall(line)}
    assert shown == {compile_rules(load_rules([shipped_rules_path()])).version}


def test_no_table_is_broken_by_an_empty_line() -> None:
    for page in PAGES:
        assert not re.search(r"^\|.*\n\n\|(?!.*\n\|[ :|-]+$)", page.read_text(), re.MULTILINE), page


def test_the_pages_show_commands() -> None:
    assert any(shown.page == "README.md" and shown.output for shown in OURS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"`[^`\n]+`(?!\])", "", page.read_text())  # code is no link; a link's text may be code
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
