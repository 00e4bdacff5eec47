"""Mails to authors: what they look for can be copied, and nothing that others wrote becomes a link."""

import pytest

from trailwarden.publishing.letters import of_refusal
from trailwarden.state.rule_sets import Refusal

OURS = "submissions/20260301T120000Z-0123456789ab"


def where(origin: str) -> str:
    text = of_refusal(
        Refusal("1", origin, "2026-03-01T12:00:00Z", "AWS:AIDABOB", "it has mistakes."), None
    ).text
    return text.partition("Where: ")[2].partition("\n")[0]


@pytest.mark.parametrize(
    "origin",
    [f"{OURS}.zip@AbC_d", f"{OURS}.json@null", "the team's folder", "trails/stopped.yml", "a.v2.yaml"],
)
def test_the_name_of_an_object_or_a_file_stays_as_it_is(origin: str) -> None:
    assert where(origin) == origin


@pytest.mark.parametrize(
    "origin",
    [
        "submissions/evil.zip@v",
        f"submissions/x{OURS[12:]}.zip@v",
        f"{OURS}.zip/evil",
        f"{OURS}.com@v",
        "submissions/https://evil.example.zip@v",
        "login.example.com/a.yml",
    ],
)
def test_what_somebody_else_may_have_named_becomes_no_link(origin: str) -> None:
    assert where(origin) != origin
    assert "[.]" in where(origin)
