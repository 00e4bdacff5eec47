"""`detect`: delivery notices in, alerts stored. Fed by the ingest queue, a batch of messages at a time.

Everything made here lives as long as the execution environment: clients, and the live rule set with its
engine, until another is published. A message that must come again is reported alone (partial batch response);
the others are never repeated for it.
"""

import os
import time
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from trailwarden.accounts import AccountNames
from trailwarden.alerting import load_alerting
from trailwarden.alerts.grouping import AlertPolicy
from trailwarden.aws.account_table import AccountTable
from trailwarden.aws.alarm_metrics import count_for_alarms
from trailwarden.aws.batches import jitter
from trailwarden.aws.clients import client
from trailwarden.aws.correlation_table import CorrelationTable
from trailwarden.aws.environment import read_environment
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.ledger_table import LedgerTable
from trailwarden.aws.log_files import S3LogFiles
from trailwarden.aws.message_queue import FeedingQueue
from trailwarden.aws.operations import OperationsTopic
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.aws.session_table import SessionTable
from trailwarden.aws.trouble_table import TroubleTable
from trailwarden.aws.week_table import WeekTable
from trailwarden.correlation.correlator import Correlator
from trailwarden.detection import Detector, Tally, learning_engine
from trailwarden.intake import Batch, Message, Surroundings
from trailwarden.live_rules import LiveRules, LoadFailure
from trailwarden.reading import Tools
from trailwarden.rules.ruleset import RuleSet, load_rule_set
from trailwarden.shift import Shift
from trailwarden.state.groups import Groups
from trailwarden.state.weeks import week_of

_FOLDER = Path(__file__).parent
_SIDE_BY_SIDE = 8  # groups moved at once; a client of boto3 keeps ten connections

_pause = jitter(0.1)

logger = Logger()
settings = read_environment(
    os.environ,
    "ALERT_TABLE_NAME",
    "OPERATIONS_TOPIC_ARN",
    "LOG_BUCKET_NAME",
    "RULES_BUCKET_NAME",
    "ALERT_RETENTION_DAYS",
    "INGEST_QUEUE_URL",
    "INGEST_DEAD_LETTER_QUEUE_URL",
)
queue = FeedingQueue(
    lambda: client("sqs"), settings["INGEST_QUEUE_URL"], settings["INGEST_DEAD_LETTER_QUEUE_URL"]
)


def make_rules() -> LiveRules[Detector]:
    """Detectors of the live rule set, from the function's environment; where nothing was published, of the
    compiled rules beside this file."""
    alerting = load_alerting((_FOLDER / "alerting.json").read_bytes())
    dynamodb, s3 = client("dynamodb"), client("s3")
    name, retention = settings["ALERT_TABLE_NAME"], timedelta(days=int(settings["ALERT_RETENTION_DAYS"]))
    table = GroupTable(dynamodb, name, retention=retention, now=time.time, pause=_pause)
    groups = Groups(table, now=time.time, pause=_pause, side_by_side=_SIDE_BY_SIDE)
    ledger = LedgerTable(dynamodb, name, retention=retention, now=time.time, pause=_pause)
    events = CorrelationTable(dynamodb, name, now=time.time, pause=_pause)
    sessions = SessionTable(dynamodb, name, now=time.time, pause=_pause)
    operations = OperationsTopic(client("sns"), settings["OPERATIONS_TOPIC_ARN"])
    names = AccountNames(alerting.names(), AccountTable(dynamodb, name, now=time.time))
    policy = AlertPolicy(alerting.quiet_seconds, lambda alert: alerting.adjusted(alert, names.current()))

    def make_detector(rule_set: RuleSet) -> Detector:
        tools = Tools(
            engine=learning_engine(rule_set),
            store=groups,
            correlator=Correlator(rule_set, events, groups, policy=policy) if rule_set.correlations else None,
            sessions=sessions,
            policy=policy,
        )
        return Detector(
            tools=tools,
            log_files=S3LogFiles(s3),
            ledger=ledger,
            operations=operations,
            dead_letters=queue,
            log_bucket=settings["LOG_BUCKET_NAME"],
        )

    return LiveRules(
        store=RuleSetTable(dynamodb, settings["ALERT_TABLE_NAME"], now=time.time),
        troubles=TroubleTable(dynamodb, name, now=time.time),
        artefacts=RulesBucket(s3, settings["RULES_BUCKET_NAME"]),
        fallback=lambda: load_rule_set((_FOLDER / "ruleset.json").read_bytes()),
        make=make_detector,
        tell=operations.tell,
        failed=_rules_failed,
        changed=_rules_changed,
    )


