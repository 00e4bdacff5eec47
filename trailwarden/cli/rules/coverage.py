"""`trailwarden rules coverage`: which techniques and controls the rules' tags name."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from trailwarden.cli.arguments import given_paths
from trailwarden.cli.completion import rules_or_paths
from trailwarden.cli.exits import Exit
from trailwarden.cli.files import write_file
from trailwarden.cli.rule_files import rules_named
from trailwarden.cli.tables import counted, say, show, table
from trailwarden.coverage import Coverage, Covered, coverage_of, navigator_layer
from trailwarden.rules.ruleset import Correlation, Rule
from trailwarden.safety.text import one_line
from trailwarden.unrecorded import Unrecorded, unrecorded_of

_PARTS = 3


@click.command("coverage")
@click.argument(
    "paths", nargs=-1, metavar="[PATH|RULE...]", callback=given_paths, shell_complete=rules_or_paths
)
@click.option(
    "--navigator",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an ATT&CK Navigator layer (format 4.5).",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def coverage_command(paths: tuple[str, ...], navigator: Path | None, as_json: bool) -> None:
    """Count rules by ATT&CK tactic and technique, and by CIS control, as their tags name them.

    Rules that need events which Trailwarden's trails do not record (data events, Insights, network activity)
    are named: they see nothing until another trail records them.

    Rules that only feed correlations are left out, as are deprecated and unsupported ones. A Navigator layer
    opens in https://mitre-attack.github.io/attack-navigator with "Open Existing Layer".

    \b
    Examples:
      trailwarden rules coverage
      trailwarden rules coverage rules/ my-rules/ --navigator layer.json
    """
    rules = rules_named(paths)
    rule_set = rules.rule_set
    all_rules: tuple[Rule | Correlation, ...] = (*rule_set.rules, *rule_set.correlations)
    coverage, unrecorded = coverage_of(all_rules), unrecorded_of(all_rules)
    if navigator is not None:
        about = (
            f"Rule set {rule_set.version}: {counted(len(coverage.rules), 'rule')}, scored by their number."
        )
        layer = navigator_layer(coverage, name="Trailwarden", description=about)
        write_file(navigator, json.dumps(layer, indent=2) + "\n")
    if as_json:
        click.echo(json.dumps(_as_json(coverage, unrecorded), indent=2))
    else:
        _print(coverage)
        _print_unrecorded(unrecorded)
        if navigator is not None:
            click.echo(f"\nThe Navigator layer: {navigator}")
    sys.exit(Exit.DONE if rules.sound else Exit.USAGE)


def _as_json(coverage: Coverage, unrecorded: Sequence[Unrecorded]) -> dict[str, Any]:
    """What `--json` prints; docs/backtest.md says what the fields mean."""

    def part(found: Sequence[Covered]) -> list[dict[str, Any]]:
        return [
            {
                "id": one.id,
                **({"framework": one.framework} if one.framework else {}),
                "staged": one.staged,
                "rules": [
                    {"id": rule.id, "title": rule.title, "level": str(rule.level)} for rule in one.rules
                ],
            }
            for one in found
        ]

    return {
        "tactics": part(coverage.tactics),
        "techniques": part(coverage.techniques),
        "controls": part(coverage.controls),
        "untagged": [{"id": rule.id, "title": rule.title} for rule in coverage.untagged],
        "unrecorded": [
            {
                "events": one.events,
                "rules": [
                    {
                        "id": rule.id,
                        "title": rule.title,
                        "level": str(rule.level),
                        "in_part": in_part,
                        "parts": one.parts.get(rule.id, ()),
                    }
                    for in_part, rules in ((False, one.rules), (True, one.in_part))
                    for rule in rules
                ],
            }
            for one in unrecorded
        ],
    }


def _print(coverage: Coverage) -> None:
    parts = (
        ("ATT&CK tactics", "Tactic", coverage.tactics, False),
        ("ATT&CK techniques", "Technique", coverage.techniques, True),
        ("CIS controls", "Control", coverage.controls, True),
    )
    for title, heading, found, named in parts:
        if not found:
            continue
        rows = table(heading, "Rules:", "Staged:", *(["Titles"] if named else []), title=title)
        for one in found:
            name = f"{one.framework} {one.id}".strip()
            titles = [", ".join(one_line(rule.title) for rule in one.rules)] if named else []
            rows.add_row(name, str(len(one.rules)), str(one.staged) if one.staged else "", *titles)
        show(rows)
    covered = (
        f"{counted(len(coverage.tactics), 'tactic')}, {counted(len(coverage.techniques), 'technique')}, "
        f"{counted(len(coverage.controls), 'CIS control')}"
    )
    many = len(coverage.rules)
    say(f"\n{counted(many, 'rule')} {'covers' if many == 1 else 'cover'} {covered}.")
    if coverage.untagged:
        say(
            f"{counted(len(coverage.untagged), 'rule')} without such tags: "
            + ", ".join(one_line(rule.title) for rule in coverage.untagged)
        )


def _part(one: Unrecorded, rule: Rule | Correlation) -> str:
    """What of the rule is not seen: the first names of events, or rules of a correlation."""
    parts = one.parts[rule.id]
    more = f" and {len(parts) - _PARTS} more" if len(parts) > _PARTS else ""
    return one_line(", ".join(parts[:_PARTS])) + more


def _print_unrecorded(unrecorded: Sequence[Unrecorded]) -> None:
    if not unrecorded:
        return
    rows = table("Events", "Rules:", "Titles", title="Needed, and not recorded by Trailwarden's trails")
    for one in unrecorded:
        titles = [one_line(rule.title) for rule in one.rules]
        titles += [f"{one_line(rule.title)} (in part: not {_part(one, rule)})" for rule in one.in_part]
        rows.add_row(one.events, str(len(titles)), ", ".join(titles))
    show(rows)
    blind = {rule.id for one in unrecorded for rule in one.rules}
    all_of_them = blind | {rule.id for one in unrecorded for rule in one.in_part}
    see = "sees" if len(all_of_them) == 1 else "see"
    sees = f"{counted(len(all_of_them), 'rule')} {see} less than written, {len(blind):,} of them nothing,"
    click.echo(f"\n{sees} until a trail records these events (docs/settings.md).")
