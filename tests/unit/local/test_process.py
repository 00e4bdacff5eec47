"""Nothing that the local cloud starts outlives whoever started it, however that one ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from local.process import REPOSITORY, KeptProcess
from tests.patience import SECONDS

# A command that starts a child of its own, as the emulator starts functions; both would run for ever and
# both are deaf to the signal that asks to end.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
deaf += "; print('ready', flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
child.stdout.readline()
print(os.getpid(), child.pid, os.environ["TMPDIR"], flush=True)
time.sleep(600)
"""
ASKER = f"""
import os, sys, time
from local.process import KeptProcess
with KeptProcess([sys.executable, "-c", {STUBBORN!r}], os.environ) as process:
    print(process.output.readline(), end="", flush=True)
    time.sleep(600)
"""


def is_running(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not yet asked for its status does not."""
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        state = subprocess.run(
            ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return bool(state.stdout.strip()) and not state.stdout.strip().startswith("Z")
    return False


def all_gone(pids: list[int], folder: Path) -> bool:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not any(is_running(pid) for pid in pids) and not folder.exists():
            return True
        time.sleep(0.05)
    return False


def started(line: str) -> tuple[list[int], Path]:
    command, child, folder = line.split()
    pids = [int(command), int(child)]
    assert all(is_running(pid) for pid in pids)
    assert Path(folder).is_dir()
    return pids, Path(folder)


@pytest.fixture
def asker() -> Iterator[subprocess.Popen[str]]:
    """A process that keeps a command and knows nothing of being killed."""
    with subprocess.Popen(
        [sys.executable, "-c", ASKER], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        yield process
        with suppress(ProcessLookupError):
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_asker_leaves_nothing(asker: subprocess.Popen[str], number: signal.Signals) -> None:
    assert asker.stdout is not None
    pids, folder = started(asker.stdout.readline())

    asker.send_signal(number)
    asker.wait(SECONDS)

    assert all_gone(pids, folder)


def test_the_end_of_the_block_leaves_nothing() -> None:
    with KeptProcess([sys.executable, "-c", STUBBORN], os.environ) as process:
        pids, folder = started(process.output.readline())

    assert all_gone(pids, folder)


def test_a_command_that_crashes_takes_its_children_with_it() -> None:
    with KeptProcess([sys.executable, "-c", STUBBORN], os.environ) as process:
        pids, folder = started(process.output.readline())
        os.kill(pids[0], signal.SIGKILL)

        assert all_gone(pids, folder)
        assert process.wait() != 0


def test_output_and_status_are_the_commands() -> None:
    command = [sys.executable, "-c", "import sys; print('said'); print('so', file=sys.stderr); sys.exit(7)"]
    with KeptProcess(command, os.environ) as process:
        assert set(process.output.read().split()) == {"said", "so"}
        assert process.wait() == 7
