"""A deployment in which alerts are over after seconds, and what makes its time pass."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.names import ALERT_TABLE, NOTIFY_FUNCTION, TEND_FUNCTION
from local.cloud import LocalCloud
from local.deployment import local_settings
from trailwarden.aws.due_table import DueTable
from trailwarden.state.weeks import week_of

QUIET = 2
"""After how many seconds an alert is over there, in the time of events as in ours."""
PAYMENTS, DRILLS = "555566667777", "666677778888"
"""Accounts with a route of their own."""
PAYMENTS_ADDRESS, DRILLS_ADDRESS = "payments@example.com", "drills@example.com"
_LATE = 700
"""How many seconds after it was written nobody waits any more for the stream to tell something."""
_HOUR = 3600
_ROOM = 300


def brief_settings() -> dict[str, Any]:
    """The local settings, with a short quiet time, two routes, and a level of its own for an account."""
    return local_settings() | {
        "account_names": [
            {"id": PAYMENTS, "name": "Payments", "environment": "payments"},
            {"id": DRILLS, "name": "Drills", "environment": "drill"},
        ],
        "alerts": {"quiet": f"{QUIET}s"},
        "routes": [
            {
                "name": "payments",
                "accounts": [PAYMENTS],
                "subscribers": [{"protocol": "email", "endpoint": PAYMENTS_ADDRESS}],
            },
            {
                "name": "drills",
                "environments": ["drill"],
                "exclusive": True,
                "subscribers": [{"protocol": "email", "endpoint": DRILLS_ADDRESS}],
            },
        ],
        "level_overrides": [{"accounts": [PAYMENTS], "at_least": "critical"}],
    }


def stop_the_clock(cloud: LocalCloud) -> None:
    """Have nobody but a test start `tend_alerts`: what it does then is known."""
    arn = f"arn:aws:lambda:{cloud.names.region}:{cloud.names.audit_account}:function:{TEND_FUNCTION}"
    (name,) = cloud.audit("events").list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    cloud.audit("events").disable_rule(Name=name)


def restore_budgets(cloud: LocalCloud) -> None:
    """As if nothing had been told in this hour. An hour that is nearly over is waited for: what is told in
    two has two budgets."""
    left = _HOUR - time.time() % _HOUR
    if left < _ROOM:
        time.sleep(left)
    hour = f"BUDGET#{datetime.now(UTC):%Y-%m-%dT%H}"
    for item in cloud.items(hour):
        cloud.audit("dynamodb").delete_item(TableName=ALERT_TABLE, Key={"pk": item["pk"], "sk": item["sk"]})


def let_it_be_quiet(cloud: LocalCloud) -> dict[str, int]:
    """Wait for the quiet time, and tend; what that came to."""
    time.sleep(QUIET + 1)
    return cloud.tend()


def age(cloud: LocalCloud, alert_id: str) -> None:
    """As if the alert had been written so long ago that somebody must look whether it was told."""
    dynamodb = cloud.audit("dynamodb")
    dynamodb.update_item(
        TableName=ALERT_TABLE,
        Key={"pk": {"S": f"ALERT#{alert_id}"}, "sk": {"S": "ALERT"}},
        UpdateExpression="SET opened_at = opened_at - :late",
        ExpressionAttributeValues={":late": {"N": str(_LATE)}},
    )
    table = DueTable(dynamodb, ALERT_TABLE)
    for due in [due for due in table.listed() if due.alert_id == alert_id]:
        table.remove(due)
        table.put(replace(due, at=due.at - _LATE))


def last_heard_long_ago(cloud: LocalCloud, alert_id: str) -> None:
    """As if nothing had been heard of the alert, nor of its group, for longer than its quiet time."""
    (item,) = cloud.items(f"ALERT#{alert_id}", "ALERT")
    (group,) = cloud.items(f"GROUP#{item['group_key']['S']}", "GROUP")
    state = json.loads(group["state"]["S"])
    for span in state["spans"]:
        span["heard"] -= state["quiet"] + 1
    group["state"]["S"] = json.dumps(state)
    cloud.audit("dynamodb").put_item(TableName=ALERT_TABLE, Item=group)


def a_week_ago(cloud: LocalCloud) -> None:
    """As if Trailwarden had been there for weeks, and this week's figures were those of the last one."""
    now = datetime.now(UTC)
    last = f"WEEK#{week_of(now - timedelta(days=7, hours=7))}"
    items = [{**item, "pk": {"S": last}} for item in cloud.items(f"WEEK#{week_of(now)}")]
    items.append({"pk": {"S": "HEARTBEAT"}, "sk": {"S": "FIRST"}, "week": {"S": "2020-W01"}})
    for item in items:
        cloud.audit("dynamodb").put_item(TableName=ALERT_TABLE, Item=item)


@contextmanager
def stream(cloud: LocalCloud, during: dict[str, Any], after: dict[str, Any]) -> Iterator[None]:
    """The mapping that feeds `notify`, set otherwise for a while."""
    functions = cloud.audit("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=NOTIFY_FUNCTION)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], **during)
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], **after)


@contextmanager
def topic_gone(cloud: LocalCloud, name: str, address: str) -> Iterator[None]:
    """A route's topic deleted, and made again with its subscriber."""
    sns = cloud.audit("sns")
    arn = cloud.names.route_topic_arn(name)
    sns.delete_topic(TopicArn=arn)
    try:
        yield
    finally:
        sns.create_topic(Name=arn.rpartition(":")[2])
        sns.subscribe(TopicArn=arn, Protocol="email", Endpoint=address)
