"""Other engines on the same records, for those who ask (`make bench PEERS=1`): a smaller sample, and each
installed only then. One that cannot be installed or run is named in the table.

- pySigma's SQLite backend: the same Sigma rules as SQL over a table of the fields that they test. Parsing,
  flattening, inserting and every query count, as they would for each log file. For more rules than there
  are, queries are made as rules are: from real ones, their literals changed.
- panther-core: for each Sigma rule, a Python rule that tests the rule's event names and sources alone. That
  is less than the Sigma rule asks, and so errs to the peer's advantage. Parsing counts as well.
"""

import json
import re
import sqlite3
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from tests.bench.speed import scan
from tests.bench.workload import Workload
from trailwarden.engine.engine import Engine
from trailwarden.engine.prefilter import needed_texts

_RECORDS = 1_000
_ROUNDS = 3
_PANTHER = "panther-core python-dateutil jmespath"  # it imports more than it says it needs
_LITERAL = re.compile(r"'([A-Za-z][^'%_\\]{3,})'")
_TABLE = "logs"  # where the backend's queries look


def figures(workload: Workload, few: Engine, usual: Engine, figure: Callable[..., Any]) -> Iterator[Any]:
    """A figure for each peer: how many times its CPU is ours, with as many rules."""
    data = workload.log_file(_RECORDS)
    for name, package, make, engine, reach, stretch in (
        ("pySigma's SQLite backend", "pysigma-backend-sqlite", _sqlite, few, "", ""),
        ("pySigma's SQLite backend", "pysigma-backend-sqlite", _sqlite, usual, ">= 15", ">= 25"),
        ("panther-core", _PANTHER, _panther, few, ">= 40", ">= 70"),
    ):
        title = f"{name}: times slower, {len(engine.rule_set.rules)} rules"
        try:
            _install(package)
            peer = make(workload, engine)
            ratios = sorted(_times(peer, engine, data))
        except Exception as error:  # noqa: BLE001 (whatever a peer does, the table says so)
            yield figure(title, None, reach, stretch, detail=f"{type(error).__name__}: {error}"[:120])
        else:
            yield figure(title, ratios[len(ratios) // 2], reach, stretch, ratios[0], ratios[-1])


def _times(peer: Callable[[bytes], int], engine: Engine, data: bytes) -> Iterator[float]:
    scan(engine, data)  # what a running function has seen before
    peer(data)
    for _ in range(_ROUNDS):
        yield _cpu(lambda: peer(data)) / _cpu(lambda: scan(engine, data))


def _cpu(work: Callable[[], int]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _install(packages: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *packages.split()], check=True, capture_output=True)


def _records(data: bytes) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = orjson.loads(zlib.decompress(data, wbits=31))["Records"]
    return records


def _sqlite(workload: Workload, engine: Engine) -> Callable[[bytes], int]:
    from sigma.backends.sqlite import sqliteBackend
    from sigma.collection import SigmaCollection

    used = {rule.id for rule in engine.rule_set.rules}
    backend = sqliteBackend()
    queries = []
    for source in workload.rules:
        if source.id in used:
            queries += backend.convert(SigmaCollection([source.rule]))
    missing = range(len(engine.rule_set.rules) - len(queries))
    queries += [_LITERAL.sub(rf"'\g<1>{number}'", queries[number % len(queries)]) for number in missing]
    fields = sorted({field for rule in engine.rule_set.rules for field in _fields(rule.detection)})
    columns = ", ".join(f'"{field}"' for field in fields)
    places = ", ".join("?" * len(fields))

    def run(data: bytes) -> int:
        connection = sqlite3.connect(":memory:")
        connection.create_function("REGEXP", 2, _regexp)
        connection.execute(f"CREATE TABLE {_TABLE} ({columns})")
        rows = ([_flat(record, field) for field in fields] for record in _records(data))
        connection.executemany(f"INSERT INTO {_TABLE} VALUES ({places})", rows)  # noqa: S608 (our own names)
        found = sum(len(connection.execute(query).fetchall()) for query in queries)
        connection.close()
        return found

    return run


def _regexp(pattern: str, value: Any) -> bool:
    """SQLite's operator, which it leaves to whoever embeds it."""
    return value is not None and re.search(pattern, str(value)) is not None


def _fields(node: list[Any]) -> Iterator[str]:
    if node[0] in {"and", "or", "not"}:
        for part in node[1:]:
            yield from _fields(part)
    elif node[0] == "field":
        yield node[1]
    elif node[0] == "fieldref":
        yield from node[1:3]


def _flat(record: Any, field: str) -> Any:
    value = record
    for step in field.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return json.dumps(value) if isinstance(value, dict | list) else value


def _panther(_workload: Workload, engine: Engine) -> Callable[[bytes], int]:
    from panther_core.enriched_event import PantherEvent
    from panther_core.rule import Rule

    rules = [
        Rule({"id": rule.id, "versionId": "1", "body": _body(rule.detection)})
        for rule in engine.rule_set.rules
    ]

    def run(data: bytes) -> int:
        found = 0
        for record in _records(data):
            event = PantherEvent(record)
            found += sum(bool(rule.run(event, {}, {}).detection_output) for rule in rules)
        return found

    return run


def _body(detection: list[Any]) -> str:
    names, sources = (needed_texts(detection, field) for field in ("eventName", "eventSource"))
    tests = [
        f'str(event.get("{field}")).lower() in {set(texts)!r}'
        for field, texts in (("eventSource", sources), ("eventName", names))
        if texts
    ]
    return f"def rule(event):\n    return {' and '.join(tests) or 'False'}\n"
