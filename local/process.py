"""A child process under a keeper (`local.keeper`): it never outlives the process that started it."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

REPOSITORY = Path(__file__).resolve().parent.parent
STOP_SECONDS = 30.0
"""How long the keeper may take; to remove a folder of thousands of files takes a busy disk its time."""


class KeptProcess:
    """A command with a folder of its own for temporary files (`TMPDIR`); ends with the `with` block.

    `output` is its standard output, standard error joined in, as text. A `listener` it inherits, under the
    same number.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        cwd: Path = REPOSITORY,
        listener: socket.socket | None = None,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trailwarden-"))
        self._process = subprocess.Popen(
            [sys.executable, str(REPOSITORY / "local" / "keeper.py"), str(self.folder), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env={**environment, "TMPDIR": str(self.folder)},
            cwd=cwd,
            pass_fds=() if listener is None else (listener.fileno(),),
            start_new_session=True,  # Ctrl-C reaches only us, and we end things in order
        )

    @property
    def output(self) -> IO[str]:
        assert self._process.stdout is not None  # noqa: S101 (for the type checker: it is a pipe)
        return self._process.stdout

    def wait(self) -> int:
        return self._process.wait()

    def poll(self) -> int | None:
        return self._process.poll()

    def stop(self) -> None:
        """End the command and all that it started. Repeating it changes nothing."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """`stop`, and no more output can be read."""
        self.stop()
        self.output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def clean_environment() -> dict[str, str]:
    """This process's environment without what would lead an AWS client to a real account or a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CDK_", "MINISTACK_", "LOCALSTACK_", "POWERTOOLS_"))
        and name.lower() not in {"http_proxy", "https_proxy", "all_proxy"}
    }
    return kept | {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
