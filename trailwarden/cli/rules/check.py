"""`trailwarden rules check`: every mistake in rule files, at once."""

import json
import sys
from collections.abc import Sequence

import click

from trailwarden.checking import ApiModels, Finding, Severity, check_rules
from trailwarden.checking.suppression import nothing_alerts
from trailwarden.cli.arguments import given_paths
from trailwarden.cli.completion import rules_or_paths
from trailwarden.cli.exits import Exit
from trailwarden.cli.rule_files import files_named, name_not_read
from trailwarden.cli.rules.findings import print_findings
from trailwarden.cli.tables import counted
from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.exceptions import exceptions_without_expiry
from trailwarden.rules.load import RuleFolder, read_over_shipped
from trailwarden.rules.shipped import shipped_rules_path


@click.command("check")
@click.argument(
    "paths", nargs=-1, metavar="[PATH|RULE...]", callback=given_paths, shell_complete=rules_or_paths
)
@click.option("--strict", is_flag=True, help="Exit with 1 if there are warnings.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as one JSON list.")
def check_command(paths: tuple[str, ...], *, strict: bool, as_json: bool) -> None:
    """Name every mistake in rule files and folders (the shipped rules if none is named).

    They are checked as publication checks them, on top of the shipped rules. RULE is a shipped rule's id,
    name, title or file.

    Each finding says where it is, what is wrong, and how to mend it; its code stands in brackets. Errors
    keep rules from going live (status 2) and come first. Warnings do not (status 0, or 1 with --strict): the
    rarest kinds come first, and what a rule only lacks of form comes last.

    \b
    Examples:
      trailwarden rules check my-rules/
      trailwarden rules check --strict my-rules/persistence/key_created.yml
      trailwarden rules check --json my-rules/ | jq '.[].code'
    """
    folder = _folder(paths)
    sources = folder.sources
    problems = [*folder.problems, *exceptions_without_expiry(sources)]
    findings = check_rules(sources, problems, api=api_models(), base=folder.base)
    findings += (_switched_off_with(each) for each in folder.warnings)
    if folder.overrides:
        findings += nothing_alerts(folder, compile_usable(sources)[0])
    findings.sort(key=lambda each: each.severity is not Severity.ERROR)
    errors = sum(each.severity is Severity.ERROR for each in findings)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in findings], indent=2))
    else:
        print_findings(findings)
        warnings = len(findings) - errors
        rules = counted(len(folder.own), "rule")
        click.echo(f"{rules}, {counted(errors, 'error')}, {counted(warnings, 'warning')}.")
    sys.exit(Exit.USAGE if errors else Exit.ALERTED if strict and findings else Exit.DONE)


def _folder(given: Sequence[str]) -> RuleFolder:
    """What was named, over the shipped rules: over all of them if there is a filter or an override, which are
    judged by what they leave of the whole."""
    files = [file for each in given for file in files_named(each)] or [shipped_rules_path()]
    name_not_read(files)
    folder = read_over_shipped(files)
    return read_over_shipped(files, whole=True) if folder.filters or folder.overrides else folder


def _switched_off_with(warning: Problem) -> Finding:
    place = warning.path, warning.line, warning.column
    return Finding(*place, warning.message, warning.cure, code="switched-off-with")


def api_models() -> ApiModels:
    """AWS's service models, from botocore."""
    # botocore takes 0.2 s to load: only what asks for its models pays for it.
    from trailwarden.aws.api_models import BotocoreModels  # noqa: PLC0415

    return BotocoreModels()


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
