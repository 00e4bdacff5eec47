"""Wall time of a scan of many files by one process, and by one a core."""

import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.workload import MATCHING, Workload
from trailwarden.cli.inputs import Input, inputs_of
from trailwarden.cli.parallel import Pool, usable_cores
from trailwarden.cli.scanner import Scanner
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import RuleSet, dump_rule_set

FILES, _RECORDS = 240, 1000


@dataclass(frozen=True)
class Sharing:
    """How many times as fast many processes were (median, lowest, highest), and the median seconds."""

    median: float
    low: float
    high: float
    one: float
    many: float
    jobs: int


def sharing(workload: Workload, rule_set: RuleSet, rounds: int, matching: float | None = MATCHING) -> Sharing:
    """Scan the files in both ways in turns; the alerts are to be the same."""
    jobs = usable_cores()
    engine = Engine(rule_set)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(FILES):
            Path(folder, f"{number:04}.json.gz").write_bytes(workload.log_file(_RECORDS, matching=matching))
        files = list(inputs_of(folder, _no_client))
        ones, manies = [], []
        for _ in range(rounds):
            seconds, alerts = _by_one(engine, files)
            ones.append(seconds)
            seconds, same = _by_many(engine, files, jobs)
            manies.append(seconds)
            if same != alerts:
                raise SystemExit("many processes find other alerts than one")
    ratios = [one / many for one, many in zip(ones, manies, strict=True)]
    return Sharing(median(ratios), min(ratios), max(ratios), median(ones), median(manies), jobs)


def _by_one(engine: Engine, files: list[Input]) -> tuple[float, object]:
    started = time.perf_counter()
    scanner = Scanner(engine, None, _refuse)
    for item in files:
        scanner.scan(item)
    alerts = list(scanner.alerts().alerts())
    return time.perf_counter() - started, alerts


def _by_many(engine: Engine, files: list[Input], jobs: int) -> tuple[float, object]:
    started = time.perf_counter()
    scanner = Scanner(engine, None, _refuse)
    with closing(Pool(dump_rule_set(engine.rule_set), jobs).read(files)) as outcomes:
        for item, outcome in zip(files, outcomes, strict=True):
            for match in outcome.matches(engine):
                scanner.handed_over(match, item.name)
            scanner.count(outcome.reading)
    alerts = list(scanner.alerts().alerts())
    return time.perf_counter() - started, alerts


def _refuse(fault: str) -> None:
    raise SystemExit(fault)


def _no_client() -> None:
    raise SystemExit("only files are read here")
