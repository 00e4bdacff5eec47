"""Who may change which items of the table, by what action, as one table: whoever may write an item may not
thereby silence or invent what others read.

A right that is not listed here is one too many; one that is listed and not granted is not needed any more.
"""

from collections.abc import Iterator
from typing import Any

from tests.infra.conftest import Synthesized
from tests.infra.test_alert_permissions import granted

CHANGES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}
OWN = "REQUEST#${aws:userid}"
ANSWERED = "OUTCOME#${aws:userid}"
PUT, UPDATE, DELETE, BATCH = "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"
TABLE: dict[str, dict[str, set[str]]] = {
    "ACCOUNTS": {"tend-alerts": {PUT}, "watch-alerting": {PUT}},
    "ACKNOWLEDGED": {"apply-requests": {PUT, DELETE}, "detect": {DELETE}},
    "ALERT#*": {
        "apply-requests": {PUT, UPDATE},
        "detect": {PUT, UPDATE},
        "notify": {UPDATE},
        "tend-alerts": {PUT, UPDATE},
    },
    "ALERTS#*": {"detect": {PUT}},
    "BUDGET#*": {"notify": {UPDATE}, "tend-alerts": {UPDATE}},
    "CORRELATION#*": {"detect": {BATCH}},
    "DUE#*": {"apply-requests": {PUT}, "detect": {PUT}, "tend-alerts": {PUT, DELETE}},
    "EXCEPTION#*": {"detect": {UPDATE}},
    "FILE#*": {"detect": {PUT}},
    "GROUP#*": {
        "apply-requests": {PUT},
        "detect": {PUT, DELETE, BATCH},
        "tend-alerts": {PUT},
    },
    "HEARTBEAT": {"tend-alerts": {PUT, UPDATE}},
    "HELD#*": {"notify": {PUT}, "tend-alerts": {PUT}},
    "OUTCOME#*": {"apply-requests": {UPDATE}},
    "REQUEST#*": {"apply-requests": {DELETE}},
    OWN: {"responders": {PUT}},
    "RULESET": {"publish-rules": {PUT, UPDATE, DELETE}},
    "SESSION#*": {"detect": {BATCH}},
    "SETASIDE": {"notify": {PUT}, "tend-alerts": {PUT, UPDATE}},
    "SILENCES": {"tend-alerts": {UPDATE}},
    "STAGED#*": {"detect": {PUT}},
    "STORMS": {"notify": {UPDATE}, "tend-alerts": {UPDATE}},
    "SUBSCRIPTIONS#*": {"watch-alerting": {PUT}},
    "TROUBLE#*": {"detect": {PUT}},
    "WEEK#*": {"detect": {UPDATE}, "notify": {UPDATE}, "tend-alerts": {UPDATE}},
}


def statements_by_role(synthesized: Synthesized) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every role of every stack, by its name or by that of the function whose it is."""
    for template in synthesized.templates.values():
        resources = template["Resources"]
        functions = {
            one["Properties"]["Role"]["Fn::GetAtt"][0]: one["Properties"]["FunctionName"]
            for one in resources.values()
            if one["Type"] == "AWS::Lambda::Function"
        }
        policies: dict[str, list[dict[str, Any]]] = {}
        for name, one in resources.items():
            if one["Type"] == "AWS::IAM::Role":
                known = one["Properties"].get("RoleName") or functions[name]
                found = policies.setdefault(name, [])
                for policy in one["Properties"].get("Policies", []):
                    found += policy["PolicyDocument"]["Statement"]
                yield known.removeprefix("trailwarden-").removesuffix("-eu-central-1"), found
            assert one["Type"] not in {"AWS::IAM::ManagedPolicy", "AWS::DynamoDB::ResourcePolicy"}
            assert one["Type"] != "AWS::IAM::Policy", "every right stands in its role"


def test_who_may_change_which_items_is_this_table(routed: Synthesized) -> None:
    found: dict[str, dict[str, set[str]]] = {}
    for role, statements in statements_by_role(routed):
        for action, key in granted(statements):
            if action in CHANGES:
                found.setdefault(key, {}).setdefault(role, set()).add(action)
    assert found == TABLE


def test_no_role_may_do_to_the_table_what_names_no_item(routed: Synthesized) -> None:
    """Scans, PartiQL, imports, restoring, and changes to the table itself."""
    allowed = {"GetItem", "Query", "BatchGetItem"} | CHANGES
    allowed |= {"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"}
    for role, statements in statements_by_role(routed):
        actions = {action for action, _ in granted(statements)}
        assert actions <= allowed, role
        unbound = {action for action, key in granted(statements) if key == "*" and action in CHANGES}
        assert not unbound, role
        assert not any("NotAction" in one or "NotResource" in one for one in statements), role


def test_people_read_by_key_and_nothing_of_others_requests(routed: Synthesized) -> None:
    people = {role: statements for role, statements in statements_by_role(routed) if role == "responders"}
    for role, statements in people.items():
        keys = {key for _, key in granted(statements)}
        assert "*" not in keys, role
        assert {key for key in keys if key.startswith(("REQUEST#", "OUTCOME#"))} == {OWN, ANSWERED}, role
    assert people
