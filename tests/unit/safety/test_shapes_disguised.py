"""What stands beside a secret does not unmask it; what only looks like one stays readable."""

import json
from typing import Any

import pytest

from tests.unit.messages.records import call
from tests.unit.safety import shapes_disguised as table
from tests.unit.safety.shapes import SECRET, Shape
from trailwarden.safety.redact import redacted, redacted_record, redacted_text

SHAPES = [*table.ENVIRONMENTS, *table.APART]


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


@pytest.mark.parametrize("words", table.COMMANDS, ids=lambda words: str(words[0]))
@pytest.mark.parametrize(
    "wrapped",
    [lambda words: {"command": words}, json.dumps, lambda words: {"a": [{"entryPoint": ["sh", words]}]}],
    ids=["list", "json", "nested"],
)
def test_a_list_of_words_is_judged_as_the_command_that_it_is(words: list[Any], wrapped: Any) -> None:
    safe = redacted(wrapped(words))
    assert SECRET not in json.dumps(safe)
    assert str(words[0]) in json.dumps(safe)
    assert redacted(safe) == safe, "masking twice changes nothing"


@pytest.mark.parametrize("text", table.REPEATED)
def test_every_value_of_a_repeated_name_is_masked(text: str) -> None:
    safe = redacted_text(text.replace("{S}", SECRET))
    assert SECRET not in safe
    assert safe.count('":') == text.count('":'), "each is shown"


def test_repeated_names_without_a_secret_stay_as_they_are() -> None:
    text = '{"Effect": "Deny", "Effect": "Allow",  "a": 1}'
    assert redacted_text(text) == text
    safe = redacted_text(text[:-1] + ', "password": "x"}')
    assert safe == '{"Effect": "Deny", "Effect": "Allow", "a": 1, "password": "***"}'


def test_what_a_script_says_beside_a_secret_stays() -> None:
    safe = redacted(["export DB_PASSWORD=hunter2; ./start --fast", "echo done"])
    assert safe == ["export DB_PASSWORD=***; ./start --fast", "echo done"]


@pytest.mark.parametrize("password", table.PASSWORDS)
@pytest.mark.parametrize(
    "holder",
    [
        lambda password: {"masterUserPassword": password},
        lambda password: {"parameters": [{"parameterKey": "DbPassword", "parameterValue": password}]},
        lambda password: {"command": ["x", "--password", password]},
        lambda password: {"content": json.dumps({"password": password})},
    ],
    ids=["member", "pair", "list", "json"],
)
def test_a_password_that_looks_like_a_reference_is_masked(password: str, holder: Any) -> None:
    assert password not in json.dumps(redacted(holder(password)))


@pytest.mark.parametrize("password", table.PASSWORDS_IN_TEXT)
def test_it_is_masked_in_text_if_its_name_is_no_variables(password: str) -> None:
    assert password not in redacted_text(f"x password='{password}' y")


@pytest.mark.parametrize("reference", table.REFERENCES)
def test_a_reference_stays(reference: str) -> None:
    held = {"masterUserPassword": reference, "note": f'--password "{reference}"'}
    assert redacted(held) == held


@pytest.mark.parametrize("value", table.FILLED_IN)
def test_what_a_script_or_template_fills_in_stays(value: str) -> None:
    assert redacted_text(f'password: "{value}"\n') == f'password: "{value}"\n'


def test_a_segment_of_a_path_is_masked_and_not_what_follows() -> None:
    assert redacted_text("users/token=abc/part-1.orc") == "users/token=***/part-1.orc"
