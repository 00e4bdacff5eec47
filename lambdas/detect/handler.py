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

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from trailwarden.accounts import AccountNames
from trailwarden.alerting import load_alerting
from trailwarden.alerts.grouping import AlertPolicy
from trailwarden.aws.account_table import AccountTable
from trailwarden.aws.batches import jitter
from trailwarden.aws.clients import client
from trailwarden.aws.correlation_table import CorrelationTable
from trailwarden.aws.environment import read_environment
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.ledger_table import LedgerTable
from trailwarden.aws.log_files import S3LogFiles
from trailwarden.aws.operations import OperationsTopic
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.aws.session_table import SessionTable
from trailwarden.aws.week_table import WeekTable
from trailwarden.correlation.correlator import Correlator
from trailwarden.detection import Detector, Tally, learning_engine
from trailwarden.live_rules import LiveRules, LoadFailure
from trailwarden.rules.ruleset import RuleSet, load_rule_set
from trailwarden.state.groups import Groups
from trailwarden.state.weeks import week_of

_FOLDER = Path(__file__).parent
_SIDE_BY_SIDE = 8  # groups moved at once; a client of boto3 keeps ten connections

_pause = jitter(0.1)

logger = Logger()
metrics = Metrics()


def make_rules() -> LiveRules[Detector]:
    """Detectors of the live rule set, from the function's environment; where nothing was published, of the
    compiled rules beside this file."""
    settings = read_environment(
        os.environ,
        "ALERT_TABLE_NAME",
        "OPERATIONS_TOPIC_ARN",
        "LOG_BUCKET_NAME",
        "RULES_BUCKET_NAME",
        "ALERT_RETENTION_DAYS",
    )
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
        return Detector(
            engine=learning_engine(rule_set),
            log_files=S3LogFiles(s3),
            store=groups,
            ledger=ledger,
            operations=operations,
            log_bucket=settings["LOG_BUCKET_NAME"],
            correlator=Correlator(rule_set, events, groups, policy=policy) if rule_set.correlations else None,
            sessions=sessions,
            policy=policy,
        )

    return LiveRules(
        store=RuleSetTable(dynamodb, settings["ALERT_TABLE_NAME"], now=time.time),
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
weeks = WeekTable(client("dynamodb"), os.environ["ALERT_TABLE_NAME"], now=time.time)


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS event in, `{"batchItemFailures": [{"itemIdentifier": …}]}` out."""
    started = time.perf_counter()
    tally = Tally()
    failures = [
        {"itemIdentifier": message["messageId"]}
        for message in event["Records"]
        if not _handled(message, tally)
    ]
    _count(tally, seconds=time.perf_counter() - started)
    _count_week(tally)
    return {"batchItemFailures": failures}


def _handled(message: dict[str, Any], tally: Tally) -> bool:
    """Whether the message is done with. Whatever goes wrong with one stops only itself."""
    try:
        remarks = rules.current().handle(message["body"], tally)
    except Exception:
        logger.exception("a notice must come again", extra={"message_id": message["messageId"]})
        return False
    for remark in remarks:
        logger.warning(remark, extra={"message_id": message["messageId"]})
    return True


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
        "RuleSetLoads": loads["RuleSetLoads"],
        "RuleSetFailures": loads["RuleSetFailures"],
    }
    loads.clear()
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.add_metric(name="Bytes", unit=MetricUnit.Bytes, value=tally.bytes)
    metrics.add_metric(name="ProcessingTime", unit=MetricUnit.Milliseconds, value=seconds * 1000)
    for lag in tally.delivery_lags[:100]:  # EMF takes no more values of one metric
        metrics.add_metric(name="DeliveryLag", unit=MetricUnit.Seconds, value=lag)
    metrics.add_metadata(key="rule_set", value=rules.version)
    logger.info("batch done", extra={"tally": counts, "rule_set": rules.version})
