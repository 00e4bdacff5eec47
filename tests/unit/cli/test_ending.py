"""Every command ends in order: by Ctrl-C, SIGTERM, a reader that goes away, a full disk."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tests.samples import log_file, record
from trailwarden.cli import main
from trailwarden.cli.spool import AlertSpool

ROOT = Path(__file__).parents[3]
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and FIFOs of POSIX")


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name)


def command_of(words: tuple[str, ...]) -> click.Command:
    found: click.Command = main
    for word in words:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)  # type: ignore[assignment]
    return found


@pytest.fixture(autouse=True)
def ctrl_c_as_before() -> Iterator[None]:
    """A command that ends ignores Ctrl-C from then on; here its process goes on."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("met", "status"),
    [
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 141),
        (OSError(28, "No space left on device"), 4),
        (MemoryError(), 4),
        (SystemExit(3), 3),
    ],
    ids=lambda met: type(met).__name__ if isinstance(met, BaseException) else str(met),
)
def test_every_command_ends_with_a_status(
    monkeypatch: pytest.MonkeyPatch, met: BaseException, status: int
) -> None:
    def ended(**_: Any) -> None:
        raise met

    found = list(commands(main))
    assert len(found) > 15
    for words in found:
        command = command_of(words)
        monkeypatch.setattr(command, "params", [])
        monkeypatch.setattr(command, "callback", ended)
        result = CliRunner().invoke(main, words)
        assert result.exit_code == status, words
        assert len(result.output.splitlines()) <= 1, words


def test_ctrl_c_at_a_question_is_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: Any) -> None:
        raise KeyboardInterrupt

    command = command_of(("scan",))
    monkeypatch.setattr(command, "params", [])
    monkeypatch.setattr(command, "callback", lambda: click.confirm("Sure?"))
    monkeypatch.setattr("click.termui.visible_prompt_func", ask)
    # CliRunner has its own way to ask; the command is called as the shell does.
    with pytest.raises(SystemExit) as ended:
        main(["scan"], prog_name="trailwarden")

    assert ended.value.code == 130


def test_a_full_disk_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The temporary file of a scan cannot grow."""
    made = AlertSpool.__init__

    def small(self: AlertSpool, *args: Any) -> None:
        made(self, *args)
        self._file.execute("pragma max_page_count = 5")

    monkeypatch.setattr(AlertSpool, "__init__", small)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("trailwarden.cli.scanner._HELD_AT_MOST", 1)
    file = tmp_path / "a.json.gz"
    file.write_bytes(
        log_file(
            record(n, userIdentity={"type": "IAMUser", "userName": os.urandom(9).hex()}) for n in range(300)
        )
    )

    result = CliRunner().invoke(main, ["scan", str(file)])

    assert result.exit_code == 4
    assert result.stderr == (
        f"trailwarden: the temporary file in {tmp_path}: database or disk is full;"
        " set TMPDIR to a folder with room\n"
    )


# A shell that runs a test in the background lets it ignore Ctrl-C, and all that it starts.
SHARED = """
import signal, sys
from trailwarden.cli import main, parallel

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parallel._WORTH_SHARING = -1
    main(sys.argv[1:], prog_name="trailwarden")
