"""Before anything is measured: what is found is right."""

import json
from io import BytesIO

from tests.bench.workload import Workload
from tests.unit.engine.reference import reference
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine


def check_against_reference(engine: Engine, workload: Workload) -> int:
    """A scan finds what the naive evaluator does, or the run ends; the number of records compared."""
    naive = [(source.id, reference(source.rule)) for source in workload.rules]
    found = _found(engine, workload)
    for index, record in enumerate(workload.records):
        expected = sorted(rule_id for rule_id, holds in naive if holds(record))
        _compare(found.get(index, []), expected, record)
    return len(workload.records)


def check_against_plain(engine: Engine, workload: Workload) -> int:
    """A scan finds what each rule finds by itself, or the run ends; the number of matches."""
    found = _found(engine, workload)
    for index, record in enumerate(workload.records):
        _compare(found.get(index, []), [rule.id for rule in engine.matches(record)], record)
    return sum(map(len, found.values()))


def _found(engine: Engine, workload: Workload) -> dict[int, list[str]]:
    text = json.dumps({"Records": workload.records}, separators=(",", ":"))
    found: dict[int, list[str]] = {}
    for match in engine.scan(LogFileReader(BytesIO(text.encode()))):
        found.setdefault(match.record_index, []).append(match.rule.id)
    return found


def _compare(found: list[str], expected: list[str], record: object) -> None:
    if found != expected:
        raise SystemExit(f"a scan finds {found}, and should find {expected}: {json.dumps(record)}")
