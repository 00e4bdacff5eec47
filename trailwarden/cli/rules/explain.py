"""`trailwarden rules explain`: why a rule fires on a record, or which part of it does not hold."""

import difflib
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
from trailwarden.cli.exits import Exit
from trailwarden.cli.rule_files import usable_rules
from trailwarden.cli.rules.records import record_at
from trailwarden.cli.tables import counted
from trailwarden.explain import CorrelationExplanation, ExplainedPart, Explanation, explain
from trailwarden.rules.exceptions import in_force, today_utc
from trailwarden.rules.outline import Kind
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.rules.source import Source
from trailwarden.safety.text import one_line

_WIDTH_OF_A_FILE = 100_000  # lines in a file or pipe are not wrapped
_VALUES, _VALUE_LIMIT, _DECISIVE = 8, 100, 6


@click.command("explain")
@click.argument("rule", metavar="RULE")
@click.argument("place", metavar="FILE:INDEX")
@click.option(
    "--rules",
    "paths",
    multiple=True,
    callback=given_paths,
    help="Where RULE and its filters are; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain_command(rule: str, place: str, paths: tuple[str, ...], *, as_json: bool) -> None:
    """Show each part of a rule's condition, the value that it met in a record, and whether it held.

    RULE is a file, or the id, name or title of a rule in --rules (the shipped rules if none is named).
    INDEX is the record's place in the file's `Records`, from 0, as `scan --matches` prints it. FILE may be
    an s3:// address.

    \b
    Examples:
      trailwarden rules explain my-rules/key_created.yml log.json.gz:3
      trailwarden rules explain "Trail Stopped Or Deleted" s3://logs/AWSLogs/.../file.json.gz:17
    """
    is_file = Path(rule).is_file()
    wanted = [*paths, rule] if is_file else list(paths) or [str(shipped_rules_path())]
    _, written, _ = usable_rules(wanted)
    sources = [in_force(each, today_utc()) for each in written]
    chosen = _chosen(rule, sources, is_file=is_file)
    record = record_at(place)
    explained = [found for each in chosen if (found := explain(each, sources, record)) is not None]
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in explained], indent=2))
        return
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE, highlight=False)
    for each in explained:
        console.print(_tree(each))
        console.print(_verdict(each))


def _chosen(rule: str, sources: Sequence[Source], *, is_file: bool) -> list[Source]:
    """The rules meant; leaves with status 2 where there is none."""
    if is_file:
        found = [each for each in sources if Path(each.path).resolve() == Path(rule).resolve()]
    else:
        lowered = rule.lower()
        found = [
            each for each in sources if lowered in {each.id, (each.name or "").lower(), each.title.lower()}
        ]
    if not found:
        known = [text for each in sources for text in (each.name, each.title) if text]
        near = difflib.get_close_matches(rule, known, n=1)
        click.echo(
            f"trailwarden: there is no rule `{rule}`"
            + (f"; did you mean `{near[0]}`?" if near else ": name a file, or an id, name or title"),
            err=True,
        )
        sys.exit(Exit.USAGE)
    return found


def _names(source: Source) -> set[str]:
    return {source.id, (source.name or source.id).lower(), source.title.lower()}


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
        return Text.assemble(mark, _written(part), (f"   {_met(part)}", "cyan"))
    if part.kind is Kind.SELECTION:
        return Text.assemble(mark, (one_line(part.name), "bold"))
    return Text.assemble(mark, str(part.kind))


def _written(part: ExplainedPart) -> str:
    """The line as the author wrote it, on one line."""
    name = "|".join([part.field, *part.modifiers])
    texts = [_value(value) for value in part.wanted[:_VALUES]]
    more = len(part.wanted) - len(texts)
    wanted = ", ".join(texts) + (f", and {more} more" if more > 0 else "")
    return f"{one_line(name)}: {wanted}" if name else f"anywhere: {wanted}"


def _met(part: ExplainedPart) -> str:
    if not part.field:
        return "found" if part.held else "not found"
    if not part.met:
        return "is missing"
    texts = [_value(value) for value in part.met[:_VALUES]]
    met = f"is {', '.join(texts)}" + (", ..." if len(part.met) > _VALUES else "")
    if "fieldref" not in part.modifiers:
        return met
    other = ", ".join(map(_value, part.against[:_VALUES])) or "missing"
    return f"{met}, and {one_line(str(part.wanted[0]))} is {other}"


def _value(value: object) -> str:
    """A value as JSON, on one line: whatever an attacker wrote into it."""
    return one_line(json.dumps(value, ensure_ascii=False, default=str), _VALUE_LIMIT)


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
    return Text.assemble(("The rule does not fire. ", "bold red"), _reasons(explained))


def _reasons(explained: Explanation) -> str:
    parts = explained.decisive()
    said = [f"line {part.line}: `{_written(part)}`, and it {_met(part)}" for part in parts[:_DECISIVE]]
    more = f" (and {counted(len(parts) - _DECISIVE, 'more line')})" if len(parts) > _DECISIVE else ""
    return "What decided:\n  " + "\n  ".join(said) + more


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
