"""Secrets are masked, whatever they are wrapped in; identifiers are not."""

from typing import Any

import pytest

from trailwarden.alerts.redact import MASK, TOO_DEEP, redacted


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"credentials": {"sessionToken": "FwoG"}}, {"credentials": {"sessionToken": MASK}}),
        ({"Password": "hunter2"}, {"Password": MASK}),
        ({"password": None}, {"password": None}),
        ({"secretString": ["a", "b"]}, {"secretString": [MASK, MASK]}),
        ({"accessKeyId": "ASIAEXAMPLE", "accountId": "1"}, {"accessKeyId": "ASIAEXAMPLE", "accountId": "1"}),
        (
            {"url": "https://b.s3.amazonaws.com/k?X-Amz-Credential=AKIA%2Fx&X-Amz-Signature=abc&x=1"},
            {"url": f"https://b.s3.amazonaws.com/k?X-Amz-Credential={MASK}&X-Amz-Signature={MASK}&x=1"},
        ),
    ],
)
def test_redacted(value: Any, expected: Any) -> None:
    assert redacted(value) == expected


def test_the_value_given_stays_as_it_was() -> None:
    value = {"password": "x"}
    redacted(value)
    assert value == {"password": "x"}


def test_what_nests_absurdly_deep_is_cut_off() -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    assert TOO_DEEP in str(redacted({"requestParameters": deep}))
