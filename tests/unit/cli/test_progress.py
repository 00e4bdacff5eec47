"""Progress within a file, here and in other processes."""

import gzip
import io
from pathlib import Path

from tests.samples import STOP_RULE, harmless, log_file, rule
from trailwarden.cli.inputs import inputs_of
from trailwarden.cli.parallel import Pool, _Shared
from trailwarden.cli.progress import Progress
from trailwarden.cli.scanner import read_input
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import RuleSet, dump_rule_set

RULES = RuleSet((rule(STOP_RULE, "StopLogging"),))


class Terminal(io.StringIO):
    """Somebody looks on."""

    def isatty(self) -> bool:
        return True


def lay_files(folder: Path, *records: int) -> int:
    """Log files of so many records; the size of all."""
    for number, many in enumerate(records):
        records_of = log_file(harmless(one) for one in range(many))
        (folder / f"{number}.json").write_bytes(gzip.decompress(records_of))
    return sum(file.stat().st_size for file in folder.iterdir())


def test_one_large_file_is_watched_while_it_is_read(tmp_path: Path) -> None:
    size = lay_files(tmp_path, 3000)
    (item,) = inputs_of(str(tmp_path), lambda: None)
    seen: list[tuple[int, int]] = []

    reading = read_input(Engine(RULES), item, lambda _: None, lambda *read: seen.append(read))

    assert len(seen) > 10
    assert seen == sorted(seen)
    assert any(0 < read < size and 0 < records < 3000 for read, records in seen)
    assert (seen[-1][0], reading.records) == (size, 3000)


def test_files_of_other_processes_are_watched_too(tmp_path: Path) -> None:
    size = lay_files(tmp_path, 2000, 10)
    found = list(inputs_of(str(tmp_path), lambda: None))
    seen: list[tuple[int, int]] = []

    outcomes = list(Pool(dump_rule_set(RULES), 2).read(found, lambda *read: seen.append(read)))

    assert [one.reading.records for one in outcomes] == [2000, 10]
    assert all(read <= size and records <= 2010 for read, records in seen)


def test_what_is_in_flight_is_summed_up_and_forgotten() -> None:
    shared = _Shared(2)
    for place in range(shared.places):
        shared.put(place, 100, place)
    assert shared.totals() == (100 * shared.places, sum(range(shared.places)))
    shared.put(1, 0, 0)
    assert shared.totals()[0] == 100 * (shared.places - 1)


def test_the_bar_moves_within_a_file_and_counts_it_once() -> None:
    with Progress(Terminal()) as progress:
        progress.start(2, 1000)
        bar = progress._bar
        assert bar is not None
        (task,) = bar.tasks
        for size, records in ((100, 1), (400, 7)):
            progress.reading(size, records)
            assert (task.completed, task.fields["records"], task.fields["done"]) == (size, records, 0)
        progress.advance(600, 9)
        progress.reading(50, 1)
        assert (task.completed, task.fields["records"], task.fields["done"]) == (650, 10, 1)
        progress.advance(400, 12)
        assert (task.completed, task.fields["done"], task.fields["files"]) == (1000, 2, "2 files")


def test_nobody_looks_on_and_nothing_is_shown() -> None:
    silent = io.StringIO()
    with Progress(silent) as progress:
        progress.start(1, 10)
        progress.reading(5, 1)
        progress.advance(10, 2)
    assert not progress.watched
    assert silent.getvalue() == ""
