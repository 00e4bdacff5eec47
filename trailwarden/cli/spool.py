"""What a scan found, in a temporary file: its memory grows with neither matches nor alerts.

SQLite keeps an unnamed database in a file that is deleted as it is made, so none is left behind however the
scan ends, and holds a few megabytes of it in memory: https://www.sqlite.org/inmemorydb.html#temp_db
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from trailwarden.alerts.grouping import PlacedMatch, Run
from trailwarden.alerts.model import Alert, Evidence
from trailwarden.alerts.variety import VarietyTally
from trailwarden.delivery.records import Record
from trailwarden.messages.story import told_title
from trailwarden.rules.ruleset import Level, Rule
from trailwarden.safety.safe_record import SafeRecord

IDS_IN_MEMORY = 200_000
_CACHE = 32_768  # KiB, of each of the two files
_TABLES = """
create table runs (
    group_key text, first integer, last integer, begins text, ends text, count integer,
    earliest text, rule text, match_id text, event_id text, event_time text, "group" text,
    log_file text, record_index integer, record blob, variety blob
);
create table alerts (rank integer, first_event_time text, alert_id text, alert text);
"""
_ADD_RUN = "insert into runs values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_RUNS_BY_GROUP = "select * from runs order by group_key, begins is null, first"
_WORST_FIRST = "select alert from alerts order by rank desc, first_event_time, alert_id"

_encode = msgspec.json.Encoder().encode
_decode_group = msgspec.json.Decoder(dict[str, str]).decode
_decode_alert = msgspec.json.Decoder(Alert).decode
_decode_variety = msgspec.json.Decoder(VarietyTally).decode
_decode_record = msgspec.json.Decoder(Record).decode


def _temporary_file() -> sqlite3.Connection:
    """A database of its own, which nothing else needs to be safe from: it is gone with the process."""
    database = sqlite3.connect("", isolation_level=None)
    database.execute(f"pragma cache_size = -{_CACHE}")
    database.execute("pragma journal_mode = off")
    database.execute("pragma synchronous = off")
    return database


class SeenIds:
    """Which ids (32 hex digits) were met: the latest in memory, the others in a temporary file."""

    def __init__(self, in_memory: int = IDS_IN_MEMORY) -> None:
        self._most = in_memory
        self._latest: set[bytes] = set()
        self._file: sqlite3.Connection | None = None

    def is_new(self, identity: str) -> bool:
        """Whether the id is met for the first time."""
        key = bytes.fromhex(identity)
        if key in self._latest:
            return False
        if self._file is not None:
            with closing(self._file.execute("select 1 from seen where id = ?", (key,))) as found:
                if found.fetchone():
                    return False
        if len(self._latest) >= self._most:
            self._put_away()
        self._latest.add(key)
        return True

    def _put_away(self) -> None:
        if self._file is None:
            self._file = _temporary_file()
            self._file.execute("create table seen (id blob primary key) without rowid")
        self._file.execute("begin")
        self._file.executemany("insert into seen values (?)", ((key,) for key in sorted(self._latest)))
        self._file.execute("commit")
        self._latest.clear()


class AlertSpool:
    """Runs of matches, as they are handed over, and the alerts that are made of them in the end.

    `rule_of` gives a rule by its id; the built-in one is made from the record, which it may ask for.
    """

    def __init__(self, rule_of: Callable[[str, Callable[[], Record]], Rule]) -> None:
        self._rule_of = rule_of
        self._file = _temporary_file()
        self._file.executescript(_TABLES)

    def put_runs(self, runs: Iterable[tuple[str, Run]]) -> None:
        """Keep runs of matches, each with the key of its group."""
        self._file.execute("begin")
        self._file.executemany(_ADD_RUN, (_row(key, run) for key, run in runs))
        self._file.execute("commit")

    def runs(self) -> Iterator[tuple[str, Run]]:
        """The runs, group by group, of each the earliest first, and those without a time last."""
        return map(self._run, self._file.execute(_RUNS_BY_GROUP))

    def _run(self, row: tuple[Any, ...]) -> tuple[str, Run]:
        key, first, last, begins, ends, count, earliest, rule_id, match_id, event_id, time, group, *where = (
            row
        )
        log_file, record_index, packed, variety = where
        record = partial(_unpacked, packed)
        rule = self._rule_of(rule_id, record)
        match = PlacedMatch(rule, match_id, event_id, time, key, _decode_group(group), record)
        evidence = Evidence(log_file, record_index)
        run = Run(first, last, (earliest, match_id), match, evidence, begins, ends, count)
        run.variety = _decode_variety(variety) if variety is not None else None
        return key, run

    def put_alerts(self, alerts: Iterable[Alert]) -> None:
        """Keep alerts, without what no scan prints."""
        self._file.execute("begin")
        self._file.executemany("insert into alerts values (?, ?, ?, ?)", map(_alert_row, alerts))
        self._file.execute("commit")

    def count(self) -> int:
        """How many alerts there are."""
        (count,) = self._file.execute("select count(*) from alerts").fetchone()
        return int(count)

    def worst(self) -> Level | None:
        """The highest level of an alert, where there is one."""
        (rank,) = self._file.execute("select max(rank) from alerts").fetchone()
        return None if rank is None else Level(rank)

    def alerts(self) -> Iterator[Alert]:
        """Every alert, worst first, then by the time of its first event."""
        return (_decode_alert(text) for (text,) in self._file.execute(_WORST_FIRST))


def _row(key: str, run: Run) -> tuple[Any, ...]:
    match = run.match
    return (
        *(key, run.first, run.last, run.begins, run.ends, run.count, run.earliest[0], match.rule.id),
        *(match.match_id, match.event_id, match.event_time, _encode(match.group), run.evidence.log_file),
        *(run.evidence.record_index, zlib.compress(_encode(match.record()), 1)),
        None if run.variety is None else _encode(run.variety),
    )


def _unpacked(record: bytes) -> Record:
    return _decode_record(zlib.decompress(record))


def _alert_row(alert: Alert) -> tuple[int, str, str, bytes]:
    shown = replace(
        alert,
        title=told_title(alert),
        record=SafeRecord({}),
        description="",
        runbook=(),
        tags=(),
        references=(),
        variety=None,
    )
    return Level[alert.level.upper()], alert.first_event_time or "", alert.alert_id, _encode(shown)
