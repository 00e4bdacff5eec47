"""`trailwarden rules backtest`: what rules would have found, and told, before they are published."""

import json
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from trailwarden.backtest.backtest import Backtest, Limits
from trailwarden.backtest.report import Report
from trailwarden.backtest.rules import BacktestRules, backtest_rules
from trailwarden.cli.arguments import given_paths
from trailwarden.cli.completion import rules_or_paths
from trailwarden.cli.exits import Exit
from trailwarden.cli.files import write_file
from trailwarden.cli.inputs import Input, all_inputs
from trailwarden.cli.parallel import Outcome, Pool, usable_cores, worth_sharing
from trailwarden.cli.progress import Progress
from trailwarden.cli.rules.backtest_arguments import chosen_rules, sorted_arguments
from trailwarden.cli.scanner import Reading, Watch, failure_text, nothing_read, read_input
from trailwarden.engine.engine import Engine
from trailwarden.errors import Problem
from trailwarden.rules.ruleset import dump_rule_set

_EPILOG = (
    "Exit status: 0 done; 2 wrong usage, or rules with mistakes (the others are evaluated); 3 done, but some "
    "input could not be read, or a PATH holds no log file."
)


@click.command("backtest", epilog=_EPILOG)
@click.argument(
    "given",
    nargs=-1,
    required=True,
    metavar="[RULE...] PATH...",
    callback=given_paths,
    shell_complete=rules_or_paths,
)
@click.option(
    "--rules",
    "rules",
    multiple=True,
    metavar="RULE",
    callback=given_paths,
    shell_complete=rules_or_paths,
    help="Take RULE (a file, folder, or shipped rule) for rules, whatever lies in it.",
)
@click.option(
    "--html",
    "page",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one page with charts, which opens without a network.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--samples",
    type=click.IntRange(min=0, max=100),
    default=Limits().samples,
    show_default=True,
    help="How many records to show of each rule, and of each exception.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=usable_cores,
    show_default="the cores",
    help="How many processes read files; few or small files are read by one.",
)
def backtest_command(  # noqa: PLR0913, PLR0917 (the options)
    given: tuple[str, ...],
    rules: tuple[str, ...],
    page: Path | None,
    as_json: bool,
    samples: int,
    jobs: int,
) -> None:
    """Run rules over past records: what they find a day, whom it concerns, and what exceptions hide.

    RULE is a file or folder of *.yml, or a shipped rule by its file's name, id, name or title; PATH is a log
    file, a folder of them (walked) or an s3:// address. All shipped rules are run where no RULE is named.

    \b
    Examples:
      trailwarden rules backtest my_rule.yml ./AWSLogs
      trailwarden rules backtest trail_weakened exceptions.yml ./AWSLogs --html report.html
      trailwarden rules backtest team-rules/ s3://my-log-bucket/AWSLogs/111122223333 --json
    """
    if page is not None and not page.absolute().parent.is_dir():
        raise click.UsageError(f"There is no folder {page.parent} to write {page.name} into.")
    arguments = sorted_arguments(given, rules)
    sources, problems = chosen_rules(arguments)
    compiled, refused = backtest_rules(sources)
    problems = sorted({*problems, *refused})
    _tell(problems)
    if not compiled.deployed.rules:
        if not problems:
            click.echo("trailwarden: the files hold no rule to run", err=True)
        sys.exit(Exit.USAGE)
    report = _run(compiled, arguments.log_paths, Limits(samples=samples), jobs)
    if page is not None:
        from trailwarden.cli.rules.backtest_html import page_of  # noqa: PLC0415 (loads the charts)

        write_file(page, page_of(report))
    if as_json:
        click.echo(json.dumps(report.as_json(), indent=2))
    else:
        from trailwarden.cli.rules.backtest_text import print_report  # noqa: PLC0415 (loads rich)

        print_report(report)
        if page is not None:
            click.echo(f"\nThe page with charts: {page}")
    sys.exit(_status(problems, report))


def _tell(problems: Iterable[Problem]) -> None:
    for problem in problems:
        click.echo(str(problem), err=True)


def _status(problems: list[Problem], report: Report) -> Exit:
    if problems:
        return Exit.USAGE
    return Exit.INCOMPLETE if report.fault_count else Exit.DONE


def _run(rules: BacktestRules, paths: list[str], limits: Limits, jobs: int) -> Report:
    backtest, engine = Backtest(rules, limits), Engine(rules.watched)
    with Progress(sys.stderr) as progress:

        def fault(text: str) -> None:
            backtest.fault(text)
            progress.say(f"trailwarden: {text}")

        def note(text: str) -> None:
            progress.say(f"trailwarden: {text}")

        inputs = list(all_inputs(paths, _s3_client, fault, note))
        progress.start(len(inputs), sum(item.size for item in inputs))
        if jobs > 1 and worth_sharing(inputs):
            watch = progress.reading if progress.watched else None
            outcomes = Pool(dump_rule_set(rules.watched), jobs).read(inputs, watch)
        else:
            outcomes = (Outcome(Reading(), left=True) for _ in inputs)
        failures: dict[str, tuple[int, str]] = {}
        total = Reading()
        with closing(outcomes):
            for item, outcome in zip(inputs, outcomes, strict=True):
                for match in outcome.matches(engine):
                    backtest.add(match.whole(), item.name)
                read = _read_here(backtest, engine, item, progress.reading) if outcome.left else outcome
                reading = read.reading
                if reading.files:
                    backtest.file(records=reading.records, oldest=reading.oldest, newest=reading.newest)
                backtest.passed_over(reading.passed_over)
                for text in reading.faults:
                    fault(text)
                for failure in read.failures:
                    count, first = failures.get(failure.rule_id, (0, failure.first_error))
                    failures[failure.rule_id] = (count + failure.count, first)
                total.files += reading.files
                total.records += reading.records
                total.passed_over += reading.passed_over
                progress.advance(item.size, total.records)
        if total.passed_over and not total.files:
            fault(nothing_read(total.passed_over))
        for rule_id, (count, first) in failures.items():
            fault(failure_text(rule_id, count, first))
    return backtest.report()


def _read_here(backtest: Backtest, engine: Engine, item: Input, watch: Watch) -> Outcome:
    """Read a file in this process: its matches are counted as they are found."""
    engine.failures.clear()
    reading = read_input(engine, item, lambda match: backtest.add(match, item.name), watch)
    return Outcome(reading, failures=list(engine.failures.values()))


def _s3_client() -> Any:
    from trailwarden.aws.clients import client  # noqa: PLC0415 (boto3: only where S3 is read)

    return client("s3")
