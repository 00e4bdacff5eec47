"""What alerting costs `detect`: by the match, by the alert, and where nothing matches.

The table only counts (`counted_table.py`), so what is measured is the product: groups, and what is prepared
for the table. What boto3 makes of the requests is a line of its own.
"""

import gc
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec

from tests.bench import instructions
from tests.bench.counted_table import CountedTable
from tests.bench.detecting import Function
from tests.bench.sdk_table import sdk_client
from tests.bench.speed import floor, survey
from tests.bench.workload import Workload
from tests.samples import event_id, log_file
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.groups import GroupState
from trailwarden.alerts.placement import time_of
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.records import Record
from trailwarden.detection import learning_engine
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import dump_rule_set

FILES, RECORDS = 10, 2_000
QUIET_RECORDS = 1_000
_BEGINS = 1_772_366_400  # 2026-03-01T12:00:00Z
_A_SECOND = 10  # events of a storm
_SDK_ROUNDS = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Situation:
    """Files of `RECORDS` records."""

    name: str
    files: Sequence[bytes]


@dataclass(frozen=True)
class Found:
    """What a situation came to: its matches, alerts, and the table, weighed."""

    matches: int
    alerts: int
    table: CountedTable


@dataclass(frozen=True)
class Costs:
    """CPU of one round, in seconds, for all files."""

    floor: float
    scan: float
    detect: float


def situations(workload: Workload, engine: Engine) -> list[Situation]:
    """A storm of one group, as many matches of a group each, and the corpus as it is."""
    shown = _shown(workload, engine)
    return [
        Situation("all of one group", _storm(shown, groups=False)),
        Situation("each another group", _storm(shown, groups=True)),
        Situation("the corpus as it is", [workload.log_file(RECORDS, matching=None) for _ in range(FILES)]),
    ]


def check(engine: Engine, situation: Situation) -> Found:
    """What the files come to: what grouping makes of all matches together, or the run ends."""
    table = CountedTable(weigh=True)
    tally = Function(engine, table).detect(situation.files)
    grouper = AlertGrouper(engine.rule_set.version)
    for data in situation.files:
        for match in engine.scan(LogFileReader(BytesIO(data))):
            grouper.add(match, "")
    expected = {alert.alert_id: alert.count for alert in grouper.alerts()}
    states = [msgspec.json.decode(item["state"]["S"], type=GroupState) for item in table.states.values()]
    found = {span.alert_id: span.counted for state in states for span in state.spans}
    if found != expected or tally.alerts != len(expected):
        raise SystemExit(f"{situation.name}: the table holds other alerts than grouping makes.")
    if sum(map(len, table.matches.values())) != sum(expected.values()):
        raise SystemExit(f"{situation.name}: the table holds other matches than the scan finds.")
    return Found(sum(expected.values()), len(expected), table)


def lines(workload: Workload, rounds: int, figure: Callable[..., T]) -> list[T]:
    """The lines of the table."""
    engine = learning_engine(workload.shipped)
    found = []
    for situation in situations(workload, engine):
        came_to = check(engine, situation)
        found += _cpu_lines(engine, situation, came_to, rounds, figure)
        found += _request_lines(situation, came_to, figure)
    return found + _nothing_lines(workload, engine, rounds, figure)


def _cpu_lines(
    engine: Engine, situation: Situation, found: Found, rounds: int, figure: Callable[..., T]
) -> list[T]:
    records, matches, alerts = RECORDS * len(situation.files), found.matches, found.alerts
    table = CountedTable()
    measured = _Measured(engine, Function(engine, table), table)
    costs = [_round(measured, situation.files) for _ in range(rounds)]
    ratios = [_by_match(one, matches, records) for one in costs]
    each = median((one.detect - one.scan) / matches for one in costs) * 1e6
    parsed = median(one.floor for one in costs) / records * 1e6
    name = f"alerting a match, x FLOOR a record, {situation.name}"
    detail = f"{each:.1f} us a match, {each * matches / alerts:,.0f} an alert; FLOOR {parsed:.2f} us"
    line = figure(name, median(ratios), "", "", min(ratios), max(ratios), detail)
    return [line, _sdk_line(engine, situation, figure)]


def _sdk_line(engine: Engine, situation: Situation, figure: Callable[..., T]) -> T:
    """The same for the first of the files, with what boto3 makes of the requests."""
    files = situation.files[:1]
    table = CountedTable()
    measured = _Measured(engine, Function(engine, sdk_client(table)), table)
    alerts = measured.function.detect(files).alerts
    matches = table.items["MATCH"]
    costs = [_round(measured, files) for _ in range(_SDK_ROUNDS)]
    ratios = [_by_match(one, matches, RECORDS) for one in costs]
    each = median((one.detect - one.scan) / matches for one in costs) * 1e6
    detail = f"{each:.1f} us a match, {each * matches / alerts:,.0f} an alert"
    name = f"the same, with boto3's part, {situation.name}"
    return figure(name, median(ratios), "", "", min(ratios), max(ratios), detail)


def _by_match(cost: Costs, matches: int, records: int) -> float:
    return (cost.detect - cost.scan) / matches / (cost.floor / records)


@dataclass(frozen=True)
class _Measured:
    """What is measured: the function and its table, against the scan alone by the same engine."""

    engine: Engine
    function: Function
    table: CountedTable


