"""Folders in which not everything can be read, or is what it seems: the rest is scanned, that is named."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.samples import STOP_RULE, log_file, record
from tests.unit.cli.test_ending import STOPPED
from trailwarden.cli import main
from trailwarden.cli.inputs import Input, inputs_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and permissions of POSIX")

STOP_TITLE = "Trail stopped"
READ = {"a/1.json.gz", "b/2.json.gz", "c/3.json.gz"}
NO_FILE = "not a regular file"
NOT_READ = "in a folder is not read; name it as a PATH to read it"
NOT_FOLLOWED = "a link to a folder elsewhere is not followed; name that folder as a PATH"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "stop.yml"
    file.write_text(STOPPED)
    return file


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Path]:
    """Three folders, a log file in each."""
    folder = tmp_path / "logs"
    for number, name in enumerate(sorted(READ), start=1):
        file = folder / name
        file.parent.mkdir(parents=True)
        file.write_bytes(log_file([record(number)]))
    yield folder
    for place in folder.rglob("*"):
        if not place.is_symlink() and place.is_dir():
            place.chmod(0o700)


def scan(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["scan", *map(str, args)])


def read_of(result: Result) -> set[str]:
    """The names of the files whose matches are printed."""
    lines = (line.split("  ") for line in result.stdout.splitlines())
    return {word.partition(":")[0] for line in lines for word in line if ".json" in word}


def a_pipe(logs: Path) -> str:
    os.mkfifo(logs / "b" / "pipe.json")
    return f"b/pipe.json: a named pipe {NOT_READ}"


def a_pipe_behind_a_link(logs: Path) -> str:
    os.mkfifo(logs.parent / "pipe")
    (logs / "b" / "4.json.gz").symlink_to(logs.parent / "pipe")
    return f"b/4.json.gz: a named pipe {NOT_READ}"


def a_socket(logs: Path) -> str:
    # A socket's whole path has about 100 characters at most.
    before = Path.cwd()
    os.chdir(logs)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind("socket.gz")
    finally:
        os.chdir(before)
    return f"socket.gz: a socket {NOT_READ}"


def a_device(logs: Path) -> str:
    (logs / "a" / "zero.json").symlink_to("/dev/zero")
    return f"a/zero.json: a device {NOT_READ}"


def a_link_to_nothing(logs: Path) -> str:
    (logs / "b" / "0.json").symlink_to(logs / "gone.json")
    return "b/0.json: No such file or directory"


def a_link_to_itself(logs: Path) -> str:
    (logs / "b" / "0.json").symlink_to("0.json")
    return "b/0.json: Too many levels of symbolic links"


def a_link_to_a_folder_elsewhere(logs: Path) -> str:
    (logs.parent / "logs elsewhere").mkdir()
    (logs / "b" / "more").symlink_to(logs.parent / "logs elsewhere")
    return f"b/more: {NOT_FOLLOWED}"


def a_link_to_the_folder_above(logs: Path) -> str:
    (logs / "b" / "up").symlink_to(logs.parent)
    return f"b/up: {NOT_FOLLOWED}"


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    "lay",
    [
        a_pipe,
        a_pipe_behind_a_link,
        a_socket,
        a_device,
        a_link_to_nothing,
        a_link_to_itself,
        a_link_to_a_folder_elsewhere,
        a_link_to_the_folder_above,
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_scanned(
    monkeypatch: pytest.MonkeyPatch, rules: Path, logs: Path, lay: Callable[[Path], str], jobs: str
) -> None:
    monkeypatch.setattr("trailwarden.cli.parallel._WORTH_SHARING", -1)
    complaint = lay(logs)
    result = scan("--rules", rules, "--matches", "--jobs", jobs, logs)
    assert result.stderr == f"trailwarden: {logs}/{complaint}\n"
    assert (result.exit_code, read_of(result)) == (3, READ)


def test_backtest_names_it_too(rules: Path, logs: Path) -> None:
    complaint = a_pipe(logs)
    result = CliRunner().invoke(main, ["rules", "backtest", str(rules), str(logs), "--json"])
    assert (result.exit_code, result.stderr) == (3, f"trailwarden: {logs}/{complaint}\n")


def test_links_within_the_folder_are_no_fault_and_no_loop(rules: Path, logs: Path) -> None:
    (logs / "b" / "root").symlink_to(logs)
    (logs / "b" / "itself").symlink_to("../b")
    (logs / "latest").symlink_to("c")
    (logs.parent / "linked").symlink_to(logs)
    for place in (logs, logs.parent / "linked", logs / ".." / "logs"):
        result = scan("--rules", rules, "--matches", place)
        assert (result.exit_code, result.stderr, read_of(result)) == (0, "", READ)


class _Refused:
    """`os.scandir` that may not list a folder: tests may run as root, who may list all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._folder, self._list = str(folder), os.scandir
        monkeypatch.setattr(os, "scandir", self)

    def __call__(self, place: str) -> Any:
        if os.fspath(place) == self._folder:
            raise PermissionError(13, "Permission denied", place)
        return self._list(place)


