"""Policy variables in conditions, as the local cloud's policies see them."""

from typing import Any

import pytest

from local.emulation.policy_variables import with_values

KEYS: dict[str, Any] = {
    "aws:userid": "AROAEXAMPLE:alice",
    "sts:RoleSessionName": "alice",
    "dynamodb:LeadingKeys": ["a", "b"],
    "aws:username": None,
}


def test_a_variable_has_the_value_of_its_key() -> None:
    conditions = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["REQUEST#${aws:userid}", "ACCOUNTS"]},
        "StringLike": {"aws:userid": "*:${sts:RoleSessionName}"},
        "Null": {"dynamodb:LeadingKeys": "false"},
        "Bool": {"aws:SecureTransport": True},
    }
    assert with_values(conditions, KEYS.get) == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["REQUEST#AROAEXAMPLE:alice", "ACCOUNTS"]},
        "StringLike": {"aws:userid": "*:alice"},
        "Null": {"dynamodb:LeadingKeys": "false"},
        "Bool": {"aws:SecureTransport": True},
    }


@pytest.mark.parametrize("name", ["aws:username", "aws:unheard", "dynamodb:LeadingKeys"])
def test_a_variable_without_one_value_makes_no_statement_hold(name: str) -> None:
    assert with_values({"StringEquals": {"sts:RoleSessionName": f"${{{name}}}"}}, KEYS.get) is None
