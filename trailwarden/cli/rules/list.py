"""`trailwarden rules list`: what rules there are."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import click

from trailwarden.cli.arguments import given_paths
from trailwarden.cli.completion import rules_or_paths
from trailwarden.cli.exits import Exit
from trailwarden.cli.rule_files import rules_named
from trailwarden.cli.tables import counted, level_text, show, table
from trailwarden.rules.fields import nearest
from trailwarden.rules.load import RuleFolder
from trailwarden.rules.ruleset import Correlation, Level, Rule, RuleSet
from trailwarden.rules.source import Source
from trailwarden.safety.text import one_line

_LEVELS = [level.name.lower() for level in reversed(Level)]
_ATTACK = "attack."
_STATUSES = ["stable", "test", "experimental", "deprecated", "unsupported"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule, and where it was written."""

    rule: Rule | Correlation
    source: Source

    @property
    def tests(self) -> int:
        return len(self.source.block.tests)

    def as_json(self) -> dict[str, Any]:
        """One rule, as `--json` prints it; docs/backtest.md says what the fields mean."""
        rule, source = self.rule, self.source
        wanted = sum(test.must_match for test in source.block.tests)
        return {
            "id": rule.id,
            "name": source.name,
            "title": rule.title,
            "kind": "correlation" if isinstance(rule, Correlation) else "rule",
            "level": str(rule.level),
            "status": rule.status,
            "tags": list(rule.tags),
            "owner": rule.owner,
            "generates": rule.generates,
            "filters": [] if isinstance(rule, Correlation) else list(rule.filters),
            "tests": {"match": wanted, "no_match": self.tests - wanted},
            "path": source.path,
            "line": source.line,
        }


@click.command("list")
@click.argument(
    "paths", nargs=-1, metavar="[PATH|RULE...]", callback=given_paths, shell_complete=rules_or_paths
)
@click.option(
    "--level", "levels", multiple=True, type=click.Choice(_LEVELS), help="List rules of this level."
)
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(_STATUSES), help="List rules of this status."
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TAG",
    help="List rules with this tag, or one below it, as attack.t1098.003 is below attack.t1098 "
    "(attack. may be left out); * and ? are wildcards.",
)
@click.option(
    "--owner", "owners", multiple=True, metavar="TEXT", help="List rules whose owner contains TEXT."
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_command(  # noqa: PLR0913, PLR0917 (the options)
    paths: tuple[str, ...],
    levels: tuple[str, ...],
    statuses: tuple[str, ...],
    tags: tuple[str, ...],
    owners: tuple[str, ...],
    as_json: bool,
) -> None:
    """List the rules of files and folders (the shipped rules if none is named), worst first.

    They are shown as they are on top of the shipped rules. RULE is a shipped rule's id, name, title or file.
    An option that is repeated means any of its values; different options must all hold.

    \b
    Examples:
      trailwarden rules list
      trailwarden rules list --level high --level critical --tag attack.persistence
      trailwarden rules list my-rules/ --owner "identity team" --json
    """
    rules = rules_named(paths)
    listed = _listed(rules.rule_set, rules.sources)
    _name_unknown(tags, listed)
    found = [
        one
        for one in listed
        if (not levels or str(one.rule.level) in levels)
        and (not statuses or one.rule.status in statuses)
        and (not tags or any(_has(one.rule.tags, tag) for tag in tags))
        and (not owners or any(owner.lower() in one.rule.owner.lower() for owner in owners))
    ]
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], indent=2))
    else:
        _print(found, rules.folder)
    sys.exit(Exit.DONE if rules.sound else Exit.USAGE)


def _listed(rule_set: RuleSet, sources: Sequence[Source]) -> list[Listed]:
    by_id = {source.id: source for source in sources}
    rules: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    rules.sort(key=lambda rule: (-rule.level, rule.title, rule.id))
    return [Listed(rule, by_id[rule.id]) for rule in rules]


def _has(tags: Sequence[str], wanted: str) -> bool:
    """Whether a rule has a tag, or one below it; the table shows ATT&CK's without their namespace."""
    folded = wanted.lower()
    names = [name for tag in map(str.lower, tags) for name in (tag, tag.removeprefix(_ATTACK))]
    return any(fnmatchcase(name, folded) or name.startswith(f"{folded}.") for name in names)


def _name_unknown(wanted: Sequence[str], listed: Sequence[Listed]) -> None:
    """Say which tags no rule has, and which is the nearest."""
    known = {name for one in listed for tag in one.rule.tags for name in (tag, tag.removeprefix(_ATTACK))}
    for tag in wanted:
        if not any(_has(one.rule.tags, tag) for one in listed):
            near = nearest(tag, known)
            hint = f"; did you mean `{near}`?" if near else ""
            click.echo(f"trailwarden: no rule has the tag `{one_line(tag, 80)}`{hint}", err=True)


def _print(found: Sequence[Listed], folder: RuleFolder) -> None:
    rows = table("Level", "Status", "Tests:", "Id", "Owner", "Tags", "Rule")
    for one in found:
        rule = one.rule
        kind = "" if rule.generates else " (feeds correlations)"
        title = one_line(rule.title) + kind
        tags = [tag.removeprefix(_ATTACK) for tag in rule.tags]
        rows.add_row(
            level_text(rule.level),
            rule.status,
            str(one.tests),
            rule.id,
            one_line(rule.owner),
            one_line(" ".join(tags)),
            title,
        )
    show(rows)
    counts = ((len(found), "rule"), (len(folder.filters), "exception"), (len(folder.overrides), "override"))
    click.echo(", ".join(counted(count, what) for count, what in counts if count or what == "rule") + ".")
