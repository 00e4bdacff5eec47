"""`trailwarden rules explain`: why a rule fires on a record, or which part of it does not hold."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from trailwarden.cli.arguments import given_paths
from trailwarden.cli.completion import rules_or_paths
from trailwarden.cli.exits import Exit
from trailwarden.cli.rule_files import name_problems, rules_called, rules_named
from trailwarden.cli.rules.records import record_at
from trailwarden.explain import (
    CorrelationExplanation,
    ExplainedPart,
    Explanation,
    explain,
    reasons,
    what_it_met,
    written,
)
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.exceptions import in_force, today_utc
from trailwarden.rules.load import RuleFolder, read_over_shipped
from trailwarden.rules.naming import named_by
from trailwarden.rules.outline import Kind
from trailwarden.rules.shipped import shipped_names
from trailwarden.rules.source import named
from trailwarden.safety.text import one_line

_WIDTH_OF_A_FILE = 100_000  # lines in a file or pipe are not wrapped


@click.command("explain")
@click.argument("rule", metavar="RULE", shell_complete=rules_or_paths)
@click.argument("place", metavar="FILE:INDEX")
@click.option(
    "--rules",
    "paths",
    multiple=True,
    callback=given_paths,
    help="A team's file or folder; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain_command(rule: str, place: str, paths: tuple[str, ...], *, as_json: bool) -> None:
    """Show each part of a rule's condition, the value that it met in a record, and whether it held.

    RULE is a file, or the id, name, title or file of a rule in --rules or of one that ships, under the
    filters and overrides in --rules. INDEX is the record's place in the file's `Records`, from 0, as
    `scan --matches` prints it. FILE may be an s3:// address.

    \b
    Examples:
      trailwarden rules explain my-rules/key_created.yml log.json.gz:3
      trailwarden rules explain "Trail Stopped Or Deleted" s3://logs/AWSLogs/.../file.json.gz:17
      trailwarden rules explain trail_stopped_or_deleted log.json.gz:3 --rules my-rules/
    """
    folder, chosen = _read(rule, paths)
    sources = [in_force(each, today_utc()) for each in (*folder.sources, *folder.switched_off)]
    record = record_at(place)
    explained = [
        found
        for each in sources
        if each.id in chosen and (found := explain(each, sources, record)) is not None
    ]
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in explained], indent=2))
        sys.exit(Exit.DONE if explained else Exit.USAGE)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE, highlight=False)
    off = {source.id for source in folder.switched_off}
    for each in explained:
        console.print(_tree(each))
        console.print(_verdict(each))
        if each.rule_id in off:
            console.print(Text("It is switched off by an override in the team's folder.", "bold yellow"))
    sys.exit(Exit.DONE if explained else Exit.USAGE)


def _read(rule: str, paths: Sequence[str]) -> tuple[RuleFolder, set[str]]:
    """The team's rules over those that ship, and the ids of the rules that are meant: of the team's, or else
    of those that ship. Leaves with status 2 where there is none."""
    if Path(rule).is_file():
        folder = rules_named([*paths, rule]).folder
        file = Path(rule).resolve()
        return folder, {each.id for each in folder.sources if Path(each.path).resolve() == file}
    shipped = [Path(each.path) for each in named_by(rule, shipped_names())]
    folder = read_over_shipped(map(Path, paths), also=shipped)
    name_problems(sorted({*folder.problems, *compile_usable(folder.sources)[1]}))
    own = [*folder.own, *folder.switched_off]
    meant = named_by(rule, list(map(named, own))) or rules_called(rule, [*map(named, own), *shipped_names()])
    return folder, {each.id for each in meant}


def _tree(explained: Explanation | CorrelationExplanation) -> Tree:
    head = Text.assemble((one_line(explained.title), "bold"), (f"  {explained.path}:{explained.line}", "dim"))
    tree = Tree(head, guide_style="dim")
    if isinstance(explained, CorrelationExplanation):
        for below in explained.rules:
            tree.add(_tree(below))
        return tree
    _grow(tree, explained.condition)
    for each in explained.filters:
        mark = "hides this record" if each.hides else "does not apply"
        label = Text.assemble("filter ", (one_line(each.title), "bold"), f": {mark}")
        _grow(tree.add(label), each.condition)
    return tree


def _grow(tree: Tree, part: ExplainedPart) -> None:
    parts = part.parts
    if part.kind is Kind.SELECTION and parts[0].kind is Kind.ALL:
        parts = parts[0].parts  # a selection's lines stand right below its name
    branch = tree.add(_label(part))
    for each in parts:
        _grow(branch, each)


def _label(part: ExplainedPart) -> Text:
    mark = ("✓ ", "green") if part.held else ("✗ ", "red")
    if part.kind is Kind.LINE:
        return Text.assemble(mark, written(part), (f"   {what_it_met(part)}", "cyan"))
    if part.kind is Kind.SELECTION:
        return Text.assemble(mark, (one_line(part.name), "bold"))
    return Text.assemble(mark, str(part.kind))


def _verdict(explained: Explanation | CorrelationExplanation) -> Text:
    if isinstance(explained, CorrelationExplanation):
        if explained.fired:
            said = "The record is an event of this correlation; whether it fires depends on the others."
            return Text(said, "bold green")
        return Text("The record is no event of this correlation: none of its rules fires.", "bold red")
    if explained.fired:
        return Text("The rule fires.", "bold green")
    if explained.found:
        names = ", ".join(
            f"`{one_line(each.title)}` ({each.path}:{each.line})" for each in explained.hidden_by
        )
        return Text(f"The rule does not fire: it would, but is hidden by the filter {names}.", "bold yellow")
    decided = ["What decided:", *reasons(explained)]
    return Text.assemble(("The rule does not fire. ", "bold red"), "\n  ".join(decided))


def _as_json(explained: Explanation | CorrelationExplanation) -> dict[str, Any]:
    head = {
        "rule_id": explained.rule_id,
        "title": explained.title,
        "path": explained.path,
        "line": explained.line,
        "fired": explained.fired,
    }
    if isinstance(explained, CorrelationExplanation):
        return {**head, "rules": [_as_json(each) for each in explained.rules]}
    filters = [
        {
            "id": each.id,
            "title": each.title,
            "path": each.path,
            "line": each.line,
            "hides": each.hides,
            "condition": _part_as_json(each.condition),
        }
        for each in explained.filters
    ]
    return {**head, "condition": _part_as_json(explained.condition), "filters": filters}


def _part_as_json(part: ExplainedPart) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": str(part.kind),
        "held": part.held,
        "line": part.line,
        "column": part.column,
    }
    if part.kind is Kind.SELECTION:
        told["name"] = part.name
    if part.kind is Kind.LINE:
        told |= {
            "field": part.field or None,
            "modifiers": list(part.modifiers),
            "wanted": list(part.wanted),
            "met": list(part.met),
        }
    if part.parts:
        told["parts"] = [_part_as_json(each) for each in part.parts]
    return told
