"""Secrets are masked however scripts, templates and configurations write them; what reads alike stays."""

import json
from typing import Any

import pytest

from tests.unit.messages.records import call
from tests.unit.safety.innocent import INNOCENT, INNOCENT_TEXTS
from tests.unit.safety.shapes import SECRET, Shape
from tests.unit.safety.shapes_of_files import WRITTEN
from tests.unit.safety.shapes_of_services import CALLS
from tests.unit.safety.shapes_written import TEXTS
from trailwarden.safety.redact import redacted, redacted_record, redacted_text


@pytest.mark.parametrize("text", [*TEXTS, *WRITTEN])
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda text: text,
        lambda text: f"one line\n{text}\nand more",
        lambda text: json.dumps({"a": [{"b": text}]}),
    ],
    ids=["text", "lines", "json"],
)
def test_a_secret_in_a_script_is_masked(text: str, wrapped: Any) -> None:
    safe = redacted_text(wrapped(text))
    assert SECRET not in safe
    assert redacted_text(safe) == safe, "masking twice changes nothing"


@pytest.mark.parametrize("shape", CALLS, ids=lambda shape: f"{shape[0]}-{shape[1]}")
def test_a_secret_of_a_call_is_masked(shape: Shape) -> None:
    source, name, parameters = shape
    safe = redacted_record(call(source, name, parameters, answer=parameters))
    assert SECRET not in json.dumps(safe), safe["requestParameters"]
    assert redacted(safe) == safe, "masking twice changes nothing"


@pytest.mark.parametrize("text", INNOCENT_TEXTS)
def test_a_script_without_secrets_stays(text: str) -> None:
    assert redacted_text(text) == text
    assert redacted({"note": [text]}) == {"note": [text]}


@pytest.mark.parametrize("shape", INNOCENT, ids=lambda shape: f"{shape[0]}-{shape[1]}")
def test_a_call_without_secrets_stays(shape: Shape) -> None:
    source, name, parameters = shape
    record = call(source, name, parameters, answer=parameters)
    assert redacted_record(record) == record


def test_the_tables_are_large_enough() -> None:
    assert len(TEXTS) + len(CALLS) >= 500
    assert len(INNOCENT_TEXTS) + len(INNOCENT) >= 165
