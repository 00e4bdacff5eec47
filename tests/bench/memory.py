"""Peak memory of one scan, above the same process before it: run in a process of its own.

    python -m tests.bench.memory RULESET SMALL_FILE LARGE_FILE

Prints `{"above_idle_mb": ..., "decoded_mb": ...}`. Idle is after a small file, when code and caches are in.
"""

import contextlib
import gc
import json
import resource
import sys
from pathlib import Path

from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import load_rule_set


def main(rule_set: str, small: str, large: str) -> None:
    """Scan both files and print the difference that the large one made."""
    engine = Engine(load_rule_set(Path(rule_set).read_bytes()))
    _scan(engine, small)
    gc.collect()
    forget_peak()
    idle = peak_mb()
    decoded = _scan(engine, large)
    print(json.dumps({"above_idle_mb": peak_mb() - idle, "decoded_mb": decoded / 1e6}))


def _scan(engine: Engine, file: str) -> int:
    with Path(file).open("rb") as stream:
        reader = LogFileReader(stream)
        for _ in engine.scan(reader):
            pass
    return reader.bytes_decoded


def forget_peak() -> None:
    """Let Linux count the peak from now on; elsewhere the peak of the whole run stands."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mb() -> float:
    """The largest resident set since `forget_peak`, in MB."""
    with contextlib.suppress(OSError):
        fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(fields["VmHWM"].split()[0]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # macOS counts bytes


if __name__ == "__main__":
    main(*sys.argv[1:])
