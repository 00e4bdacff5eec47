"""What it costs that `detect` also learns who was given which access key: scans with and without it.

As in an account's day, services' calls of `AssumeRole` stand among the records in both kinds of files; what
can be learned from is a share of its own, or none.
"""

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from tests.bench import instructions
from tests.bench.speed import Ratio, Side, against_other, learn, scan
from tests.bench.workload import Workload
from trailwarden.activity.learning import LESSON
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import RuleSet, dump_rule_set

SHARE = 0.01
"""Calls by people, pipelines and workloads that issue keys; the corpus, which is one of attacks, has as
many."""
RECORDS = 1_000
_FILES = 10
T = TypeVar("T")


def check_learning(rule_set: RuleSet, workload: Workload) -> int:
    """Learning changes no match and meets each record that teaches, or the run ends; how many teach."""
    plain, learning = Engine(rule_set), Engine(rule_set, lesson=LESSON)
    data = workload.log_file(RECORDS, matching=None)
    records = [record for _, record in LogFileReader(BytesIO(data)).records()]
    taught: list[object] = []
    found = list(learning.scan(LogFileReader(BytesIO(data)), teach=taught.append))
    if [match.id for match in found] != [match.id for match in plain.scan(LogFileReader(BytesIO(data)))]:
        raise SystemExit("A scan that learns finds other matches than one that does not.")
    if taught != [record for record in records if learning.teaches(record)]:
        raise SystemExit("A scan gives other records to learn from than the lesson by itself says.")
    return len(taught)


def files(workload: Workload, rule_set: RuleSet, share: float, count: int = _FILES) -> list[bytes]:
    """Files of which `share` of the records teach; none of the others matches a rule or teaches."""
    engine = Engine(rule_set, lesson=LESSON)
    teaching = [record for record in workload.records if engine.teaches(record)]
    others = [
        record for record in workload.records if not engine.teaches(record) and not engine.matches(record)
    ]
    return [workload.log_file(RECORDS, share, (teaching, others)) for _ in range(count)]


def measured(drawn: Sequence[bytes], rule_set: RuleSet, rounds: int) -> Ratio:
    """CPU of scans that learn over that of scans that do not, of the same files."""
    learning, plain = Engine(rule_set, lesson=LESSON), Engine(rule_set)
    return against_other(
        Side(partial(learn, learning), drawn), Side(partial(scan, plain), drawn), RECORDS, rounds
    )


def counted(data: bytes, rule_set: RuleSet) -> tuple[int, int]:
    """Instructions of a scan that learns, and of one that does not."""
    with TemporaryDirectory() as folder:
        artefact, file = Path(folder, "ruleset.json"), Path(folder, "file.json.gz")
        artefact.write_bytes(dump_rule_set(rule_set))
        file.write_bytes(data)
        with_lesson = instructions.instructions(artefact, file, "learn", lesson=True)
        return with_lesson, instructions.instructions(artefact, file)


def figures(workload: Workload, rule_set: RuleSet, rounds: int, figure: Callable[..., T]) -> list[T]:
    """The lines of the table."""
    lines = []
    for share, reach in ((0.0, "1.02"), (SHARE, "")):
        drawn = files(workload, rule_set, share)
        ratio = measured(drawn, rule_set, rounds)
        name = f"learning sessions, x a scan without, {share:.0%} of the records teach"
        detail = f"{ratio.product_us:.2f} us, without {ratio.other_us:.2f} us"
        lines.append(figure(f"{name}: CPU", ratio.median, reach, "", ratio.low, ratio.high, detail))
        why = instructions.missing()
        if why is not None:
            lines.append(figure(f"{name}: instructions", None, reach, detail=why))
            continue
        mine, theirs = counted(drawn[0], rule_set)
        detail = f"{mine / RECORDS:,.0f} a record, without {theirs / RECORDS:,.0f}"
        lines.append(figure(f"{name}: instructions", mine / theirs, reach, detail=detail))
    return lines
