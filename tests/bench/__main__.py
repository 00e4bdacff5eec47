"""`make bench`: what reading and matching cost, measured in one run; docs/performance.md says what it means.

What is found is first checked against the naive evaluator, and against the plain way. No figure passes or
fails: each stands beside what it is to reach.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import alerting, grouping_memory, instructions, peers, telling
from tests.bench.checks import check_against_plain, check_against_reference
from tests.bench.generated import grown
from tests.bench.learning import check_learning
from tests.bench.learning import figures as learning_figures
from tests.bench.machine import machine
from tests.bench.parallel import FILES, sharing
from tests.bench.speed import Ratio, Side, against_fewer, against_floor, scan
from tests.bench.startup import start
from tests.bench.workload import MATCHING, Workload, make_workload
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import RuleSet, dump_rule_set

RESULTS = Path("build/bench.json")
FEW, USUAL, MANY = 57, 500, 10_000
_TERMINAL = Console(stderr=True)


@dataclass(frozen=True)
class Figure:
    """One line of the table. `value` is None where it could not be measured, and `detail` says why."""

    figure: str
    value: float | None
    reach: str = ""
    stretch: str = ""
    low: float | None = None
    high: float | None = None
    detail: str = ""


def main() -> None:
    """Measure, print one table, and write it as JSON."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peers", action="store_true", help="install and measure other engines")
    asked = parser.parse_args()
    started = time.perf_counter()
    workload = make_workload()
    _TERMINAL.print(f"{workload.source}; {asked.rounds} rounds")
    sets = {count: grown(workload.rule_set, count, workload.records) for count in (FEW, USUAL, MANY)}
    engines = {count: Engine(rule_set) for count, rule_set in sets.items()}
    _check(workload, engines)
    figures = [
        *_speeds(workload, engines, asked.rounds),
        *_growth(workload, engines, sets, asked.rounds),
        *_learning(workload, sets[USUAL], asked.rounds),
        *_alerting(workload, asked.rounds),
        *_sharing(workload, sets[USUAL], min(3, asked.rounds)),
        _memory(workload, sets[USUAL]),
        *_grouping_memory(),
        _start(sets[USUAL], asked.rounds),
        *(peers.figures(workload, engines[FEW], engines[USUAL], Figure) if asked.peers else ()),
    ]
    _report(workload, figures, asked.rounds, time.perf_counter() - started)


def _check(workload: Workload, engines: dict[int, Engine]) -> None:
    compared = check_against_reference(Engine(workload.rule_set), workload)
    _TERMINAL.print(f"{len(workload.rules)} rules: as the naive evaluator says, on {compared:,} records")
    matches = check_against_plain(Engine(workload.shipped), workload)
    _TERMINAL.print(f"the rules that ship: as each rule by itself says, {matches:,} matches")
    taught = check_learning(workload.rule_set, workload)
    _TERMINAL.print(f"learning sessions: no other matches, and {taught:,} records to learn from")
    for count, engine in engines.items():
        matches = check_against_plain(engine, workload)
        _TERMINAL.print(f"{count:,} rules: as each rule by itself says, {matches:,} matches")


def _speeds(workload: Workload, engines: dict[int, Engine], rounds: int) -> list[Figure]:
    figures = []
    for records, files, reach, stretch in (
        (1_000, 10, "0.70", "0.55"),
        (10_000, 2, "0.45", "0.35"),
        (100_000, 1, "0.45", "0.35"),
    ):
        _TERMINAL.print(f"files of {records:,} records ...")
        drawn = [workload.log_file(records) for _ in range(files)]
        ratio = against_floor(engines[USUAL], drawn, records, rounds)
        name = f"CPU a record, files of {records:,}, x FLOOR"
        figures.append(_ratio(name, ratio, reach, stretch, "FLOOR"))
    shipped, parted = Engine(workload.shipped), workload.parted(workload.shipped)
    for records, files in ((1_000, 10), (10_000, 2)):
        drawn = [workload.log_file(records, parted=parted) for _ in range(files)]
        ratio = against_floor(shipped, drawn, records, rounds)
        name = f"same, files of {records:,}, the {len(workload.shipped.rules)} rules that ship"
        figures.append(_ratio(name, ratio, "", "", "FLOOR"))
    for records, files in ((1_000, 10), (10_000, 2)):
        drawn = [workload.log_file(records, matching=None) for _ in range(files)]
        ratio = against_floor(engines[USUAL], drawn, records, rounds)
        share = f"{workload.matching_share:.0%} of the records match"
        figures.append(_ratio(f"same, files of {records:,}, {share}", ratio, "", "", "FLOOR"))
    return figures


