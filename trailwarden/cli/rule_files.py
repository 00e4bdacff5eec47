"""The rules that a command works with: the ones named, else the shipped ones."""

import sys
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from trailwarden.cli.exits import Exit
from trailwarden.cli.tables import counted
from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.folder import is_rule_file, like_rule_files
from trailwarden.rules.load import RuleFolder, read_folder, read_over_shipped
from trailwarden.rules.naming import Named, named_by, nearest_rule
from trailwarden.rules.ruleset import RuleSet
from trailwarden.rules.shipped import shipped_names, shipped_rules_path
from trailwarden.rules.source import Source
from trailwarden.safety.text import one_line


@dataclass(frozen=True, slots=True)
class UsableRules:
    """The rules that were asked for and can be used: compiled, and as they were written. `folder` holds what
    was read beside them, too; `sound` tells whether everything can be used."""

    folder: RuleFolder
    rule_set: RuleSet
    sources: list[Source]
    sound: bool


def rules_alone(paths: Sequence[str]) -> UsableRules:
    """Exactly the rules of the files and folders (the shipped rules if none is named); what correlations
    refer to must be among them. Leaves with status 2 if none can be used."""
    files = [file for path in paths for file in files_named(path)]
    name_not_read(files)
    return _usable(read_folder(files or [shipped_rules_path()]))


def team_rules(folder: str) -> UsableRules:
    """All of the shipped rules with a team's folder on top, as publication makes them live."""
    name_not_read([folder])
    found = read_over_shipped([folder], whole=True)
    name_unpublishable(found)
    return _usable(replace(found, base=frozenset()))


def rules_named(given: Sequence[str]) -> UsableRules:
    """The rules of files and folders, and shipped rules by id, name, title or file (all shipped rules if none
    is named), as they are on top of the rules that ship."""
    files = [Path(each) for each in given if _is_path(each)]
    words = [each for each in given if not _is_path(each)]
    meant = [rule for word in words for rule in rules_called(word, shipped_names())]
    if not given:
        files = [shipped_rules_path()]
    name_not_read(files)
    folder = read_over_shipped(files, also=[Path(rule.path) for rule in meant])
    return _usable(folder, {rule.id for rule in meant})


def files_named(given: str) -> list[Path]:
    """The file or folder, or the files of the shipped rules that are called so."""
    if _is_path(given):
        return [Path(given)]
    return list(dict.fromkeys(Path(rule.path) for rule in rules_called(given, shipped_names())))


def rules_called(word: str, rules: Sequence[Named]) -> list[Named]:
    """The rules that a word means; raises `click.UsageError` with the nearest where it means none."""
    found = named_by(word, rules)
    if found:
        return found
    near = nearest_rule(word, rules)
    hint = f"did you mean `{near[0]}`?" if near else "`trailwarden rules list` names those that ship."
    raise click.UsageError(f"there is no file, folder or rule `{word}`; {hint}")


def _is_path(given: str) -> bool:
    if Path(given).exists():
        return True
    return ("/" in given or is_rule_file(given)) and not named_by(given, shipped_names())


def _usable(folder: RuleFolder, chosen: Collection[str] = ()) -> UsableRules:
    """A bad rule never costs the others: each is named on standard error with its place and fix."""
    compiled, refused = compile_usable(folder.sources)
    problems = sorted({*folder.problems, *refused})
    name_problems(problems)
    asked = {source.id for source in folder.own} | set(chosen)
    rule_set = RuleSet(
        tuple(rule for rule in compiled.rules if rule.id in asked),
        tuple(one for one in compiled.correlations if one.id in asked),
        compiled.exceptions,
    )
    usable = {rule.id for rule in rule_set.rules} | {one.id for one in rule_set.correlations}
    sources = [source for source in folder.sources if source.id in usable]
    if problems:
        told = f"{counted(len(problems), 'mistake')} in the rules, named above"
        click.echo(f"trailwarden: {told}; {counted(len(sources), 'rule')} can be used", err=True)
    if not sources and not (folder.filters or folder.overrides):
        sys.exit(Exit.USAGE)
    return UsableRules(folder, rule_set, sources, not problems)


def name_not_read(paths: Iterable[str | Path]) -> None:
    """Say on standard error which files of the folders look like rules and are not read."""
    for file in (file for path in paths for file in like_rule_files(Path(path))):
        shown = one_line(file.as_posix(), 400)
        click.echo(f"trailwarden: {shown} is not read; if it is a rule, let its name end in .yml", err=True)


def name_unpublishable(folder: RuleFolder) -> None:
    """Say on standard error that `rules publish` refuses a filter that is evaluated here. To name all that it
    refuses would take its checks, which last longer than most commands."""
    endless = sorted((each.path, each.line) for each in folder.filters if each.expires is None)
    if endless:
        path, line = endless[0]
        click.echo(
            f"trailwarden: {one_line(path, 400)}:{line}: `rules publish` refuses this filter, which has no"
            " `trailwarden:` block; see `trailwarden rules check`",
            err=True,
        )


def name_problems(problems: Iterable[Problem]) -> None:
    """Each on standard error, with its place and fix."""
    for problem in problems:
        click.echo(str(problem), err=True)


def sound(rules: UsableRules) -> UsableRules:
    """The rules; leaves with status 2 where a single one cannot be used."""
    if not rules.sound:
        sys.exit(Exit.USAGE)
    return rules
