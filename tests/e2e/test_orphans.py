"""The emulator and its functions' processes never outlive the process that started the emulator."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulator import Emulator
from local.process import REPOSITORY
from tests.patience import SECONDS

ACCOUNT = "111122223333"
STARTER = "from tests.e2e.test_orphans import start_and_wait; start_and_wait()"


def start_and_wait() -> None:
    """In a process of its own: start the emulator and a function in it, and wait to be killed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("handler.py", "def handler(event, context):\n    return event\n")
    with Emulator(region="eu-central-1") as emulator:
        functions = emulator.client("lambda", ACCOUNT)
        functions.create_function(
            FunctionName="idle",
            Runtime="python3.13",
            Handler="handler.handler",
            Role=f"arn:aws:iam::{ACCOUNT}:role/any",
            Code={"ZipFile": archive.getvalue()},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="idle")
        functions.invoke(FunctionName="idle")
        print(emulator.folder, emulator.endpoint.rpartition(":")[2], flush=True)  # noqa: T201
        time.sleep(600)


def processes(*words: str) -> list[str]:
    """The command lines of running processes that hold one of the words."""
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if any(word in line for word in words)]


@pytest.fixture
def starter() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER],
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_starter_leaves_no_process_and_no_folder(
    starter: subprocess.Popen[str], number: signal.Signals
) -> None:
    assert starter.stdout is not None
    folder, port = starter.stdout.readline().split()
    server = f"local.emulation.server {port}"
    assert len(processes(server)) >= 1
    assert [line for line in processes(folder) if "ministack-lambda-idle" in line], "the function's process"

    starter.send_signal(number)
    starter.wait(SECONDS)

    deadline = time.monotonic() + SECONDS
    while (processes(server, folder) or Path(folder).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes(server, folder) == []
    assert not Path(folder).exists()