def _growth(
    workload: Workload, engines: dict[int, Engine], sets: dict[int, RuleSet], rounds: int
) -> list[Figure]:
    _TERMINAL.print(f"growth from {FEW} to {MANY:,} rules ...")
    # More rules match more: each set is given files of which the same share matches.
    parted = {count: workload.parted(sets[count]) for count in (FEW, MANY)}
    sides = {
        count: Side(partial(scan, engines[count]), [workload.log_file(10_000, parted=parted[count])])
        for count in parted
    }
    ratio = against_fewer(sides[MANY], sides[FEW], 10_000, rounds)
    name = f"growth from {FEW} to {MANY:,} rules"
    cpu = _ratio(f"{name}: CPU", ratio, "1.4", "1.15", f"{FEW} rules")
    why = instructions.missing()
    if why is not None:
        return [cpu, Figure(f"{name}: instructions", None, "1.15", "1.07", detail=why)]
    with tempfile.TemporaryDirectory() as folder:
        counts = []
        for count in (FEW, MANY):
            file = Path(folder, f"{count}.json.gz")
            file.write_bytes(workload.log_file(1_000, parted=parted[count]))
            artefact = Path(folder, f"{count}.json")
            artefact.write_bytes(dump_rule_set(sets[count]))
            counts.append(instructions.instructions(artefact, file))
    detail = f"{counts[1] / 1000:,.0f} a record, with {FEW} rules {counts[0] / 1000:,.0f}"
    return [cpu, Figure(f"{name}: instructions", counts[1] / counts[0], "1.15", "1.07", detail=detail)]


def _learning(workload: Workload, rule_set: RuleSet, rounds: int) -> list[Figure]:
    _TERMINAL.print("learning who was given which access key ...")
    return learning_figures(workload, rule_set, rounds, Figure)


def _alerting(workload: Workload, rounds: int) -> list[Figure]:
    _TERMINAL.print("alerting ...")
    return [
        *alerting.lines(workload, min(5, rounds), Figure),
        *telling.lines(workload, min(5, rounds), Figure),
    ]


def _sharing(workload: Workload, rule_set: RuleSet, rounds: int) -> list[Figure]:
    _TERMINAL.print("many files by many processes ...")
    figures = []
    for matching, share in ((MATCHING, MATCHING), (None, workload.matching_share)):
        told = sharing(workload, rule_set, rounds, matching)
        name = f"scan of {FILES} files by {told.jobs} processes, times as fast, {share:.1%} match"
        detail = f"{told.many:.2f} s; by one {told.one:.2f} s"
        figures.append(Figure(name, told.median, "", "", told.low, told.high, detail))
    return figures


def _memory(workload: Workload, rule_set: RuleSet) -> Figure:
    """Peak memory of a process of its own that scans a large file, above the same process before it."""
    _TERMINAL.print("memory ...")
    with tempfile.TemporaryDirectory() as folder:
        contents = {
            "ruleset.json": dump_rule_set(rule_set),
            "small.json.gz": workload.log_file(1_000),
            "large.json.gz": workload.log_file(100_000),
        }
        for name, data in contents.items():
            Path(folder, name).write_bytes(data)
        files = (str(Path(folder, name)) for name in contents)
        command = [sys.executable, "-m", "tests.bench.memory", *files]
        answer = subprocess.run(command, capture_output=True, check=True, text=True)
    measured = json.loads(answer.stdout)
    name = f"peak memory above idle, {measured['decoded_mb']:.0f} MB file, MB"
    return Figure(name, measured["above_idle_mb"], "8", "4")


def _grouping_memory() -> list[Figure]:
    """Peak memory of grouping the matches of one file, each time by a process of its own."""
    figures = []
    for how, name in (("one", "of one group"), ("each", "each of another group")):
        command = [sys.executable, "-m", "tests.bench.grouping_memory", how]
        answer = subprocess.run(command, capture_output=True, check=True, text=True)
        title = f"peak memory of grouping {grouping_memory.MATCHES:,} matches, {name}, MB"
        figures.append(Figure(title, json.loads(answer.stdout)["above_idle_mb"], "16"))
    return figures


def _start(rule_set: RuleSet, rounds: int) -> Figure:
    _TERMINAL.print("start of the function ...")
    ratio = start(dump_rule_set(rule_set), rounds)
    detail = f"{ratio.product_us / 1000:.0f} ms, the clients {ratio.other_us / 1000:.0f} ms"
    name = "start of detect, x boto3's S3 and SNS clients"
    return Figure(name, ratio.median, "1.4", "1.15", ratio.low, ratio.high, detail)


def _ratio(name: str, ratio: Ratio, reach: str, stretch: str, other: str) -> Figure:
    detail = f"{ratio.product_us:.2f} us, {other} {ratio.other_us:.2f} us"
    return Figure(name, ratio.median, reach, stretch, ratio.low, ratio.high, detail)


def _report(workload: Workload, figures: list[Figure], rounds: int, seconds: float) -> None:
    title = f"{workload.source}, {USUAL} rules, {MATCHING:.1%} of the records match, {rounds} rounds"
    table = Table(title=f"{title}\n{machine()}")
    for heading in ("figure", "median", "low - high", "reach", "stretch", "detail"):
        table.add_column(heading, justify="left" if heading in {"figure", "detail"} else "right")
    for figure in figures:
        value = "-" if figure.value is None else f"{figure.value:.2f}"
        spread = "" if figure.low is None else f"{figure.low:.2f} - {figure.high:.2f}"
        table.add_row(figure.figure, value, spread, figure.reach, figure.stretch, figure.detail)
    Console(width=150).print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    document = {
        "machine": machine(),
        "source": workload.source,
        "rules": USUAL,
        "matching": MATCHING,
        "matching_as_they_are": workload.matching_share,
        "rounds": rounds,
        "seconds": seconds,
        "figures": [asdict(figure) for figure in figures],
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    print(f"{seconds:.0f} seconds; written to {RESULTS}.")


if __name__ == "__main__":
    main()
