"""Run one function on one case within its budget: a process of its own.

    python -m tests.budgets.function CASE FOLDER TIMEOUT_SECONDS MEMORY_MB [ARTEFACT]

The budget of time is CPU, so that a busy machine does not matter: Lambda gives a function a share of a core
by its memory (1,769 MB are one: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). The
function's clock goes by it as well: `time.monotonic` and what is left of its time. Prints
`{"cpu": …, "allowed": …, "peak_mb": …}`.
"""

import gc
import importlib.util
import json
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

_CORE_MB = 1769
ROOT = Path(__file__).parents[2]


@dataclass
class Clock:
    """The function's time: what it computed, at its share of a core, and what it slept."""

    share: float
    timeout: float
    began: float = 0.0
    slept: float = 0.0

    def now(self) -> float:
        return 1e6 + (time.process_time() - self.began) / self.share + self.slept

    def sleep(self, seconds: Any, /) -> None:
        self.slept += seconds

    @property
    def left(self) -> float:
        return self.timeout - (self.now() - 1e6)


@dataclass
class Context:
    """A Lambda context, as far as functions look at it."""

    clock: Clock
    function_name: str = "trailwarden"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:111122223333:function:trailwarden"
    aws_request_id: str = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.clock.left * 1000)


def main(name: str, folder: str, timeout: str, memory_mb: str, artefact: str = "") -> None:
    from tests.budgets import cases
    from tests.budgets.world import World

    (case,) = (one for one in cases.CASES if one.name == name)
    world = World(Path(folder))
    check = case.fill(world)
    cases.lay(world, Path(artefact).read_bytes() if artefact else None)
    handler = _loaded(case.function, world).handler
    clock = Clock(min(1.0, int(memory_mb) / _CORE_MB), float(timeout))
    time.monotonic, time.sleep = clock.now, clock.sleep
    event = json.loads(json.dumps(world.event))
    gc.collect()
    _forget_peak()
    stored = world.table.stored
    clock.began = time.process_time()
    allowed = clock.timeout * clock.share * case.part
    _limit_cpu(clock.began + allowed)
    answer = handler(event, Context(clock))
    used = time.process_time() - clock.began
    peak = _peak_mb() - (world.table.stored - stored) / 1e6
    _limit_cpu(None)
    check(answer)
    assert clock.slept + used / clock.share <= clock.timeout, f"slept {clock.slept:.0f} s"
    sys.stdout.write(json.dumps({"cpu": used, "allowed": allowed, "peak_mb": peak}) + "\n")


def _loaded(function: str, world: Any) -> ModuleType:
    """The function's module, with real clients made beside the played ones: their memory counts."""
    from trailwarden.aws import clients

    real = clients.client
    clients.client = lambda service: (real(service), world.client(service))[1]
    code = world.folder / "handler.py"
    code.write_bytes((ROOT / "lambdas" / function / "handler.py").read_bytes())
    spec = importlib.util.spec_from_file_location("handler", code)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _limit_cpu(seconds: float | None) -> None:
    """The process is ended (SIGXCPU) when it has used so much."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = resource.RLIM_INFINITY if seconds is None else int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def _peak_mb() -> float:
    """The largest resident set since `_forget_peak`."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024 / 1e6


if __name__ == "__main__":
    from tests.budgets.world import ENVIRONMENT

    os.environ.update(ENVIRONMENT)
    main(*sys.argv[1:])
