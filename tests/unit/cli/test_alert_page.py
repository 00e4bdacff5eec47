"""docs/alerting.md shows what a reader gets: its commands are run in their order, on a book in memory."""

import re
import shlex
from pathlib import Path

import pytest

from tests.pages import ROOT, Shown, assert_shown
from tests.unit.cli.alert_desk import TOLD, alert, entry, match, memory_book, named, run, take_the_place
from tests.unit.messages.situations import various
from trailwarden.alerts.telling import Reason
from trailwarden.alerts.variety import Values
from trailwarden.rules.ruleset import Level
from trailwarden.state.alert_book import MessageEntry

SAME = various(["trail main"], ["StopLogging"], alike=True, accounts=Values(("444455556666",), 1))
PAGE = ROOT / "docs" / "alerting.md"
# Not `console`: without a deployment these print nothing.
_BLOCK = re.compile(r"^```text\n\$ (trailwarden alerts .*?)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shown(page: Path) -> list[Shown]:
    """The commands of the page, with the lines that it shows for each; `...` stands for some left out."""
    return [
        Shown(page.name, command, tuple(line.strip() for line in output.splitlines() if line.strip(" .")))
        for command, output in _BLOCK.findall(page.read_text(encoding="utf-8"))
    ]


def test_the_page_shows_what_the_commands_print(monkeypatch: pytest.MonkeyPatch) -> None:
    book = memory_book()
    critical = alert("mallory", level=Level.CRITICAL)
    book.add(
        entry(named(critical, "f277584d40526c955411953e074bb7c4"), total=14, variety=SAME),
        [match(minute, target="trail main", account="444455556666") for minute in (0, 4, 9)],
        [
            MessageEntry(Reason.OPENED, 1, TOLD, variety=SAME),
            MessageEntry(Reason.GREW, 10, held_in="2026-03-01T12", variety=SAME),
        ],
    )
    robot = alert("build-robot", level=Level.MEDIUM, eventTime="2026-03-01T09:30:00Z")
    acknowledged = {"acknowledged_by": "assumed-role/trailwarden-responders/bob", "note": "the migration"}
    book.add(
        entry(
            named(robot, "58041787681a737b886c5e4753d16429"),
            total=1200,
            held=True,
            variety=SAME,
            **acknowledged,
        )
    )
    take_the_place(monkeypatch, book)
    commands = shown(PAGE)
    assert len(commands) >= 4
    for one in commands:
        result = run(*shlex.split(one.command)[2:])
        assert result.exit_code == 0, result.output
        assert_shown(one, result.stdout)


def test_the_page_names_every_command_and_option() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for command in ("list", "show", "ack", "close"):
        assert f"trailwarden alerts {command}" in text
        for option in set(re.findall(r"--[a-z-]+", run(command, "--help").output)) - {"--help", "--jsonl"}:
            assert f"`{option}" in text, f"{command} {option}"
