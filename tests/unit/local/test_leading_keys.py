"""Which items a DynamoDB call names, as the local cloud's policies see it."""

import json
from typing import Any

import pytest

from local.emulation.leading_keys import leading_keys


def keys(request: Any) -> list[str]:
    return leading_keys(json.dumps(request).encode(), {"rules": "pk"}.get)


def item(key: str) -> dict[str, Any]:
    return {"pk": {"S": key}, "sk": {"S": "ANY"}}


@pytest.mark.parametrize(
    "request_of_one",
    [
        {"Key": item("RULESET")},
        {"Item": item("RULESET") | {"other": {"S": "ALERT#1"}}},
        {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": {":pk": {"S": "RULESET"}, ":sk": {"S": "PUBLICATION#"}},
        },
        {
            "KeyConditionExpression": "#s > :sk AND #p=:pk",
            "ExpressionAttributeNames": {"#p": "pk", "#s": "sk"},
            "ExpressionAttributeValues": {":pk": {"S": "RULESET"}, ":sk": {"S": "A"}},
        },
    ],
)
def test_a_call_names_its_item(request_of_one: dict[str, Any]) -> None:
    assert keys({"TableName": "rules", **request_of_one}) == ["RULESET"]


def test_a_transaction_and_a_batch_name_each_of_theirs() -> None:
    update = {"Update": {"TableName": "rules", "Key": item("RULESET")}}
    put = {"Put": {"TableName": "rules", "Item": item("ALERT#1")}}
    assert keys({"TransactItems": [put, update]}) == ["ALERT#1", "RULESET"]
    assert keys({"RequestItems": {"rules": {"Keys": [item("B"), item("A")]}}}) == ["A", "B"]
    writes = [{"PutRequest": {"Item": item("A")}}, {"DeleteRequest": {"Key": item("B")}}]
    assert keys({"RequestItems": {"rules": writes}}) == ["A", "B"]


def test_a_scan_an_unknown_table_and_no_json_name_nothing() -> None:
    assert keys({"TableName": "rules"}) == []
    assert keys({"TableName": "other", "Key": item("RULESET")}) == []
    assert keys(["no request"]) == []
    assert leading_keys(b"{", lambda _: "pk") == []
