"""Texts without a secret are remembered: it changes how long masking takes, and nothing else."""

import pytest

from trailwarden.safety import secret_text
from trailwarden.safety.secret_text import Budget, secret_spans

INNOCENT = [
    "eu-west-1",
    "aws-cli/2.15.0 md/Botocore",
    "dGhlIHF1aWNrIGJyb3duIGZveA==",
    "a%20b",
    "ärger \ud83d",
]


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    secret_text._INNOCENT.clear()


@pytest.mark.parametrize("text", INNOCENT)
def test_a_second_look_says_and_costs_the_same(text: str) -> None:
    left = []
    for _ in range(3):
        budget = Budget(10_000)
        assert secret_spans(text, budget) == []
        left.append(budget.left)
    assert len(set(left)) == 1


@pytest.mark.parametrize("text", INNOCENT)
def test_what_there_is_no_budget_for_is_masked_though_it_is_remembered(text: str) -> None:
    for _ in range(2):
        assert secret_spans(text, Budget(5)) == [(0, len(text))]
        secret_spans(text, Budget(10_000))


def test_secrets_and_long_texts_are_not_remembered_and_the_others_are_bounded() -> None:
    secret_spans("password=hunter2hunter2", Budget(10_000))
    secret_spans("x y " * 100, Budget(10_000))
    assert not secret_text._INNOCENT
    for number in range(secret_text._REMEMBERED_AT_MOST + 10):
        secret_spans(f"name {number}", Budget(10_000))
    assert len(secret_text._INNOCENT) == 10
