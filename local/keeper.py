"""Runs one command and leaves nothing of it behind, whatever happens to whoever asked for it.

Standard input is a pipe that only the asker holds open. It closes when the asker is done, and just as
well when the asker was killed and could clean up nothing. The command then gets a moment to end, its
whole process group is killed (functions' workers, servers, what it started in turn), and its folder for
temporary files is removed. This needs nothing that Linux alone has.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_REMOVALS = 50
GRACE_SECONDS = 2.0
"""How long the command may take to end by itself before its process group is killed."""


def keep(command: Sequence[str], folder: Path) -> int:
    """Run `command` until it ends or standard input closes; gives its exit status."""
    asker_is_gone = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: asker_is_gone.set())
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0, close_fds=False)
    threading.Thread(target=_wait_for_end_of_input, args=(asker_is_gone,), daemon=True).start()
    threading.Thread(target=_wait_for_end_of_process, args=(process, asker_is_gone), daemon=True).start()
    try:
        asker_is_gone.wait()
    finally:
        status = _end(process)
        _remove(folder)
    return status


def _remove(folder: Path) -> None:
    """Whoever was just killed may still have been writing there."""
    for _ in range(_REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def _wait_for_end_of_input(event: threading.Event) -> None:
    while os.read(0, 1024):
        pass
    event.set()


def _wait_for_end_of_process(process: subprocess.Popen[bytes], event: threading.Event) -> None:
    process.wait()
    event.set()


def _end(process: subprocess.Popen[bytes]) -> int:
    if process.poll() is None:
        process.terminate()
    try:
        status = process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        status = -signal.SIGKILL
    with suppress(ProcessLookupError, PermissionError):  # macOS says EPERM of a group of zombies
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    return status


if __name__ == "__main__":
    sys.exit(keep(sys.argv[2:], Path(sys.argv[1])))
