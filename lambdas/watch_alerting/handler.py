"""`watch_alerting`: once a day, does anybody hear the alerts, and what are the accounts called? Started by a
schedule; `alerting.json` beside this file says what the settings ask for.

A part that fails stops only itself. Where one failed, or nobody could be told, the run ends in an error, so
that Lambda tries again and an alarm tells: what was told is not told again on the same day.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from trailwarden.accounts import refresh
from trailwarden.alerting import load_alerting
from trailwarden.aws.account_table import AccountTable
from trailwarden.aws.alarm_metrics import count_for_alarms
from trailwarden.aws.clients import client
from trailwarden.aws.environment import read_environment
from trailwarden.aws.organization import OrganizationsAccounts
from trailwarden.aws.subscription_table import SubscriptionTable
from trailwarden.aws.subscriptions import SnsTopics
from trailwarden.aws.topic_keys import KmsTopicKeys
from trailwarden.watching.watch import Watch
from trailwarden.watching.words import sentence

logger = Logger()
settings = read_environment(os.environ, "ALERT_TABLE_NAME", "OPERATIONS_TOPIC_ARN")
alerting = load_alerting(Path(__file__).with_name("alerting.json").read_bytes())


def make_watch() -> Watch:
    """The check, from the function's environment and settings."""
    sns = SnsTopics(client("sns"))
    return Watch(
        alerting,
        settings["OPERATIONS_TOPIC_ARN"],
        topics=sns,
        keys=KmsTopicKeys(client("kms")),
        memory=SubscriptionTable(client("dynamodb"), settings["ALERT_TABLE_NAME"], now=time.time),
        operations=sns,
        now=time.time,
    )


watch = make_watch()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> None:
    """The schedule's event in, nothing out. Raises where a part failed, or nobody hears what is wrong."""
    failed = [name for name, part in PARTS.items() if not _works(name, part)]
    if failed:
        raise RuntimeError(f"failed: {', '.join(failed)}; the log says why")


def _check_delivery() -> None:
    checked = watch.check()
    for finding in checked.findings:
        logger.warning(sentence(finding), extra={"finding": finding.id, "topic": finding.topic.arn})
    logger.info("delivery checked", extra={"findings": len(checked.findings), "deaf": len(checked.deaf)})
    count_for_alarms(DeafTopics=len(checked.deaf))
    if checked.untold:
        raise RuntimeError("nobody could be told what is wrong")


def _ask_organizations() -> None:
    if not alerting.organization:
        return
    organization = OrganizationsAccounts(client("organizations"), alerting.environment_tag)
    book = AccountTable(client("dynamodb"), settings["ALERT_TABLE_NAME"], now=time.time)
    named = refresh(organization, book)
    if named is not None:
        logger.info("account names refreshed", extra={"accounts": named})


# In this order: whatever Organizations takes its time for, delivery has been checked.
PARTS: dict[str, Callable[[], None]] = {"delivery": _check_delivery, "organizations": _ask_organizations}


def _works(name: str, part: Callable[[], None]) -> bool:
    try:
        part()
    except Exception:
        logger.exception("a part of the daily check failed", extra={"part": name})
        return False
    return True