@pytest.mark.parametrize("folder", ["b", "b/deep/deeper", "."])
def test_a_folder_that_may_not_be_listed_is_named(
    monkeypatch: pytest.MonkeyPatch, rules: Path, logs: Path, folder: str
) -> None:
    (logs / "b" / "deep" / "deeper").mkdir(parents=True)
    closed = logs / folder
    _Refused(monkeypatch, closed)
    result = scan("--rules", rules, "--matches", logs)
    expected = {"b": READ - {"b/2.json.gz"}, "b/deep/deeper": READ, ".": set()}[folder]
    assert result.stderr == f"trailwarden: {closed}: Permission denied\n"
    assert (result.exit_code, read_of(result)) == (3, expected)


@pytest.mark.parametrize(("what", "mode"), [("b", 0), ("b/2.json.gz", 0), ("b", 0o400)])
def test_permissions_of_one_cost_nothing_of_the_others(rules: Path, logs: Path, what: str, mode: int) -> None:
    (logs / what).chmod(mode)
    if os.access(logs / "b" / "2.json.gz", os.R_OK):
        pytest.skip("root may read everything")
    result = scan("--rules", rules, "--matches", logs)
    assert "Permission denied" in result.stderr
    assert (result.exit_code, read_of(result)) == (3, READ - {"b/2.json.gz"})


def listed(folder: Path) -> list[Input]:
    return list(inputs_of(str(folder), lambda: pytest.fail("no S3 here")))


@pytest.mark.parametrize(
    ("put", "said"),
    [
        (lambda _file: None, "No such file or directory"),
        (lambda file: file.mkdir(), NO_FILE),
        (os.mkfifo, NO_FILE),
        (lambda file: file.symlink_to(file), "Too many levels of symbolic links"),
    ],
    ids=["nothing", "a folder", "a pipe", "a link to itself"],
)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_takes_a_files_place_after_it_was_listed(  # noqa: PLR0917 (what is varied)
    monkeypatch: pytest.MonkeyPatch,
    rules: Path,
    logs: Path,
    put: Callable[[Path], None],
    said: str,
    jobs: str,
) -> None:
    found, file = listed(logs), logs / "b" / "2.json.gz"
    file.unlink()
    put(file)
    monkeypatch.setattr("trailwarden.cli.scan.all_inputs", lambda *_: found)
    monkeypatch.setattr("trailwarden.cli.parallel._WORTH_SHARING", -1)
    result = scan("--rules", rules, "--matches", "--jobs", jobs, logs)
    assert result.stderr == f"trailwarden: {file}: {said}\n"
    assert (result.exit_code, read_of(result)) == (3, READ - {"b/2.json.gz"})


