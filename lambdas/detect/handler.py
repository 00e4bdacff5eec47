"""`detect`: delivery notices in, alerts stored. Fed by the ingest queue, a batch of messages at a time.

Everything made here lives as long as the execution environment: clients, rule set, engine. A message that
must come again is reported alone (partial batch response); the others are never repeated for it.
"""

import os
import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from trailwarden.aws.alert_table import AlertTable
from trailwarden.aws.clients import client
from trailwarden.aws.correlation_table import CorrelationTable
from trailwarden.aws.environment import read_environment
from trailwarden.aws.log_files import S3LogFiles
from trailwarden.aws.topics import OperationsTopic
from trailwarden.correlation.correlator import Correlator
from trailwarden.detection import Detector, Tally
from trailwarden.engine.engine import Engine
from trailwarden.rules.ruleset import load_rule_set

_RULE_SET = Path(__file__).with_name("ruleset.json")

logger = Logger()
metrics = Metrics()


def make_detector() -> Detector:
    """The detector, from the function's environment and the compiled rule set beside this file."""
    settings = read_environment(
        os.environ, "ALERT_TABLE_NAME", "OPERATIONS_TOPIC_ARN", "LOG_BUCKET_NAME", "ALERT_RETENTION_DAYS"
    )
    rule_set, dynamodb = load_rule_set(_RULE_SET.read_bytes()), client("dynamodb")
    table = AlertTable(
        dynamodb,
        settings["ALERT_TABLE_NAME"],
        retention=timedelta(days=int(settings["ALERT_RETENTION_DAYS"])),
        now=time.time,
        pause=_pause,
    )
    events = CorrelationTable(dynamodb, settings["ALERT_TABLE_NAME"], now=time.time, pause=_pause)
    return Detector(
        engine=Engine(rule_set),
        log_files=S3LogFiles(client("s3")),
        store=table,
        ledger=table,
        operations=OperationsTopic(client("sns"), settings["OPERATIONS_TOPIC_ARN"]),
        log_bucket=settings["LOG_BUCKET_NAME"],
        correlator=Correlator(rule_set, events, table) if rule_set.correlations else None,
    )


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 (full jitter)


detector = make_detector()


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
    return {"batchItemFailures": failures}


def _handled(message: dict[str, Any], tally: Tally) -> bool:
    """Whether the message is done with. Whatever goes wrong with one stops only itself."""
    try:
        remarks = detector.handle(message["body"], tally)
    except Exception:
        logger.exception("a notice must come again", extra={"message_id": message["messageId"]})
        return False
    for remark in remarks:
        logger.warning(remark, extra={"message_id": message["messageId"]})
    return True


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
    }
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    metrics.add_metric(name="Bytes", unit=MetricUnit.Bytes, value=tally.bytes)
    metrics.add_metric(name="ProcessingTime", unit=MetricUnit.Milliseconds, value=seconds * 1000)
    for lag in tally.delivery_lags[:100]:  # EMF takes no more values of one metric
        metrics.add_metric(name="DeliveryLag", unit=MetricUnit.Seconds, value=lag)
    logger.info("batch done", extra={"tally": counts, "rule_set": detector.rule_set_version})
