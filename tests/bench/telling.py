"""What telling costs `notify`: a message in every form, with the people behind sessions looked up."""

import gc
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from statistics import median
from typing import TypeVar

from tests.bench.speed import floor
from tests.bench.workload import Workload
from tests.samples import log_file
from trailwarden.activity.model import AccountInfo, Context
from trailwarden.activity.sessions import Session
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import Alert
from trailwarden.alerts.placement import seconds_of
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine
from trailwarden.messages.envelope import Bodies
from trailwarden.messages.form import Form
from trailwarden.messages.message import render
from trailwarden.messages.security_hub import SecurityHub

_EVERY_FORM = Bodies(https=Form.CHAT, queue=Form.OCSF, security_hub=SecurityHub("111122223333", "eu-west-1"))
T = TypeVar("T")


class _Sessions:
    """Everybody's key was given to a role by alice."""

    def get(self, access_key_id: str) -> Session | None:
        if access_key_id.startswith("AKIA"):
            return None
        return Session(access_key_id, "alice", "user alice", "AssumeRole", parent_key_id="AKIAEXAMPLE")


def lines(workload: Workload, rounds: int, figure: Callable[..., T]) -> list[T]:
    """The lines of the table: the first message and a follow-up of every alert that the records make."""
    data = log_file(workload.records)
    engine = Engine(workload.shipped)
    grouper = AlertGrouper(engine.rule_set.version)
    for match in engine.scan(LogFileReader(BytesIO(data))):
        grouper.add(match, "s3://trailwarden-logs/file.json.gz")
    alerts = grouper.alerts()
    account = AccountInfo("production", "prod")
    context = Context(accounts={alert.account: account for alert in alerts}, sessions=_Sessions())
    found = []
    for name, tell in (
        ("a first message", partial(_tell, alerts, context, followed=False)),
        ("a follow-up", partial(_tell, alerts, context, followed=True)),
    ):
        ratios, each = [], []
        for _ in range(rounds):
            parsed = _cpu(lambda: floor(data)) / len(workload.records)
            told = _cpu(tell) / len(alerts)
            ratios.append(told / parsed)
            each.append(told)
        detail = f"{median(each) * 1e3:.2f} ms, every form; {len(alerts)} alerts"
        line = figure(
            f"telling {name}, x FLOOR a record", median(ratios), "", "", min(ratios), max(ratios), detail
        )
        found.append(line)
    return found


def _tell(alerts: Sequence[Alert], context: Context, *, followed: bool) -> None:
    for alert in alerts:
        message = render(
            alert,
            follow_up=_follow_up(alert) if followed else None,
            now=datetime.fromtimestamp(
                seconds_of(alert.last_event_time or "2026-03-01T12:00:00Z") + 300, UTC
            ),
            context=context,
            bodies=_EVERY_FORM,
        )
        if not message.fits or message.finding is None:
            raise SystemExit("A message does not fit, or lacks a form.")


def _follow_up(alert: Alert) -> FollowUp:
    return FollowUp(Reason.GREW, 20_000, 19_999, alert.first_event_time, alert.last_event_time)


def _cpu(work: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started