"""


class Running:
    """A command of its own session that reads a FIFO, and so goes on until somebody ends it."""

    def __init__(self, folder: Path, *command: str) -> None:
        before, self.fifo, after = (folder / f"{name}.json.gz" for name in "abc")
        for file in (before, after):
            file.write_bytes(log_file([record()]))
        os.mkfifo(self.fifo)
        script = folder / "shared.py"
        script.write_text(SHARED)
        self.process = subprocess.Popen(
            [sys.executable, str(script), *command, str(before), str(self.fifo), str(after)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._feed = os.open(self.fifo, os.O_WRONLY)  # returns when the command reads it

    def end(self, how: signal.Signals, *, all_of_it: bool) -> tuple[int, bytes, bytes]:
        """Signal it; the status and all output. Output ends when the last of its processes does."""
        if all_of_it:
            os.killpg(self.process.pid, how)  # as a terminal does
        else:
            self.process.send_signal(how)
        out, complaints = self.process.communicate()
        os.close(self._feed)
        return self.process.returncode, out, complaints


@needs_posix
@pytest.mark.parametrize("jobs", ["1", "3"])
@pytest.mark.parametrize("all_of_it", [True, False])
@pytest.mark.parametrize(
    ("how", "status", "said"),
    [(signal.SIGINT, 130, b"trailwarden: interrupted\n"), (signal.SIGTERM, 143, b"")],
)
@pytest.mark.parametrize("command", [("scan",), ("rules", "backtest")], ids=" ".join)
def test_a_signal_ends_what_reads_and_all_of_its_processes(  # noqa: PLR0917 (what is varied)
    tmp_path: Path,
    command: tuple[str, ...],
    how: signal.Signals,
    status: int,
    said: bytes,
    all_of_it: bool,
    jobs: str,
) -> None:
    rules = tmp_path / "stop.yml"
    rules.write_text(STOPPED)
    running = Running(tmp_path, *command, "--rules", str(rules), "--jobs", jobs)

    code, out, complaints = running.end(how, all_of_it=all_of_it)

    assert (code, out, complaints) == (status, b"", said)


@needs_posix
@pytest.mark.parametrize("output", ["text", "jsonl"])
def test_a_reader_that_goes_away_ends_it_without_a_word(tmp_path: Path, output: str) -> None:
    """As `| head` does: more is printed than a pipe holds."""
    file = tmp_path / "many.json.gz"
    users = ({"type": "IAMUser", "userName": f"user-{number}"} for number in range(2000))
    file.write_bytes(log_file(record(n, userIdentity=user) for n, user in enumerate(users)))
    rules = tmp_path / "stop.yml"
    rules.write_text(STOPPED)
    command = [
        sys.executable,
        "-m",
        "trailwarden",
        "scan",
        "--rules",
        str(rules),
        "--format",
        output,
        str(file),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()

    assert (process.returncode, complaints) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("output", ["text", "jsonl"])
def test_output_that_cannot_be_written_is_said_in_a_line(tmp_path: Path, output: str) -> None:
    file = tmp_path / "one.json.gz"
    file.write_bytes(log_file([record()]))
    command = [sys.executable, "-m", "trailwarden", "scan", "--format", output, str(file)]
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)

    assert (ran.returncode, ran.stderr) == (4, b"trailwarden: standard output: No space left on device\n")


STOPPED = """
title: Trail stopped
id: 6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b01
status: stable
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  selection:
    eventName: StopLogging
  condition: selection
"""


# Ctrl-C while the command's modules are imported: click is the first of them.
WHILE_IMPORTED = """
import os, signal, sys

class PressesCtrlC:
    def find_spec(self, name, *_):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, PressesCtrlC())
signal.signal(signal.SIGINT, {handler})
from trailwarden.__main__ import main
sys.argv = ["trailwarden", "--version"]
main()
"""


@needs_posix
@pytest.mark.parametrize(
    ("handler", "status"), [("signal.default_int_handler", -signal.SIGINT), ("signal.SIG_IGN", 0)]
)
def test_ctrl_c_before_there_is_a_command_ends_it_without_a_word(handler: str, status: int) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WHILE_IMPORTED.format(handler=handler)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (ran.returncode, ran.stderr) == (status, "")


def test_a_command_ends_in_order_however_the_program_began(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    command = command_of(("scan",))
    monkeypatch.setattr(command, "params", [])
    monkeypatch.setattr(command, "callback", lambda: found.append(signal.getsignal(signal.SIGINT)))
    for began in (signal.SIG_DFL, signal.SIG_IGN, signal.default_int_handler):
        signal.signal(signal.SIGINT, began)
        assert CliRunner().invoke(main, ["scan"]).exit_code == 0
        assert signal.getsignal(signal.SIGINT) == began
    assert found == [signal.default_int_handler, signal.SIG_IGN, signal.default_int_handler]


@pytest.mark.parametrize(
    ("met", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "/gone/x.html"), "/gone/x.html: No such file"),
        (OSError(28, "No space left on device"), "standard output: No space left on device"),
        (OSError("odd"), "trailwarden: odd"),
    ],
)
def test_an_error_of_the_system_names_what_it_is_about(
    monkeypatch: pytest.MonkeyPatch, met: OSError, said: str
) -> None:
    def ended() -> None:
        raise met

    command = command_of(("scan",))
    monkeypatch.setattr(command, "params", [])
    monkeypatch.setattr(command, "callback", ended)
    result = CliRunner().invoke(main, ["scan"])
    assert said in result.stderr
    assert "Errno" not in result.stderr


def test_a_temporary_folder_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def ended() -> None:
        raise sqlite3.OperationalError("unable to open database file")

    command = command_of(("scan",))
    monkeypatch.setattr(command, "params", [])
    monkeypatch.setattr(command, "callback", ended)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    said = CliRunner().invoke(main, ["scan"]).stderr
    assert "unable to open database file; set TMPDIR to a folder with room" in said
    assert f"which {tmp_path / 'gone'} is not" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize(
    "command", [("compile", "docs/examples", "-o"), ("coverage", "docs/examples", "--navigator")]
)
def test_a_file_that_cannot_be_written_is_named(command: tuple[str, ...]) -> None:
    name, folder, option = command
    result = CliRunner().invoke(main, ["rules", name, str(ROOT / folder), option, "/dev/full"])
    assert (result.exit_code, result.stderr) == (4, "trailwarden: /dev/full: No space left on device\n")
