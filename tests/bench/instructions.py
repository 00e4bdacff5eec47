"""Instructions of a scan by valgrind's callgrind: a count that no other program on the machine changes.

    python -m tests.bench.instructions RULESET FILE [learning]

is what runs under callgrind: it scans the file twice, and has only the second time counted.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.speed import learn, scan
from trailwarden.activity.learning import LESSON
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import load_rule_set

_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


def missing() -> str | None:
    """Why instructions cannot be counted here, or None."""
    tools = [tool for tool in ("valgrind", "callgrind_control") if shutil.which(tool) is None]
    return f"{', '.join(tools)} not installed" if tools else None


def instructions(rule_set: Path, file: Path, *, learning: bool = False) -> int:
    """Instructions of one scan of a file whose like has been scanned before."""
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder, "callgrind.out")
        subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--instr-atstart=no",
                f"--callgrind-out-file={counted}",
                sys.executable,
                "-m",
                "tests.bench.instructions",
                str(rule_set),
                str(file),
                *(["learning"] if learning else []),
            ],
            env=os.environ | {"PYTHONHASHSEED": "0"},
            capture_output=True,
            check=True,
        )
        return sum(map(int, _TOTAL.findall(counted.read_text())))


def _count(switch: str) -> None:
    subprocess.run(["callgrind_control", "-i", switch, str(os.getpid())], capture_output=True, check=True)


def main(rule_set: str, file: str, learning: str = "") -> None:
    """Scan twice, the second time counted."""
    engine = Engine(load_rule_set(Path(rule_set).read_bytes()), lesson=LESSON if learning else None)
    work = learn if learning else scan
    data = Path(file).read_bytes()
    work(engine, data)
    _count("on")
    work(engine, data)
    _count("off")


if __name__ == "__main__":
    main(*sys.argv[1:])
