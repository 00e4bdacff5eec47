"""`apply_requests`: what responders ask for, done to alerts and groups. Fed by the alert table's stream: new
requests, each under the key of whoever IAM let put it there.

A request that fails is tried again a few times, then set aside; its neighbours are applied all the same. None
is begun without time left for it.
"""

import os
import time
from collections import Counter
from typing import Any

from aws_lambda_powertools import Logger

from trailwarden.answering import Applied, Applier
from trailwarden.aws.alarm_metrics import count_for_alarms
from trailwarden.aws.alert_book import open_alert_book
from trailwarden.aws.batches import jitter
from trailwarden.aws.clients import client
from trailwarden.aws.environment import read_environment
from trailwarden.aws.request_table import RequestTable, handed_in

_LEAST_TIME = 20_000  # milliseconds: an acknowledgement reads up to 20,000 matches of its group

_pause = jitter(0.05)

logger = Logger()


def make_applier() -> Applier:
    """The applier, from the function's environment."""
    settings = read_environment(os.environ, "ALERT_TABLE_NAME", "RESPONDERS_ROLE_ID")
    name = settings["ALERT_TABLE_NAME"]
    dynamodb = client("dynamodb")
    return Applier(
        answers=open_alert_book(dynamodb, name, now=time.time, pause=_pause),
        store=RequestTable(dynamodb, name, now=time.time),
        responders_role_id=settings["RESPONDERS_ROLE_ID"],
        now=time.time,
    )


applier = make_applier()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream event in, `{"batchItemFailures": [{"itemIdentifier": sequence number}]}` out."""
    outcomes: Counter[Applied] = Counter()
    failures: list[dict[str, str]] = []
    for record in event["Records"]:
        change = record["dynamodb"]
        handed = handed_in(change["NewImage"], float(change["ApproximateCreationDateTime"]))
        known = {"requester": handed.user_id[:200], "number": handed.number[:200]}
        if context.get_remaining_time_in_millis() < _LEAST_TIME:
            failures.append({"itemIdentifier": change["SequenceNumber"]})  # the stream comes again from here
            break
        try:
            outcome = applier.apply(handed)
        except Exception:
            logger.exception("a request could not be applied", extra=known)
            failures.append({"itemIdentifier": change["SequenceNumber"]})
            continue
        outcomes[outcome] += 1
        logger.info(f"request {outcome}", extra={**known, "request": handed.text[:500]})
    _count(outcomes, failures=len(failures))
    return {"batchItemFailures": failures}


def _count(outcomes: Counter[Applied], *, failures: int) -> None:
    counts = {
        "RequestsApplied": outcomes[Applied.DONE],
        "RequestsRefused": outcomes[Applied.REFUSED] + outcomes[Applied.TOO_MANY],
        "RequestsSetAside": outcomes[Applied.SET_ASIDE],
        "RequestsFailed": failures,
    }
    logger.info("batch done", extra={"tally": counts})
    count_for_alarms(RequestsSetAside=outcomes[Applied.SET_ASIDE], RequestsFailed=failures)
