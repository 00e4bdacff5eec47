"""The help of every command: whole sentences, on terminals of any width."""

import click
import pytest
from click.testing import CliRunner

from tests.unit.cli.test_ending import command_of, commands
from trailwarden.cli import main

COMMANDS = list(commands(main))
GROUPS = sorted({words[:-1] for words in COMMANDS})


@pytest.mark.parametrize("columns", ["40", "60", "80", "120"])
@pytest.mark.parametrize("group", GROUPS, ids=lambda words: " ".join(words) or "trailwarden")
def test_a_list_of_commands_cuts_no_sentence(group: tuple[str, ...], columns: str) -> None:
    listed = CliRunner().invoke(main, [*group, "--help"], terminal_width=int(columns)).stdout
    said = "".join(listed.partition("Commands:")[2].split())  # a word may be parted behind its hyphen
    assert "..." not in said
    for words in COMMANDS:
        if words[:-1] == group:
            sentence = words[-1] + command_of(words).get_short_help_str(10_000)
            assert "".join(sentence.split()) in said


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_each_option_is_explained_by_a_sentence(words: tuple[str, ...]) -> None:
    command = command_of(words)
    assert command.get_short_help_str(10_000).endswith(".")
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, option.opts
            assert option.help[0].isupper(), option.help
            assert option.help.endswith("."), option.help


def test_account_means_where_something_happened_in_every_command() -> None:
    """The account of the deployment has one name everywhere."""
    takes = {words: {name for param in command_of(words).params for name in param.opts} for words in COMMANDS}
    assert {words for words, names in takes.items() if "--account" in names} == {("alerts", "list")}
    assert {words for words, names in takes.items() if "--region" in names} == {
        words for words, names in takes.items() if "--audit-account" in names
    }
    result = CliRunner().invoke(main, ["rules", "status", "--account", "111122223333"])
    assert result.exit_code == 2
    assert "--audit-account" in result.stderr
