"""Values that stand apart from their names are masked by these, and no others."""

import json
from typing import Any

import pytest

from trailwarden.safety.redact import redacted

SECRET = "Corr3ct-Horse"
OTHER = "eu-west-1"
UPDATES: list[tuple[str, dict[str, str]]] = [
    ("SET #p = :p, #r = :r", {"#p": "password", "#r": "region"}),
    ("SET #r = :r, #p = if_not_exists(#p, :p)", {"#p": "apiKey", "#r": "region"}),
    ("SET region = :r, sessionToken = :p", {}),
    ("SET #c.#v = :p, #c.#i = :r", {"#c": "credentials", "#v": "current", "#i": "id"}),
    ("#r = :r AND begins_with(#p, :p)", {"#p": "client_secret", "#r": "region"}),
    (":p = #p AND #r IN (:r, :r)", {"#p": "db.password", "#r": "region"}),
    ("#r = :r OR #p BETWEEN :p AND :p", {"#p": "token", "#r": "region"}),
    ("#r = :r OR contains(#p, :p)", {"#p": "passwords", "#r": "region"}),
]


@pytest.mark.parametrize(("expression", "names"), UPDATES)
@pytest.mark.parametrize("upper", [False, True])
def test_dynamodb_names_in_one_map_and_values_in_the_other(
    expression: str, names: dict[str, str], upper: bool
) -> None:
    request: dict[str, Any] = {
        "expressionAttributeValues": {":p": {"S": SECRET}, ":r": {"S": OTHER}},
        "expressionAttributeNames": names,
        "conditionExpression" if "SET" not in expression else "updateExpression": expression,
    }
    if upper:
        request = {key[0].upper() + key[1:]: value for key, value in request.items()}
    safe = json.dumps(redacted({"transactItems": [{"update": request}]}))
    assert SECRET not in safe
    assert OTHER in safe


def test_a_value_that_no_expression_mentions_is_masked_if_a_name_is_secret() -> None:
    values = {"expressionAttributeValues": {":p": {"s": SECRET}}}
    assert SECRET not in str(redacted(values | {"expressionAttributeNames": {"#p": "password"}}))
    assert SECRET in str(redacted(values | {"expressionAttributeNames": {"#p": "passwordPolicyId"}}))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE t SET region = ? SET password = ? WHERE id = ?",
        "INSERT INTO t VALUE {'region': ?, 'api_key': ?, 'id': ?}",
        'SELECT * FROM t WHERE region = ? AND "token" IN (?) AND id > ?',
    ],
)
def test_parameters_of_a_statement_by_their_place(statement: str) -> None:
    parameters = [{"S": OTHER}, {"S": SECRET}, {"S": "id-1"}]
    safe = redacted({"statement": statement, "parameters": parameters})
    assert safe["parameters"] == [{"S": OTHER}, {"S": "***"}, {"S": "id-1"}]
