"""Completion in bash, zsh and fish: rules by name, else files; `trailwarden completion SHELL` prints what to
install. https://click.palletsprojects.com/en/stable/shell-completion/"""

from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

_PROGRAM = "trailwarden"
_VARIABLE = "_TRAILWARDEN_COMPLETE"


class _OrFiles(ShellComplete):
    """Where a command knows no words for an argument, it is a path."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        found = super().get_completions(args, incomplete)
        if found or incomplete.startswith("-"):
            return found
        return [CompletionItem(incomplete, type="file")]


class _Bash(_OrFiles, BashComplete):
    pass


class _Zsh(_OrFiles, ZshComplete):
    pass


class _Fish(_OrFiles, FishComplete):
    pass


_SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}
for _name, _shell in _SHELLS.items():
    add_completion_class(_shell, _name)


def complete_rules(incomplete: str) -> list[CompletionItem]:
    """Shipped rules whose file's name, name or id begins so, and what lies in the folder; else any path.

    Ids are offered once one is begun: nobody picks a UUID from a list. A shell cannot be told both words and
    "any path", so the folder's entries are listed here.
    """
    from trailwarden.cli.rules.backtest_arguments import shipped_words  # noqa: PLC0415 (it imports rules)

    if "/" in incomplete:
        return [CompletionItem(incomplete, type="file")]
    words = [
        CompletionItem(word, help=title)
        for word, title in dict(shipped_words()).items()
        if word.startswith(incomplete) and (incomplete or not _is_id(word))
    ]
    entries = [
        CompletionItem(entry.name)
        for entry in sorted(Path().iterdir())
        if entry.name.startswith(incomplete) and (incomplete or not entry.name.startswith("."))
    ]
    return [*words, *entries]


def rules_or_paths(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The completion of an argument that is a shipped rule, a file or a folder."""
    return complete_rules(incomplete)


def _is_id(word: str) -> bool:
    return len(word) == 36 and word.count("-") == 4


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_SHELLS)))
def completion(shell: str) -> None:
    """Print the script that completes commands, options, rules and paths in a shell.

    \b
    Examples:
      eval "$(trailwarden completion bash)"                    in ~/.bashrc
      eval "$(trailwarden completion zsh)"                     in ~/.zshrc
      trailwarden completion fish > ~/.config/fish/completions/trailwarden.fish
    """
    context = click.get_current_context().find_root()
    click.echo(_SHELLS[shell](context.command, {}, _PROGRAM, _VARIABLE).source())
