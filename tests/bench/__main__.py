"""`make bench`: what reading and matching cost, as ratios measured in one run.

FLOOR is what anyone pays who only parses a log file: `orjson.loads(zlib.decompress(file))`. Product and FLOOR
take turns in one process on the same bytes, so that a machine whose speed drifts does not change their ratio.
What the product matches is first checked to equal what the naive reference evaluator does. No figure passes
or fails: docs/performance.md says what they were.
"""

import argparse
import gc
import json
import platform
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import median

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench.workload import Workload, make_workload
from tests.unit.engine.reference import reference
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import dump_rule_set

ROUNDS = 9
RESULTS = Path("build/bench.json")
_LARGE = 100_000


def main() -> None:
    """Measure, print one table, and write it as JSON."""
    arguments = argparse.ArgumentParser(prog="make bench", description=__doc__)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    asked = arguments.parse_args()
    console = Console(stderr=True)
    workload = make_workload()
    console.print(f"{workload.source}; {len(workload.rules)} rules; {asked.rounds} rounds")
    engine = Engine(workload.rule_set)
    checked = _check_hits(engine, workload)
    console.print(f"hits equal the naive evaluator's on {checked:,} records")
    figures: list[dict[str, float | str]] = []
    for records in (1_000, 10_000, _LARGE):
        console.print(f"measuring files of {records:,} records ...")
        figures.append(_ratio(engine, workload.log_file(records), records, asked.rounds))
    console.print("measuring memory ...")
    memory = _memory(workload)
    _report(workload, figures, memory)


def _check_hits(engine: Engine, workload: Workload) -> int:
    naive = [(source.id, reference(source.rule)) for source in workload.rules]
    for record in workload.records:
        expected = sorted(rule_id for rule_id, holds in naive if holds(record))
        found = [rule.id for rule in engine.matches(record)]
        if found != expected:
            raise SystemExit(f"the engine matches {found}, the reference {expected}: {json.dumps(record)}")
    return len(workload.records)


def _scan(engine: Engine, data: bytes) -> int:
    return sum(1 for _ in engine.scan(LogFileReader(BytesIO(data))))


def _floor(data: bytes) -> int:
    return len(orjson.loads(zlib.decompress(data, wbits=31))["Records"])


def _ratio(engine: Engine, data: bytes, records: int, rounds: int) -> dict[str, float | str]:
    # Small files are read several times a round, so that a round is long enough to measure.
    repeat = max(1, 20_000 // records)
    products, floors = [], []
    _scan(engine, data)
    for _ in range(rounds):
        floors.append(_cpu(lambda: _floor(data), repeat))
        products.append(_cpu(lambda: _scan(engine, data), repeat))
    ratios = [product / floor for product, floor in zip(products, floors, strict=True)]
    return {
        "figure": f"CPU a record, files of {records:,} records",
        "ratio": median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "product_us": median(products) / records * 1e6,
        "floor_us": median(floors) / records * 1e6,
    }


def _cpu(work: Callable[[], int], repeat: int) -> float:
    """CPU seconds of one call, the garbage of earlier calls collected before."""
    gc.collect()
    started = time.process_time()
    for _ in range(repeat):
        work()
    return (time.process_time() - started) / repeat


def _memory(workload: Workload) -> dict[str, float]:
    """Peak memory of a process of its own that scans a large file, above the same process before it."""
    with tempfile.TemporaryDirectory() as folder:
        contents = {
            "ruleset.json": dump_rule_set(workload.rule_set),
            "small.json.gz": workload.log_file(1_000),
            "large.json.gz": workload.log_file(_LARGE),
        }
        for name, data in contents.items():
            Path(folder, name).write_bytes(data)
        command = [
            sys.executable,
            "-m",
            "tests.bench.memory",
            *(str(Path(folder, name)) for name in contents),
        ]
        answer = subprocess.run(command, capture_output=True, check=True, text=True)
    measured: dict[str, float] = json.loads(answer.stdout)
    return measured


def _report(workload: Workload, figures: list[dict[str, float | str]], memory: dict[str, float]) -> None:
    table = Table(title=f"{workload.source}, {len(workload.rules)} rules, {_machine()}")
    for heading in ("figure", "x FLOOR (median)", "low - high", "product us", "FLOOR us"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for figure in figures:
        spread = f"{figure['low']:.2f} - {figure['high']:.2f}"
        times = (f"{figure['product_us']:.2f}", f"{figure['floor_us']:.2f}")
        table.add_row(str(figure["figure"]), f"{figure['ratio']:.2f}", spread, *times)
    Console(width=120).print(table)
    print(
        f"Peak memory above idle, a file of {memory['decoded_mb']:.0f} MB: {memory['above_idle_mb']:.1f} MB"
    )
    RESULTS.parent.mkdir(exist_ok=True)
    document = {
        "machine": _machine(),
        "source": workload.source,
        "rules": len(workload.rules),
        "figures": figures,
        "memory": memory,
    }
    RESULTS.write_text(json.dumps(document, indent=2) + "\n")
    print(f"Written to {RESULTS}.")


def _machine() -> str:
    return f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
