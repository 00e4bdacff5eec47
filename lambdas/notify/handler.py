"""`notify`: each new alert to its subscribers. Fed by the alert table's stream, new alerts only.

The stream is the outbox. An alert that cannot be published is reported, and the stream comes again from it;
its neighbours are told all the same, and not again when the stream repeats them. Alerts of staged rules are
passed over, and counted.
"""

import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from trailwarden.alerts.message import render
from trailwarden.aws.alert_table import AlertTable, alert_of_image
from trailwarden.aws.clients import client
from trailwarden.aws.environment import read_environment
from trailwarden.aws.topics import AlertTopic
from trailwarden.notification import Notifier, Telling

logger = Logger()
metrics = Metrics()


def make_notifier() -> Notifier:
    """The notifier, from the function's environment."""
    settings = read_environment(os.environ, "ALERT_TABLE_NAME", "ALERT_TOPIC_ARN")
    table = AlertTable(
        client("dynamodb"),
        settings["ALERT_TABLE_NAME"],
        retention=timedelta(0),
        now=time.time,
        pause=lambda _attempt: None,
    )
    return Notifier(
        store=table,
        topic=AlertTopic(client("sns"), settings["ALERT_TOPIC_ARN"]),
        render=lambda alert: render(alert, now=datetime.now(UTC)),
    )


notifier = make_notifier()


@metrics.log_metrics
@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream event in, `{"batchItemFailures": [{"itemIdentifier": sequence number}]}` out."""
    outcomes: Counter[Telling] = Counter()
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        try:
            alert = alert_of_image(record["dynamodb"]["NewImage"])
            outcome = notifier.tell(alert)
        except Exception:
            sequence_number = record["dynamodb"]["SequenceNumber"]
            logger.exception("an alert could not be told", extra={"sequence_number": sequence_number})
            failures.append({"itemIdentifier": sequence_number})
            continue
        outcomes[outcome] += 1
        logger.info(
            f"alert {outcome}",
            extra={"alert_id": alert.alert_id, "rule_id": alert.rule_id, "level": alert.level},
        )
    metrics.add_metric(name="AlertsTold", unit=MetricUnit.Count, value=outcomes[Telling.TOLD])
    metrics.add_metric(name="AlertsToldBefore", unit=MetricUnit.Count, value=outcomes[Telling.TOLD_BEFORE])
    metrics.add_metric(name="StagedAlerts", unit=MetricUnit.Count, value=outcomes[Telling.STAGED])
    metrics.add_metric(name="AlertsNotTold", unit=MetricUnit.Count, value=len(failures))
    return {"batchItemFailures": failures}
