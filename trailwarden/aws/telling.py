"""What tells alerts, put together over AWS: for `notify` and `tend_alerts`, which tell the same way."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from trailwarden.accounts import AccountNames
from trailwarden.activity.geo import open_geo_files
from trailwarden.activity.model import Context
from trailwarden.alerting import Alerting
from trailwarden.aws.account_table import AccountTable
from trailwarden.aws.channels import Channels
from trailwarden.aws.findings import SecurityHubFindings
from trailwarden.aws.group_table import GroupTable
from trailwarden.aws.outbox_table import OutboxTable
from trailwarden.aws.session_table import SessionTable
from trailwarden.dispatch.agreement import Agreement
from trailwarden.dispatch.notification import Notifier
from trailwarden.state.outbox import Budgets


@dataclass(frozen=True, slots=True)
class Tellers:
    """What tells: the notifier, the topics that it tells, and the table that it remembers by."""

    notifier: Notifier
    channels: Channels
    outbox: OutboxTable
    budgets: Budgets


def make_tellers(
    alerting: Alerting,
    table: str,
    *,
    client: Callable[[str], Any],
    folder: Path,
    pause: Callable[[int], None],
) -> Tellers:
    """Everything that tells. `folder` holds the geo files; `client(service)` makes a boto3 client. Raises
    `SettingsError`."""
    dynamodb = client("dynamodb")
    outbox = OutboxTable(dynamodb, table, now=time.time, pause=pause)
    budgets = Budgets(alerting.rule_budget, alerting.overall_budget)
    names = AccountNames(alerting.names(), AccountTable(dynamodb, table, now=time.time))
    known = Context(
        geo=open_geo_files(folder / name for name in alerting.geo_files),
        sessions=SessionTable(dynamodb, table, now=time.time, pause=pause),
    )
    channels = Channels(client("sns"), alerting, known=known, names=names.current)
    findings = SecurityHubFindings(client("securityhub")) if alerting.security_hub else None
    states = GroupTable(dynamodb, table, retention=timedelta(0), now=time.time, pause=pause)  # only read
    notifier = Notifier(
        outbox=outbox,
        channels=channels.of,
        budgets=budgets,
        findings=findings,
        now=time.time,
        pause=pause,
        agreement=Agreement(states, outbox.became),
    )
    return Tellers(notifier, channels, outbox, budgets)
