"""`publish_rules`: edits and submissions of rules in, a live rule set out. Fed by the publish queue with S3's
events, a batch at a time, and by the schedule, which calls it with its own event. One run publishes at a
time, the others wait.
"""

import json
import os
import random
import time
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from trailwarden.aws.api_models import BotocoreModels
from trailwarden.aws.clients import client
from trailwarden.aws.environment import read_environment
from trailwarden.aws.exception_table import ExceptionTable
from trailwarden.aws.operations import OperationsTopic
from trailwarden.aws.publishing_lease import PublishingLease
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.checking import check_rules
from trailwarden.publishing.publisher import Publisher
from trailwarden.publishing.run import Run, run
from trailwarden.rules import shipped_rules_path
from trailwarden.rules.folder import files_under

_ENOUGH = 30.0  # seconds: a thousand rules are published in a few

logger = Logger()
settings = read_environment(
    os.environ, "ALERT_TABLE_NAME", "RULES_BUCKET_NAME", "RULE_AUTHORS_TOPIC_ARN", "OPERATIONS_TOPIC_ARN"
)


def make_publisher() -> Publisher:
    """The publisher, from the function's environment and the shipped rules in its asset."""
    dynamodb, table = client("dynamodb"), settings["ALERT_TABLE_NAME"]
    return Publisher(
        shipped=files_under(shipped_rules_path()),
        folder=RulesBucket(client("s3"), settings["RULES_BUCKET_NAME"]),
        store=RuleSetTable(dynamodb, table, now=time.time),
        authors=OperationsTopic(client("sns"), settings["RULE_AUTHORS_TOPIC_ARN"]),
        operations=OperationsTopic(client("sns"), settings["OPERATIONS_TOPIC_ARN"]),
        now=time.time,
        check=partial(check_rules, api=BotocoreModels()),
        exceptions=ExceptionTable(dynamodb, table, pause=_pause),
    )


def _pause(attempt: int) -> None:
    time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 (full jitter)


publisher = make_publisher()
lease = PublishingLease(
    client("dynamodb"), settings["ALERT_TABLE_NAME"], now=time.time, pause=lambda: time.sleep(1)
)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """SQS event in, `{"batchItemFailures": [{"itemIdentifier": …}]}` out; or the schedule's event, which
    raises where it must be tried again."""
    started, ends = time.perf_counter(), time.time() + _left(context)
    from_queue = [record for record in event.get("Records", []) if record.get("eventSource") == "aws:sqs"]
    messages = [(record["messageId"], record["body"]) for record in from_queue]
    messages = messages if from_queue else [("", json.dumps(event))]
    with lease.held(until=ends, patience=ends - _ENOUGH) as alone:
        if alone:
            done = run(
                publisher,
                settings["RULES_BUCKET_NAME"],
                messages,
                lambda what: logger.exception("must come again", extra={"what": what}),
                lambda: _left(context) > _ENOUGH,
            )
        else:
            failed = {message_id for message_id, _ in messages}
            done = Run(failed=failed, remarks=["must come again: another run publishes for too long"])
    _count(done, seconds=time.perf_counter() - started)
    if not from_queue and done.failed:
        raise RuntimeError("the run failed; the log says why")
    return {"batchItemFailures": [{"itemIdentifier": one} for one in sorted(done.failed)]}


def _left(context: Any) -> float:
    """Seconds until the function is ended."""
    return float(context.get_remaining_time_in_millis()) / 1000


def _count(done: Run, *, seconds: float) -> None:
    for remark in done.remarks:
        logger.warning(remark)
    for outcome in done.outcomes:
        logger.info(outcome.detail, extra={"result": outcome.result, "rule_set": outcome.version})
    counts = {
        "RuleSetsPublished": done.count("published"),
        "RuleSetsRefused": done.count("refused"),
        "UnreadableNotices": done.unreadable,
        "PublishFailures": len(done.failed),
        "ProcessingTime": round(seconds * 1000),
    }
    logger.info("batch done", extra={"tally": counts})
