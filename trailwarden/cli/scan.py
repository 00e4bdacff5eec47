"""`trailwarden scan`: the engine of the functions, on files, folders and `s3://` addresses."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import click

from trailwarden.cli.arguments import given_paths
from trailwarden.cli.exits import Exit
from trailwarden.cli.inputs import Input, all_inputs
from trailwarden.cli.parallel import Pool, usable_cores, worth_sharing
from trailwarden.cli.progress import Progress
from trailwarden.cli.report import alert_line, match_line, match_text, print_alerts, print_totals
from trailwarden.cli.rule_files import rules_alone, team_rules
from trailwarden.cli.scanner import Scanner
from trailwarden.cli.tables import counted
from trailwarden.engine.engine import Engine
from trailwarden.engine.match import Match
from trailwarden.rules.load import RuleFolder
from trailwarden.rules.ruleset import Level, dump_rule_set

_LEVELS = [level.name.lower() for level in Level]
_EPILOG = (
    "Exit status: 0 done; 1 an alert at or above --fail-on; 2 wrong usage, or rules with mistakes (the "
    "others are evaluated); 3 done, but some input could not be read, or a PATH holds no log file; 4 the "
    "machine let it down (disk, memory); 130 interrupted; 141 whoever read the output went away; 143 asked "
    "to end."
)


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", callback=given_paths)
@click.option(
    "--rules",
    "rule_paths",
    multiple=True,
    metavar="PATH",
    callback=given_paths,
    help="Evaluate the rules of a file or folder alone, not the shipped rules; may be repeated.",
)
@click.option(
    "--team",
    metavar="DIR",
    type=click.Path(exists=True),
    help="A team's folder on top of the shipped rules, as `rules publish` makes them live.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="Print tables for reading, or one JSON object a line.",
)
@click.option(
    "--matches", "each_match", is_flag=True, help="Print each record that a rule matched, not the alerts."
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=usable_cores,
    show_default="the cores",
    help="How many processes read files; few or small files are read by one.",
)
@click.option("--fail-on", type=click.Choice(_LEVELS), help="Exit with 1 on an alert at or above this level.")
def scan(  # noqa: PLR0913, PLR0917 (the options)
    paths: tuple[str, ...],
    rule_paths: tuple[str, ...],
    team: str | None,
    output: str,
    each_match: bool,
    fail_on: str | None,
    jobs: int,
) -> None:
    """Evaluate rules on CloudTrail log files: files, folders (walked), s3://bucket/prefix.

    \b
    Examples:
      trailwarden scan ./AWSLogs
      trailwarden scan --rules my-rules/ --format jsonl 2024-08-18.json.gz
      trailwarden scan --team my-rules/ ./AWSLogs
      trailwarden scan --fail-on high s3://my-log-bucket/AWSLogs/111122223333
    """
    if team is not None and rule_paths:
        raise click.UsageError(
            "give --team or --rules: --team is the shipped rules with DIR on top, --rules PATH alone"
        )
    rules = team_rules(team) if team is not None else rules_alone(rule_paths)
    rule_set = rules.rule_set
    if not rule_set.rules:
        click.echo(f"trailwarden: {_no_rule(rules.folder, rule_paths)}", err=True)
        sys.exit(Exit.USAGE)
    engine = Engine(rule_set)
    scanner = _scan(engine, paths, _match_printer(output) if each_match else None, jobs)
    alerts = scanner.alerts()
    if output == "text":
        if not each_match:
            print_alerts(alerts.alerts)
        print_totals(scanner.totals, rule_set, alerts.count())
    elif not each_match:
        for alert in alerts.alerts():
            click.echo(json.dumps(alert_line(alert)))
    sys.exit(_status(alerts.worst(), scanner.totals.faults, fail_on) if rules.sound else Exit.USAGE)


def _no_rule(folder: RuleFolder, paths: Sequence[str]) -> str:
    """Why there is nothing to evaluate, and what to give instead."""
    parts = (("filter", len(folder.filters)), ("override", len(folder.overrides)))
    holds = " and ".join(counted(count, what) for what, count in parts if count)
    if not holds:
        return "there is no rule to evaluate; --team DIR reads DIR on top of the shipped rules"
    fix = "--team DIR reads a folder on top of the shipped rules, which these apply to"
    return f"{', '.join(paths)}: {holds}, and no rule to evaluate; {fix}"


def _scan(
    engine: Engine, paths: tuple[str, ...], on_match: Callable[[Match, str, bool], None] | None, jobs: int
) -> Scanner:
    started = time.perf_counter()
    with Progress(sys.stderr) as progress:
        scanner = Scanner(engine, on_match, lambda text: progress.say(f"trailwarden: {text}"))
        inputs = list(all_inputs(paths, _s3_client, scanner.fault, scanner.complain))
        progress.start(len(inputs), sum(item.size for item in inputs))
        if jobs > 1 and worth_sharing(inputs):
            _read_by_many(scanner, inputs, jobs, progress)
        else:
            for item in inputs:
                scanner.scan(item, progress.reading)
                progress.advance(item.size, scanner.totals.records)
        scanner.finish()
    scanner.totals.seconds = time.perf_counter() - started
    return scanner


def _read_by_many(scanner: Scanner, inputs: list[Input], jobs: int, progress: Progress) -> None:
    """Read in other processes, and count here, in the order of the inputs."""
    rule_set = scanner.engine.rule_set
    watch = progress.reading if progress.watched else None
    with closing(Pool(dump_rule_set(rule_set), jobs).read(inputs, watch)) as outcomes:
        for item, outcome in zip(inputs, outcomes, strict=True):
            if outcome.left:
                scanner.scan(item, progress.reading)
            for match in outcome.matches(scanner.engine):
                scanner.handed_over(match, item.name)
            scanner.count(outcome.reading)
            scanner.failed(outcome.failures)
            progress.advance(item.size, scanner.totals.records)


def _s3_client() -> Any:
    from trailwarden.aws.clients import client  # noqa: PLC0415 (boto3: only where S3 is read)

    return client("s3")


def _match_printer(output: str) -> Callable[[Match, str, bool], None]:
    """Prints matches as they are found: memory does not grow with what is printed."""

    def as_json(match: Match, log_file: str, repeat: bool) -> None:
        click.echo(json.dumps(match_line(match, log_file, repeat=repeat)))

    def as_text(match: Match, log_file: str, repeat: bool) -> None:
        click.echo(match_text(match, log_file, repeat=repeat))

    return as_json if output == "jsonl" else as_text


def _status(worst: Level | None, faults: int, fail_on: str | None) -> Exit:
    """An alert to fail on outweighs input that could not be read, which is named on standard error anyway."""
    if fail_on is not None and worst is not None and worst >= Level[fail_on.upper()]:
        return Exit.ALERTED
    return Exit.INCOMPLETE if faults else Exit.DONE
