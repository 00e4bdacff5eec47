"""`notify`: each message of an alert to its subscribers. Fed by the alert table's stream: new alerts and
follow-ups, of which the table's items are the outbox.

A message that cannot be published is reported, and the stream comes again from it, a few times; its
neighbours are told all the same, and not again when the stream repeats them. What is not sent then, and what
ended the function, is left to `tend_alerts`. Alerts of staged rules are passed over, and counted;
what exceeds the hour's budgets is kept for a summary.
"""

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from trailwarden.alerting import load_alerting
from trailwarden.aws.alarm_metrics import count_for_alarms
from trailwarden.aws.batches import jitter
from trailwarden.aws.clients import client
from trailwarden.aws.environment import read_environment
from trailwarden.aws.outbox_items import alert_of, outgoing_of
from trailwarden.aws.telling import Tellers, make_tellers
from trailwarden.aws.week_table import WeekTable
from trailwarden.dispatch.notification import Telling

_FOLDER = Path(__file__).parent

_NEEDED = 20.0  # seconds that a message may take: with fewer left it waits for the next run
_MARGIN = 2.0  # seconds: so much longer than the function can live, no other sends what it was sending
_AGAIN = frozenset({None, Telling.BUSY})
"""What the stream brings again, a few times; after that `tend_alerts` sends it."""

_pause = jitter(0.05)

logger = Logger()
settings = read_environment(os.environ, "ALERT_TABLE_NAME")


def make() -> Tellers:
    """What tells alerts, from the function's environment and the settings beside this file."""
    alerting = load_alerting((_FOLDER / "alerting.json").read_bytes())
    return make_tellers(alerting, settings["ALERT_TABLE_NAME"], client=client, folder=_FOLDER, pause=_pause)


tellers = make()
weeks = WeekTable(client("dynamodb"), settings["ALERT_TABLE_NAME"], now=time.time)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream event in, `{"batchItemFailures": [{"itemIdentifier": sequence number}]}` out."""
    outcomes: Counter[Telling | None] = Counter()
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        outcome = _told(record["dynamodb"], context)
        if outcome in _AGAIN:
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
        outcomes[outcome] += 1
    _count(outcomes)
    return {"batchItemFailures": failures}


def _told(change: dict[str, Any], context: Any) -> Telling | None:
    """What became of a message; None if it could not be sent. None is begun without time left for it."""
    left = context.get_remaining_time_in_millis() / 1000
    if left < _NEEDED:
        return Telling.BUSY
    try:
        image = change["NewImage"]
        message = outgoing_of(image)
        outcome = tellers.notifier.tell(message, alert_of(image), lease=left + _MARGIN)
    except Exception:
        logger.exception("an alert could not be told", extra={"sequence_number": change["SequenceNumber"]})
        return None
    logger.info(f"alert {outcome}", extra={"alert_id": message.alert_id, "key": message.key})
    return outcome


def _count(outcomes: Counter[Telling | None]) -> None:
    counts = {
        "AlertsTold": outcomes[Telling.TOLD],
        "AlertsToldBefore": outcomes[Telling.TOLD_BEFORE],
        "StagedAlerts": outcomes[Telling.STAGED],
        "SilentAlerts": outcomes[Telling.SILENT],
        "AlertsHeldBack": outcomes[Telling.HELD],
        "AlertsToldInShort": outcomes[Telling.SHORT],
        "AlertsSetAside": outcomes[Telling.SET_ASIDE],
        "AlertsRejected": outcomes[Telling.REJECTED],
        "AlertsPutOff": outcomes[Telling.BUSY],
        "AlertsNotTold": outcomes[None],
    }
    logger.info("batch done", extra={"tally": counts})
    count_for_alarms(
        AlertsRejected=outcomes[Telling.REJECTED],
        AlertsNotTold=outcomes[None],
    )
    if outcomes[Telling.STAGED]:
        try:
            weeks.add_staged(outcomes[Telling.STAGED])
        except Exception:
            logger.exception("the week's staged alerts could not be counted")
