"""Conditions that the emulator judges at once are judged as DynamoDB would."""

import pytest

from local.emulation.conditions import asked_of

VALUES = {":a": "MATCH#2", ":b": "MATCH#4", ":pk": "GROUP#1"}


def holds(expression: str, **item: str) -> bool:
    tests = asked_of(expression)
    assert tests is not None
    return all(test(item[name], [VALUES[each] for each in references]) for name, test, references in tests)


@pytest.mark.parametrize(
    ("expression", "keys"),
    [
        ("pk = :pk AND sk BETWEEN :a AND :b", ["MATCH#2", "MATCH#3", "MATCH#4"]),
        ("pk = :pk AND begins_with(sk, :a)", ["MATCH#2"]),
        ("begins_with(sk, :a)", ["MATCH#2"]),
        ("pk = :pk AND sk <= :a", ["MATCH#1", "MATCH#2"]),
        ("pk = :pk AND sk > :a", ["MATCH#3", "MATCH#4", "MATCH#5"]),
        ("pk=:pk", [f"MATCH#{number}" for number in range(1, 6)]),
    ],
)
def test_known_forms(expression: str, keys: list[str]) -> None:
    found = [
        f"MATCH#{number}" for number in range(1, 6) if holds(expression, pk="GROUP#1", sk=f"MATCH#{number}")
    ]
    assert found == keys
    assert not holds(f"pk = :pk AND {expression}", pk="GROUP#2", sk="MATCH#3")


@pytest.mark.parametrize(
    "expression",
    [
        "attribute_not_exists(pk)",
        "attribute_not_exists(used) OR used < :a",
        "#version = :a",
        "pk = :pk AND attribute_exists(sk)",
        "NOT pk = :pk",
        "size(sk) > :a",
    ],
)
def test_other_forms_are_left_to_the_emulator(expression: str) -> None:
    assert asked_of(expression) is None
