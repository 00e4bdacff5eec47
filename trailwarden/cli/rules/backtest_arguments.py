"""What somebody means by `backtest RULE... PATH...`: which arguments are rules, and which are log files."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import click

from trailwarden.cli.arguments import is_s3
from trailwarden.cli.inputs import is_log_file
from trailwarden.cli.rule_files import name_not_read, name_unpublishable, rules_called
from trailwarden.errors import Problem
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.folder import is_rule_file
from trailwarden.rules.load import read_over_shipped
from trailwarden.rules.shipped import shipped_names
from trailwarden.rules.source import RuleSource, Source, named

_LOOKED_AT = 20_000  # files of a folder, until it is taken for what was found


@dataclass(slots=True)
class Arguments:
    """The arguments, sorted: rule files and folders, words that name shipped rules, where log files lie."""

    rule_paths: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    log_paths: list[str] = field(default_factory=list)


def sorted_arguments(given: Sequence[str], rules: Sequence[str] = ()) -> Arguments:
    """Sort what was given; `rules` are known to be rules. Raises `click.UsageError` where it is unclear."""
    found = Arguments()
    for argument in rules:
        _rule(argument, found).append(argument)
    for argument in given:
        _kind_of(argument, found).append(argument)
    if not found.log_paths:
        raise click.UsageError(
            "No log files are named. Put the files, folders or s3:// addresses to read after the rules."
        )
    return found


def _kind_of(argument: str, found: Arguments) -> list[str]:
    if is_s3(argument):
        return found.log_paths
    place = Path(argument)
    if place.is_dir():
        holds_rules, holds_logs = _contents(place)
        if holds_rules and holds_logs:
            raise click.UsageError(
                f"{argument} holds rules and log files. Say `--rules {argument}` where its rules are meant, "
                "and name the folders of the log files."
            )
        return found.rule_paths if holds_rules else found.log_paths
    if is_rule_file(place.name):
        return _rule(argument, found)
    if place.exists() or is_log_file(place.name) or os.sep in argument:
        return found.log_paths
    return found.words


def _rule(argument: str, found: Arguments) -> list[str]:
    """A path that is not there may be that of a rule within a folder."""
    return found.rule_paths if Path(argument).exists() else found.words


def _contents(folder: Path) -> tuple[bool, bool]:
    """Whether a folder holds rules, and whether it holds log files."""
    names = (name for _, _, files in os.walk(folder) for name in files)
    rules = logs = False
    for name in islice(names, _LOOKED_AT):
        rules = rules or is_rule_file(name)
        logs = logs or is_log_file(name)
        if rules and logs:
            break
    return rules, logs


def shipped_words() -> Iterator[tuple[str, str]]:
    """What names a shipped rule (its file without `.yml`, its id, its name), each with its title."""
    files = set[str]()
    for rule in shipped_names():
        if rule.path not in files:
            files.add(rule.path)
            yield Path(rule.path).stem, rule.title
        yield from ((word, rule.title) for word in (rule.name, rule.id) if word)


def chosen_rules(arguments: Arguments) -> tuple[list[Source], list[Problem]]:
    """The rules that are meant, and the mistakes in those that were given as files.

    All shipped rules where none is named. Those named are read on top of the shipped ones, as publication
    reads them: a filter or an override finds the shipped rules that it names, and a correlation what it
    refers to. What feeds a chosen correlation, or is built on a chosen rule, comes along.
    """
    name_not_read(arguments.rule_paths)
    folder = read_over_shipped(map(Path, arguments.rule_paths), whole=True)
    name_unpublishable(folder)
    sources, problems = folder.sources, folder.problems
    if not arguments.rule_paths and not arguments.words:
        return sources, problems
    roots = [Path(path).resolve() for path in arguments.rule_paths]

    def own(path: str) -> bool:
        return any(Path(path).resolve().is_relative_to(root) for root in roots)

    changed = {reference.text for each in folder.overrides for reference in each.rules}
    chosen = {
        source.id
        for source in sources
        if own(source.path) or _filtered_by_own(source, own) or changed & {source.id, source.name}
    }
    every = list(map(named, sources))
    chosen |= {rule.id for word in arguments.words for rule in rules_called(word, every)}
    return _with_correlations(sources, chosen), problems


def _filtered_by_own(source: Source, own: Callable[[str], bool]) -> bool:
    return isinstance(source, RuleSource) and any(own(each.path) for each in source.filters)


def _with_correlations(sources: Sequence[Source], chosen: set[str]) -> list[Source]:
    """The chosen rules, the correlations built on them, and all that these refer to."""
    ids = {source.name: source.id for source in sources if source.name} | {
        source.id: source.id for source in sources
    }
    refers = {
        source.id: {ids.get(one, ids.get(one.lower(), "")) for one in source.parts.references}
        for source in sources
        if isinstance(source, CorrelationSource)
    }
    taken = _closed(chosen, lambda known: (one for one, below in refers.items() if below & known))
    taken = _closed(taken, lambda known: (below for one in known for below in refers.get(one, ())))
    return [source for source in sources if source.id in taken]


def _closed(start: Iterable[str], more: Callable[[set[str]], Iterable[str]]) -> set[str]:
    """What is reached from `start`, itself included."""
    known = set(start)
    while not known >= (found := set(more(known))):
        known |= found
    return known
