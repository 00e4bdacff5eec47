"""`trailwarden rules check`: every mistake in rule files, at once."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from trailwarden.checking import ApiModels, Finding, Severity, check_rules
from trailwarden.checking.suppression import nothing_alerts
from trailwarden.cli.arguments import given_paths
from trailwarden.cli.exits import Exit
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.exceptions import exceptions_without_expiry
from trailwarden.rules.load import RuleFolder, read_folder
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.safety.text import one_line

_LONGEST = 2000
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH...]", callback=given_paths)
@click.option("--strict", is_flag=True, help="Exit with 1 if there are warnings.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON list.")
def check_command(paths: tuple[str, ...], *, strict: bool, as_json: bool) -> None:
    """Name every mistake in rule files and folders (the shipped rules if none is named).

    Filters and overrides are checked against the shipped rules too, as publication does.

    Each finding says where it is, what is wrong, and how to mend it; its code stands in brackets. Errors
    keep rules from going live (status 2) and come first. Warnings do not (status 0, or 1 with --strict).

    \b
    Examples:
      trailwarden rules check my-rules/
      trailwarden rules check --strict my-rules/persistence/key_created.yml
      trailwarden rules check --json my-rules/ | jq '.[].code'
    """
    folder, beside_shipped = _folder([Path(path) for path in paths] or [shipped_rules_path()])
    sources = folder.sources
    problems = [*folder.problems, *exceptions_without_expiry(sources)]
    findings = check_rules(sources, problems, api=api_models(), beside_shipped=beside_shipped)
    if folder.overrides:
        findings += nothing_alerts(folder, compile_usable(sources)[0])
    findings.sort(key=lambda each: each.severity is not Severity.ERROR)
    errors = sum(each.severity is Severity.ERROR for each in findings)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in findings], indent=2))
    else:
        _print(findings)
        warnings = len(findings) - errors
        own = [source for source in sources if not (beside_shipped and source.document.shipped)]
        rules = _count(len(own), "rule")
        click.echo(f"{rules}, {_count(errors, 'error')}, {_count(warnings, 'warning')}.")
    sys.exit(Exit.USAGE if errors else Exit.ALERTED if strict and findings else Exit.DONE)


def _folder(paths: Sequence[Path]) -> tuple[RuleFolder, bool]:
    """What the paths hold, and whether the shipped rules, of which none is named, were read with it: they are
    if there is a filter or an override, which hardly means anything without them."""
    folder = read_folder(paths)
    shipped = any(source.document.shipped for source in [*folder.sources, *folder.switched_off])
    if shipped or not (folder.filters or folder.overrides):
        return folder, False
    return read_folder([shipped_rules_path(), *paths]), True


def api_models() -> ApiModels:
    """AWS's service models, from botocore."""
    # botocore takes 0.2 s to load: only what asks for its models pays for it.
    from trailwarden.aws.api_models import BotocoreModels  # noqa: PLC0415

    return BotocoreModels()


def _print(findings: Sequence[Finding]) -> None:
    # rich takes 50 ms to load: only what is for reading pays for it.
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    for each in findings:
        text = Text.assemble(
            (f"{each.path}:{each.line}:{each.column}", "bold"),
            ": ",
            (f"{each.severity}", _STYLES[each.severity]),
            f": {one_line(each.message, _LONGEST)} ",
            (f"[{each.code}]", "dim"),
        )
        console.print(text)
        if each.cure:
            console.print(Text(f"    cure: {one_line(each.cure, _LONGEST)}"))


def _as_json(finding: Finding) -> dict[str, str | int]:
    return {
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "severity": str(finding.severity),
        "code": finding.code,
        "message": finding.message,
        "cure": finding.cure,
    }


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
