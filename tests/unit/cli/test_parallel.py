"""Files read by many processes: the same output as by one, and no process left behind."""

import importlib
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.samples import STOP_RULE, harmless, log_file, record, rule
from tests.unit.cli.test_ending import STOPPED
from trailwarden.cli import main, parallel
from trailwarden.cli.inputs import Input, inputs_of
from trailwarden.cli.parallel import Outcome, Pool, read_one, usable_cores, worth_sharing
from trailwarden.cli.scanner import Scanner, Watch
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import RuleSet, dump_rule_set

RULES = RuleSet(rules=(rule(STOP_RULE, "StopLogging"),))
ARTEFACT = dump_rule_set(RULES)
NORMALISED = Path(__file__).resolve().parents[3] / "docs" / "fields" / "trail_changed_by_hand.yml"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Files with matches, repeats across files, faults and none of these."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(12):
        records = [harmless(number), record(number), record(number + 1), record(number // 2)]
        (folder / f"{number:02}.json.gz").write_bytes(log_file(records))
    (folder / "03.json.gz").write_bytes(log_file([record(1), 7, record(99)]))
    (folder / "05.json.gz").write_bytes(b"no log file")
    (folder / "07.json.gz").write_bytes(log_file([]))
    return folder


def inputs(folder: Path) -> list[Input]:
    return list(inputs_of(str(folder), lambda: pytest.fail("no S3 here")))


@pytest.mark.parametrize(
    "options",
    [
        ["--matches", "--format", "jsonl"],
        ["--format", "jsonl"],
        ["--matches"],
        ["--format", "jsonl", "--rules", str(NORMALISED)],
    ],
)
def test_many_processes_print_what_one_does(
    logs: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_WORTH_SHARING", 0)
    stopped = types.SimpleNamespace(perf_counter=lambda: 0.0)
    monkeypatch.setattr(importlib.import_module("trailwarden.cli.scan"), "time", stopped)

    one, many = (
        CliRunner().invoke(main, ["scan", *options, "--jobs", jobs, str(logs)]) for jobs in ("1", "3")
    )

    assert (many.stdout_bytes, many.stderr_bytes) == (one.stdout_bytes, one.stderr_bytes)
    assert many.exit_code == one.exit_code == 3
    assert one.stdout_bytes
    assert b"05.json.gz" in one.stderr_bytes


def test_few_or_small_files_start_no_process(logs: Path) -> None:
    found = inputs(logs)

    assert not worth_sharing(found)
    large = [Input(item.name, item.address, 10**8, item.open) for item in found]
    assert worth_sharing(large)
    assert not worth_sharing(large[:1])
    objects = [Input("x", "s3://bucket/x", 1, large[0].open)] * 100
    assert worth_sharing(objects)
    assert not worth_sharing(objects[:5])


def test_outcomes_come_in_the_order_of_the_files(logs: Path) -> None:
    found = inputs(logs)

    outcomes = list(Pool(ARTEFACT, 2).read(found))

    assert [outcome.reading.records for outcome in outcomes] == [
        read_one(Engine(RULES), item).reading.records for item in found
    ]
    assert multiprocessing.active_children() == []


class FolderAsS3:
    """What the scan asks of boto3's S3 client, answered from the folder that the environment names."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1
        self.folder = Path(os.environ["TEST_BUCKET"])

    def get_paginator(self, _operation: str) -> Any:
        entries = [
            {"Key": f"logs/{file.name}", "Size": file.stat().st_size}
            for file in sorted(self.folder.iterdir())
        ]
        return types.SimpleNamespace(paginate=lambda **_: [{"Contents": entries}])

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 (AWS's own names)
        assert Bucket == "bucket"
        return {"Body": (self.folder / Key.removeprefix("logs/")).open("rb"), "ETag": '"e"'}


def test_objects_in_s3_are_read_by_many_processes_each_with_its_client(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_BUCKET", str(logs))
    made_before = FolderAsS3.made
    found = list(inputs_of("s3://bucket/logs", FolderAsS3))

    outcomes = list(Pool(ARTEFACT, 2).read(found))

    assert [outcome.reading.records for outcome in outcomes] == [
        read_one(Engine(RULES), item).reading.records for item in inputs(logs)
    ]
    assert FolderAsS3.made == made_before + 1  # the others were made elsewhere
    again = [pickle.loads(pickle.dumps(item)) for item in found]  # noqa: S301 (what was pickled here)
    for item in again:
        with item.open() as stream:
            stream.read(1)
    assert FolderAsS3.made == made_before + 2


def test_a_record_that_an_alert_does_not_show_is_not_decoded(
    logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[bytes] = []
    decode = parallel._decode_record

    def counting(text: bytes) -> dict[str, Any]:
        decoded.append(text)
        return decode(text)

    monkeypatch.setattr(parallel, "_decode_record", counting)
    engine = Engine(RULES)
    scanner = Scanner(engine, None, pytest.fail)
    for match in read_one(engine, inputs(logs)[0]).matches(engine):
        scanner.handed_over(match, "a")

    assert (scanner.totals.matches, decoded) == (3, [])
    (alert,) = scanner.alerts().alerts()
    assert (alert.title, alert.count) == (
        "StopLogging called: user mallory in account 444455556666, eu-west-1",
        2,
    )
    assert len(decoded) == 1


@pytest.mark.parametrize("command", [["scan", "--format", "jsonl"], ["rules", "backtest", "--json"]])
def test_a_file_with_too_much_to_hand_over_is_read_where_it_is_printed(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Each process has room for two matches of a file that holds three: most files are left to this one."""
    rules = tmp_path / "stop.yml"
    rules.write_text(STOPPED)

    def run() -> Result:
        return CliRunner().invoke(main, [*command, "--rules", str(rules), "--jobs", "2", str(logs)])

    one = run()
    monkeypatch.setattr(parallel, "_WORTH_SHARING", 0)
    monkeypatch.setattr(parallel.Pool, "__init__", _with_little_room(parallel.Pool.__init__))
    many = run()

    assert (many.stdout, many.stderr, many.exit_code) == (one.stdout, one.stderr, one.exit_code)
    assert one.exit_code == 3


def test_what_is_left_is_said(logs: Path) -> None:
    engine = Engine(RULES)
    small, large = (read_one(engine, item, 2 * 1700) for item in (inputs(logs)[3], inputs(logs)[0]))

    assert (small.left, len(list(small.matches(engine)))) == (False, 2)
    assert (large.left, list(large.matches(engine)), large.reading.records) == (True, [], 0)


def reads_two_matches(engine: Engine, item: Input, _room: int, watch: Watch) -> Outcome:
    return read_one(engine, item, 2 * 1200, watch)


def _with_little_room(made: Callable[..., None]) -> Callable[..., None]:
    return lambda pool, artefact, jobs: made(pool, artefact, jobs, reads_two_matches)


def dies_of_the_sixth(engine: Engine, item: Input, room: int, watch: Watch) -> Outcome:
    if item.name == "05.json.gz":
        os._exit(3)
    return read_one(engine, item, room, watch)


def test_the_file_that_a_process_dies_of_is_named_and_the_others_read(logs: Path) -> None:
    found = inputs(logs)

    outcomes = list(Pool(ARTEFACT, 2, dies_of_the_sixth).read(found))

    faults = [fault for outcome in outcomes for fault in outcome.reading.faults if "died" in fault]
    assert faults == [f"{logs / '05.json.gz'}: the process that read it died"]
    assert len(outcomes) == len(found)
    counts = [len(list(outcome.matches(Engine(RULES)))) for outcome in outcomes]
    assert counts == [3, 3, 3, 2, 3, 0, 3, 0, 3, 3, 3, 3]


def takes_long(engine: Engine, item: Input, room: int, watch: Watch) -> Outcome:
    time.sleep(0 if item.name == "00.json.gz" else 600)
    return read_one(engine, item, room, watch)


def test_leaving_early_ends_the_processes(logs: Path) -> None:
    with closing(Pool(ARTEFACT, 2, takes_long).read(inputs(logs))) as outcomes:
        next(outcomes)

    assert multiprocessing.active_children() == []


ENDLESS = """
import signal
import sys
from contextlib import closing
from pathlib import Path
from tests.unit.cli.test_parallel import ARTEFACT, inputs, takes_long
from trailwarden.cli.parallel import Pool

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell has it ignored
    with closing(Pool(ARTEFACT, 2, takes_long).read(inputs(Path(sys.argv[1])))) as outcomes:
        next(outcomes)
        print("first", flush=True)
        next(outcomes)
"""


@pytest.fixture
def endless(logs: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    script = tmp_path / "endless.py"
    script.write_text(ENDLESS)
    root = str(Path(__file__).parents[3])
    with subprocess.Popen(
        [sys.executable, script, logs],
        env=os.environ | {"PYTHONPATH": root},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "first\n"
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ctrl_c_or_worse_leaves_no_process(endless: subprocess.Popen[str], ending: signal.Signals) -> None:
    if ending is signal.SIGINT:
        os.killpg(endless.pid, ending)  # a terminal tells the whole group
    else:
        endless.send_signal(ending)
    assert endless.stdout is not None
    assert endless.stdout.read() == ""  # the end comes when the last of its processes is gone


def test_all_cores_are_used_unless_told_otherwise() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
