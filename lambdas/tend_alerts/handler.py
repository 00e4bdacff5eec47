"""`tend_alerts`: what must happen to alerts without a new match. Called every minute.

Closes what has been quiet and has the rest of it told, tells what nobody marked as told, sums up what was
held back, notices accounts that fall silent, and once a week says that all is well. What it does not get done
stays on the list; what ends it again and again is set aside, and operations is notified.
"""

import os
import time
from dataclasses import asdict
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from trailwarden.accounts import remember
from trailwarden.alerting import load_alerting
from trailwarden.aws.account_table import AccountTable, Source
from trailwarden.aws.batches import jitter
from trailwarden.aws.clients import client
from trailwarden.aws.due_table import DueTable
from trailwarden.aws.environment import read_environment
from trailwarden.aws.exception_table import ExceptionTable
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.operations import OperationsTopic
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.aws.silence_table import SilenceTable
from trailwarden.aws.telling import make_tellers
from trailwarden.aws.week_table import WeekTable
from trailwarden.dispatch.silence import SilenceWatch
from trailwarden.dispatch.suppression import suppressed_since
from trailwarden.dispatch.tending import Tender
from trailwarden.messages.places import told_account
from trailwarden.state.groups import Groups
from trailwarden.state.retrying import Patience

_FOLDER = Path(__file__).parent
_PATIENCE = Patience(10)  # a group that others move all the time keeps none of the others waiting
_ENOUGH = 40.0  # seconds: the next run is a minute after the last one began
_OUT_OF_TIME = 200.0  # seconds: of the 300 of the function; sending a summary takes the rest at most

_pause = jitter(0.05)

logger = Logger()


def make_tender() -> Tender:
    """The tender, from the function's environment and the settings beside this file."""
    settings = read_environment(
        os.environ, "ALERT_TABLE_NAME", "ALERT_RETENTION_DAYS", "OPERATIONS_TOPIC_ARN"
    )
    name = settings["ALERT_TABLE_NAME"]
    retention = timedelta(days=int(settings["ALERT_RETENTION_DAYS"]))
    dynamodb = client("dynamodb")
    alerting = load_alerting((_FOLDER / "alerting.json").read_bytes())
    tellers = make_tellers(alerting, name, client=client, folder=_FOLDER, pause=_pause)
    table = GroupTable(dynamodb, name, retention=retention, now=time.time, pause=_pause)
    due = DueTable(dynamodb, name)
    rule_sets = RuleSetTable(dynamodb, name, now=time.time)
    operations = OperationsTopic(client("sns"), settings["OPERATIONS_TOPIC_ARN"])
    weeks = WeekTable(dynamodb, name, now=time.time)
    silence = SilenceWatch(
        weeks=weeks,
        silences=SilenceTable(dynamodb, name, now=time.time),
        operations=operations,
        accounts=alerting.accounts,
        name=lambda account: told_account(account, tellers.channels.context()),
        now=time.time,
    )
    return Tender(
        store=table,
        groups=Groups(table, now=time.time, pause=_pause, patience=_PATIENCE),
        due=due,
        outbox=tellers.outbox,
        storms=tellers.outbox,
        set_asides=tellers.outbox,
        operations=operations,
        weeks=weeks,
        acknowledged=due,
        notifier=tellers.notifier,
        topics=tellers.channels.all,
        budgets=tellers.budgets,
        rule_set_version=lambda: _live_version(rule_sets),
        accounts=alerting.accounts,
        unrecorded=alerting.unrecorded,
        silence=silence.check,
        now=time.time,
        suppressed=partial(suppressed_since, rule_sets, ExceptionTable(dynamodb, name, pause=_pause)),
    )


def _live_version(rule_sets: RuleSetTable) -> str:
    live = rule_sets.live()
    return "" if live is None else live.version


tender = make_tender()


@cache  # once for each execution environment, so soon after a deployment
def remember_names() -> None:
    """Keep the names of accounts for the commands on alerts."""
    name = read_environment(os.environ, "ALERT_TABLE_NAME")["ALERT_TABLE_NAME"]
    alerting = load_alerting((_FOLDER / "alerting.json").read_bytes())
    remember(alerting.names(), AccountTable(client("dynamodb"), name, now=time.time, source=Source.SETTINGS))


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Any event in, what the run came to out."""
    started = time.monotonic()
    tally = tender.tend(
        enough=lambda: time.monotonic() - started > _ENOUGH,
        out_of_time=lambda: time.monotonic() - started > _OUT_OF_TIME,
    )
    counts = asdict(tally)
    logger.info("tended", extra={"tally": counts})
    try:
        remember_names()
    except Exception:  # alerts are tended without
        logger.exception("the names of accounts were not kept")
    return counts
