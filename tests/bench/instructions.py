"""Instructions of a scan by valgrind's callgrind: a count that no other program on the machine changes.

    python -m tests.bench.instructions RULESET FILE WORK

is what runs under callgrind: it does the work (of `WORKS`) with the file twice, and has only the second time
counted.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.detecting import detecting
from tests.bench.speed import learn, scan, survey
from trailwarden.activity.learning import LESSON
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import load_rule_set

WORKS: dict[str, Callable[[Engine], Callable[[bytes], int]]] = {
    "scan": lambda engine: partial(scan, engine),
    "survey": lambda engine: partial(survey, engine),
    "learn": lambda engine: partial(learn, engine),
    "detect": detecting,
}
_TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


def missing() -> str | None:
    """Why instructions cannot be counted here, or None."""
    tools = [tool for tool in ("valgrind", "callgrind_control") if shutil.which(tool) is None]
    return f"{', '.join(tools)} not installed" if tools else None


def instructions(rule_set: Path, file: Path, work: str = "scan", *, lesson: bool = False) -> int:
    """Instructions of one scan (or other work) of a file whose like has been scanned before; `lesson`: by an
    engine that has one, asked for or not."""
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
                work,
                *(["lesson"] if lesson else []),
            ],
            env=os.environ | {"PYTHONHASHSEED": "0"},
            capture_output=True,
            check=True,
        )
        return sum(map(int, _TOTAL.findall(counted.read_text())))


def _count(switch: str) -> None:
    subprocess.run(["callgrind_control", "-i", switch, str(os.getpid())], capture_output=True, check=True)


def main(rule_set: str, file: str, work: str, lesson: str = "") -> None:
    """Do the work twice, the second time counted."""
    engine = Engine(load_rule_set(Path(rule_set).read_bytes()), lesson=LESSON if lesson else None)
    data = Path(file).read_bytes()
    do = WORKS[work](engine)
    do(data)
    _count("on")
    do(data)
    _count("off")


if __name__ == "__main__":
    main(*sys.argv[1:])
