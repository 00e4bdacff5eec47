"""What stands beside a secret does not unmask it; what only looks like one stays readable."""

import json

import pytest

from tests.unit.messages.records import call
from tests.unit.safety import shapes_disguised as table
from tests.unit.safety.shapes import SECRET, Shape
from trailwarden.safety.redact import redacted, redacted_record, redacted_text

SHAPES = [*table.ENVIRONMENTS]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape[0]}-{shape[1]}")
def test_a_secret_is_masked_whatever_stands_beside_it(shape: Shape) -> None:
    source, name, parameters = shape
    record = call(source, name, parameters, answer=parameters)
    safe = redacted_record(record)
    assert SECRET not in json.dumps(safe), safe["requestParameters"]
    assert redacted_record(safe) == safe, "masking twice changes nothing"


@pytest.mark.parametrize("shape", table.INNOCENT_SHAPES, ids=lambda shape: f"{shape[0]}-{shape[1]}")
def test_what_is_no_secret_stays(shape: Shape) -> None:
    source, name, parameters = shape
    record = call(source, name, parameters, answer=parameters)
    assert redacted_record(record) == record


@pytest.mark.parametrize("text", table.INNOCENT_DISGUISES)
def test_text_that_holds_no_secret_stays(text: str) -> None:
    assert redacted_text(text) == text
    assert redacted({"note": text}) == {"note": text}