def _round(measured: _Measured, files: Sequence[bytes]) -> Costs:
    """Each of the three over all files, in memory that nobody has read yet."""
    measured.table.clear()
    return Costs(
        floor=_cpu(files, lambda fresh: [floor(data) for data in fresh]),
        scan=_cpu(files, lambda fresh: [survey(measured.engine, data) for data in fresh]),
        detect=_cpu(files, measured.function.detect),
    )


def _cpu(files: Sequence[bytes], work: Callable[[Sequence[bytes]], object]) -> float:
    fresh = [bytes(bytearray(data)) for data in files]
    gc.collect()
    started = time.process_time()
    work(fresh)
    return time.process_time() - started


def _request_lines(situation: Situation, found: Found, figure: Callable[..., T]) -> list[T]:
    """Numbers that need no clock: what goes to the table, besides the ledger and the week's figures."""
    table, matches, alerts = found.table, found.matches, found.alerts
    requests = _besides_the_ledger(table, len(situation.files))
    kinds = {kind: number for kind, number in table.items.items() if kind not in {"FILE", "WEEK"}}
    units = sum(number for kind, number in table.write_units.items() if kind not in {"FILE", "WEEK"})
    total, items = sum(requests.values()), sum(kinds.values())
    made = ", ".join(f"{number:,} {operation}" for operation, number in sorted(requests.items()) if number)
    held = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
    read = f"{table.keys_read:,} keys read to count, {units / matches:.2f} write units a match"
    return [
        figure(f"requests a match, {situation.name}", total / matches, detail=f"{made}; {matches:,} matches"),
        figure(f"items written a match, {situation.name}", items / matches, detail=f"{held}; {read}"),
        figure(f"requests an alert, {situation.name}", total / alerts, detail=f"{alerts:,} alerts"),
    ]


def _besides_the_ledger(table: CountedTable, files: int) -> Counter[str]:
    """The requests without the ledger's (a read, a claim and an end of each file) and the week's."""
    return table.requests - Counter(get_item=files, put_item=2 * files, update_item=1)


def _nothing_lines(workload: Workload, engine: Engine, rounds: int, figure: Callable[..., T]) -> list[T]:
    """All of `detect` against the scan that it does, on files where nothing matches and nobody is given a
    key."""
    others = [record for record in workload.records if not (engine.teaches(record) or engine.matches(record))]
    files = [workload.log_file(QUIET_RECORDS, 0.0, (others, others)) for _ in range(FILES)]
    table = CountedTable()
    function = Function(engine, table, whole=True)
    function.detect(files)
    if asked := _besides_the_ledger(table, FILES):
        raise SystemExit(f"Where nothing matches the table is asked all the same: {asked}")
    measured = _Measured(engine, function, table)
    costs = [_round(measured, files) for _ in range(rounds)]
    ratios = [one.detect / one.scan for one in costs]
    product, bare = (
        median(getattr(one, name) for one in costs) / (FILES * QUIET_RECORDS) * 1e6
        for name in ("detect", "scan")
    )
    name = "all of detect x its scan alone, nothing matches"
    detail = f"{product:.2f} us a record, the scan {bare:.2f} us; nothing asked but the ledger"
    cpu = figure(f"{name}: CPU", median(ratios), "1.02", "", min(ratios), max(ratios), detail)
    return [cpu, _nothing_counted(engine, files[0], f"{name}: instructions", figure)]


def _nothing_counted(engine: Engine, data: bytes, name: str, figure: Callable[..., T]) -> T:
    why = instructions.missing()
    if why is not None:
        return figure(name, None, "1.02", detail=why)
    with TemporaryDirectory() as folder:
        artefact, file = Path(folder, "ruleset.json"), Path(folder, "file.json.gz")
        artefact.write_bytes(dump_rule_set(engine.rule_set))
        file.write_bytes(data)
        whole, bare = (
            instructions.instructions(artefact, file, work, lesson=True) for work in ("detect", "survey")
        )
    detail = f"{whole / QUIET_RECORDS:,.0f} a record, the scan {bare / QUIET_RECORDS:,.0f}"
    return figure(name, whole / bare, "1.02", detail=detail)


def _shown(workload: Workload, engine: Engine) -> Record:
    """A user's call that exactly one rule matches, grouped as most are and told; of middling length."""
    found = [
        record
        for record in workload.records
        if record.get("userIdentity", {}).get("type") == "IAMUser" and _told_by_one(engine, record)
    ]
    found.sort(key=lambda record: len(str(record)))
    return found[len(found) // 2]


def _told_by_one(engine: Engine, record: Record) -> bool:
    rules = engine.matches(record)
    return len(rules) == 1 and rules[0].generates and not rules[0].staged and not rules[0].group_by


def storm(shown: Record, number: int, *, groups: bool) -> Record:
    """One of many such calls, a tenth of a second after the one before; by another user each, or the same."""
    record = {**shown, "eventID": event_id(number), "eventTime": time_of(_BEGINS + number // _A_SECOND)}
    if groups:
        identity = dict(shown["userIdentity"])
        user = f"user-{number:06}"
        arn = f"arn:aws:iam::{identity.get('accountId')}:user/{user}"
        record["userIdentity"] = {**identity, "userName": user, "arn": arn}
    return record


def _storm(shown: Record, *, groups: bool) -> list[bytes]:
    return [
        log_file(storm(shown, number, groups=groups) for number in range(first, first + RECORDS))
        for first in range(0, FILES * RECORDS, RECORDS)
    ]