def test_a_folder_that_goes_while_it_is_walked_is_named(
    monkeypatch: pytest.MonkeyPatch, rules: Path, logs: Path
) -> None:
    (logs / "a" / "goes").mkdir()
    whole = Path.stat

    def stat(self: Path, **options: Any) -> os.stat_result:
        if self.name == "1.json.gz":
            shutil.rmtree(logs / "a")
            shutil.rmtree(logs / "b")
        return whole(self, **options)

    monkeypatch.setattr(Path, "stat", stat)
    result = scan("--rules", rules, "--matches", logs)
    missing = [f"{logs}/{name}: No such file or directory" for name in ("a/1.json.gz", "a/goes", "b")]
    assert result.stderr.splitlines() == [f"trailwarden: {line}" for line in missing]
    assert (result.exit_code, read_of(result)) == (3, {"c/3.json.gz"})


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(
    "options", [["--format", "jsonl"], ["--matches"], ["--matches", "--format", "jsonl"]]
)
def test_names_that_are_no_text_are_read_and_printed(
    monkeypatch: pytest.MonkeyPatch, rules: Path, logs: Path, options: list[str], jobs: str
) -> None:
    for number, name in enumerate([b"\xff\xfe.json", b"new\nline.json", b"\xed\xa0\x80.json"]):
        try:
            Path(os.fsdecode(os.fsencode(logs) + b"/" + name)).write_bytes(log_file([record(10 + number)]))
        except OSError:
            pytest.skip("a file system that takes text alone")
    monkeypatch.setattr("trailwarden.cli.parallel._WORTH_SHARING", -1)
    result = scan("--rules", rules, *options, "--jobs", jobs, logs)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count(STOP_RULE if "jsonl" in options else "high") == (
        6 if "--matches" in options else 1
    )


def test_a_pipe_that_is_named_is_read(rules: Path, tmp_path: Path) -> None:
    """As `<(zcat ...)` of a shell names one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = "import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())"
    with subprocess.Popen([sys.executable, "-c", script, str(pipe)], stdin=subprocess.PIPE) as writer:
        assert writer.stdin is not None
        writer.stdin.write(log_file([record(1)]))
        writer.stdin.close()
        result = scan("--rules", rules, "--matches", pipe)
    assert (result.exit_code, result.stdout.count(STOP_TITLE)) == (0, 1)


KILLED = """
import os, signal, sys
from trailwarden.cli import main, parallel, scan
from trailwarden.cli.parallel import read_one

def killed(engine, item, room, watch):
    if os.path.exists(sys.argv[0] + item.name.replace("/", "-")):
        os.kill(os.getpid(), signal.SIGKILL)
    return read_one(engine, item, room, watch)

class Pool(parallel.Pool):
    def __init__(self, artefact, jobs):
        super().__init__(artefact, jobs, killed)

if __name__ == "__main__":
    parallel._WORTH_SHARING = -1
    scan.Pool = Pool
    main(sys.argv[1:], prog_name="trailwarden")
"""


@pytest.mark.parametrize("killed_at", [READ, {"a/1.json.gz", "c/3.json.gz"}])
def test_a_process_that_is_killed_costs_its_file_and_ends_with_a_status(
    rules: Path, logs: Path, killed_at: set[str]
) -> None:
    script = rules.with_name("killed.py")
    script.write_text(KILLED)
    for name in killed_at:
        Path(f"{script}{name.replace('/', '-')}").touch()
    command = [
        sys.executable,
        str(script),
        "scan",
        "--rules",
        str(rules),
        "--matches",
        "--jobs",
        "2",
        str(logs),
    ]
    root = str(Path(__file__).parents[3])
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": root}
    )
    died = [f"trailwarden: {logs}/{name}: the process that read it died" for name in sorted(killed_at)]
    assert (ran.returncode, ran.stderr.splitlines()) == (3, died)
    assert {name for name in READ if name in ran.stdout} == READ - killed_at
    assert signal.SIGKILL.name not in ran.stderr
