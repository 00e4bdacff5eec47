"""What a scan found, in a temporary file: the same alerts as in memory, in bounded memory."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.samples import CREATE_RULE, STOP_RULE, log_file, record, rule
from tests.unit.cli.test_ending import STOPPED
from trailwarden.alerts.grouping import AlertGrouper, Run
from trailwarden.cli.report import alert_line
from trailwarden.cli.scanner import Scanner
from trailwarden.cli.spool import AlertSpool, SeenIds
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.engine import Engine
from trailwarden.engine.match import Match
from trailwarden.messages.story import told_title
from trailwarden.rules.ruleset import VISIBILITY_RULE_ID, Level, Rule, RuleSet

RULES = (
    rule(STOP_RULE, "StopLogging"),
    rule(CREATE_RULE, "StopLogging", Level.CRITICAL, quiet=600, alert_title="{actor} by {userAgent}"),
)
ROOT = Path(__file__).parents[3]
START = datetime(2026, 3, 1, tzinfo=UTC)


def matches_of(record: dict[str, Any]) -> list[Match]:
    return [Match(one, record, 0, event_identity(record), event_time(record)) for one in RULES]


records = st.builds(
    lambda number, minutes, user, agent: record(
        number,
        eventTime=None if minutes is None else f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}",
        userIdentity={"type": "IAMUser", "accountId": "444455556666", "userName": f"user-{user}"},
        userAgent=agent,
    ),
    number=st.integers(0, 30),
    minutes=st.none() | st.integers(0, 600),
    user=st.integers(0, 2),
    agent=st.sampled_from(["aws-cli", "Boto3", "名前", "[red]\\x1b"]),
)


@given(st.lists(records, max_size=60), st.integers(1, 6000), st.integers(1, 5))
def test_the_spool_makes_the_alerts_that_memory_makes(
    found: list[dict[str, Any]], hold: int, ids_in_memory: int
) -> None:
    engine = Engine(RuleSet(rules=RULES))
    scanner = Scanner(engine, None, pytest.fail, hold=hold, ids_in_memory=ids_in_memory)
    grouper = AlertGrouper(engine.rule_set.version)
    for match in (match for one in found for match in matches_of(one)):
        fresh = grouper.add(match, "file")
        repeats = scanner.totals.repeats
        scanner.matched(match, "file")
        assert scanner.totals.repeats - repeats == (not fresh)

    alerts = scanner.alerts()

    expected = [alert_line(replace(alert, title=told_title(alert))) for alert in grouper.alerts()]
    assert [alert_line(alert) for alert in alerts.alerts()] == expected
    assert alerts.count() == len(expected)
    assert alerts.worst() == (Level.CRITICAL if expected else None)


@pytest.mark.parametrize(("users", "large", "put_away"), [(1, 0, 0), (3, 0, 0), (400, 0, 7), (3, 60_000, 40)])
def test_only_what_is_held_is_put_away(users: int, large: int, put_away: int) -> None:
    """A match whose run shows another record holds nothing."""
    scanner = Scanner(Engine(RuleSet(rules=RULES)), None, pytest.fail, hold=100_000)
    keep, put = AlertSpool.put_runs, list[int]()

    def put_runs(spool: AlertSpool, runs: Iterable[tuple[str, Run]]) -> None:
        put.append(1)
        keep(spool, runs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AlertSpool, "put_runs", put_runs)
        for number in range(400):
            user = {"type": "IAMUser", "accountId": "444455556666", "userName": f"user-{number % users}"}
            time = f"{START - timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}"  # each is shown by the latest
            found = record(number, userIdentity=user, eventTime=time, userAgent="x" * (large * (number < 40)))
            for match in matches_of(found):
                scanner.matched(match, "file")
        alerts = list(scanner.alerts().alerts())
    assert len(put) >= put_away if put_away else not put
    assert sum(alert.count for alert in alerts) == 800


def test_the_built_in_rule_keeps_the_words_of_its_record() -> None:
    """Its title depends on what the record left out, so it cannot be looked up by its id."""
    detection = ["field", "requestParameters.templateBody", ["is", "x"]]
    engine = Engine(
        RuleSet(rules=(Rule(id=STOP_RULE, title="Has X", level=Level.HIGH, detection=detection),))
    )
    scanner = Scanner(engine, None, pytest.fail, hold=1)
    for number in range(3):
        omitted = record(number, requestParameters={"omitted": True, "originalSize": 104_858})
        (blind,) = engine.matches(omitted)
        scanner.matched(Match(blind, omitted, 0, event_identity(omitted), event_time(omitted)), "file")

    (alert,) = scanner.alerts().alerts()

    assert (alert.rule_id, alert.count) == (VISIBILITY_RULE_ID, 3)
    assert "Has X" in alert.title


def test_ids_are_known_again_wherever_they_were_put() -> None:
    seen = SeenIds(in_memory=10)
    ids = [f"{number:032x}" for number in range(55)]

    assert [seen.is_new(one) for one in ids] == [True] * 55
    assert [seen.is_new(one) for one in [*ids, *reversed(ids)]] == [False] * 110


PEAK = """
import re, sys
from pathlib import Path
from trailwarden.cli import main
try:
    main(sys.argv[1:], prog_name="trailwarden")
finally:
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text()).group(1), file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory as Linux counts it")
def test_memory_does_not_grow_with_the_alerts(tmp_path: Path) -> None:
    """Each alert of another group, each of a record of 20 kB: kept, they would be 80 MB."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "stop.yml").write_text(STOPPED)

    def peak(alerts: int) -> float:
        folder = tmp_path / f"logs-{alerts}"
        folder.mkdir()
        for first in range(0, alerts, 250):
            file = folder / f"{first:06}.json.gz"
            file.write_bytes(log_file(_large(number) for number in range(first, first + 250)))
        command = [
            "scan",
            "--format",
            "jsonl",
            "--rules",
            str(tmp_path / "rules"),
            "--jobs",
            "1",
            str(folder),
        ]
        ran = subprocess.run(
            [sys.executable, "-c", PEAK, *command],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert len(ran.stdout.splitlines()) == alerts
        assert json.loads(ran.stdout.splitlines()[-1])["rule_id"] == STOP_RULE
        return int(ran.stderr.splitlines()[-1]) / 1000

    assert peak(2000) - peak(250) < 40


def _large(number: int) -> dict[str, Any]:
    identity = {"type": "IAMUser", "accountId": "444455556666", "userName": f"user-{number}"}
    return record(number, userIdentity=identity, requestParameters={"name": f"{number} " + "x" * 20_000})
