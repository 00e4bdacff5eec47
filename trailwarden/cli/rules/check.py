"""`trailwarden rules check`: every mistake in rule files, at once."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from trailwarden.checking import ApiModels, Finding, Severity, check_rules
from trailwarden.checking.suppression import nothing_alerts
from trailwarden.cli.exits import Exit
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import read_folder
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.safety.text import one_line

_LONGEST = 2000
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH...]")
@click.option("--strict", is_flag=True, help="Leave with 1 where there are warnings.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON list.")
def check_command(paths: tuple[str, ...], *, strict: bool, as_json: bool) -> None:
    """Name every mistake in rule files and folders (the shipped rules if none is named).

    Each finding says where it is, what is wrong, and how to mend it; its code stands in brackets. Errors
    keep rules from going live (status 2). Warnings do not (status 0, or 1 with --strict).

    \b
    Examples:
      trailwarden rules check my-rules/
      trailwarden rules check --strict my-rules/persistence/key_created.yml
      trailwarden rules check --json my-rules/ | jq '.[].code'
    """
    folder = read_folder([Path(path) for path in paths] or [shipped_rules_path()])
    sources = folder.sources
    findings = check_rules(sources, folder.problems, api=api_models())
    if folder.overrides:
        findings += nothing_alerts(folder, compile_usable(sources)[0])
    errors = sum(each.severity is Severity.ERROR for each in findings)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in findings], indent=2))
    else:
        _print(findings)
        warnings = len(findings) - errors
        rules = _count(len(sources), "rule")
        click.echo(f"{rules}, {_count(errors, 'error')}, {_count(warnings, 'warning')}.")
    sys.exit(Exit.USAGE if errors else Exit.ALERTED if strict and findings else Exit.DONE)


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