def _rules_failed(failure: LoadFailure) -> None:
    loads["RuleSetFailures"] += 1
    logger.error("the live rules cannot be loaded", extra=asdict(failure))


def _rules_changed(version: str) -> None:
    loads["RuleSetLoads"] += 1
    logger.info("rules taken up", extra={"rule_set": version})


loads: Counter[str] = Counter()
rules = make_rules()
weeks = WeekTable(client("dynamodb"), settings["ALERT_TABLE_NAME"], now=time.time)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS event in, `{"batchItemFailures": [{"itemIdentifier": …}]}` out."""
    report = _Report()
    around = Surroundings(
        detector=rules.current,
        queue=queue,
        shift=Shift(lambda: context.get_remaining_time_in_millis() / 1000),
        tally=report.tally,
        remark=lambda message_id, remark: logger.warning(remark, extra={"message_id": message_id}),
        failed=lambda message_id, what: logger.exception(
            "a notice must come again", extra={"message_id": message_id, "what": what}
        ),
        before_suspect=report.hand_in,
    )
    failures = Batch(around, map(_message, event["Records"])).work()
    report.hand_in()
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failures]}


def _message(record: dict[str, Any]) -> Message:
    """A message as Lambda hands it over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    attributes = record.get("attributes", {})
    return Message(
        id=record["messageId"],
        body=record["body"],
        handle=record.get("receiptHandle", ""),
        receives=int(attributes.get("ApproximateReceiveCount", 1)),
        sent_at=int(attributes.get("SentTimestamp", 0)) / 1000,
    )


class _Report:
    """What a batch came to, for the log, the alarms and the heartbeat: handed in once more before what may be
    lost with the function."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._started = time.perf_counter()

    def hand_in(self) -> None:
        now = time.perf_counter()
        _count(self.tally, seconds=now - self._started)
        _count_week(self.tally)
        self.tally.clear()
        self._started = now


def _count_week(tally: Tally) -> None:
    """Figures for the heartbeat: a batch is not read again for them."""
    try:
        weeks.add_seen(week_of(datetime.fromtimestamp(time.time(), UTC)), tally.seen)
    except Exception:
        logger.exception("what was read could not be counted for the week")


def _count(tally: Tally, *, seconds: float) -> None:
    counts = {
        "Notices": tally.notices,
        "Files": tally.files,
        "Records": tally.records,
        "Matches": tally.matches,
        "HiddenMatches": tally.hidden_matches,
        "Alerts": tally.alerts,
        "Duplicates": tally.duplicates,
        "PassedOver": tally.passed_over,
        "UnreadableFiles": tally.unreadable_files,
        "UnreadableNotices": tally.unreadable_notices,
        "Defects": tally.defects,
        "UnavailableFiles": tally.unavailable_files,
        "RuleFailures": tally.rule_failures,
        "Correlated": tally.correlated,
        "Ungrouped": tally.ungrouped,
        "SessionsLearned": tally.sessions,
        "NoticesFailedAgain": tally.failed_again,
        "UnfinishedFiles": tally.unfinished,
        "FilesSetAside": tally.set_aside,
        "RuleSetLoads": loads["RuleSetLoads"],
        "RuleSetFailures": loads["RuleSetFailures"],
    }
    loads.clear()
    lag = None if tally.delivery_lag is None else round(tally.delivery_lag)
    figures = {"Bytes": tally.bytes, "ProcessingTime": round(seconds * 1000), "DeliveryLag": lag}
    logger.info("batch done", extra={"tally": counts | figures, "rule_set": rules.version})
    count_for_alarms(NoticesFailedAgain=tally.failed_again)
