"""Secrets of single calls are masked by the call; what only sounds like one stays readable."""

import json
from typing import Any

import pytest

from tests.unit.messages.records import call
from tests.unit.safety.shapes import SECRET, Shape
from tests.unit.safety.shapes_of_calls import _B64, CALLS, ELSEWHERE, INNOCENT_FIELDS
from trailwarden.safety.redact import redacted, redacted_record


@pytest.mark.parametrize("where", ["requestParameters", "responseElements"])
@pytest.mark.parametrize("shape", CALLS, ids=lambda shape: f"{shape[0]}-{shape[1]}")
def test_a_secret_of_a_call_is_masked(shape: Shape, where: str) -> None:
    source, name, members = shape
    record = call(source, name) | {where: members}
    safe = redacted_record(record)
    assert SECRET not in json.dumps(safe), safe[where]
    assert redacted(record) == safe, "a record is one, whichever way it is masked"


@pytest.mark.parametrize("fields", ELSEWHERE, ids=str)
def test_a_secret_elsewhere_in_a_record_is_masked(fields: dict[str, Any]) -> None:
    text = json.dumps(redacted_record(call("lambda", "Invoke") | fields))
    assert SECRET not in text
    assert _B64 not in text


@pytest.mark.parametrize("name", INNOCENT_FIELDS)
def test_a_field_that_only_sounds_secret_stays(name: str) -> None:
    fields = {name: INNOCENT_FIELDS[name]}
    record = call("lambda", "Invoke", fields, answer=fields)
    assert redacted_record(record) == record


def test_the_tables_are_large_enough() -> None:
    assert len(CALLS) + len(ELSEWHERE) >= 150
    assert len(INNOCENT_FIELDS) >= 120
